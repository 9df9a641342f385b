import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { swap32 } from './byte-order.ts';

describe('swap32', () => {
  it('turns the bytes of a word round', () => {
    expect(swap32(0x01020304)).toBe(0x04030201);
    expect(swap32(0x80)).toBe(-0x8000_0000);
    expect(swap32(0xff000000)).toBe(0xff);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => swap32(swap32(value)) >>> 0 === value));
  });
});
