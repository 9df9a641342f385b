import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import type { CardCore } from './_core.ts';

/**
 * Copies between the packet buffers and host memory.
 */

/** The shortest Ethernet frame, without FCS. */
const SHORTEST = 60;
/** The longest one that {@link moveRun} takes. */
export const SHORT_MOST = 66;

/** Copies bytes inside the memory, from and to places that do not overlap. */
export function move({ memory }: CardCore, to: number, from: number, bytes: number): void {
  copyFrame(memory.u8, memory.u16, memory.i32, to, from, bytes, memory.shared);
}

/**
 * Copies frames that are the shortest ones, with a VLAN tag and so at most, in a loop that calls nothing. Tables are words
 * of the memory's i32.
 *
 * All of these frames have 58 bytes, and the last 8 bytes go up to them or overlap them: so there is nothing to count. Most
 * go as float64, which the language keeps as they are but for NaNs, whose bits it may change: a sum tells of them, and such
 * a frame is left to {@link move}.
 *
 * @param to table of the places that they go to, an entry every `stride` words
 * @param from table of the places where they are, an entry a word
 * @param lengths table of their bytes, an entry a word
 * @param n entries
 * @returns how many it copied: the next one, if there is one, has another length, bytes in other places of a word, or a NaN
 */
export function moveRun(
  { memory }: CardCore,
  to: number,
  stride: number,
  from: number,
  lengths: number,
  n: number,
): number {
  const { i32, u16, f64 } = memory;
  let entry = to | 0;
  let i = 0;
  for (; i < n; i++) {
    const target = i32[entry];
    const source = i32[from + i];
    const length = i32[lengths + i];
    if (length < SHORTEST || length > SHORT_MOST || (length & 1) !== 0) break;
    // As frames lie in packet buffers, and in mbufs that nobody has moved them in.
    if ((target & 7) !== 2 || (source & 7) !== 2) break;
    const p = (target + 6) >> 3;
    const q = (source + 6) >> 3;
    const w0 = f64[q];
    const w1 = f64[q + 1];
    const w2 = f64[q + 2];
    const w3 = f64[q + 3];
    const w4 = f64[q + 4];
    const w5 = f64[q + 5];
    const sum = w0 + w1 + (w2 + w3) + (w4 + w5);
    if (Number.isNaN(sum)) break;
    u16[target >> 1] = u16[source >> 1];
    i32[(target + 2) >> 2] = i32[(source + 2) >> 2];
    f64[p] = w0;
    f64[p + 1] = w1;
    f64[p + 2] = w2;
    f64[p + 3] = w3;
    f64[p + 4] = w4;
    f64[p + 5] = w5;
    i32[(target + 54) >> 2] = i32[(source + 54) >> 2];
    const c = (target + length - 8) >> 1;
    const d = (source + length - 8) >> 1;
    u16[c] = u16[d];
    u16[c + 1] = u16[d + 1];
    u16[c + 2] = u16[d + 2];
    u16[c + 3] = u16[d + 3];
    entry = (entry + stride) | 0;
  }
  return i;
}
