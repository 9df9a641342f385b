import { SetupError } from '@inline-ipsec/eal/errors';
import {
  RX_OFFLOAD_IPV4_CKSUM,
  RX_OFFLOAD_TCP_CKSUM,
  RX_OFFLOAD_UDP_CKSUM,
  TX_OFFLOAD_IPV4_CKSUM,
} from '@inline-ipsec/ethdev/offloads';
import {
  MBUF_NB_SEGS,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
} from '@inline-ipsec/mbuf/layout';
import {
  RX_IP_CKSUM_BAD,
  RX_IP_CKSUM_GOOD,
  RX_L4_CKSUM_BAD,
  RX_L4_CKSUM_GOOD,
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_QINQ_HI,
  TX_UDP_SEG_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { packetTypeName } from '@inline-ipsec/mbuf/packet-type';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IxgbeDriver } from './driver/ixgbe-driver.ts';
import * as field from './register-fields.ts';
import { qprdc, REG, rdlen, rdt, rxdctl, srrctl, tdlen, txdctl } from './registers.ts';
import { espFrame } from './testing/esp-frame.ts';
import { PortBench } from './testing/port-bench.ts';

/** A frame to the card's own address. */
function frameOf(length: number, mark = 0): Uint8Array {
  const head = [0x90, 0xe2, 0xba, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
  return Uint8Array.from({ length }, (_, i) => (i < head.length ? head[i] : (i + mark) & 0xff));
}

/** A UDP packet with right checksums. */
function udpFrame(): Uint8Array {
  const head = [0x90, 0xe2, 0xba, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
  const ip = [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  const udp = [0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4];
  ip.splice(10, 2, ...checksum(ip));
  udp.splice(6, 2, ...checksum([...udp, ...ip.slice(12), 0, 17, 0, 12]));
  return Uint8Array.from([...head, ...ip, ...udp, ...new Array<number>(14).fill(0)]);
}

function checksum(bytes: readonly number[]): number[] {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return [(~sum >>> 8) & 0xff, ~sum & 0xff];
}

describe('bring-up', () => {
  it('leaves the card as the datasheet says', () => {
    const bench = new PortBench().configure({ mtu: 1500, rxQueues: 1, txQueues: 2 }, 128);
    bench.port.start();
    const { card } = bench;
    expect(card.read(REG.RXCTRL)).toBe(field.RXCTRL_RXEN);
    expect(card.read(REG.DMATXCTL) & field.DMATXCTL_TE).toBe(field.DMATXCTL_TE);
    const crc = field.HLREG0_TXCRCEN | field.HLREG0_RXCRCSTRP | field.HLREG0_TXPADEN;
    expect(card.read(REG.HLREG0) & (crc | field.HLREG0_JUMBOEN)).toBe(crc);
    expect(card.read(REG.RDRXCTL) & field.RDRXCTL_CRCSTRIP).toBe(field.RDRXCTL_CRCSTRIP);
    expect(card.read(rxdctl(0)) & field.RXDCTL_ENABLE).toBe(field.RXDCTL_ENABLE);
    expect([card.read(rdlen(0)), card.read(rdt(0)), card.read(srrctl(0))]).toEqual([2048, 127, 0x0200_0002]);
    for (const queue of [0, 1]) {
      expect(card.read(txdctl(queue)) & field.TXDCTL_ENABLE).toBe(field.TXDCTL_ENABLE);
      expect(card.read(tdlen(queue))).toBe(2048);
    }
    // No IPsec was asked for: the block is off and its path open.
    expect([card.read(REG.SECTXCTRL), card.read(REG.SECRXCTRL)]).toEqual([1, 1]);
    expect(card.read(REG.CTRL_EXT) & field.CTRL_EXT_DRV_LOAD).toBe(field.CTRL_EXT_DRV_LOAD);
    expect(bench.card.counters()).toMatchObject({ resets: 2 });
    expect(bench.card.counter('unknownWrites') + bench.card.counter('readOnlyWrites')).toBe(0);
    bench.end();
    expect(card.read(REG.CTRL_EXT) & field.CTRL_EXT_DRV_LOAD).toBe(0);
  });

  it('can be done ten times in a row, with traffic in between and nothing left over', () => {
    const bench = new PortBench().start();
    const zones = bench.memory.memzones().length;
    for (let i = 0; i < 10; i++) {
      bench.list.incoming.push(frameOf(60, i));
      const [m] = bench.receive();
      expect(bench.bytes(m)).toEqual(frameOf(60, i));
      bench.send([m, bench.mbuf(frameOf(61, i))]);
      expect(bench.list.sent.splice(0)).toEqual([frameOf(60, i), frameOf(61, i)]);
      // One that is under way when it stops.
      bench.port.txBurst(0, Uint32Array.of(bench.mbuf(frameOf(60))), 1);
      bench.port.stop();
      expect(bench.pool.inUseCount).toBe(0);
      bench.port.start();
    }
    expect(bench.memory.memzones()).toHaveLength(zones);
    expect(bench.port.stats()).toMatchObject({ ipackets: 10, opackets: 20, ibytes: 600, obytes: 1210 });
    bench.end();
    expect(bench.memory.memzones().map(({ name }) => name)).not.toContainEqual(expect.stringMatching(/^ixgbe_/));
  });

  it('waits for table commands, resets and bits that take their time', () => {
    let time = 0;
    const environment = { now: () => (time += 1000), wallClock: () => 0, random: () => {}, write: () => {} };
    const bench = new PortBench({ environment, card: { commandDelay: 50_000 } });
    bench.start({ rxOffloads: bench.port.info().rxOffloads, txOffloads: bench.port.info().txOffloads });
    expect(bench.card.counter('tableCommandsLost')).toBe(0);
    bench.end();
  });

  it('says of a card that is dead which register does not answer', () => {
    const bench = new PortBench();
    const dead = { read: () => 0xffff_ffff, write: () => {} };
    expect(() => new IxgbeDriver({ name: 'dead', memory: bench.memory, registers: dead, settle: () => {} })).toThrow(
      expect.objectContaining({ code: 'ERR_IXGBE_TIMEOUT', errno: 'EIO', message: expect.stringMatching(/CTRL\.RST/) }),
    );
  });

  it('gives everything back when the pool has too few mbufs for a ring', () => {
    const bench = new PortBench({ mbufs: 255 }).configure({ rxQueues: 1 }, 256);
    expect(() => bench.port.start()).toThrow(
      expect.objectContaining({
        code: 'ERR_IXGBE_POOL',
        errno: 'ENOMEM',
        message: expect.stringMatching(/256 at once/),
      }),
    );
    expect(bench.pool.inUseCount).toBe(0);
    expect(bench.card.read(REG.RXCTRL)).toBe(0);
    bench.port.rxQueueSetup(0, { pool: bench.pool, descriptors: 128 });
    bench.port.start();
    bench.list.incoming.push(frameOf(60));
    bench.free(...bench.receive());
    bench.end();
  });

  it('tells the link as the wire has it', () => {
    const bench = new PortBench().start();
    expect(bench.port.link()).toEqual({ up: true, speedMbps: 10_000, fullDuplex: true, autoneg: true });
    bench.list.plug(false);
    expect(bench.port.link()).toMatchObject({ up: false, speedMbps: 0 });
    bench.end();
  });

  it('stops although the wire takes nothing any more', () => {
    const bench = new PortBench().start();
    bench.list.room = 0;
    bench.send([bench.mbuf(frameOf(60))]);
    bench.end();
    expect(bench.pool.inUseCount).toBe(0);
  });
});

describe('receiving', () => {
  it('takes what is for its address, for all, or anything when promiscuous', () => {
    const bench = new PortBench().configure();
    bench.port.start();
    const other = frameOf(60);
    other[5] = 9;
    const group = frameOf(60);
    group.set([1, 0, 0x5e, 0, 0, 1]);
    const all = frameOf(60).fill(0xff, 0, 6);
    const received = () => {
      bench.list.incoming.push(frameOf(60), other, group, all);
      const mbufs = bench.receive();
      const seen = mbufs.map((m) => bench.bytes(m)[5]);
      bench.free(...mbufs);
      return seen;
    };
    expect(received()).toEqual([1, 0xff]);
    bench.port.allMulticast = true;
    expect(received()).toEqual([1, 1, 0xff]);
    bench.port.promiscuous = true;
    expect(received()).toEqual([1, 9, 1, 0xff]);
    bench.port.promiscuous = false;
    bench.port.allMulticast = false;
    bench.port.setMacAddress(Uint8Array.of(0x90, 0xe2, 0xba, 0, 0, 9));
    expect(received()).toEqual([9, 0xff]);
    bench.port.stop();
    bench.port.start();
    expect(received()).toEqual([9, 0xff]);
    expect([...bench.port.macAddress]).toEqual([0x90, 0xe2, 0xba, 0, 0, 9]);
    bench.end();
  });

  it('tells packet types and checksums that are right or wrong', () => {
    const rxOffloads = RX_OFFLOAD_IPV4_CKSUM | RX_OFFLOAD_UDP_CKSUM | RX_OFFLOAD_TCP_CKSUM;
    const bench = new PortBench().start({ rxOffloads });
    const badIp = udpFrame();
    badIp[22] ^= 1;
    const badUdp = udpFrame();
    badUdp[44] ^= 1;
    bench.list.incoming.push(udpFrame(), badIp, badUdp, espFrame({ spi: 1 }), frameOf(60));
    const mbufs = bench.receive();
    const { u32 } = bench.memory;
    expect(mbufs.map((m) => u32[(m + MBUF_OL_FLAGS_LO) >> 2])).toEqual([
      RX_IP_CKSUM_GOOD | RX_L4_CKSUM_GOOD,
      RX_IP_CKSUM_BAD | RX_L4_CKSUM_GOOD,
      RX_IP_CKSUM_GOOD | RX_L4_CKSUM_BAD,
      RX_IP_CKSUM_GOOD,
      0,
    ]);
    const types = mbufs.map((m) => packetTypeName(u32[(m + MBUF_PACKET_TYPE) >> 2]));
    expect(types[0]).toMatch(/IPV4.*UDP/);
    expect(types[3]).toMatch(/IPV4.*TUNNEL_ESP/);
    expect(types[4]).toBe('L2_ETHER');
    bench.free(...mbufs);
    bench.end();
  });

  it('spreads frames that are longer than a buffer over several, whose packet is one', () => {
    const bench = new PortBench({ mbufs: 511 }).start({ mtu: 9000 });
    const lengths = [60, 2048, 2049, 4096, 9014, 61];
    bench.list.incoming.push(...lengths.map((length) => frameOf(length, length)));
    // Two packets at a time, so that one is cut by the end of a burst now and then.
    const mbufs: number[] = [];
    for (let i = 0; i < 10; i++) mbufs.push(...bench.receive(2));
    expect(mbufs.map((m) => bench.bytes(m))).toEqual(lengths.map((length) => frameOf(length, length)));
    const { u16, u32 } = bench.memory;
    expect(mbufs.map((m) => u16[(m + MBUF_NB_SEGS) >> 1])).toEqual([1, 1, 2, 2, 5, 1]);
    expect(mbufs.map((m) => u32[(m + MBUF_PKT_LEN) >> 2])).toEqual(lengths);
    bench.free(...mbufs);
    bench.end();
  });

  it('drops and counts a frame beyond the MTU', () => {
    const bench = new PortBench().start({ mtu: 1500 });
    bench.list.incoming.push(frameOf(1515), frameOf(1514));
    const mbufs = bench.receive();
    expect(mbufs).toHaveLength(1);
    bench.free(...mbufs);
    expect(bench.port.stats()).toMatchObject({ ipackets: 1, ierrors: 1 });
    bench.port.setMtu(1600);
    bench.list.incoming.push(frameOf(1614));
    bench.free(...bench.receive());
    expect(bench.port.stats()).toMatchObject({ ipackets: 2, ierrors: 1 });
    bench.end();
  });

  it('loses nothing when the pool runs dry, and goes on when it has mbufs again', () => {
    const bench = new PortBench({ mbufs: 80 }).start({}, 64);
    const total = 300;
    bench.list.incoming.push(...Array.from({ length: total }, (_, i) => frameOf(60 + (i % 50), i)));
    const held: number[] = [];
    for (let i = 0; i < 10; i++) held.push(...bench.receive());
    // All that the pool has, but for the one behind the ring's tail.
    expect(held.length).toBeGreaterThanOrEqual(78);
    expect(bench.port.stats().rxNombuf).toBeGreaterThan(0);
    const seen: Uint8Array[] = [];
    for (let i = 0; i < 200 && seen.length < total; i++) {
      for (const m of held.splice(0)) {
        seen.push(bench.bytes(m));
        bench.free(m);
      }
      held.push(...bench.receive());
    }
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => frameOf(60 + (i % 50), i)));
    bench.end();
    expect(bench.pool.inUseCount).toBe(0);
  });

  it('counts what a paced wire brings and nobody takes as missed', () => {
    const bench = new PortBench({ card: { paced: true } }).start({}, 64);
    bench.list.incoming.push(...Array.from({ length: 100 }, () => frameOf(60)));
    for (let i = 0; i < 4; i++) bench.card.step(32);
    expect(bench.card.read(qprdc(0))).toBe(0);
    expect(bench.port.stats().imissed).toBe(100 - 63);
    bench.end();
  });
});

describe('sending', () => {
  it('pads short frames and fills in an IPv4 checksum', () => {
    const bench = new PortBench().start({ txOffloads: TX_OFFLOAD_IPV4_CKSUM });
    const frame = udpFrame();
    const blank = frame.slice();
    blank.fill(0, 24, 26);
    const m = bench.mbuf(blank);
    bench.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_IP_CKSUM_HI | TX_IPV4_HI;
    bench.send([m, bench.mbuf(frameOf(20))]);
    expect(bench.list.sent).toEqual([frame, Uint8Array.of(...frameOf(20), ...new Uint8Array(40))]);
    bench.end();
  });

  it('sends on several queues', () => {
    const bench = new PortBench().start({ txQueues: 3 });
    for (const queue of [2, 0, 1]) bench.port.txBurst(queue, Uint32Array.of(bench.mbuf(frameOf(60, queue))), 1);
    bench.card.step(32);
    expect(bench.list.sent.map((frame) => frame[20] - 20).sort()).toEqual([0, 1, 2]);
    bench.end();
  });

  it('takes no more than the ring holds, and the rest stays the caller’s', () => {
    const bench = new PortBench().start({}, 64);
    const mbufs = Array.from({ length: 100 }, (_, i) => bench.mbuf(frameOf(60, i)));
    expect(bench.port.txBurst(0, Uint32Array.from(mbufs), 100)).toBe(63);
    expect(bench.port.txBurst(0, Uint32Array.from(mbufs.slice(63)), 37)).toBe(0);
    bench.card.step(100);
    expect(bench.port.txBurst(0, Uint32Array.from(mbufs.slice(63)), 37)).toBe(37);
    bench.card.step(100);
    expect(bench.list.sent.map((frame) => frame[20] - 20)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(bench.driver.txDoneCleanup(0)).toBe(37);
    expect(bench.pool.inUseCount).toBe(64);
    bench.end();
  });

  it('refuses and counts what the card cannot do, and frees it', () => {
    const bench = new PortBench().start();
    const { u32 } = bench.memory;
    const ask = (flags: number, frame = udpFrame()): number => {
      const m = bench.mbuf(frame);
      u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= flags;
      return m;
    };
    const short = bench.mbuf(new Uint8Array(16));
    const lying = bench.mbuf(frameOf(60));
    u32[(lying + MBUF_PKT_LEN) >> 2] = 61;
    const chained = bench.mbuf(frameOf(60));
    bench.memory.u16[(chained + MBUF_NB_SEGS) >> 1] = 2;
    bench.send([
      short,
      ask(TX_UDP_SEG_HI | TX_IPV4_HI),
      lying,
      ask(TX_QINQ_HI),
      chained,
      ask(TX_IP_CKSUM_HI | TX_IPV4_HI, frameOf(60)),
      bench.mbuf(frameOf(64)),
    ]);
    expect(bench.list.sent).toEqual([frameOf(64)]);
    expect(bench.driver.counter('txBadLength')).toBe(3);
    expect(bench.driver.counter('txUnsupportedOffload')).toBe(2);
    expect(bench.driver.counter('txBadHeaders')).toBe(1);
    expect(bench.port.stats()).toMatchObject({ opackets: 1, oerrors: 6 });
    bench.port.stop();
    expect(bench.pool.inUseCount).toBe(0);
    bench.port.configure();
    expect(bench.port.stats().oerrors).toBe(6);
    bench.end();
  });

  it('keeps order and loses nothing whatever the bursts, the chains and the wire', () => {
    const burst = fc.record({
      lengths: fc.array(fc.integer({ min: 17, max: 300 }), { minLength: 1, maxLength: 40, size: 'max' }),
      cuts: fc.nat({ max: 3 }),
      steps: fc.nat({ max: 40 }),
      room: fc.nat({ max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(burst, { minLength: 5, maxLength: 40, size: 'max' }), (bursts) => {
        const bench = new PortBench({ mbufs: 511 }).start({}, 64);
        const expected: Uint8Array[] = [];
        let mark = 0;
        for (const { lengths, cuts, steps, room } of bursts) {
          const frames = lengths.map((length) => frameOf(length, mark++));
          const mbufs = frames.map((frame) => chainOf(bench, frame, cuts));
          const taken = bench.port.txBurst(0, Uint32Array.from(mbufs), mbufs.length);
          bench.free(...mbufs.slice(taken));
          expected.push(...frames.slice(0, taken));
          bench.list.room = room;
          bench.card.step(steps);
        }
        bench.list.room = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 10; i++) bench.card.step(64);
        const sent = bench.list.sent.map((frame, i) => frame.subarray(0, expected[i].length));
        expect(sent).toEqual(expected);
        bench.driver.txDoneCleanup(0);
        expect(bench.pool.inUseCount).toBe(64);
        bench.end();
      }),
      { numRuns: 20 },
    );
  });
});

/** A packet in up to `cuts` + 1 segments, one of which may be empty. */
function chainOf(bench: PortBench, frame: Uint8Array, cuts: number): number {
  const head = bench.mbuf(frame.subarray(0, cuts === 0 ? frame.length : 10));
  for (let i = 1; i <= cuts; i++) {
    const from = i === 1 ? 10 : 15;
    const to = i === cuts ? frame.length : 15;
    bench.chain(head, bench.mbuf(frame.subarray(from, to)));
  }
  return head;
}

describe('a configuration that cannot be', () => {
  it('is refused by the port, which knows the limits', () => {
    const bench = new PortBench();
    expect(() => bench.port.configure({ txQueues: 65 })).toThrow(SetupError);
    expect(() => bench.port.configure({ rxQueues: 17 })).toThrow(SetupError);
    bench.port.configure();
    expect(() => bench.port.rxQueueSetup(0, { pool: bench.pool, descriptors: 60 })).toThrow(/64 to 4096/);
    expect(bench.port.adjustDescriptors(1025, 10)).toEqual({ rx: 1032, tx: 64 });
  });
});
