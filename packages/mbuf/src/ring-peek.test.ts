import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { Ring, type RingOptions } from './ring.ts';
import {
  ringConsumerSlot,
  ringDequeueFinish,
  ringDequeueStart,
  ringDequeueStartInPlace,
  ringEnqueueFinish,
  ringEnqueueFinishInPlace,
  ringEnqueueStart,
  ringProducerSlot,
} from './ring-peek.ts';

const make = (options: RingOptions): Ring => Ring.create(Memory.create({ bytes: 0x40000 }), 'r', 8, options);

describe.each<[string, RingOptions]>([
  ['single', { singleProducer: true, singleConsumer: true }],
  ['serial', { serialProducer: true, serialConsumer: true }],
])('operations in two steps on a %s ring', (_, options) => {
  it('look at elements and leave some of them', () => {
    const ring = make(options);
    const { memory, position } = ring;
    const table = Uint32Array.of(11, 22, 33, 44, 0);
    ring.enqueueBulk(table, 0, 4);
    const out = new Uint32Array(8);
    expect(ringDequeueStart(memory, position, out, 0, 8)).toBe(4);
    expect([...out.subarray(0, 4)]).toEqual([11, 22, 33, 44]);
    expect(ring.count).toBe(4);
    ringDequeueFinish(memory, position, 1);
    expect(ring.count).toBe(3);
    expect(ringDequeueStart(memory, position, out, 0, 2)).toBe(2);
    ringDequeueFinish(memory, position, 0);
    expect(ring.dequeue()).toBe(22);
  });

  it('claim room and use some of it', () => {
    const ring = make(options);
    const { memory, position } = ring;
    expect(ringEnqueueStart(memory, position, 100)).toBe(7);
    ringEnqueueFinish(memory, position, Uint32Array.of(5, 6), 0, 2);
    expect(ring).toMatchObject({ count: 2, freeCount: 5 });
    expect(ringEnqueueStart(memory, position, 3)).toBe(3);
    ringEnqueueFinish(memory, position, new Uint32Array(0), 0, 0);
    expect([ring.dequeue(), ring.dequeue(), ring.dequeue()]).toEqual([5, 6, 0]);
  });

  it('work in the slots themselves, on across the end of the ring', () => {
    const ring = make(options);
    const { memory, position } = ring;
    for (let round = 1; round < 30; round++) {
      const n = ringEnqueueStart(memory, position, 5);
      for (let i = 0; i < n; i++) memory.u32[ringProducerSlot(memory, position, i) >>> 2] = round * 100 + i;
      ringEnqueueFinishInPlace(memory, position, n);
      expect(ringDequeueStartInPlace(memory, position, 5)).toBe(5);
      const seen = [0, 1, 2, 3, 4].map((i) => memory.u32[ringConsumerSlot(memory, position, i) >>> 2]);
      expect(seen).toEqual([0, 1, 2, 3, 4].map((i) => round * 100 + i));
      ringDequeueFinish(memory, position, 5);
    }
  });

  it('claim nothing of a full or an empty ring', () => {
    const ring = make(options);
    expect(ringDequeueStart(ring.memory, ring.position, new Uint32Array(1), 0, 1)).toBe(0);
    ring.enqueueBulk(new Uint32Array(7), 0, 7);
    expect(ringEnqueueStart(ring.memory, ring.position, 1)).toBe(0);
  });
});

it('a ring of several producers and consumers at once has no operations in two steps', () => {
  const ring = make({});
  ring.enqueue(1);
  expect(ringEnqueueStart(ring.memory, ring.position, 1)).toBe(0);
  expect(ringDequeueStart(ring.memory, ring.position, new Uint32Array(1), 0, 1)).toBe(0);
});
