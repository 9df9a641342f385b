/**
 * The Internet checksum as the card's adders make it (RFC 1071): over 16-bit words as they lie in memory, which gives
 * the same bytes whatever the byte order is, as long as the range begins at an even position.
 */

/**
 * Adds `n` bytes to a sum that is not folded yet; 64 KiB and less do not overflow it. A last odd byte counts as if a 0
 * followed.
 */
export function addWords(u8: Uint8Array, u16: Uint16Array, at: number, n: number, sum: number): number {
  const end = at + (n & ~1);
  if ((at & 1) === 0) {
    for (let word = at >> 1, last = end >> 1; word < last; word++) sum += u16[word];
  } else {
    for (; at < end; at += 2) sum += u8[at] | (u8[at + 1] << 8);
  }
  return (n & 1) !== 0 ? sum + u8[end] : sum;
}

/** The 16-bit one's complement sum of what {@link addWords} gave. */
export function fold(sum: number): number {
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** Writes a 16-bit value as it lies in memory. */
export function storeWord(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value;
  u8[at + 1] = value >>> 8;
}
