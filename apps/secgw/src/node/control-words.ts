import { writeSync } from 'node:fs';

/**
 * What the main thread and the thread of the lcores tell each other while packets flow: a few words that both see, apart
 * from the memory of the data path, because a thread can sleep on shared words only.
 *
 * Each word has one writer.
 */

/** Why polling ends: the number of a signal (main thread). */
const STOP = 0;
/** A descriptor to wake the sleeper by, plus 1 (lcore thread); 0: it sleeps on {@link STOP}. */
const WAKER = 1;
/** The exit status (lcore thread). */
const STATUS = 2;
const WORDS = 3;

/** Polling may end, and no signal is the reason: all input is used up. */
export const STOP_IDLE = -1;

/** The words, seen from either thread. */
export class ControlWords {
  /** To be posted to the other thread. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Why polling shall end: a signal's number, {@link STOP_IDLE}, or 0 while it shall not. */
  get stop(): number {
    return Atomics.load(this.#words, STOP);
  }

  /** Asks the lcores to end, and wakes them if they sleep. The first reason counts. */
  requestStop(reason: number): void {
    if (Atomics.compareExchange(this.#words, STOP, 0, reason) !== 0) return;
    Atomics.notify(this.#words, STOP);
    const waker = Atomics.load(this.#words, WAKER) - 1;
    if (waker >= 0) writeSync(waker, new BigUint64Array([1n]));
  }

  /** Sleeps until it shall stop, at most so long. Not for the main thread. */
  waitForStop(milliseconds: number = Number.POSITIVE_INFINITY): void {
    Atomics.wait(this.#words, STOP, 0, milliseconds);
  }

  /** From now on the sleeper waits for this descriptor of eventfd(2), and not in {@link waitForStop}. */
  setWaker(descriptor: number): void {
    Atomics.store(this.#words, WAKER, descriptor + 1);
  }

  /** What the process shall end with. */
  get status(): number {
    return Atomics.load(this.#words, STATUS);
  }

  set status(status: number) {
    Atomics.store(this.#words, STATUS, status);
  }
}
