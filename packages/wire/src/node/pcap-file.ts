import { closeSync, fstatSync, openSync, readSync, type Stats, statSync, writeSync } from 'node:fs';
import {
  type CaptureFiles,
  type CaptureSource,
  type CaptureTarget,
  captureFileError,
  sameFileError,
} from '../capture-files.ts';
import { pcapWireKind } from '../pcap-wire.ts';
import type { WireKind } from '../wire.ts';

/**
 * Capture files of the operating system. They are read and written in the caller's thread, in large pieces.
 *
 * Two names of one file (a link, another way of writing its path) are known to be one; devices and pipes, such as /dev/null,
 * may be used as often as wanted.
 */
export class NodeCaptureFiles implements CaptureFiles {
  readonly #readers = new Map<string, number>();
  readonly #writers = new Set<string>();

  read(path: string): CaptureSource {
    const descriptor = open(path, 'r');
    const stats = fstatSync(descriptor);
    const identity = identityOf(stats);
    try {
      if (stats.isDirectory()) throw captureFileError(path, 'EINVAL', 'is a directory');
      if (identity !== undefined && this.#writers.has(identity)) throw sameFileError(path);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    if (identity !== undefined) this.#readers.set(identity, (this.#readers.get(identity) ?? 0) + 1);
    let isOpen = true;
    return {
      read: (into) => (isOpen ? readSync(descriptor, into) : 0),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        if (identity !== undefined) this.#readers.set(identity, (this.#readers.get(identity) ?? 1) - 1);
        closeSync(descriptor);
      },
    };
  }

  write(path: string): CaptureTarget {
    // Opening for writing empties the file, so it is looked at before.
    const before = identityOf(statSync(path, { throwIfNoEntry: false }));
    if (before !== undefined && (this.#writers.has(before) || (this.#readers.get(before) ?? 0) > 0)) {
      throw sameFileError(path);
    }
    const descriptor = open(path, 'w');
    const identity = identityOf(fstatSync(descriptor));
    if (identity !== undefined) this.#writers.add(identity);
    let isOpen = true;
    return {
      write: (bytes) => {
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        if (identity !== undefined) this.#writers.delete(identity);
        closeSync(descriptor);
      },
    };
  }
}

/**
 * The kind of wire that `wire=pcap` names, over files of the operating system.
 *
 * @param files share one between all that opens capture files, so that no two use one file against each other
 */
export function pcapFileWireKind(files: NodeCaptureFiles = new NodeCaptureFiles()): WireKind {
  return pcapWireKind(files);
}

/** What tells a regular file from all others; undefined for what is none. */
function identityOf(stats: Stats | undefined): string | undefined {
  return stats?.isFile() === true ? `${stats.dev}:${stats.ino}` : undefined;
}

function open(path: string, flags: 'r' | 'w'): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { code } = error as { code?: string };
    switch (code) {
      case 'ENOENT':
        throw captureFileError(path, 'ENOENT', flags === 'r' ? 'is not there' : 'has no folder to be written into');
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        throw captureFileError(path, 'EACCES', flags === 'r' ? 'may not be read' : 'may not be written');
      case 'EISDIR':
        throw captureFileError(path, 'EINVAL', 'is a directory');
      default:
        throw captureFileError(path, 'EIO', `cannot be opened (${code ?? error})`);
    }
  }
}
