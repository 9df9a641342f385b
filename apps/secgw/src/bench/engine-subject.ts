import type { CryptoTransform, Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { EngineLoop } from '@inline-ipsec/cryptodev/engine-loop';
import { openEngine } from '@inline-ipsec/cryptodev/known-answer';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { FrameMix } from './frame-mix.ts';
import type { BenchSetting } from './setting.ts';
import type { Round, Subject } from './subject.ts';

const BURST = 32;
const ENGINE_MEMORY = 16 << 20;

/** ESP without crypto. */
const BARE: CryptoTransform = {
  kind: 'chain',
  direction: 'encrypt',
  cipher: { algorithm: 'null', key: new Uint8Array(), ivBytes: 0 },
  auth: { algorithm: 'null', key: new Uint8Array(), tagBytes: 0 },
};

/** What an engine's loop does. */
export interface EngineSubjectOptions {
  readonly create: EngineFactory;
  /** True for the engine without crypto. */
  readonly bare: boolean;
  /** Bytes that are enciphered, of one job after the other. */
  readonly payloads: readonly number[];
  /** Jobs a call. Default 32. */
  readonly burst?: number;
}

/** An engine alone, called in a loop: AES-128-GCM as ESP uses it, one session, buffers that stay in the cache. */
export class EngineSubject implements Subject {
  readonly #engine: Engine;
  readonly #loop: EngineLoop;

  constructor({ platform, memory }: BenchSetting, { create, bare, payloads, burst = BURST }: EngineSubjectOptions) {
    this.#engine = openEngine(create, memory(ENGINE_MEMORY));
    this.#loop = new EngineLoop(this.#engine, {
      payloads,
      burst,
      // As many whole bursts as it takes for every length to come as often as any other.
      buffers: payloads.length * burst,
      transform: bare ? BARE : undefined,
      now: platform.environment.now,
    });
  }

  round({ nanoseconds, packets }: { readonly nanoseconds: number; readonly packets: number }): Round {
    const run = this.#loop.run({ nanoseconds, jobs: packets });
    if (run.failed > 0) {
      throw new SetupError({
        code: 'ERR_BENCH_JOBS',
        errno: 'EIO',
        message: `engine ${this.#engine.name} failed jobs under measurement`,
        expected: `${run.jobs} jobs done`,
        got: String(run.jobs - run.failed),
      });
    }
    return { packets: run.jobs, nanoseconds: run.nanoseconds };
  }

  close(): void {
    this.#loop.close();
    this.#engine.close();
  }
}

/** Bytes that ESP in a tunnel enciphers of each frame of a mix: the IP packet, padding to 4 bytes, two bytes of trailer. */
export function payloadsOf({ pattern }: FrameMix): number[] {
  return pattern.map((bytes) => (bytes - 14 + 2 + 3) & ~3);
}
