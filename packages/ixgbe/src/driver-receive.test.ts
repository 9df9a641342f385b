import {
  RX_OFFLOAD_RSS_HASH,
  RX_OFFLOAD_SCATTER,
  RX_OFFLOAD_VLAN_FILTER,
  RX_OFFLOAD_VLAN_STRIP,
} from '@inline-ipsec/ethdev/offloads';
import { RSS_IPV4, RSS_NONFRAG_IPV4_SCTP, RSS_NONFRAG_IPV4_UDP } from '@inline-ipsec/ethdev/rss';
import { MBUF_HASH_RSS, MBUF_NB_SEGS, MBUF_OL_FLAGS_LO, MBUF_PKT_LEN, MBUF_VLAN_TCI } from '@inline-ipsec/mbuf/layout';
import { RX_RSS_HASH, RX_VLAN, RX_VLAN_STRIPPED } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RSS_KEY } from './driver/rss.ts';
import * as field from './register-fields.ts';
import * as reg from './registers.ts';
import { REG } from './registers.ts';
import { PortBench } from './testing/port-bench.ts';

const STATION = [0x90, 0xe2, 0xba, 0, 0, 1, 2, 0, 0, 0, 0, 2];

/** A UDP packet between addresses that end with these bytes. */
function udp(source: number, destination: number, port = 7, bytes = 60): Uint8Array {
  const ip = [0x45, 0, (bytes - 14) >> 8, (bytes - 14) & 0xff, 0, 0, 0, 0, 64, 17, 0, 0];
  const head = [...STATION, 8, 0, ...ip, 10, 0, 0, source, 10, 0, 1, destination, 0, port, 0, 9, 0, 12, 0, 0];
  return Uint8Array.from({ length: bytes }, (_, i) => head[i] ?? i & 0xff);
}

/** A frame with a VLAN tag. */
function tagged(vlan: number): Uint8Array {
  const frame = udp(1, 2);
  return Uint8Array.of(...frame.subarray(0, 12), 0x81, 0, vlan >> 8, vlan & 0xff, ...frame.subarray(12));
}

/** Microsoft's hash, bit by bit. */
function toeplitz(key: Uint8Array, input: Iterable<number>): number {
  const bits = [...key].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> (7 - i)) & 1));
  let hash = 0;
  [...input].forEach((byte, n) => {
    for (let i = 0; i < 8; i++) {
      if (((byte >> (7 - i)) & 1) === 0) continue;
      hash ^= bits.slice(n * 8 + i, n * 8 + i + 32).reduce((word, bit) => (word << 1) | bit, 0);
    }
  });
  return hash >>> 0;
}

describe('several receive queues', () => {
  it('get packets by the hash of addresses and ports, whole and in order, with the hash in the mbuf', () => {
    const bench = new PortBench({ mbufs: 1023 }).start({ rxQueues: 4 }, 128);
    const frames = Array.from({ length: 200 }, (_, i) => udp(i, i & 3, i % 9, 60 + (i % 40)));
    const got: number[][] = [[], [], [], []];
    for (let i = 0; i < frames.length; i += 20) {
      bench.list.incoming.push(...frames.slice(i, i + 20));
      got.forEach((list, queue) => {
        list.push(...bench.receive(32, queue));
      });
    }
    const hashOf = (frame: Uint8Array) => toeplitz(DEFAULT_RSS_KEY, frame.subarray(26, 38));
    got.forEach((list, queue) => {
      const mine = frames.filter((frame) => hashOf(frame) % 4 === queue);
      expect(list.map((m) => bench.bytes(m))).toEqual(mine);
      expect(list.length).toBeGreaterThan(20);
      const { u32 } = bench.memory;
      expect(list.map((m) => u32[(m + MBUF_HASH_RSS) >> 2])).toEqual(mine.map(hashOf));
      for (const m of list) expect(u32[(m + MBUF_OL_FLAGS_LO) >> 2] & RX_RSS_HASH).toBe(RX_RSS_HASH);
      bench.free(...list);
    });
    expect(bench.port.stats()).toMatchObject({ ipackets: 200, imissed: 0, ierrors: 0 });
    bench.end();
  });

  it('are told by key, functions and redirection table, as long as the port has them', () => {
    const bench = new PortBench().start({ rxQueues: 2, rss: { functions: RSS_IPV4 } });
    const { port, card } = bench;
    expect(port.rss).toEqual({ functions: RSS_IPV4, key: DEFAULT_RSS_KEY });
    expect([...(port.redirectionTable ?? [])]).toEqual(Array.from({ length: 128 }, (_, i) => i % 2));
    const queueOf = (frame: Uint8Array) => {
      bench.list.incoming.push(frame);
      const [first, second] = [bench.receive(1, 0), bench.receive(1, 1)];
      bench.free(...first, ...second);
      return first.length === 1 ? 0 : 1;
    };
    // By addresses alone, so whatever the port.
    const frame = udp(1, 2);
    for (let n = 0; n < 5; n++) expect(queueOf(udp(1, 2, n))).toBe(queueOf(frame));
    const other = 1 - queueOf(frame);
    port.setRedirectionTable(new Array<number>(128).fill(other));
    expect(queueOf(frame)).toBe(other);
    const key = Uint8Array.from({ length: 40 }, (_, i) => i * 37 + 1);
    port.setRss({ functions: RSS_NONFRAG_IPV4_UDP, key });
    expect([card.read(REG.MRQC), card.read(reg.rssrk(0))]).toEqual([0x0040_0001, 0x704b_2601]);
    port.setRss({ functions: 0 });
    expect([queueOf(frame), card.read(REG.MRQC)]).toEqual([0, 0]);
    expect(port.rss).toEqual({ functions: 0, key });
    // All of it is there again after a restart, and gone with a new configuration.
    port.setRss({ functions: RSS_IPV4 });
    port.stop();
    port.start();
    expect([queueOf(frame), card.read(REG.MRQC), card.read(reg.rssrk(0))]).toEqual([other, 0x0002_0001, 0x704b_2601]);
    port.stop();
    port.configure({ rxQueues: 2 });
    expect([...(port.redirectionTable ?? [])].slice(0, 4)).toEqual([0, 1, 0, 1]);
    expect(port.rss?.key).toEqual(DEFAULT_RSS_KEY);
    port.close();
  });

  it('are refused what the card cannot spread by', () => {
    const { port } = new PortBench();
    const refused = (what: () => void) => {
      try {
        what();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'nothing';
    };
    expect(refused(() => port.configure({ rss: { functions: RSS_NONFRAG_IPV4_SCTP } }))).toBe('ERR_PORT_RSS');
    expect(refused(() => port.configure({ rss: { functions: RSS_IPV4, key: new Uint8Array(39) } }))).toBe(
      'ERR_PORT_RSS',
    );
    const rxOffloads = RX_OFFLOAD_RSS_HASH;
    expect(refused(() => port.configure({ rxOffloads, rss: { functions: 0 } }))).toBe('ERR_PORT_RSS');
    port.configure({ rxQueues: 2 });
    expect(refused(() => port.setRedirectionTable(new Array(127).fill(0)))).toBe('ERR_PORT_RSS');
    expect(refused(() => port.setRedirectionTable(new Array(128).fill(2)))).toBe('ERR_PORT_RSS');
    expect(refused(() => port.configure({ rxQueues: 17 }))).toBe('ERR_PORT_QUEUES');
  });

  it('give the hash on one queue too, when it is asked for', () => {
    const bench = new PortBench().start({ rxOffloads: RX_OFFLOAD_RSS_HASH });
    bench.list.incoming.push(udp(3, 4));
    const [m] = bench.receive();
    expect(bench.memory.u32[(m + MBUF_HASH_RSS) >> 2]).toBe(toeplitz(DEFAULT_RSS_KEY, udp(3, 4).subarray(26, 38)));
    bench.free(m);
    bench.end();
  });
});

describe('a long receive ring', () => {
  it('has few mbufs at first, and twice as many whenever the card used up all', () => {
    const bench = new PortBench({ mbufs: 1023 }).start({}, 512);
    const { card, list, pool } = bench;
    expect([card.read(reg.rdt(0)), pool.inUseCount]).toEqual([127, 128]);
    // Whoever keeps up needs no more, however often the ring goes around.
    for (let i = 0; i < 40; i++) {
      list.incoming.push(...Array.from({ length: 32 }, () => udp(1, 2)));
      const got = bench.receive(32);
      expect(got).toHaveLength(32);
      bench.free(...got);
      expect(pool.inUseCount).toBe(128);
    }
    // A pause, in which the card uses up what it has; what is more waits in its packet buffer.
    const depths: number[] = [];
    let sent = 0;
    for (let round = 0; round < 8; round++) {
      const frames = Array.from({ length: 700 }, () => udp(1, 2, sent++ & 0xff));
      list.incoming.push(...frames);
      for (let i = 0; i < 20; i++) card.step(64);
      const got: number[] = [];
      for (let some: number[] = bench.receive(32); some.length > 0; some = bench.receive(32)) {
        got.push(...some);
        expect(some.map((m) => bench.bytes(m))).toEqual(frames.slice(got.length - some.length, got.length));
        bench.free(...some);
      }
      expect(got).toHaveLength(700);
      depths.push(pool.inUseCount);
    }
    expect(depths[0]).toBeGreaterThanOrEqual(256);
    // Some are missing until it is worth a write of the tail.
    expect(depths.at(-1)).toBeGreaterThan(512 - 32);
    expect(bench.port.stats()).toMatchObject({ imissed: 0, ierrors: 0 });
    // Started again it begins as before.
    bench.port.stop();
    expect(pool.inUseCount).toBe(0);
    bench.port.start();
    expect(pool.inUseCount).toBe(128);
    bench.end();
  });

  it('grows to what the pool has left, and further when it has more', () => {
    const bench = new PortBench({ mbufs: 512 }).start({}, 512);
    const { card, list, pool } = bench;
    const held: number[] = [];
    for (let round = 0; round < 12; round++) {
      list.incoming.push(...Array.from({ length: 60 }, () => udp(1, 2)));
      for (let i = 0; i < 4; i++) card.step(32);
      held.push(...bench.receive(32), ...bench.receive(32));
    }
    expect(held.length + pool.availCount).toBeLessThan(512);
    bench.free(...held.splice(0));
    for (let i = 0; i < 40; i++) bench.free(...bench.receive(32));
    expect(bench.receive(32)).toEqual([]);
    bench.end();
  });
});

describe('VLAN tags', () => {
  it('are told in the mbuf, and taken off with VLAN_STRIP, by port or by queue', () => {
    for (const [port, queue, bytes, flags] of [
      [0, 0, tagged(5), RX_VLAN],
      [RX_OFFLOAD_VLAN_STRIP, 0, udp(1, 2), RX_VLAN | RX_VLAN_STRIPPED],
      [0, RX_OFFLOAD_VLAN_STRIP, udp(1, 2), RX_VLAN | RX_VLAN_STRIPPED],
    ] as const) {
      const bench = new PortBench();
      bench.port.configure({ rxOffloads: port });
      bench.port.rxQueueSetup(0, { pool: bench.pool, descriptors: 64, offloads: queue });
      bench.port.txQueueSetup(0);
      bench.port.start();
      bench.list.incoming.push(tagged(5), udp(8, 8), tagged(5));
      const [m, plain, n] = bench.receive();
      const { u16, u32 } = bench.memory;
      for (const one of [m, n]) {
        expect(bench.bytes(one)).toEqual(bytes);
        expect(u16[(one + MBUF_VLAN_TCI) >> 1]).toBe(5);
        expect(u32[(one + MBUF_OL_FLAGS_LO) >> 2] & (RX_VLAN | RX_VLAN_STRIPPED)).toBe(flags);
      }
      expect(bench.bytes(plain)).toEqual(udp(8, 8));
      expect(u32[(plain + MBUF_OL_FLAGS_LO) >> 2] & RX_VLAN).toBe(0);
      bench.free(m, plain, n);
      bench.end();
    }
  });

  it('are filtered with VLAN_FILTER, over a restart', () => {
    const bench = new PortBench().start({ rxOffloads: RX_OFFLOAD_VLAN_FILTER });
    const { port } = bench;
    const come = () => {
      bench.list.incoming.push(tagged(5), tagged(6), udp(1, 2));
      const got = bench.receive();
      const vlans = got.map((m) => bench.memory.u16[(m + MBUF_VLAN_TCI) >> 1]);
      bench.free(...got);
      return vlans;
    };
    expect(come()).toEqual([0]);
    port.vlanFilter(5, true);
    expect(come()).toEqual([5, 0]);
    port.stop();
    port.vlanFilter(6, true);
    port.start();
    expect(come()).toEqual([5, 6, 0]);
    port.vlanFilter(5, false);
    expect(come()).toEqual([6, 0]);
    expect(() => port.vlanFilter(4096, true)).toThrow('VLAN');
    bench.end();
    const without = new PortBench().start();
    expect(() => without.port.vlanFilter(5, true)).toThrow('VLAN');
    without.end();
  });
});

describe('jumbo frames', () => {
  it('have up to 9,000 bytes with FCS, over several mbufs or in one, and not one more', () => {
    for (const dataRoom of [2176, 9216 + 128]) {
      const bench = new PortBench({ mbufs: 255, dataRoom });
      bench.start({ mtu: 9000 - 18, rxOffloads: RX_OFFLOAD_SCATTER });
      const longest = udp(1, 2, 7, 8996);
      bench.list.incoming.push(longest, udp(1, 2, 7, 8997), udp(3, 4));
      const [m, after] = bench.receive();
      expect(bench.bytes(m)).toEqual(longest);
      expect(bench.bytes(after)).toEqual(udp(3, 4));
      const { u16, u32 } = bench.memory;
      expect(u32[(m + MBUF_PKT_LEN) >> 2]).toBe(8996);
      expect(u16[(m + MBUF_NB_SEGS) >> 1]).toBe(dataRoom === 2176 ? 5 : 1);
      expect(bench.card.read(REG.HLREG0) & field.HLREG0_JUMBOEN).toBe(field.HLREG0_JUMBOEN);
      expect(bench.port.stats()).toMatchObject({ ipackets: 2, ierrors: 1, ibytes: 8996 + 60 });
      expect(bench.port.losses()).toMatchObject({ rxOversize: 1, rxUndersize: 0, rxMissed: 0 });
      bench.free(m, after);
      bench.end();
    }
  });

  it('do not come without: 1,518 bytes with FCS are the most', () => {
    const bench = new PortBench().start();
    bench.list.incoming.push(udp(1, 2, 7, 1514), udp(1, 2, 7, 1515));
    const got = bench.receive();
    expect(got.map((m) => bench.bytes(m).length)).toEqual([1514]);
    bench.free(...got);
    expect(bench.port.stats()).toMatchObject({ ipackets: 1, ierrors: 1 });
    expect(bench.port.losses()).toMatchObject({ rxOversize: 1 });
    bench.end();
  });
});
