import type { Environment } from '../environment.ts';
import { CLOCK_MONOTONIC, noSystemCalls, systemCalls } from './system-calls.ts';

/** Bytes of a struct timespec: seconds and nanoseconds, 64 bits each, lower halves first. */
const TIMESPEC = 16;
const SECONDS = 0;
const NANOSECONDS = 2;

/**
 * The clock CLOCK_MONOTONIC (clock_gettime(2)): the same for all threads of the machine, and read without a trace on the
 * heap by `readClock`. Node's own clocks leave 16 bytes each time, which add up to a collection of garbage every few
 * milliseconds on a thread that polls.
 *
 * @returns what an environment on Linux has instead of Node's clock; nothing where there are no system calls
 */
export function monotonicClock(): Partial<Pick<Environment, 'now' | 'readClock'>> {
  if (noSystemCalls() !== undefined) return {};
  const { addressOf, clockGettime } = systemCalls();
  const bytes = new Uint8Array(TIMESPEC);
  const words = new Uint32Array(bytes.buffer);
  const address = addressOf(bytes);
  return {
    now: () => {
      clockGettime(CLOCK_MONOTONIC, address);
      return words[SECONDS] * 1e9 + words[NANOSECONDS];
    },
    readClock: (into) => {
      clockGettime(CLOCK_MONOTONIC, address);
      into[0] = words[SECONDS] * 1e9 + words[NANOSECONDS];
    },
  };
}
