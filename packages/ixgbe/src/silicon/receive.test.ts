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
import { RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);

function bench() {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const environment = simulatedEnvironment();
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress: MAC });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive();
  program.startTransmit();
  const arrive = (...frames: Uint8Array[]) => {
    wire.incoming.push(...frames);
    card.step(32);
    return program.receive();
  };
  return { memory, wire, card, program, arrive };
}

function sumOf(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** An Ethernet frame with IPv4 or IPv6 and a TCP or UDP segment whose checksums are right. */
function segment(protocol: 6 | 17, data: Uint8Array, ipv6: boolean): Uint8Array {
  const header = protocol === 17 ? 8 : 20;
  const l4 = new Uint8Array(header + data.length).fill(7, 0, 4);
  l4.set(data, header);
  if (protocol === 17) l4.set([l4.length >> 8, l4.length & 255], 4);
  else l4[12] = 0x50;
  const length = [l4.length >> 8, l4.length & 255];
  const addresses = new Uint8Array(ipv6 ? 32 : 8).map((_, i) => i + 1);
  const total = l4.length + 20;
  const ip = ipv6
    ? Uint8Array.of(0x60, 0, 0, 0, ...length, protocol, 64, ...addresses)
    : Uint8Array.of(0x45, 0, total >> 8, total & 255, 0, 0, 0, 0, 64, protocol, 0, 0, ...addresses);
  if (!ipv6) ip.set([(~sumOf(ip) >> 8) & 255, ~sumOf(ip) & 255], 10);
  const sum = ~sumOf(l4, sumOf(addresses, protocol + l4.length)) & 0xffff || 0xffff;
  l4.set([sum >> 8, sum & 255], protocol === 17 ? 6 : 16);
  return Uint8Array.of(...MAC, 2, 0, 0, 0, 0, 9, ...(ipv6 ? [0x86, 0xdd] : [8, 0]), ...ip, ...l4);
}

describe('what the descriptor tells of a received packet', () => {
  it('is its type, and right checksums as right', () => {
    const { card, arrive } = bench();
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    const bytes = fc.uint8Array({ minLength: 20, maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.constantFrom<6 | 17>(6, 17), fc.boolean(), (data, protocol, ipv6) => {
        const got = arrive(segment(protocol, data, ipv6));
        const type = ipv6 ? descriptor.RXD_PTYPE_IPV6 : descriptor.RXD_PTYPE_IPV4;
        const l4 = protocol === 17 ? descriptor.RXD_PTYPE_UDP : descriptor.RXD_PTYPE_TCP;
        const looked = (ipv6 ? 0 : descriptor.RXD_STAT_IPCS) | descriptor.RXD_STAT_L4CS;
        expect(got?.info).toBe(type | l4);
        expect(got?.status).toBe(3 | looked | (protocol === 17 ? descriptor.RXD_STAT_UDPCS : 0));
      }),
      { numRuns: 100 },
    );
  });

  it('is an error for every byte that is not as it was sent', () => {
    const { card, arrive } = bench();
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    const frame = segment(17, new Uint8Array(30).fill(1), false);
    for (let i = 24; i < frame.length; i++) {
      const broken = frame.slice();
      broken[i] ^= 0x10;
      const status = arrive(broken)?.status ?? 0;
      // Ports and payload are layer 4's; addresses are both's.
      const expected = i < 26 ? descriptor.RXD_ERR_IPE : descriptor.RXD_ERR_L4E;
      if (i < 38 || i > 39) expect((status & expected) >>> 0, `byte ${i}`).toBe(expected);
    }
  });

  it('says nothing of layer 4 unless it was asked for, nor of UDP without a checksum, nor of fragments', () => {
    const { card, arrive } = bench();
    const frame = segment(17, new Uint8Array(30), false);
    expect(arrive(frame)?.status).toBe(3 | descriptor.RXD_STAT_IPCS);
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    const without = frame.slice();
    without.fill(0, 40, 42);
    expect(arrive(without)?.status).toBe(3 | descriptor.RXD_STAT_IPCS);
    const fragment = frame.slice();
    fragment[20] = 0x20;
    expect((arrive(fragment)?.status ?? 0) & descriptor.RXD_STAT_L4CS).toBe(0);
  });

  it('survives any bytes', () => {
    const { card, program, arrive } = bench();
    card.write(REG.RXCSUM, field.RXCSUM_IPPCSE);
    program.startSecurity();
    const type = fc.constantFrom([8, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8], [0, 40]);
    const rest = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(type, fc.integer({ min: 0, max: 255 }), rest, (ethertype, first, bytes) => {
        const frame = Uint8Array.of(...MAC, 2, 0, 0, 0, 0, 9, ...ethertype, first, ...bytes);
        const got = arrive(frame);
        expect(got?.bytes.slice(0, frame.length)).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });
});

describe('interrupt causes and statistics', () => {
  it('raise the cause that IVAR names for a queue', () => {
    const { card, program, arrive } = bench();
    card.write(reg.ivar(0), 0x80 | 3 | ((0x80 | 9) << 8));
    arrive(new Uint8Array(64).fill(2, 0, 1).fill(1, 5, 6));
    expect(card.read(REG.EICR) & 0xffff).toBe(1 << 3);
    program.send(new Uint8Array(64));
    card.step(1);
    // Reading has cleared the first one.
    expect(card.read(REG.EICR) & 0xffff).toBe(1 << 9);
  });

  it('carry counts of bytes into the upper 4 bits', () => {
    const { card, arrive } = bench();
    card.registers[REG.GORCL >> 2] = 0xffff_fff0;
    card.registers[REG.GORCH >> 2] = 0xf;
    const frame = new Uint8Array(64);
    frame.set(MAC);
    arrive(frame);
    expect([card.read(REG.GORCL), card.read(REG.GORCH)]).toEqual([48, 0]);
    expect([card.read(REG.GORCL), card.read(REG.GORCH)]).toEqual([0, 0]);
  });

  it('count sizes with their FCS, and groups apart', () => {
    const { card, wire } = bench();
    card.write(REG.FCTRL, field.FCTRL_MPE | field.FCTRL_BAM);
    for (const length of [60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514]) {
      const frame = new Uint8Array(length);
      frame.set(MAC);
      wire.incoming.push(frame);
    }
    wire.incoming.push(new Uint8Array(60).fill(0xff), new Uint8Array(60).fill(1));
    card.step(32);
    const sizes = [REG.PRC64, REG.PRC127, REG.PRC255, REG.PRC511, REG.PRC1023, REG.PRC1522];
    expect(sizes.map((offset) => card.read(offset))).toEqual([3, 2, 2, 2, 2, 2]);
    expect([card.read(REG.BPRC), card.read(REG.MPRC), card.read(REG.TPR)]).toEqual([1, 1, 13]);
  });

  it('count a queue where RQSMR and TQSM say', () => {
    const { card, program, arrive } = bench();
    card.write(reg.rqsmr(0), 7);
    card.write(reg.tqsm(0), 11);
    const frame = new Uint8Array(64);
    frame.set(MAC);
    arrive(frame);
    program.send(frame);
    card.step(1);
    expect([card.read(reg.qprc(7)), card.read(reg.qptc(11)), card.read(reg.qbtcL(11))]).toEqual([1, 1, 64]);
  });

  it('write the head to memory instead of descriptors when that was asked for', () => {
    const { memory, card, program } = bench();
    const to = memory.reserve('head', 64).position;
    card.write(reg.tdwbah(0), 0);
    card.write(reg.tdwbal(0), to | field.TDWBAL_HEAD_WB_EN);
    program.send(new Uint8Array(64));
    program.send(new Uint8Array(64));
    card.step(8);
    expect(memory.u32[to >> 2]).toBe(2);
    expect(program.sendDone()).toBe(false);
  });
});

describe('several transmit queues', () => {
  it('are served in turn, and each in its order', () => {
    const { card, program, wire } = bench();
    program.startTransmit(64, 16);
    program.startTransmit(127, 16);
    for (let i = 0; i < 10; i++) {
      for (const queue of [0, 64, 127]) program.send(new Uint8Array(60).fill(queue).fill(i, 59), {}, queue);
    }
    for (let i = 0; i < 8; i++) card.step(4);
    expect(wire.sent).toHaveLength(30);
    for (const queue of [0, 64, 127]) {
      const order = wire.sent.filter((frame) => frame[0] === queue).map((frame) => frame[59]);
      expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    // Nobody waits for another queue to be empty.
    expect(new Set(wire.sent.slice(0, 12).map((frame) => frame[0])).size).toBe(3);
  });
});
