import { type Environment, readClock } from '@inline-ipsec/eal/environment';
import { PACE_BACKLOG, type Schedule } from './pacer.ts';

const NOW = 0;
const START = 1;
const GONE = 2;
const DUE = 3;
const MISSED = 4;

/** The schedule that a capture has itself: each frame falls due when it came, counted from the first one. */
export class CapturePacer implements Schedule {
  readonly #environment: Environment;
  readonly #times: Float64Array;
  // Numbers beyond 32 bits: as fields they could be allocated anew with every change.
  readonly #state = new Float64Array([0, -1, 0, 0, 0]);
  available = 0;

  /** @param times when each frame came, in nanoseconds. One that came before the one in front of it comes with that one */
  constructor(environment: Environment, times: readonly number[]) {
    this.#environment = environment;
    let last = 0;
    this.#times = Float64Array.from(times, (time) => {
      last = Math.max(last, time - times[0]);
      return last;
    });
  }

  get missed(): number {
    return this.#state[MISSED];
  }

  get over(): boolean {
    return this.#state[GONE] >= this.#times.length;
  }

  poll(): number {
    const state = this.#state;
    const times = this.#times;
    readClock(this.#environment, state);
    if (state[START] < 0) state[START] = state[NOW];
    const elapsed = state[NOW] - state[START];
    let due = state[DUE];
    while (due < times.length && times[due] <= elapsed) due++;
    state[DUE] = due;
    const late = due - state[GONE] - PACE_BACKLOG;
    this.available = late > 0 ? PACE_BACKLOG : due - state[GONE];
    if (late <= 0) return 0;
    state[GONE] += late;
    state[MISSED] += late;
    return late;
  }

  take(count: number): void {
    this.#state[GONE] += count;
    this.available -= count;
  }
}
