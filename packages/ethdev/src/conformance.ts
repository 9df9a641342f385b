import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  MBUF_DATA_LEN,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
  MBUF_PORT,
} from '@inline-ipsec/mbuf/layout';
import { TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend, pktmbufChain, pktmbufData, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { linkToText } from './link.ts';
import { TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_SECURITY } from './offloads.ts';
import type { EthPort } from './port.ts';
import type { EthPorts } from './ports.ts';

/**
 * What every port must do, whatever its driver: cases to be run by any test framework, each against a fresh port.
 *
 * @example
 * ```ts
 * describe('my port', () => {
 *   for (const { name, run } of portConformance({ open: openMyPort, receives: true, sends: true })) it(name, run);
 * });
 * ```
 */

/** A fresh port, and a way to its other side. */
export interface PortUnderTest {
  /** Where its mbufs shall be. */
  readonly memory: Memory;
  readonly ports: EthPorts;
  /** Added to `ports`, not yet configured. */
  readonly port: EthPort;
  /** Puts frames of 60 to 1514 bytes where the port will receive them. Called when it is started. */
  inject?(frames: readonly Uint8Array[]): void;
  /** Takes the frames that the port has sent since the last call. */
  sent?(): Uint8Array[];
  /** Lets time pass for what must be stepped. */
  step?(): void;
  /** Undoes what `open` did besides making the port. */
  close?(): void;
}

/** What {@link portConformance} tests. */
export interface PortConformanceOptions {
  open(): PortUnderTest;
  /** Its ports have `inject`. */
  readonly receives: boolean;
  /** Its ports have `sent`. */
  readonly sends: boolean;
}

/** One case: it throws when the port does not do what it must. */
export interface ConformanceCase {
  readonly name: string;
  run(): void;
}

const POOL_MBUFS = 1023;

interface Bench extends PortUnderTest {
  readonly pool: PktmbufPool;
}

/** The cases. */
export function portConformance({ open, receives, sends }: PortConformanceOptions): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (name: string, run: (bench: Bench) => void): void => {
    cases.push({ name, run: () => withPort(open, run) });
  };

  add('is attached first, and refuses what needs a configuration', ({ port, pool }) => {
    same(port.state, 'attached', 'state');
    refused(() => port.rxQueueSetup(0, { pool }), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.txQueueSetup(0), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.start(), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
    refused(() => port.setMtu(1500), 'ERR_PORT_NOT_CONFIGURED', 'EINVAL');
  });

  add('tells limits that make sense, and an address of 6 bytes', ({ port }) => {
    const info = port.info();
    for (const { min, max, align } of [info.rxDescriptors, info.txDescriptors]) {
      check(min >= 1 && max >= min && max % align === 0 && min % align === 0, 'descriptor limits');
    }
    check(info.maxRxQueues >= 1 && info.maxTxQueues >= 1, 'queues');
    check(info.minMtu <= 1500 && info.maxMtu >= 1500, 'MTU limits');
    same(port.macAddress.length, 6, 'length of the address');
    same(
      port.adjustDescriptors(1, 1e9),
      { rx: Math.max(info.rxDescriptors.min, info.rxDescriptors.align), tx: info.txDescriptors.max },
      'adjusted descriptors',
    );
  });

  add('refuses a configuration beyond its limits and keeps the one before', ({ port }) => {
    const { maxRxQueues, maxTxQueues, maxMtu, rxOffloads, txOffloads } = port.info();
    port.configure({ mtu: 1400 });
    refused(() => port.configure({ rxQueues: maxRxQueues + 1 }), 'ERR_PORT_QUEUES', 'EINVAL');
    refused(() => port.configure({ txQueues: maxTxQueues + 1 }), 'ERR_PORT_QUEUES', 'EINVAL');
    refused(() => port.configure({ mtu: maxMtu + 1 }), 'ERR_PORT_MTU', 'EINVAL');
    refused(() => port.configure({ mtu: 67 }), 'ERR_PORT_MTU', 'EINVAL');
    const missingRx = ~rxOffloads & -~rxOffloads;
    const missingTx = ~txOffloads & -~txOffloads;
    refused(() => port.configure({ rxOffloads: missingRx >>> 0 }), 'ERR_PORT_OFFLOAD', 'EINVAL');
    refused(() => port.configure({ txOffloads: missingTx >>> 0 }), 'ERR_PORT_OFFLOAD', 'EINVAL');
    same(port.configuration?.mtu, 1400, 'MTU of the configuration before');
  });

  add('refuses queues that it was not configured for, and descriptors and pools that do not fit', (bench) => {
    const { port, pool, memory } = bench;
    const { rxDescriptors, txDescriptors, minRxBufferBytes } = port.info();
    port.configure();
    refused(() => port.rxQueueSetup(1, { pool }), 'ERR_PORT_QUEUE', 'EINVAL');
    refused(() => port.txQueueSetup(1), 'ERR_PORT_QUEUE', 'EINVAL');
    const tooMany = rxDescriptors.max + rxDescriptors.align;
    refused(() => port.rxQueueSetup(0, { pool, descriptors: tooMany }), 'ERR_PORT_DESCRIPTORS', 'EINVAL');
    refused(
      () => port.txQueueSetup(0, { descriptors: txDescriptors.max + txDescriptors.align }),
      'ERR_PORT_DESCRIPTORS',
      'EINVAL',
    );
    if (minRxBufferBytes > 0) {
      const small = PktmbufPool.create(memory, 'conf_small', { count: 8, dataRoom: 128 });
      refused(() => port.rxQueueSetup(0, { pool: small }), 'ERR_PORT_POOL', 'EINVAL');
      small.free();
    }
    refused(() => port.start(), 'ERR_PORT_QUEUE_MISSING', 'EINVAL');
  });

  add('starts and stops, twice too, and is neither configured nor closed while it runs', (bench) => {
    const { port, pool } = bench;
    start(bench);
    port.start();
    refused(() => port.configure(), 'ERR_PORT_STARTED', 'EBUSY');
    refused(() => port.close(), 'ERR_PORT_STARTED', 'EINVAL');
    if (port.info().runtimeQueueSetup !== true) {
      refused(() => port.rxQueueSetup(0, { pool }), 'ERR_PORT_STARTED', 'EBUSY');
    }
    port.stop();
    port.stop();
    same(port.state, 'stopped', 'state');
    port.configure();
  });

  add('gives and takes nothing while it is not started, and nothing on a queue that is not there', (bench) => {
    const { port, pool, memory } = bench;
    const table = new Uint32Array(4);
    same(port.rxBurst(0, table, 4), 0, 'received before the configuration');
    start(bench);
    same(port.rxBurst(1, table, 4), 0, 'received on a queue that is not there');
    port.stop();
    same(port.rxBurst(0, table, 4), 0, 'received after stop');
    pool.allocBulk(table, 0, 1);
    same(port.txBurst(0, table, 1), 0, 'sent after stop');
    pktmbufFreeBulk(memory, table, 0, 1);
  });

  add('has a link as DPDK prints it', (bench) => {
    start(bench);
    bench.step?.();
    const text = linkToText(bench.port.link());
    check(/^Link (down|up at \d+(\.\d+)? [GM]bps (FDX|HDX) (Autoneg|Fixed))$/.test(text), `link: ${text}`);
  });

  add('refuses a group address and zero as its own, and MTUs beyond its limits', ({ port }) => {
    port.configure();
    refused(() => port.setMacAddress(Uint8Array.of(1, 0, 0, 0, 0, 1)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMacAddress(new Uint8Array(6)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMacAddress(new Uint8Array(5)), 'ERR_PORT_MAC', 'EINVAL');
    refused(() => port.setMtu(port.info().maxMtu + 1), 'ERR_PORT_MTU', 'EINVAL');
    port.setMtu(1400);
    same(port.mtu, 1400, 'MTU');
  });

  add('is gone when it is closed: its id is free, and calls find no port', ({ port, ports }) => {
    port.configure();
    port.close();
    check(!ports.has(port.id), 'the id is still there');
    refused(() => port.configure(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.stats(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.start(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => ports.byId(port.id), 'ERR_PORT_UNKNOWN', 'ENODEV');
    same(port.rxBurst(0, new Uint32Array(1), 1), 0, 'received after close');
  });

  add('holds no mbuf after stop and close', (bench) => {
    const { port, pool } = bench;
    start(bench);
    const table = new Uint32Array(32);
    for (let i = 0; i < 4; i++) {
      bench.step?.();
      pktmbufFreeBulk(bench.memory, table, 0, port.rxBurst(0, table, 32));
    }
    port.stop();
    port.close();
    same(pool.inUseCount, 0, 'mbufs in use');
  });

  if (receives) addReceiveCases(add);
  if (sends) addSendCases(add);
  return cases;
}

type Add = (name: string, run: (bench: Bench) => void) => void;

function addReceiveCases(add: Add): void {
  add('receives frames as they were sent, each in one mbuf with its lengths and its port', (bench) => {
    start(bench);
    const frames = [60, 61, 64, 65, 127, 128, 129, 159, 160, 161, 512, 1000, 1513, 1514].map(frameOf);
    bench.inject?.(frames);
    const mbufs = receive(bench, frames.length);
    same(mbufs.length, frames.length, 'packets received');
    const { u16, u32 } = bench.memory;
    mbufs.forEach((m, i) => {
      const length = frames[i].length;
      same(u32[(m + MBUF_PKT_LEN) >> 2], length, 'packet length');
      same(u16[(m + MBUF_DATA_LEN) >> 1], length, 'data length');
      same(u16[(m + MBUF_PORT) >> 1], bench.port.id, 'port');
      same(u16[(m + MBUF_NB_SEGS) >> 1], 1, 'segments');
      same(u32[(m + MBUF_NEXT) >> 2], 0, 'next segment');
      same(bytesOf(bench.memory, m), frames[i], `frame ${i} of ${length} bytes`);
    });
    free(bench, mbufs);
  });

  add('receives in order however small the bursts, and loses nothing', (bench) => {
    start(bench);
    const frames = Array.from({ length: 100 }, (_, i) => frameOf(60 + i));
    bench.inject?.(frames);
    const mbufs: number[] = [];
    for (let polls = 0; mbufs.length < frames.length && polls < 10_000; polls++) {
      mbufs.push(...receive(bench, 1 + (polls % 7)));
    }
    same(
      mbufs.map((m) => bench.memory.u32[(m + MBUF_PKT_LEN) >> 2]),
      frames.map(({ length }) => length),
      'lengths',
    );
    free(bench, mbufs);
  });

  add('counts what it receives, from 0 again after a reset', (bench) => {
    start(bench);
    const { port } = bench;
    bench.inject?.([frameOf(60), frameOf(100)]);
    free(bench, receive(bench, 2));
    same([port.stats().ipackets, port.stats().ibytes], [2, 160], 'packets and bytes');
    port.resetStats();
    same([port.stats().ipackets, port.stats().ibytes], [0, 0], 'after the reset');
    bench.inject?.([frameOf(70)]);
    free(bench, receive(bench, 1));
    same([port.stats().ipackets, port.stats().ibytes], [1, 70], 'after one more');
  });

  add('receives again after stop and start', (bench) => {
    start(bench);
    bench.inject?.([frameOf(60)]);
    free(bench, receive(bench, 1));
    bench.port.stop();
    bench.port.start();
    bench.inject?.([frameOf(77)]);
    const mbufs = receive(bench, 1);
    same(
      mbufs.map((m) => bytesOf(bench.memory, m)),
      [frameOf(77)],
      'frames',
    );
    free(bench, mbufs);
  });

  add('lets callbacks see a burst in order, and one take packets out', (bench) => {
    start(bench);
    const { port, memory } = bench;
    const seen: string[] = [];
    port.addRxCallback(0, (_table, count) => {
      if (count > 0) seen.push('first');
      return count;
    });
    const remove = port.addRxCallback(0, (table, count) => {
      if (count > 0) seen.push('second');
      pktmbufFreeBulk(memory, table, 0, count);
      return 0;
    });
    bench.inject?.([frameOf(60)]);
    same(receive(bench, 1, 100).length, 0, 'packets behind the callback');
    same(seen, ['first', 'second'], 'callbacks');
    remove();
    bench.inject?.([frameOf(60)]);
    free(bench, receive(bench, 1));
    same(seen, ['first', 'second', 'first'], 'callbacks, one of them removed');
  });
}

function addSendCases(add: Add): void {
  add('sends frames as they are, and gives their mbufs back', (bench) => {
    start(bench);
    const frames = [60, 61, 64, 65, 128, 160, 161, 512, 1513, 1514].map(frameOf);
    send(
      bench,
      frames.map((bytes) => mbufOf(bench, bytes)),
    );
    same(sentFrames(bench, frames.length), frames, 'frames');
    const { opackets, obytes, oerrors } = bench.port.stats();
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    same([opackets, obytes, oerrors], [frames.length, bytes, 0], 'packets, bytes and errors');
  });

  add('sends a packet of several segments as one frame, when it says that it can', (bench) => {
    if ((bench.port.info().txOffloads & TX_OFFLOAD_MULTI_SEGS) === 0) return;
    start(bench, TX_OFFLOAD_MULTI_SEGS);
    const { memory } = bench;
    const frame = frameOf(1000);
    const head = mbufOf(bench, frame.subarray(0, 33));
    pktmbufChain(memory, head, mbufOf(bench, frame.subarray(33, 34)));
    pktmbufChain(memory, head, mbufOf(bench, frame.subarray(34, 1000)));
    send(bench, [mbufOf(bench, frameOf(60)), head, mbufOf(bench, frameOf(61))]);
    same(sentFrames(bench, 3), [frameOf(60), frame, frameOf(61)], 'frames');
  });

  add('sends no packet in clear that asks for security which it does not have', (bench) => {
    if ((bench.port.info().txOffloads & TX_OFFLOAD_SECURITY) !== 0) return;
    start(bench);
    const secret = mbufOf(bench, frameOf(100));
    bench.memory.u32[(secret + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI;
    send(bench, [mbufOf(bench, frameOf(60)), secret, mbufOf(bench, frameOf(61))]);
    same(sentFrames(bench, 2), [frameOf(60), frameOf(61)], 'frames');
    same(bench.port.stats().oerrors, 1, 'errors');
  });

  add('sends bursts longer than any of its parts', (bench) => {
    start(bench);
    const frames = Array.from({ length: 300 }, (_, i) => frameOf(60 + (i % 40)));
    send(
      bench,
      frames.map((bytes) => mbufOf(bench, bytes)),
    );
    same(sentFrames(bench, frames.length), frames, 'frames');
  });

  add('lets a callback see a burst before it goes out', (bench) => {
    start(bench);
    bench.port.addTxCallback(0, (table, count) => {
      for (let i = 0; i < count; i++) bench.memory.u8[pktmbufData(bench.memory, table[i])] = 0x42;
      return count;
    });
    send(bench, [mbufOf(bench, frameOf(60))]);
    const expected = frameOf(60);
    expected[0] = 0x42;
    same(sentFrames(bench, 1), [expected], 'frames');
  });
}

function withPort(open: () => PortUnderTest, run: (bench: Bench) => void): void {
  const subject = open();
  const { memory, port } = subject;
  const pool = PktmbufPool.create(memory, 'conformance', { count: POOL_MBUFS, cacheSize: 32, poison: true });
  try {
    run(Object.assign(subject, { pool }));
    if (port.state === 'started') port.stop();
    if (port.state !== 'closed') port.close();
    subject.close?.();
    same(pool.inUseCount, 0, 'mbufs in use at the end');
    pool.audit();
  } finally {
    pool.free();
  }
}

function start({ port, pool }: Bench, txOffloads = 0): void {
  port.configure({ txOffloads });
  port.rxQueueSetup(0, { pool });
  port.txQueueSetup(0);
  // A card takes only what is for it.
  port.promiscuous = true;
  port.start();
}

/** Polls until `n` packets came, or nothing comes any more. */
function receive(bench: Bench, n: number, polls = 1000): number[] {
  const table = new Uint32Array(n);
  const mbufs: number[] = [];
  for (let i = 0; i < polls && mbufs.length < n; i++) {
    bench.step?.();
    const count = bench.port.rxBurst(0, table, n - mbufs.length);
    for (let j = 0; j < count; j++) mbufs.push(table[j]);
  }
  return mbufs;
}

function send(bench: Bench, mbufs: readonly number[]): void {
  let rest = Uint32Array.from(mbufs);
  for (let i = 0; i < 1000 && rest.length > 0; i++) {
    rest = rest.slice(bench.port.txBurst(0, rest, rest.length));
    bench.step?.();
  }
  same(rest.length, 0, 'packets that nobody took');
}

function sentFrames(bench: Bench, n: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 1000 && frames.length < n; i++) {
    bench.step?.();
    frames.push(...(bench.sent?.() ?? []));
  }
  return frames;
}

function mbufOf({ pool, memory }: Bench, bytes: Uint8Array): number {
  const m = pool.alloc();
  memory.u8.set(bytes, pktmbufAppend(memory, m, bytes.length));
  return m;
}

function bytesOf(memory: Memory, m: number): Uint8Array {
  const at = pktmbufData(memory, m);
  return memory.u8.slice(at, at + memory.u16[(m + MBUF_DATA_LEN) >> 1]);
}

function free({ memory }: Bench, mbufs: readonly number[]): void {
  pktmbufFreeBulk(memory, Uint32Array.from(mbufs), 0, mbufs.length);
}

/** A frame to the address 02:00:00:00:00:01 of the type for experiments, with bytes that tell its length. */
function frameOf(length: number): Uint8Array {
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
  return Uint8Array.from({ length }, (_, i) => (i < head.length ? head[i] : (i * 7 + length) & 0xff));
}

function check(good: boolean, what: string): void {
  if (!good) throw new Error(`${what} is not as it must be`);
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [is, must] = [text(actual), text(expected)];
  if (is !== must) throw new Error(`${what}: expected ${must}, got ${is}`);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Array.from(part) : part)) ?? 'undefined';
}

function refused(call: () => unknown, code: string, errno: string): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    same([error.code, error.errno], [code, errno], 'error');
    return;
  }
  throw new Error(`expected ${code}, got no error`);
}
