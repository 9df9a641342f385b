import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
  MBUF_POOL,
} from '@inline-ipsec/mbuf/layout';
import { mempoolPutBulk } from '@inline-ipsec/mbuf/mempool';
import {
  MBUF_EXTERNAL_HI,
  MBUF_INDIRECT_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_OFFLOAD_MASK_HI,
  TX_OUTER_IPV4_HI,
  TX_OUTER_IPV6_HI,
  TX_TUNNEL_MASK_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import { MAX_FRAME_BYTES, type Wire } from '@inline-ipsec/wire/wire';
import { QUEUE_BYTES, QUEUE_ERRORS, QUEUE_PACKETS, QUEUE_STATISTICS_BYTES } from './statistics.ts';

/**
 * The transmit side of a software port. The wire copies, so mbufs are freed before the burst returns. Packets of several
 * segments are gathered first, for a wire wants a frame in one piece.
 */

/** Mbufs that are offered to the wire at once. */
const PIECE = 64;

/** Where gathered frames lie: room for one of the longest, from 2 modulo 8 on. */
const SCRATCH_BYTES = MAX_FRAME_BYTES + 8;

/** Flags that say what a packet is, and ask for nothing. */
const DESCRIPTIVE = TX_IPV4_HI | TX_IPV6_HI | TX_OUTER_IPV4_HI | TX_OUTER_IPV6_HI | TX_TUNNEL_MASK_HI;

/** An mbuf whose buffer is not its own. */
const MBUF_NOT_DIRECT_HI = MBUF_EXTERNAL_HI | MBUF_INDIRECT_HI;

/** What no software port does: a packet that asks for any of it must not go out without. */
const UNSUPPORTED = TX_OFFLOAD_MASK_HI & ~DESCRIPTIVE;

export class SoftwareTxQueue {
  readonly #memory: Memory;
  readonly #wire: Wire;
  readonly #zone: Memzone;
  readonly #counters: number;
  readonly #scratch: number;
  // In the memzone: the frames that are offered to the wire.
  readonly #at: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #offered: number;
  readonly #collect: Collect;
  readonly #found = new Int32Array(2);
  // Of all of these frames together.
  #bytes = 0;
  // The pool that all of them go back to as they are, 0 when they must be looked at one by one.
  #pool = 0;

  constructor(memory: Memory, zoneName: string, wire: Wire) {
    this.#memory = memory;
    this.#wire = wire;
    this.#zone = memory.reserve(zoneName, QUEUE_STATISTICS_BYTES + 2 * 4 * PIECE + SCRATCH_BYTES);
    this.#counters = this.#zone.position >> 3;
    const words = (this.#zone.position + QUEUE_STATISTICS_BYTES) >> 2;
    this.#offered = words;
    this.#collect = collect(memory);
    this.#at = memory.u32.subarray(words, words + PIECE);
    this.#lengths = memory.u32.subarray(words + PIECE, words + 2 * PIECE);
    this.#scratch = (words + 2 * PIECE) * 4 + 2;
  }

  get wire(): Wire {
    return this.#wire;
  }

  /** A counter of this queue, by its offset as in `statistics`. */
  counter(offset: number): number {
    return this.#memory.f64[this.#counters + (offset >> 3)];
  }

  burst(table: Uint32Array, n: number): number {
    const memory = this.#memory;
    const { f64 } = memory;
    const counters = this.#counters;
    let done = 0;
    while (done < n) {
      const frames = this.#prepare(table, done, n);
      if (frames === 0) {
        f64[counters + (QUEUE_ERRORS >> 3)] += 1;
        pktmbufFreeBulk(memory, table, done++, 1);
        continue;
      }
      const sent = this.#wire.transmit(this.#at, this.#lengths, frames);
      if (sent === 0) break;
      f64[counters + (QUEUE_PACKETS >> 3)] += sent;
      f64[counters + (QUEUE_BYTES >> 3)] += sent === frames ? this.#bytes : this.#bytesOf(sent);
      if (this.#pool !== 0) mempoolPutBulk(memory, this.#pool, table, done, sent);
      else pktmbufFreeBulk(memory, table, done, sent);
      done += sent;
      if (sent < frames) break;
    }
    return done;
  }

  /** Gives everything back. */
  release(): void {
    this.#memory.free(this.#zone);
  }

  /** Collects frames from `table[from]` on, up to a packet that cannot be sent. Returns how many: 0 when that is the first. */
  #prepare(table: Uint32Array, from: number, n: number): number {
    const most = Math.min(n - from, PIECE);
    this.#bytes = 0;
    this.#pool = this.#memory.i32[(table[from] + MBUF_POOL) >> 2];
    let scratch = this.#scratch;
    const scratchEnd = scratch + MAX_FRAME_BYTES;
    let frames = this.#prepareWhole(table, from, 0, most);
    // A packet of several segments, or one that cannot be sent.
    while (frames < most) {
      const length = this.#scatteredLength(table[from + frames]);
      if (length === 0 || scratch + length > scratchEnd) break;
      if (!this.#gather(table[from + frames], scratch, length)) break;
      this.#pool = 0;
      this.#at[frames] = scratch;
      this.#lengths[frames] = length;
      this.#bytes += length;
      scratch += (length + 7) & ~7;
      frames = this.#prepareWhole(table, from, frames + 1, most);
    }
    return frames;
  }

  /** Collects packets of one segment, up to another one. Frame `frames` is `table[from + frames]`. Returns the next frame. */
  #prepareWhole(table: Uint32Array, from: number, frames: number, most: number): number {
    const found = this.#found;
    const next = this.#collect(this.#offered, table, from, frames, most, this.#pool, found);
    this.#bytes += found[FOUND_BYTES];
    if (found[FOUND_SPECIAL] !== 0) this.#pool = 0;
    return next;
  }

  /** The length of a packet of several segments, 0 if it cannot be sent. */
  #scatteredLength(m: number): number {
    const { u32 } = this.#memory;
    const length = u32[(m + MBUF_PKT_LEN) >> 2];
    if (u32[(m + MBUF_NEXT) >> 2] === 0 || (u32[(m + MBUF_OL_FLAGS_HI) >> 2] & UNSUPPORTED) !== 0) return 0;
    return length > MAX_FRAME_BYTES ? 0 : length;
  }

  #bytesOf(frames: number): number {
    const lengths = this.#lengths;
    let bytes = 0;
    for (let i = 0; i < frames; i++) bytes += lengths[i];
    return bytes;
  }

  /** Copies the segments of a packet one behind the other. False when they are not as long as the packet says. */
  #gather(m: number, to: number, length: number): boolean {
    const { u8, u16, u32, i32 } = this.#memory;
    let left = length;
    for (let s = m; s !== 0; s = u32[(s + MBUF_NEXT) >> 2]) {
      const bytes = u16[(s + MBUF_DATA_LEN) >> 1];
      if (bytes > left) return false;
      copyFrame(u8, u16, i32, to, u32[(s + MBUF_BUF_ADDR) >> 2] + u16[(s + MBUF_DATA_OFF) >> 1], bytes);
      to += bytes;
      left -= bytes;
    }
    return left === 0;
  }
}

/** What {@link Collect} found out: bytes of the frames, and not 0 if any is shared, indirect, or of another pool. */
const FOUND_BYTES = 0;
const FOUND_SPECIAL = 1;

/**
 * Collects packets of one segment, from `table[from + frames]` on and up to another one or frame number `most`, in a loop
 * that calls nothing. Returns the number of the next frame.
 *
 * @param offered word of the first frame's position; the lengths lie behind all positions
 * @param pool of the first one
 * @param found gets what all of them have together
 */
type Collect = (
  offered: number,
  table: Uint32Array,
  from: number,
  frames: number,
  most: number,
  pool: number,
  found: Int32Array,
) => number;

const collect: (memory: Memory) => Collect = oncePerMemory(collectLoop);

function collectLoop({ i32 }: Memory): Collect {
  return (offered, table, from, frames, most, pool, found) => {
    let bytes = 0;
    let special = 0;
    for (; frames < most; frames++) {
      const word = table[from + frames] >> 2;
      const length = i32[word + (MBUF_PKT_LEN >> 2)];
      const flags = i32[word + (MBUF_OL_FLAGS_HI >> 2)];
      const other = (flags & UNSUPPORTED) | i32[word + (MBUF_NEXT >> 2)];
      if (other !== 0 || length <= 0 || length > MAX_FRAME_BYTES) break;
      const offset = i32[word + (MBUF_DATA_OFF >> 2)];
      i32[offered + frames] = (i32[word + (MBUF_BUF_ADDR >> 2)] + (offset & 0xffff)) | 0;
      i32[offered + PIECE + frames] = length;
      bytes = (bytes + length) | 0;
      special |=
        ((offset >>> 16) ^ 1) |
        (flags & MBUF_NOT_DIRECT_HI) |
        (i32[word + (MBUF_POOL >> 2)] ^ pool) |
        ((i32[word + (MBUF_NB_SEGS >> 2)] & 0xffff) ^ 1);
    }
    found[FOUND_BYTES] = bytes;
    found[FOUND_SPECIAL] = special;
    return frames;
  };
}
