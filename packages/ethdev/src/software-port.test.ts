import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_DATA_LEN, MBUF_OL_FLAGS_HI, MBUF_PKT_LEN } from '@inline-ipsec/mbuf/layout';
import { TX_IP_CKSUM_HI, TX_IPV4_HI } from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend, pktmbufChain, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { CableWire } from '@inline-ipsec/wire/cable-wire';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { CaptureSink } from '@inline-ipsec/wire/capture-sink';
import { LoopWire } from '@inline-ipsec/wire/loop-wire';
import { NullWire } from '@inline-ipsec/wire/null-wire';
import { PcapWire } from '@inline-ipsec/wire/pcap-wire';
import type { Wire } from '@inline-ipsec/wire/wire';
import { describe, expect, it } from 'vitest';
import { type PortUnderTest, portConformance } from './conformance.ts';
import { linkToText } from './link.ts';
import type { EthPort } from './port.ts';
import { EthPorts } from './ports.ts';
import { SoftwarePort } from './software-port.ts';

const environment = simulatedEnvironment();
const newMemory = () => Memory.create({ bytes: 8 * 1024 * 1024 });
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);

function portOver(memory: Memory, ports: EthPorts, ...wires: Wire[]): EthPort {
  const name = `net_test${ports.count}`;
  return ports.add(new SoftwarePort({ memory, name, driverName: 'net_test', wires, macAddress: mac }), name, wires);
}

/** The far end of a cable, as whoever is plugged in there. */
function farEnd(memory: Memory, wire: Wire): { put(frames: readonly Uint8Array[]): void; take(): Uint8Array[] } {
  const slots = memory.reserve('far end', 64 * 2048).position;
  const at = Uint32Array.from({ length: 64 }, (_, i) => slots + 2 + i * 2048);
  const lengths = new Uint32Array(64);
  return {
    put: (frames) => {
      for (const frame of frames) {
        memory.u8.set(frame, at[0]);
        lengths[0] = frame.length;
        if (wire.transmit(at, lengths, 1) !== 1) throw new Error('the cable is full');
      }
    },
    take: () => {
      const count = wire.receive(at, 2040, lengths, 64);
      return Array.from({ length: count }, (_, i) => memory.u8.slice(at[i], at[i] + lengths[i]));
    },
  };
}

const KINDS: Record<string, { open(): PortUnderTest; receives: boolean; sends: boolean }> = {
  cable: {
    receives: true,
    sends: true,
    open: () => {
      const [memory, ports] = [newMemory(), new EthPorts()];
      const port = portOver(memory, ports, CableWire.plug(memory, 'c'));
      const far = farEnd(memory, CableWire.plug(memory, 'c'));
      return { memory, ports, port, inject: far.put, sent: far.take };
    },
  },
  loop: {
    receives: false,
    sends: false,
    open: () => {
      const [memory, ports] = [newMemory(), new EthPorts()];
      return { memory, ports, port: portOver(memory, ports, new LoopWire(memory, 'l')) };
    },
  },
  null: {
    receives: false,
    sends: false,
    open: () => {
      const [memory, ports] = [newMemory(), new EthPorts()];
      return { memory, ports, port: portOver(memory, ports, new NullWire({ memory, environment }, 'n')) };
    },
  },
  'null, copied': {
    receives: false,
    sends: false,
    open: () => {
      const [memory, ports] = [newMemory(), new EthPorts()];
      const wire = new NullWire({ memory, environment }, 'n', { size: 1500, copy: true });
      return { memory, ports, port: portOver(memory, ports, wire) };
    },
  },
  pcap: {
    receives: true,
    sends: true,
    open: () => {
      const [memory, ports, files] = [newMemory(), new EthPorts(), new MemoryCaptureFiles()];
      // A file that grows: what is injected is behind what was read so far.
      const waiting: Uint8Array[] = [writePcap([])];
      const source = {
        read: (into: Uint8Array): number => {
          const next = waiting.shift();
          if (next === undefined) return 0;
          const piece = next.subarray(0, into.length);
          if (piece.length < next.length) waiting.unshift(next.subarray(piece.length));
          into.set(piece);
          return piece.length;
        },
      };
      let wire: Wire | undefined;
      const sink = new CaptureSink(memory, environment, files.write('out'), 'out');
      let seen = 0;
      const port = portOver(memory, ports, {
        // The file is opened when something is in it.
        name: 'pcap',
        link: { up: true, speedMbps: 10_000 },
        get done() {
          return wire?.done ?? true;
        },
        endless: undefined,
        receive: (at, room, lengths, n) => wire?.receive(at, room, lengths, n) ?? 0,
        transmit: (at, lengths, n) => sink.write(at, lengths, n),
        flush: () => sink.flush(),
        close: () => sink.close(),
      });
      return {
        memory,
        ports,
        port,
        inject: (frames) => {
          const bytes = writePcap(frames.map((data) => ({ data })));
          waiting.splice(0, waiting.length, bytes);
          wire = new PcapWire({ memory, environment }, { source });
        },
        sent: () => {
          sink.flush();
          const frames = readCapture(files.files.get('out') ?? new Uint8Array(0)).map(({ data }) => data);
          const fresh = frames.slice(seen);
          seen = frames.length;
          return fresh;
        },
      };
    },
  },
  'pcap, repeated': {
    receives: false,
    sends: false,
    open: () => {
      const [memory, ports, files] = [newMemory(), new EthPorts(), new MemoryCaptureFiles()];
      files.files.set('in', writePcap([{ data: new Uint8Array(60) }, { data: new Uint8Array(1514) }]));
      const wire = new PcapWire({ memory, environment }, { source: files.read('in'), infinite: true });
      return { memory, ports, port: portOver(memory, ports, wire) };
    },
  },
};

describe.each(Object.entries(KINDS))('a software port over the wire: %s', (_kind, options) => {
  for (const { name, run } of portConformance(options)) it(name, run);
});

/** A started port over one end of a cable, and the other end. */
function cabled(dataRoom = 2176, count = 255) {
  const memory = newMemory();
  const pool = PktmbufPool.create(memory, 'pool', { count, dataRoom });
  const port = portOver(memory, new EthPorts(), CableWire.plug(memory, 'c'));
  const wire = CableWire.plug(memory, 'c');
  port.configure();
  port.rxQueueSetup(0, { pool });
  port.txQueueSetup(0);
  port.start();
  const table = new Uint32Array(512);
  const packet = (length: number): number => {
    const m = pool.alloc();
    pktmbufAppend(memory, m, length);
    return m;
  };
  return { memory, pool, port, wire, far: farEnd(memory, wire), table, packet };
}

describe('a software port', () => {
  it('drops frames longer than its buffers, counts them, and receives those around them', () => {
    const { memory, pool, port, far, table } = cabled(128 + 100);
    const lengths = [60, 101, 100, 1000, 1500, 61, 101];
    far.put(lengths.map((length) => new Uint8Array(length)));
    const got: number[] = [];
    for (let polls = 0; polls < 10; polls++) {
      const count = port.rxBurst(0, table, 3);
      for (let i = 0; i < count; i++) got.push(memory.u32[(table[i] + MBUF_PKT_LEN) >> 2]);
      pktmbufFreeBulk(memory, table, 0, count);
    }
    expect(got).toEqual([60, 100, 61]);
    expect(port.stats()).toMatchObject({ ipackets: 3, ibytes: 221, ierrors: 4 });
    port.stop();
    expect(pool.inUseCount).toBe(0);
  });

  it('never gives one mbuf twice, whatever is dropped between', () => {
    const { memory, port, far, table } = cabled(128 + 100);
    let given = 0;
    for (let round = 0; round < 50; round++) {
      far.put(Array.from({ length: 20 }, (_, i) => new Uint8Array((i * 7 + round) % 3 === 0 ? 200 : 60)));
      const held = new Set<number>();
      for (let n = 1; n < 20; n++) {
        const count = port.rxBurst(0, table, n);
        for (let i = 0; i < count; i++) {
          expect(held.has(table[i])).toBe(false);
          held.add(table[i]);
        }
      }
      given += held.size;
      pktmbufFreeBulk(memory, Uint32Array.from(held), 0, held.size);
    }
    expect(given + port.stats().ierrors).toBe(1000);
  });

  it('leaves its pool alone while nothing comes', () => {
    const { pool, port, table } = cabled();
    port.rxBurst(0, table, 32);
    const before = pool.inUseCount;
    const spy = pool.position;
    for (let i = 0; i < 1000; i++) port.rxBurst(0, table, 32);
    expect([pool.inUseCount, pool.position]).toEqual([before, spy]);
    expect(before).toBe(32);
  });

  it('counts bursts that its pool cut short, receives with what there is, and goes on when there are some again', () => {
    const { memory, pool, port, far, table } = cabled(2176, 40);
    const taken = new Uint32Array(40);
    pool.allocBulk(taken, 0, 37);
    far.put(Array.from({ length: 10 }, () => new Uint8Array(60)));
    expect(port.rxBurst(0, table, 10)).toBe(3);
    expect(port.rxBurst(0, table, 10)).toBe(0);
    expect(port.stats()).toMatchObject({ ipackets: 3, rxNombuf: 2, ierrors: 0, imissed: 0 });
    pktmbufFreeBulk(memory, taken, 0, 37);
    expect(port.rxBurst(0, table, 7)).toBe(7);
    expect(port.stats()).toMatchObject({ ipackets: 10, rxNombuf: 2 });
  });

  it('takes what the wire takes and leaves the rest to the caller', () => {
    const { memory, pool, port, far, table, packet } = cabled(2176, 512);
    let sent = 0;
    let left = 0;
    while (left === 0) {
      for (let i = 0; i < 32; i++) table[i] = packet(1500);
      const took = port.txBurst(0, table, 32);
      sent += took;
      left = 32 - took;
      pktmbufFreeBulk(memory, table, took, left);
    }
    expect(port.stats()).toMatchObject({ opackets: sent, obytes: sent * 1500, oerrors: 0 });
    let came = 0;
    for (let frames = far.take(); frames.length > 0; frames = far.take()) came += frames.length;
    expect(came).toBe(sent);
    expect(pool.inUseCount).toBe(0);
  });

  it('takes nothing while the other end of its cable is unplugged', () => {
    const { port, wire, table, packet } = cabled();
    expect(linkToText(port.link())).toBe('Link up at 10 Gbps FDX Fixed');
    wire.close();
    expect(linkToText(port.link())).toBe('Link down');
    table[0] = packet(60);
    expect(port.txBurst(0, table, 1)).toBe(0);
  });

  it('has its link down while it is stopped', () => {
    const { port } = cabled();
    port.stop();
    expect(port.link()).toMatchObject({ up: false, speedMbps: 0 });
  });

  it('refuses packets that ask for a checksum, that are empty, or whose segments do not add up', () => {
    const { memory, pool, port, far, table, packet } = cabled();
    const { u16, u32 } = memory;
    const [good, described, checksum, empty, short, long] = [60, 61, 62, 1, 63, 64].map(packet);
    u32[(described + MBUF_OL_FLAGS_HI) >> 2] = TX_IPV4_HI;
    u32[(checksum + MBUF_OL_FLAGS_HI) >> 2] = TX_IPV4_HI | TX_IP_CKSUM_HI;
    u32[(empty + MBUF_PKT_LEN) >> 2] = 0;
    u16[(empty + MBUF_DATA_LEN) >> 1] = 0;
    for (const m of [short, long]) pktmbufChain(memory, m, packet(60));
    u32[(short + MBUF_PKT_LEN) >> 2] -= 1;
    u32[(long + MBUF_PKT_LEN) >> 2] += 1;
    table.set([good, checksum, described, empty, short, long, packet(70)]);
    expect(port.txBurst(0, table, 7)).toBe(7);
    expect(far.take().map(({ length }) => length)).toEqual([60, 61, 70]);
    expect(port.stats()).toMatchObject({ opackets: 3, oerrors: 4 });
    expect(pool.inUseCount).toBe(0);
  });

  it('gathers more bytes of segments in one burst than it has room for at once', () => {
    const { memory, port, far, table, packet } = cabled();
    const chain = (): number => {
      const head = packet(2000);
      for (let i = 0; i < 9; i++) pktmbufChain(memory, head, packet(2000));
      return head;
    };
    for (let i = 0; i < 8; i++) table[i] = chain();
    expect(port.txBurst(0, table, 8)).toBe(8);
    let frames = 0;
    for (let more = far.take(); more.length > 0; more = far.take()) frames += more.length;
    expect(frames).toBe(8);
    expect(port.stats().obytes).toBe(160_000);
  });

  it('has a queue for each wire', () => {
    const memory = newMemory();
    const pool = PktmbufPool.create(memory, 'pool', { count: 255 });
    const wires = [new LoopWire(memory, 'a'), new LoopWire(memory, 'b')];
    const port = portOver(memory, new EthPorts(), ...wires);
    port.configure({ rxQueues: 2, txQueues: 2 });
    for (const queue of [0, 1]) {
      port.rxQueueSetup(queue, { pool });
      port.txQueueSetup(queue);
    }
    port.start();
    const table = new Uint32Array(4);
    table[0] = pool.alloc();
    pktmbufAppend(memory, table[0], 60);
    expect(port.txBurst(1, table, 1)).toBe(1);
    expect(port.rxBurst(0, table, 4)).toBe(0);
    expect(port.rxBurst(1, table, 4)).toBe(1);
    expect(port.wires).toEqual(wires);
  });

  it('goes on counting when its queues are set up again', () => {
    const { memory, pool, port, far, table } = cabled();
    const receiveOne = (): void => {
      far.put([new Uint8Array(60)]);
      pktmbufFreeBulk(memory, table, 0, port.rxBurst(0, table, 4));
    };
    receiveOne();
    port.stop();
    port.configure();
    port.rxQueueSetup(0, { pool });
    port.rxQueueSetup(0, { pool });
    port.txQueueSetup(0);
    port.start();
    receiveOne();
    expect(port.stats()).toMatchObject({ ipackets: 2, ibytes: 120 });
  });

  it('gives all memory back when it is closed', () => {
    const memory = newMemory();
    const pool = PktmbufPool.create(memory, 'pool', { count: 63 });
    const before = memory.memzones().map(({ name }) => name);
    const port = portOver(memory, new EthPorts(), new LoopWire(memory, 'l'));
    port.configure();
    port.rxQueueSetup(0, { pool });
    port.txQueueSetup(0);
    port.start();
    port.stop();
    port.close();
    expect(memory.memzones().map(({ name }) => name)).toEqual(before);
  });

  it('allocates nothing for a packet on its way from wire to wire', () => {
    const memory = Memory.create({ bytes: 16 * 1024 * 1024 });
    const pool = PktmbufPool.create(memory, 'pool', { count: 255, cacheSize: 64 });
    const files = new MemoryCaptureFiles();
    files.files.set('in', writePcap(Array.from({ length: 50 }, (_, i) => ({ data: new Uint8Array(60 + i) }))));
    const ports = new EthPorts();
    const wires = [
      new PcapWire({ memory, environment }, { source: files.read('in'), infinite: true }),
      new LoopWire(memory, 'l'),
      new NullWire({ memory, environment }, 'n', { noRx: true }),
    ];
    const [source, loop, drain] = wires.map((wire) => {
      const port = portOver(memory, ports, wire);
      port.configure();
      port.rxQueueSetup(0, { pool });
      port.txQueueSetup(0);
      port.start();
      return port;
    });
    const table = new Uint32Array(32);
    const forward = (packets: number): void => {
      for (let sent = 0; sent < packets; ) {
        loop.txBurst(0, table, source.rxBurst(0, table, 32));
        sent += drain.txBurst(0, table, loop.rxBurst(0, table, 32));
      }
    };
    // The heap only grows until something is collected, so the largest growth of several short runs tells.
    const growth = (): number => {
      let most = 0;
      for (let piece = 0; piece < 20; piece++) {
        const before = process.memoryUsage().heapUsed;
        forward(10_000);
        most = Math.max(most, process.memoryUsage().heapUsed - before);
      }
      return most;
    };
    forward(100_000);
    const before = process.memoryUsage().heapUsed;
    forward(1_000_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 1024 * 1024);
    expect(growth()).toBeLessThan(100 * 1024);
    // And the same measure sees one small object a packet.
    const kept: object[] = new Array(64).fill({});
    drain.addTxCallback(0, (mbufs, count) => {
      for (let i = 0; i < count; i++) kept[mbufs[i] & 63] = { mbuf: mbufs[i] };
      return count;
    });
    expect(growth()).toBeGreaterThan(100 * 1024);
  });
});
