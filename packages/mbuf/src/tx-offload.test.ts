import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mbuf } from './cursor.ts';
import { PktmbufPool } from './pktmbuf.ts';
import { packTxOffloadHi, packTxOffloadLo } from './tx-offload.ts';

const bits = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** n - 1 });

describe('header lengths for offloads', () => {
  it('lie in the 64 bits as DPDK has them', () => {
    const property = fc.property(
      bits(7),
      bits(9),
      bits(8),
      bits(16),
      bits(9),
      bits(7),
      (l2, l3, l4, tso, outerL3, outerL2) => {
        const whole =
          BigInt(l2) |
          (BigInt(l3) << 7n) |
          (BigInt(l4) << 16n) |
          (BigInt(tso) << 24n) |
          (BigInt(outerL3) << 40n) |
          (BigInt(outerL2) << 49n);
        expect(packTxOffloadLo(l2, l3, l4, tso)).toBe(Number(whole & 0xffff_ffffn));
        expect(packTxOffloadHi(tso, outerL3, outerL2)).toBe(Number(whole >> 32n));
      },
    );
    fc.assert(property);
  });

  it('are read as they were written', () => {
    const memory = Memory.create({ bytes: 0x40000 });
    const mbuf = new Mbuf(memory).at(PktmbufPool.create(memory, 'pool', { count: 1 }).alloc());
    const lengths = { l2: 127, l3: 511, l4: 255, tsoSegment: 0xabcd, outerL3: 300, outerL2: 99 };
    mbuf.txOffload = lengths;
    expect(mbuf.txOffload).toEqual(lengths);
    mbuf.txOffload = { l2: 14, l3: 40 };
    expect(mbuf.txOffload).toEqual({ l2: 14, l3: 40, l4: 0, tsoSegment: 0, outerL3: 0, outerL2: 0 });
  });
});
