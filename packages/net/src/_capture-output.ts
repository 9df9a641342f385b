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
  #at = 0;
  readonly #sink: ByteSink;
  // The array that the buffer is a part of, where copies are the platform's own, and the buffer's place in it.
  readonly #home: Uint8Array | undefined;
  readonly #base: number;
  // The array that frames came from last, seen as words: nearly always the one memory.
  #source: Uint8Array;
  #sourceView: DataView;

  /** @param within a place of `bufferBytes` bytes in the array that frames come from; default an array of its own */
  constructor(sink: ByteSink, bufferBytes: number, within?: PlaceInArray) {
    this.#sink = sink;
    this.bytes =
      within === undefined ? new Uint8Array(bufferBytes) : within.u8.subarray(within.at, within.at + bufferBytes);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, bufferBytes);
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
   * Appends records of short frames, from number `i` on, by a loop that calls nothing. Stops at a frame that is long, or has
   * no room, or holds eight bytes that read as NaN, and returns its number.
   *
   * Frames are copied as float64. The language keeps all of these as they are but for NaNs, whose bits it may change; a sum
   * tells whether there was one.
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
    const longest = Math.min(most, SHORT_FRAME_BYTES);
    const last = target.byteLength - RECORD_HEADER_BYTES - longest;
    let to = this.#at;
    for (; i < n; i++) {
      const length = lengths[i] | 0;
      if (length > longest || to > last) break;
      let from = at[i] | 0;
      let copy = (to + RECORD_HEADER_BYTES) | 0;
      const end = (from + length) | 0;
      let sum = 0;
      for (const stop = (end - 31) | 0; from < stop; ) {
        const a = source.getFloat64(from, true);
        const b = source.getFloat64(from + 8, true);
        const c = source.getFloat64(from + 16, true);
        const d = source.getFloat64(from + 24, true);
        target.setFloat64(copy, a, true);
        target.setFloat64(copy + 8, b, true);
        target.setFloat64(copy + 16, c, true);
        target.setFloat64(copy + 24, d, true);
        sum += a + b + (c + d);
        from = (from + 32) | 0;
        copy = (copy + 32) | 0;
      }
      // Not 0 where any was no number; or infinite, which is as well done in the other way.
      if (sum - sum !== 0) break;
      for (const stop = (end - 3) | 0; from < stop; from = (from + 4) | 0, copy = (copy + 4) | 0) {
        target.setInt32(copy, source.getInt32(from, true), true);
      }
      for (; from < end; from = (from + 1) | 0, copy = (copy + 1) | 0) target.setUint8(copy, source.getUint8(from));
      target.setInt32(to, first, true);
      target.setInt32(to + 4, second, true);
      target.setInt32(to + 8, length, true);
      target.setInt32(to + 12, length, true);
      to = copy;
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
