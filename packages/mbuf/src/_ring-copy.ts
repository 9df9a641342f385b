import { RING_ELEMENT_WORDS, RING_HEADER_BYTES, RING_MASK } from './_ring-layout.ts';

/**
 * Between a table and the slots of a ring, at the end of the slots going on at their beginning. `word` is the ring's
 * position in words, and what slots may be touched was settled before.
 */

/** Writes the elements of slots `head`, `head + 1`, … of the ring at word `word`. */
export function copyIn(
  u32: Uint32Array,
  word: number,
  head: number,
  table: Uint32Array,
  at: number,
  count: number,
): void {
  const mask = u32[word + (RING_MASK >> 2)];
  const words = u32[word + (RING_ELEMENT_WORDS >> 2)];
  const slots = word + (RING_HEADER_BYTES >> 2);
  const slot = head & mask;
  const first = Math.min(count, mask + 1 - slot) * words;
  const to = slots + slot * words;
  for (let i = 0; i < first; i++) u32[to + i] = table[at + i];
  const rest = count * words - first;
  for (let i = 0; i < rest; i++) u32[slots + i] = table[at + first + i];
}

/** Reads the elements of slots `head`, `head + 1`, … of the ring at word `word`. */
export function copyOut(
  u32: Uint32Array,
  word: number,
  head: number,
  table: Uint32Array,
  at: number,
  count: number,
): void {
  const mask = u32[word + (RING_MASK >> 2)];
  const words = u32[word + (RING_ELEMENT_WORDS >> 2)];
  const slots = word + (RING_HEADER_BYTES >> 2);
  const slot = head & mask;
  const first = Math.min(count, mask + 1 - slot) * words;
  const from = slots + slot * words;
  for (let i = 0; i < first; i++) table[at + i] = u32[from + i];
  const rest = count * words - first;
  for (let i = 0; i < rest; i++) table[at + first + i] = u32[slots + i];
}
