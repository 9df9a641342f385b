import { describe, expect, it } from 'vitest';
import { pagedDma } from './paged-dma.ts';

const MIB = 1 << 20;

describe('bus addresses by pages of 2 MiB', () => {
  const places = new Map([
    [0x800, 4 * MIB],
    [0x801, 6 * MIB],
    [0x802, 2 * MIB],
    [0x12_345, 8 * MIB],
  ]);
  const dma = pagedDma({ position: (number) => places.get(number) ?? 0 });

  it('finds a byte of a page', () => {
    expect(dma.position(1, 0, 16)).toBe(4 * MIB);
    expect(dma.position(1, 0x1234, 1500)).toBe(4 * MIB + 0x1234);
    expect(dma.position(0x24, 0x68a0_0010, 16)).toBe(8 * MIB + 16);
  });

  it('takes what spans pages only where they lie in order', () => {
    expect(dma.position(1, 2 * MIB - 8, 8)).toBe(6 * MIB - 8);
    expect(dma.position(1, 2 * MIB - 8, 9)).toBe(6 * MIB - 8);
    expect(dma.position(1, 4 * MIB - 8, 9)).toBe(0);
  });

  it('has nothing elsewhere', () => {
    expect(dma.position(0, 0, 0)).toBe(0);
    expect(dma.position(0xffff_ffff, 0xffff_ffff, 1)).toBe(0);
    expect(dma.position(1, 6 * MIB, 1)).toBe(0);
    expect(dma.position(0x24, 0x68c0_0000 - 1, 2)).toBe(0);
  });
});
