/**
 * Copies of frames inside the one memory. The length of a frame is seldom known to the engine beforehand, and a call to
 * the platform's copy costs more than a short frame is long, so short frames go word by word.
 *
 * In shared memory the platform copies words of 8 bytes only when both places are equal modulo 8, and single bytes
 * otherwise. So wires keep frames at 2 modulo 8, where an mbuf has its data as long as nobody moved it.
 */

/**
 * Frames up to this many bytes are copied word by word where that is possible. The platform's copy costs about 25 ns before
 * its first byte, eight words 4 ns: they meet here.
 */
const WORD_COPY_BYTES = 160;

/**
 * Copies `length` bytes from position `from` to position `to`; the two must not overlap. Quick when both are equal modulo 8
 * and not odd, as frames in mbufs and on wires are (2 modulo 8); less so when they are equal modulo 4.
 *
 * @param u8 the memory as bytes
 * @param u16 the same as 16-bit words
 * @param i32 the same as 32-bit words, signed because the engine adds and stores those without a conversion
 * @param shared whether it is shared memory (`Memory.shared`)
 */
export function copyFrame(
  u8: Uint8Array,
  u16: Uint16Array,
  i32: Int32Array,
  to: number,
  from: number,
  length: number,
  shared = true,
): void {
  const apart = to ^ from;
  const long = length > WORD_COPY_BYTES && (!shared || (apart & 7) === 0);
  if (long || length < 4 || (apart & 3) !== 0 || (to & 1) !== 0) u8.copyWithin(to, from, from + length);
  else copyWords(u8, u16, i32, to, from, length);
}

/** Copies at least 4 bytes word by word: `to` and `from` are even and equal modulo 4. Arguments as in {@link copyFrame}. */
function copyWords(u8: Uint8Array, u16: Uint16Array, i32: Int32Array, to: number, from: number, length: number): void {
  const shift = (to - from) | 0;
  const end = (from + length) | 0;
  if ((from & 2) !== 0) {
    u16[to >> 1] = u16[from >> 1];
    from = (from + 2) | 0;
  }
  let source = from >> 2;
  let word = (source + (shift >> 2)) | 0;
  const last = end >> 2;
  for (const eight = (last - 7) | 0; source < eight; ) {
    i32[word] = i32[source];
    i32[word + 1] = i32[source + 1];
    i32[word + 2] = i32[source + 2];
    i32[word + 3] = i32[source + 3];
    i32[word + 4] = i32[source + 4];
    i32[word + 5] = i32[source + 5];
    i32[word + 6] = i32[source + 6];
    i32[word + 7] = i32[source + 7];
    source = (source + 8) | 0;
    word = (word + 8) | 0;
  }
  while (source < last) {
    i32[word] = i32[source];
    source = (source + 1) | 0;
    word = (word + 1) | 0;
  }
  for (let at = source << 2; at < end; at = (at + 1) | 0) u8[at + shift] = u8[at];
}

/** Bytes that {@link zeroHeader} clears: the shortest frame with its check sequence, and more than headers need. */
export const HEADER_BYTES = 64;

/**
 * Makes {@link HEADER_BYTES} bytes from position `to` on zero. Without a loop it takes a fifth of the time, where `to` is 2
 * modulo 8. Arguments as in {@link copyFrame}.
 *
 * @param f64 the memory as float64, of which 0 is eight bytes of zeros
 */
export function zeroHeader(u8: Uint8Array, u16: Uint16Array, i32: Int32Array, f64: Float64Array, to: number): void {
  if ((to & 7) !== 2) {
    u8.fill(0, to, to + HEADER_BYTES);
    return;
  }
  u16[to >> 1] = 0;
  i32[(to + 2) >> 2] = 0;
  const pair = (to + 6) >> 3;
  f64[pair] = 0;
  f64[pair + 1] = 0;
  f64[pair + 2] = 0;
  f64[pair + 3] = 0;
  f64[pair + 4] = 0;
  f64[pair + 5] = 0;
  f64[pair + 6] = 0;
  u16[(to + 62) >> 1] = 0;
}

/**
 * Copies `length` bytes from another array to position `to`, at any alignment. Slower than the platform's copy for long
 * frames, but without the object that this would need for every frame.
 *
 * @param view the memory
 * @param from the other array
 * @param at where in `from` the frame begins
 */
export function copyForeignFrame(view: DataView, to: number, from: DataView, at: number, length: number): void {
  const end = at + length;
  for (; at + 16 <= end; at += 16, to += 16) {
    view.setInt32(to, from.getInt32(at, true), true);
    view.setInt32(to + 4, from.getInt32(at + 4, true), true);
    view.setInt32(to + 8, from.getInt32(at + 8, true), true);
    view.setInt32(to + 12, from.getInt32(at + 12, true), true);
  }
  for (; at + 4 <= end; at += 4, to += 4) view.setInt32(to, from.getInt32(at, true), true);
  for (; at < end; at++, to++) view.setUint8(to, from.getUint8(at));
}
