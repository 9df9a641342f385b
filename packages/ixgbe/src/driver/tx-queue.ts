import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
} from '@inline-ipsec/mbuf/layout';
import { TX_SEC_OFFLOAD_HI, TX_TCP_SEG_HI, TX_VLAN_HI } from '@inline-ipsec/mbuf/offload-flags';
import { pktmbufFree, pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import {
  DESCRIPTOR_BYTES,
  TXC_IDX_SHIFT,
  TXD_COMMAND,
  TXD_DEXT,
  TXD_DTYP_DATA,
  TXD_EOP,
  TXD_IDX_SHIFT,
  TXD_IFCS,
  TXD_OPTIONS,
  TXD_PAYLEN_SHIFT,
  TXD_RS,
  TXD_STAT_DD,
} from '../descriptors.ts';
import type { RegisterPort } from '../register-port.ts';
import { tdt } from '../registers.ts';
import { context, describeContext, REQUEST_COMMAND, REQUEST_PAYLEN, request, TX_ASKING } from './tx-context.ts';
import { TX_SHORTEST, type TxQueueLoops, type TxQueuePlaces, txQueueLoops } from './tx-queue-loops.ts';
import { REFUSED_LENGTH, TX_REFUSALS, type TxRefusal } from './tx-refusals.ts';
import { TSO_LONGEST } from './tx-segmentation.ts';

/**
 * A transmit queue: a ring of descriptors, the mbufs behind them and the card's two contexts as the driver last wrote them,
 * all of it in one memzone, so that any lcore can send on it.
 *
 * Descriptors go to the card in groups. The last one of a group asks for a report, and when it is reported done the mbufs
 * of the group are freed together. A burst begins with that and ends a group, so that nothing waits for more to come.
 */

/** Descriptors that a transmit queue can have. */
export const TX_DESCRIPTORS = { min: 64, max: 4096, align: 8, preferred: 512 } as const;

/** Segments of a packet (82599 datasheet 7.2.1.1; DPDK: `IXGBE_TX_MAX_SEG`). */
export const TX_MOST_SEGMENTS = 40;

/** Descriptors after which a group ends. */
const GROUP = 32;

// Of the zone: bytes from its beginning, u32 unless said.
/** The next descriptor to be written. */
const NEXT = 0;
/** The first descriptor of the oldest group that is still the card's. */
const CLEAN = 4;
/** Descriptors that are software's; one always stays so. */
const FREE = 8;
/** Where the next mbuf goes in the ring of mbufs, and where the oldest is. */
const MBUF_NEXT_IN = 12;
const MBUF_NEXT_OUT = 16;
/** Packets given to the card, and packets that it has reported, modulo 2^32. */
const TAKEN = 20;
const SENT = 24;
/** Which of the two contexts was written or used last. */
const CONTEXT_CURRENT = 28;
/** The two contexts: four words each, as in their descriptors but for IDX. */
const CONTEXTS = 32;
/** float64 each: packets that were refused, by {@link TX_REFUSALS}. */
const REFUSALS = 64;
const RING = 128;

/** What a transmit queue is made for. */
export interface TxQueueSetup {
  readonly queue: number;
  readonly descriptors: number;
  /** Offset of librte_security's field in an mbuf. */
  readonly metadata: number;
  /** Bytes of the longest frame that the card can send as it is set up, without FCS. */
  readonly longest: number;
  /** Position of the SPIs by SA index; 0 on a queue without inline IPsec. */
  readonly spis: number;
}

/** One transmit queue. */
export class TxQueue {
  readonly memory: Memory;
  readonly queue: number;
  readonly descriptors: number;
  /** Position of the ring. */
  readonly ring: number;
  readonly #zone: Memzone;
  readonly #registers: RegisterPort;
  readonly #tail: number;
  /** Words of the ring of mbufs and of the groups: of each group's first descriptor, its last one and its packets. */
  readonly #mbufs: number;
  readonly #groups: number;
  readonly #metadata: number;
  readonly #longest: number;
  readonly #spis: number;
  readonly #loops: TxQueueLoops;
  readonly #places: TxQueuePlaces;
  // Of the burst under way: the first descriptor and the packets of the group that is open.
  #groupFirst = 0;
  #groupPackets = 0;

  /** @throws SetupError what `Memory.reserve` throws */
  constructor(memory: Memory, registers: RegisterPort, name: string, setup: TxQueueSetup) {
    const { queue, descriptors, metadata, longest, spis } = setup;
    const ringBytes = descriptors * DESCRIPTOR_BYTES;
    this.#zone = memory.reserve(`${name}_tx${queue}`, RING + ringBytes + descriptors * 8, 128);
    this.memory = memory;
    this.queue = queue;
    this.descriptors = descriptors;
    this.ring = this.#zone.position + RING;
    this.#registers = registers;
    this.#tail = tdt(queue);
    this.#mbufs = (this.ring + ringBytes) >> 2;
    this.#groups = this.#mbufs + descriptors;
    this.#metadata = metadata;
    this.#longest = longest;
    this.#spis = spis;
    this.#loops = txQueueLoops(memory);
    this.#places = { metadata, longest, spis };
    this.reset();
  }

  /** Packets that were taken so far, modulo 2^32. */
  get taken(): number {
    return this.memory.u32[(this.#zone.position + TAKEN) >> 2];
  }

  /** Packets that were refused for a reason. */
  refused(reason: TxRefusal): number {
    return this.memory.f64[((this.#zone.position + REFUSALS) >> 3) + TX_REFUSALS.indexOf(reason)];
  }

  /** True when the card has reported as many packets as were taken when {@link taken} was `mark`. Changes nothing. */
  hasSent(mark: number): boolean {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    const next = u32[state + (NEXT >> 2)];
    let sent = u32[state + (SENT >> 2)];
    for (let first = u32[state + (CLEAN >> 2)]; first !== next; ) {
      const group = u32[this.#groups + first];
      const last = group & 0xffff;
      if (!this.#isDone(last)) break;
      sent += group >>> 16;
      first = last + 1 === this.descriptors ? 0 : last + 1;
    }
    return ((sent - mark) | 0) >= 0;
  }

  /** Makes the ring empty and forgets the contexts: before the card gets it. */
  reset(): void {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    u32[state + (NEXT >> 2)] = 0;
    u32[state + (CLEAN >> 2)] = 0;
    u32[state + (FREE >> 2)] = this.descriptors;
    u32[state + (MBUF_NEXT_IN >> 2)] = 0;
    u32[state + (MBUF_NEXT_OUT >> 2)] = 0;
    u32[state + (SENT >> 2)] = u32[state + (TAKEN >> 2)];
    // A context descriptor has a type, so no packet's context is like these.
    u32.fill(0, state + (CONTEXT_CURRENT >> 2), state + (REFUSALS >> 2));
    u32.fill(0, this.ring >> 2, (this.ring + this.descriptors * DESCRIPTOR_BYTES) >> 2);
  }

  /** Frees all mbufs that were not reported sent. The card has let go of the ring. */
  drain(): void {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    this.#free((u32[state + (TAKEN >> 2)] - u32[state + (SENT >> 2)]) >>> 0);
    this.reset();
  }

  /** Gives the memory back; the queue was drained. */
  close(): void {
    this.memory.free(this.#zone);
  }

  /**
   * Frees the mbufs of what the card has reported sent. Every burst begins with it (DPDK: `rte_eth_tx_done_cleanup`).
   *
   * @returns how many packets were freed
   */
  clean(): number {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    const next = u32[state + (NEXT >> 2)];
    let first = u32[state + (CLEAN >> 2)];
    let freed = 0;
    // A ring that is full in both senses cannot be: one descriptor always stays free.
    while (first !== next) {
      const group = u32[this.#groups + first];
      const last = group & 0xffff;
      if (!this.#isDone(last)) break;
      const count = last - first + 1;
      u32[state + (FREE >> 2)] += count < 1 ? count + this.descriptors : count;
      first = last + 1 === this.descriptors ? 0 : last + 1;
      this.#free(group >>> 16);
      freed += group >>> 16;
    }
    u32[state + (CLEAN >> 2)] = first;
    u32[state + (SENT >> 2)] += freed;
    return freed;
  }

  /**
   * Sends `table[0]` to `table[n − 1]`.
   *
   * @returns how many it took. What it refuses it frees and counts, as one that it took
   */
  burst(table: Uint32Array, n: number): number {
    const { memory, descriptors } = this;
    const { u16, u32 } = memory;
    const state = this.#zone.position >> 2;
    if (u32[state + (CLEAN >> 2)] !== u32[state + (NEXT >> 2)]) this.clean();
    const ring = this.ring >> 2;
    const mbufs = this.#mbufs;
    const before = u32[state + (NEXT >> 2)];
    let next = before;
    let free = u32[state + (FREE >> 2)];
    let into = u32[state + (MBUF_NEXT_IN >> 2)];
    let packets = 0;
    this.#groupFirst = before;
    this.#groupPackets = 0;
    let inGroup = 0;
    // The last packet that had a context: its mbuf, what was its metadata, and its options but for the length.
    let model = 0;
    let modelTold = 0;
    let modelOptions = 0;
    let i = 0;
    while (i < n) {
      let most = Math.min(n - i, free - 1, GROUP - inGroup);
      most = Math.min(most, descriptors - next, descriptors - into);
      const at = this.ring + next * DESCRIPTOR_BYTES;
      let run = this.#loops.plainRun(table, i, most, at, mbufs + into, this.#longest);
      if (run === 0 && model !== 0) {
        run = this.#loops.secureRun(this.#places, table, i, most, at, mbufs + into, model, modelTold, modelOptions);
      }
      if (run !== 0) {
        i += run;
        free -= run;
        inGroup += run;
        next = next + run === descriptors ? 0 : next + run;
        into = into + run === descriptors ? 0 : into + run;
        packets += run;
        this.#groupPackets += run;
        if (inGroup >= GROUP) {
          this.#endGroup(next === 0 ? descriptors - 1 : next - 1, next);
          inGroup = 0;
        }
        continue;
      }
      const m = table[i];
      const word = m >>> 2;
      const length = u32[word + (MBUF_PKT_LEN >> 2)];
      const segments = u32[word + (MBUF_NB_SEGS >> 2)] & 0xffff;
      const flags = u32[word + (MBUF_OL_FLAGS_HI >> 2)] & TX_ASKING;
      let options = length << TXD_PAYLEN_SHIFT;
      let command = DATA;
      // One stays free: a tail that is equal to the head means an empty ring.
      let needed = 1;
      let slot = 0;
      const bytes = u16[(word + (MBUF_DATA_LEN >> 2)) << 1];
      if (segments !== 1) needed = this.#countSegments(m, segments, length);
      else if (bytes !== length) needed = 0;
      if (needed === 0 || length < TX_SHORTEST || length > this.#most(flags)) {
        this.#refuse(REFUSED_LENGTH, m);
        i++;
        continue;
      }
      if (flags !== 0) {
        const told = u32[word + (MBUF_OL_FLAGS_HI >> 2)];
        const popts = describeContext(memory, m, told, this.#metadata, this.#spis, this.#longest);
        if (popts < 0) {
          this.#refuse(popts, m);
          i++;
          continue;
        }
        slot = this.#findContext();
        if (slot >= NEW_CONTEXT) needed++;
        options = (request[REQUEST_PAYLEN] << TXD_PAYLEN_SHIFT) | popts | ((slot & 1) << TXD_IDX_SHIFT);
        command |= request[REQUEST_COMMAND];
      }
      if (free <= needed) break;
      free -= needed;
      inGroup += needed;
      if (flags !== 0) {
        if (slot >= NEW_CONTEXT) {
          this.#writeContext(ring + next * (DESCRIPTOR_BYTES >> 2), slot & 1);
          next = next + 1 === descriptors ? 0 : next + 1;
        }
        model = 0;
        if ((flags & TX_SEC_OFFLOAD_HI) !== 0) {
          // Others can be like one that asks for neither a tag nor segments and has its headers in one piece.
          model = command === DATA && segments === 1 ? m : 0;
          modelTold = u32[word + (this.#metadata >> 2) + 1];
          modelOptions = options & ((1 << TXD_PAYLEN_SHIFT) - 1);
          this.#useMetadata(word);
        }
      }
      let last = next;
      if (segments === 1) {
        const at = ring + next * (DESCRIPTOR_BYTES >> 2);
        u32[at] = u32[word] + (u32[word + (MBUF_DATA_OFF >> 2)] & 0xffff);
        u32[at + 1] = 0;
        u32[at + (TXD_COMMAND >> 2)] = command | TXD_EOP | bytes;
        u32[at + (TXD_OPTIONS >> 2)] = options;
        next = next + 1 === descriptors ? 0 : next + 1;
      } else {
        last = this.#writeSegments(m, next, command, options);
        next = last + 1 === descriptors ? 0 : last + 1;
      }
      i++;
      u32[mbufs + into] = m;
      into = into + 1 === descriptors ? 0 : into + 1;
      packets++;
      this.#groupPackets++;
      if (inGroup >= GROUP) {
        this.#endGroup(last, next);
        inGroup = 0;
      }
    }
    if (packets === 0) return i;
    if (inGroup !== 0) this.#endGroup(next === 0 ? descriptors - 1 : next - 1, next);
    u32[state + (NEXT >> 2)] = next;
    u32[state + (FREE >> 2)] = free;
    u32[state + (MBUF_NEXT_IN >> 2)] = into;
    u32[state + (TAKEN >> 2)] += packets;
    this.#registers.write(this.#tail, next);
    return i;
  }

  #isDone(last: number): boolean {
    const at = (this.ring + last * DESCRIPTOR_BYTES + TXD_OPTIONS) >> 2;
    return (this.memory.u32[at] & TXD_STAT_DD) !== 0;
  }

  /** The last descriptor of the group that is open asks for a report; the next group begins at `next`. */
  #endGroup(last: number, next: number): void {
    const { u32 } = this.memory;
    u32[(this.ring + last * DESCRIPTOR_BYTES + TXD_COMMAND) >> 2] |= TXD_RS;
    u32[this.#groups + this.#groupFirst] = (this.#groupPackets << 16) | last;
    this.#groupFirst = next;
    this.#groupPackets = 0;
  }

  /** Frees the `n` oldest mbufs. */
  #free(n: number): void {
    const { u32 } = this.memory;
    const out = (this.#zone.position + MBUF_NEXT_OUT) >> 2;
    while (n > 0) {
      const at = u32[out];
      const run = Math.min(n, this.descriptors - at, GROUP);
      pktmbufFreeBulk(this.memory, u32, this.#mbufs + at, run);
      u32[out] = at + run === this.descriptors ? 0 : at + run;
      n -= run;
    }
  }

  /** How many segments of a chain have bytes; 0 when its lengths contradict each other, or there are too many. */
  #countSegments(m: number, segments: number, length: number): number {
    const { u16, u32 } = this.memory;
    if (segments === 0 || segments > TX_MOST_SEGMENTS) return 0;
    let filled = 0;
    let total = 0;
    let segment = m;
    for (let left = segments; left > 0; left--) {
      if (segment === 0) return 0;
      const bytes = u16[(segment + MBUF_DATA_LEN) >>> 1];
      if (bytes !== 0) filled++;
      total += bytes;
      segment = u32[(segment + MBUF_NEXT) >>> 2];
    }
    return total === length && segment === 0 ? filled : 0;
  }

  /** Writes a descriptor for each segment that has bytes, as `#countSegments` counted them. Returns the last one. */
  #writeSegments(m: number, first: number, command: number, options: number): number {
    const { u16, u32 } = this.memory;
    const ring = this.ring >> 2;
    let number = first;
    let last = first;
    for (let segment = m; segment !== 0; segment = u32[(segment + MBUF_NEXT) >>> 2]) {
      const bytes = u16[(segment + MBUF_DATA_LEN) >>> 1];
      if (bytes === 0) continue;
      const at = ring + number * (DESCRIPTOR_BYTES >> 2);
      u32[at] = u32[(segment + MBUF_BUF_ADDR) >>> 2] + u16[(segment + MBUF_DATA_OFF) >>> 1];
      u32[at + 1] = 0;
      u32[at + (TXD_COMMAND >> 2)] = (number === first ? command : DATA) | bytes;
      u32[at + (TXD_OPTIONS >> 2)] = number === first ? options : 0;
      last = number;
      number = number + 1 === this.descriptors ? 0 : number + 1;
    }
    u32[ring + last * (DESCRIPTOR_BYTES >> 2) + (TXD_COMMAND >> 2)] |= TXD_EOP;
    return last;
  }

  /** Which of the card's two contexts is the packet's; with {@link NEW_CONTEXT} when it has to be written there first. */
  #findContext(): number {
    const { u32 } = this.memory;
    const state = this.#zone.position >> 2;
    const current = u32[state + (CONTEXT_CURRENT >> 2)];
    if (this.#isContext(current)) return current;
    return this.#isContext(1 - current) ? 1 - current : NEW_CONTEXT | (1 - current);
  }

  /** All of a context counts: every bit of the SA's index, every bit of the trailer's length. */
  #isContext(slot: number): boolean {
    const { u32 } = this.memory;
    const at = ((this.#zone.position + CONTEXTS) >> 2) + slot * 4;
    return (
      u32[at] === context[0] && u32[at + 1] === context[1] && u32[at + 2] === context[2] && u32[at + 3] === context[3]
    );
  }

  /** Writes the context descriptor, and remembers it. */
  #writeContext(at: number, slot: number): void {
    const { u32 } = this.memory;
    const kept = ((this.#zone.position + CONTEXTS) >> 2) + slot * 4;
    for (let n = 0; n < 4; n++) {
      u32[kept + n] = context[n];
      u32[at + n] = context[n];
    }
    u32[at + 3] |= slot << TXC_IDX_SHIFT;
    u32[(this.#zone.position + CONTEXT_CURRENT) >> 2] = slot;
  }

  /** Metadata serves once, unless somebody else holds the packet, who may send it again. */
  #useMetadata(word: number): void {
    const { u32 } = this.memory;
    if (u32[word + (MBUF_DATA_OFF >> 2)] >>> 16 === 1) u32[word + (this.#metadata >> 2) + 1] = 0;
  }

  /** Bytes of the longest packet that can be sent with these flags. */
  #most(flags: number): number {
    if ((flags & TX_TCP_SEG_HI) !== 0) return TSO_LONGEST;
    return (flags & TX_VLAN_HI) !== 0 ? this.#longest - VLAN_TAG : this.#longest;
  }

  /** @param reason a REFUSED_ value */
  #refuse(reason: number, m: number): void {
    this.memory.f64[((this.#zone.position + REFUSALS) >> 3) - reason] += 1;
    pktmbufFree(this.memory, m);
  }
}

/** Of a context's slot: it has to be written first. */
const NEW_CONTEXT = 2;
const VLAN_TAG = 4;
/** Of every data descriptor. */
const DATA = TXD_DTYP_DATA | TXD_DEXT | TXD_IFCS;
