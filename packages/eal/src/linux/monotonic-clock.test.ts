import { hrtime } from 'node:process';
import { describe, expect, it } from 'vitest';
import { platformEnvironment, readClock } from '../environment.ts';
import { monotonicClock } from './monotonic-clock.ts';
import { noSystemCalls } from './system-calls.ts';

const missing = noSystemCalls();
const skipped = missing === undefined ? '' : ` (skipped: ${missing.message})`;

describe.skipIf(missing !== undefined)(`the clock of Linux${skipped}`, () => {
  const environment = { ...platformEnvironment(), ...monotonicClock() };

  it('is the one that Node reads, in nanoseconds', () => {
    const before = Number(hrtime.bigint());
    const time = environment.now();
    const after = Number(hrtime.bigint());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
  });

  it('tells the same when it is read into an array, and goes forward', () => {
    const into = new Float64Array(2).fill(-1);
    let last = environment.now();
    for (let i = 0; i < 1000; i++) {
      readClock(environment, into);
      expect(into[0]).toBeGreaterThanOrEqual(last);
      last = environment.now();
      expect(last).toBeGreaterThanOrEqual(into[0]);
    }
    expect(into[1]).toBe(-1);
  });
});

describe('a clock that can only be asked', () => {
  it('is asked', () => {
    const into = new Float64Array(1);
    readClock({ ...platformEnvironment(), now: () => 42.5 }, into);
    expect(into[0]).toBe(42.5);
  });
});
