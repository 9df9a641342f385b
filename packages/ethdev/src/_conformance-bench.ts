import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_DATA_LEN } from '@inline-ipsec/mbuf/layout';
import { PktmbufPool, pktmbufAppend, pktmbufData, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import type { EthPort } from './port.ts';
import type { EthPorts } from './ports.ts';

/** What the cases of the conformance suite are written with: a port with a pool, frames for it, and checks. */

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

/** Mbufs of the pool that every port is tested with. */
export const POOL_MBUFS = 1023;

/** A port under test and a pool for it. */
export interface Bench extends PortUnderTest {
  readonly pool: PktmbufPool;
}

/** Adds a case, which gets a port of its own. */
export type AddCase = (name: string, run: (bench: Bench) => void) => void;

export function withPort(open: () => PortUnderTest, run: (bench: Bench) => void): void {
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

export function start({ port, pool }: Bench, txOffloads = 0): void {
  port.configure({ txOffloads });
  port.rxQueueSetup(0, { pool });
  port.txQueueSetup(0);
  // A card takes only what is for it.
  port.promiscuous = true;
  port.start();
}

/** Polls until `n` packets came, or nothing comes any more. */
export function receive(bench: Bench, n: number, polls = 1000): number[] {
  const table = new Uint32Array(n);
  const mbufs: number[] = [];
  for (let i = 0; i < polls && mbufs.length < n; i++) {
    bench.step?.();
    const count = bench.port.rxBurst(0, table, n - mbufs.length);
    for (let j = 0; j < count; j++) mbufs.push(table[j]);
  }
  return mbufs;
}

export function send(bench: Bench, mbufs: readonly number[]): void {
  let rest = Uint32Array.from(mbufs);
  for (let i = 0; i < 1000 && rest.length > 0; i++) {
    rest = rest.slice(bench.port.txBurst(0, rest, rest.length));
    bench.step?.();
  }
  same(rest.length, 0, 'packets that nobody took');
}

export function sentFrames(bench: Bench, n: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 1000 && frames.length < n; i++) {
    bench.step?.();
    frames.push(...(bench.sent?.() ?? []));
  }
  return frames;
}

export function mbufOf({ pool, memory }: Bench, bytes: Uint8Array): number {
  const m = pool.alloc();
  memory.u8.set(bytes, pktmbufAppend(memory, m, bytes.length));
  return m;
}

export function bytesOf(memory: Memory, m: number): Uint8Array {
  const at = pktmbufData(memory, m);
  return memory.u8.slice(at, at + memory.u16[(m + MBUF_DATA_LEN) >> 1]);
}

export function free({ memory }: Bench, mbufs: readonly number[]): void {
  pktmbufFreeBulk(memory, Uint32Array.from(mbufs), 0, mbufs.length);
}

/** A frame to the address 02:00:00:00:00:01 of the type for experiments, with bytes that tell its length. */
export function frameOf(length: number): Uint8Array {
  const head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
  return Uint8Array.from({ length }, (_, i) => (i < head.length ? head[i] : (i * 7 + length) & 0xff));
}

export function check(good: boolean, what: string): void {
  if (!good) throw new Error(`${what} is not as it must be`);
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, must] = [text(actual), text(expected)];
  if (is !== must) throw new Error(`${what}: expected ${must}, got ${is}`);
}

export function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? Array.from(part) : part)) ?? 'undefined';
}

export function refused(call: () => unknown, code: string, errno: string): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    same([error.code, error.errno], [code, errno], 'error');
    return;
  }
  throw new Error(`expected ${code}, got no error`);
}
