/** How fast an engine is by itself: a table of jobs, written once, that is put to it again and again. */
import type { CryptoTransform, Engine } from './engine.ts';
import { JOB_BYTES } from './job.ts';
import { writeJob } from './job-fields.ts';

const TAG_ROOM = 64;
const IV_ROOM = 16;
/** What ESP authenticates with an AEAD: SPI and sequence number. */
const AAD_BYTES = 8;

/** What is measured. */
export interface EngineLoopOptions {
  /** Bytes that are enciphered in each job, a multiple of the cipher's block. */
  readonly payloadBytes: number;
  /** How many jobs in all, rounded up to whole bursts. */
  readonly jobs: number;
  /** Jobs in one call of the engine. Default 32. */
  readonly burst?: number;
  /** Buffers that are gone through in turn, so that not all is in the nearest cache. Default 1024. */
  readonly buffers?: number;
  /** What is done. Default: AES-GCM with a key of 16 and a tag of 16 bytes, enciphering. */
  readonly transform?: CryptoTransform;
  /** A clock in nanoseconds, such as an environment's. */
  readonly now: () => number;
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
 * Measures an engine alone. Each packet is enciphered in place, with its tag behind it and 8 bytes of AAD before it, as
 * ESP has it. Measure a second time when the first call may have been slow to warm up.
 *
 * @throws SetupError what `createSession` throws, or when the memory has no room for the buffers
 */
export function engineLoop(engine: Engine, options: EngineLoopOptions): EngineLoopResult {
  const { payloadBytes, jobs, burst = 32, buffers = 1024, transform = AES_128_GCM, now } = options;
  const { memory } = engine;
  const tables = Math.max(1, Math.floor(buffers / burst));
  // A buffer begins at a multiple of 128, the payload 64 bytes behind it: whole cache lines, as in a pool of mbufs.
  const bufferBytes = Math.ceil((64 + payloadBytes + TAG_ROOM + IV_ROOM) / 128) * 128;
  const tableBytes = burst * JOB_BYTES;
  const session = engine.createSession(transform);
  const zone = memory.reserve('ENGINE_LOOP', tables * (tableBytes + burst * bufferBytes));
  try {
    const first = zone.position + tables * tableBytes;
    for (let i = 0; i < tables * burst; i++) {
      const source = first + i * bufferBytes + 64;
      writeJob(memory, zone.position + i * JOB_BYTES, {
        session,
        source,
        cipherLength: payloadBytes,
        authLength: payloadBytes,
        iv: source - 32,
        aad: source - AAD_BYTES,
        aadLength: AAD_BYTES,
        tag: source + payloadBytes,
      });
    }
    const bursts = Math.ceil(jobs / burst);
    let succeeded = 0;
    const begin = now();
    for (let i = 0, table = 0; i < bursts; i++) {
      succeeded += engine.process(zone.position + table * tableBytes, burst);
      table = table + 1 === tables ? 0 : table + 1;
    }
    const nanoseconds = now() - begin;
    const all = bursts * burst;
    return {
      jobsPerSecond: (all * 1e9) / nanoseconds,
      nanosecondsPerJob: nanoseconds / all,
      failed: all - succeeded,
    };
  } finally {
    memory.free(zone);
    engine.destroySession(session);
  }
}
