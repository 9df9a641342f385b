import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { NullWire } from '@inline-ipsec/wire/null-wire';
import { describe, expect, it } from 'vitest';
import * as field from '../register-fields.ts';
import { ipsrxipaddr, REG, ral, srrctl } from '../registers.ts';
import { BarPoller } from './bar-poller.ts';
import { Card82599 } from './card.ts';
import { BAR0_BYTES } from './register-map.ts';

const MIB = 1 << 20;

/** A driver's view of a card: memory, and nothing else. */
class MappedBar {
  readonly words = new Int32Array(BAR0_BYTES / 4);
  readonly card: Card82599;
  readonly poller: BarPoller;

  constructor() {
    const memory = Memory.create({ bytes: 16 * MIB, shared: false });
    const environment = simulatedEnvironment();
    this.card = Card82599.create({
      name: '0000:06:00.0',
      memory,
      wire: new NullWire({ memory, environment }, 'test', { noRx: true }),
      engine: createNobleEngine(memory),
      environment,
      macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    });
    this.poller = new BarPoller(this.card, this.words);
  }

  read(offset: number): number {
    return this.words[offset >> 2] >>> 0;
  }

  write(offset: number, value: number): void {
    this.words[offset >> 2] = value;
  }

  /** As many looks as cover all of BAR0. */
  settle(): void {
    for (let i = 0; i < 512; i++) this.poller.poll(1);
  }
}

describe('a card whose BAR0 is memory that a driver maps', () => {
  it('shows its registers from the start', () => {
    const bar = new MappedBar();
    expect(bar.read(ral(0))).toBe(0x0000_0002);
    expect(bar.read(REG.SECTXCTRL)).toBe(field.SECTXCTRL_SECTX_DIS);
    bar.settle();
    expect(bar.read(REG.LINKS) & field.LINKS_UP).not.toBe(0);
    expect(bar.poller.writes).toBe(0);
  });

  it('answers a reset in one look and keeps nothing that was written before', () => {
    const bar = new MappedBar();
    bar.write(REG.FCTRL, field.FCTRL_UPE);
    bar.write(REG.CTRL, field.CTRL_RST);
    bar.poller.answerReset();
    expect(bar.read(REG.CTRL)).toBe(0);
    expect(bar.read(REG.FCTRL)).toBe(0);
    expect(bar.poller.resets).toBe(1);
  });

  it('reads the EEPROM', () => {
    const bar = new MappedBar();
    bar.write(REG.EERD, field.EERD_START | (0x3f << field.EERD_ADDR_SHIFT));
    bar.poller.poll(1);
    expect(bar.read(REG.EERD) & field.EERD_DONE).not.toBe(0);
    expect(bar.read(REG.EERD) >>> field.EERD_DATA_SHIFT).toBe(0xbaba);
  });

  it('takes staging registers before the command that uses them', () => {
    const bar = new MappedBar();
    bar.write(REG.SECRXCTRL, 0);
    bar.poller.poll(1);
    for (const [index, address] of [0x0101_a8c0, 0x0202_a8c0].entries()) {
      bar.write(ipsrxipaddr(3), address);
      bar.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | (index << 3) | (1 << 1) | 1);
      bar.poller.poll(1);
      expect(bar.read(REG.IPSRXIDX)).toBe((index << 3) | (1 << 1) | 1);
    }
    bar.write(REG.IPSRXIDX, field.IPSRXIDX_READ | (1 << 1) | 1);
    bar.poller.poll(1);
    expect(bar.read(ipsrxipaddr(3))).toBe(0x0101_a8c0);
    expect(bar.card.counter('tableWrites')).toBe(2);
  });

  it('drains the security block', () => {
    const bar = new MappedBar();
    bar.write(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
    bar.poller.poll(1);
    expect(bar.read(REG.SECRXSTAT) & field.SECRXSTAT_SECRX_RDY).not.toBe(0);
    bar.write(REG.SECRXCTRL, 0);
    bar.poller.poll(1);
    expect(bar.read(REG.SECRXSTAT)).toBe(0);
  });

  it('shows at both places of a register what was written at one', () => {
    const bar = new MappedBar();
    bar.write(0x0210c, 0x0200_0002);
    bar.settle();
    expect(bar.read(srrctl(3))).toBe(0x0200_0002);
    bar.write(srrctl(3), 0x0200_0004);
    bar.settle();
    expect(bar.read(0x0210c)).toBe(0x0200_0004);
  });

  it('gives back what cannot be written, and counts what nobody has', () => {
    const bar = new MappedBar();
    const links = bar.read(REG.LINKS);
    bar.write(REG.LINKS, 0x1234);
    bar.write(0x7fff0, 1);
    bar.settle();
    expect(bar.read(REG.LINKS)).toBe(links);
    expect(bar.card.counters()).toMatchObject({ readOnlyWrites: 1, unknownWrites: 1 });
  });

  it('clears by a mask, as often as it is told', () => {
    const bar = new MappedBar();
    bar.write(REG.EIMS, 0xf);
    bar.settle();
    for (const [mask, left] of [
      [1, 0xe],
      [2, 0xc],
    ]) {
      bar.write(REG.EIMC, mask);
      bar.settle();
      expect(bar.read(REG.EIMS)).toBe(left);
      expect(bar.read(REG.EIMC)).toBe(0);
    }
  });
});
