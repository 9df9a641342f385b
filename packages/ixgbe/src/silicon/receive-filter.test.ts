import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RXD_STAT_PIF } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { SecuredCard } from '../testing/secured-card.ts';

/** The 12 bits of an address that a hash table is looked up by: from bit 36, 35, 34 or 32 of its 48 on. */
function hashOf(address: Uint8Array, offset: number): number {
  const last = address[4] | (address[5] << 8);
  return (last >> [4, 3, 2, 0][offset]) & 0xfff;
}

function to(address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(60).fill(9);
  frame.set(address);
  return frame;
}

describe('the hash tables of addresses', () => {
  it('take what their bit says, for groups and for single stations, with each of the four offsets', () => {
    const bench = new SecuredCard();
    const { card } = bench;
    const address = fc.uint8Array({ minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(address, address, fc.integer({ min: 0, max: 3 }), fc.boolean(), (a, b, offset, group) => {
        for (const bytes of [a, b]) bytes[0] = (bytes[0] & 0xfe) | (group ? 1 : 0);
        fc.pre(a.some((byte) => byte !== 0xff) && b.some((byte) => byte !== 0xff));
        const table = group ? reg.mta : reg.uta;
        const other = group ? reg.uta : reg.mta;
        const hash = hashOf(a, offset);
        card.write(table(hash >> 5), (1 << (hash & 31)) >>> 0);
        card.write(REG.MCSTCTRL, field.MCSTCTRL_MFE | offset);
        const got = bench.arrive(to(a));
        expect((got?.status ?? 0) & RXD_STAT_PIF).toBe(RXD_STAT_PIF);
        expect(bench.arrive(to(b)) !== undefined).toBe(hashOf(b, offset) === hash);
        card.write(REG.MCSTCTRL, offset);
        expect(bench.arrive(to(a))).toBeUndefined();
        // The other table is for the other kind.
        card.write(table(hash >> 5), 0);
        card.write(other(hash >> 5), (1 << (hash & 31)) >>> 0);
        card.write(REG.MCSTCTRL, field.MCSTCTRL_MFE | offset);
        expect(bench.arrive(to(a))).toBeUndefined();
        card.write(other(hash >> 5), 0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('exact addresses', () => {
  it('are 128, by either of the places of the first 16, while AV says so', () => {
    const bench = new SecuredCard();
    for (const i of [1, 15, 16, 127]) {
      const mine = Uint8Array.of(0x06, 1, 2, 3, 4, i);
      expect(bench.arrive(to(mine))).toBeUndefined();
      bench.card.write(i < 16 ? 0x05400 + 8 * i : 0x0a200 + 8 * i, 0x0302_0106);
      bench.card.write(0x0a204 + 8 * i, (0x8000_0004 | (i << 8)) >>> 0);
      expect((bench.arrive(to(mine))?.status ?? RXD_STAT_PIF) & RXD_STAT_PIF).toBe(0);
      bench.card.write(reg.rah(i), 4 | (i << 8));
      expect(bench.arrive(to(mine))).toBeUndefined();
    }
  });

  it('may be of groups too', () => {
    const bench = new SecuredCard();
    bench.card.write(reg.ral(3), 0x005e_0001);
    bench.card.write(reg.rah(3), 0x8000_0100);
    expect(bench.arrive(to(Uint8Array.of(1, 0, 0x5e, 0, 0, 1)))).toBeDefined();
    expect(bench.arrive(to(Uint8Array.of(1, 0, 0x5e, 0, 0, 2)))).toBeUndefined();
  });
});
