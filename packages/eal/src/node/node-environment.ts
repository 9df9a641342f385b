import { randomFillSync } from 'node:crypto';
import { writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Environment } from '../environment.ts';

/** The environment of a Node process: its high-resolution clock, its random source, its two streams, unbuffered. */
export function nodeEnvironment(): Environment {
  return {
    now: () => performance.now() * 1e6,
    wallClock: () => Date.now(),
    random: (into) => {
      // Memory that threads share cannot be filled directly on every platform.
      into.set(randomFillSync(new Uint8Array(into.length)));
    },
    write: (stream, text) => {
      writeAll(stream === 'stdout' ? 1 : 2, text);
    },
    processors: availableParallelism(),
  };
}

const RETRY_MILLISECONDS = 1;

/** A pipe whose reader is slow answers EAGAIN, and one whose reader is gone EPIPE: the first waits, the second is nobody's loss. */
function writeAll(descriptor: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS);
    }
  }
}
