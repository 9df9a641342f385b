import type { ByteSink } from './byte-stream.ts';

/** A buffer before a byte sink, and the copy into it that allocates nothing. */
export class CaptureOutput {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #at = 0;
  readonly #sink: ByteSink;
  // The array that frames came from last, seen as words: nearly always the one memory.
  #source: Uint8Array;
  #sourceView: DataView;

  constructor(sink: ByteSink, bufferBytes: number) {
    this.#sink = sink;
    this.bytes = new Uint8Array(bufferBytes);
    this.view = new DataView(this.bytes.buffer);
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

  /** Copies `length` bytes from `u8[from]` to `bytes[to]`, in words: `set` would need a slice for each frame. */
  copy(u8: Uint8Array, from: number, length: number, to: number): void {
    if (u8 !== this.#source) {
      this.#source = u8;
      this.#sourceView = new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
    }
    const source = this.#sourceView;
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
}
