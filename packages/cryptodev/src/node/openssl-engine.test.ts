import { getCiphers } from 'node:crypto';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise, samplesOf } from '../_conformance-case.ts';
import { JobBench } from '../_job-bench.ts';
import { capabilityOf } from '../capabilities.ts';
import type { AeadTransform, Engine } from '../engine.ts';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_TAG,
  STATUS_SUCCESS,
} from '../job.ts';
import { createNobleEngine } from '../noble-engine.ts';
import { createOpensslEngine } from './openssl-engine.ts';

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

    fc.assert(
      fc.property(fc.array(job, { minLength: 1, maxLength: 4 }), (jobs) => {
        const run = ({ memory, process }: Engine, engine: Engine) => {
          const { u8, u32 } = memory;
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
          const done = process.call(engine, table, jobs.length);
          return [done, ...u8.slice(position, position + 2048)];
        };
        expect(run(engines[1], engines[1])).toEqual(run(engines[0], engines[0]));
      }),
      { numRuns: 400 },
    );
  });

  it('and noble agree on a CCM with 70,000 bytes of AAD, whose length is written in six bytes', () => {
    const transform: AeadTransform = {
      kind: 'aead',
      direction: 'encrypt',
      algorithm: 'aes-ccm',
      key: noise(16, 1),
      ivBytes: 11,
      tagBytes: 16,
    };
    const tags = [createNobleEngine, createOpensslEngine].map((create) => {
      const memory = Memory.create({ bytes: 0x10_0000 });
      const { position } = memory.reserve('area', 80_000);
      const engine = create(memory);
      const { u8, u32 } = memory;
      u8.set(noise(70_000, 2), position + 128);
      const at = position >> 2;
      u32[at + (JOB_SESSION >> 2)] = engine.createSession(transform);
      u32[at + (JOB_SOURCE >> 2)] = u32[at + (JOB_DESTINATION >> 2)] = position + 75_000;
      u32[at + (JOB_CIPHER_LENGTH >> 2)] = 20;
      u32[at + (JOB_IV >> 2)] = position + 64;
      u32[at + (JOB_AAD >> 2)] = position + 128;
      u32[at + (JOB_AAD_LENGTH >> 2)] = 70_000;
      u32[at + (JOB_TAG >> 2)] = position + 80;
      expect(engine.process(position, 1)).toBe(1);
      return u8.slice(position + 80, position + 96).join();
    });
    expect(tags[0]).toBe(tags[1]);
  });
});
