import { type Environment, readClock } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';

/**
 * A fixed offered load: so many frames a second fall due, whether somebody takes them or not. It is what a traffic
 * generator does, and what a capture file by itself does not.
 */

/**
 * Frames that wait on a paced wire before any is lost: what a receive ring of a common length would hold. A poll that comes
 * late by less than this at the given rate loses nothing.
 */
export const PACE_BACKLOG = 1024;

const NOW = 0;
const START = 1;
const GONE = 2;
const MISSED = 3;

/** When the frames of one wire fall due. Time begins with the first {@link Schedule.poll}, not before anybody listens. */
export interface Schedule {
  /** Frames lost because they waited too long. */
  readonly missed: number;
  /** True when no frame will fall due any more. */
  readonly over: boolean;
  /** Frames that can be taken now. */
  readonly available: number;
  /**
   * Looks at the clock. Frames beyond the backlog are lost now: the wire must pass over as many.
   *
   * @returns how many are lost now; {@link available} is right afterwards
   */
  poll(): number;
  /** Says that `count` of the {@link available} frames were taken. */
  take(count: number): void;
}

/** The same time between any two frames, for ever. */
export class Pacer implements Schedule {
  readonly over = false;
  readonly #environment: Environment;
  readonly #perNanosecond: number;
  // Numbers beyond 32 bits: as fields they could be allocated anew with every change.
  readonly #state = new Float64Array([0, -1, 0, 0]);

  /**
   * @param packetsPerSecond more than 0
   * @throws SetupError `ERR_WIRE_PACE` (EINVAL)
   */
  constructor(environment: Environment, packetsPerSecond: number) {
    if (!(packetsPerSecond > 0) || packetsPerSecond > 1e9) {
      throw new SetupError({
        code: 'ERR_WIRE_PACE',
        errno: 'EINVAL',
        message: 'a wire cannot have this pace',
        expected: 'more than 0 and at most 1000000000 packets a second',
        got: String(packetsPerSecond),
      });
    }
    this.#environment = environment;
    this.#perNanosecond = packetsPerSecond / 1e9;
  }

  get missed(): number {
    return this.#state[MISSED];
  }

  poll(): number {
    const state = this.#state;
    readClock(this.#environment, state);
    if (state[START] < 0) state[START] = state[NOW];
    const due = Math.floor((state[NOW] - state[START]) * this.#perNanosecond) + 1;
    const late = due - state[GONE] - PACE_BACKLOG;
    this.available = late > 0 ? PACE_BACKLOG : due - state[GONE];
    if (late <= 0) return 0;
    state[GONE] += late;
    state[MISSED] += late;
    return late;
  }

  available = 0;

  take(count: number): void {
    this.#state[GONE] += count;
    this.available -= count;
  }
}
