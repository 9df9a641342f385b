import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../_conformance-case.ts';
import type { CryptoTransform, Engine } from '../engine.ts';
import { JOB_BYTES, STATUS_AUTH_FAILED, STATUS_INVALID_ARGS, STATUS_SUCCESS } from '../job.ts';
import { type JobFields, jobStatus, writeJob } from '../job-fields.ts';
import { createNobleEngine } from '../noble-engine.ts';
import { createIpsecMbEngine } from './ipsec-mb-engine.ts';
import { nativeMemory, whyNoIpsecMb } from './testing/native.ts';

const BYTES = 0x40_0000;
const MOST = 70;
const SLOT = 512;
const why = whyNoIpsecMb();

function gcm(direction: 'encrypt' | 'decrypt', seed: number, more: object = {}): CryptoTransform {
  return { kind: 'aead', direction, algorithm: 'aes-gcm', key: noise(16, seed), ivBytes: 12, tagBytes: 16, ...more };
}

/** A table of jobs with a slot of bytes for each, as far up in the memory as it goes. */
class Table {
  readonly engine: Engine;
  readonly jobs: number;
  readonly slots: number;

  constructor(engine: Engine) {
    this.engine = engine;
    const bytes = MOST * (JOB_BYTES + SLOT);
    this.jobs = engine.memory.bytes - bytes;
    this.slots = this.jobs + MOST * JOB_BYTES;
    // What lies there is nobody else's in so large a memory.
    expect(engine.memory.memzones().every(({ position, bytes: length }) => position + length <= this.jobs)).toBe(true);
  }

  /** Fields of job `i`: sealed where it lies, or opened from there. */
  ordinary(i: number, session: number, length: number, shift: number): JobFields {
    const slot = this.slots + i * SLOT;
    const source = slot + 64 + shift;
    return { session, source, cipherLength: length, iv: slot, aad: slot + 16, aadLength: 8, tag: source + length };
  }

  write(i: number, fields: JobFields): void {
    writeJob(this.engine.memory, this.jobs + i * JOB_BYTES, fields);
  }

  fill(seed: number): void {
    this.engine.memory.u8.set(noise(MOST * SLOT, seed), this.slots);
  }

  run(count: number): { statuses: number[]; bytes: Uint8Array } {
    const { memory } = this.engine;
    const done = this.engine.process(this.jobs, count);
    const statuses = Array.from({ length: count }, (_, i) => jobStatus(memory, this.jobs + i * JOB_BYTES));
    expect(statuses.filter((status) => status === STATUS_SUCCESS)).toHaveLength(done);
    return { statuses, bytes: memory.u8.slice(this.slots, this.slots + MOST * SLOT) };
  }
}

describe.skipIf(why !== '')(`bursts of ordinary GCM jobs${why}`, () => {
  it('are answered as by noble: other keys, lengths, places and alignments, and now and then an odd job', () => {
    const tables = [createNobleEngine(Memory.create({ bytes: BYTES })), createIpsecMbEngine(nativeMemory(BYTES))].map(
      (engine) => new Table(engine),
    );
    const sessions = tables.map(({ engine }) =>
      Array.from({ length: 100 }, (_, i) => [
        engine.createSession(gcm('encrypt', i)),
        engine.createSession(gcm('decrypt', i, i % 3 === 0 ? { unverified: 'release' } : {})),
      ]),
    );
    const wild = fc.constantFrom(0, 0x7fff_fff0, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, BYTES, BYTES - 8);
    const field = fc.constantFrom(
      'session',
      'source',
      'destination',
      'cipherOffset',
      'cipherLength',
      'iv',
      'aad',
      'aadLength',
      'tag',
    );
    const job = fc.record({
      key: fc.nat({ max: 99 }),
      length: fc.integer({ min: 1, max: 90 }),
      shift: fc.nat({ max: 3 }),
      apart: fc.boolean(),
      spoil: fc.oneof({ weight: 10, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 15 }) }),
    });
    const odd = fc.option(fc.record({ at: fc.nat(), field, value: wild }), { freq: 2 });
    fc.assert(
      fc.property(fc.array(job, { minLength: 1, maxLength: MOST }), odd, fc.nat(), (list, strange, seed) => {
        const results = tables.map((table, which) => {
          const { u8 } = table.engine.memory;
          table.fill(seed);
          const answers = [0, 1].map((direction) => {
            list.forEach(({ key, length, shift, apart, spoil }, i) => {
              const fields = table.ordinary(i, sessions[which][key][direction], length, shift);
              // What is opened apart has been sealed in place.
              const destination = apart && direction === 1 ? fields.source + 200 : fields.source;
              if (spoil >= 0 && direction === 1) u8[(fields.tag ?? 0) + spoil] ^= 1 << (seed & 7);
              const changed =
                strange !== null && strange.at % list.length === i ? { [strange.field]: strange.value } : {};
              table.write(i, { ...fields, destination, ...changed });
            });
            return table.run(list.length);
          });
          return answers;
        });
        expect(results[1].map(({ statuses }) => statuses)).toEqual(results[0].map(({ statuses }) => statuses));
        for (const direction of [0, 1]) {
          expect(Buffer.compare(results[1][direction].bytes, results[0][direction].bytes)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('fail by themselves: a spoiled byte of a tag, whichever it is, and what was deciphered is wiped', () => {
    const engine = createIpsecMbEngine(nativeMemory(BYTES));
    const table = new Table(engine);
    const [seal, open] = [engine.createSession(gcm('encrypt', 1)), engine.createSession(gcm('decrypt', 1))];
    for (let shift = 0; shift < 4; shift++) {
      table.fill(shift);
      for (let i = 0; i < 48; i++) table.write(i, table.ordinary(i, seal, 40, shift));
      expect(table.run(48).statuses).toEqual(new Array(48).fill(STATUS_SUCCESS));
      const { u8 } = engine.memory;
      for (let i = 0; i < 48; i++) {
        const { tag = 0 } = table.ordinary(i, open, 40, shift);
        if (i % 3 === 0) u8[tag + i / 3] ^= 0x80 >> (i & 7);
        table.write(i, table.ordinary(i, open, 40, shift));
      }
      const { statuses } = table.run(48);
      for (let i = 0; i < 48; i++) {
        const { source } = table.ordinary(i, open, 40, shift);
        expect(statuses[i]).toBe(i % 3 === 0 ? STATUS_AUTH_FAILED : STATUS_SUCCESS);
        expect(u8.subarray(source, source + 40).every((byte) => byte === 0)).toBe(i % 3 === 0);
      }
    }
  });

  it.each([
    ['a tag beyond the memory', () => ({ tag: BYTES - 15 })],
    ['a tag that begins among the bytes', ({ source }: JobFields) => ({ tag: source + 39 })],
    ['a tag that ends among the bytes', ({ source }: JobFields) => ({ tag: source - 15 })],
    ['a destination that overlaps', ({ source }: JobFields) => ({ destination: source + 39, tag: source + 100 })],
    ['a destination that overlaps before', ({ source }: JobFields) => ({ destination: source - 39 })],
    ['a destination beyond the memory', () => ({ destination: BYTES - 39 })],
    ['AAD beyond the memory', () => ({ aad: BYTES - 7 })],
    ['an IV beyond the memory', () => ({ iv: BYTES - 11 })],
  ])('with an unsound job among them have nothing else wrong: %s', (_what, change) => {
    const engine = createIpsecMbEngine(nativeMemory(BYTES));
    const table = new Table(engine);
    for (const direction of ['encrypt', 'decrypt'] as const) {
      const seal = engine.createSession(gcm('encrypt', 1));
      const session = engine.createSession(gcm(direction, 1));
      for (const at of [0, 1, 15, 31]) {
        table.fill(at);
        for (let i = 0; i < 32; i++) table.write(i, table.ordinary(i, seal, 40, 0));
        if (direction === 'decrypt') table.run(32);
        for (let i = 0; i < 32; i++) table.write(i, table.ordinary(i, session, 40, 0));
        const fields = table.ordinary(at, session, 40, 0);
        table.write(at, { ...fields, ...change(fields) });
        expect(table.run(32).statuses).toEqual(
          Array.from({ length: 32 }, (_, i) => (i === at ? STATUS_INVALID_ARGS : STATUS_SUCCESS)),
        );
      }
    }
  });

  it('may end with the memory', () => {
    const engine = createIpsecMbEngine(nativeMemory(BYTES));
    const table = new Table(engine);
    const [seal, open] = [engine.createSession(gcm('encrypt', 1)), engine.createSession(gcm('decrypt', 1))];
    for (const session of [seal, open]) {
      table.write(0, { ...table.ordinary(0, session, 40, 0), tag: BYTES - 16 });
      expect(table.run(1).statuses).toEqual([STATUS_SUCCESS]);
    }
  });
});
