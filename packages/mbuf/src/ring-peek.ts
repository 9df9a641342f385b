import type { Memory } from '@inline-ipsec/eal/memory';
import { copyIn, copyOut } from './_ring-copy.ts';
import {
  RING_CAPACITY,
  RING_CONSUMER_HEAD,
  RING_CONSUMER_SYNC,
  RING_CONSUMER_TAIL,
  RING_ELEMENT_WORDS,
  RING_HEADER_BYTES,
  RING_MASK,
  RING_PRODUCER_HEAD,
  RING_PRODUCER_SYNC,
  RING_PRODUCER_TAIL,
  SYNC_MULTI,
  SYNC_SINGLE,
} from './_ring-layout.ts';
import { waitForTurn } from './_wait.ts';

/**
 * Ring operations in two steps: start claims, finish says how much of it counts (DPDK: `rte_ring_peek.h`,
 * `rte_ring_peek_zc.h`). Between the two a consumer can look at elements and leave some of them, and a producer can
 * write into the slots themselves.
 *
 * Only for a side that is `single` or `serial`: with `multi`, start claims nothing. Every start that claimed must be
 * finished by the same thread, with 0 to give all back; on a serial side the others wait meanwhile.
 */

/**
 * Claims room for up to `n` elements (DPDK: `rte_ring_enqueue_burst_start`).
 *
 * @returns how many, 0 when it is full; then there is nothing to finish
 */
export function ringEnqueueStart(memory: Memory, ring: number, n: number): number {
  const { u32, i32 } = memory;
  const word = ring >>> 2;
  const capacity = u32[word + (RING_CAPACITY >> 2)];
  return claim(i32, word, RING_PRODUCER_HEAD, RING_CONSUMER_TAIL, u32[word + (RING_PRODUCER_SYNC >> 2)], capacity, n);
}

/** Puts `n` elements, no more than were claimed, and gives the rest of the claim back (DPDK: `rte_ring_enqueue_finish`). */
export function ringEnqueueFinish(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): void {
  const word = ring >>> 2;
  copyIn(memory.u32, word, memory.i32[word + (RING_PRODUCER_TAIL >> 2)], table, at, n);
  settle(memory.i32, word, RING_PRODUCER_HEAD, n);
}

/** The same when the slots were written in place, by {@link ringProducerSlot} (DPDK: `rte_ring_enqueue_zc_finish`). */
export function ringEnqueueFinishInPlace(memory: Memory, ring: number, n: number): void {
  settle(memory.i32, ring >>> 2, RING_PRODUCER_HEAD, n);
}

/**
 * Claims and reads up to `n` elements that stay in the ring until the finish (DPDK: `rte_ring_dequeue_burst_start`).
 *
 * @returns how many, 0 when it is empty; then there is nothing to finish
 */
export function ringDequeueStart(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): number {
  const count = ringDequeueStartInPlace(memory, ring, n);
  const word = ring >>> 2;
  if (count !== 0) copyOut(memory.u32, word, memory.i32[word + (RING_CONSUMER_TAIL >> 2)], table, at, count);
  return count;
}

/** The same without reading: the slots are read in place, by {@link ringConsumerSlot} (DPDK: `rte_ring_dequeue_zc_burst_start`). */
export function ringDequeueStartInPlace(memory: Memory, ring: number, n: number): number {
  const { u32, i32 } = memory;
  const word = ring >>> 2;
  return claim(i32, word, RING_CONSUMER_HEAD, RING_PRODUCER_TAIL, u32[word + (RING_CONSUMER_SYNC >> 2)], 0, n);
}

/** Takes the first `n` of the claimed elements out and leaves the rest in the ring (DPDK: `rte_ring_dequeue_finish`). */
export function ringDequeueFinish(memory: Memory, ring: number, n: number): void {
  settle(memory.i32, ring >>> 2, RING_CONSUMER_HEAD, n);
}

/** Position of the `index`th slot that the producer claimed. Slots run on up to the ring's end, then from its beginning. */
export function ringProducerSlot(memory: Memory, ring: number, index: number): number {
  return slotPosition(memory, ring, RING_PRODUCER_TAIL, index);
}

/** Position of the `index`th slot that the consumer claimed. */
export function ringConsumerSlot(memory: Memory, ring: number, index: number): number {
  return slotPosition(memory, ring, RING_CONSUMER_TAIL, index);
}

function slotPosition(memory: Memory, ring: number, tail: number, index: number): number {
  const { u32 } = memory;
  const word = ring >>> 2;
  const slot = (u32[word + (tail >> 2)] + index) & u32[word + (RING_MASK >> 2)];
  return ring + RING_HEADER_BYTES + slot * u32[word + (RING_ELEMENT_WORDS >> 2)] * 4;
}

/** Moves a head, whose tail is the next word; the tail stays until it is settled. */
function claim(
  i32: Int32Array,
  word: number,
  headField: number,
  otherTail: number,
  sync: number,
  limit: number,
  n: number,
): number {
  const at = word + (headField >> 2);
  if (sync === SYNC_MULTI) return 0;
  for (;;) {
    const head = sync === SYNC_SINGLE ? i32[at] : waitForTurn(i32, at);
    const count = Math.min(n, (limit + Atomics.load(i32, word + (otherTail >> 2)) - head) | 0);
    if (count === 0) return 0;
    if (Atomics.compareExchange(i32, at, head, (head + count) | 0) === head) return count;
  }
}

/** The claim ends `n` elements after the tail: first the head goes back there, then the tail comes up to it. */
function settle(i32: Int32Array, word: number, headField: number, n: number): void {
  const at = word + (headField >> 2);
  const end = (i32[at + 1] + n) | 0;
  Atomics.store(i32, at, end);
  // On a serial side a claim waits for head and tail to be equal, so nobody claims between these two. Where nothing
  // was used they are equal already: the tail may be another's now.
  if (n !== 0) Atomics.store(i32, at + 1, end);
}
