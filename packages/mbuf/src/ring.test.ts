import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RING_CONSUMER_HEAD, RING_CONSUMER_TAIL, RING_PRODUCER_HEAD, RING_PRODUCER_TAIL } from './_ring-layout.ts';
import { RING_COUNT_MAX, Ring, type RingOptions, ringInit, ringMemoryBytes } from './ring.ts';

const newMemory = (): Memory => Memory.create({ bytes: 1024 * 1024 });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return `${error.code} ${error.errno}`;
    throw error;
  }
  return 'no error';
}

/** An empty ring whose indices begin at a given number, as after that many elements. */
function startAt(ring: Ring, index: number): Ring {
  for (const field of [RING_PRODUCER_HEAD, RING_PRODUCER_TAIL, RING_CONSUMER_HEAD, RING_CONSUMER_TAIL]) {
    ring.memory.u32[(ring.position + field) >>> 2] = index;
  }
  return ring;
}

/** `n` elements of `words` words that tell themselves apart. */
function elements(n: number, words: number, from = 1): Uint32Array {
  return Uint32Array.from({ length: n * words }, (_, i) => (from + i) * 0x01000193);
}

describe('what a ring cannot be', () => {
  it.each([0, -1, 1.5, 3, 4097, RING_COUNT_MAX + 1, Number.NaN])('a ring of count %s', (count) => {
    expect(codeOf(() => Ring.create(newMemory(), 'r', count))).toBe('ERR_RING_COUNT EINVAL');
  });

  it.each([0, 2, 23, -4])('a ring of elements of %s bytes', (elementBytes) => {
    expect(codeOf(() => Ring.create(newMemory(), 'r', 16, { elementBytes }))).toBe('ERR_RING_ELEMENT EINVAL');
  });

  it('single and serial on one side', () => {
    const options = { singleProducer: true, serialProducer: true };
    expect(codeOf(() => Ring.create(newMemory(), 'r', 16, options))).toBe('ERR_RING_SYNC EINVAL');
  });

  it('larger than the memory', () => {
    expect(codeOf(() => Ring.create(newMemory(), 'r', 2 ** 20))).toBe('ERR_MEMORY_FULL ENOMEM');
  });

  it('one with a name of 29 characters, while 28 do', () => {
    const memory = newMemory();
    expect(codeOf(() => Ring.create(memory, 'n'.repeat(29), 16))).toBe('ERR_RING_NAME ENAMETOOLONG');
    expect(Ring.create(memory, 'n'.repeat(28), 16).name).toBe('n'.repeat(28));
  });

  it('two of one name', () => {
    const memory = newMemory();
    Ring.create(memory, 'r', 16);
    expect(codeOf(() => Ring.create(memory, 'r', 16))).toBe('ERR_RING_EXISTS EEXIST');
  });
});

describe('a ring and its name', () => {
  it('is found by it from another view of the memory, with what it holds', () => {
    const memory = newMemory();
    Ring.create(memory, 'found', 16, { singleProducer: true, elementBytes: 8 }).enqueueBulk(elements(3, 2), 0, 3);
    const ring = Ring.lookup(Memory.attach(memory.handle), 'found');
    expect(ring).toMatchObject({ name: 'found', capacity: 15, size: 16, elementBytes: 8, count: 3 });
    expect([ring?.producerSync, ring?.consumerSync]).toEqual(['single', 'multi']);
    expect(Ring.lookup(memory, 'lost')).toBeUndefined();
  });

  it('is empty and whole at first', () => {
    const ring = Ring.create(newMemory(), 'r', 16);
    expect(ring).toMatchObject({ count: 0, freeCount: 15, isEmpty: true, isFull: false });
  });

  it('can be used again once it is freed', () => {
    const memory = newMemory();
    const ring = Ring.create(memory, 'r', 16);
    ring.free();
    expect(Ring.lookup(memory, 'r')).toBeUndefined();
    expect(codeOf(() => ring.free())).toBe('ERR_RING_UNKNOWN EINVAL');
    expect(Ring.create(memory, 'r', 16).isEmpty).toBe(true);
  });

  it('is not needed in memory that the caller has', () => {
    const memory = newMemory();
    const zone = memory.reserve('mine', 4096);
    expect(ringMemoryBytes(64)).toBeLessThan(4096);
    ringInit(memory, zone.position, 'inner', 64);
    expect(Ring.at(memory, zone.position).capacity).toBe(63);
    expect(codeOf(() => Ring.at(memory, zone.position + 2048))).toBe('ERR_RING_UNKNOWN ENOENT');
    expect(codeOf(() => Ring.at(memory, zone.position).free())).toBe('ERR_RING_UNKNOWN EINVAL');
  });

  it('is told in a dump, with the counts', () => {
    const ring = Ring.create(newMemory(), 'r', 16);
    ring.enqueue(5);
    expect(ring.dump()).toContain('ring <r>');
    expect(ring.dump()).toContain('used=1 free=14');
  });
});

const SYNCS: readonly [string, RingOptions][] = [
  ['multi', {}],
  ['single', { singleProducer: true, singleConsumer: true }],
  ['serial', { serialProducer: true, serialConsumer: true }],
];

describe.each(SYNCS)('a ring of %s producers and consumers', (_, sync) => {
  describe.each([4, 8, 16, 20])('with elements of %i bytes', (elementBytes) => {
    const words = elementBytes / 4;
    const MAX_BULK = 32;
    const make = (count: number): Ring => Ring.create(newMemory(), 'r', count, { ...sync, elementBytes });

    it('gives back what it was given, filled and drained at every place and across the wrap of its indices', () => {
      const ring = make(64);
      const all = elements(63, words);
      const out = new Uint32Array(all.length);
      for (let shift = 0; shift < 140; shift += 7) {
        startAt(ring, 0xffff_ffff - 70 + shift);
        expect(ring.enqueueBulk(all, 0, 63)).toBe(63);
        expect(ring).toMatchObject({ count: 63, freeCount: 0, isFull: true, isEmpty: false });
        expect(ring.enqueueBurst(all, 0, 1)).toBe(0);
        out.fill(0);
        expect(ring.dequeueBulk(out, 0, 63)).toBe(63);
        expect(out).toEqual(all);
        expect(ring).toMatchObject({ count: 0, freeCount: 63, isFull: false, isEmpty: true });
        expect(ring.dequeueBurst(out, 0, 1)).toBe(0);
      }
    });

    it.each(['bulk', 'burst'] as const)('keeps the order of %s operations of 1, 2 and 32', (shape) => {
      const ring = make(128);
      const source = elements(MAX_BULK + 3, words);
      const out = new Uint32Array(source.length);
      const put = shape === 'bulk' ? 'enqueueBulk' : 'enqueueBurst';
      const take = shape === 'bulk' ? 'dequeueBulk' : 'dequeueBurst';
      let at = 0;
      for (const n of [1, 2, MAX_BULK]) {
        expect(ring[put](source, at * words, n)).toBe(n);
        at += n;
      }
      at = 0;
      for (const n of [1, 2, MAX_BULK]) {
        expect(ring[take](out, at * words, n)).toBe(n);
        at += n;
      }
      expect(out).toEqual(source);
    });

    it('fills and empties in step over its whole length', () => {
      const ring = make(1024);
      const source = elements(MAX_BULK, words);
      const out = new Uint32Array(source.length);
      for (let i = 0; i < 1024 / MAX_BULK; i++) {
        ring.enqueueBulk(source, 0, MAX_BULK);
        expect(ring.dequeueBulk(out, 0, MAX_BULK)).toBe(MAX_BULK);
        expect(out).toEqual(source);
      }
    });

    it('takes or gives a bulk whole or not at all, and of a burst what it can', () => {
      const ring = make(1024);
      const source = elements(1023, words);
      const out = new Uint32Array(source.length);
      ring.enqueueBulk(source, 0, 1023 - (MAX_BULK - 3));
      expect(ring.enqueueBulk(source, 0, MAX_BULK)).toBe(0);
      expect(ring.freeCount).toBe(MAX_BULK - 3);
      expect(ring.enqueueBurst(source, 0, MAX_BULK)).toBe(MAX_BULK - 3);
      expect(ring.enqueueBurst(source, 0, MAX_BULK)).toBe(0);
      ring.dequeueBulk(out, 0, 1023 - (MAX_BULK - 3));
      expect(ring.dequeueBulk(out, 0, MAX_BULK)).toBe(0);
      expect(ring.count).toBe(MAX_BULK - 3);
      expect(ring.dequeueBurst(out, 0, MAX_BULK)).toBe(MAX_BULK - 3);
      expect(ring.dequeueBurst(out, 0, MAX_BULK)).toBe(0);
      expect(out.subarray(0, (MAX_BULK - 3) * words)).toEqual(source.subarray(0, (MAX_BULK - 3) * words));
    });

    it('takes 15 of 16 in its usual size and 16 in its exact size', () => {
      const usual = make(16);
      const exact = Ring.create(newMemory(), 'x', 16, { ...sync, elementBytes, exactSize: true });
      expect([exact.capacity, exact.size]).toEqual([16, 32]);
      const source = elements(17, words);
      for (let i = 0; i < 15; i++) expect(usual.enqueueBulk(source, i * words, 1)).toBe(1);
      expect(usual.enqueueBulk(source, 0, 1)).toBe(0);
      for (let i = 0; i < 16; i++) expect(exact.enqueueBulk(source, i * words, 1)).toBe(1);
      expect(exact.enqueueBulk(source, 0, 1)).toBe(0);
      expect(exact.isFull).toBe(true);
      const out = new Uint32Array(17 * words);
      expect(exact.dequeueBurst(out, words, 17)).toBe(16);
      expect(out.subarray(words)).toEqual(source.subarray(0, 16 * words));
    });

    it('is a queue, whatever is done with it', () => {
      const operation = fc.record({
        kind: fc.constantFrom('enqueueBulk', 'enqueueBurst', 'dequeueBulk', 'dequeueBurst'),
        n: fc.integer({ min: 0, max: 12 }),
      });
      const start = fc.constantFrom(0, 0x7fff_fffc, 0xffff_fffc, 0xffff_fff0);
      const property = fc.property(fc.array(operation), start, fc.boolean(), (operations, first, exactSize) => {
        const options = { ...sync, elementBytes, exactSize };
        const ring = startAt(Ring.create(Memory.create({ bytes: 0x40000 }), 'r', 8, options), first);
        const capacity = exactSize ? 8 : 7;
        const model: number[] = [];
        const table = new Uint32Array(12 * words);
        let next = 1;
        for (const { kind, n } of operations) {
          const put = kind.startsWith('enqueue');
          const possible = put ? capacity - model.length : model.length;
          const whole = kind.endsWith('Bulk');
          const expected = n <= possible ? n : whole ? 0 : possible;
          if (put) for (let i = 0; i < n * words; i++) table[i] = next + i;
          expect(ring[kind](table, 0, n)).toBe(expected);
          if (put) {
            for (let i = 0; i < expected; i++) model.push(next + i * words);
            next += n * words;
          } else {
            const firsts = model.splice(0, expected);
            const words0 = firsts.flatMap((value) => Array.from({ length: words }, (_unused, i) => value + i));
            expect([...table.subarray(0, expected * words)]).toEqual(words0);
          }
          expect([ring.count, ring.freeCount]).toEqual([model.length, capacity - model.length]);
        }
      });
      fc.assert(property, { numRuns: 50 });
    });
  });

  it('takes single elements until it is full and gives them until it is empty', () => {
    const ring = Ring.create(newMemory(), 'r', 16, sync);
    for (let i = 1; i < 16; i++) expect(ring.enqueue(i)).toBe(true);
    expect(ring.enqueue(16)).toBe(false);
    for (let i = 1; i < 16; i++) expect(ring.dequeue()).toBe(i);
    expect(ring.dequeue()).toBe(0);
    expect(ring.isEmpty).toBe(true);
  });

  it('takes positions in the upper half of 32 bits as they are', () => {
    const ring = Ring.create(newMemory(), 'r', 4, sync);
    ring.enqueue(0xffff_fffe);
    expect(ring.dequeue()).toBe(0xffff_fffe);
  });

  it('forgets all in a reset', () => {
    const ring = Ring.create(newMemory(), 'r', 4, sync);
    ring.enqueue(1);
    ring.reset();
    expect(ring).toMatchObject({ count: 0, freeCount: 3 });
  });

  it('of one slot takes nothing', () => {
    const ring = Ring.create(newMemory(), 'r', 1, sync);
    expect(ring.capacity).toBe(0);
    expect(ring.enqueue(1)).toBe(false);
  });
});
