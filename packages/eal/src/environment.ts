/**
 * All that the code takes from the world around it: time, randomness and somewhere to write. Whoever starts it gives
 * it one, so that every run can be replayed. Nothing below the applications asks the platform directly.
 */
export interface Environment {
  /** Monotonic time in nanoseconds, from any origin (DPDK: `rte_rdtsc` over `rte_get_tsc_hz`). */
  now(): number;
  /**
   * Writes what {@link Environment.now} would give to `into[0]`, and leaves nothing on the heap, as a number that is returned
   * may. Left out where the platform has no such clock; {@link readClock} works with any.
   */
  readClock?(into: Float64Array): void;
  /** Time of day in milliseconds since 1970 (UTC); for time stamps in files only. */
  wallClock(): number;
  /** Fills `into` with bytes fit for keys (DPDK has none; the gateway takes it for salts). */
  random(into: Uint8Array): void;
  /** Writes text, line ends included, to one of the two streams of a program. */
  write(stream: 'stdout' | 'stderr', text: string): void;
  /** How many processors lcores can run on, numbered from 0. Left out where nobody knows. */
  readonly processors?: number | undefined;
}

/** Writes the time in nanoseconds to `into[0]`: for whoever looks at the clock in every round of a loop. */
export function readClock(environment: Environment, into: Float64Array): void {
  if (environment.readClock === undefined) into[0] = environment.now();
  else environment.readClock(into);
}

declare const performance: { now(): number };
declare const crypto: { getRandomValues<T extends Uint8Array>(into: T): T };

/** What `getRandomValues` gives at most in one call. */
const RANDOM_QUOTA = 65_536;

/** The environment of any modern JavaScript platform: `performance`, `crypto`, and a writer that the caller gives. */
export function platformEnvironment(write: Environment['write'] = () => {}): Environment {
  return {
    now: () => performance.now() * 1e6,
    wallClock: () => Date.now(),
    random: (into) => {
      // Memory that threads share cannot be filled directly.
      const fresh = new Uint8Array(into.length);
      for (let at = 0; at < fresh.length; at += RANDOM_QUOTA) {
        crypto.getRandomValues(fresh.subarray(at, at + RANDOM_QUOTA));
      }
      into.set(fresh);
    },
    write,
  };
}

/** An environment in which time passes only when it is told to, and chance is decided by a seed. */
export interface SimulatedEnvironment extends Environment {
  /** Lets `nanoseconds` pass. */
  advance(nanoseconds: number): void;
  /** What was written so far, by stream. */
  readonly written: { stdout: string; stderr: string };
}

/**
 * Makes a {@link SimulatedEnvironment}. Its randomness is a 32-bit xorshift: the same for the same seed, and not for keys.
 *
 * @param seed any number but 0
 * @param wallClock the time of day at its beginning, in milliseconds since 1970
 */
export function simulatedEnvironment(seed = 1, wallClock = 0): SimulatedEnvironment {
  let passed = 0;
  let state = seed >>> 0 || 1;
  const written = { stdout: '', stderr: '' };
  return {
    now: () => passed,
    wallClock: () => wallClock + passed / 1e6,
    random: (into) => {
      for (let i = 0; i < into.length; i++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        into[i] = state >>> 8;
      }
    },
    write: (stream, text) => {
      written[stream] += text;
    },
    advance: (nanoseconds) => {
      passed += nanoseconds;
    },
    written,
  };
}
