import type { Memory } from '@inline-ipsec/eal/memory';
import { SA_SEQUENCE } from './sa-layout.ts';

/**
 * Claims up to `count` sequence numbers of an outbound SA, in one step and for one caller only (RFC 4303 section 2.2).
 * The numbers end at 2^32 − 1 and never begin again: the SA must be replaced before.
 *
 * @returns the number before the first that was claimed; the caller uses that plus 1, 2, …
 * and asks {@link claimedNumbers} how many there are
 */
export function claimSequence(memory: Memory, sa: number, count: number): number {
  const { i32 } = memory;
  const at = (sa + SA_SEQUENCE) >> 2;
  for (;;) {
    // An old value is found out by the exchange.
    const last = i32[at] >>> 0;
    const next = last + claimedNumbers(last, count);
    if (Atomics.compareExchange(i32, at, last | 0, next | 0) >>> 0 === last) return last;
  }
}

/** How many of `count` numbers there are behind `last`. */
export function claimedNumbers(last: number, count: number): number {
  const left = 0xffffffff - last;
  return Math.min(count, left);
}
