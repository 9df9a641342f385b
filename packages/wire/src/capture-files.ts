import { SetupError } from '@inline-ipsec/eal/errors';
import type { ByteSink, ByteSource } from '@inline-ipsec/net/pcap';

/**
 * Where capture files are, seen from portable code: on Node they are files (`@inline-ipsec/wire/pcap-file`), in a browser or
 * a test they are bytes in memory ({@link MemoryCaptureFiles}).
 */

/** An open file to read from. */
export interface CaptureSource extends ByteSource {
  close?(): void;
}

/** An open file to write to. */
export interface CaptureTarget extends ByteSink {
  close?(): void;
}

/** What opens capture files by their paths. */
export interface CaptureFiles {
  /**
   * Opens a file to read it.
   *
   * @throws SetupError `ERR_CAPTURE_FILE` with the path in its message; `ERR_CAPTURE_SAME_FILE` when it is being written
   */
  read(path: string): CaptureSource;
  /**
   * Opens a file to write it anew.
   *
   * @throws SetupError `ERR_CAPTURE_FILE`; `ERR_CAPTURE_SAME_FILE` when it is being read or written: the file is left as it is
   */
  write(path: string): CaptureTarget;
}

/** Capture files that are bytes in memory. */
export class MemoryCaptureFiles implements CaptureFiles {
  /** The files by path: put there what is to be read, find there what was written. */
  readonly files: Map<string, Uint8Array> = new Map();
  readonly #writing = new Set<string>();
  readonly #reading = new Map<string, number>();

  read(path: string): CaptureSource {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw captureFileError(path, 'ENOENT', 'is not there');
    if (this.#writing.has(path)) throw sameFileError(path);
    this.#reading.set(path, (this.#reading.get(path) ?? 0) + 1);
    let at = 0;
    let open = true;
    return {
      read: (into) => {
        const piece = bytes.subarray(at, at + into.length);
        into.set(piece);
        at += piece.length;
        return piece.length;
      },
      close: () => {
        if (open) this.#reading.set(path, (this.#reading.get(path) ?? 1) - 1);
        open = false;
      },
    };
  }

  write(path: string): CaptureTarget {
    if (this.#writing.has(path) || (this.#reading.get(path) ?? 0) > 0) throw sameFileError(path);
    this.#writing.add(path);
    this.files.set(path, new Uint8Array(0));
    return {
      write: (bytes) => {
        const before = this.files.get(path) ?? new Uint8Array(0);
        const all = new Uint8Array(before.length + bytes.length);
        all.set(before);
        all.set(bytes, before.length);
        this.files.set(path, all);
      },
      close: () => {
        this.#writing.delete(path);
      },
    };
  }
}

/** The error of a capture file that cannot be opened. */
export function captureFileError(
  path: string,
  errno: 'ENOENT' | 'EACCES' | 'EINVAL' | 'EIO',
  what: string,
): SetupError {
  return new SetupError({ code: 'ERR_CAPTURE_FILE', errno, message: `capture file ${path} ${what}` });
}

/** The error of a file that would be overwritten while it is read, or written by two. */
export function sameFileError(path: string): SetupError {
  return new SetupError({
    code: 'ERR_CAPTURE_SAME_FILE',
    errno: 'EBUSY',
    message: `capture file ${path} is in use by another wire or queue already, and one of them writes it`,
    remedy: 'give tx_pcap a file of its own',
  });
}
