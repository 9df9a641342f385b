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
 * All of these frames have 58 bytes, and the last 8 bytes go up to them or overlap them: so there is nothing to count.
 *
 * @param to table of the places that they go to, an entry every `stride` words
 * @param from table of the places where they are, an entry a word
 * @param lengths table of their bytes, an entry a word
 * @param n entries
 * @returns how many it copied: the next one, if there is one, has another length, or bytes in other places of a word
 */
export function moveRun(
  { memory }: CardCore,
  to: number,
  stride: number,
  from: number,
  lengths: number,
  n: number,
): number {
  const { i32, u16 } = memory;
  let entry = to | 0;
  let i = 0;
  for (; i < n; i++) {
    const target = i32[entry];
    const source = i32[from + i];
    const length = i32[lengths + i];
    // Both begin with the last 2 bytes of a word.
    if (length < SHORTEST || length > SHORT_MOST || (length & 1) !== 0) break;
    if ((target & 3) !== 2 || (source & 3) !== 2) break;
    const a = target >> 2;
    const b = source >> 2;
    u16[target >> 1] = u16[source >> 1];
    i32[a + 1] = i32[b + 1];
    i32[a + 2] = i32[b + 2];
    i32[a + 3] = i32[b + 3];
    i32[a + 4] = i32[b + 4];
    i32[a + 5] = i32[b + 5];
    i32[a + 6] = i32[b + 6];
    i32[a + 7] = i32[b + 7];
    i32[a + 8] = i32[b + 8];
    i32[a + 9] = i32[b + 9];
    i32[a + 10] = i32[b + 10];
    i32[a + 11] = i32[b + 11];
    i32[a + 12] = i32[b + 12];
    i32[a + 13] = i32[b + 13];
    i32[a + 14] = i32[b + 14];
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
