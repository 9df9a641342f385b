import { createCipheriv, getCiphers } from 'node:crypto';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise, samplesOf } from '../_conformance-case.ts';
import { JobBench } from '../_job-bench.ts';
import { capabilityOf } from '../capabilities.ts';
import type { CryptoTransform, Engine } from '../engine.ts';
import {
  JOB_AAD,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_TAG,
  STATUS_SUCCESS,
} from '../job.ts';
import { openEngine } from '../known-answer.ts';
import { createNobleEngine } from '../noble-engine.ts';
import { loadKoffi } from './_koffi.ts';
import { createEvpEngine, createOpensslEngine } from './openssl-engine.ts';
import { nativeMemory, whyNoNativeMemory } from './testing/native.ts';

const BYTES = 0x4_0000;

function over(buffer: ArrayBufferLike): Memory {
  return Memory.create({ over: { buffer, address: 0 } });
}

describe('engine openssl', () => {
  it('has single DES although this OpenSSL keeps it in its legacy provider', () => {
    const engine = createOpensslEngine(Memory.create({ bytes: BYTES }));
    expect(getCiphers()).not.toContain('des-cbc');
    expect(capabilityOf(engine, { kind: 'cipher', algorithm: 'des-cbc' })).toMatchObject({ key: { min: 8, max: 8 } });
  });

  it.each([
    ['noble', createNobleEngine],
    ['openssl', createOpensslEngine],
  ])('%s works alike over shared and over plain memory', (_name, create) => {
    const shared = new JobBench(create(over(new SharedArrayBuffer(BYTES))));
    const plain = new JobBench(create(over(new ArrayBuffer(BYTES))));
    for (const { encrypt, decrypt, iv } of samplesOf(shared.engine)) {
      const message = { source: noise(96, 1), iv, aad: noise(8, 2) };
      const sealed = shared.once(encrypt, message);
      expect(sealed.status).toBe(STATUS_SUCCESS);
      expect(plain.once(encrypt, message)).toEqual(sealed);
      const back = { ...message, source: sealed.output, tag: sealed.tag };
      expect(plain.once(decrypt, back)).toEqual(shared.once(decrypt, back));
    }
  });

  it('and noble leave the same memory behind, whatever the jobs ask for', () => {
    // Positions from a small area, so that ranges meet, cross its end and overlap in every way.
    const field = fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 600 }) },
      { weight: 1, arbitrary: fc.constantFrom(BYTES - 20, BYTES, 0xffff_fff0) },
    );
    const job = fc.record({
      sample: fc.nat(),
      opening: fc.boolean(),
      inPlace: fc.boolean(),
      words: fc.array(field, { minLength: JOB_BYTES / 4, maxLength: JOB_BYTES / 4 }),
      cipherLength: fc.nat({ max: 12 }),
    });
    const engines = [createNobleEngine, createOpensslEngine].map((create) => create(Memory.create({ bytes: BYTES })));
    const samples = samplesOf(engines[0]);
    const sessions = engines.map((engine) => [
      samples.map(({ encrypt }) => engine.createSession(encrypt)),
      samples.map(({ decrypt }) => engine.createSession(decrypt)),
    ]);
    expect(sessions[0]).toEqual(sessions[1]);
    const { position } = engines[0].memory.reserve('area', 2048);
    expect(engines[1].memory.reserve('area', 2048).position).toBe(position);
    const contents = noise(2048, 3);
    let tried = 0;
    let succeeded = 0;

    fc.assert(
      fc.property(fc.array(job, { minLength: 1, maxLength: 4 }), (jobs) => {
        const run = (engine: Engine) => {
          const { u8, u32 } = engine.memory;
          u8.set(contents, position);
          const table = position + 1024;
          jobs.forEach(({ sample, opening, inPlace, words, cipherLength }, i) => {
            const at = (table + i * JOB_BYTES) >> 2;
            for (let w = 0; w < words.length; w++) u32[at + w] = words[w];
            u32[at + (JOB_SESSION >> 2)] = sessions[0][opening ? 1 : 0][sample % samples.length];
            u32[at + (JOB_CIPHER_LENGTH >> 2)] = cipherLength * 16;
            for (const place of [JOB_SOURCE, JOB_DESTINATION, JOB_IV, JOB_AAD, JOB_TAG]) {
              const word = at + (place >> 2);
              if (u32[word] > 0 && u32[word] <= 600) u32[word] += position;
            }
            if (inPlace) u32[at + (JOB_DESTINATION >> 2)] = u32[at + (JOB_SOURCE >> 2)];
          });
          const done = engine.process(table, jobs.length);
          tried += jobs.length;
          succeeded += done;
          return [done, ...u8.slice(position, position + 2048)];
        };
        expect(run(engines[1])).toEqual(run(engines[0]));
      }),
      { numRuns: 1000 },
    );
    expect(succeeded).toBeGreaterThan(tried / 10);
  });
});

const why = whyNoNativeMemory();

describe.skipIf(why !== '')(`engine openssl by EVP${why}`, () => {
  it('is what native memory gets, and node:crypto what portable memory gets', () => {
    const native = nativeMemory(BYTES);
    const engine = createOpensslEngine(native);
    expect(native.memzones()).toHaveLength(1);
    engine.close();
    engine.close();
    expect(native.memzones()).toEqual([]);
    const portable = Memory.create({ bytes: BYTES });
    expect(createOpensslEngine(portable).name).toBe(engine.name);
    expect(portable.memzones()).toEqual([]);
  });

  it('loads single DES for itself, and not for the process', () => {
    const memory = nativeMemory(0x10_0000);
    const engine = openEngine(createEvpEngine, memory);
    expect(capabilityOf(engine, { kind: 'cipher', algorithm: 'des-cbc' })).toBeDefined();
    expect(getCiphers()).not.toContain('des-cbc');
    expect(() => createCipheriv('des-cbc', noise(8, 1), noise(8, 2))).toThrow();
    engine.close();
  });

  it('leaves no error behind for node:crypto to find', () => {
    const engine = createEvpEngine(nativeMemory(0x10_0000));
    const bench = new JobBench(engine);
    for (const { decrypt, iv, tagBytes } of samplesOf(engine)) {
      if (tagBytes === 0) continue;
      bench.once(decrypt, { source: noise(96, 1), iv, aad: noise(8, 2), tag: noise(tagBytes, 3) });
    }
    const peek = loadKoffi().load(null).func('ERR_peek_error', 'int64_t', []);
    expect(peek()).toBe(0);
  });

  it('has no key left in the memory', () => {
    const memory = nativeMemory(0x10_0000);
    const engine = createEvpEngine(memory);
    const key = noise(32, 9);
    for (const { encrypt } of samplesOf(engine)) {
      const keyed: CryptoTransform =
        encrypt.kind === 'aead' ? { ...encrypt, key: key.slice(0, encrypt.key.length) } : encrypt;
      engine.createSession(keyed);
    }
    const head = Buffer.from(key.slice(0, 16));
    expect(Buffer.from(memory.u8.buffer, 0, memory.bytes).indexOf(head)).toBe(-1);
    engine.close();
  });
});
