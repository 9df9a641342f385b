import { SetupError } from '@inline-ipsec/eal/errors';
import { alignUp, type Memory, type Memzone } from '@inline-ipsec/eal/memory';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_HASH_RSS,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  MBUF_TX_OFFLOAD_LO,
  PKTMBUF_HEADROOM,
} from '@inline-ipsec/mbuf/layout';
import { mempoolGetBulk } from '@inline-ipsec/mbuf/mempool';
import { RX_RSS_HASH, RX_VLAN, RX_VLAN_STRIPPED } from '@inline-ipsec/mbuf/offload-flags';
import { type PktmbufPool, pktmbufFree, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import {
  DESCRIPTOR_BYTES,
  RXD_ERR_RXE,
  RXD_HASH,
  RXD_INFO_RSS_TYPE,
  RXD_LENGTH,
  RXD_STAT_DD,
  RXD_STAT_EOP,
  RXD_STAT_VP,
  RXD_STATUS,
} from '../descriptors.ts';
import type { RegisterPort } from '../register-port.ts';
import { rdt } from '../registers.ts';
import { PACKET_TYPE_BITS, PACKET_TYPE_SHIFT, PACKET_TYPES } from './rx-packet-type.ts';
import { offloadFlags, RX_QUEUE_NEXT, type RxQueueLoops, type RxQueuePlaces, rxQueueLoops } from './rx-queue-loops.ts';

/**
 * A receive queue: a ring of descriptors with an mbuf for each, all of it in one memzone, so that any lcore can poll it.
 *
 * The card fills descriptors in their order and says so by DD. A burst takes the mbufs of those that are done, then gives
 * the card new ones from the pool, in bulk, and moves the tail once. When the pool has none the ring shrinks until it has.
 *
 * Not every descriptor has an mbuf from the start: an lcore that keeps up needs few, and few buffers, used again and again,
 * stay in its caches. The depth, how many have one at a time, doubles whenever the card has used up all of them.
 */

/** Descriptors that a receive queue can have. */
export const RX_DESCRIPTORS = { min: 64, max: 4096, align: 8, preferred: 512 } as const;

/** A receive buffer's size is told to the card in KiB (SRRCTL.BSIZEPACKET). */
export const RX_BUFFER_STEP = 1024;
/** The most that it can be told. */
const LARGEST_BUFFER = 16 * 1024;

/** The card gets new mbufs when it lacks so many, or a quarter of the ring. */
const REFILL_BATCH = 32;
/** Descriptors that have an mbuf when the card gets the ring, if it is longer. */
const FIRST_DEPTH = 128;
/** Mbufs are freed so many at a time when the queue is emptied. */
const FREE_BATCH = 64;

// Of the zone: bytes from its beginning, u32 unless said; before these is RX_QUEUE_NEXT.
/** The next descriptor that gets a new mbuf; from here to {@link RX_QUEUE_NEXT} there are none. */
const REFILL = 4;
/** First and last mbuf of a packet whose end is still to come; 0 when there is none. */
const FIRST_SEGMENT = 8;
const LAST_SEGMENT = 12;
/** float64: mbufs that could not be had. */
const NO_MBUF = 16;
/** float64: packets that came with an error. */
const ERRORS = 24;
/** How many descriptors have an mbuf when none is missing. */
const DEPTH = 32;
const RING = 128;

/** Parts of the mbuf's words as the queue writes them. */
const OL_FLAGS_LO = MBUF_OL_FLAGS_LO >> 2;
const OL_FLAGS_HI = MBUF_OL_FLAGS_HI >> 2;

/** What a receive queue is made for. */
export interface RxQueueSetup {
  readonly queue: number;
  readonly descriptors: number;
  readonly pool: PktmbufPool;
  /** The port's id, for the mbufs. */
  readonly port: number;
  /** The card takes VLAN tags off. */
  readonly vlanStrip: boolean;
}

/** One receive queue. */
export class RxQueue {
  readonly memory: Memory;
  readonly queue: number;
  readonly descriptors: number;
  /** Position of the ring. */
  readonly ring: number;
  /** What the card may write into each buffer: a multiple of 1024 bytes. */
  readonly bufferBytes: number;
  readonly vlanStrip: boolean;
  /** Descriptors that have an mbuf when the card gets the ring: its first tail is the last one of them. */
  readonly firstDepth: number;
  readonly #zone: Memzone;
  readonly #registers: RegisterPort;
  readonly #tail: number;
  readonly #pool: PktmbufPool;
  readonly #mbufs: number;
  readonly #loops: RxQueueLoops;
  readonly #places: RxQueuePlaces;
  readonly #batch: number;
  readonly #fresh16: number;
  readonly #fresh20: number;
  #filled = false;

  /** @throws SetupError what `Memory.reserve` throws; `ERR_IXGBE_POOL` (ENOMEM) when the pool has no mbuf at all */
  constructor(memory: Memory, registers: RegisterPort, name: string, setup: RxQueueSetup) {
    const { queue, descriptors, pool, port, vlanStrip } = setup;
    const ringBytes = descriptors * DESCRIPTOR_BYTES;
    const dataAt = dataOffset(memory, pool);
    this.#zone = memory.reserve(`${name}_rx${queue}`, RING + ringBytes + descriptors * 4, 128);
    this.memory = memory;
    this.queue = queue;
    this.descriptors = descriptors;
    this.ring = this.#zone.position + RING;
    this.bufferBytes = Math.min((pool.dataRoom - PKTMBUF_HEADROOM) & ~(RX_BUFFER_STEP - 1), LARGEST_BUFFER);
    this.vlanStrip = vlanStrip;
    this.firstDepth = Math.min(FIRST_DEPTH, descriptors);
    this.#registers = registers;
    this.#tail = rdt(queue);
    this.#pool = pool;
    this.#mbufs = alignUp(this.ring + ringBytes, 4) >> 2;
    this.#batch = Math.min(REFILL_BATCH, descriptors >> 2);
    this.#fresh16 = PKTMBUF_HEADROOM | (1 << 16);
    this.#fresh20 = ((port << 16) | 1) >>> 0;
    this.#loops = rxQueueLoops(memory);
    this.#places = {
      state: this.#zone.position | 0,
      ring: this.ring | 0,
      mbufs: this.#mbufs | 0,
      descriptors,
      dataAt,
      fresh16: this.#fresh16,
      fresh20: this.#fresh20 | 0,
    };
  }

  /** Mbufs that could not be had for this queue. */
  get noMbuf(): number {
    return this.memory.f64[(this.#zone.position + NO_MBUF) >> 3];
  }

  /** Packets that were dropped because the card saw an error. */
  get errors(): number {
    return this.memory.f64[(this.#zone.position + ERRORS) >> 3];
  }

  /**
   * Gives the first descriptors their mbufs, before the card gets the ring. The pool must have one for each of the ring.
   *
   * @throws SetupError `ERR_IXGBE_POOL` (ENOMEM)
   */
  fill(): void {
    const { u32 } = this.memory;
    const depth = this.firstDepth;
    const state = this.#zone.position >> 2;
    u32[state + (RX_QUEUE_NEXT >> 2)] = 0;
    u32[state + (REFILL >> 2)] = depth === this.descriptors ? 0 : depth;
    u32[state + (FIRST_SEGMENT >> 2)] = 0;
    u32[state + (DEPTH >> 2)] = depth;
    const enough = this.#pool.availCount >= this.descriptors;
    this.#filled = enough && mempoolGetBulk(this.memory, this.#pool.position, u32, this.#mbufs, depth);
    if (!this.#filled) {
      throw new SetupError({
        code: 'ERR_IXGBE_POOL',
        errno: 'ENOMEM',
        message: `pool ${this.#pool.name} has too few mbufs for receive queue ${this.queue}`,
        expected: `${this.descriptors} at once`,
        got: `${this.#pool.availCount} of ${this.#pool.count}`,
        remedy: 'make a larger pool, or set the queue up with fewer descriptors',
      });
    }
    this.#loops.describe(this.#places, 0, depth);
  }

  /** Frees all mbufs that the queue holds. The card has let go of the ring. */
  drain(): void {
    const { memory, descriptors } = this;
    const { u32 } = memory;
    if (!this.#filled) return;
    this.#filled = false;
    const state = this.#zone.position >> 2;
    pktmbufFree(memory, u32[state + (FIRST_SEGMENT >> 2)]);
    u32[state + (FIRST_SEGMENT >> 2)] = 0;
    const next = u32[state + (RX_QUEUE_NEXT >> 2)];
    for (let i = u32[state + (REFILL >> 2)]; i !== next; i = i + 1 === descriptors ? 0 : i + 1)
      u32[this.#mbufs + i] = 0;
    for (let i = 0; i < descriptors; i += FREE_BATCH) {
      pktmbufFreeBulk(memory, u32, this.#mbufs + i, Math.min(FREE_BATCH, descriptors - i));
    }
    u32.fill(0, this.ring >> 2, (this.ring + this.descriptors * DESCRIPTOR_BYTES) >> 2);
  }

  /** Gives the memory back; the queue was drained. */
  close(): void {
    this.memory.free(this.#zone);
  }

  /** Receives up to `n` packets into `table`. Returns how many. */
  burst(table: Uint32Array, n: number): number {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    const before = u32[state + (RX_QUEUE_NEXT >> 2)];
    let count = 0;
    for (;;) {
      if (u32[state + (FIRST_SEGMENT >> 2)] === 0) count = this.#loops.takeRun(this.#places, table, count, n);
      if (count >= n) break;
      // Nothing more is there, or it is no packet in one buffer.
      const next = u32[state + (RX_QUEUE_NEXT >> 2)];
      const at = (this.ring + next * DESCRIPTOR_BYTES) >> 2;
      const status = u32[at + (RXD_STATUS >> 2)];
      if ((status & RXD_STAT_DD) === 0) break;
      const m = u32[this.#mbufs + next];
      const length = u32[at + (RXD_LENGTH >> 2)] & 0xffff;
      const whole = this.#segment(this.#fillIn(m, at), status, length);
      if (whole !== 0) table[count++] = whole;
      u32[state + (RX_QUEUE_NEXT >> 2)] = next + 1 === this.descriptors ? 0 : next + 1;
    }
    const next = u32[state + (RX_QUEUE_NEXT >> 2)];
    if (next !== before || u32[state + (REFILL >> 2)] !== before) this.#refill(next);
    return count;
  }

  /** Writes all that a descriptor, whose words begin at `at`, says into its mbuf, which is returned. */
  #fillIn(m: number, at: number): number {
    const { u32, f64 } = this.memory;
    const word = m >>> 2;
    const status = u32[at + (RXD_STATUS >> 2)];
    const last = u32[at + (RXD_LENGTH >> 2)];
    const info = u32[at];
    let flags = offloadFlags(status);
    if ((info & RXD_INFO_RSS_TYPE) !== 0) {
      flags |= RX_RSS_HASH;
      u32[word + (MBUF_HASH_RSS >> 2)] = u32[at + (RXD_HASH >> 2)];
    }
    if ((status & RXD_STAT_VP) !== 0) flags |= this.vlanStrip ? RX_VLAN | RX_VLAN_STRIPPED : RX_VLAN;
    // A freed mbuf has no next, one segment and its own buffer: all else is written here.
    u32[word + (MBUF_DATA_OFF >> 2)] = this.#fresh16;
    u32[word + (MBUF_NB_SEGS >> 2)] = this.#fresh20;
    u32[word + OL_FLAGS_LO] = flags;
    u32[word + OL_FLAGS_HI] = 0;
    u32[word + (MBUF_PACKET_TYPE >> 2)] = PACKET_TYPES[(info & PACKET_TYPE_BITS) >> PACKET_TYPE_SHIFT];
    u32[word + (MBUF_PKT_LEN >> 2)] = last & 0xffff;
    u32[word + (MBUF_DATA_LEN >> 2)] = last;
    f64[(word + (MBUF_TX_OFFLOAD_LO >> 2)) >> 1] = 0;
    return m;
  }

  /**
   * Puts a segment of a packet over several buffers behind those before it.
   *
   * @returns the packet when it is whole; 0 when it is not, or was bad
   */
  #segment(m: number, status: number, length: number): number {
    const { u16, u32, f64 } = this.memory;
    const state = this.#zone.position >> 2;
    let first = u32[state + (FIRST_SEGMENT >> 2)];
    if (first === 0) first = m;
    else {
      u32[(u32[state + (LAST_SEGMENT >> 2)] + MBUF_NEXT) >>> 2] = m;
      u16[(first + MBUF_NB_SEGS) >>> 1]++;
      u32[(first + MBUF_PKT_LEN) >>> 2] += length;
      // What the card found out is in the last descriptor.
      u32[(first + MBUF_OL_FLAGS_LO) >>> 2] = u32[(m + MBUF_OL_FLAGS_LO) >>> 2];
      u32[(first + MBUF_PACKET_TYPE) >>> 2] = u32[(m + MBUF_PACKET_TYPE) >>> 2];
      u32[(first + MBUF_HASH_RSS) >>> 2] = u32[(m + MBUF_HASH_RSS) >>> 2];
    }
    if ((status & RXD_STAT_EOP) === 0) {
      u32[state + (FIRST_SEGMENT >> 2)] = first;
      u32[state + (LAST_SEGMENT >> 2)] = m;
      return 0;
    }
    u32[state + (FIRST_SEGMENT >> 2)] = 0;
    if ((status & RXD_ERR_RXE) === 0) return first;
    f64[(this.#zone.position + ERRORS) >> 3] += 1;
    pktmbufFree(this.memory, first);
    return 0;
  }

  /** Gives the descriptors up to `next` mbufs, if there are enough of them to be worth a write of the tail. */
  #refill(next: number): void {
    const { u32 } = this.memory;
    const descriptors = this.descriptors;
    const at = (this.#zone.position + REFILL) >> 2;
    const batch = this.#batch;
    let refill = u32[at];
    // At least one has an mbuf always: before those without lies the one that the card does not have.
    let there = refill - next;
    if (there <= 0) there += descriptors;
    let missing = this.#depth(refill) - there;
    if (missing < batch) return;
    const from = refill;
    while (missing > 0) {
      // Not over the ring's end, and no more at once than a cache of the pool gives well.
      let n = descriptors - refill;
      if (n > missing) n = missing;
      if (n > 2 * REFILL_BATCH) n = 2 * REFILL_BATCH;
      if (!mempoolGetBulk(this.memory, this.#pool.position, u32, this.#mbufs + refill, n)) {
        const got = this.#refillOneByOne(refill, n);
        this.memory.f64[(this.#zone.position + NO_MBUF) >> 3] += missing - got;
        refill += got;
        if (refill === descriptors) refill = 0;
        break;
      }
      this.#loops.describe(this.#places, refill, n);
      missing -= n;
      refill += n;
      if (refill === descriptors) refill = 0;
    }
    if (refill === from) return;
    u32[at] = refill;
    // The tail is the last descriptor that was filled: the one descriptor that the card does not have.
    this.#registers.write(this.#tail, refill === 0 ? descriptors - 1 : refill - 1);
  }

  /** How many descriptors are to have an mbuf: twice as many as before, when the last one that the card had is used. */
  #depth(refill: number): number {
    const { u32 } = this.memory;
    const { descriptors } = this;
    const at = (this.#zone.position + DEPTH) >> 2;
    const depth = u32[at];
    if (depth === descriptors) return depth;
    const last = refill < 2 ? refill - 2 + descriptors : refill - 2;
    if ((u32[(this.ring + last * DESCRIPTOR_BYTES + RXD_STATUS) >> 2] & RXD_STAT_DD) === 0) return depth;
    const twice = Math.min(depth * 2, descriptors);
    u32[at] = twice;
    return twice;
  }

  /** The pool is nearly empty: takes what it still has. */
  #refillOneByOne(refill: number, n: number): number {
    const { u32 } = this.memory;
    let got = 0;
    while (got < n && mempoolGetBulk(this.memory, this.#pool.position, u32, this.#mbufs + refill + got, 1)) got++;
    this.#loops.describe(this.#places, refill, got);
    return got;
  }
}

/** Bytes from an mbuf of the pool to its data behind the headroom. */
function dataOffset(memory: Memory, pool: PktmbufPool): number {
  const m = pool.alloc();
  if (m === 0) {
    throw new SetupError({
      code: 'ERR_IXGBE_POOL',
      errno: 'ENOMEM',
      message: `pool ${pool.name} is empty`,
      remedy: 'make a larger pool',
    });
  }
  const offset = memory.u32[(m + MBUF_BUF_ADDR) >>> 2] - m + PKTMBUF_HEADROOM;
  pktmbufFree(memory, m);
  return offset;
}
