import { SetupError } from '@inline-ipsec/eal/errors';
import type { ByteSink } from './byte-stream.ts';

/** A place in an array. */
export interface PlaceInArray {
  readonly u8: Uint8Array;
  readonly at: number;
}

/** Bytes before each frame of a pcap file. */
const RECORD_HEADER_BYTES = 16;
/** Frames up to this many bytes are copied by steps of 32; beyond, the platform's copy is quicker. */
const SHORT_FRAME_BYTES = 160;

/** A buffer before a byte sink, and the copy into it that allocates nothing. */
export class CaptureOutput {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #words: Float64Array;
  #at = 0;
  readonly #sink: ByteSink;
  // The array that the buffer is a part of, where copies are the platform's own, and the buffer's place in it.
  readonly #home: Uint8Array | undefined;
  readonly #base: number;
  // The array that frames came from last, seen as words: nearly always the one memory.
  #source: Uint8Array;
  #sourceView: DataView;

  /**
   * @param within a place of `bufferBytes` bytes, at a multiple of 8 in the array that frames come from; default an array
   * of its own
   * @throws SetupError `ERR_CAPTURE_PLACE` (EINVAL)
   */
  constructor(sink: ByteSink, bufferBytes: number, within?: PlaceInArray) {
    if (within !== undefined && ((within.u8.byteOffset + within.at) & 7) !== 0) {
      throw new SetupError({
        code: 'ERR_CAPTURE_PLACE',
        errno: 'EINVAL',
        message: 'a capture cannot be collected there',
        expected: 'a place at a multiple of 8 bytes',
        got: String(within.u8.byteOffset + within.at),
      });
    }
    this.#sink = sink;
    this.bytes =
      within === undefined ? new Uint8Array(bufferBytes) : within.u8.subarray(within.at, within.at + bufferBytes);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, bufferBytes);
    this.#words = new Float64Array(this.bytes.buffer, this.bytes.byteOffset, bufferBytes >> 3);
    this.#home = within?.u8;
    this.#base = within?.at ?? 0;
    this.#source = this.bytes;
    this.#sourceView = this.view;
  }

  /** A place for `bytes` bytes, at most the length of the buffer. It counts when {@link commit} says so. */
  reserve(bytes: number): number {
    if (this.#at + bytes > this.bytes.length) this.flush();
    return this.#at;
  }

  /** The buffer is written up to `end`. */
  commit(end: number): void {
    this.#at = end;
  }

  flush(): void {
    const end = this.#at;
    if (end === 0) return;
    this.#at = 0;
    this.#sink.write(this.bytes.subarray(0, end));
  }

  /**
   * Appends records of 16 bytes of header and a frame each: two words that are the same in all of them, the bytes of the
   * frame that are kept, and its length. Frame i is `lengths[i]` bytes from `u8[at[i]]` on.
   */
  appendRecords(
    u8: Uint8Array,
    at: Uint32Array,
    lengths: Uint32Array,
    n: number,
    first: number,
    second: number,
    most: number,
  ): void {
    for (let i = 0; i < n; i++) {
      i = this.#appendShort(u8, at, lengths, i, n, first, second, most);
      if (i < n) this.#appendAny(u8, at[i], lengths[i], first, second, most);
    }
  }

  /** Appends one record. */
  #appendAny(u8: Uint8Array, from: number, length: number, first: number, second: number, most: number): void {
    const kept = Math.min(length, most);
    const to = this.reserve(RECORD_HEADER_BYTES + kept);
    this.view.setInt32(to, first, true);
    this.view.setInt32(to + 4, second, true);
    this.view.setInt32(to + 8, kept, true);
    this.view.setInt32(to + 12, length, true);
    const behind = to + RECORD_HEADER_BYTES;
    if (u8 === this.#home) u8.copyWithin(this.#base + behind, from, from + kept);
    else this.copy(u8, from, kept, behind);
    this.commit(behind + kept);
  }

  /**
   * Appends records of short frames, from number `i` on, by a loop that calls nothing. Stops at a frame that is long or tiny,
   * or has no room, or holds eight bytes that read as NaN, and returns its number.
   *
   * Frames are copied as float64. The language keeps all of these as they are but for NaNs, whose bits it may change; a sum
   * tells whether there was one. They are read at any place and stored at multiples of 8, because a store through a
   * DataView costs the compiled loop twice as much as one into an array: only the first eight bytes of a frame go that way.
   */
  #appendShort(
    u8: Uint8Array,
    at: Uint32Array,
    lengths: Uint32Array,
    i: number,
    n: number,
    first: number,
    second: number,
    most: number,
  ): number {
    const source = this.#look(u8);
    const target = this.view;
    const words = this.#words;
    const longest = Math.min(most, SHORT_FRAME_BYTES);
    // The last word that is copied may begin at the last byte of the frame.
    const lastFrom = (source.byteLength - SHORT_FRAME_BYTES - 8) | 0;
    const last = (target.byteLength - RECORD_HEADER_BYTES - longest - 8) | 0;
    let to = this.#at;
    for (; i < n; i++) {
      const length = lengths[i] | 0;
      const from = at[i] | 0;
      if (length > longest || length < 8 || to > last || from > lastFrom) break;
      const copy = (to + RECORD_HEADER_BYTES) | 0;
      const head = source.getFloat64(from, true);
      let sum = head;
      let word = ((copy + 7) | 0) >> 3;
      let place = (from + (-copy & 7)) | 0;
      const end = (copy + length) | 0;
      const stop = ((end + 7) | 0) >> 3;
      for (const four = (stop - 3) | 0; word < four; word = (word + 4) | 0, place = (place + 32) | 0) {
        const a = source.getFloat64(place, true);
        const b = source.getFloat64(place + 8, true);
        const c = source.getFloat64(place + 16, true);
        const d = source.getFloat64(place + 24, true);
        words[word] = a;
        words[word + 1] = b;
        words[word + 2] = c;
        words[word + 3] = d;
        sum += a + b + (c + d);
      }
      for (; word < stop; word = (word + 1) | 0, place = (place + 8) | 0) {
        const a = source.getFloat64(place, true);
        words[word] = a;
        sum += a;
      }
      // Not 0 where any was no number; or infinite, which is as well done in the other way.
      if (sum - sum !== 0) break;
      target.setFloat64(copy, head, true);
      target.setInt32(to, first, true);
      target.setInt32(to + 4, second, true);
      target.setInt32(to + 8, length, true);
      target.setInt32(to + 12, length, true);
      to = end;
    }
    this.#at = to;
    return i;
  }

  /** Copies `length` bytes from `u8[from]` to `bytes[to]`, in words: `set` would need a slice for each frame. */
  copy(u8: Uint8Array, from: number, length: number, to: number): void {
    const source = this.#look(u8);
    const target = this.view;
    const end = from + length;
    for (; from + 16 <= end; from += 16, to += 16) {
      target.setInt32(to, source.getInt32(from, true), true);
      target.setInt32(to + 4, source.getInt32(from + 4, true), true);
      target.setInt32(to + 8, source.getInt32(from + 8, true), true);
      target.setInt32(to + 12, source.getInt32(from + 12, true), true);
    }
    for (; from + 4 <= end; from += 4, to += 4) target.setInt32(to, source.getInt32(from, true), true);
    for (; from < end; from++, to++) target.setUint8(to, source.getUint8(from));
  }

  #look(u8: Uint8Array): DataView {
    if (u8 !== this.#source) {
      this.#source = u8;
      this.#sourceView = new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
    }
    return this.#sourceView;
  }
}
