import type { ByteSource } from './byte-stream.ts';

/** A moving window over a byte source: the unread bytes are `bytes[at]` up to `bytes[end]`. */
export class CaptureInput {
  bytes: Uint8Array;
  view: DataView;
  at = 0;
  end = 0;
  readonly #source: ByteSource;
  // The place of bytes[0] in the source, in bytes.
  #base = 0;

  constructor(source: ByteSource, bufferBytes: number) {
    this.#source = source;
    this.bytes = new Uint8Array(bufferBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** The place of the next unread byte in the source. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** How many unread bytes are here. */
  get available(): number {
    return this.end - this.at;
  }

  /**
   * Sees to it that at least `bytes` unread bytes are here; `at` may move, and `bytes` and `view` be others afterwards.
   *
   * @returns false when the source ended before; what there was is here then
   */
  need(bytes: number): boolean {
    while (this.end - this.at < bytes) {
      if (this.at + bytes > this.bytes.length) this.#makeRoom(bytes);
      const room = this.bytes.length - this.end;
      const got = Math.min(this.#source.read(this.bytes.subarray(this.end)), room);
      if (!(got > 0)) return false;
      this.end += got;
    }
    return true;
  }

  /**
   * Passes over bytes without keeping them.
   *
   * @returns false when the source ended before
   */
  skip(bytes: number): boolean {
    let left = bytes;
    while (left > this.end - this.at) {
      left -= this.end - this.at;
      this.#base += this.end;
      this.at = 0;
      this.end = 0;
      if (!this.need(1)) return false;
    }
    this.at += left;
    return true;
  }

  #makeRoom(bytes: number): void {
    const unread = this.end - this.at;
    // A length in a damaged file may be a lie, so the buffer only doubles, and only when it is full.
    if (bytes > this.bytes.length && unread === this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.bytes.copyWithin(0, this.at, this.end);
    this.#base += this.at;
    this.at = 0;
    this.end = unread;
  }
}
