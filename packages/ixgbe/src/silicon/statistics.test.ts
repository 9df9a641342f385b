import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { SecuredCard } from '../testing/secured-card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);

function frame(bytes = 64): Uint8Array {
  const made = new Uint8Array(bytes).fill(9);
  made.set(MAC);
  return made;
}

describe('the width of statistics', () => {
  it('is 36 bits for bytes, of which a carry goes into the upper register, and round', () => {
    const pairs = [
      [REG.GORCL, REG.GORCH, 64],
      [REG.TORL, REG.TORH, 68],
      [REG.GOTCL, REG.GOTCH, 68],
      [reg.qbrcL(0), reg.qbrcH(0), 64],
      [reg.qbtcL(0), reg.qbtcH(0), 64],
    ] as const;
    const bench = new SecuredCard();
    const { card, program } = bench;
    for (const upper of [0, 0xf]) {
      for (const [low, high] of pairs) {
        card.registers[low >> 2] = 0xffff_fff0;
        card.registers[high >> 2] = upper;
      }
      bench.arrive(frame());
      program.send(frame());
      card.step(8);
      for (const [low, high, bytes] of pairs) {
        expect([card.read(low), card.read(high)]).toEqual([bytes - 16, (upper + 1) & 0xf]);
        expect([card.read(low), card.read(high)]).toEqual([0, 0]);
      }
    }
  });

  it('is 32 bits for frames, and round', () => {
    const bench = new SecuredCard();
    const { card, program } = bench;
    const counts = [REG.GPRC, REG.TPR, REG.GPTC, REG.TPT, REG.PRC127, REG.PTC127, reg.qprc(0), reg.qptc(0)];
    for (const offset of counts) card.registers[offset >> 2] = 0xffff_ffff;
    bench.arrive(frame());
    program.send(frame());
    card.step(8);
    expect(counts.map((offset) => card.read(offset))).toEqual(counts.map(() => 0));
  });
});

describe('what is counted', () => {
  it('are frames with a bad checksum of IPv4 or layer 4, once each', () => {
    const bench = new SecuredCard();
    const { card } = bench;
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    const udp = frame(60);
    udp.set(
      [8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0x66, 0xbd, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2, 0, 26, 0, 0],
      12,
    );
    const good = bench.arrive(udp);
    expect((good?.status ?? 0) & (descriptor.RXD_ERR_IPE | descriptor.RXD_ERR_L4E)).toBe(0);
    const header = udp.slice();
    header[22] ^= 1;
    const layer4 = udp.slice();
    layer4[41] = 1;
    bench.arrive(header);
    bench.arrive(layer4);
    expect([card.read(REG.XEC), card.read(REG.XEC)]).toEqual([2, 0]);
    // Without layer 4 most frames are counted in runs.
    card.write(REG.RXCSUM, 0);
    bench.wire.incoming.push(udp, udp, header, udp, header, udp);
    card.step(32);
    expect([card.read(REG.XEC), card.read(REG.GPRC)]).toEqual([2, 9]);
  });

  it('is what leaves, as it leaves: padded, or as short as it is without TXPADEN', () => {
    const bench = new SecuredCard();
    const { card, wire, program } = bench;
    program.send(frame(40));
    card.step(8);
    card.write(REG.HLREG0, card.read(REG.HLREG0) & ~field.HLREG0_TXPADEN);
    program.send(frame(40));
    card.step(8);
    expect(wire.sent.map(({ length }) => length)).toEqual([60, 40]);
    expect([card.read(REG.PTC64), card.read(REG.GOTCL)]).toEqual([2, 108]);
  });
});
