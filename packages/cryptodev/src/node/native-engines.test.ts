import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise, samplesOf } from '../_conformance-case.ts';
import type { Engine, EngineFactory } from '../engine.ts';
import { JOB_BYTES } from '../job.ts';
import { writeJob } from '../job-fields.ts';
import { createNobleEngine } from '../noble-engine.ts';
import { createIpsecMbEngine } from './ipsec-mb-engine.ts';
import { createEvpEngine } from './openssl-engine.ts';
import { nativeMemory, whyNoIpsecMb, whyNoNativeMemory } from './testing/native.ts';

const BYTES = 0x20_0000;
const ENGINES: [string, string, EngineFactory][] = [
  ['ipsec-mb', whyNoIpsecMb(), createIpsecMbEngine],
  ['openssl by EVP', whyNoNativeMemory(), createEvpEngine],
];

describe('bursts of all algorithms and both directions', () => {
  for (const [name, why, create] of ENGINES) {
    it.skipIf(why !== '')(`are answered by engine ${name} as by noble, whatever the jobs ask for${why}`, () => {
      likeNoble(create, nativeMemory(BYTES));
    });
  }
});

/** Bursts of random jobs, put to the engine and to the model. Jobs of one burst do not share bytes. */
function likeNoble(create: EngineFactory, memory: Memory): void {
  const model = createNobleEngine(Memory.create({ bytes: memory.bytes }));
  const engine = create(memory);
  const samples = samplesOf(model);
  const sessions = [model, engine].map((each) =>
    samples.flatMap(({ encrypt, decrypt }) => [each.createSession(encrypt), each.createSession(decrypt)]),
  );
  expect(sessions[0]).toEqual(sessions[1]);
  const slot = 1024;
  const most = 80;
  // The engine's own zones come first in its memory: the model's area is put to the same place.
  const wanted = memory.reserve('area', most * (slot + JOB_BYTES)).position;
  let area = 0;
  for (let i = 0; area < wanted; i++) {
    const step = Math.min(wanted, 0x1_0000);
    const zone = model.memory.reserve(`fill${i}`, area === 0 ? 64 : Math.min(step, wanted - area));
    area = zone.position + zone.bytes;
  }
  expect(model.memory.reserve('area', most * (slot + JOB_BYTES)).position).toBe(wanted);

  const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: odd });
  const wild = fc.constantFrom(0, 0x7fff_fff0, 0xffff_fff0, memory.bytes - 4);
  const jobs = fc.array(
    fc.record({
      which: fc.nat({ max: sessions[0].length - 1 }),
      apart: fc.boolean(),
      offset: rarely(fc.nat({ max: 40 }), wild),
      blocks: fc.nat({ max: 10 }),
      odd: rarely(fc.constant(0), fc.nat({ max: 15 })),
      authOffset: rarely(fc.nat({ max: 40 }), wild),
      authLength: rarely(fc.nat({ max: 200 }), wild),
      aadLength: rarely(fc.constantFrom(0, 8, 12, 46, 47, 64), wild),
      source: rarely(fc.constant(-1), wild),
      shift: fc.nat({ max: 3 }),
      ones: fc.nat({ max: 16 }),
    }),
    { minLength: 1, maxLength: most },
  );
  let tried = 0;
  let succeeded = 0;
  fc.assert(
    fc.property(jobs, fc.nat(), (list, seed) => {
      const contents = noise(most * (slot + JOB_BYTES), seed);
      const run = (each: Engine) => {
        const { u8 } = each.memory;
        u8.set(contents, wanted);
        list.forEach((job, i) => {
          const base = wanted + most * JOB_BYTES + i * slot;
          const inside = base + job.shift;
          const at = job.source < 0 ? inside : job.source;
          // Counters that run over, and others.
          u8.fill(0xff, base + 800 + 16 - job.ones, base + 816);
          writeJob(each.memory, wanted + i * JOB_BYTES, {
            session: sessions[0][job.which],
            source: at,
            destination: job.apart ? inside + 300 : at,
            cipherOffset: job.offset,
            cipherLength: job.blocks * 16 + job.odd,
            authOffset: job.authOffset,
            authLength: job.authLength,
            iv: base + 800,
            aad: base + 832,
            aadLength: job.aadLength,
            tag: base + 920 + job.shift,
          });
        });
        return [each.process(wanted, list.length), u8.slice(wanted, wanted + most * (slot + JOB_BYTES))] as const;
      };
      const [expected, model8] = run(model);
      const [got, engine8] = run(engine);
      tried += list.length;
      succeeded += got;
      expect(got).toBe(expected);
      expect(Buffer.compare(engine8, model8)).toBe(0);
    }),
    { numRuns: 300 },
  );
  expect(succeeded).toBeGreaterThan(tried / 5);
}
