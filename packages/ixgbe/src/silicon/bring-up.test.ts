import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { RXD_STAT_PIF } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { RegisterProgram } from '../testing/register-program.ts';
import { Card82599, type CardParts } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const OTHER = Uint8Array.of(0x02, 0, 0, 0, 0, 2);

function bench(parts: Partial<CardParts> = {}) {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const card = Card82599.create({
    name: '06:00.0',
    memory,
    wire,
    engine: createNobleEngine(memory),
    environment: simulatedEnvironment(),
    macAddress: MAC,
    ...parts,
  });
  return { memory, wire, card, program: new RegisterProgram(card, memory, 'p') };
}

/** An Ethernet frame whose payload counts up. */
function frame(length: number, to: Uint8Array = MAC, first = 0): Uint8Array {
  const bytes = new Uint8Array(length).map((_, i) => first + i);
  bytes.set(to, 0);
  bytes.set(OTHER, 6);
  bytes.set([0x88, 0xb5], 12);
  return bytes;
}

describe('a card after power-on', () => {
  it('has its reset values, its address and its link', () => {
    const { card } = bench({ options: { lanId: 1 } });
    expect(card.read(REG.STATUS)).toBe(field.STATUS_GIO_MASTER_EN | (1 << field.STATUS_LAN_ID_SHIFT));
    expect(card.read(REG.SECTXCTRL)).toBe(1);
    expect(card.read(REG.SECTXBUFFAF)).toBe(0x250);
    expect(card.read(reg.srrctl(77))).toBe(0x402);
    expect(card.read(reg.ral(0))).toBe(0x0000_0002);
    expect(card.read(reg.rah(0))).toBe(0x8000_0100);
    expect(card.read(REG.LINKS)).toBe(0x7000_0000);
    expect(card.read(REG.EEC) & field.EEC_ARD).not.toBe(0);
    expect(card.read(REG.ANLP1) & field.ANLP1_ANAS).not.toBe(0);
    expect(card.dump({ prefix: 'LINKS' })).toBe('LINKS[042a4]:70000000 {SPEED=3 UP=1}\n');
  });

  it('does nothing inside a register write: a reset is there until the card is stepped', () => {
    const { card } = bench();
    card.write(REG.CTRL, field.CTRL_RST);
    expect(card.read(REG.CTRL)).toBe(field.CTRL_RST);
    card.settle();
    expect(card.read(REG.CTRL)).toBe(0);
    expect(card.counter('resets')).toBe(1);
  });

  it('takes posted writes in order: what is written behind a reset stays', () => {
    const { card } = bench();
    card.write(REG.CTRL, field.CTRL_RST);
    card.write(REG.FCTRL, field.FCTRL_BAM);
    card.settle();
    expect(card.read(REG.FCTRL)).toBe(field.FCTRL_BAM);
  });

  it('answers what drivers wait for', () => {
    const { card, wire } = bench();
    card.write(REG.CTRL, field.CTRL_GIO_DIS);
    card.settle();
    expect(card.read(REG.STATUS) & field.STATUS_GIO_MASTER_EN).toBe(0);
    card.write(REG.CTRL, 0);
    let sum = 0;
    for (let address = 0; address < 0x40; address++) {
      card.write(REG.EERD, field.EERD_START | (address << field.EERD_ADDR_SHIFT));
      card.settle();
      const answer = card.read(REG.EERD);
      expect(answer & (field.EERD_DONE | field.EERD_START)).toBe(field.EERD_DONE);
      sum += answer >>> field.EERD_DATA_SHIFT;
    }
    expect(sum & 0xffff).toBe(0xbaba);
    wire.plug(false);
    card.step(1);
    expect(card.read(REG.LINKS)).toBe(0);
    expect(card.read(REG.EICR) & field.EICR_LSC).not.toBe(0);
    card.write(REG.EICR, field.EICR_LSC);
    expect(card.read(REG.EICR) & field.EICR_LSC).toBe(0);
    card.write(REG.MACC, field.MACC_FLU);
    card.step(1);
    expect(card.read(REG.LINKS) & field.LINKS_UP).not.toBe(0);
  });

  it('sets and clears interrupt masks by ones', () => {
    const { card } = bench();
    card.write(REG.EIMS, 0xf0);
    card.write(REG.EIMC, 0x30);
    expect(card.read(REG.EIMS)).toBe(0xc0);
    expect(card.read(REG.EIMC)).toBe(0);
    card.write(REG.EICS, 5);
    expect(card.read(REG.EICR) & 0xffff).toBe(5);
  });

  it('reads and writes one register by both of its offsets', () => {
    const { card } = bench();
    card.write(0x02104, 0x0200_0004);
    expect(card.read(reg.srrctl(1))).toBe(0x0200_0004);
  });

  it('keeps reserved low bits of ring registers 0', () => {
    const { card } = bench();
    card.write(reg.rdbal(0), 0xffff_ffff);
    card.write(reg.tdlen(9), 1000);
    expect(card.read(reg.rdbal(0))).toBe(0xffff_ff80);
    expect(card.read(reg.tdlen(9))).toBe(896);
    expect(card.counter('ringsUnaligned')).toBe(2);
  });

  it('counts accesses that the table does not allow, or throws when it is strict', () => {
    const { card } = bench();
    expect(card.read(0x7fff0)).toBe(0);
    card.write(0x7fff0, 1);
    card.write(2, 1);
    card.write(0x90000, 1);
    card.write(REG.LINKS, 0);
    expect(card.counters()).toMatchObject({ unknownReads: 1, unknownWrites: 3, readOnlyWrites: 1 });
    const strict = bench({ options: { strict: true } }).card;
    expect(() => strict.write(REG.GPRC, 1)).toThrow(/0x4074/);
    expect(() => strict.read(0x7fff0)).toThrow(expect.objectContaining({ code: 'ERR_CARD_REGISTER' }));
  });

  it('refuses parts that cannot be', () => {
    const group = Uint8Array.of(1, 0, 0, 0, 0, 1);
    expect(() => bench({ macAddress: group })).toThrow(expect.objectContaining({ code: 'ERR_CARD_MAC' }));
    expect(() => bench({ registers: new Uint32Array(4) })).toThrow(
      expect.objectContaining({ code: 'ERR_CARD_REGISTERS' }),
    );
    expect(() => bench({ engine: createNobleEngine(Memory.create({ bytes: 1 << 20 })) })).toThrow(
      expect.objectContaining({ code: 'ERR_CARD_ENGINE' }),
    );
    expect(() => bench({ options: { commandDelay: -1 } })).toThrow(
      expect.objectContaining({ code: 'ERR_CARD_OPTION' }),
    );
  });
});

describe('a card brought up in the order of the datasheet', () => {
  it('receives a frame into the first buffer', () => {
    const { card, program, wire } = bench();
    program.reset();
    expect(program.waitLink()).toBe(0x7000_0000);
    program.startReceive();
    wire.incoming.push(frame(100));
    expect(card.step(32)).toBe(1);
    const got = program.receive();
    expect(got?.bytes).toEqual(frame(100));
    expect(got?.status).toBe(3);
    expect(got?.info).toBe(0);
    expect(program.receive()).toBeUndefined();
    expect(card.read(REG.GPRC)).toBe(1);
    expect(card.read(REG.GPRC)).toBe(0);
    expect(card.read(reg.qprc(0))).toBe(1);
    expect(card.read(reg.qbrcL(0))).toBe(100);
    expect(card.read(REG.TORL)).toBe(104);
    expect(card.read(REG.PRC127)).toBe(1);
  });

  it('sends a frame, pads it, and reports it done', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startReceive();
    program.startTransmit();
    program.send(frame(42));
    expect(program.sendDone()).toBe(false);
    expect(card.step(32)).toBe(1);
    expect(program.sendDone()).toBe(true);
    expect(wire.sent).toHaveLength(1);
    expect(wire.sent[0]).toHaveLength(60);
    expect(wire.sent[0].slice(0, 42)).toEqual(frame(42));
    expect(wire.sent[0].slice(42)).toEqual(new Uint8Array(18));
    expect(card.read(REG.GPTC)).toBe(1);
    expect(card.read(REG.PTC64)).toBe(1);
    expect(card.read(REG.GOTCL)).toBe(64);
    expect(card.read(reg.tdh(0))).toBe(1);
  });

  it('gathers segments, and takes 500 frames round a ring of 64', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startTransmit(5);
    for (let i = 0; i < 500; i++) {
      program.send(frame(60 + i, MAC, i), { segments: i % 3 === 0 ? [20, 1, 30] : [] }, 5);
      card.step(4);
    }
    expect(wire.sent.map((bytes) => bytes.length)).toEqual(Array.from({ length: 500 }, (_, i) => 60 + i));
    expect(wire.sent[333]).toEqual(frame(393, MAC, 333));
  });

  it('spreads a frame over as many descriptors as it needs', () => {
    const { card, program, wire } = bench();
    program.reset();
    card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_JUMBOEN);
    card.write(REG.MAXFRS, 9018 << 16);
    program.startReceive(0, 16, 1024);
    wire.incoming.push(frame(9014), frame(9015), frame(1025));
    card.step(32);
    const big = program.receive();
    expect(big?.descriptors).toBe(9);
    expect(big?.bytes).toEqual(frame(9014));
    expect(program.receive()?.descriptors).toBe(2);
    expect(card.read(REG.ROC)).toBe(1);
  });

  it('takes 1514 bytes without jumbo and no more, four more with a VLAN tag', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startReceive();
    const tagged = (length: number) => {
      const bytes = frame(length);
      bytes.set([0x81, 0], 12);
      return bytes;
    };
    wire.incoming.push(frame(1514), frame(1515), tagged(1518), tagged(1519));
    card.step(32);
    expect(program.receive()?.bytes).toHaveLength(1514);
    expect(program.receive()?.bytes).toHaveLength(1518);
    expect(program.receive()).toBeUndefined();
    expect(card.read(REG.ROC)).toBe(2);
  });

  it('takes frames for its addresses, and others only when it is told to', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startReceive();
    const everybody = new Uint8Array(6).fill(0xff);
    const group = Uint8Array.of(0x01, 0, 0x5e, 0, 0x12, 0x34);
    const arrive = () => {
      wire.incoming.push(frame(60), frame(60, OTHER), frame(60, everybody), frame(60, group));
      card.step(32);
      const statuses: number[] = [];
      for (let got = program.receive(); got !== undefined; got = program.receive()) statuses.push(got.status & 0x80);
      return statuses;
    };
    expect(arrive()).toEqual([0, RXD_STAT_PIF]);
    expect(card.counter('rxFiltered')).toBe(2);
    card.write(reg.ral(40), 2);
    card.write(reg.rah(40), 0x8000_0200);
    expect(arrive()).toEqual([0, 0, RXD_STAT_PIF]);
    // The hash of ..:12:34 with the offset at its default is bits 47:36 of the address: 0x341.
    card.write(REG.MCSTCTRL, field.MCSTCTRL_MFE);
    card.write(reg.mta(0x341 >> 5), 1 << (0x341 & 31));
    expect(arrive()).toHaveLength(4);
    card.write(REG.MCSTCTRL, 0);
    card.write(REG.FCTRL, field.FCTRL_UPE | field.FCTRL_MPE);
    expect(arrive()).toHaveLength(4);
  });

  it('pads what is too short for a real wire, or drops it', () => {
    for (const runts of ['pad', 'drop'] as const) {
      const { card, program, wire } = bench({ options: { runts } });
      program.reset();
      program.startReceive();
      wire.incoming.push(frame(60).slice(0, 13), frame(14), frame(59), frame(60));
      card.step(32);
      const lengths: number[] = [];
      for (let got = program.receive(); got !== undefined; got = program.receive()) lengths.push(got.bytes.length);
      expect(lengths).toEqual(runts === 'pad' ? [60, 60, 60] : [60]);
      expect(card.counter('rxRunt')).toBe(runts === 'pad' ? 1 : 3);
    }
  });
});

describe('a wire that can wait', () => {
  it('loses nothing before receive is on, nor while there are no descriptors', () => {
    const { card, program, wire } = bench();
    for (let i = 0; i < 200; i++) wire.incoming.push(frame(64, MAC, i));
    expect(card.step(32)).toBe(0);
    program.reset();
    program.startReceive(0, 8);
    card.step(32);
    card.step(32);
    expect(card.idle).toBe(false);
    const seen: number[] = [];
    for (let i = 0; i < 400 && seen.length < 200; i++) {
      const got = program.receive();
      if (got !== undefined) seen.push(got.bytes[20]);
      else card.step(32);
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => (20 + i) & 0xff));
    expect(card.idle).toBe(true);
    expect(card.counters()).toEqual({ resets: 1 });
  });

  it('keeps what the wire does not take, in order', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startTransmit();
    wire.room = 10;
    for (let i = 0; i < 50; i++) program.send(frame(64, OTHER, i));
    card.step(64);
    expect(wire.sent).toHaveLength(10);
    expect(card.idle).toBe(false);
    for (let i = 0; i < 60; i++) {
      wire.room = 1;
      card.step(64);
    }
    expect(wire.sent.map((bytes) => bytes[20])).toEqual(Array.from({ length: 50 }, (_, i) => 20 + i));
  });

  it('is drained by the loopback that a driver sets when the link is down', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startTransmit();
    wire.room = 0;
    program.send(frame(64));
    card.step(32);
    card.write(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS | field.SECTXCTRL_TX_DIS);
    card.step(32);
    expect(card.read(REG.SECTXSTAT) & field.SECTXSTAT_SECTX_RDY).toBe(0);
    card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_LPBK);
    card.step(32);
    card.step(32);
    expect(card.read(REG.SECTXSTAT) & field.SECTXSTAT_SECTX_RDY).toBe(1);
  });
});

describe('a wire that does not wait', () => {
  it('loses frames before receive is on, and counts as missed what has no descriptor', () => {
    const { card, program, wire } = bench({ options: { paced: true } });
    wire.incoming.push(frame(64), frame(64));
    card.step(32);
    expect(card.counter('rxDiscarded')).toBe(2);
    program.reset();
    program.startReceive(0, 8);
    for (let i = 0; i < 20; i++) wire.incoming.push(frame(64));
    card.step(32);
    expect(wire.incoming).toHaveLength(0);
    expect(card.read(reg.mpc(0))).toBe(13);
    expect(card.counter('rxNoDescriptor')).toBe(13);
  });

  it('tells by itself what it lost', () => {
    const { card, wire } = bench();
    wire.missed = 7;
    card.step(1);
    card.step(1);
    expect(card.read(reg.mpc(0))).toBe(7);
  });

  it('drops for a queue that is told to drop, and counts it there', () => {
    const { card, program, wire } = bench();
    program.reset();
    program.startReceive(0, 8);
    card.write(reg.srrctl(0), card.read(reg.srrctl(0)) | field.SRRCTL_DROP_EN);
    for (let i = 0; i < 20; i++) wire.incoming.push(frame(64));
    card.step(32);
    expect(card.read(reg.qprdc(0))).toBe(13);
  });
});

describe('a card that changes hands', () => {
  it('goes on with the rings, tables and frames that it had', () => {
    const first = bench();
    first.program.reset();
    first.program.startReceive(0, 8);
    first.program.writeTxSa(3, { key: new Uint8Array(16).fill(7), salt: Uint8Array.of(1, 2, 3, 4) });
    for (let i = 0; i < 12; i++) first.wire.incoming.push(frame(64, MAC, i));
    first.card.step(32);
    const { memory } = first;
    const wire = new ListWire(memory);
    const engine = createNobleEngine(memory);
    const card = Card82599.attach({
      name: '06:00.0',
      memory,
      wire,
      engine,
      environment: simulatedEnvironment(),
      macAddress: MAC,
    });
    wire.incoming.push(frame(64, MAC, 12));
    const seen: number[] = [];
    for (let i = 0; i < 40; i++) {
      const got = first.program.receive();
      if (got !== undefined) seen.push(got.bytes[20]);
      else card.step(32);
    }
    expect(seen).toEqual(Array.from({ length: 13 }, (_, i) => 20 + i));
    // One for the first owner; for the second that one again, and the two of cleared entries.
    expect(card.counter('sessionsMade')).toBe(4);
    card.close();
    card.close();
    expect(memory.lookup('82599_06:00.0_chip')).toBeUndefined();
  });

  it('is not found when nobody made it', () => {
    const { memory, wire } = bench();
    const parts = { memory, wire, engine: createNobleEngine(memory), environment: simulatedEnvironment() };
    expect(() => Card82599.attach({ ...parts, name: '07:00.0', macAddress: MAC })).toThrow(
      expect.objectContaining({ code: 'ERR_CARD_UNKNOWN' }),
    );
  });
});
