import type { Engine, EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { JOB_BYTES } from '@inline-ipsec/cryptodev/job';
import { writeJob } from '@inline-ipsec/cryptodev/job-fields';
import { openEngine } from '@inline-ipsec/cryptodev/known-answer';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { FrameMix } from './frame-mix.ts';
import type { BenchSetting } from './setting.ts';
import type { Round, Subject } from './subject.ts';

const BURST = 32;
const CALLS_AT_ONCE = 16;
const KEY = Uint8Array.from({ length: 16 }, (_, i) => 0x2b ^ (i * 29));
const TAG_BYTES = 16;
const AAD_BYTES = 8;
/** What lies before the payload of a job: nonce and AAD. */
const PAYLOAD_AT = 32;
const ENGINE_MEMORY = 16 << 20;

/** What an engine's loop does. */
export interface EngineLoopOptions {
  readonly create: EngineFactory;
  /** True for the engine without crypto. */
  readonly bare: boolean;
  /** Bytes that are enciphered, of one job after the other. */
  readonly payloads: readonly number[];
  /** Jobs a call. Default 32. */
  readonly burst?: number;
}

/**
 * An engine alone, called in a loop with jobs that were written once: AES-128-GCM as ESP uses it, work in place, one
 * session, buffers that stay in the cache.
 */
export class EngineLoop implements Subject {
  readonly #engine: Engine;
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #session: number;
  readonly #now: () => number;
  readonly #burst: number;
  /** Positions of the first jobs of the bursts that are done in turn. */
  readonly #bursts: readonly number[];

  constructor({ platform, memory }: BenchSetting, { create, bare, payloads, burst = BURST }: EngineLoopOptions) {
    this.#now = platform.environment.now;
    this.#memory = memory(ENGINE_MEMORY);
    this.#engine = openEngine(create, this.#memory);
    this.#burst = burst;
    this.#session = this.#engine.createSession(
      bare
        ? {
            kind: 'chain',
            direction: 'encrypt',
            cipher: { algorithm: 'null', key: new Uint8Array(), ivBytes: 0 },
            auth: { algorithm: 'null', key: new Uint8Array(), tagBytes: 0 },
          }
        : { kind: 'aead', direction: 'encrypt', algorithm: 'aes-gcm', key: KEY, ivBytes: 12, tagBytes: TAG_BYTES },
    );
    // As many whole bursts as it takes for every length to come as often as any other.
    const bursts = payloads.length === 1 ? 1 : payloads.length;
    const slot = (PAYLOAD_AT + Math.max(...payloads) + TAG_BYTES + 63) & ~63;
    const jobs = bursts * burst;
    this.#zone = this.#memory.reserve('BENCH_JOBS', jobs * (JOB_BYTES + slot));
    const { position } = this.#zone;
    for (let i = 0; i < jobs; i++) {
      const buffer = position + jobs * JOB_BYTES + i * slot;
      const length = payloads[i % payloads.length];
      writeJob(this.#memory, position + i * JOB_BYTES, {
        session: this.#session,
        source: buffer + PAYLOAD_AT,
        cipherLength: length,
        authLength: length,
        iv: buffer,
        aad: buffer + 16,
        aadLength: bare ? 0 : AAD_BYTES,
        tag: buffer + PAYLOAD_AT + length,
      });
    }
    this.#bursts = Array.from({ length: bursts }, (_, i) => position + i * burst * JOB_BYTES);
  }

  round(limit: { readonly nanoseconds: number; readonly packets: number }): Round {
    const engine = this.#engine;
    const bursts = this.#bursts;
    const burst = this.#burst;
    const start = this.#now();
    let asked = 0;
    let done = 0;
    let nanoseconds = 0;
    do {
      for (let i = 0; i < CALLS_AT_ONCE; i++) {
        for (let b = 0; b < bursts.length; b++) done += engine.process(bursts[b], burst);
      }
      asked += CALLS_AT_ONCE * bursts.length * burst;
      nanoseconds = this.#now() - start;
    } while (nanoseconds < limit.nanoseconds && asked < limit.packets);
    if (done !== asked) {
      throw new SetupError({
        code: 'ERR_BENCH_JOBS',
        errno: 'EIO',
        message: `engine ${engine.name} failed jobs under measurement`,
        expected: `${asked} jobs done`,
        got: String(done),
      });
    }
    return { packets: asked, nanoseconds };
  }

  close(): void {
    this.#engine.destroySession(this.#session);
    this.#engine.close();
    this.#memory.free(this.#zone);
  }
}

/** Bytes that ESP in a tunnel enciphers of each frame of a mix: the IP packet, padding to 4 bytes, two bytes of trailer. */
export function payloadsOf({ pattern }: FrameMix): number[] {
  return pattern.map((bytes) => (bytes - 14 + 2 + 3) & ~3);
}
