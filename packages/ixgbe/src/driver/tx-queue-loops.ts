import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
  MBUF_TX_OFFLOAD_LO,
} from '@inline-ipsec/mbuf/layout';
import { TX_L4_MASK_HI } from '@inline-ipsec/mbuf/offload-flags';
import { DESCRIPTOR_BYTES, TXD_COMMAND, TXD_OPTIONS, TXD_PAYLEN_SHIFT, TXD_WHOLE } from '../descriptors.ts';
import { METADATA_ESP_LEN } from './security-metadata.ts';
import { TX_ASKING } from './tx-context.ts';

/** A transmit queue's loops over packets, which call nothing. */

/** The shortest packet (82599 datasheet 7.2.3.2). */
export const TX_SHORTEST = 17;

/** An Ethernet header without tags, an IPv4 header without options, and both with an ESP header and IV. */
const ETHERNET = 14;
const IPV4 = 20;
const ESP_LEAST: number = ETHERNET + IPV4 + 16;
const PROTOCOL_ESP = 50;
const TCP_LEAST = 20;

/** What a transmit queue's packets that ask for inline IPsec are looked at with. */
export interface TxQueuePlaces {
  /** Offset of librte_security's field in an mbuf. */
  readonly metadata: number;
  /** Bytes of the longest frame that the card can send as it is set up, without FCS. */
  readonly longest: number;
  /** Position of the SPIs by SA index; 0 on a queue without inline IPsec. */
  readonly spis: number;
}

/** The loops that all transmit queues in a memory have in common. */
export interface TxQueueLoops {
  /**
   * Describes packets from `table[i]` on that are in one segment and ask for nothing.
   *
   * @param most packets to look at
   * @param from position of the first descriptor
   * @param into word where the first mbuf is noted
   * @returns how many packets it took, a descriptor each
   */
  plainRun(table: Uint32Array, i: number, most: number, from: number, into: number, longest: number): number;
  /**
   * As {@link TxQueueLoops.plainRun}, for packets that want of the security block what the one before them wanted: with its
   * flags, header lengths, metadata, IP version and SPI, so that `describeContext` would find its context again.
   *
   * @param model the mbuf before; `told` is the metadata's second word that it had
   * @param options of its descriptor, but for PAYLEN
   */
  secureRun(
    queue: TxQueuePlaces,
    table: Uint32Array,
    i: number,
    most: number,
    from: number,
    into: number,
    model: number,
    told: number,
    options: number,
  ): number;
}

/** The loops of a memory, made once. */
export const txQueueLoops: (memory: Memory) => TxQueueLoops = oncePerMemory((memory) => ({
  plainRun: plainRunLoop(memory),
  secureRun: secureRunLoop(memory),
}));

function plainRunLoop({ i32 }: Memory): TxQueueLoops['plainRun'] {
  return (table, i, most, from, into, longest) => {
    let descriptor = from | 0;
    let taken = 0;
    for (; taken < most; taken++) {
      const m = table[i + taken] | 0;
      const word = m >> 2;
      const length = i32[word + (MBUF_PKT_LEN >> 2)];
      if ((i32[word + (MBUF_OL_FLAGS_HI >> 2)] & TX_ASKING) !== 0) break;
      if ((i32[word + (MBUF_NB_SEGS >> 2)] & 0xffff) !== 1 || length < TX_SHORTEST || length > longest) break;
      if ((i32[word + (MBUF_DATA_LEN >> 2)] & 0xffff) !== length) break;
      const data = (i32[word + (MBUF_BUF_ADDR >> 2)] + (i32[word + (MBUF_DATA_OFF >> 2)] & 0xffff)) | 0;
      const at = descriptor >> 2;
      i32[at] = data;
      i32[at + 1] = 0;
      i32[at + (TXD_COMMAND >> 2)] = TXD_WHOLE | length;
      i32[at + (TXD_OPTIONS >> 2)] = length << TXD_PAYLEN_SHIFT;
      i32[into + taken] = m;
      descriptor = (descriptor + DESCRIPTOR_BYTES) | 0;
    }
    return taken;
  };
}

function secureRunLoop({ i32 }: Memory): TxQueueLoops['secureRun'] {
  return (queue, table, i, most, from, into, model, told, options) => {
    const { longest } = queue;
    const metadata = queue.metadata >> 2;
    const like = model >> 2;
    const flags = i32[like + (MBUF_OL_FLAGS_HI >> 2)];
    const lengths = i32[like + (MBUF_TX_OFFLOAD_LO >> 2)];
    const index = i32[like + metadata];
    const mark = told | 0;
    const l2 = lengths & 0x7f;
    const esp = l2 + ((lengths >>> 7) & 0x1ff);
    const spis = queue.spis >> 2;
    const start = (i32[like + (MBUF_BUF_ADDR >> 2)] + (i32[like + (MBUF_DATA_OFF >> 2)] & 0xffff)) | 0;
    // Ethernet without tags and IPv4 without options, on word boundaries, is what nearly all is.
    if (l2 !== ETHERNET || esp !== ETHERNET + IPV4 || (start & 3) !== 2) return 0;
    const version = i32[(start + ETHERNET) >> 2] & 0xff;
    if (version !== 0x45) return 0;
    const spi = i32[spis + index];
    // What the model's trailer needs, and what a checksum could: shorter ones are looked at by themselves.
    const least = ESP_LEAST + (mark & METADATA_ESP_LEN) + ((flags & TX_L4_MASK_HI) !== 0 ? TCP_LEAST : 0);
    let descriptor = from | 0;
    let taken = 0;
    for (; taken < most; taken++) {
      const m = table[i + taken] | 0;
      const word = m >> 2;
      const offset = i32[word + (MBUF_DATA_OFF >> 2)];
      const length = i32[word + (MBUF_PKT_LEN >> 2)];
      // Nobody else holds it, so its metadata is used up by this.
      if (offset >>> 16 !== 1 || i32[word + (MBUF_OL_FLAGS_HI >> 2)] !== flags) break;
      if (i32[word + (MBUF_TX_OFFLOAD_LO >> 2)] !== lengths) break;
      if (i32[word + metadata] !== index || i32[word + metadata + 1] !== mark) break;
      if ((i32[word + (MBUF_NB_SEGS >> 2)] & 0xffff) !== 1 || length < least || length > longest) break;
      if ((i32[word + (MBUF_DATA_LEN >> 2)] & 0xffff) !== length) break;
      const data = (i32[word + (MBUF_BUF_ADDR >> 2)] + (offset & 0xffff)) | 0;
      if ((data & 3) !== 2) break;
      const first = data >> 2;
      if ((i32[first + 4] & 0xff) !== version || ((i32[first + 6] >>> 8) & 0xff) !== PROTOCOL_ESP) break;
      if (i32[first + 9] !== spi) break;
      i32[word + metadata + 1] = 0;
      const at = descriptor >> 2;
      i32[at] = data;
      i32[at + 1] = 0;
      i32[at + (TXD_COMMAND >> 2)] = TXD_WHOLE | length;
      i32[at + (TXD_OPTIONS >> 2)] = (length << TXD_PAYLEN_SHIFT) | options;
      i32[into + taken] = m;
      descriptor = (descriptor + DESCRIPTOR_BYTES) | 0;
    }
    return taken;
  };
}
