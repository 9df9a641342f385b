import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplayWindow, REPLAY_WINDOW_MAX, replayCheck, replayTop, replayTrack } from './replay-window.ts';

const LAST = 0xffffffff;

function window(packets: number) {
  const memory = Memory.create({ bytes: 0x100000 });
  const { position } = createReplayWindow(memory, 'window', packets);
  return {
    check: (sequence: number) => replayCheck(memory, position, sequence),
    track: (sequence: number) => replayTrack(memory, position, sequence),
    top: () => replayTop(memory, position),
  };
}

/** The same, remembered number by number. */
class Model {
  readonly seen = new Set<number>();
  top = 0;
  readonly packets: number;
  constructor(packets: number) {
    this.packets = packets;
  }
  accepts(sequence: number): boolean {
    return sequence !== 0 && !this.seen.has(sequence) && sequence + this.packets >= this.top;
  }
  track(sequence: number): boolean {
    if (!this.accepts(sequence)) return false;
    this.seen.add(sequence);
    this.top = Math.max(this.top, sequence);
    return true;
  }
}

describe('the replay window', () => {
  it('accepts each number once, and number 0 never', () => {
    const { check, track } = window(64);
    expect(check(0)).toBe(false);
    expect(track(0)).toBe(false);
    expect(track(1)).toBe(true);
    expect(check(1)).toBe(false);
    expect(track(1)).toBe(false);
    expect(track(2)).toBe(true);
  });

  it('changes nothing when it only checks', () => {
    const { check, track, top } = window(64);
    expect(check(1000)).toBe(true);
    expect(check(1000)).toBe(true);
    expect(top()).toBe(0);
    expect(track(1)).toBe(true);
  });

  it('takes what is late within its size, and refuses what is older', () => {
    const { track } = window(32);
    expect(track(100)).toBe(true);
    expect(track(68)).toBe(true);
    expect(track(67)).toBe(false);
    expect(track(69)).toBe(true);
  });

  it('goes up to the last number there is', () => {
    const { track, top } = window(128);
    expect(track(LAST - 1)).toBe(true);
    expect(track(LAST)).toBe(true);
    expect(track(LAST)).toBe(false);
    expect(track(LAST - 128)).toBe(true);
    expect(track(LAST - 129)).toBe(false);
    expect(track(1)).toBe(false);
    expect(top()).toBe(LAST);
  });

  it.each([0, -1, 1.5, REPLAY_WINDOW_MAX + 1, Number.NaN])('cannot have size %s', (packets) => {
    expect(() => window(packets)).toThrow(expect.objectContaining({ code: 'ERR_REPLAY_WINDOW', errno: 'EINVAL' }));
  });

  it('gives the verdicts of a set of all numbers seen, whatever the size, the order and the jumps', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -70, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
      { weight: 1, arbitrary: fc.integer({ min: -LAST, max: LAST }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.oneof(fc.constant(1), fc.integer({ min: 1, max: LAST }), fc.constant(LAST - 100)),
        fc.array(step, { maxLength: 300 }),
        (packets, start, steps) => {
          const real = window(packets);
          const model = new Model(packets);
          let sequence = start;
          for (const by of steps) {
            sequence = Math.min(LAST, Math.max(0, sequence + by));
            expect(real.check(sequence)).toBe(model.accepts(sequence));
            expect(real.track(sequence)).toBe(model.track(sequence));
            expect(real.top()).toBe(model.top);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
