import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TickClock } from './_tick-clock.ts';

const u32 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff));

/** What the ticks say, by arithmetic without limits. */
function model(resolution: number, hi: number, lo: number): { seconds: bigint; nanoseconds: bigint } {
  const ticks = (BigInt(hi) << 32n) | BigInt(lo);
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
  return { seconds: ticks / perSecond, nanoseconds: ((ticks % perSecond) * 1_000_000_000n) / perSecond };
}

describe('ticks', () => {
  it.each([...Array.from({ length: 31 }, (_, i) => i), ...Array.from({ length: 65 }, (_, i) => 0x80 | i)])(
    'of if_tsresol %i are exact seconds and nanoseconds',
    (resolution) => {
      const clock = new TickClock(resolution, 0);
      fc.assert(
        fc.property(u32, u32, (hi, lo) => {
          const { seconds, nanoseconds } = model(resolution, hi, lo);
          clock.convert(hi | 0, lo | 0);
          // Seconds beyond 2^53 are no times; they are as near as a number can be.
          if (seconds <= BigInt(Number.MAX_SAFE_INTEGER)) expect(BigInt(clock.seconds)).toBe(seconds);
          else expect(Number(seconds) / clock.seconds).toBeCloseTo(1, 14);
          expect(BigInt(clock.nanoseconds)).toBe(nanoseconds);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('of any other resolution stay in range', () => {
    for (const resolution of [65, 100, 127, 0x80 | 65, 0x80 | 100, 0xff]) {
      const clock = new TickClock(resolution, 0);
      clock.convert(-1, -1);
      expect(clock.seconds).toBe(0);
      expect(clock.nanoseconds).toBeGreaterThanOrEqual(0);
      expect(clock.nanoseconds).toBeLessThan(1e9);
    }
  });

  it('have the offset added in seconds', () => {
    const clock = new TickClock(9, -3600);
    clock.convert(0x17a2b3c4, 0xd5e6f708 | 0);
    const { seconds, nanoseconds } = model(9, 0x17a2b3c4, 0xd5e6f708);
    expect([BigInt(clock.seconds), BigInt(clock.nanoseconds)]).toEqual([seconds - 3600n, nanoseconds]);
  });
});
