/** How fast an engine is by itself: tables of jobs, written once, that are put to it again and again. */
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { CryptoTransform, Engine } from './engine.ts';
import { JOB_BYTES } from './job.ts';
import { writeJob } from './job-fields.ts';

const TAG_ROOM = 64;
const IV_ROOM = 16;
/** What ESP authenticates with an AEAD: SPI and sequence number. */
const AAD_BYTES = 8;
/** Calls of the engine between two looks at the clock, at least. */
const CALLS_AT_ONCE = 16;

/** What is put to an engine. */
export interface EngineLoopJobs {
  /** Bytes that are enciphered, of one job after the other and again from the first; multiples of the cipher's block. */
  readonly payloads: readonly number[];
  /** Jobs in one call of the engine. Default 32. */
  readonly burst?: number | undefined;
  /**
   * Buffers that are gone through in turn, rounded down to whole bursts. Default 1024, so that not all is in the nearest
   * cache.
   */
  readonly buffers?: number | undefined;
  /** What is done. Default: AES-GCM with a key of 16 and a tag of 16 bytes, enciphering. */
  readonly transform?: CryptoTransform | undefined;
  /** A clock in nanoseconds, such as an environment's. */
  readonly now: () => number;
}

/** When {@link EngineLoop.run} ends: at the first limit that is reached. */
export interface EngineLoopLimit {
  /** Rounded up to whole bursts. Default: no limit. */
  readonly jobs?: number;
  /** Looked at once in a while. Default: no limit. */
  readonly nanoseconds?: number;
}

/** What {@link EngineLoop.run} came to. */
export interface EngineLoopRun {
  readonly jobs: number;
  readonly nanoseconds: number;
  /** Jobs that did not succeed; their time says nothing. */
  readonly failed: number;
}

/** What is measured. */
export interface EngineLoopOptions extends Omit<EngineLoopJobs, 'payloads'> {
  /** Bytes that are enciphered in each job, a multiple of the cipher's block. */
  readonly payloadBytes: number;
  /** How many jobs in all, rounded up to whole bursts. */
  readonly jobs: number;
}

/** What came of it. */
export interface EngineLoopResult {
  readonly jobsPerSecond: number;
  readonly nanosecondsPerJob: number;
  /** Jobs that did not succeed; their time says nothing. */
  readonly failed: number;
}

const AES_128_GCM: CryptoTransform = {
  kind: 'aead',
  direction: 'encrypt',
  algorithm: 'aes-gcm',
  key: new Uint8Array(16),
  ivBytes: 12,
  tagBytes: 16,
};

/**
 * An engine and jobs for it, in its memory. Each packet is enciphered in place, with its tag behind it and, for an AEAD, 8
 * bytes of AAD before it, as ESP has it.
 */
export class EngineLoop {
  readonly #engine: Engine;
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #session: number;
  readonly #now: () => number;
  readonly #burst: number;
  /** Positions of the first jobs of the bursts that are done in turn. */
  readonly #tables: readonly number[];
  #next = 0;

  /** @throws SetupError what `createSession` throws, or when the memory has no room for the buffers */
  constructor(engine: Engine, { payloads, burst = 32, buffers = 1024, transform = AES_128_GCM, now }: EngineLoopJobs) {
    const { memory } = engine;
    const tables = Math.max(1, Math.floor(buffers / burst));
    const jobs = tables * burst;
    // A buffer begins at a multiple of 128, the payload 64 bytes behind it: whole cache lines, as in a pool of mbufs.
    const bufferBytes = Math.ceil((64 + Math.max(...payloads) + TAG_ROOM + IV_ROOM) / 128) * 128;
    this.#engine = engine;
    this.#memory = memory;
    this.#now = now;
    this.#burst = burst;
    this.#session = engine.createSession(transform);
    try {
      this.#zone = memory.reserve('ENGINE_LOOP', jobs * (JOB_BYTES + bufferBytes));
    } catch (error) {
      engine.destroySession(this.#session);
      throw error;
    }
    const { position } = this.#zone;
    for (let i = 0; i < jobs; i++) {
      const source = position + jobs * JOB_BYTES + i * bufferBytes + 64;
      const length = payloads[i % payloads.length];
      writeJob(memory, position + i * JOB_BYTES, {
        session: this.#session,
        source,
        cipherLength: length,
        authLength: length,
        iv: source - 32,
        aad: source - AAD_BYTES,
        aadLength: transform.kind === 'aead' ? AAD_BYTES : 0,
        tag: source + length,
      });
    }
    this.#tables = Array.from({ length: tables }, (_, i) => position + i * burst * JOB_BYTES);
  }

  /** Keeps the engine at work until one of the limits is reached, for one burst at least. */
  run({ jobs = Number.POSITIVE_INFINITY, nanoseconds = Number.POSITIVE_INFINITY }: EngineLoopLimit): EngineLoopRun {
    const engine = this.#engine;
    const tables = this.#tables;
    const burst = this.#burst;
    // All tables as often as each other, whatever lengths they have.
    const atOnce = Math.ceil(CALLS_AT_ONCE / tables.length) * tables.length;
    const begin = this.#now();
    let calls = 0;
    let succeeded = 0;
    let elapsed = 0;
    let next = this.#next;
    do {
      const end = Math.max(1, Math.min(calls + atOnce, Math.ceil(jobs / burst)));
      for (; calls < end; calls++) {
        succeeded += engine.process(tables[next], burst);
        if (++next === tables.length) next = 0;
      }
      elapsed = this.#now() - begin;
    } while (elapsed < nanoseconds && calls * burst < jobs);
    this.#next = next;
    return { jobs: calls * burst, nanoseconds: elapsed, failed: calls * burst - succeeded };
  }

  /** Ends the session and gives the memory back; the engine stays open. */
  close(): void {
    this.#memory.free(this.#zone);
    this.#engine.destroySession(this.#session);
  }
}

/**
 * Measures an engine once. Measure a second time when the first call may have been slow to warm up.
 *
 * @throws SetupError as {@link EngineLoop} does
 */
export function engineLoop(engine: Engine, { payloadBytes, jobs, ...more }: EngineLoopOptions): EngineLoopResult {
  const loop = new EngineLoop(engine, { ...more, payloads: [payloadBytes] });
  try {
    const run = loop.run({ jobs });
    return {
      jobsPerSecond: (run.jobs * 1e9) / run.nanoseconds,
      nanosecondsPerJob: run.nanoseconds / run.jobs,
      failed: run.failed,
    };
  } finally {
    loop.close();
  }
}
