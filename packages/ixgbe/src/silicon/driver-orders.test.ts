import { createCipheriv } from 'node:crypto';
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

/** The key and salt that {@link stageKey} writes, as bytes. */
const KEY = Uint8Array.from([0x1003, 0x1002, 0x1001, 0x1000].flatMap((word) => [0, 0, word >> 8, word & 255]));
const SALT = Uint8Array.of(0x0a, 0x0b, 0x0c, 0x0d);

/** The frame that is sent, and by node:crypto what it must be on the wire. */
const CLEAR = new Uint8Array(14 + 20 + 60);
CLEAR.set(MAC);
CLEAR.set([8, 0, 0x45, 0, 0, 80, 0, 0, 0, 0, 64, 50], 12);
CLEAR.fill(4, 30, 34);
CLEAR[37] = 5;
CLEAR[41] = 1;
CLEAR.fill(0x33, 50, 78);
const cipher = createCipheriv('aes-128-gcm', KEY, Uint8Array.of(...SALT, ...CLEAR.subarray(42, 50)));
cipher.setAAD(CLEAR.subarray(34, 42));
const ENCIPHERED = Uint8Array.of(
  ...CLEAR.subarray(0, 50),
  ...cipher.update(CLEAR.subarray(50, 78)),
  ...cipher.final(),
  ...cipher.getAuthTag(),
);

/** A card with queues that run, and what becomes of a packet that it sends and of one that it is given. */
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
  let starts = 0;
  let program: RegisterProgram;
  const startQueues = () => {
    program = new RegisterProgram(card, memory, `p${starts++}`);
    program.reset();
    program.startReceive();
    program.startTransmit();
    return program;
  };
  startQueues();
  /** Sends an ESP packet under transmit SA 3; then the card is given the right one, whatever left. */
  const roundTrip = () => {
    program.send(CLEAR, { context: espContext({ index: 3 }), options: descriptor.TXD_POPTS_IPSEC });
    card.step(8);
    const sent = wire.sent.pop() ?? new Uint8Array(0);
    wire.incoming.push(ENCIPHERED);
    card.step(8);
    const got = program.receive();
    return {
      enciphered: String(sent) === String(ENCIPHERED),
      inClear: String(sent) === String(CLEAR),
      deciphered: String(got?.bytes.subarray(0, 78)) === String(CLEAR.subarray(0, 78)),
      security: (got?.status ?? 0) & (descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR),
    };
  };
  return { card, wire, startQueues, roundTrip, program: () => program };
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

const GOOD = { enciphered: true, inClear: false, deciphered: true, security: descriptor.RXD_STAT_SECP };
/** Neither side does anything. */
const OFF = { enciphered: false, inClear: true, deciphered: false, security: 0 };

/** Linux stops both sides, and with the link down and something inside it forces the link up and loops frames back. */
function drainAsLinux(card: Card82599, linkUp: boolean): number {
  const [tx, rx] = [card.read(REG.SECTXCTRL), card.read(REG.SECRXCTRL)];
  card.write(REG.SECTXCTRL, tx | 2);
  card.write(REG.SECRXCTRL, rx | 2);
  const ready = () => (card.read(REG.SECTXSTAT) & card.read(REG.SECRXSTAT) & 1) !== 0;
  if (!ready() && !linkUp) {
    card.write(REG.MACC, card.read(REG.MACC) | 1);
    card.write(REG.HLREG0, card.read(REG.HLREG0) | (1 << 15));
    card.step(8);
  }
  let polls = 0;
  for (; !ready() && polls < 20; polls++) card.settle();
  if (!linkUp) {
    card.write(REG.MACC, card.read(REG.MACC) & ~1);
    card.write(REG.HLREG0, card.read(REG.HLREG0) & ~(1 << 15));
  }
  return polls;
}

function enableAsLinux(card: Card82599, linkUp = true): number {
  const polls = drainAsLinux(card, linkUp);
  card.write(REG.SECTXBUFFAF, (card.read(REG.SECTXBUFFAF) & ~0x3ff) | 0x15);
  card.write(REG.SECTXMINIFG, (card.read(REG.SECTXMINIFG) & ~0xf) | 3);
  card.write(REG.SECTXCTRL, 4);
  card.write(REG.SECRXCTRL, 0);
  card.write(REG.IPSTXIDX, 1);
  card.write(REG.IPSRXIDX, 1);
  return polls;
}

function disableAsLinux(card: Card82599): void {
  drainAsLinux(card, true);
  card.write(REG.IPSTXIDX, 0);
  card.write(REG.IPSRXIDX, 0);
  card.write(REG.SECTXCTRL, card.read(REG.SECTXCTRL) | 1);
  card.write(REG.SECRXCTRL, card.read(REG.SECRXCTRL) | 1);
  card.write(REG.SECTXCTRL, card.read(REG.SECTXCTRL) & ~4);
  card.write(REG.SECTXBUFFAF, 0x250);
  card.write(REG.SECTXMINIFG, (card.read(REG.SECTXMINIFG) & ~0xf) | 1);
  card.write(REG.SECTXCTRL, 1);
  card.write(REG.SECRXCTRL, 1);
}

describe('inline IPsec switched on in the order of other drivers', () => {
  it("works in the datasheet's: drained, engines on, sizes and gap, enables, and only then let through", () => {
    const { card, program, roundTrip } = bench();
    program().startSecurity();
    program().writeTxSa(3, { key: KEY, salt: SALT });
    program().writeRxSa(3, { spi: 5, address: Uint8Array.of(4, 4, 4, 4), key: KEY, salt: SALT });
    expect(roundTrip()).toEqual(GOOD);
    expect(card.counters()).not.toHaveProperty('securityWithoutDrain');
  });

  it("works in Linux's: drained, both enables set at once, commands that keep them and wait for nothing", () => {
    const { card, roundTrip } = bench();
    expect(enableAsLinux(card)).toBe(1);
    addSa(card, 1);
    expect(roundTrip()).toEqual(GOOD);
    expect(card.counters()).not.toHaveProperty('securityWithoutDrain');
  });

  it("works in Linux's with the last SA gone and another one added, and after a reset", () => {
    const { card, startQueues, roundTrip } = bench();
    enableAsLinux(card);
    addSa(card, 1);
    disableAsLinux(card);
    expect(roundTrip()).toEqual(OFF);
    expect([card.read(REG.SECTXBUFFAF), card.read(REG.SECTXMINIFG) & 0xf]).toEqual([0x250, 1]);
    enableAsLinux(card);
    expect(roundTrip()).toEqual(GOOD);
    startQueues();
    expect(roundTrip()).toEqual(OFF);
    enableAsLinux(card);
    // Addresses and SPIs outlive a reset, keys do not; Linux writes them all again.
    expect(roundTrip()).toEqual({ enciphered: false, inClear: false, deciphered: false, security: 0 });
    addSa(card, 1);
    expect(roundTrip()).toEqual(GOOD);
  });

  it("works in Linux's while the link is down and a frame is inside, which is looped back and lost", () => {
    const { card, wire, program, roundTrip } = bench();
    wire.room = 0;
    program().send(CLEAR);
    card.step(8);
    wire.plug(false);
    expect(enableAsLinux(card, false)).toBeLessThan(3);
    expect(card.counter('txLoopedBack')).toBe(1);
    wire.plug(true);
    wire.room = Number.POSITIVE_INFINITY;
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
    // Its first SA sets the enable bit and writes an entry at once, which the datasheet forbids.
    addSa(card, 1);
    expect(card.counters()).toMatchObject({ enablesWithCommand: 2, securityWithoutDrain: 2 });
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
    expect(roundTrip()).toEqual(OFF);
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
    expect(roundTrip()).toEqual({ ...GOOD, deciphered: false, security: 0 });
    expect(card.counter('rxSecurityUnknown')).toBe(1);
  });
});
