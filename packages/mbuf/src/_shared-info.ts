import type { Memory } from '@inline-ipsec/eal/memory';
import { ringEnqueueBulk } from './ring.ts';

/** The fields of a shared info, in bytes from its position, and how the mbufs of an external buffer are counted in it. */

/** u32: mbufs that refer to the buffer. */
export const SHARED_REFCNT = 0;
/** u32: position of the ring, 0 for none. */
export const SHARED_RING = 4;
/** u32: what is put into it. */
export const SHARED_COOKIE = 8;

const one = new Uint32Array(1);

/** One mbuf more. */
export function retainExternal(memory: Memory, info: number): void {
  Atomics.add(memory.i32, (info + SHARED_REFCNT) >>> 2, 1);
}

/** One mbuf less; the last one tells the owner. */
export function releaseExternal(memory: Memory, info: number): void {
  const { u32, i32 } = memory;
  if (Atomics.sub(i32, (info + SHARED_REFCNT) >>> 2, 1) !== 1) return;
  const ring = u32[(info + SHARED_RING) >>> 2];
  if (ring === 0) return;
  one[0] = u32[(info + SHARED_COOKIE) >>> 2];
  ringEnqueueBulk(memory, ring, one, 0, 1);
}
