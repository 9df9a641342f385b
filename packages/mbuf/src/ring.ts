import { SetupError } from '@inline-ipsec/eal/errors';
import { alignUp, CACHE_LINE_BYTES, type Memory } from '@inline-ipsec/eal/memory';
import { copyIn, copyOut } from './_ring-copy.ts';
import {
  RING_CAPACITY,
  RING_CONSUMER_HEAD,
  RING_CONSUMER_SYNC,
  RING_CONSUMER_TAIL,
  RING_ELEMENT_WORDS,
  RING_HEADER_BYTES,
  RING_MAGIC,
  RING_MAGIC_VALUE,
  RING_MASK,
  RING_NAME,
  RING_NAME_BYTES,
  RING_PRODUCER_HEAD,
  RING_PRODUCER_SYNC,
  RING_PRODUCER_TAIL,
  SYNC_MULTI,
  SYNC_SERIAL,
  SYNC_SINGLE,
} from './_ring-layout.ts';
import { waitForTurn, waitUntilEqual } from './_wait.ts';

/**
 * Rings: bounded lock-free queues of fixed-size elements, first in first out (DPDK: `rte_ring`).
 *
 * Heads and tails are 32-bit numbers that run on freely and are masked when a slot is reached, so nothing special
 * happens where they wrap. A producer first moves the head to claim slots, then writes them, then moves the tail, which
 * publishes them; a consumer does the same with its own pair. With several producers the tails are published in the
 * order of the claims, so that one that is held up holds up those after it.
 *
 * Elements are one u32 (a position) unless the ring is made with another length. The functions work on a position and
 * are what the data path calls; {@link Ring} is the same with names and checks.
 *
 * What this does not do: the relaxed-tail mode (DPDK: `RTS`), which needs a compare-and-swap over two words that
 * JavaScript offers for BigInt only.
 */

/** The longest name of a ring in characters: a memzone's, less `RG_` (DPDK: `RTE_RING_NAMESIZE`). */
export const RING_NAME_MAX = 28;

/** The largest count that a ring can be asked for (DPDK: `RTE_RING_SZ_MASK`). */
export const RING_COUNT_MAX = 0x7fff_ffff;

/** How the threads on one side of a ring share it (DPDK: `enum rte_ring_sync_type`: `MT`, `ST`, `MT_HTS`). */
export type RingSync = 'multi' | 'single' | 'serial';

/** How a ring is made. */
export interface RingOptions {
  /** One thread only enqueues: no compare-and-swap (DPDK: `RING_F_SP_ENQ`). */
  readonly singleProducer?: boolean;
  /** One thread only dequeues (DPDK: `RING_F_SC_DEQ`). */
  readonly singleConsumer?: boolean;
  /** Producers take turns, so that the peek functions can be used (DPDK: `RING_F_MP_HTS_ENQ`). */
  readonly serialProducer?: boolean;
  /** Consumers take turns, so that the peek functions can be used (DPDK: `RING_F_MC_HTS_DEQ`). */
  readonly serialConsumer?: boolean;
  /** Take exactly `count` elements, which need not be a power of two then (DPDK: `RING_F_EXACT_SZ`). */
  readonly exactSize?: boolean;
  /** Length of an element: a multiple of 4. Default 4 (DPDK: `esize`). */
  readonly elementBytes?: number;
}

/**
 * Puts `n` elements into the ring, or none (DPDK: `rte_ring_enqueue_bulk`).
 *
 * @param ring position of the ring
 * @param table elements begin at index `at`; one of several words takes as many entries
 * @returns `n`, or 0 when there is not room for all
 */
export function ringEnqueueBulk(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): number {
  return enqueue(memory, ring, table, at, n, true);
}

/**
 * Puts up to `n` elements into the ring, the first ones first (DPDK: `rte_ring_enqueue_burst`).
 *
 * @returns how many, 0 when it is full
 */
export function ringEnqueueBurst(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): number {
  return enqueue(memory, ring, table, at, n, false);
}

/**
 * Takes `n` elements out of the ring, or none (DPDK: `rte_ring_dequeue_bulk`).
 *
 * @param table where they go, from index `at` on
 * @returns `n`, or 0 when there are not so many
 */
export function ringDequeueBulk(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): number {
  return dequeue(memory, ring, table, at, n, true);
}

/**
 * Takes up to `n` elements out of the ring (DPDK: `rte_ring_dequeue_burst`).
 *
 * @returns how many, 0 when it is empty
 */
export function ringDequeueBurst(memory: Memory, ring: number, table: Uint32Array, at: number, n: number): number {
  return dequeue(memory, ring, table, at, n, false);
}

/** Elements in the ring now; other threads may change it at any time (DPDK: `rte_ring_count`). */
export function ringCount(memory: Memory, ring: number): number {
  const { u32, i32 } = memory;
  const word = ring >>> 2;
  const capacity = u32[word + (RING_CAPACITY >> 2)];
  const consumed = Atomics.load(i32, word + (RING_CONSUMER_TAIL >> 2));
  const produced = Atomics.load(i32, word + (RING_PRODUCER_TAIL >> 2));
  // Between the two loads producers may have gone further than what is held at any one time.
  return Math.min((produced - consumed) >>> 0, capacity);
}

/** Elements that the ring still takes (DPDK: `rte_ring_free_count`). */
export function ringFreeCount(memory: Memory, ring: number): number {
  return memory.u32[(ring + RING_CAPACITY) >>> 2] - ringCount(memory, ring);
}

function enqueue(memory: Memory, ring: number, table: Uint32Array, at: number, n: number, whole: boolean): number {
  const { u32, i32 } = memory;
  const word = ring >>> 2;
  const sync = u32[word + (RING_PRODUCER_SYNC >> 2)];
  const capacity = u32[word + (RING_CAPACITY >> 2)];
  let head = 0;
  let count = 0;
  if (sync === SYNC_SINGLE) {
    head = i32[word + (RING_PRODUCER_HEAD >> 2)];
    const room = (capacity + Atomics.load(i32, word + (RING_CONSUMER_TAIL >> 2)) - head) | 0;
    count = n <= room ? n : whole ? 0 : room;
    if (count === 0) return 0;
    i32[word + (RING_PRODUCER_HEAD >> 2)] = head + count;
  } else {
    for (;;) {
      head =
        sync === SYNC_SERIAL
          ? waitForTurn(i32, word + (RING_PRODUCER_HEAD >> 2))
          : Atomics.load(i32, word + (RING_PRODUCER_HEAD >> 2));
      // A head that is old by now makes the room too large, never too small, and then the exchange below fails.
      const room = (capacity + Atomics.load(i32, word + (RING_CONSUMER_TAIL >> 2)) - head) | 0;
      count = n <= room ? n : whole ? 0 : room;
      if (count === 0) return 0;
      const next = (head + count) | 0;
      if (Atomics.compareExchange(i32, word + (RING_PRODUCER_HEAD >> 2), head, next) === head) break;
    }
  }
  copyIn(u32, word, head, table, at, count);
  if (sync === SYNC_MULTI) waitUntilEqual(i32, word + (RING_PRODUCER_TAIL >> 2), head);
  Atomics.store(i32, word + (RING_PRODUCER_TAIL >> 2), (head + count) | 0);
  return count;
}

function dequeue(memory: Memory, ring: number, table: Uint32Array, at: number, n: number, whole: boolean): number {
  const { u32, i32 } = memory;
  const word = ring >>> 2;
  const sync = u32[word + (RING_CONSUMER_SYNC >> 2)];
  let head = 0;
  let count = 0;
  if (sync === SYNC_SINGLE) {
    head = i32[word + (RING_CONSUMER_HEAD >> 2)];
    const held = (Atomics.load(i32, word + (RING_PRODUCER_TAIL >> 2)) - head) | 0;
    count = n <= held ? n : whole ? 0 : held;
    if (count === 0) return 0;
    i32[word + (RING_CONSUMER_HEAD >> 2)] = head + count;
  } else {
    for (;;) {
      head =
        sync === SYNC_SERIAL
          ? waitForTurn(i32, word + (RING_CONSUMER_HEAD >> 2))
          : Atomics.load(i32, word + (RING_CONSUMER_HEAD >> 2));
      const held = (Atomics.load(i32, word + (RING_PRODUCER_TAIL >> 2)) - head) | 0;
      count = n <= held ? n : whole ? 0 : held;
      if (count === 0) return 0;
      const next = (head + count) | 0;
      if (Atomics.compareExchange(i32, word + (RING_CONSUMER_HEAD >> 2), head, next) === head) break;
    }
  }
  copyOut(u32, word, head, table, at, count);
  if (sync === SYNC_MULTI) waitUntilEqual(i32, word + (RING_CONSUMER_TAIL >> 2), head);
  Atomics.store(i32, word + (RING_CONSUMER_TAIL >> 2), (head + count) | 0);
  return count;
}

/**
 * Bytes that a ring takes, header and slots, in whole cache lines (DPDK: `rte_ring_get_memsize_elem`).
 *
 * @throws SetupError `ERR_RING_COUNT`, `ERR_RING_ELEMENT` or `ERR_RING_SYNC` (EINVAL)
 */
export function ringMemoryBytes(count: number, options: RingOptions = {}): number {
  const { slots, words } = shapeOf(count, options);
  return alignUp(RING_HEADER_BYTES + slots * words * 4, CACHE_LINE_BYTES);
}

/**
 * Makes a ring in memory that the caller has (DPDK: `rte_ring_init`).
 *
 * @param position a multiple of 64, with {@link ringMemoryBytes} bytes behind it that nobody else uses
 * @throws SetupError `ERR_RING_COUNT`, `ERR_RING_ELEMENT`, `ERR_RING_SYNC` (EINVAL), `ERR_RING_NAME` (ENAMETOOLONG)
 */
export function ringInit(
  memory: Memory,
  position: number,
  name: string,
  count: number,
  options: RingOptions = {},
): void {
  checkName(name);
  const { slots, capacity, words, producer, consumer } = shapeOf(count, options);
  const { u8, u32, i32 } = memory;
  const word = position >>> 2;
  u8.fill(0, position, position + RING_HEADER_BYTES);
  for (let i = 0; i < name.length; i++) u8[position + RING_NAME + i] = name.charCodeAt(i);
  u32[word + (RING_MASK >> 2)] = slots - 1;
  u32[word + (RING_CAPACITY >> 2)] = capacity;
  u32[word + (RING_ELEMENT_WORDS >> 2)] = words;
  u32[word + (RING_PRODUCER_SYNC >> 2)] = producer;
  u32[word + (RING_CONSUMER_SYNC >> 2)] = consumer;
  Atomics.store(i32, word + (RING_MAGIC >> 2), RING_MAGIC_VALUE);
}

/** A ring, seen from one thread. The state is in the memory: any thread makes its own view of it by name. */
export class Ring {
  readonly memory: Memory;
  /** Position of the ring in the memory. */
  readonly position: number;
  readonly name: string;
  /** How many elements it takes (DPDK: `rte_ring_get_capacity`). */
  readonly capacity: number;
  /** Slots, a power of two; one more than the capacity at least (DPDK: `rte_ring_get_size`). */
  readonly size: number;
  /** Length of an element in bytes. */
  readonly elementBytes: number;
  /** DPDK: `rte_ring_get_prod_sync_type`. */
  readonly producerSync: RingSync;
  /** DPDK: `rte_ring_get_cons_sync_type`. */
  readonly consumerSync: RingSync;
  readonly #one = new Uint32Array(1);

  private constructor(memory: Memory, position: number) {
    const { u8, u32 } = memory;
    this.memory = memory;
    this.position = position;
    let name = '';
    for (let i = 0; i < RING_NAME_BYTES && u8[position + RING_NAME + i] !== 0; i++) {
      name += String.fromCharCode(u8[position + RING_NAME + i]);
    }
    this.name = name;
    this.capacity = u32[(position + RING_CAPACITY) >>> 2];
    this.size = u32[(position + RING_MASK) >>> 2] + 1;
    this.elementBytes = u32[(position + RING_ELEMENT_WORDS) >>> 2] * 4;
    this.producerSync = syncName(u32[(position + RING_PRODUCER_SYNC) >>> 2]);
    this.consumerSync = syncName(u32[(position + RING_CONSUMER_SYNC) >>> 2]);
  }

  /**
   * Makes a ring in a memzone of its own, `RG_` and its name (DPDK: `rte_ring_create`, `rte_ring_create_elem`).
   *
   * @param name 1 to {@link RING_NAME_MAX} ASCII characters, not yet in use
   * @param count a power of two, one more than can be held; with `exactSize` any number, and as many can be held
   * @throws SetupError `ERR_RING_COUNT`, `ERR_RING_ELEMENT`, `ERR_RING_SYNC` (EINVAL), `ERR_RING_NAME` (ENAMETOOLONG),
   * `ERR_RING_EXISTS` (EEXIST), `ERR_MEMORY_FULL` (ENOMEM)
   */
  static create(memory: Memory, name: string, count: number, options: RingOptions = {}): Ring {
    checkName(name);
    const bytes = ringMemoryBytes(count, options);
    if (memory.lookup(zoneName(name)) !== undefined) {
      throw new SetupError({
        code: 'ERR_RING_EXISTS',
        errno: 'EEXIST',
        message: `ring ${name} exists already`,
        remedy: 'look it up, or choose another name',
      });
    }
    const zone = memory.reserve(zoneName(name), bytes, 2 * CACHE_LINE_BYTES);
    ringInit(memory, zone.position, name, count, options);
    return new Ring(memory, zone.position);
  }

  /** The ring of that name, or undefined (DPDK: `rte_ring_lookup`). */
  static lookup(memory: Memory, name: string): Ring | undefined {
    const zone = memory.lookup(zoneName(name));
    return zone === undefined ? undefined : Ring.at(memory, zone.position);
  }

  /**
   * The ring at a position, where {@link ringInit} made one.
   *
   * @throws SetupError `ERR_RING_UNKNOWN` (ENOENT) when there is none
   */
  static at(memory: Memory, position: number): Ring {
    if (Atomics.load(memory.i32, (position + RING_MAGIC) >>> 2) !== RING_MAGIC_VALUE) {
      throw new SetupError({
        code: 'ERR_RING_UNKNOWN',
        errno: 'ENOENT',
        message: 'there is no ring',
        got: `position ${position}`,
      });
    }
    return new Ring(memory, position);
  }

  /** Elements in it now. */
  get count(): number {
    return ringCount(this.memory, this.position);
  }

  /** Elements that it still takes. */
  get freeCount(): number {
    return ringFreeCount(this.memory, this.position);
  }

  /** DPDK: `rte_ring_full`. */
  get isFull(): boolean {
    return this.freeCount === 0;
  }

  /** DPDK: `rte_ring_empty`. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** See {@link ringEnqueueBulk}. */
  enqueueBulk(table: Uint32Array, at: number, n: number): number {
    return ringEnqueueBulk(this.memory, this.position, table, at, n);
  }

  /** See {@link ringEnqueueBurst}. */
  enqueueBurst(table: Uint32Array, at: number, n: number): number {
    return ringEnqueueBurst(this.memory, this.position, table, at, n);
  }

  /** See {@link ringDequeueBulk}. */
  dequeueBulk(table: Uint32Array, at: number, n: number): number {
    return ringDequeueBulk(this.memory, this.position, table, at, n);
  }

  /** See {@link ringDequeueBurst}. */
  dequeueBurst(table: Uint32Array, at: number, n: number): number {
    return ringDequeueBurst(this.memory, this.position, table, at, n);
  }

  /** Puts one element of one word in; false when it is full (DPDK: `rte_ring_enqueue`). */
  enqueue(element: number): boolean {
    this.#one[0] = element;
    return ringEnqueueBulk(this.memory, this.position, this.#one, 0, 1) === 1;
  }

  /** Takes one element of one word out; 0 when it is empty (DPDK: `rte_ring_dequeue`). */
  dequeue(): number {
    return ringDequeueBulk(this.memory, this.position, this.#one, 0, 1) === 1 ? this.#one[0] : 0;
  }

  /** Forgets all elements; nobody may use the ring meanwhile (DPDK: `rte_ring_reset`). */
  reset(): void {
    const { i32 } = this.memory;
    for (const field of [RING_PRODUCER_HEAD, RING_PRODUCER_TAIL, RING_CONSUMER_HEAD, RING_CONSUMER_TAIL]) {
      Atomics.store(i32, (this.position + field) >>> 2, 0);
    }
  }

  /** Gives the memory of a ring from {@link Ring.create} back; no view of it may be used after (DPDK: `rte_ring_free`). */
  free(): void {
    const zone = this.memory.lookup(zoneName(this.name));
    if (zone === undefined || zone.position !== this.position) {
      throw new SetupError({
        code: 'ERR_RING_UNKNOWN',
        errno: 'EINVAL',
        message: `ring ${this.name} has no memzone of its own`,
        remedy: 'free what Ring.create made, once',
      });
    }
    this.memory.free(zone);
  }

  /** The ring in words, for people (DPDK: `rte_ring_dump`). */
  dump(): string {
    const { u32 } = this.memory;
    const word = (field: number): number => u32[(this.position + field) >>> 2];
    return [
      `ring <${this.name}>@0x${this.position.toString(16)}`,
      `  sync=${this.producerSync}/${this.consumerSync} size=${this.size} capacity=${this.capacity}`,
      `  consumer head=${word(RING_CONSUMER_HEAD)} tail=${word(RING_CONSUMER_TAIL)}`,
      `  producer head=${word(RING_PRODUCER_HEAD)} tail=${word(RING_PRODUCER_TAIL)}`,
      `  used=${this.count} free=${this.freeCount}`,
      '',
    ].join('\n');
  }
}

interface RingShape {
  readonly slots: number;
  readonly capacity: number;
  readonly words: number;
  readonly producer: number;
  readonly consumer: number;
}

function shapeOf(count: number, options: RingOptions): RingShape {
  const { exactSize = false, elementBytes = 4 } = options;
  const whole = Number.isInteger(count) && count > 0 && count <= RING_COUNT_MAX;
  if (!whole || (!exactSize && (count & (count - 1)) !== 0)) {
    throw new SetupError({
      code: 'ERR_RING_COUNT',
      errno: 'EINVAL',
      message: 'a ring cannot have this count',
      expected: exactSize ? `1 to ${RING_COUNT_MAX}` : `a power of two from 1 to ${RING_COUNT_MAX}`,
      got: String(count),
      remedy: exactSize ? undefined : 'round it up, or ask for exactSize',
    });
  }
  if (!Number.isInteger(elementBytes) || elementBytes <= 0 || elementBytes % 4 !== 0) {
    throw new SetupError({
      code: 'ERR_RING_ELEMENT',
      errno: 'EINVAL',
      message: 'elements of a ring cannot have this length',
      expected: 'a multiple of 4 bytes',
      got: String(elementBytes),
    });
  }
  return {
    slots: exactSize ? 2 ** Math.ceil(Math.log2(count + 1)) : count,
    capacity: exactSize ? count : count - 1,
    words: elementBytes / 4,
    producer: syncOf('producer', options.singleProducer, options.serialProducer),
    consumer: syncOf('consumer', options.singleConsumer, options.serialConsumer),
  };
}

function syncOf(side: string, single: boolean | undefined, serial: boolean | undefined): number {
  if (single && serial) {
    throw new SetupError({
      code: 'ERR_RING_SYNC',
      errno: 'EINVAL',
      message: `a ${side} cannot be both single and serial`,
      expected: 'one way of sharing a side',
    });
  }
  return single ? SYNC_SINGLE : serial ? SYNC_SERIAL : SYNC_MULTI;
}

function syncName(sync: number): RingSync {
  return sync === SYNC_SINGLE ? 'single' : sync === SYNC_SERIAL ? 'serial' : 'multi';
}

function zoneName(name: string): string {
  return `RG_${name}`;
}

function checkName(name: string): void {
  if (name.length > RING_NAME_MAX) {
    throw new SetupError({
      code: 'ERR_RING_NAME',
      errno: 'ENAMETOOLONG',
      message: 'the name of a ring is too long',
      expected: `at most ${RING_NAME_MAX} characters`,
      got: `${name} (${name.length})`,
    });
  }
}
