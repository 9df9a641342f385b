import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const HOST_BYTES = 0x8000;
const PATTERN = 0xa5;

/** A card that may reach one piece of memory only, between two others that nobody may touch. */
function fenced() {
  const memory = Memory.create({ bytes: 8 << 20 });
  const before = memory.reserve('before', 0x4000);
  const host = memory.reserve('host', HOST_BYTES, 128);
  const after = memory.reserve('after', 0x4000);
  for (const zone of [before, after]) memory.u8.fill(PATTERN, zone.position, zone.position + zone.bytes);
  const wire = new ListWire(memory);
  const card = Card82599.create({
    name: '0',
    memory,
    wire,
    engine: createNobleEngine(memory),
    environment: simulatedEnvironment(),
    macAddress: MAC,
    dma: {
      position: (hi, lo, length) =>
        hi === 0 && lo >= host.position && lo + length <= host.position + HOST_BYTES ? lo : 0,
    },
  });
  const untouched = () =>
    [before, after].every((zone) =>
      memory.u8.subarray(zone.position, zone.position + zone.bytes).every((byte) => byte === PATTERN),
    );
  return { memory, wire, card, host, untouched };
}

/** Numbers that are near something: small ones, ends of the reachable memory, anything. */
function address(host: number) {
  return fc.oneof(
    fc.integer({ min: 0, max: HOST_BYTES + 4096 }).map((n) => host - 2048 + n),
    fc.constantFrom(0, 1, 0xffff_ffff, 0x8000_0000, host + HOST_BYTES - 1),
    fc.integer({ min: 0, max: 0xffff_ffff }),
  );
}

describe('a driver that writes nonsense', () => {
  it('never makes the card throw, hang, or touch memory that it may not reach', () => {
    const { memory, wire, card, host, untouched } = fenced();
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    card.write(REG.FCTRL, field.FCTRL_UPE | field.FCTRL_MPE | field.FCTRL_BAM);
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    const at = address(host.position);
    const type = fc.constantFrom(
      descriptor.TXD_DEXT | descriptor.TXD_DTYP_DATA,
      descriptor.TXD_DEXT | descriptor.TXD_DTYP_CONTEXT,
      descriptor.TXD_DEXT,
      0,
    );
    const command = fc
      .tuple(type, fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x0100_0000, 0x0900_0000), word)
      .map(([kind, length, end, any]) => (kind | length | end | (any & 0xc600_ffff & (any >>> 16))) >>> 0);
    const txDescriptor = fc.tuple(at, fc.constantFrom(0, 0, 0, 1), command, word);
    const rxDescriptor = fc.tuple(at, fc.constantFrom(0, 0, 0, 1), word, word);
    const ring = fc.record({
      base: fc.oneof(fc.constant(host.position), at),
      bytes: fc.oneof(fc.constantFrom(0, 128, 256, 1000, 0xffff_ffff), fc.integer({ min: 0, max: 0x1_0000 })),
      tail: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0xffff, 0xffff_ffff)),
    });
    const frame = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(
        fc.record({
          tx: ring,
          rx: ring,
          txDescriptors: fc.array(txDescriptor, { maxLength: 16 }),
          rxDescriptors: fc.array(rxDescriptor, { maxLength: 16 }),
          srrctl: fc.oneof(fc.constantFrom(0x0200_0001, 0x0200_0002, 0x1200_0002), word),
          frames: fc.array(frame, { maxLength: 8 }),
          noise: fc.array(fc.tuple(fc.integer({ min: 0, max: 0x1ffff }), word), { maxLength: 8 }),
        }),
        ({ tx, rx, txDescriptors, rxDescriptors, srrctl, frames, noise }) => {
          card.write(reg.rxdctl(0), 0);
          card.write(reg.txdctl(0), 0);
          card.settle();
          for (const [n, words] of txDescriptors.entries()) memory.u32.set(words, (host.position + n * 16) >> 2);
          for (const [n, words] of rxDescriptors.entries()) memory.u32.set(words, (host.position + 512 + n * 16) >> 2);
          card.write(reg.tdbal(0), tx.base);
          card.write(reg.tdlen(0), tx.bytes);
          card.write(reg.tdt(0), tx.tail);
          card.write(reg.rdbal(0), rx.base + 512);
          card.write(reg.rdlen(0), rx.bytes);
          card.write(reg.rdt(0), rx.tail);
          card.write(reg.srrctl(0), srrctl);
          card.write(REG.DMATXCTL, 1);
          card.write(REG.RXCTRL, 1);
          card.write(REG.IPSRXIDX, 1);
          card.write(REG.IPSTXIDX, 1);
          card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
          card.write(reg.rxdctl(0), field.RXDCTL_ENABLE);
          wire.incoming.push(...frames);
          for (const [index, value] of noise) card.write(index * 4, value);
          card.step(40);
          card.step(40);
          wire.sent.length = 0;
          wire.incoming.length = 0;
          return untouched() && card.read(reg.tdh(0)) <= 0xffff;
        },
      ),
      { numRuns: 400 },
    );
    const seen = card.counters();
    for (const name of ['txBadAddress', 'rxRingOutside', 'txRingOutside', 'txTailBeyondRing', 'txDropped'] as const) {
      expect(seen[name], name).toBeGreaterThan(0);
    }
  });

  it('is counted by its mistakes', () => {
    const { memory, wire, card, host } = fenced();
    const send = (...descriptors: number[][]) => {
      card.write(reg.txdctl(0), 0);
      card.settle();
      memory.u32.set(descriptors.flat(), host.position >> 2);
      card.write(reg.tdbal(0), host.position);
      card.write(reg.tdlen(0), 128);
      card.write(reg.tdt(0), descriptors.length);
      card.write(REG.DMATXCTL, 1);
      card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
      card.step(8);
    };
    const buffer = host.position + 4096;
    const data = 0x2b30_0000;
    const part = 0x2230_0000;
    send([0, 0, data | 60, 60 << 14]);
    send([buffer, 1, data | 60, 60 << 14]);
    send([buffer, 0, data | 0, 0]);
    send([buffer, 0, data | 16, 16 << 14]);
    send([buffer, 0, part | 0x3000, 0], [buffer, 0, data | 0x3000, 0]);
    send([buffer, 0, data | 100, 60 << 14]);
    send([buffer, 0, (data | 0x8000_0000 | 60) >>> 0, 60 << 14]);
    send([buffer, 0, 0x2910_0000, 0]);
    send([buffer, 0, 0x0b00_0000 | 64, 0]);
    send(...Array.from({ length: 7 }, () => [buffer, 0, part | 100, 0]));
    expect(wire.sent.map((frame) => frame.length)).toEqual([100, 64]);
    card.write(reg.tdt(0), 8);
    card.step(1);
    expect(card.counters()).toEqual({
      txBadAddress: 2,
      txDropped: 7,
      txZeroLength: 1,
      txTooShort: 2,
      txTooLong: 1,
      txPayloadLengthDiffers: 1,
      txBadSegmentation: 1,
      txBadDescriptorType: 1,
      txWithoutEnd: 1,
      txTailBeyondRing: 1,
    });
  });

  it('waits for the end of a packet whose last descriptors are not there yet', () => {
    const { memory, wire, card, host } = fenced();
    const buffer = host.position + 4096;
    memory.u32.set([buffer, 0, 0x2230_0000 | 40, 80 << 14, buffer, 0, 0x2b30_0000 | 40, 0], host.position >> 2);
    card.write(reg.tdbal(0), host.position);
    card.write(reg.tdlen(0), 128);
    card.write(REG.DMATXCTL, 1);
    card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
    card.write(reg.tdt(0), 1);
    card.step(8);
    expect([wire.sent.length, card.read(reg.tdh(0))]).toEqual([0, 0]);
    card.write(reg.tdt(0), 2);
    card.step(8);
    expect([wire.sent[0].length, card.read(reg.tdh(0))]).toEqual([80, 2]);
  });

  it('gets an error in the descriptor of a buffer that cannot be reached, and the next frame all the same', () => {
    const { memory, wire, card, host } = fenced();
    const good = host.position + 4096;
    memory.u32.set([0xdead_0000, 0, 0, 0, good, 0, 0, 0], host.position >> 2);
    card.write(reg.rdbal(0), host.position);
    card.write(reg.rdlen(0), 128);
    card.write(reg.srrctl(0), 0x0200_0002);
    card.write(reg.rxdctl(0), field.RXDCTL_ENABLE);
    card.write(REG.RXCTRL, 1);
    card.write(reg.rdt(0), 3);
    const frame = new Uint8Array(64);
    frame.set(MAC);
    wire.incoming.push(frame, frame);
    card.step(8);
    const status = (n: number) => memory.u32[(host.position + n * 16 + descriptor.RXD_STATUS) >> 2];
    const length = (n: number) => memory.u16[(host.position + n * 16 + descriptor.RXD_LENGTH) >> 1];
    expect([status(0), length(0)]).toEqual([descriptor.RXD_ERR_RXE | 3, 0]);
    expect([status(1), length(1)]).toEqual([3, 64]);
    expect(card.counter('rxBadAddress')).toBe(1);
  });
});

describe('an engine that fails', () => {
  it('lets nothing out that was to be enciphered, and nothing in as authentic', () => {
    const memory = Memory.create({ bytes: 16 << 20 });
    const wire = new ListWire(memory);
    const noble = createNobleEngine(memory);
    const engine = { ...noble, memory, createSession: noble.createSession.bind(noble), destroySession() {} };
    const broken = { ...engine, name: 'broken', capabilities: [], process: () => 0, close() {} };
    const environment = simulatedEnvironment();
    const card = Card82599.create({ name: '0', memory, wire, engine: broken, environment, macAddress: MAC });
    const program = new RegisterProgram(card, memory, 'p');
    program.reset();
    program.startReceive();
    program.startTransmit();
    program.startSecurity();
    const sa = { key: new Uint8Array(16).fill(1), salt: new Uint8Array(4) };
    program.writeTxSa(0, sa);
    program.writeRxSa(0, { spi: 5, address: new Uint8Array(4).fill(7), ...sa });
    const frame = new Uint8Array(14 + 20 + 60);
    frame.set(MAC);
    frame.set([8, 0, 0x45, 0, 0, 80, 0, 0, 0, 0, 64, 50], 12);
    frame.fill(7, 30, 34);
    frame[37] = 5;
    program.send(frame, { context: espContext({ index: 0 }), options: descriptor.TXD_POPTS_IPSEC });
    program.send(frame);
    wire.incoming.push(frame);
    card.step(8);
    expect(wire.sent).toEqual([frame]);
    const got = program.receive();
    expect((got?.status ?? 0) & descriptor.RXD_SECERR).toBe(descriptor.RXD_SECERR_AUTHENTICATION);
    expect(got?.bytes).toEqual(frame);
    expect(card.counters()).toMatchObject({ txEngineError: 1, txDropped: 1, rxEngineError: 1 });
  });
});
