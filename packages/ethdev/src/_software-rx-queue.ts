import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  PKTMBUF_HEADROOM,
} from '@inline-ipsec/mbuf/layout';
import { type PktmbufPool, pktmbufFreeBulk, pktmbufRawAllocBulk } from '@inline-ipsec/mbuf/pktmbuf';
import type { Wire } from '@inline-ipsec/wire/wire';
import { QUEUE_BYTES, QUEUE_ERRORS, QUEUE_NOMBUF, QUEUE_PACKETS, QUEUE_STATISTICS_BYTES } from './statistics.ts';

/**
 * The receive side of a software port: empty mbufs are kept ready, and the wire writes frames straight into them. So an idle
 * port neither takes from its pool nor gives back to it.
 */

/** `data_off` and `refcnt` of an mbuf whose data begins behind the headroom, as they lie there. */
const AT_HEADROOM = 0x1_0000 | PKTMBUF_HEADROOM;

/** Mbufs that are kept ready; longer bursts are received in pieces of so many. */
const STASH = 64;

export class SoftwareRxQueue {
  readonly #memory: Memory;
  readonly #wire: Wire;
  readonly #pool: PktmbufPool;
  readonly #room: number;
  readonly #zone: Memzone;
  readonly #counters: number;
  // In the memzone: the mbufs that are ready, the positions of their data, and what the wire says of them.
  readonly #mbufs: Uint32Array;
  readonly #at: Uint32Array;
  readonly #lengths: Uint32Array;
  #held = 0;
  readonly #places: RxPlaces;
  readonly #hand: HandOver;

  constructor(memory: Memory, zoneName: string, wire: Wire, pool: PktmbufPool, port: number) {
    this.#memory = memory;
    this.#wire = wire;
    this.#pool = pool;
    this.#room = pool.dataRoom - PKTMBUF_HEADROOM;
    this.#zone = memory.reserve(zoneName, QUEUE_STATISTICS_BYTES + 3 * 4 * STASH);
    this.#counters = this.#zone.position >> 3;
    const words = (this.#zone.position + QUEUE_STATISTICS_BYTES) >> 2;
    this.#mbufs = memory.u32.subarray(words, words + STASH);
    this.#at = memory.u32.subarray(words + STASH, words + 2 * STASH);
    this.#lengths = memory.u32.subarray(words + 2 * STASH, words + 3 * STASH);
    this.#places = { mbufs: words, room: this.#room, segmentsAndPort: (port << 16) | 1, counters: this.#counters };
    this.#hand = handOver(memory);
  }

  get wire(): Wire {
    return this.#wire;
  }

  /** A counter of this queue, by its offset as in `statistics`. */
  counter(offset: number): number {
    return this.#memory.f64[this.#counters + (offset >> 3)];
  }

  burst(table: Uint32Array, n: number): number {
    const wire = this.#wire;
    let count = 0;
    while (count < n) {
      const asked = Math.min(n - count, STASH);
      if (this.#held < asked) this.#fill(asked);
      const want = Math.min(asked, this.#held);
      const got = want === 0 ? 0 : wire.receive(this.#at, this.#room, this.#lengths, want);
      if (got !== 0) count = this.#give(table, count, got);
      if (got < want) break;
      if (want < asked) {
        // Frames may wait that the pool has no mbufs for.
        if (!wire.done) this.#memory.f64[this.#counters + (QUEUE_NOMBUF >> 3)] += 1;
        break;
      }
    }
    return count;
  }

  /** Frees the mbufs that are kept ready. */
  empty(): void {
    pktmbufFreeBulk(this.#memory, this.#mbufs, 0, this.#held);
    this.#held = 0;
  }

  /** Gives everything back. */
  release(): void {
    this.empty();
    this.#memory.free(this.#zone);
  }

  /** Takes mbufs until there are `want`, or as many as the pool has. */
  #fill(want: number): void {
    const memory = this.#memory;
    const mbufs = this.#mbufs;
    const pool = this.#pool.position;
    const before = this.#held;
    let held = before;
    if (pktmbufRawAllocBulk(memory, pool, mbufs, held, want - held)) {
      held = want;
    } else {
      while (held < want && pktmbufRawAllocBulk(memory, pool, mbufs, held, 1)) held++;
    }
    this.#held = held;
    if (held === before) return;
    // Free mbufs of one pool all have their buffers at the same distance.
    const toData = memory.u32[(mbufs[before] + MBUF_BUF_ADDR) >> 2] + PKTMBUF_HEADROOM - mbufs[before];
    const at = this.#at;
    for (let i = before; i < held; i++) at[i] = mbufs[i] + toData;
  }

  /** Moves the first `got` mbufs, which have frames now, to `table` from `count` on. Returns how many it has then. */
  #give(table: Uint32Array, count: number, got: number): number {
    const { f64 } = this.#memory;
    const counters = this.#counters;
    const given = this.#hand(this.#places, table, count, got);
    f64[counters + (QUEUE_PACKETS >> 3)] += given;
    if (given !== got) f64[counters + (QUEUE_ERRORS >> 3)] += got - given;
    // What did not fit is at the front; the ready ones move up from the end.
    const mbufs = this.#mbufs;
    const at = this.#at;
    let kept = got - given;
    let held = this.#held;
    while (kept < got && held > got) {
      held--;
      mbufs[kept] = mbufs[held];
      at[kept++] = at[held];
    }
    this.#held = held > got ? held : kept;
    return count + given;
  }
}

/** Where a queue has what {@link handOver} needs. */
interface RxPlaces {
  /** Word of the first of the mbufs that are ready; those of their data's positions and lengths lie behind. */
  readonly mbufs: number;
  /** Bytes of the longest frame. */
  readonly room: number;
  /** `nb_segs` and `port` of an mbuf, as they lie there. */
  readonly segmentsAndPort: number;
  /** Index of the queue's counters in f64. */
  readonly counters: number;
}

/**
 * Hands the first `got` mbufs over to `table` from `count` on, as packets, and counts their bytes. One whose frame did not
 * fit stays, at the front. Returns how many it handed over.
 */
type HandOver = (queue: RxPlaces, table: Uint32Array, count: number, got: number) => number;

const handOver: (memory: Memory) => HandOver = oncePerMemory(handOverLoop);

function handOverLoop({ i32, f64 }: Memory): HandOver {
  return ({ mbufs, room, segmentsAndPort, counters }, table, count, got) => {
    const at = mbufs + STASH;
    const lengths = at + STASH;
    let bytes = 0;
    let kept = 0;
    for (let i = 0; i < got; i++) {
      const m = i32[mbufs + i];
      const length = i32[lengths + i];
      if (length > room) {
        i32[at + kept] = i32[at + i];
        i32[mbufs + kept] = m;
        kept = (kept + 1) | 0;
        continue;
      }
      const word = m >> 2;
      i32[word + (MBUF_DATA_OFF >> 2)] = AT_HEADROOM;
      i32[word + (MBUF_NB_SEGS >> 2)] = segmentsAndPort;
      // All flags: a float64 of 0 has no bit set.
      f64[(m >> 3) + (MBUF_OL_FLAGS_LO >> 3)] = 0;
      i32[word + (MBUF_PACKET_TYPE >> 2)] = 0;
      i32[word + (MBUF_PKT_LEN >> 2)] = length;
      // No VLAN beside the length.
      i32[word + (MBUF_DATA_LEN >> 2)] = length;
      bytes = (bytes + length) | 0;
      table[count] = m;
      count = (count + 1) | 0;
    }
    f64[counters + (QUEUE_BYTES >> 3)] += bytes;
    return (got - kept) | 0;
  };
}
