import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyForeignFrame, copyFrame, zeroHeader } from './frame-copy.ts';

const memory = Memory.create({ bytes: 1024 * 1024 });
const { u8, u16, i32, f64 } = memory;
const from = memory.reserve('from', 4096).position + 64;
const to = memory.reserve('to', 4096).position + 64;

describe('copyFrame', () => {
  it('copies exactly the bytes asked for, at any alignment and length', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(7), fc.nat(7), fc.nat(254), (length, a, b, seed) => {
        for (let i = -8; i < length + 8; i++) u8[from + a + i] = (seed + i * 7 + 1) & 0xff;
        u8.fill(0xee, to - 16, to + length + 32);
        copyFrame(u8, u16, i32, to + b, from + a, length);
        expect([...u8.slice(to + b, to + b + length)]).toEqual([...u8.slice(from + a, from + a + length)]);
        expect(u8[to + b - 1]).toBe(0xee);
        expect(u8[to + b + length]).toBe(0xee);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('copyForeignFrame', () => {
  const other = Uint8Array.from({ length: 1024 }, (_, i) => i * 7 + (i >> 8));
  const [view, from] = [new DataView(u8.buffer), new DataView(other.buffer)];

  it('copies exactly the bytes asked for from another array, at any alignment and length', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(620), fc.nat(3), (length, a, b) => {
        u8.fill(0xee, to - 16, to + length + 32);
        copyForeignFrame(view, to + b, from, a, length);
        expect([...u8.slice(to + b, to + b + length)]).toEqual([...other.slice(a, a + length)]);
        expect(u8[to + b - 1]).toBe(0xee);
        expect(u8[to + b + length]).toBe(0xee);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('zeroHeader', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('clears exactly 64 bytes at %i modulo 8', (at) => {
    u8.fill(0xee, to - 16, to + 128);
    zeroHeader(u8, u16, i32, f64, to + at);
    expect(u8.slice(to + at, to + at + 64)).toEqual(new Uint8Array(64));
    expect([u8[to + at - 1], u8[to + at + 64]]).toEqual([0xee, 0xee]);
  });
});
