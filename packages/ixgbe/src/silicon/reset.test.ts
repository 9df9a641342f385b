import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { espFrame } from '../testing/esp-frame.ts';
import { espContext } from '../testing/register-program.ts';
import { SecuredCard } from '../testing/secured-card.ts';

const SA = { key: new Uint8Array(16).fill(7), salt: Uint8Array.of(1, 2, 3, 4) };
const ADDRESS = Uint8Array.of(172, 16, 2, 5);

/** Reads an entry of a receive table back: a command, then its staging registers. */
function readBack({ card }: SecuredCard, table: number, index: number, ...offsets: number[]): number[] {
  card.write(REG.IPSRXIDX, field.IPSRXIDX_READ | (index << 3) | table);
  card.settle();
  return offsets.map((offset) => card.read(offset));
}

describe('a reset', () => {
  it('puts registers, filters, queues and statistics back, and takes the address from the EEPROM again', () => {
    const bench = new SecuredCard();
    const { card } = bench;
    bench.arrive(espFrame({ spi: 9 }));
    card.write(reg.ral(0), 0x1234_5678);
    card.write(reg.mta(3), 5);
    card.write(REG.SW_FW_SYNC, 1);
    expect([card.registers[REG.GPRC >> 2], card.read(reg.rdh(0))]).toEqual([1, 1]);
    for (const bit of [field.CTRL_RST, field.CTRL_LRST]) {
      card.write(REG.CTRL, bit);
      // The bit is there until the card has done it.
      expect(card.read(REG.CTRL)).toBe(bit);
      card.settle();
      expect(card.read(REG.CTRL)).toBe(0);
      const offsets = [reg.ral(0), reg.mta(3), reg.rxdctl(0), reg.rdh(0), REG.GPRC, REG.RXCTRL, REG.DMATXCTL];
      expect(offsets.map((offset) => card.read(offset))).toEqual([2, 0, 0, 0, 0, 0, 0x8100_0000]);
      expect([card.read(REG.SECRXCTRL), card.read(REG.SECTXCTRL), card.read(REG.IPSRXIDX)]).toEqual([1, 1, 0]);
      expect(card.read(REG.EEC) & field.EEC_ARD).toBe(field.EEC_ARD);
      expect(card.read(REG.RDRXCTL) & field.RDRXCTL_DMAIDONE).toBe(field.RDRXCTL_DMAIDONE);
      expect(card.read(REG.LINKS) & field.LINKS_UP).toBe(field.LINKS_UP);
    }
  });

  it('of the link has it come up again, which is a cause; one of the device has not', () => {
    const { card } = new SecuredCard();
    const changed = (bit: number) => {
      card.write(REG.CTRL, bit);
      card.step(1);
      return (card.read(REG.EICR) & field.EICR_LSC) !== 0;
    };
    expect([changed(field.CTRL_RST), changed(field.CTRL_LRST), changed(field.CTRL_RST)]).toEqual([false, true, false]);
  });

  it('loses the frames inside', () => {
    const bench = new SecuredCard();
    bench.wire.room = 0;
    bench.program.send(new Uint8Array(60).fill(2));
    bench.card.step(8);
    expect(bench.card.idle).toBe(false);
    bench.card.write(REG.CTRL, field.CTRL_RST);
    bench.card.settle();
    expect(bench.card.idle).toBe(true);
    bench.wire.room = 9;
    bench.card.step(8);
    expect(bench.wire.sent).toEqual([]);
  });

  it('clears the transmit and the key table, and neither addresses nor SPIs', () => {
    const bench = new SecuredCard();
    bench.program.writeRxSa(3, { spi: 0x0102_0304, address: ADDRESS, ipIndex: 2, ...SA });
    bench.program.writeTxSa(3, SA);
    bench.restart();
    expect(readBack(bench, descriptor.IPSRX_TABLE_IP, 2, reg.ipsrxipaddr(3))).toEqual([0x0502_10ac]);
    expect(readBack(bench, descriptor.IPSRX_TABLE_SPI, 3, REG.IPSRXSPI, REG.IPSRXIPIDX)).toEqual([0x0403_0201, 2]);
    const key = readBack(bench, descriptor.IPSRX_TABLE_KEY, 3, reg.ipsrxkey(0), REG.IPSRXSALT, REG.IPSRXMOD);
    expect(key).toEqual([0, 0, 0]);
    bench.card.write(REG.IPSTXIDX, field.IPSTXIDX_READ | (3 << 3));
    bench.card.settle();
    expect([bench.card.read(reg.ipstxkey(2)), bench.card.read(REG.IPSTXSALT)]).toEqual([0, 0]);
  });

  it('has tables that take no commands for a while, by choice', () => {
    const bench = new SecuredCard({ tableAccessDelay: 10_000 });
    const sa = { spi: 5, address: ADDRESS, ...SA };
    bench.program.writeRxSa(0, sa);
    bench.program.writeTxSa(0, SA);
    expect([bench.card.counter('tableWrites'), bench.card.counter('tableCommandsTooEarly')]).toEqual([0, 4]);
    bench.environment.advance(10_000);
    bench.program.writeRxSa(0, sa);
    bench.program.writeTxSa(0, SA);
    expect([bench.card.counter('tableWrites'), bench.card.counter('tableCommandsTooEarly')]).toEqual([4, 4]);
    expect(() => new SecuredCard({ tableAccessDelay: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_CARD_OPTION' }),
    );
  });
});

describe('a memory error of the security block', () => {
  it('stops its side until the card is reset, and is told by status and cause', () => {
    for (const side of ['transmit', 'receive'] as const) {
      const bench = new SecuredCard();
      const { card, wire, program } = bench;
      card.failSecurityMemory(side);
      expect(card.read(REG.EICR) & field.EICR_ECC).toBe(field.EICR_ECC);
      program.send(new Uint8Array(60).fill(2));
      const got = bench.arrive(espFrame({ spi: 9 }));
      card.step(8);
      expect([got === undefined, wire.sent.length]).toEqual(side === 'transmit' ? [false, 0] : [true, 1]);
      // Bit 2: bit 1 says that a part is fused off.
      expect([card.read(REG.SECTXSTAT) & 6, card.read(REG.SECRXSTAT) & 6]).toEqual(
        side === 'transmit' ? [4, 0] : [0, 4],
      );
      expect(card.counter('securityMemoryErrors')).toBe(1);
      wire.incoming.length = 0;
      bench.restart();
      expect([card.read(REG.SECTXSTAT) & 6, card.read(REG.SECRXSTAT) & 6]).toEqual([0, 0]);
      expect(bench.arrive(espFrame({ spi: 9 }))).toBeDefined();
      bench.program.writeTxSa(0, SA);
      expect(bench.leave(espFrame({ spi: 9 }), espContext({ index: 0 }))).toBeDefined();
    }
  });
});

describe('RSC', () => {
  it('is refused while IPsec is on, and goes off when IPsec goes on', () => {
    const { card } = new SecuredCard();
    card.write(reg.rscctl(5), field.RSCCTL_RSCEN | (3 << field.RSCCTL_MAXDESC_SHIFT));
    expect([card.read(reg.rscctl(5)), card.counter('rscRefused')]).toEqual([3 << field.RSCCTL_MAXDESC_SHIFT, 1]);
    card.write(REG.IPSRXIDX, 0);
    for (const queue of [0, 64, 127]) card.write(reg.rscctl(queue), field.RSCCTL_RSCEN);
    expect(card.read(reg.rscctl(127))).toBe(1);
    card.write(REG.IPSRXIDX, 1);
    expect([0, 64, 127].map((queue) => card.read(reg.rscctl(queue)))).toEqual([0, 0, 0]);
    expect([card.read(REG.IPSRXIDX), card.counter('rscRefused')]).toEqual([1, 4]);
    expect(() => new SecuredCard({ strict: true }).card.write(reg.rscctl(0), 1)).toThrow(/RSCCTL/);
  });
});

describe('semaphores', () => {
  it('are had in the order of drivers: SMBI by reading, SWESMBI by writing, then what is to be shared', () => {
    const { card } = new SecuredCard();
    expect(card.read(REG.SWSM) & field.SWSM_SMBI).toBe(0);
    card.write(REG.SWSM, card.read(REG.SWSM) | field.SWSM_SWESMBI);
    expect(card.read(REG.SWSM)).toBe(field.SWSM_SMBI | field.SWSM_SWESMBI);
    card.write(REG.SW_FW_SYNC, card.read(REG.SW_FW_SYNC) | 1);
    card.write(REG.SWSM, card.read(REG.SWSM) & ~(field.SWSM_SMBI | field.SWSM_SWESMBI));
    expect([card.read(REG.SW_FW_SYNC), card.read(REG.SWSM) & field.SWSM_SWESMBI]).toEqual([1, 0]);
    // The firmware, which there is none of, holds nothing and never locks the other half.
    expect(card.read(REG.SW_FW_SYNC) & field.SW_FW_SYNC_FW).toBe(0);
    expect(card.read(REG.FWSM) & field.FWSM_FW_VALID).toBe(0);
  });
});

describe('the link', () => {
  it('is as fast as the wire, down without one, and is negotiated at once', () => {
    const { card, wire } = new SecuredCard();
    const links = (link: Partial<typeof wire.link>) => {
      wire.link = { ...wire.link, ...link };
      card.write(REG.AUTOC, card.read(REG.AUTOC) | field.AUTOC_AN_RESTART);
      card.settle();
      expect(card.read(REG.AUTOC) & field.AUTOC_AN_RESTART).toBe(0);
      expect(card.read(REG.ANLP1) & field.ANLP1_ANAS).not.toBe(0);
      return card.read(REG.LINKS) >>> 28;
    };
    expect([10_000, 1000, 100].map((speedMbps) => links({ up: true, speedMbps }))).toEqual([7, 6, 5]);
    card.read(REG.EICR);
    expect(links({ up: false })).toBe(0);
    expect(card.read(REG.EICR) & field.EICR_LSC).toBe(field.EICR_LSC);
    // Serial, 10 Gb/s: no module to be asked over I²C.
    expect((card.read(REG.AUTOC) & field.AUTOC_LMS) >>> field.AUTOC_LMS_SHIFT).toBe(3);
  });
});
