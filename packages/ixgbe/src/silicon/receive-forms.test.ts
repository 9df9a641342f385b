import { crc32 } from 'node:zlib';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';
import type { CardOptions } from './options.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);

/** A card with one queue of 64 descriptors, or as many as `descriptors`, of `bufferBytes` each. */
function bench({ descriptors = 64, bufferBytes = 2048, options = {} as CardOptions } = {}) {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const environment = simulatedEnvironment();
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress: MAC, options });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive(0, descriptors, bufferBytes);
  const arrive = (...frames: Uint8Array[]) => {
    wire.incoming.push(...frames);
    card.step(32);
    return program.receive();
  };
  return { memory, wire, card, program, arrive };
}

/** A frame of so many bytes without FCS, with a type that nothing else knows, and so many tags. */
function frameOf(bytes: number, tags = 0): Uint8Array {
  const frame = new Uint8Array(bytes).map((_, i) => i * 7);
  frame.set([...MAC, 2, 0, 0, 0, 0, 9]);
  for (let n = 0; n < tags; n++) frame.set([0x81, 0, 0, 5], 12 + 4 * n);
  frame.set([0x88, 0xb5], 12 + 4 * tags);
  return frame;
}

function jumbo(card: Card82599, bytes: number): void {
  card.write(REG.MAXFRS, bytes << field.MAXFRS_MFS_SHIFT);
  card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_JUMBOEN);
}

describe('the size of a frame', () => {
  it('is at most 1,518 bytes with FCS, and 4 more with a tag; one byte more is dropped and counted', () => {
    const { card, arrive } = bench();
    // A larger MAXFRS says nothing without JUMBOEN.
    card.write(REG.MAXFRS, 9000 << field.MAXFRS_MFS_SHIFT);
    expect(arrive(frameOf(1514))?.bytes).toEqual(frameOf(1514));
    expect(arrive(frameOf(1518, 1))?.bytes).toEqual(frameOf(1518, 1));
    expect(arrive(frameOf(1515), frameOf(1519, 1))).toBeUndefined();
    expect([card.read(REG.ROC), card.counter('rxOversize')]).toEqual([2, 2]);
  });

  it('is what MAXFRS says with jumbo: 9,000 bytes over as many buffers as they fill, and not one more', () => {
    for (const bufferBytes of [1024, 2048, 3072, 9216]) {
      const { card, arrive } = bench({ bufferBytes });
      jumbo(card, 9000);
      const got = arrive(frameOf(8996));
      expect(got?.bytes).toEqual(frameOf(8996));
      expect(got?.descriptors).toBe(Math.ceil(8996 / bufferBytes));
      expect(arrive(frameOf(8997))).toBeUndefined();
      expect(card.read(REG.ROC)).toBe(1);
      // From 1,024 bytes on there is one counter of sizes.
      expect([card.read(REG.PRC1522), card.read(REG.GPRC), card.read(REG.GORCL)]).toEqual([1, 1, 8996]);
    }
  });

  it('is not waited for when the whole ring has no room for it', () => {
    const { card, arrive } = bench({ descriptors: 8, bufferBytes: 1024 });
    jumbo(card, 9000);
    expect(arrive(frameOf(7 * 1024 + 1), frameOf(100))?.bytes).toEqual(frameOf(100));
    expect([card.counter('rxLongerThanRing'), card.read(reg.mpc(0))]).toEqual([1, 1]);
    expect(arrive(frameOf(7 * 1024))?.descriptors).toBe(7);
  });

  it('is compared with what it says of itself where that is asked for', () => {
    const { card, arrive } = bench();
    const said = (bytes: number, length: number) => {
      const frame = frameOf(bytes);
      frame.set([length >> 8, length & 0xff], 12);
      return frame;
    };
    expect(arrive(said(100, 80))?.status).toBe(3);
    card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_RXLNGTHERREN);
    expect(arrive(said(100, 80), said(60, 50))).toBeUndefined();
    expect(arrive(said(100, 86), said(60, 10))?.status).toBe(3);
    expect([card.read(REG.RLEC), card.counter('rxLengthDiffers')]).toEqual([2, 2]);
    card.write(REG.FCTRL, field.FCTRL_SBP | field.FCTRL_BAM);
    arrive();
    expect(arrive(said(100, 80))?.status).toBe((descriptor.RXD_ERR_RXE | 3) >>> 0);
  });
});

describe('the frame check sequence', () => {
  it('stays on when it is not to be taken off, and counts then', () => {
    const { card, arrive } = bench();
    card.write(REG.HLREG0, card.read(REG.HLREG0) & ~field.HLREG0_RXCRCSTRP);
    const frame = frameOf(90);
    const crc = crc32(frame);
    const got = arrive(frame);
    expect(got?.bytes).toEqual(Uint8Array.of(...frame, crc, crc >>> 8, crc >>> 16, crc >>> 24));
    // TOR has it in any case, the others where it is kept.
    const read = (offset: number) => card.read(offset);
    expect([read(REG.GORCL), read(reg.qbrcL(0)), read(REG.TORL)]).toEqual([94, 94, 94]);
    card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_RXCRCSTRP);
    expect(arrive(frame)?.bytes).toEqual(frame);
    expect([read(REG.GORCL), read(reg.qbrcL(0)), read(REG.TORL)]).toEqual([90, 90, 94]);
  });
});

describe('the packet buffer', () => {
  it('misses what is larger than itself, and raises the cause', () => {
    const { card, arrive } = bench();
    card.write(reg.rxpbsize(0), 1 << field.RXPBSIZE_SIZE_SHIFT);
    expect(arrive(frameOf(1020))?.bytes.length).toBe(1020);
    expect(arrive(frameOf(1021))).toBeUndefined();
    expect(card.read(REG.EICR) & field.EICR_RX_MISS).toBe(field.EICR_RX_MISS);
    // GPRC counts what was missed as well: an erratum.
    expect([card.read(reg.mpc(0)), card.read(REG.GPRC), card.read(reg.qprc(0))]).toEqual([1, 2, 1]);
    card.write(reg.rxpbsize(0), 0);
    expect(arrive(frameOf(60))).toBeUndefined();
    expect([card.read(reg.mpc(0)), card.counter('rxNoPacketBuffer')]).toEqual([1, 2]);
  });

  it('gets frames from the wire as long as it has room for the largest, and loses none', () => {
    const { card, wire, program } = bench({ descriptors: 64 });
    card.write(reg.rxpbsize(0), 4 << field.RXPBSIZE_SIZE_SHIFT);
    wire.incoming.push(...Array.from({ length: 50 }, () => frameOf(1514)));
    for (let i = 0; i < 50; i++) {
      card.step(32);
      expect(program.receive()?.bytes.length).toBe(1514);
    }
    expect([card.read(reg.mpc(0)), card.read(REG.GPRC)]).toEqual([0, 50]);
  });

  it('counts what the wire could not wait with', () => {
    const { card, wire } = bench();
    wire.missed = 5;
    card.step(1);
    wire.missed = 7;
    card.step(1);
    expect([card.read(reg.mpc(0)), card.read(reg.mpc(0)), card.read(REG.GPRC)]).toEqual([7, 0, 7]);
  });

  it('of a paced card counts frames without a descriptor as missed, or as the queue’s own', () => {
    const { card, wire } = bench({ descriptors: 8, options: { paced: true } });
    wire.incoming.push(...Array.from({ length: 10 }, () => frameOf(60)));
    card.step(32);
    expect([card.read(reg.mpc(0)), card.read(reg.qprdc(0))]).toEqual([3, 0]);
    card.write(reg.srrctl(0), card.read(reg.srrctl(0)) | field.SRRCTL_DROP_EN);
    wire.incoming.push(frameOf(60));
    card.step(32);
    expect([card.read(reg.mpc(0)), card.read(reg.qprdc(0)), card.counter('rxNoDescriptor')]).toEqual([0, 1, 4]);
  });
});

describe('legacy descriptors', () => {
  it('are what SRRCTL has after a reset, and keep their address', () => {
    const memory = Memory.create({ bytes: 16 << 20 });
    const wire = new ListWire(memory);
    const engine = createNobleEngine(memory);
    const card = Card82599.create({
      ...{ name: '0', memory, wire, engine, environment: simulatedEnvironment(), macAddress: MAC },
    });
    const host = memory.reserve('host', 64 * 1024, 4096).position;
    for (let n = 0; n < 8; n++) memory.u32.set([host + 4096 + n * 2048, 0, 0, 0], (host + n * 16) >> 2);
    card.write(reg.rdbal(0), host);
    card.write(reg.rdlen(0), 128);
    card.write(REG.HLREG0, card.read(REG.HLREG0) | field.HLREG0_JUMBOEN);
    card.write(REG.MAXFRS, 4000 << field.MAXFRS_MFS_SHIFT);
    card.write(REG.RXCTRL, field.RXCTRL_RXEN);
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    card.write(reg.rxdctl(0), (field.RXDCTL_ENABLE | field.RXDCTL_VME) >>> 0);
    card.settle();
    card.write(reg.rdt(0), 7);
    const bad = frameOf(64);
    bad.set([8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 1, 1], 12);
    memory.u32[(host + 4 * 16) >> 2] = 0xdead_0000;
    wire.incoming.push(frameOf(100), frameOf(3000, 1), bad, frameOf(200));
    card.step(8);
    const at = (n: number) => host + n * 16;
    const addresses = [0, 1, 2, 3].map((n) => memory.u32[at(n) >> 2]);
    expect(addresses).toEqual([0, 1, 2, 3].map((n) => host + 4096 + n * 2048));
    const read = (n: number) => [
      memory.u16[(at(n) + descriptor.RXL_LENGTH) >> 1],
      memory.u8[at(n) + descriptor.RXL_STATUS],
      memory.u8[at(n) + descriptor.RXL_ERRORS],
      memory.u16[(at(n) + descriptor.RXL_VLAN) >> 1],
    ];
    expect(read(0)).toEqual([100, 3, 0, 0]);
    // The tag is taken off; what is found out is in the last descriptor.
    expect(read(1)).toEqual([2048, 1, 0, 5]);
    expect(read(2)).toEqual([3000 - 4 - 2048, 3 | descriptor.RXD_STAT_VP, 0, 5]);
    const looked = descriptor.RXD_STAT_IPCS | descriptor.RXD_STAT_L4CS | descriptor.RXD_STAT_UDPCS;
    expect(read(3)).toEqual([64, 3 | looked, descriptor.RXL_ERR_IPE | descriptor.RXL_ERR_L4E, 0]);
    expect(read(4)).toEqual([0, 3, descriptor.RXL_ERR_RXE, 0]);
    expect(memory.u8.slice(host + 4096, host + 4196)).toEqual(frameOf(100));
    expect(card.counters()).toMatchObject({ rxBadAddress: 1 });
    expect(card.counter('rxBadDescriptorType')).toBe(0);
  });
});
