import type { Memory } from '@inline-ipsec/eal/memory';
import type { Platform } from '../gateway/start-gateway.ts';
import type { Scenario } from './scenario.ts';
import type { Budget } from './subject.ts';

/** Counts garbage collections on this thread. */
export interface GarbageWatch {
  /** What was collected since the last call, or since it was made; waits until the platform has told all. */
  read(): Promise<{ readonly scavenges: number; readonly markCompacts: number }>;
  close(): void;
}

/** What all measurements are made with. */
export interface BenchSetting {
  readonly platform: Platform;
  /** Makes the memory of a gateway or an engine. */
  readonly memory: (bytes: number) => Memory;
  readonly budget: Budget;
  /**
   * Makes the capture that a gateway inbound replays, `least` frames or more, somewhere else: where an outbound gateway was
   * before, the compiler has code for two. Default: in this thread.
   */
  readonly captureOf?: ((scenario: Scenario, least: number) => Uint8Array) | undefined;
  /** Undefined where the platform does not tell. */
  readonly watchGarbage?: (() => GarbageWatch) | undefined;
}
