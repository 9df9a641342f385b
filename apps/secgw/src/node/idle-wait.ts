import {
  noSystemCalls,
  O_CLOEXEC,
  O_NONBLOCK,
  pollList,
  type SystemCalls,
  systemCalls,
} from '@inline-ipsec/eal/linux/system-calls';
import type { Wire } from '@inline-ipsec/wire/wire';
import type { ControlWords } from './control-words.ts';

/**
 * How a thread sleeps that polls wires and has found nothing. Wires with a descriptor wake it, and so does the main thread
 * when it is to stop. A wire without one that may still give something, such as a capture that is played at a pace, is
 * looked after by the clock: naps that grow from the shortest to the longest, over and over until packets come.
 */

/** In milliseconds. */
const SHORTEST_NAP = 0.05;
const LONGEST_NAP = 1;
/** Nothing is waited for but the end, and whoever must end this thread without asking it is kept waiting so long. */
const SLEEP = 100;

export class IdleWait {
  readonly #control: ControlWords;
  /** Wires that nothing wakes this thread for. */
  readonly #silent: readonly Wire[];
  readonly #calls: SystemCalls | undefined;
  readonly #list: Int32Array;
  #nap = SHORTEST_NAP;
  /** The last sleep ended by a descriptor. If nothing came from it all the same, it may be ready for good. */
  #alarmed = false;

  constructor(wires: readonly Wire[], control: ControlWords) {
    const descriptors = wires.flatMap(({ descriptor }) => (descriptor === undefined ? [] : [descriptor]));
    this.#control = control;
    this.#calls = descriptors.length > 0 && noSystemCalls() === undefined ? systemCalls() : undefined;
    this.#silent = this.#calls === undefined ? wires : wires.filter(({ descriptor }) => descriptor === undefined);
    const waker = this.#calls?.eventfd(0, O_NONBLOCK | O_CLOEXEC) ?? -1;
    // It stays open to the end of the process: the main thread may write to it at any time.
    if (waker >= 0) {
      descriptors.push(waker);
      control.setWaker(waker);
    }
    this.#list = pollList(descriptors);
  }

  /** Packets came: naps are short again. */
  reset(): void {
    this.#nap = SHORTEST_NAP;
    this.#alarmed = false;
  }

  /** Sleeps a while, less when there is something to wake up for. */
  sleep(): void {
    const calls = this.#alarmed ? undefined : this.#calls;
    const nap = this.#alarmed || this.#mustLook();
    this.#alarmed = false;
    if (calls === undefined) this.#control.waitForStop(nap ? this.#nap : SLEEP);
    // A stop that came before the waker was known is seen here; one that comes from now on wakes.
    else if (this.#control.stop === 0) this.#alarmed = this.#poll(calls, nap ? Math.ceil(this.#nap) : SLEEP);
    if (nap) this.#nap = Math.min(2 * this.#nap, LONGEST_NAP);
  }

  #poll(calls: SystemCalls, milliseconds: number): boolean {
    return calls.poll(this.#list, this.#list.length / 2, milliseconds) > 0;
  }

  #mustLook(): boolean {
    for (let i = 0; i < this.#silent.length; i++) if (!this.#silent[i].done) return true;
    return false;
  }
}
