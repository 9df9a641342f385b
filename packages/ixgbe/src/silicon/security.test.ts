import { createCipheriv } from 'node:crypto';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';
import type { CardOptions } from './options.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const KEY = bytesOf('000102030405060708090a0b0c0d0e0f');
const SALT = bytesOf('a0a1a2a3');
const V4 = Uint8Array.of(192, 168, 1, 1);
const V6 = bytesOf('20010db8000000000000000000000001');

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function join(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

interface Packet {
  readonly spi?: number;
  readonly sequence?: number;
  readonly payload?: Uint8Array;
  readonly address?: Uint8Array;
  readonly key?: Uint8Array;
  readonly gmac?: boolean;
  readonly protocol?: number;
}

/** The parts of an Ethernet frame with ESP, before and after encryption; node:crypto is the judge. */
function espFrame(packet: Packet = {}): { clear: Uint8Array; wire: Uint8Array } {
  const { spi = 0x0102_0304, sequence = 1, payload = new Uint8Array(60).fill(0x42), address = V4 } = packet;
  const { key = KEY, gmac = false, protocol = 50 } = packet;
  const header = join(word(spi), word(sequence));
  const iv = join(word(0), word(sequence));
  const padding = (4 - ((payload.length + 2) % 4)) % 4;
  const text = join(payload, [1, 2, 3].slice(0, padding), [padding, 4]);
  const cipher = createCipheriv('aes-128-gcm', key, join(SALT, iv));
  cipher.setAAD(gmac ? join(header, iv, text) : header);
  const enciphered = gmac ? text : Uint8Array.from(cipher.update(text));
  cipher.final();
  const icv = Uint8Array.from(cipher.getAuthTag());
  const length = header.length + iv.length + text.length + icv.length;
  const v6 = address.length === 16;
  const ip = v6
    ? join([0x60, 0, 0, 0], word((length << 16) | (protocol << 8) | 64), new Uint8Array(15), [9], address)
    : ipv4Header(length + 20, protocol, address);
  const ethernet = join(MAC, [2, 0, 0, 0, 0, 9], v6 ? [0x86, 0xdd] : [8, 0]);
  return {
    clear: join(ethernet, ip, header, iv, text, new Uint8Array(16)),
    wire: join(ethernet, ip, header, iv, enciphered, icv),
  };
}

function ipv4Header(total: number, protocol: number, to: Uint8Array): Uint8Array {
  const header = join([0x45, 0, total >> 8, total & 255, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1], to);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (header[i] << 8) | header[i + 1];
  sum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  header.set([sum >> 8, sum & 255], 10);
  return header;
}

function bench(options: CardOptions = {}) {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const environment = simulatedEnvironment();
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress: MAC, options });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive();
  program.startTransmit();
  return { memory, wire, card, program, environment };
}

/** A card that is ready for the packets of {@link espFrame}: SA 9 each way. */
function secured(options: CardOptions = {}) {
  const all = bench(options);
  all.program.startSecurity();
  all.program.writeTxSa(9, { key: KEY, salt: SALT });
  all.program.writeRxSa(9, { spi: 0x0102_0304, address: V4, key: KEY, salt: SALT });
  const arrive = (frame: Uint8Array) => {
    all.wire.incoming.push(frame);
    all.card.step(32);
    return all.program.receive();
  };
  const leave = (frame: Uint8Array, context: readonly number[], options = descriptor.TXD_POPTS_IPSEC) => {
    all.program.send(frame, { context, options });
    all.card.step(32);
    return all.wire.sent.pop();
  };
  return { ...all, arrive, leave };
}

describe('the SA tables', () => {
  it('hold keys and salts as big-endian numbers, SPIs and addresses with the first byte lowest', () => {
    const { card, program } = bench();
    program.startSecurity();
    const key = bytesOf('00112233445566778899aabbccddeeff');
    program.writeTxSa(1023, { key, salt: SALT });
    program.writeRxSa(9, { spi: 0x0102_0304, address: V4, ipIndex: 5, key, salt: SALT });
    const images = () => [0, 1, 2, 3].map((n) => card.read(reg.ipsrxkey(n)).toString(16));
    expect(images()).toEqual(['ccddeeff', '8899aabb', '44556677', '112233']);
    expect(card.read(REG.IPSRXSALT)).toBe(0xa0a1a2a3);
    expect(card.read(REG.IPSRXSPI)).toBe(0x0403_0201);
    expect([0, 1, 2, 3].map((n) => card.read(reg.ipsrxipaddr(n)))).toEqual([0, 0, 0, 0x0101_a8c0]);
    expect(card.read(REG.IPSRXIDX)).toBe(0x0000_004f);
    // A v6 SA goes over the staging registers; a read brings the first one back.
    program.writeRxSa(10, { spi: 7, address: V6, key: KEY, salt: SALT });
    expect([0, 1, 2, 3].map((n) => card.read(reg.ipsrxipaddr(n)))).toEqual([0xb80d_0120, 0, 0, 0x0100_0000]);
    expect(card.read(REG.IPSRXMOD)).toBe(0x1d);
    for (const [table, index] of [
      [descriptor.IPSRX_TABLE_IP, 5],
      [descriptor.IPSRX_TABLE_SPI, 9],
      [descriptor.IPSRX_TABLE_KEY, 9],
    ]) {
      card.write(REG.IPSRXIDX, field.IPSRXIDX_READ | (index << 3) | table | 1);
      expect(card.read(REG.IPSRXIDX) & field.IPSRXIDX_READ).not.toBe(0);
      card.settle();
      expect(card.read(REG.IPSRXIDX) & field.IPSRXIDX_READ).toBe(0);
    }
    expect(card.read(reg.ipsrxipaddr(3))).toBe(0x0101_a8c0);
    expect(card.read(REG.IPSRXSPI)).toBe(0x0403_0201);
    expect(card.read(REG.IPSRXIPIDX)).toBe(5);
    expect(images()).toEqual(['ccddeeff', '8899aabb', '44556677', '112233']);
    expect(card.read(REG.IPSRXMOD)).toBe(0x0d);
    card.write(REG.IPSTXIDX, field.IPSTXIDX_READ | (1023 << 3));
    card.settle();
    expect(card.read(reg.ipstxkey(3))).toBe(0x0011_2233);
    expect(card.dump({ prefix: 'IPS' })).not.toMatch(/112233/);
  });

  it('take commands one behind the other from a program that does not wait', () => {
    const { card, program } = bench();
    program.startSecurity();
    for (let i = 0; i < 1024; i++) {
      card.write(REG.IPSRXSPI, i);
      card.write(REG.IPSRXIPIDX, i & 127);
      card.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | (i << 3) | descriptor.IPSRX_TABLE_SPI | 1);
    }
    card.write(REG.IPSRXIDX, field.IPSRXIDX_READ | (700 << 3) | descriptor.IPSRX_TABLE_SPI | 1);
    card.settle();
    expect([card.read(REG.IPSRXSPI), card.read(REG.IPSRXIPIDX)]).toEqual([700, 700 & 127]);
  });

  it('ignore a command that reads and writes, or names no table', () => {
    const { card, program } = bench();
    program.startSecurity();
    card.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | field.IPSRXIDX_READ | descriptor.IPSRX_TABLE_IP);
    card.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE);
    card.write(REG.IPSTXIDX, field.IPSTXIDX_WRITE | field.IPSTXIDX_READ);
    card.settle();
    expect(card.counter('tableCommandsIgnored')).toBe(3);
    expect(card.counter('tableWrites')).toBe(0);
  });

  it('can take their time, and then lose the command of a program that does not wait', () => {
    const { card, program, environment } = bench({ commandDelay: 1000 });
    program.startSecurity();
    const command = field.IPSRXIDX_WRITE | descriptor.IPSRX_TABLE_SPI | 1;
    card.write(REG.IPSRXIDX, command);
    card.settle();
    expect(card.read(REG.IPSRXIDX)).toBe(command >>> 0);
    card.write(REG.IPSRXIDX, command | (1 << 3));
    environment.advance(1000);
    card.settle();
    expect(card.read(REG.IPSRXIDX)).toBe(descriptor.IPSRX_TABLE_SPI | 1);
    expect(card.counters()).toMatchObject({ tableWrites: 1, tableCommandsLost: 1 });
  });

  it('lose keys by a reset, but not addresses and SPIs', () => {
    const { card, program } = secured();
    program.reset();
    const read = (table: number) => {
      card.write(REG.IPSRXIDX, field.IPSRXIDX_READ | (9 << 3) | table);
      card.settle();
    };
    read(descriptor.IPSRX_TABLE_KEY);
    expect(card.read(REG.IPSRXMOD)).toBe(0);
    expect(card.read(reg.ipsrxkey(0))).toBe(0);
    read(descriptor.IPSRX_TABLE_SPI);
    expect(card.read(REG.IPSRXSPI)).toBe(0x0403_0201);
    read(descriptor.IPSRX_TABLE_IP);
    expect(card.read(reg.ipsrxipaddr(3))).toBe(0x0101_a8c0);
  });

  it('end a session when its key is overwritten, and make none for cleared entries', () => {
    const { card, program } = secured();
    const before = card.counter('sessionsMade');
    program.writeTxSa(9, { key: KEY, salt: bytesOf('00000001') });
    expect(card.counter('sessionsMade')).toBe(before);
    program.writeTxSa(9, { key: V6, salt: SALT });
    expect(card.counter('sessionsMade')).toBe(before + 1);
    for (let i = 0; i < 1024; i++) program.writeTxSa(i, { key: new Uint8Array(16), salt: new Uint8Array(4) });
    expect(card.counter('sessionsMade')).toBe(before + 1);
  });
});

describe('the enable sequence', () => {
  it('lets the enables be set only while the engines are not disabled', () => {
    const { card } = bench();
    card.write(REG.IPSRXIDX, 1);
    card.write(REG.IPSTXIDX, 1);
    expect([card.read(REG.IPSRXIDX), card.read(REG.IPSTXIDX)]).toEqual([0, 0]);
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    card.write(REG.IPSRXIDX, 1);
    card.write(REG.IPSTXIDX, 1);
    expect([card.read(REG.IPSRXIDX), card.read(REG.IPSTXIDX)]).toEqual([1, 1]);
    card.write(REG.SECRXCTRL, 1);
    card.write(REG.SECTXCTRL, 1);
    expect([card.read(REG.IPSRXIDX), card.read(REG.IPSTXIDX)]).toEqual([0, 0]);
  });

  it('cannot be run on a fused part', () => {
    const { card } = bench({ fuse: 'fused' });
    card.write(REG.SECRXCTRL, 0);
    card.write(REG.SECTXCTRL, 4);
    card.write(REG.IPSRXIDX, 1);
    card.settle();
    expect([card.read(REG.SECRXCTRL), card.read(REG.SECTXCTRL)]).toEqual([1, 5]);
    expect(card.read(REG.IPSRXIDX)).toBe(0);
    expect(card.read(REG.SECRXSTAT)).toBe(field.SECRXSTAT_SECRX_OFF_DIS);
    expect(card.read(REG.SECTXSTAT)).toBe(field.SECTXSTAT_SECTX_OFF_DIS);
  });

  it('holds frames while a side is stopped', () => {
    const { card, program, wire } = secured();
    card.write(REG.SECTXCTRL, 2 | 4);
    card.write(REG.SECRXCTRL, 2);
    wire.incoming.push(espFrame().wire);
    program.send(espFrame().clear);
    expect(card.step(32)).toBe(0);
    expect([card.read(REG.SECTXSTAT), card.read(REG.SECRXSTAT)]).toEqual([1, 1]);
    card.write(REG.SECTXCTRL, 4);
    card.write(REG.SECRXCTRL, 0);
    expect(card.step(32)).toBe(2);
    expect([card.read(REG.SECTXSTAT), card.read(REG.SECRXSTAT)]).toEqual([0, 0]);
  });
});

describe('the transmit side', () => {
  it('enciphers by the SA of the context, and pads and counts nothing else', () => {
    const { card, leave } = secured();
    for (const length of [2, 3, 60, 200, 1400]) {
      const { clear, wire } = espFrame({ payload: new Uint8Array(length).fill(length) });
      expect(hexOf(leave(clear, espContext({ index: 9 })) ?? V4)).toBe(hexOf(wire));
    }
    expect(card.counters()).toMatchObject({ txSecurityEncrypted: 5 });
    expect(card.counter('txSecurityHeaderDiffers')).toBe(0);
  });

  it('authenticates without enciphering when the context does not ask to encrypt (GMAC)', () => {
    const { card, leave } = secured();
    const { clear, wire } = espFrame({ gmac: true });
    expect(hexOf(leave(clear, espContext({ index: 9, encrypt: false })) ?? V4)).toBe(hexOf(wire));
    expect(card.counter('txSecurityAuthenticated')).toBe(1);
  });

  it('does IPv6, several segments, and an IP header at an odd place', () => {
    const { program, card, wire, leave } = secured();
    const v6 = espFrame({ address: V6 });
    expect(hexOf(leave(v6.clear, espContext({ index: 9, ipv6: true })) ?? V4)).toBe(hexOf(v6.wire));
    const v4 = espFrame();
    const context = espContext({ index: 9 });
    program.send(v4.clear, { context, options: descriptor.TXD_POPTS_IPSEC, segments: [14, 21, 3] });
    card.step(32);
    expect(hexOf(wire.sent.pop() ?? V4)).toBe(hexOf(v4.wire));
    const odd = (frame: Uint8Array) => join(frame.slice(0, 14), [0xee], frame.slice(14));
    expect(hexOf(leave(odd(v4.clear), espContext({ index: 9, maclen: 15 })) ?? V4)).toBe(hexOf(odd(v4.wire)));
  });

  it('makes an IPv4 header checksum over whatever the field holds', () => {
    const { leave } = secured();
    const { clear, wire } = espFrame();
    const options = descriptor.TXD_POPTS_IPSEC | descriptor.TXD_POPTS_IXSM;
    const zeroed = clear.slice();
    zeroed.fill(0, 24, 26);
    expect(hexOf(leave(zeroed, espContext({ index: 9 }), options) ?? V4)).toBe(hexOf(wire));
    // A right checksum in the field makes the sum 0xffff, and its complement 0.
    expect(leave(clear, espContext({ index: 9 }), options)?.slice(24, 26)).toEqual(Uint8Array.of(0, 0));
  });

  it('sums layer 4 before it enciphers, up to the ESP trailer', () => {
    const { leave, arrive } = secured();
    const udp = join([0, 53, 0, 99, 0, 19, 0, 0], new Uint8Array(11).fill(0x5a));
    const pseudo = join([10, 0, 0, 1], V4, [0, 17, 0, 19]);
    const sum = (bytes: Uint8Array, start = 0) => {
      let total = start;
      for (let i = 0; i < bytes.length; i += 2) total += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
      while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
      return total;
    };
    const seeded = udp.slice();
    seeded.set([sum(pseudo) >> 8, sum(pseudo) & 255], 6);
    const full = ~sum(udp, sum(pseudo)) & 0xffff;
    udp.set([full >> 8, full & 255], 6);
    const { clear } = espFrame({ payload: seeded });
    const { wire } = espFrame({ payload: udp });
    // 19 bytes, 3 of padding, pad length, next header, ICV.
    const context = espContext({ index: 9, iplen: 36, espLen: 3 + 2 + 16, layer4: descriptor.TXC_L4T_UDP });
    const sent = leave(clear, context, descriptor.TXD_POPTS_IPSEC | descriptor.TXD_POPTS_TXSM) ?? V4;
    expect(hexOf(sent)).toBe(hexOf(wire));
    const got = arrive(sent)?.bytes ?? V4;
    expect(sum(got.slice(50, 69), sum(pseudo))).toBe(0xffff);
  });

  it('keeps two contexts a queue, whatever happens to the table', () => {
    const { program, leave, card, wire: cable } = secured();
    const sentBy = cable.sent;
    const other = espFrame({ key: V6 });
    program.writeTxSa(500, { key: V6, salt: SALT });
    const first = espContext({ index: 9 });
    const second = [...espContext({ index: 500 }).slice(0, 3), 1 << descriptor.TXC_IDX_SHIFT];
    const { clear, wire } = espFrame();
    expect(hexOf(leave(clear, first) ?? V4)).toBe(hexOf(wire));
    const withSecond = descriptor.TXD_POPTS_IPSEC | (1 << descriptor.TXD_IDX_SHIFT);
    expect(hexOf(leave(other.clear, second, withSecond) ?? V4)).toBe(hexOf(other.wire));
    program.writeTxSa(500, { key: KEY, salt: SALT });
    program.send(clear, { options: descriptor.TXD_POPTS_IPSEC });
    program.send(clear, { options: withSecond });
    program.send(clear, { options: descriptor.TXD_POPTS_IPSEC });
    card.step(32);
    expect(sentBy.splice(0).map(hexOf)).toEqual([hexOf(wire), hexOf(wire), hexOf(wire)]);
  });

  it('lets a packet leave in clear while it is off, and says so', () => {
    const { card, leave } = secured();
    card.write(REG.IPSTXIDX, 0);
    const { clear } = espFrame();
    expect(leave(clear, espContext({ index: 9 }))).toEqual(clear);
    expect(card.counter('txSecurityOff')).toBe(1);
  });

  it('uses an all-zero key where no SA was written, and says so', () => {
    const { card, leave } = secured();
    expect(leave(espFrame().clear, espContext({ index: 77 }))).toHaveLength(espFrame().clear.length);
    expect(card.counter('txSecurityZeroKey')).toBe(1);
  });

  it('finds the ESP header where the context says, and counts when the packet differs', () => {
    const { card, leave } = secured();
    const { clear, wire } = espFrame();
    expect(leave(clear, espContext({ index: 9, ipv6: true }))).not.toEqual(wire);
    expect(card.counter('txSecurityHeaderDiffers')).toBe(1);
  });

  it('drops a packet that has no room for ESP', () => {
    const { card, leave } = secured();
    expect(leave(espFrame().clear.slice(0, 60), espContext({ index: 9 }))).toBeUndefined();
    expect(card.counters()).toMatchObject({ txSecurityMalformed: 1, txDropped: 1 });
  });
});

describe('the receive side', () => {
  it('deciphers in place and leaves header, IV, trailer and ICV where they are', () => {
    const { card, arrive } = secured();
    for (const length of [2, 3, 60, 200, 1400]) {
      const { clear, wire } = espFrame({ payload: new Uint8Array(length).fill(length) });
      const got = arrive(wire);
      expect(hexOf(got?.bytes ?? V4)).toBe(hexOf(join(clear.slice(0, -16), wire.slice(-16))));
      expect(got?.status).toBe(0x0002_0003 | descriptor.RXD_STAT_IPCS);
      expect(got?.info).toBe(0x1010);
    }
    expect(card.counter('rxSecurityGood')).toBe(5);
  });

  it('does IPv6, GMAC, a VLAN tag, and a frame over several buffers', () => {
    const { program, arrive, card, wire } = secured();
    program.writeRxSa(10, { spi: 0x0102_0304, address: V6, key: KEY, salt: SALT });
    const v6 = espFrame({ address: V6 });
    expect(arrive(v6.wire)?.bytes).toEqual(join(v6.clear.slice(0, -16), v6.wire.slice(-16)));
    program.writeRxSa(11, { spi: 11, address: V4, ipIndex: 9, key: KEY, salt: SALT, mode: 0x05 });
    const gmac = espFrame({ spi: 11, gmac: true });
    const got = arrive(gmac.wire);
    expect(got?.bytes).toEqual(gmac.wire);
    expect((got?.status ?? 0) & ~descriptor.RXD_STAT_IPCS).toBe(0x0002_0003);
    const tag = (frame: Uint8Array) => join(frame.slice(0, 12), [0x81, 0, 0, 7], frame.slice(12));
    const v4 = espFrame();
    expect(arrive(tag(v4.wire))?.bytes).toEqual(tag(join(v4.clear.slice(0, -16), v4.wire.slice(-16))));
    const small = new RegisterProgram(card, card.memory, 'small');
    card.write(reg.rxdctl(0), 0);
    card.settle();
    small.startReceive(0, 8, 1024);
    const large = espFrame({ payload: new Uint8Array(1400).fill(3) });
    wire.incoming.push(large.wire);
    card.step(32);
    expect(small.receive()?.bytes).toEqual(join(large.clear.slice(0, -16), large.wire.slice(-16)));
    expect(card.counters()).toMatchObject({ rxSecurityGood: 4 });
  });

  it('leaves alone what it has no SA for: another SPI, another address, an entry that is not valid, the wrong IP version', () => {
    const { program, arrive, card } = secured();
    program.writeRxSa(20, { spi: 20, address: V4, ipIndex: 9, key: KEY, salt: SALT, mode: 0x0c });
    program.writeRxSa(21, { spi: 21, address: V4, ipIndex: 9, key: KEY, salt: SALT, mode: 0x1d });
    for (const packet of [
      { spi: 5 },
      { address: Uint8Array.of(192, 168, 1, 2) },
      { spi: 20 },
      { spi: 21 },
      { spi: 0 },
    ]) {
      const { wire } = espFrame(packet);
      const got = arrive(wire);
      expect(got?.bytes).toEqual(wire);
      expect(got?.status).toBe(3 | descriptor.RXD_STAT_IPCS);
      expect(got?.info).toBe(0x1010);
    }
    expect(card.counter('rxSecurityUnknown')).toBe(5);
    card.write(REG.IPSRXIDX, 0);
    expect(arrive(espFrame().wire)?.status).toBe(3 | descriptor.RXD_STAT_IPCS);
    expect(card.counter('rxSecurityOff')).toBe(1);
  });

  it('leaves alone what it may not look at: fragments, IP options, ESP in UDP, SNAP', () => {
    const { arrive, card } = secured();
    const { wire } = espFrame();
    const fragment = wire.slice();
    fragment[20] = 0x20;
    const options = join(wire.slice(0, 14), [0x46], wire.slice(15, 34), [1, 1, 1, 1], wire.slice(34));
    options.set([(options.length - 14) >> 8, (options.length - 14) & 255], 16);
    const length = wire.length - 14 + 8;
    const snap = join(wire.slice(0, 12), [length >> 8, length & 255, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], wire.slice(14));
    const udp = espFrame({ protocol: 17 }).wire;
    for (const [frame, info] of [
      [fragment, 0x1010],
      [options, 0x1030],
      [snap, 0x1010],
      [udp, 0x0210],
    ] as const) {
      const got = arrive(frame);
      expect(got?.info).toBe(info);
      expect((got?.status ?? 0) & (descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR)).toBe(0);
      expect(got?.bytes).toEqual(frame);
    }
    expect(card.counters()).not.toHaveProperty('rxSecurityUnknown');
    const tagged = secured({ vlanSecurity: false });
    const tag = join(wire.slice(0, 12), [0x81, 0, 0, 7], wire.slice(12));
    expect(tagged.arrive(tag)?.bytes).toEqual(tag);
  });

  it('takes the lowest of equal entries, valid or not', () => {
    const { program, arrive } = secured();
    program.writeRxSa(4, { spi: 0x0102_0304, address: V4, ipIndex: 9, key: V6, salt: SALT });
    expect((arrive(espFrame().wire)?.status ?? 0) & descriptor.RXD_SECERR).toBe(descriptor.RXD_SECERR_AUTHENTICATION);
    program.writeRxSa(4, { spi: 0x0102_0304, address: V4, ipIndex: 9, key: V6, salt: SALT, mode: 0 });
    expect((arrive(espFrame().wire)?.status ?? 0) & descriptor.RXD_STAT_SECP).toBe(0);
    program.writeRxSa(4, { spi: 0, address: V4, ipIndex: 9, key: V6, salt: SALT, mode: 0 });
    expect((arrive(espFrame().wire)?.status ?? 0) & descriptor.RXD_STAT_SECP).toBe(descriptor.RXD_STAT_SECP);
  });

  it('reports a wrong ICV with code 11, and gives out what it deciphered all the same', () => {
    const wrong = espFrame().wire;
    wrong[wrong.length - 1] ^= 1;
    const { arrive, card } = secured();
    const got = arrive(wrong);
    expect(got?.status).toBe(0x1802_0003 | descriptor.RXD_STAT_IPCS);
    expect(got?.bytes.slice(50, 110)).toEqual(new Uint8Array(60).fill(0x42));
    expect(card.counter('rxSecurityAuthentication')).toBe(1);
    const kept = secured({ unverifiedPayload: 'ciphertext' }).arrive(wrong);
    expect(kept?.status).toBe(0x1802_0003 | descriptor.RXD_STAT_IPCS);
    expect(kept?.bytes).toEqual(wrong);
  });

  it('reports AH for an ESP SA, and ESP for an AH SA, with code 01', () => {
    for (const protocolErrorSecp of [true, false]) {
      const { program, arrive } = secured({ protocolErrorSecp });
      program.writeRxSa(9, { spi: 0x0102_0304, address: V4, key: KEY, salt: SALT, mode: 0x01 });
      const { wire } = espFrame();
      const got = arrive(wire);
      const expected = protocolErrorSecp ? 0x0802_0003 : 0x0800_0003;
      expect(got?.status).toBe(expected | descriptor.RXD_STAT_IPCS);
      expect(got?.bytes).toEqual(wire);
    }
  });

  it('reports what is cut, too short or unaligned with code 10', () => {
    for (const lengthErrorSecp of [false, true]) {
      const { arrive, card } = secured({ lengthErrorSecp });
      const { wire } = espFrame();
      const resize = (total: number, length: number) => {
        const frame = join(wire.slice(0, length));
        frame.set([total >> 8, total & 255], 16);
        return frame;
      };
      // Cut: the IP header tells more than there is. Short: 35 bytes behind it. Unaligned: one byte too few.
      for (const frame of [
        resize(wire.length - 14, wire.length - 4),
        resize(55, 69),
        resize(wire.length - 15, wire.length - 1),
      ]) {
        const status = arrive(frame)?.status ?? 0;
        expect((status & descriptor.RXD_SECERR) >>> 0).toBe(descriptor.RXD_SECERR_LENGTH);
        expect(status & descriptor.RXD_STAT_SECP).toBe(lengthErrorSecp ? descriptor.RXD_STAT_SECP : 0);
      }
      expect(card.counter('rxSecurityLength')).toBe(3);
      expect(arrive(espFrame({ payload: new Uint8Array(2) }).wire)?.status).toBe(
        0x0002_0003 | descriptor.RXD_STAT_IPCS,
      );
    }
  });
});

describe('1,024 SAs each way over 128 addresses', () => {
  it('are all found, each with its own key', () => {
    const { program, arrive, leave, card } = secured();
    const keyOf = (i: number) => KEY.map((byte, n) => (n < 2 ? i >> (8 * n) : byte));
    const packet = (i: number) => ({
      spi: 0x1000 + (i >> 7),
      address: Uint8Array.of(10, 1, 0, i & 127),
      key: keyOf(i),
      payload: new Uint8Array(6).fill(i),
    });
    for (let i = 0; i < 1024; i++) {
      const { spi, address, key } = packet(i);
      program.writeTxSa(i, { key, salt: SALT });
      program.writeRxSa(i, { spi, address, key, salt: SALT });
    }
    for (let i = 0; i < 1024; i += 31) {
      const { clear, wire } = espFrame(packet(i));
      expect(leave(clear, espContext({ index: i }))).toEqual(wire);
      expect(arrive(wire)?.status).toBe(0x0002_0003 | descriptor.RXD_STAT_IPCS);
    }
    expect(card.counter('rxSecurityGood')).toBe(34);
  });
});
