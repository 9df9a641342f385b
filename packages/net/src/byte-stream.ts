/** Where bytes come from and go to, without any operating system: files, sockets and memory all fit. */

/** Bytes to be read, in order, by a caller that waits for them. */
export interface ByteSource {
  /**
   * Fills a beginning of `into`.
   *
   * @returns how many bytes; 0 only at the end, for ever after
   */
  read(into: Uint8Array): number;
}

/** A place that takes bytes in order. */
export interface ByteSink {
  /** Takes all of `bytes` before it returns; they are the caller's again afterwards. Throws when it cannot. */
  write(bytes: Uint8Array): void;
}

/**
 * Bytes in memory as a source.
 *
 * @param atOnce the most bytes that one read gives; a small number plays a slow pipe
 */
export function bytesSource(bytes: Uint8Array, atOnce: number = bytes.length): ByteSource {
  let at = 0;
  return {
    read: (into) => {
      const piece = bytes.subarray(at, at + Math.min(into.length, atOnce));
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  };
}

/** A sink that keeps what it was given. */
export class BytesSink implements ByteSink {
  readonly #pieces: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes.slice());
  }

  /** All bytes so far, as a copy. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}
