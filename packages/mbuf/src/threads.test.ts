import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { enterLcore } from '@inline-ipsec/eal/lcore';
import { Memory, type MemoryHandle } from '@inline-ipsec/eal/memory';
import {
  RING_CONSUMER_HEAD,
  RING_CONSUMER_SYNC,
  RING_CONSUMER_TAIL,
  RING_PRODUCER_HEAD,
  RING_PRODUCER_SYNC,
  RING_PRODUCER_TAIL,
  SYNC_MULTI,
} from './_ring-layout.ts';
import { registerDynfield, registerDynflag } from './dynfield.ts';
import { Mempool } from './mempool.ts';
import { PktmbufPool, pktmbufFree, pktmbufFreeBulk, pktmbufRefcntSet, pktmbufRefcntUpdate } from './pktmbuf.ts';
import { Ring, type RingOptions, ringDequeueBurst, ringEnqueueBurst } from './ring.ts';
import { ringDequeueFinish, ringDequeueStart, ringEnqueueFinish, ringEnqueueStart } from './ring-peek.ts';

/**
 * Several threads over one memory. This file is both: the tests, and, bundled into one script, what each worker runs.
 */

/** What a worker is told to do. */
interface Task {
  readonly mbufTask: 'produce' | 'consume' | 'pool' | 'pktmbuf' | 'release' | 'register';
  readonly handle: MemoryHandle;
  /** The worker's number among those of its kind. */
  readonly index: number;
  readonly workers: number;
  /** Elements a producer has, or rounds. */
  readonly rounds: number;
}

const BOARD = 'board';
/** Words of the board: what opens when all are there, how many are, what was taken, what went wrong, how many will be there. */
const GATE = 0;
const READY = 1;
const TAKEN = 2;
const WRONG = 3;
const ALL = 4;
const SEEN = 16;

if (workerData?.mbufTask !== undefined) {
  parentPort?.postMessage(run(workerData));
} else {
  await describeAll();
}

function run(task: Task): number[] {
  const memory = Memory.attach(task.handle);
  const board = (memory.lookup(BOARD)?.position ?? 0) >>> 2;
  const { i32 } = memory;
  enterLcore(task.index);
  Atomics.add(i32, board + READY, 1);
  while (Atomics.load(i32, board + READY) < i32[board + ALL]) pause(i32, board);
  while (Atomics.load(i32, board + GATE) === 0);
  switch (task.mbufTask) {
    case 'produce':
      return produce(memory, task);
    case 'consume':
      return consume(memory, task, board);
    case 'pool':
      return usePool(memory, task, board);
    case 'pktmbuf':
      return usePktmbufs(memory, task, board);
    case 'release':
      return release(memory, task);
    case 'register':
      return register(memory, task);
  }
}

/** Lets other threads run: there are more of them than cores. */
function pause(i32: Int32Array, board: number): void {
  Atomics.wait(i32, board + SEEN - 1, 0, 0.2);
}

/** Elements 1 + index, 1 + index + producers, …, in bursts of 1 to 32. */
function produce(memory: Memory, { index, workers, rounds }: Task): number[] {
  const ring = Ring.lookup(memory, 'ring')?.position ?? 0;
  const board = (memory.lookup(BOARD)?.position ?? 0) >>> 2;
  const table = Uint32Array.from({ length: rounds }, (_, i) => 1 + index + i * workers);
  for (let at = 0, n = 1, round = 0; at < rounds; n = (n * 7 + 3) & 31, round++) {
    const done = put(memory, ring, table, at, Math.min(n + 1, rounds - at), round);
    if (done === 0 && round % 3 === 0) pause(memory.i32, board);
    at += done;
  }
  return [];
}

/** Puts a burst; where that can be, two of three times in two steps, for half of what was claimed or for nothing. */
function put(memory: Memory, ring: number, table: Uint32Array, at: number, n: number, round: number): number {
  if (round % 3 === 0 || !canPeek(memory, ring + RING_PRODUCER_SYNC))
    return ringEnqueueBurst(memory, ring, table, at, n);
  const claimed = ringEnqueueStart(memory, ring, n);
  if (claimed === 0) return 0;
  const used = round % 3 === 1 ? claimed >>> 1 : 0;
  ringEnqueueFinish(memory, ring, table, at, used);
  return used;
}

/** Takes a burst in the same ways. */
function take(memory: Memory, ring: number, table: Uint32Array, n: number, round: number): number {
  if (round % 3 === 0 || !canPeek(memory, ring + RING_CONSUMER_SYNC))
    return ringDequeueBurst(memory, ring, table, 0, n);
  const claimed = ringDequeueStart(memory, ring, table, 0, n);
  if (claimed === 0) return 0;
  const used = round % 3 === 1 ? claimed >>> 1 : 0;
  ringDequeueFinish(memory, ring, used);
  return used;
}

/** Operations in two steps are for one user at a time, be it that there is only one. */
function canPeek(memory: Memory, sync: number): boolean {
  return memory.u32[sync >>> 2] !== SYNC_MULTI;
}

/** Marks each element as seen, and looks whether those of each producer come in order. */
function consume(memory: Memory, { workers, rounds }: Task, board: number): number[] {
  const { i32 } = memory;
  const ring = Ring.lookup(memory, 'ring')?.position ?? 0;
  const table = new Uint32Array(32);
  const last = new Uint32Array(workers);
  let taken = 0;
  for (let n = 1, round = 0; Atomics.load(i32, board + TAKEN) < workers * rounds; n = (n * 5 + 1) & 31, round++) {
    const done = take(memory, ring, table, n + 1, round);
    if (done === 0 && round % 3 === 0) pause(i32, board);
    for (let i = 0; i < done; i++) {
      const producer = (table[i] - 1) % workers;
      if (table[i] <= last[producer]) Atomics.add(i32, board + WRONG, 1);
      last[producer] = table[i];
      Atomics.add(i32, board + SEEN + table[i], 1);
    }
    taken += done;
    if (done !== 0) Atomics.add(i32, board + TAKEN, done);
  }
  return [taken];
}

/** Takes and puts objects, each of which is marked while it is taken. */
function usePool(memory: Memory, { index, rounds }: Task, board: number): number[] {
  const { i32 } = memory;
  const pool = Mempool.lookup(memory, 'pool');
  const held = new Uint32Array(256);
  let count = 0;
  let refused = 0;
  for (let round = 0, n = 1; round < rounds; round++, n = (n * 13 + 7) & 63) {
    if (count + n <= held.length && (round & 3) !== 0) {
      if (!pool?.getBulk(held, count, n)) {
        refused++;
        continue;
      }
      for (let i = count; i < count + n; i++) {
        if (Atomics.exchange(i32, held[i] >>> 2, index + 1) !== 0) Atomics.add(i32, board + WRONG, 1);
      }
      count += n;
    } else {
      const back = Math.min(n, count);
      count -= back;
      for (let i = count; i < count + back; i++) {
        if (Atomics.exchange(i32, held[i] >>> 2, 0) !== index + 1) Atomics.add(i32, board + WRONG, 1);
      }
      pool?.putBulk(held, count, back);
    }
  }
  for (let i = 0; i < count; i++) i32[held[i] >>> 2] = 0;
  pool?.putBulk(held, 0, count);
  return [refused];
}

/** Allocates mbufs, fills them, hands them on to the next worker through the ring, frees what comes. */
function usePktmbufs(memory: Memory, { index, rounds }: Task, board: number): number[] {
  const { u8 } = memory;
  const pool = PktmbufPool.lookup(memory, 'pool');
  const ring = Ring.lookup(memory, 'ring')?.position ?? 0;
  const table = new Uint32Array(32);
  let freed = 0;
  for (let round = 0; round < rounds; round++) {
    const n = 1 + (round & 31);
    if (pool?.allocBulk(table, 0, n)) {
      for (let i = 0; i < n; i++) u8[table[i] + 128 + 2 + 128] = index;
      const sent = ringEnqueueBurst(memory, ring, table, 0, n);
      pktmbufFreeBulk(memory, table, sent, n - sent);
    } else {
      pause(memory.i32, board);
    }
    const got = ringDequeueBurst(memory, ring, table, 0, 32);
    pktmbufFreeBulk(memory, table, 0, got);
    freed += got;
  }
  return [freed];
}

/** Changes the references of the first mbuf to and fro, then gives up this worker's reference to each of them. */
function release(memory: Memory, { rounds }: Task): number[] {
  const table = (memory.lookup('table')?.position ?? 0) >>> 2;
  const first = memory.u32[table];
  for (let i = 0; i < 10 * rounds; i++) {
    pktmbufRefcntUpdate(memory, first, 1);
    pktmbufRefcntUpdate(memory, first, -1);
  }
  for (let i = 0; i < rounds; i++) pktmbufFree(memory, memory.u32[table + i]);
  return [];
}

/** All fields and all flags that there can be, each worker beginning with another one. */
function register(memory: Memory, { index, workers }: Task): number[] {
  const places = new Array<number>(36 + 18);
  for (let i = 0; i < places.length; i++) {
    const which = (i + Math.floor((index * places.length) / workers)) % places.length;
    const name = `number ${which}`;
    places[which] = which < 36 ? registerDynfield(memory, { name, bytes: 1 }) : registerDynflag(memory, { name });
  }
  return places;
}

async function describeAll(): Promise<void> {
  const { beforeAll, describe, expect, it } = await import('vitest');
  let script = '';

  beforeAll(async () => {
    script = await bundle(fileURLToPath(import.meta.url));
  });

  /** Starts workers, lets them all go at once, and gives what each of them answers. */
  async function race(memory: Memory, tasks: readonly Omit<Task, 'handle'>[]): Promise<number[][]> {
    const board = (memory.lookup(BOARD)?.position ?? 0) >>> 2;
    memory.i32[board + ALL] = tasks.length;
    const answers = tasks.map((task) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
        workerData: { ...task, handle: memory.handle },
      });
      return new Promise<number[]>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) => reject(new Error(`worker ended with ${code} and without an answer`)));
      });
    });
    const all = Promise.all(answers);
    while (Atomics.load(memory.i32, board + READY) < tasks.length) {
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
    Atomics.store(memory.i32, board + GATE, 1);
    return await all;
  }

  function newBoard(elements = 0): { memory: Memory; word: (at: number) => number } {
    const memory = Memory.create({ bytes: 8 * 1024 * 1024 });
    const zone = memory.reserve(BOARD, (SEEN + elements + 1) * 4);
    return { memory, word: (at) => memory.i32[(zone.position >>> 2) + at] };
  }

  const many = (mbufTask: Task['mbufTask'], workers: number, rounds: number, of = workers): Omit<Task, 'handle'>[] =>
    Array.from({ length: workers }, (_, index) => ({ mbufTask, index, workers: of, rounds }));

  describe('a ring between threads loses nothing, doubles nothing and keeps the order of each producer', () => {
    it.each<[string, number, number, RingOptions]>([
      ['one to one', 1, 1, { singleProducer: true, singleConsumer: true }],
      ['three to three', 3, 3, {}],
      ['three to one', 3, 1, { singleConsumer: true }],
      ['one to three', 1, 3, { singleProducer: true, exactSize: true }],
      ['three to three, in turns', 3, 3, { serialProducer: true, serialConsumer: true }],
    ])('%s', async (_, producers, consumers, options) => {
      const rounds = 30_000;
      const total = producers * rounds;
      const { memory, word } = newBoard(total);
      const ring = Ring.create(memory, 'ring', 256, options);
      // The indices pass 2^32 half way through.
      for (const field of [RING_PRODUCER_HEAD, RING_PRODUCER_TAIL, RING_CONSUMER_HEAD, RING_CONSUMER_TAIL]) {
        memory.u32[(ring.position + field) >>> 2] = 2 ** 32 - total / 2;
      }
      const answers = await race(memory, [
        ...many('produce', producers, rounds),
        ...many('consume', consumers, rounds, producers),
      ]);
      expect(answers.flat().reduce((sum, taken) => sum + taken, 0)).toBe(total);
      expect(word(WRONG)).toBe(0);
      let amiss = 0;
      for (let element = 1; element <= total; element++) if (word(SEEN + element) !== 1) amiss++;
      expect(amiss).toBe(0);
      expect(ring.count).toBe(0);
      expect(memory.u32[(ring.position + RING_CONSUMER_TAIL) >>> 2]).toBe(total / 2);
    });
  });

  describe('a mempool between threads gives no object to two of them', () => {
    it.each([
      ['with caches', 64, true],
      ['without caches', 0, true],
      ['with caches and without debugging', 64, false],
    ])('%s', async (_, cacheSize, debug) => {
      const { memory, word } = newBoard();
      const pool = Mempool.create(memory, 'pool', { count: 500, elementBytes: 64, cacheSize, debug });
      await race(memory, many('pool', 3, 12_000));
      expect(word(WRONG)).toBe(0);
      expect(pool.isFull).toBe(true);
      pool.audit();
      pool.flushCaches();
      expect(pool.ring.count).toBe(500);
    });
  });

  describe('mbufs between threads', () => {
    it('go through a ring, are freed by others than those who took them, and all come back', async () => {
      const { memory } = newBoard();
      const pool = PktmbufPool.create(memory, 'pool', { count: 1023, cacheSize: 64, dataRoom: 300, poison: true });
      const ring = Ring.create(memory, 'ring', 128);
      await race(memory, many('pktmbuf', 3, 3_000));
      for (let m = ring.dequeue(); m !== 0; m = ring.dequeue()) pktmbufFree(memory, m);
      expect(pool.inUseCount).toBe(0);
      pool.audit();
    });

    it('are put into their pool once, by the last of those who refer to them', async () => {
      const workers = 3;
      const rounds = 20_000;
      const { memory } = newBoard();
      const pool = PktmbufPool.create(memory, 'pool', { count: rounds, dataRoom: 0, poison: true });
      const table = memory.reserve('table', rounds * 4).position >>> 2;
      for (let i = 0; i < rounds; i++) {
        const m = pool.alloc();
        pktmbufRefcntSet(memory, m, workers);
        memory.u32[table + i] = m;
      }
      expect(pool.availCount).toBe(0);
      await race(memory, many('release', workers, rounds));
      expect(pool.inUseCount).toBe(0);
      pool.audit();
    });
  });

  it('dynamic fields and flags have one place each, whoever asks first', async () => {
    const { memory } = newBoard();
    const [first, ...others] = await race(memory, many('register', 3, 1));
    expect(new Set(first.slice(0, 36)).size).toBe(36);
    expect(new Set(first.slice(36)).size).toBe(18);
    for (const other of others) expect(other).toEqual(first);
  });
}

/** This file and what it imports as one script, by the bundler that the test runner brings along. */
async function bundle(entry: string): Promise<string> {
  interface Bundler {
    build(options: object): Promise<{ output: { code: string }[] }>;
  }
  const require = createRequire(createRequire(import.meta.url).resolve('vitest/node'));
  const { build }: Bundler = await import(require.resolve('vite'));
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['@inline-ipsec/source', 'node'] },
    ssr: { noExternal: true, resolve: { conditions: ['@inline-ipsec/source', 'node'] } },
    build: { ssr: entry, write: false, target: 'node20', minify: true, rollupOptions: { external: ['vitest'] } },
  });
  return output[0].code;
}
