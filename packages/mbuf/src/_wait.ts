/**
 * Waiting for another thread that has claimed before and not published yet. That takes it less than a microsecond,
 * unless the system has taken its core away: then whoever waits lets go of its own, so that the other gets one.
 */

/** About 10 µs. */
const SPINS = 1000;
const NAP_MS = 0.05;

// Nobody ever writes to it. It is no part of the segment, as a thread cannot sleep on foreign memory.
const nobody = typeof SharedArrayBuffer === 'undefined' ? undefined : new Int32Array(new SharedArrayBuffer(4));
let canSleep = nobody !== undefined;

/** Returns when the word has the value. */
export function waitUntilEqual(i32: Int32Array, word: number, value: number): void {
  for (let spins = 1; Atomics.load(i32, word) !== value; spins++) if (spins % SPINS === 0) nap();
}

/**
 * Returns the head of one side of a ring once nobody has a claim there, that is, once its tail, the next word, is equal.
 * It stays so until the head moves.
 */
export function waitForTurn(i32: Int32Array, headWord: number): number {
  for (let spins = 1; ; spins++) {
    const head = Atomics.load(i32, headWord);
    if (Atomics.load(i32, headWord + 1) === head) return head;
    if (spins % SPINS === 0) nap();
  }
}

function nap(): void {
  if (!canSleep || nobody === undefined) return;
  try {
    Atomics.wait(nobody, 0, 0, NAP_MS);
  } catch {
    // The main thread of a browser may not sleep.
    canSleep = false;
  }
}
