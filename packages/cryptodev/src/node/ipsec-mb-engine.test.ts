import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { noise, samplesOf } from '../_conformance-case.ts';
import { JobBench } from '../_job-bench.ts';
import { engineConformance } from '../conformance.ts';
import type { CryptoTransform, Engine } from '../engine.ts';
import { engineLoop } from '../engine-loop.ts';
import {
  JOB_BYTES,
  JOB_STATUS,
  STATUS_AUTH_FAILED,
  STATUS_ERROR,
  STATUS_INVALID_ARGS,
  STATUS_SUCCESS,
} from '../job.ts';
import { jobStatus, writeJob } from '../job-fields.ts';
import { openEngine } from '../known-answer.ts';
import { IPSEC_MB_LAYOUTS } from './_ipsec-mb-layout.ts';
import { IpsecMbLibrary } from './_ipsec-mb-library.ts';
import { type ForeignFunction, type ForeignFunctions, loadKoffi } from './_koffi.ts';
import { createIpsecMbEngine, IpsecMbEngine } from './ipsec-mb-engine.ts';
import { crossingMemory, nativeMemory, whyNoIpsecMb, whyNoNativeMemory } from './testing/native.ts';

const BYTES = 0x20_0000;
const GCM: CryptoTransform = {
  kind: 'aead',
  direction: 'encrypt',
  algorithm: 'aes-gcm',
  key: noise(16, 7),
  ivBytes: 12,
  tagBytes: 16,
};

const without = whyNoNativeMemory();
const why = whyNoIpsecMb();
if (why !== '') console.warn(`engine ipsec-mb is not tried${why}`);

describe('engine ipsec-mb where it cannot be had', () => {
  it.skipIf(why !== '')(`refuses memory without an address${why}`, () => {
    expect(() => createIpsecMbEngine(Memory.create({ bytes: BYTES }))).toThrow(
      expect.objectContaining({ code: 'ERR_CRYPTO_MEMORY', errno: 'ENOTSUP' }),
    );
  });

  it('says what to install when koffi is missing', () => {
    const load = (): never => {
      throw new Error('Cannot find module');
    };
    expect(() => loadKoffi(load)).toThrow(
      'the package koffi, which calls native libraries, cannot be loaded; npm install koffi',
    );
  });

  it.skipIf(without !== '')(`says what to install when the library is missing${without}`, () => {
    expect(() => new IpsecMbLibrary(loadKoffi(), 'libIPSec_MB.so.77')).toThrow(
      'libIPSec_MB.so.77 not found; apt install libipsec-mb1',
    );
  });

  it('refuses a version that it does not know, by name', () => {
    expect(() => new IpsecMbLibrary(library({ imb_get_version: 0x01_05_00, imb_get_mb_mgr_size: 200_744 }))).toThrow(
      /^libIPSec_MB\.so\.1 is of a version whose layout is not known: expected 1\.3\.0, got 1\.5\.0; /,
    );
    expect(() => new IpsecMbLibrary(library({}))).toThrow(/expected 1\.3\.0, got no version/);
  });

  it('refuses a known version with another layout', () => {
    const [{ version }] = IPSEC_MB_LAYOUTS;
    expect(() => new IpsecMbLibrary(library({ imb_get_version: version, imb_get_mb_mgr_size: 4096 }))).toThrow(
      /calls itself 1\.3\.0 and has another layout: expected a manager of 200744 bytes, got 4096 bytes/,
    );
  });
});

/** A library of which only these functions are there, each with one answer. */
function library(answers: Record<string, number>): ForeignFunctions {
  return {
    load: () => ({
      func: (name) => {
        if (!(name in answers)) throw new Error(`no function ${name}`);
        return () => answers[name];
      },
    }),
    proto: () => ({}),
    decode: () => () => 0,
  };
}

describe.skipIf(why !== '')(`engine ipsec-mb${why}`, () => {
  it('leaves no memzone behind', () => {
    const memory = nativeMemory(BYTES);
    const engine = openEngine(createIpsecMbEngine, memory);
    engine.createSession(GCM);
    engine.close();
    engine.close();
    expect(memory.memzones()).toEqual([]);
  });

  it('can be opened twice in one memory, once for each lcore', () => {
    const memory = nativeMemory(0x40_0000);
    const engines = [openEngine(createIpsecMbEngine, memory), openEngine(createIpsecMbEngine, memory)];
    const message = { source: noise(80, 1), iv: noise(12, 2), aad: noise(8, 3) };
    const [a, b] = engines.map((engine) => new JobBench(engine).once(GCM, message));
    expect(a).toEqual(b);
    engines[0].close();
    expect(new JobBench(engines[1]).once(GCM, message)).toEqual(b);
  });

  it('has no expanded key left when a session goes', () => {
    const memory = nativeMemory(BYTES);
    const engine = createIpsecMbEngine(memory);
    const key = noise(16, 5);
    const count = (): number => {
      let found = 0;
      for (let at = memory.u8.indexOf(key[0]); at >= 0; at = memory.u8.indexOf(key[0], at + 1)) {
        if (key.every((byte, i) => memory.u8[at + i] === byte)) found++;
      }
      return found;
    };
    expect(count()).toBe(0);
    const sessions = samplesOf(engine)
      .filter(({ encrypt }) => encrypt.kind === 'aead' && encrypt.key.length === 16)
      .map(({ encrypt }) => engine.createSession({ ...encrypt, key } as CryptoTransform));
    // The first round key of AES is the key, and the last of those that decipher.
    expect(count()).toBeGreaterThanOrEqual(sessions.length);
    const bench = new JobBench(engine);
    const message = { source: noise(80, 1), iv: noise(12, 2), aad: noise(8, 3) };
    for (const session of sessions) bench.run(session, message, 16);
    bench.close();
    for (const session of sessions) engine.destroySession(session);
    expect(count()).toBe(0);
  });

  it('makes thousands of sessions, and each keeps its own key', () => {
    const memory = nativeMemory(0x80_0000);
    const engine = createIpsecMbEngine(memory);
    const bench = new JobBench(engine);
    const message = { source: noise(80, 1), iv: noise(12, 2), aad: noise(8, 3) };
    const keys = Array.from({ length: 3000 }, (_, i) => noise(16, 1000 + i));
    const sessions = keys.map((key) => engine.createSession({ ...GCM, key } as CryptoTransform));
    const tags = new Set(sessions.map((session) => bench.run(session, message, 16).tag.join()));
    expect(tags.size).toBe(keys.length);
    const again = bench.once({ ...GCM, key: keys[2999] } as CryptoTransform, message);
    expect(bench.run(sessions[2999], message, 16)).toEqual(again);
  });

  describe('over memory that crosses a boundary of 4 GiB', () => {
    it.each(engineConformance)('$name', ({ run }) => {
      run(createIpsecMbEngine, crossingMemory(0x40_0000, 0x10_0000));
    });
  });

  it('refuses what is longer than the library can count', () => {
    const memory = nativeMemory(BYTES);
    const engine = createIpsecMbEngine(memory);
    const zone = memory.reserve('long', JOB_BYTES + 256 + 0x2_0000);
    const [job, source] = [zone.position, zone.position + JOB_BYTES + 256];
    const none = { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0, tagBytes: 0 } as const;
    const hmac = engine.createSession({
      kind: 'chain',
      direction: 'encrypt',
      cipher: none,
      auth: { algorithm: 'hmac-sha1', key: noise(20, 1), tagBytes: 12 },
    });
    const ctr = engine.createSession({
      kind: 'chain',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-ctr', key: noise(16, 1), ivBytes: 16 },
      auth: none,
    });
    for (const [session, length, status] of [
      [hmac, 65_534, STATUS_SUCCESS],
      [hmac, 65_535, STATUS_INVALID_ARGS],
      [ctr, 100_000, STATUS_SUCCESS],
    ]) {
      const cipherLength = session === ctr ? length : 0;
      writeJob(memory, job, { session, source, cipherLength, authLength: length, tag: job + 64, iv: job + 128 });
      engine.process(job, 1);
      expect(jobStatus(memory, job)).toBe(status);
    }
  });

  it('is measured by a loop', () => {
    let time = 0;
    const engine = createIpsecMbEngine(nativeMemory(BYTES));
    const now = (): number => (time += 1000);
    expect(engineLoop(engine, { payloadBytes: 88, jobs: 100, buffers: 64, now })).toEqual({
      jobsPerSecond: (128 * 1e9) / 1000,
      nanosecondsPerJob: 1000 / 128,
      failed: 0,
    });
  });
});

describe.skipIf(why !== '')(`a library that fails${why}`, () => {
  /** An engine whose bursts go through `between`. */
  function over(memory: Memory, between: (submit: ForeignFunction, ...args: number[]) => number): IpsecMbEngine {
    const real = loadKoffi();
    const koffi: ForeignFunctions = {
      load: (file) => real.load(file),
      proto: (result, parameters) => ({ burst: result === 'uint32_t', type: real.proto(result, parameters) }),
      decode: (address, type) => {
        const { burst, type: inner } = type as { burst: boolean; type: object };
        const call = real.decode(address, inner);
        return burst ? (...args) => between(call, ...(args as number[])) : call;
      },
    };
    return new IpsecMbEngine(memory, new IpsecMbLibrary(koffi));
  }

  const [{ job: layout }] = IPSEC_MB_LAYOUTS;

  /** Four jobs of sealing; gives the statuses. */
  function four(engine: Engine, session: number): number[] {
    const { memory } = engine;
    const zone = memory.lookup('four') ?? memory.reserve('four', 4 * (JOB_BYTES + 256));
    for (let i = 0; i < 4; i++) {
      const source = zone.position + 4 * JOB_BYTES + i * 256;
      const iv = source + 128;
      writeJob(memory, zone.position + i * JOB_BYTES, {
        session,
        source,
        cipherLength: 64,
        iv,
        aad: iv + 16,
        aadLength: 8,
        tag: source + 64,
      });
    }
    const done = engine.process(zone.position, 4);
    const statuses = [0, 1, 2, 3].map((i) => memory.u32[(zone.position + i * JOB_BYTES + JOB_STATUS) >> 2]);
    expect(statuses.filter((status) => status === STATUS_SUCCESS)).toHaveLength(done);
    return statuses;
  }

  it('with one job fails that job alone', () => {
    const memory = nativeMemory(BYTES);
    let broken = false;
    const engine = over(memory, (call, manager, count, pointers) => {
      const done = call(manager, count, pointers);
      // The address of the second job lies behind that of the first.
      const word = (pointers - memory.address) >> 2;
      const second = memory.u32[word + 2] + memory.u32[word + 3] * 2 ** 32 - memory.address;
      if (broken) memory.u32[(second + layout.status) >> 2] = 4;
      return done;
    });
    const session = engine.createSession(GCM);
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS]);
    broken = true;
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_ERROR, STATUS_SUCCESS, STATUS_SUCCESS]);
    broken = false;
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS]);
  });

  it('and gives nothing of a packet out that it could not decipher', () => {
    const memory = nativeMemory(BYTES);
    let broken = false;
    const engine = over(memory, (call, manager, count, pointers) => {
      const done = call(manager, count, pointers);
      const word = (pointers - memory.address) >> 2;
      const first = memory.u32[word] + memory.u32[word + 1] * 2 ** 32 - memory.address;
      if (broken) memory.u32[(first + layout.status) >> 2] = 6;
      return done;
    });
    const bench = new JobBench(engine);
    const message = { source: noise(64, 1), iv: noise(12, 2), aad: noise(8, 3), tag: noise(16, 4) };
    const decrypt = { ...GCM, direction: 'decrypt' } as CryptoTransform;
    expect(bench.once(decrypt, message).status).toBe(STATUS_AUTH_FAILED);
    const sealed = bench.once(GCM, message);
    const genuine = { ...message, source: sealed.output, tag: sealed.tag };
    expect(bench.once(decrypt, genuine).status).toBe(STATUS_SUCCESS);
    broken = true;
    for (const each of [message, genuine]) {
      const { status, output } = bench.once(decrypt, each);
      expect(status).toBe(STATUS_ERROR);
      expect(output).toEqual(new Uint8Array(64));
    }
  });

  it('by taking no jobs, or by losing some, fails those and goes on with the next burst', () => {
    const memory = nativeMemory(BYTES);
    let takes = -1;
    const engine = over(memory, (call, manager, count, pointers) =>
      takes < 0 ? call(manager, count, pointers) : takes === 0 ? 0 : call(manager, Math.min(count, takes--), pointers),
    );
    const session = engine.createSession(GCM);
    takes = 0;
    expect(four(engine, session)).toEqual([STATUS_ERROR, STATUS_ERROR, STATUS_ERROR, STATUS_ERROR]);
    takes = -1;
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS]);
    takes = 3;
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_ERROR]);
    takes = -1;
    expect(four(engine, session)).toEqual([STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS]);
  });

  it('a known answer is refused, and leaves no memzone behind', () => {
    const memory = nativeMemory(BYTES);
    const open = () =>
      openEngine(
        (given) =>
          over(given, (_call, _manager, count, pointers) => {
            const word = (pointers - memory.address) >> 2;
            for (let i = 0; i < count; i++) {
              const at = memory.u32[word + 2 * i] + memory.u32[word + 2 * i + 1] * 2 ** 32 - memory.address;
              memory.u32[(at + layout.status) >> 2] = 3;
            }
            return count;
          }),
        memory,
      );
    expect(open).toThrow(/^engine ipsec-mb failed its self-test of aes-gcm/);
    expect(memory.memzones()).toEqual([]);
  });
});
