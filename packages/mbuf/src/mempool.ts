import { SetupError } from '@inline-ipsec/eal/errors';
import { lcoreId, MAX_LCORE } from '@inline-ipsec/eal/lcore';
import { alignUp, CACHE_LINE_BYTES, type Memory } from '@inline-ipsec/eal/memory';
import { auditMempool } from './_mempool-audit.ts';
import { markFree, markTaken, poison } from './_mempool-debug.ts';
import {
  CACHE_LENGTH,
  CACHE_OBJECTS,
  CACHE_SIZE,
  cacheBytes,
  OBJECT_HEADER_BYTES,
  OBJECT_POOL,
  OBJECT_STATE,
  OBJECT_STATE_FREE,
  POOL_CACHE_SIZE,
  POOL_CACHE_STRIDE,
  POOL_CACHES,
  POOL_COUNT,
  POOL_FIRST,
  POOL_FLAG_DEBUG,
  POOL_FLAGS,
  POOL_HEADER_BYTES,
  POOL_MAGIC,
  POOL_MAGIC_VALUE,
  POOL_NAME,
  POOL_NAME_BYTES,
  POOL_OBJECT_BYTES,
  POOL_OVERFLOWS,
  POOL_POISON,
  POOL_POISON_RANGES,
  POOL_PRIVATE_BYTES,
  POOL_RING,
  POOL_STRIDE,
} from './_mempool-layout.ts';
import { Ring, ringCount, ringDequeueBulk, ringEnqueueBulk } from './ring.ts';

/**
 * Mempools: a fixed number of objects of one length, taken and put back in bulk (DPDK: `rte_mempool`, with the ring
 * handlers `ring_mp_mc`, `ring_sp_sc`, `ring_mp_sc` and `ring_sp_mc`).
 *
 * Before the ring that all share, each lcore has a cache of its own, which nobody else touches: a stack, so that what
 * was put last is taken first. The cache is that of DPDK 26.07: it never holds more than its size, and goes to the
 * ring for half of it. A get can fail while objects lie in the caches of other lcores.
 *
 * What this does not do: add objects later, other handlers (stack, bucket), and the events of a pool.
 */

/** The longest name of a mempool in characters (DPDK: `RTE_MEMPOOL_NAMESIZE`). */
export const MEMPOOL_NAME_MAX = 25;

/** The largest cache of an lcore, in objects (DPDK: `RTE_MEMPOOL_CACHE_MAX_SIZE`). */
export const MEMPOOL_CACHE_MAX = 512;

/** Bytes of an object, from its beginning: both numbers are multiples of 4. */
export interface ObjectRange {
  readonly from: number;
  readonly bytes: number;
}

/** How a mempool is made. */
export interface MempoolOptions {
  /** Number of objects; the memory is best used by a power of two less one, as the ring takes that. */
  readonly count: number;
  /** Length of an object in bytes, rounded up to 8. Objects begin on a cache line, unless `cacheAlign` is off. */
  readonly elementBytes: number;
  /** Objects that each lcore's cache holds: at most `count` and {@link MEMPOOL_CACHE_MAX}. Default 0, no caches. */
  readonly cacheSize?: number;
  /** Length of the pool's private area in bytes. Default 0. */
  readonly privateBytes?: number;
  /** One thread only puts (DPDK: `RTE_MEMPOOL_F_SP_PUT`). */
  readonly singlePut?: boolean;
  /** One thread only gets (DPDK: `RTE_MEMPOOL_F_SC_GET`). */
  readonly singleGet?: boolean;
  /** Pad elements to an odd number of cache lines, so that their beginnings spread over all sets of a cache. Default true (DPDK: not `RTE_MEMPOOL_F_NO_SPREAD`). */
  readonly spread?: boolean;
  /** Pad elements to whole cache lines. Default true; without it nothing is spread (DPDK: not `RTE_MEMPOOL_F_NO_CACHE_ALIGN`). */
  readonly cacheAlign?: boolean;
  /** Follow the state of every object, to find what is put twice. For tests: it costs an atomic operation an object. */
  readonly debug?: boolean;
  /** As `debug`; and fill these parts of free objects with a pattern, to find what is written to them. At most two. */
  readonly poison?: readonly ObjectRange[];
  /** Called once with the pool's position, before any object is made (DPDK: `mp_init`). */
  readonly initPool?: (pool: number) => void;
  /** Called once for every object when the pool is made (DPDK: `obj_init`). */
  readonly initElement?: (memory: Memory, object: number, index: number) => void;
}

/**
 * Takes `n` objects, or none, by way of the cache of this lcore (DPDK: `rte_mempool_get_bulk`).
 *
 * @param pool position of the mempool
 * @param table where their positions go, from index `at` on; undefined after a failure
 * @returns false when there are not so many in the cache and the ring
 */
export function mempoolGetBulk(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): boolean {
  return mempoolGenericGet(memory, pool, table, at, n, mempoolDefaultCache(memory, pool));
}

/** Puts `n` objects back by way of the cache of this lcore; it cannot fail (DPDK: `rte_mempool_put_bulk`). */
export function mempoolPutBulk(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): void {
  mempoolGenericPut(memory, pool, table, at, n, mempoolDefaultCache(memory, pool));
}

/** Position of this lcore's cache, 0 for a thread that is no lcore or a pool without caches (DPDK: `rte_mempool_default_cache`). */
export function mempoolDefaultCache(memory: Memory, pool: number): number {
  const { u32 } = memory;
  const caches = u32[(pool + POOL_CACHES) >>> 2];
  const lcore = lcoreId();
  return caches === 0 || lcore >= MAX_LCORE ? 0 : caches + lcore * u32[(pool + POOL_CACHE_STRIDE) >>> 2];
}

/**
 * Takes `n` objects, or none, by way of a given cache (DPDK: `rte_mempool_generic_get`).
 *
 * @param cache position of a cache that only this thread uses; 0 for none
 */
export function mempoolGenericGet(
  memory: Memory,
  pool: number,
  table: Uint32Array,
  at: number,
  n: number,
  cache: number,
): boolean {
  const { u32 } = memory;
  if (cache === 0) {
    if (ringDequeueBulk(memory, u32[(pool + POOL_RING) >>> 2], table, at, n) !== n) return false;
  } else {
    const word = cache >>> 2;
    const length = u32[word + (CACHE_LENGTH >> 2)];
    if (n <= length) {
      const top = word + (CACHE_OBJECTS >> 2) + length - 1;
      for (let i = 0; i < n; i++) table[at + i] = u32[top - i];
      u32[word + (CACHE_LENGTH >> 2)] = length - n;
    } else if (!getBeyondCache(memory, u32[(pool + POOL_RING) >>> 2], table, at, n, cache)) {
      return false;
    }
  }
  if ((u32[(pool + POOL_FLAGS) >>> 2] & POOL_FLAG_DEBUG) !== 0) markTaken(memory, pool, table, at, n);
  return true;
}

/** All that the cache holds and some of the ring's. The cache is as before when the ring has not enough. */
function getBeyondCache(
  memory: Memory,
  ring: number,
  table: Uint32Array,
  at: number,
  n: number,
  cache: number,
): boolean {
  const { u32 } = memory;
  const word = cache >>> 2;
  const objects = word + (CACHE_OBJECTS >> 2);
  const length = u32[word + (CACHE_LENGTH >> 2)];
  const half = u32[word + (CACHE_SIZE >> 2)] >>> 1;
  const rest = n - length;
  if (rest <= half) {
    for (let i = 0; i < length; i++) table[at + i] = u32[objects + length - 1 - i];
    if (ringDequeueBulk(memory, ring, u32, objects, half) === half) {
      for (let i = 0; i < rest; i++) table[at + length + i] = u32[objects + half - 1 - i];
      u32[word + (CACHE_LENGTH >> 2)] = half - rest;
      return true;
    }
  }
  if (ringDequeueBulk(memory, ring, table, at + length, rest) !== rest) return false;
  for (let i = 0; i < length; i++) table[at + i] = u32[objects + length - 1 - i];
  u32[word + (CACHE_LENGTH >> 2)] = 0;
  return true;
}

/** Puts `n` objects back by way of a given cache, 0 for none (DPDK: `rte_mempool_generic_put`). */
export function mempoolGenericPut(
  memory: Memory,
  pool: number,
  table: Uint32Array,
  at: number,
  n: number,
  cache: number,
): void {
  if ((memory.u32[(pool + POOL_FLAGS) >>> 2] & POOL_FLAG_DEBUG) === 0) {
    put(memory, pool, table, at, n, cache);
    return;
  }
  // What may not be put is left out, so that the pool stays whole.
  let first = at;
  for (let i = at; i < at + n; i++) {
    if (markFree(memory, pool, table[i])) continue;
    if (i > first) put(memory, pool, table, first, i - first, cache);
    first = i + 1;
  }
  if (at + n > first) put(memory, pool, table, first, at + n - first, cache);
}

function put(memory: Memory, pool: number, table: Uint32Array, at: number, n: number, cache: number): void {
  if (cache === 0) {
    giveBack(memory, pool, table, at, n);
    return;
  }
  const { u32 } = memory;
  const word = cache >>> 2;
  const objects = word + (CACHE_OBJECTS >> 2);
  const size = u32[word + (CACHE_SIZE >> 2)];
  let length = u32[word + (CACHE_LENGTH >> 2)];
  if (length + n > size) {
    const half = size >>> 1;
    if (n > half) {
      giveBack(memory, pool, table, at, n);
      return;
    }
    giveBack(memory, pool, u32, objects, half);
    length -= half;
    for (let i = 0; i < length; i++) u32[objects + i] = u32[objects + half + i];
  }
  const top = objects + length;
  for (let i = 0; i < n; i++) u32[top + i] = table[at + i];
  u32[word + (CACHE_LENGTH >> 2)] = length + n;
}

/** Into the ring, which has room for all objects that there are. */
function giveBack(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): void {
  if (ringEnqueueBulk(memory, memory.u32[(pool + POOL_RING) >>> 2], table, at, n) !== n) {
    Atomics.add(memory.i32, (pool + POOL_OVERFLOWS) >>> 2, 1);
  }
}

/** Puts all that a cache holds into the pool's ring (DPDK: `rte_mempool_cache_flush`). */
export function mempoolCacheFlush(memory: Memory, pool: number, cache: number): void {
  const { u32 } = memory;
  const length = u32[(cache + CACHE_LENGTH) >>> 2];
  if (length !== 0) giveBack(memory, pool, u32, (cache + CACHE_OBJECTS) >>> 2, length);
  u32[(cache + CACHE_LENGTH) >>> 2] = 0;
}

/** Objects that nobody has, in the ring and in the lcores' caches; other threads may change it at any time (DPDK: `rte_mempool_avail_count`). */
export function mempoolAvailCount(memory: Memory, pool: number): number {
  const { u32 } = memory;
  const count = u32[(pool + POOL_COUNT) >>> 2];
  let available = ringCount(memory, u32[(pool + POOL_RING) >>> 2]);
  const caches = u32[(pool + POOL_CACHES) >>> 2];
  if (caches !== 0) {
    const stride = u32[(pool + POOL_CACHE_STRIDE) >>> 2];
    for (let lcore = 0; lcore < MAX_LCORE; lcore++) {
      available += u32[(caches + lcore * stride + CACHE_LENGTH) >>> 2];
    }
  }
  return Math.min(available, count);
}

/** Position of the pool that an object belongs to (DPDK: `rte_mempool_from_obj`). */
export function mempoolFromObject(memory: Memory, object: number): number {
  return memory.u32[(object + OBJECT_POOL) >>> 2];
}

/** Position of a pool's private area (DPDK: `rte_mempool_get_priv`). */
export function mempoolPrivate(pool: number): number {
  return pool + POOL_HEADER_BYTES;
}

/** A mempool, seen from one thread. The state is in the memory: any thread makes its own view of it by name. */
export class Mempool {
  readonly memory: Memory;
  /** Position of the mempool in the memory. */
  readonly position: number;
  readonly name: string;
  /** Number of objects, taken or not. */
  readonly count: number;
  /** Length of an object in bytes. */
  readonly elementBytes: number;
  /** Bytes from one object to the next. */
  readonly strideBytes: number;
  readonly cacheSize: number;
  readonly privateBytes: number;
  readonly #one = new Uint32Array(1);

  private constructor(memory: Memory, position: number) {
    const { u8, u32 } = memory;
    this.memory = memory;
    this.position = position;
    let name = '';
    for (let i = 0; i < POOL_NAME_BYTES && u8[position + POOL_NAME + i] !== 0; i++) {
      name += String.fromCharCode(u8[position + POOL_NAME + i]);
    }
    this.name = name;
    this.count = u32[(position + POOL_COUNT) >>> 2];
    this.elementBytes = u32[(position + POOL_OBJECT_BYTES) >>> 2];
    this.strideBytes = u32[(position + POOL_STRIDE) >>> 2];
    this.cacheSize = u32[(position + POOL_CACHE_SIZE) >>> 2];
    this.privateBytes = u32[(position + POOL_PRIVATE_BYTES) >>> 2];
  }

  /**
   * Makes a mempool in the memzone `MP_` and its name, and its ring (DPDK: `rte_mempool_create`).
   *
   * @param name 1 to {@link MEMPOOL_NAME_MAX} ASCII characters, not yet in use
   * @throws SetupError `ERR_MEMPOOL_COUNT`, `ERR_MEMPOOL_ELEMENT`, `ERR_MEMPOOL_CACHE`, `ERR_MEMPOOL_POISON` (EINVAL),
   * `ERR_MEMPOOL_NAME` (ENAMETOOLONG), `ERR_MEMPOOL_EXISTS` (EEXIST), `ERR_MEMORY_FULL` (ENOMEM)
   */
  static create(memory: Memory, name: string, options: MempoolOptions): Mempool {
    checkOptions(name, options);
    const { count, elementBytes, cacheSize = 0, privateBytes = 0 } = options;
    const { singlePut = false, singleGet = false, spread = true, cacheAlign = true } = options;
    if (memory.lookup(zoneName(name)) !== undefined) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_EXISTS',
        errno: 'EEXIST',
        message: `mempool ${name} exists already`,
        remedy: 'look it up, or choose another name',
      });
    }
    const objectBytes = alignUp(elementBytes, 8);
    let stride = alignUp(OBJECT_HEADER_BYTES + objectBytes, cacheAlign ? CACHE_LINE_BYTES : 8);
    if (cacheAlign && spread && (stride / CACHE_LINE_BYTES) % 2 === 0) stride += CACHE_LINE_BYTES;
    const cacheStride = cacheSize === 0 ? 0 : cacheBytes(cacheSize);
    const cachesAt = POOL_HEADER_BYTES + alignUp(privateBytes, 2 * CACHE_LINE_BYTES);
    const elementsAt = cachesAt + MAX_LCORE * cacheStride;
    const zone = memory.reserve(zoneName(name), elementsAt + count * stride, 2 * CACHE_LINE_BYTES);
    const pool = zone.position;
    const first = pool + elementsAt + OBJECT_HEADER_BYTES;
    let ring: Ring;
    try {
      ring = Ring.create(memory, ringName(name), count, {
        exactSize: true,
        singleProducer: singlePut,
        singleConsumer: singleGet,
      });
    } catch (error) {
      memory.free(zone);
      throw error;
    }

    const { u8, u32, i32 } = memory;
    const word = pool >>> 2;
    for (let i = 0; i < name.length; i++) u8[pool + POOL_NAME + i] = name.charCodeAt(i);
    u32[word + (POOL_FLAGS >> 2)] = options.debug || options.poison !== undefined ? POOL_FLAG_DEBUG : 0;
    u32[word + (POOL_RING >> 2)] = ring.position;
    u32[word + (POOL_CACHES >> 2)] = cacheSize === 0 ? 0 : pool + cachesAt;
    u32[word + (POOL_CACHE_STRIDE >> 2)] = cacheStride;
    u32[word + (POOL_CACHE_SIZE >> 2)] = cacheSize;
    u32[word + (POOL_COUNT >> 2)] = count;
    u32[word + (POOL_FIRST >> 2)] = first;
    u32[word + (POOL_STRIDE >> 2)] = stride;
    u32[word + (POOL_OBJECT_BYTES >> 2)] = objectBytes;
    u32[word + (POOL_PRIVATE_BYTES >> 2)] = privateBytes;
    (options.poison ?? []).forEach((range, i) => {
      u32[word + (POOL_POISON >> 2) + 2 * i] = range.from;
      u32[word + (POOL_POISON >> 2) + 2 * i + 1] = range.bytes;
    });
    if (cacheSize !== 0) {
      for (let lcore = 0; lcore < MAX_LCORE; lcore++) {
        u32[(pool + cachesAt + lcore * cacheStride + CACHE_SIZE) >>> 2] = cacheSize;
      }
    }
    options.initPool?.(pool);
    const objects = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const object = first + i * stride;
      objects[i] = object;
      u32[(object + OBJECT_POOL) >>> 2] = pool;
      options.initElement?.(memory, object, i);
      if (u32[word + (POOL_FLAGS >> 2)] === POOL_FLAG_DEBUG) {
        u32[(object + OBJECT_STATE) >>> 2] = OBJECT_STATE_FREE;
        poison(memory, pool, object);
      }
    }
    ring.enqueueBulk(objects, 0, count);
    Atomics.store(i32, word + (POOL_MAGIC >> 2), POOL_MAGIC_VALUE);
    return new Mempool(memory, pool);
  }

  /** The mempool of that name, or undefined (DPDK: `rte_mempool_lookup`). */
  static lookup(memory: Memory, name: string): Mempool | undefined {
    const zone = memory.lookup(zoneName(name));
    return zone === undefined ? undefined : Mempool.at(memory, zone.position);
  }

  /**
   * The mempool at a position, such as an object's header gives.
   *
   * @throws SetupError `ERR_MEMPOOL_UNKNOWN` (ENOENT) when there is none
   */
  static at(memory: Memory, position: number): Mempool {
    if (Atomics.load(memory.i32, (position + POOL_MAGIC) >>> 2) !== POOL_MAGIC_VALUE) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_UNKNOWN',
        errno: 'ENOENT',
        message: 'there is no mempool',
        got: `position ${position}`,
      });
    }
    return new Mempool(memory, position);
  }

  /** The backend ring that holds what no cache holds. */
  get ring(): Ring {
    return Ring.at(this.memory, this.memory.u32[(this.position + POOL_RING) >>> 2]);
  }

  /** Position of the private area. */
  get privatePosition(): number {
    return mempoolPrivate(this.position);
  }

  /** Objects that can be taken, by one lcore or another. */
  get availCount(): number {
    return mempoolAvailCount(this.memory, this.position);
  }

  /** Objects that are taken (DPDK: `rte_mempool_in_use_count`). */
  get inUseCount(): number {
    return this.count - this.availCount;
  }

  /** No object is taken (DPDK: `rte_mempool_full`). */
  get isFull(): boolean {
    return this.availCount === this.count;
  }

  /** All objects are taken (DPDK: `rte_mempool_empty`). */
  get isEmpty(): boolean {
    return this.availCount === 0;
  }

  /** Takes one object; 0 when there is none (DPDK: `rte_mempool_get`). */
  get(): number {
    return mempoolGetBulk(this.memory, this.position, this.#one, 0, 1) ? this.#one[0] : 0;
  }

  /** See {@link mempoolGetBulk}. */
  getBulk(table: Uint32Array, at: number, n: number): boolean {
    return mempoolGetBulk(this.memory, this.position, table, at, n);
  }

  /** Puts one object back (DPDK: `rte_mempool_put`). */
  put(object: number): void {
    this.#one[0] = object;
    mempoolPutBulk(this.memory, this.position, this.#one, 0, 1);
  }

  /** See {@link mempoolPutBulk}. */
  putBulk(table: Uint32Array, at: number, n: number): void {
    mempoolPutBulk(this.memory, this.position, table, at, n);
  }

  /** Calls back with every object, taken or not (DPDK: `rte_mempool_obj_iter`). */
  forEach(callback: (object: number, index: number) => void): void {
    const first = this.memory.u32[(this.position + POOL_FIRST) >>> 2];
    for (let i = 0; i < this.count; i++) callback(first + i * this.strideBytes, i);
  }

  /** Flushes the caches of all lcores; none of them may run meanwhile. */
  flushCaches(): void {
    const { memory, position } = this;
    if (this.cacheSize === 0) return;
    const caches = memory.u32[(position + POOL_CACHES) >>> 2];
    const stride = memory.u32[(position + POOL_CACHE_STRIDE) >>> 2];
    for (let lcore = 0; lcore < MAX_LCORE; lcore++) mempoolCacheFlush(memory, position, caches + lcore * stride);
  }

  /**
   * Checks headers, ring and caches, and whether anything was counted that must not happen: an object put twice or
   * into the wrong pool; with `debug` on, before it could do harm; with `poison` on, objects written to while free
   * (DPDK: `rte_mempool_audit`). Nobody may use the pool meanwhile.
   *
   * @throws SetupError `ERR_MEMPOOL_AUDIT` (EINVAL) with all that was found
   */
  audit(): void {
    auditMempool(this.memory, this.position, this.name);
  }

  /** The mempool in words, for people (DPDK: `rte_mempool_dump`). */
  dump(): string {
    const cached = this.availCount - this.ring.count;
    return [
      `mempool <${this.name}>@0x${this.position.toString(16)}`,
      `  size=${this.count} element=${this.elementBytes} stride=${this.strideBytes} private=${this.privateBytes}`,
      `  cache=${this.cacheSize} cached=${cached} ring=${this.ring.count} in use=${this.inUseCount}`,
      '',
    ].join('\n');
  }

  /** Gives the pool's memory back, whoever still has objects of it (DPDK: `rte_mempool_free`). */
  free(): void {
    const zone = this.memory.lookup(zoneName(this.name));
    if (zone === undefined || zone.position !== this.position) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_UNKNOWN',
        errno: 'EINVAL',
        message: `mempool ${this.name} is not there`,
        remedy: 'free a mempool once',
      });
    }
    this.ring.free();
    this.memory.free(zone);
  }
}

function checkOptions(name: string, options: MempoolOptions): void {
  const { count, elementBytes, cacheSize = 0, privateBytes = 0, poison: ranges = [] } = options;
  if (name.length > MEMPOOL_NAME_MAX) {
    throw new SetupError({
      code: 'ERR_MEMPOOL_NAME',
      errno: 'ENAMETOOLONG',
      message: 'the name of a mempool is too long',
      expected: `at most ${MEMPOOL_NAME_MAX} characters`,
      got: `${name} (${name.length})`,
    });
  }
  if (!Number.isInteger(count) || count <= 0) {
    throw new SetupError({
      code: 'ERR_MEMPOOL_COUNT',
      errno: 'EINVAL',
      message: `mempool ${name} cannot have this number of objects`,
      expected: '1 or more',
      got: String(count),
    });
  }
  if (![elementBytes, privateBytes].every((bytes) => Number.isInteger(bytes) && bytes >= 0) || elementBytes === 0) {
    throw new SetupError({
      code: 'ERR_MEMPOOL_ELEMENT',
      errno: 'EINVAL',
      message: `mempool ${name} cannot have objects or a private area of this length`,
      expected: 'whole numbers of bytes, 1 or more for objects',
      got: `${elementBytes} and ${privateBytes}`,
    });
  }
  if (!Number.isInteger(cacheSize) || cacheSize < 0 || cacheSize > MEMPOOL_CACHE_MAX || cacheSize > count) {
    throw new SetupError({
      code: 'ERR_MEMPOOL_CACHE',
      errno: 'EINVAL',
      message: `mempool ${name} cannot have caches of this size`,
      expected: `0 to ${Math.min(MEMPOOL_CACHE_MAX, count)} objects`,
      got: String(cacheSize),
    });
  }
  const bad = ranges.find((range) => range.from % 4 !== 0 || range.bytes % 4 !== 0 || range.from < 0);
  const far = ranges.find((range) => range.from + range.bytes > alignUp(elementBytes, 8));
  if (ranges.length > POOL_POISON_RANGES || bad !== undefined || far !== undefined) {
    throw new SetupError({
      code: 'ERR_MEMPOOL_POISON',
      errno: 'EINVAL',
      message: `mempool ${name} cannot have these parts of an object poisoned`,
      expected: `at most ${POOL_POISON_RANGES} ranges in an object, at multiples of 4`,
      got: JSON.stringify(ranges),
    });
  }
}

function zoneName(name: string): string {
  return `MP_${name}`;
}

function ringName(name: string): string {
  return `MP_${name}`;
}
