import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const ADDRESS = 0x0404_0404;
const SPI = 0x0500_0000;

/** Two cards over one list: what the first sends is given to the second. */
function bench() {
  const memory = Memory.create({ bytes: 32 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const card = Card82599.create({
    name: '0',
    memory,
    wire,
    engine,
    environment: simulatedEnvironment(),
    macAddress: MAC,
  });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive();
  program.startTransmit();
  /** Sends an ESP packet under transmit SA 3 and takes it in again: what left, and the descriptor's status. */
  const roundTrip = () => {
    const frame = new Uint8Array(14 + 20 + 60);
    frame.set(MAC);
    frame.set([8, 0, 0x45, 0, 0, 80, 0, 0, 0, 0, 64, 50], 12);
    frame.fill(4, 30, 34);
    frame[37] = 5;
    frame[41] = 1;
    frame.fill(0x33, 50, 78);
    program.send(frame, { context: espContext({ index: 3 }), options: descriptor.TXD_POPTS_IPSEC });
    card.step(8);
    const sent = wire.sent.pop() ?? new Uint8Array(0);
    wire.incoming.push(sent);
    card.step(8);
    const got = program.receive();
    return {
      inClear: sent.every((byte, i) => byte === frame[i]),
      deciphered: got?.bytes.slice(50, 78).every((byte) => byte === 0x33) === true,
      security: (got?.status ?? 0) & (descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR),
    };
  };
  return { card, roundTrip };
}

function stageKey(card: Card82599, first: (n: number) => number, salt: number): void {
  for (let n = 0; n < 4; n++) card.write(first(n), 0x1000 + n);
  card.write(salt, 0x0a0b_0c0d);
}

/** Writes SA 3 each way with whatever enable bits the driver puts into its commands. */
function addSa(card: Card82599, enable: number): void {
  card.write(reg.ipsrxipaddr(3), ADDRESS);
  card.write(REG.IPSRXIDX, 0x8000_0002 | (3 << 3) | enable);
  card.write(REG.IPSRXSPI, SPI);
  card.write(REG.IPSRXIPIDX, 3);
  card.write(REG.IPSRXIDX, 0x8000_0004 | (3 << 3) | enable);
  stageKey(card, reg.ipsrxkey, REG.IPSRXSALT);
  card.write(REG.IPSRXMOD, 0x0d);
  card.write(REG.IPSRXIDX, 0x8000_0006 | (3 << 3) | enable);
  stageKey(card, reg.ipstxkey, REG.IPSTXSALT);
  card.write(REG.IPSTXIDX, 0x8000_0000 | (3 << 3) | enable);
}

const GOOD = { inClear: false, deciphered: true, security: descriptor.RXD_STAT_SECP };

describe('inline IPsec switched on in the order of other drivers', () => {
  it("works in Linux's: drained, both enables set at once, commands that keep them and wait for nothing", () => {
    const { card, roundTrip } = bench();
    card.write(REG.SECTXCTRL, card.read(REG.SECTXCTRL) | 2);
    card.write(REG.SECRXCTRL, card.read(REG.SECRXCTRL) | 2);
    let polls = 0;
    while ((card.read(REG.SECTXSTAT) & card.read(REG.SECRXSTAT) & 1) === 0 && polls++ < 20) card.settle();
    expect(polls).toBe(1);
    card.write(REG.SECTXBUFFAF, (card.read(REG.SECTXBUFFAF) & ~0x3ff) | 0x15);
    card.write(REG.SECTXMINIFG, (card.read(REG.SECTXMINIFG) & ~0xf) | 3);
    card.write(REG.SECTXCTRL, 4);
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.IPSTXIDX, 1);
    card.write(REG.IPSRXIDX, 1);
    addSa(card, 1);
    expect(roundTrip()).toEqual(GOOD);
  });

  it("works in DPDK's: behind queues that run, never drained, tables scrubbed, enabled by the first SA", () => {
    const { card, roundTrip } = bench();
    card.write(REG.SECTXBUFFAF, 0x15);
    card.write(REG.SECTXMINIFG, (card.read(REG.SECTXMINIFG) & ~0xf) | 3);
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    expect([card.read(REG.SECRXCTRL), card.read(REG.SECTXCTRL)]).toEqual([0, 4]);
    for (let i = 0; i < 1024; i++) {
      if (i < 128) card.write(REG.IPSRXIDX, 0x8000_0002 | (i << 3));
      card.write(REG.IPSRXIDX, 0x8000_0004 | (i << 3));
      card.write(REG.IPSRXIDX, 0x8000_0006 | (i << 3));
      card.write(REG.IPSTXIDX, 0x8000_0000 | (i << 3));
    }
    card.settle();
    expect([card.read(REG.IPSRXIDX) & 1, card.read(REG.IPSTXIDX) & 1]).toEqual([0, 0]);
    expect(card.counter('tableWrites')).toBe(128 + 3 * 1024);
    addSa(card, 1);
    expect(roundTrip()).toEqual(GOOD);
  });

  it('stops working for every SA when a driver removes one without the enable bit', () => {
    const { card, roundTrip } = bench();
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    addSa(card, 1);
    expect(roundTrip()).toEqual(GOOD);
    for (const table of [0x8000_0004, 0x8000_0006]) card.write(REG.IPSRXIDX, table | (99 << 3));
    card.write(REG.IPSTXIDX, 0x8000_0000 | (99 << 3));
    expect(roundTrip()).toEqual({ inClear: true, deciphered: true, security: 0 });
    expect(card.counters()).toMatchObject({ txSecurityOff: 1, rxSecurityOff: 1 });
  });

  it('finds no SA when a driver swaps neither SPI nor address', () => {
    const { card, roundTrip } = bench();
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    addSa(card, 1);
    card.write(REG.IPSRXSPI, 5);
    card.write(REG.IPSRXIPIDX, 3);
    card.write(REG.IPSRXIDX, 0x8000_0005 | (3 << 3));
    expect(roundTrip()).toEqual({ inClear: false, deciphered: false, security: 0 });
    expect(card.counter('rxSecurityUnknown')).toBe(1);
  });
});
