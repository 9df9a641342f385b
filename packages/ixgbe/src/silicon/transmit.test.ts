import { createDecipheriv } from 'node:crypto';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { ipv4ChecksumOk, ipv4PseudoHeaderSum, rawChecksum } from '@inline-ipsec/net/checksum';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { ListWire } from '../testing/list-wire.ts';
import { RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';
import { crc32c, frameCheckSequence } from './crc.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const KEY = new Uint8Array(16).fill(7);
const SALT = Uint8Array.of(1, 2, 3, 4);

/** A card with a transmit ring of 64 descriptors and buffers, of which tests write each word themselves. */
function bench() {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const card = Card82599.create({
    name: '0',
    memory,
    wire,
    engine: createNobleEngine(memory),
    environment: simulatedEnvironment(),
    macAddress: MAC,
  });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  const ring = memory.reserve('ring', 64 * 16, 128).position;
  const buffers = memory.reserve('buffers', 0x40000).position;
  card.write(reg.tdbal(0), ring);
  card.write(reg.tdlen(0), 64 * 16);
  card.write(REG.DMATXCTL, card.read(REG.DMATXCTL) | field.DMATXCTL_TE);
  card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
  card.settle();
  let next = 0;
  let used = 2;
  const put = (words: readonly number[]): void => {
    memory.u32.set(
      words.map((word) => word >>> 0),
      (ring + next * 16) >> 2,
    );
    next = (next + 1) % 64;
  };
  /** Puts bytes into buffers of these lengths, the last one with the rest, with a descriptor for each. */
  const packet = (bytes: Uint8Array, command: number, options: number, cuts: readonly number[] = []): void => {
    const lengths = [...cuts, bytes.length - cuts.reduce((sum, n) => sum + n, 0)];
    let at = 0;
    for (const [i, length] of lengths.entries()) {
      memory.u8.set(bytes.subarray(at, at + length), buffers + used);
      const end = i === lengths.length - 1 ? descriptor.TXD_EOP | descriptor.TXD_RS : 0;
      put([buffers + used, 0, command | end | length, i === 0 ? options : 0]);
      used += (length + 8) & ~3;
      at += length;
    }
  };
  const run = (budget = 64): Uint8Array[] => {
    card.write(reg.tdt(0), next);
    card.step(budget);
    return wire.sent.splice(0);
  };
  const done = (n: number): boolean => (memory.u32[(ring + n * 16 + 12) >> 2] & descriptor.TXD_STAT_DD) !== 0;
  return { memory, wire, card, program, put, packet, run, done };
}

const DATA = descriptor.TXD_DEXT | descriptor.TXD_DTYP_DATA | descriptor.TXD_IFCS;
const CONTEXT = descriptor.TXD_DEXT | descriptor.TXD_DTYP_CONTEXT;
const LEGACY = descriptor.TXD_IFCS;
const be = (bytes: Uint8Array, at: number, n: number): number =>
  bytes.subarray(at, at + n).reduce((value, byte) => value * 256 + byte, 0);

/** TCP over IPv4 to be segmented: headers with the sum of the pseudo header without a length, and data. */
function tcp(data: number, options: { esp?: boolean; flags?: number } = {}): Uint8Array {
  const { esp = false, flags = 0x019 } = options;
  const ip = [0x45, 0, 0, 0, 0x12, 0xff, 0x40, 0, 64, esp ? 50 : 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  const head = [...MAC, 2, 0, 0, 0, 0, 2, 8, 0, ...ip];
  if (esp) head.push(0, 0, 0, 9, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
  const l4 = head.length;
  head.push(0, 80, 0x12, 0x34, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0x50 | (flags >> 8), flags & 0xff, 1, 0, 0, 0, 0, 0);
  const bytes = Uint8Array.from([...head, ...Array.from({ length: data }, (_, i) => (i * 7) & 0xff)]);
  const sum = ipv4PseudoHeaderSum(bytes, 14, 0, 6);
  bytes.set([sum >> 8, sum & 0xff], l4 + 16);
  return bytes;
}

const tcpContext = (mss: number, parts: { esp?: boolean; vlan?: number } = {}): number[] => [
  (20 + (parts.esp ? 16 : 0)) | (14 << 9) | ((parts.vlan ?? 0) << 16),
  0,
  CONTEXT | descriptor.TXC_IPV4 | descriptor.TXC_L4T_TCP | (parts.esp ? 0x6000 : 0),
  (20 << 8) | (mss << 16),
];
const SUMS = descriptor.TXD_POPTS_IXSM | descriptor.TXD_POPTS_TXSM;

describe('segmentation', () => {
  it('repeats the headers, brought up to date, over segments of the host and batches of the card', () => {
    const { put, packet, run, card, done } = bench();
    const data = 100 * 50 + 33;
    const bytes = tcp(data);
    put(tcpContext(100));
    packet(bytes, DATA | descriptor.TXD_TSE, (data << 14) | SUMS, [20, 40, 1000]);
    const first = run(10);
    expect([first.length, done(4)]).toEqual([10, false]);
    const frames = [...first, ...run(), ...run()];
    expect(frames).toHaveLength(51);
    expect(done(4)).toBe(true);
    const sent: number[] = [];
    for (const [i, frame] of frames.entries()) {
      const last = i === 50;
      const length = last ? 33 : 100;
      // The last one is long enough not to be padded.
      expect(frame.length).toBe(54 + length);
      expect(be(frame, 16, 2)).toBe(40 + length);
      expect(be(frame, 18, 2)).toBe(0x12ff + i);
      expect(ipv4ChecksumOk(frame, 14)).toBe(true);
      expect(be(frame, 38, 4)).toBe((0xffff_ff00 + i * 100) % 2 ** 32);
      expect(frame[47], 'FIN and PSH in the last one only').toBe(last ? 0x19 : 0x10);
      expect(rawChecksum(frame, 34, 20 + length, ipv4PseudoHeaderSum(frame, 14, 20 + length))).toBe(0xffff);
      sent.push(...frame.subarray(54));
    }
    expect(Uint8Array.from(sent)).toEqual(bytes.subarray(54));
    expect(card.counters()).toMatchObject({ txSegmented: 1 });
    expect(card.counter('txDropped') + card.counter('txPayloadLengthDiffers')).toBe(0);
    expect([card.read(reg.qptc(0)), card.read(REG.GPTC)]).toEqual([51, 51]);
  });

  it('lets those TCP flags through that software set, and all in the only segment', () => {
    const { put, packet, run, card } = bench();
    card.write(REG.DTXTCPFLGL, 0x0f76_0ff6);
    card.write(REG.DTXTCPFLGH, 0xf7f);
    put(tcpContext(100));
    packet(tcp(300, { flags: 0x099 }), DATA | descriptor.TXD_TSE, (300 << 14) | SUMS);
    packet(tcp(50, { flags: 0x099 }), DATA | descriptor.TXD_TSE, (50 << 14) | SUMS);
    expect(run().map((frame) => frame[47])).toEqual([0x90, 0x10, 0x19, 0x99]);
  });

  it('does UDP in IPv6 as well, each segment a datagram of its own', () => {
    const { put, packet, run } = bench();
    const addresses = Array.from({ length: 32 }, (_, i) => 0x20 + i);
    const head = [...MAC, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17, 64, ...addresses];
    const bytes = Uint8Array.from([...head, 0, 80, 0x12, 0x34, 0, 0, 0, 0, ...new Array<number>(250).fill(0x5a)]);
    const pseudo = rawChecksum(Uint8Array.from(addresses), 0, 32, 17);
    bytes.set([pseudo >> 8, pseudo & 0xff], 60);
    put([40 | (14 << 9), 0, CONTEXT | descriptor.TXC_L4T_UDP, (8 << 8) | (100 << 16)]);
    packet(bytes, DATA | descriptor.TXD_TSE, (250 << 14) | descriptor.TXD_POPTS_TXSM, [30, 100]);
    const frames = run();
    expect(frames.map(({ length }) => length)).toEqual([162, 162, 112]);
    for (const frame of frames) {
      const length = frame.length - 54;
      expect([be(frame, 18, 2), be(frame, 58, 2)]).toEqual([length, length]);
      expect(rawChecksum(frame, 54, length, pseudo + length)).toBe(0xffff);
      expect(frame.subarray(62).every((byte) => byte === 0x5a)).toBe(true);
    }
  });

  it('tags each segment', () => {
    const { put, packet, run } = bench();
    put(tcpContext(100, { vlan: 0x6005 }));
    packet(tcp(200), DATA | descriptor.TXD_TSE | descriptor.TXD_VLE, (200 << 14) | SUMS);
    const frames = run();
    expect(frames.map((frame) => be(frame, 12, 6))).toEqual([0x8100_6005_0800, 0x8100_6005_0800]);
    expect(frames.map((frame) => frame.length)).toEqual([158, 158]);
    expect(frames.every((frame) => ipv4ChecksumOk(frame, 18))).toBe(true);
  });

  it('puts ESP trailers on, and counts sequence number and IV up', () => {
    const { put, packet, run, program, card } = bench();
    program.startSecurity();
    program.writeTxSa(0, { key: KEY, salt: SALT });
    for (const [mss, data] of [
      [100, 250],
      [101, 101],
      [99, 200],
      [98, 98],
    ]) {
      const bytes = tcp(data, { esp: true });
      put(tcpContext(mss, { esp: true }));
      packet(bytes, DATA | descriptor.TXD_TSE, (data << 14) | SUMS | descriptor.TXD_POPTS_IPSEC);
      const frames = run();
      expect(frames).toHaveLength(Math.ceil(data / mss));
      const sent: number[] = [];
      for (const [i, frame] of frames.entries()) {
        const length = Math.min(mss, data - i * mss);
        const pad = (4 - ((20 + length + 2) & 3)) & 3;
        expect(frame.length).toBe(70 + length + pad + 18);
        expect(be(frame, 16, 2)).toBe(frame.length - 14);
        expect(ipv4ChecksumOk(frame, 14)).toBe(true);
        expect(be(frame, 38, 4)).toBe(0xffff_fffe + i > 0xffff_ffff ? i - 2 : 0xffff_fffe + i);
        expect(be(frame, 42, 8)).toBe(0xffff_ffff + i);
        const nonce = Uint8Array.of(...SALT, ...frame.subarray(42, 50));
        const decipher = createDecipheriv('aes-128-gcm', KEY, nonce).setAAD(frame.subarray(34, 42));
        decipher.setAuthTag(frame.subarray(-16));
        const clear = Uint8Array.from([...decipher.update(frame.subarray(50, -16)), ...decipher.final()]);
        expect([...clear.subarray(20 + length)]).toEqual([...[1, 2, 3].slice(0, pad), pad, 6]);
        const inner = clear.subarray(0, 20 + length);
        expect(rawChecksum(inner, 0, inner.length, ipv4PseudoHeaderSum(frame, 14, inner.length, 6))).toBe(0xffff);
        sent.push(...inner.subarray(20));
      }
      expect(Uint8Array.from(sent)).toEqual(bytes.subarray(70));
    }
    expect(card.counter('txSecurityHeaderDiffers')).toBe(0);
  });

  it('drops, and counts, what cannot be cut up', () => {
    const { put, packet, run, card } = bench();
    const bad = [tcpContext(0), tcpContext(9900), [20 | (14 << 9), 0, CONTEXT | 0x1c00, (20 << 8) | (100 << 16)]];
    card.write(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD);
    for (const context of bad) {
      put(context);
      packet(tcp(9900), DATA | descriptor.TXD_TSE, (9900 << 14) | SUMS);
    }
    put(tcpContext(100));
    packet(tcp(0).subarray(0, 40), DATA | descriptor.TXD_TSE, SUMS);
    packet(tcp(100), (DATA & ~descriptor.TXD_IFCS) | descriptor.TXD_TSE, (100 << 14) | SUMS);
    expect(run()).toEqual([]);
    expect(card.counters()).toMatchObject({ txBadSegmentation: 3, txTooLong: 1, txBadFcs: 1, txDropped: 5 });
  });
});

describe('what is inserted', () => {
  const frame = Uint8Array.from({ length: 80 }, (_, i) => (i < 6 ? MAC[i] : i));

  it('is a VLAN tag of the context or of a legacy descriptor, of the type that software set', () => {
    const { put, packet, run, card } = bench();
    put([0x0123_0000, 0, CONTEXT, 0]);
    packet(frame, DATA | descriptor.TXD_VLE, 80 << 14);
    packet(frame, LEGACY | descriptor.TXD_VLE, 0x2345 << 16, [30]);
    const tagged = (tag: number[]) => Uint8Array.from([...frame.subarray(0, 12), ...tag, ...frame.subarray(12)]);
    expect(run()).toEqual([tagged([0x81, 0, 1, 0x23]), tagged([0x81, 0, 0x23, 0x45])]);
    card.write(REG.DMATXCTL, 0x88a8_0001);
    packet(frame, DATA | descriptor.TXD_VLE, 80 << 14);
    expect(run()).toEqual([tagged([0x88, 0xa8, 1, 0x23])]);
  });

  it('is a sum from CSS to the end at CSO, for a legacy descriptor', () => {
    const { packet, run, card } = bench();
    const blank = frame.slice();
    blank.fill(0, 40, 42);
    packet(blank, LEGACY | descriptor.TXL_IC | (40 << descriptor.TXL_CSO_SHIFT), 34 << descriptor.TXL_CSS_SHIFT);
    packet(blank, LEGACY | descriptor.TXL_IC | (79 << descriptor.TXL_CSO_SHIFT), 34 << descriptor.TXL_CSS_SHIFT);
    const [summed, beyond] = run();
    expect(rawChecksum(summed, 34, 46)).toBe(0xffff);
    expect(beyond).toEqual(blank);
    expect(card.counter('txHeaderLengthBeyondPacket')).toBe(1);
  });

  it('is a CRC-32c for SCTP', () => {
    const { put, packet, run, memory } = bench();
    put([20 | (14 << 9), 0, CONTEXT | descriptor.TXC_IPV4 | descriptor.TXC_L4T_SCTP, 0]);
    const blank = frame.slice();
    blank.fill(0, 42, 46);
    packet(blank, DATA, (80 << 14) | descriptor.TXD_POPTS_TXSM);
    const [sent] = run();
    memory.u8.set(blank, 0x100);
    const crc = crc32c(memory.u8, 0x100 + 34, 46);
    expect(sent[42] | (sent[43] << 8) | (sent[44] << 16) | (sent[45] * 2 ** 24)).toBe(crc | 0);
    // The check value that every catalogue of CRCs gives for the nine digits.
    const digits = Uint8Array.from('123456789', (c) => c.charCodeAt(0));
    expect([crc32c(digits, 0, 9), frameCheckSequence(digits, 0, 9)]).toEqual([0xe306_9283, 0xcbf4_3926]);
  });

  it('is no frame check sequence if software has one: it is taken off where it is right', () => {
    const { packet, run, card } = bench();
    const fcs = frameCheckSequence(frame, 0, 80);
    const whole = Uint8Array.from([...frame, fcs, fcs >>> 8, fcs >>> 16, fcs >>> 24]);
    packet(whole, DATA & ~descriptor.TXD_IFCS, 84 << 14);
    packet(frame, DATA & ~descriptor.TXD_IFCS, 80 << 14);
    expect(run()).toEqual([frame]);
    expect(card.counters()).toMatchObject({ txWithoutFcs: 2, txBadFcs: 1, txDropped: 1 });
  });
});

describe('reports', () => {
  const frame = new Uint8Array(60).fill(2);

  it('come in groups of WTHRESH, or when software flushes', () => {
    const { packet, run, card, done } = bench();
    card.write(reg.txdctl(0), field.TXDCTL_ENABLE | (4 << field.TXDCTL_WTHRESH_SHIFT));
    card.settle();
    for (let i = 0; i < 3; i++) packet(frame, DATA, 60 << 14);
    expect(run()).toHaveLength(3);
    expect([card.read(reg.tdh(0)), done(0), done(2)]).toEqual([3, false, false]);
    packet(frame, DATA, 60 << 14);
    run();
    expect([done(0), done(3)]).toEqual([true, true]);
    packet(frame, DATA, 60 << 14);
    run();
    expect(done(4)).toBe(false);
    card.write(reg.txdctl(0), field.TXDCTL_ENABLE | field.TXDCTL_SWFLSH | (4 << field.TXDCTL_WTHRESH_SHIFT));
    card.settle();
    expect(done(4)).toBe(true);
  });

  it('are a head in host memory where that is asked for, and only of what has RS', () => {
    const { put, packet, run, card, memory, done } = bench();
    const at = memory.reserve('head', 64).position;
    memory.u32[at >> 2] = 77;
    card.write(reg.tdwbal(0), at | field.TDWBAL_HEAD_WB_EN);
    put([0, 0, CONTEXT, 0]);
    run();
    expect(memory.u32[at >> 2]).toBe(77);
    packet(frame, DATA, 60 << 14);
    run();
    expect([memory.u32[at >> 2], done(1)]).toEqual([2, false]);
  });
});
