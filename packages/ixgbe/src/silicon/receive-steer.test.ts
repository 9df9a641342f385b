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
import { type ReceivedFrame, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);

/** A card with these receive queues running, and RSS off. */
function bench(queues: readonly number[] = [0, 1]) {
  const memory = Memory.create({ bytes: 24 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const environment = simulatedEnvironment();
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress: MAC });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  for (const queue of queues) program.startReceive(queue);
  const arrive = (...frames: Uint8Array[]): void => {
    wire.incoming.push(...frames);
    card.step(64);
  };
  const received = (queue: number): ReceivedFrame[] => {
    const got = [];
    for (let next = program.receive(queue); next !== undefined; next = program.receive(queue)) got.push(next);
    return got;
  };
  return { memory, wire, card, program, arrive, received };
}

/** The key of Microsoft's RSS verification suite. */
const KEY = [
  ...[0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca],
  ...[0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b],
  ...[0xbe, 0xac, 0x01, 0xfa],
];
const ALL_FIELDS = 0x00f3_0000;

/** RSS over `queues` queues, one after the other in the redirection table. */
function startRss(card: Card82599, queues = 2, fields = ALL_FIELDS, key: readonly number[] = KEY): void {
  for (let n = 0; n < 10; n++) {
    const [a, b, c, d] = key.slice(4 * n);
    card.write(reg.rssrk(n), (a | (b << 8) | (c << 16) | (d << 24)) >>> 0);
  }
  for (let n = 0; n < 128; n += 4) {
    const entry = [0, 1, 2, 3].reduce((word, i) => word | (((n + i) % queues) << (8 * i)), 0);
    card.write(reg.reta(n / 4), entry);
  }
  card.write(REG.RXCSUM, field.RXCSUM_PCSD);
  card.write(REG.MRQC, (1 | fields) >>> 0);
}

/** The suite's own way to make the hash: bit by bit. */
function toeplitz(key: readonly number[], input: readonly number[]): number {
  const bits = key.flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));
  let hash = 0;
  input.forEach((byte, n) => {
    for (let i = 0; i < 8; i++) {
      if (((byte >> (7 - i)) & 1) === 0) continue;
      hash ^= bits.slice(n * 8 + i, n * 8 + i + 32).reduce((word, bit) => (word << 1) | bit, 0);
    }
  });
  return hash >>> 0;
}

const port = (number: number): number[] => [number >> 8, number & 0xff];

function ipv4(protocol: number, source: readonly number[], destination: readonly number[], payload: readonly number[]) {
  const total = 20 + payload.length;
  const header = [0x45, 0, ...port(total), 0, 0, 0, 0, 64, protocol, 0, 0, ...source, ...destination];
  const frame = Uint8Array.of(...MAC, 2, 0, 0, 0, 0, 9, 8, 0, ...header, ...payload);
  return Uint8Array.from({ length: Math.max(60, frame.length) }, (_, i) => frame[i] ?? 0);
}

function ipv6(next: number, source: readonly number[], destination: readonly number[], payload: readonly number[]) {
  const header = [0x60, 0, 0, 0, ...port(payload.length), next, 64, ...source, ...destination];
  return Uint8Array.of(...MAC, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, ...header, ...payload);
}

/** An IPv6 address whose groups are written out but for one gap. */
function address6(text: string): number[] {
  const [head, tail = []] = text.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.flatMap((group) => port(Number.parseInt(group, 16)));
}

const address4 = (text: string): number[] => text.split('.').map(Number);

/** Microsoft's RSS verification suite: destination, source, hash of the addresses, hash with ports. */
const SUITE4 = [
  ['161.142.100.80', 1766, '66.9.149.187', 2794, 0x323e8fc2, 0x51ccc178],
  ['65.69.140.83', 4739, '199.92.111.2', 14230, 0xd718262a, 0xc626b0ea],
  ['12.22.207.184', 38024, '24.19.198.95', 12898, 0xd2d0a5de, 0x5c2b394a],
  ['209.142.163.6', 2217, '38.27.205.30', 48228, 0x82989176, 0xafc7327f],
  ['202.188.127.2', 1303, '153.39.163.191', 44251, 0x5d1809c5, 0x10e828a2],
] as const;
const SUITE6 = [
  ['3ffe:2501:200:3::1', 1766, '3ffe:2501:200:1fff::7', 2794, 0x2cc18cd5, 0x40207d3d],
  ['ff02::1', 4739, '3ffe:501:8::260:97ff:fe40:efab', 14230, 0x0f0c461c, 0xdde51bbf],
  ['fe80::200:f8ff:fe21:67cf', 38024, '3ffe:1900:4545:3:200:f8ff:fe21:67cf', 44251, 0x4b61e985, 0x02d1feef],
] as const;

describe('RSS', () => {
  it('hashes as the verification suite has it', () => {
    const { card, arrive, received } = bench();
    startRss(card);
    for (const [suite, frame, address, types] of [
      [SUITE4, ipv4, address4, [descriptor.RSS_TYPE_TCP_IPV4, descriptor.RSS_TYPE_IPV4]],
      [SUITE6, ipv6, address6, [descriptor.RSS_TYPE_TCP_IPV6, descriptor.RSS_TYPE_IPV6]],
    ] as const) {
      for (const [destination, to, source, from, addresses, withPorts] of suite) {
        const ports = [...port(from), ...port(to), ...new Array<number>(16).fill(0)];
        for (const [n, hash] of [withPorts, addresses].entries()) {
          arrive(frame([6, 50][n], address(source), address(destination), ports));
          const [got] = received(hash & 1);
          expect([got.hash, got.info & descriptor.RXD_INFO_RSS_TYPE]).toEqual([hash, types[n]]);
        }
      }
    }
  });

  it('is the sum that its definition says, for any key, addresses and ports', () => {
    const { card, arrive, received } = bench([0]);
    const bytes = (n: number) => fc.array(fc.integer({ min: 0, max: 255 }), { minLength: n, maxLength: n });
    const kind = fc.constantFrom(6, 17, 50, 1);
    fc.assert(
      fc.property(bytes(40), bytes(32), bytes(8), kind, fc.boolean(), (key, addresses, ports, protocol, v6) => {
        startRss(card, 1, ALL_FIELDS, key);
        const half = v6 ? 16 : 4;
        const [source, destination] = [addresses.slice(0, half), addresses.slice(half, 2 * half)];
        arrive((v6 ? ipv6 : ipv4)(protocol, source, destination, [...ports, ...new Array<number>(16).fill(0)]));
        const input = [...source, ...destination, ...(protocol === 6 || protocol === 17 ? ports.slice(0, 4) : [])];
        expect(received(0)[0].hash).toBe(toeplitz(key, input));
      }),
      { numRuns: 100 },
    );
  });

  it('hashes fragments, and what MRQC has no field for, by addresses or not at all', () => {
    const { card, arrive, received } = bench([0]);
    const udp = ipv4(17, [1, 2, 3, 4], [5, 6, 7, 8], new Array<number>(20).fill(9));
    const fragment = udp.slice();
    fragment[20] = 0x20;
    const addresses = toeplitz(KEY, [1, 2, 3, 4, 5, 6, 7, 8]);
    const what = (frame: Uint8Array) => {
      arrive(frame);
      const [{ info, hash }] = received(0);
      return [info & descriptor.RXD_INFO_RSS_TYPE, hash];
    };
    startRss(card, 1);
    expect(what(fragment)).toEqual([descriptor.RSS_TYPE_IPV4, addresses]);
    startRss(card, 1, descriptor.MRQC_RSS_IPV4 | descriptor.MRQC_RSS_TCP_IPV4);
    expect(what(udp)).toEqual([descriptor.RSS_TYPE_IPV4, addresses]);
    startRss(card, 1, descriptor.MRQC_RSS_TCP_IPV4);
    expect(what(udp)).toEqual([0, 0]);
    const arp = Uint8Array.of(...MAC, 2, 0, 0, 0, 0, 9, 8, 6, ...new Array<number>(46).fill(1));
    startRss(card, 1);
    expect(what(arp)).toEqual([0, 0]);
    // Without PCSD the word is the fragment checksum's.
    card.write(REG.RXCSUM, 0);
    expect(what(udp)).toEqual([0, 0]);
  });

  it('spreads frames by the redirection table, each whole and in order on its queue', () => {
    const { card, arrive, received } = bench([0, 1, 2, 3]);
    startRss(card, 4);
    const frames = Array.from({ length: 200 }, (_, i) =>
      ipv4(17, [10, 0, i, 1], [10, 1, 0, i & 3], [...port(i), 0, 53, ...new Array<number>(20 + (i % 7)).fill(i)]),
    );
    const expected = [0, 1, 2, 3].map((queue) =>
      frames.filter((frame) => (toeplitz(KEY, [...frame.subarray(26, 38)]) & 3) === queue),
    );
    const got: ReceivedFrame[][] = [[], [], [], []];
    for (let i = 0; i < frames.length; i += 32) {
      arrive(...frames.slice(i, i + 32));
      got.forEach((list, queue) => {
        list.push(...received(queue));
      });
    }
    expect(got.map((list) => list.map(({ bytes }) => bytes))).toEqual(expected);
    for (const list of expected) expect(list.length).toBeGreaterThan(30);
  });

  it('begins with queue 0 for all when it is off, and in a mode that the card does not have', () => {
    const { card, arrive, received } = bench();
    const frame = ipv4(17, [1, 1, 1, 1], [2, 2, 2, 2], new Array<number>(20).fill(9));
    arrive(frame);
    card.write(REG.MRQC, 0xa);
    arrive(frame);
    expect([received(0).length, received(1).length, card.counter('rxQueueModeUnknown')]).toEqual([2, 0, 1]);
  });

  it('drops what is for a queue that is off while others run, and waits for one that is full', () => {
    const { card, wire, program, arrive, received } = bench([0]);
    startRss(card, 2);
    const frames = Array.from({ length: 40 }, (_, i) => ipv4(17, [10, 0, 0, i], [1, 1, 1, 1], new Array(30).fill(i)));
    arrive(...frames);
    const first = received(0);
    expect(first.length + card.counter('rxQueueOff')).toBe(40);
    expect(card.counter('rxQueueOff')).toBeGreaterThan(5);
    // With both queues there nothing is lost, however slowly they are emptied.
    program.startReceive(1, 8);
    wire.incoming.push(...frames, ...frames);
    let got = 0;
    for (let i = 0; i < 60; i++) {
      card.step(64);
      got += program.receive(1) === undefined ? 0 : 1;
      got += received(0).length;
    }
    expect(got).toBe(80);
    expect(card.idle).toBe(true);
  });
});

describe('EtherType filters', () => {
  it('reach any of the 128 queues', () => {
    const { card, arrive, received } = bench([0, 63, 64, 127]);
    const types = [0x88f7, 0x8906, 0x88cc];
    for (const [i, type] of types.entries()) {
      card.write(reg.etqs(i), (field.ETQS_QUEUE_EN | ([63, 64, 127][i] << field.ETQS_RX_QUEUE_SHIFT)) >>> 0);
      card.write(reg.etqf(i), (field.ETQF_FILTER_EN | type) >>> 0);
    }
    const frames = types.map((type) => {
      const frame = new Uint8Array(60).fill(type & 0xff);
      frame.set([...MAC, 2, 0, 0, 0, 0, 9, ...port(type)]);
      return frame;
    });
    arrive(...frames, ipv4(17, [1, 1, 1, 1], [2, 2, 2, 2], []));
    expect([63, 64, 127].map((queue) => received(queue).map(({ bytes }) => bytes))).toEqual(
      frames.map((frame) => [frame]),
    );
    expect(received(0).length).toBe(1);
    expect([reg.rdh(63), reg.rdh(64), reg.rdh(127)].map((offset) => card.read(offset))).toEqual([1, 1, 1]);
  });
});

describe('VLAN tags', () => {
  const tagged = (tag: number, inner = ipv4(17, [1, 2, 3, 4], [5, 6, 7, 8], new Array<number>(40).fill(7))) =>
    Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, ...port(tag), ...inner.subarray(12));

  it('are told, and taken off where the queue says so', () => {
    const { card, arrive, received } = bench([0]);
    const frame = tagged(0x6123);
    arrive(frame);
    const [kept] = received(0);
    expect([kept.bytes, kept.tag]).toEqual([frame, 0x6123]);
    expect(kept.status & descriptor.RXD_STAT_VP).toBe(descriptor.RXD_STAT_VP);
    card.write(reg.rxdctl(0), (field.RXDCTL_ENABLE | field.RXDCTL_VME) >>> 0);
    const plain = ipv4(17, [1, 2, 3, 4], [5, 6, 7, 8], new Array<number>(40).fill(7));
    arrive(frame, plain);
    const [off, untagged] = received(0);
    expect([off.bytes, off.tag, off.status, off.info]).toEqual([plain, 0x6123, kept.status, kept.info]);
    expect([untagged.bytes, untagged.tag, untagged.status & descriptor.RXD_STAT_VP]).toEqual([plain, 0, 0]);
  });

  it('are of the EtherType that VLNCTRL says', () => {
    const { card, arrive, received } = bench([0]);
    card.write(REG.VLNCTRL, 0x9100);
    const frame = tagged(5);
    arrive(frame);
    frame[12] = 0x91;
    arrive(frame);
    expect(received(0).map(({ status, tag }) => [status & descriptor.RXD_STAT_VP, tag])).toEqual([
      [0, 0],
      [descriptor.RXD_STAT_VP, 5],
    ]);
  });

  it('are filtered by VFTA and the CFI bit', () => {
    const { card, arrive, received } = bench([0]);
    card.write(REG.VLNCTRL, field.VLNCTRL_VFE | 0x8100);
    card.write(reg.vfta(100 >> 5), 1 << (100 & 31));
    arrive(tagged(100), tagged(101), tagged(0xe064), ipv4(17, [1, 2, 3, 4], [5, 6, 7, 8], []));
    expect(received(0).map(({ tag }) => tag)).toEqual([100, 0xe000 | 100, 0]);
    card.write(REG.VLNCTRL, field.VLNCTRL_VFE | field.VLNCTRL_CFIEN | 0x8100);
    arrive(tagged(100), tagged(0x1000 | 100));
    expect(received(0).map(({ tag }) => tag)).toEqual([100]);
    expect(card.counter('rxVlanFiltered')).toBe(2);
  });
});
