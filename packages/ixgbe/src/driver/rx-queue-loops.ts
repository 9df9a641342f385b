import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_HASH_RSS,
  MBUF_NB_SEGS,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  MBUF_TX_OFFLOAD_LO,
} from '@inline-ipsec/mbuf/layout';
import {
  RX_IP_CKSUM_BAD,
  RX_IP_CKSUM_GOOD,
  RX_L4_CKSUM_BAD,
  RX_L4_CKSUM_GOOD,
  RX_RSS_HASH,
  RX_SEC_OFFLOAD,
  RX_SEC_OFFLOAD_FAILED,
} from '@inline-ipsec/mbuf/offload-flags';
import {
  DESCRIPTOR_BYTES,
  RXD_ERR_IPE,
  RXD_ERR_L4E,
  RXD_ERR_RXE,
  RXD_HASH,
  RXD_INFO,
  RXD_INFO_RSS_TYPE,
  RXD_LENGTH,
  RXD_SECERR,
  RXD_STAT_DD,
  RXD_STAT_EOP,
  RXD_STAT_IPCS,
  RXD_STAT_L4CS,
  RXD_STAT_SECP,
  RXD_STAT_VP,
  RXD_STATUS,
} from '../descriptors.ts';
import { PACKET_TYPE_BITS, PACKET_TYPE_SHIFT, PACKET_TYPES } from './rx-packet-type.ts';

/** A receive queue's loops over descriptors, which call nothing. */

/** Of a queue's state: the next descriptor to look at. */
export const RX_QUEUE_NEXT = 0;

/** Where a receive queue has what its loops need. */
export interface RxQueuePlaces {
  /** Position of its state. */
  readonly state: number;
  /** Position of its ring. */
  readonly ring: number;
  /** Word of the first descriptor's mbuf. */
  readonly mbufs: number;
  readonly descriptors: number;
  /** Bytes from an mbuf to its data: the same for all of a pool. */
  readonly dataAt: number;
  /** A fresh mbuf's words at 16 and 20: offset of the data and references, segments and port. */
  readonly fresh16: number;
  readonly fresh20: number;
}

/** The loops that all receive queues in a memory have in common. */
export interface RxQueueLoops {
  /**
   * Takes packets that are whole and sound and have no VLAN tag into the table from entry `count` on and before entry `n`.
   * Returns how many entries there are then.
   */
  takeRun(queue: RxQueuePlaces, table: Uint32Array, count: number, n: number): number;
  /** Writes `n` descriptors from number `first` on, of mbufs that are in their places. */
  describe(queue: RxQueuePlaces, first: number, n: number): void;
}

/** The loops of a memory, made once. */
export const rxQueueLoops: (memory: Memory) => RxQueueLoops = oncePerMemory((memory) => ({
  takeRun: takeRunLoop(memory),
  describe: describeLoop(memory),
}));

function takeRunLoop({ i32, f64 }: Memory): RxQueueLoops['takeRun'] {
  return ({ state, ring, mbufs, descriptors, fresh16, fresh20 }, table, count, n) => {
    let next = i32[(state + RX_QUEUE_NEXT) >> 2];
    for (; count < n; count++) {
      const at = (ring + next * DESCRIPTOR_BYTES) >> 2;
      const status = i32[at + (RXD_STATUS >> 2)];
      // Descriptors without an mbuf are never reached: before them lies one that the card does not have.
      if ((status & (RXD_STAT_DD | RXD_STAT_EOP | RXD_STAT_VP | RXD_ERR_RXE)) !== (RXD_STAT_DD | RXD_STAT_EOP)) break;
      const info = i32[at + (RXD_INFO >> 2)];
      const m = i32[mbufs + next];
      const word = m >> 2;
      // Length and VLAN tag lie in a descriptor as they lie in an mbuf.
      const last = i32[at + (RXD_LENGTH >> 2)];
      i32[word + (MBUF_DATA_OFF >> 2)] = fresh16;
      i32[word + (MBUF_NB_SEGS >> 2)] = fresh20;
      let flags = offloadFlags(status);
      if ((info & RXD_INFO_RSS_TYPE) !== 0) {
        flags |= RX_RSS_HASH;
        i32[word + (MBUF_HASH_RSS >> 2)] = i32[at + (RXD_HASH >> 2)];
      }
      i32[word + (MBUF_OL_FLAGS_LO >> 2)] = flags;
      i32[word + (MBUF_OL_FLAGS_HI >> 2)] = 0;
      i32[word + (MBUF_PACKET_TYPE >> 2)] = PACKET_TYPES[(info & PACKET_TYPE_BITS) >> PACKET_TYPE_SHIFT];
      i32[word + (MBUF_PKT_LEN >> 2)] = last & 0xffff;
      i32[word + (MBUF_DATA_LEN >> 2)] = last;
      f64[(m + MBUF_TX_OFFLOAD_LO) >> 3] = 0;
      table[count] = m;
      next = next + 1 === descriptors ? 0 : (next + 1) | 0;
    }
    i32[(state + RX_QUEUE_NEXT) >> 2] = next;
    return count;
  };
}

function describeLoop({ i32, f64 }: Memory): RxQueueLoops['describe'] {
  return ({ ring, mbufs, dataAt }, first, n) => {
    let mbuf = (mbufs + first) | 0;
    let position = (ring + first * DESCRIPTOR_BYTES) | 0;
    for (const end = mbuf + n; mbuf < end; mbuf = (mbuf + 1) | 0) {
      const at = position >> 2;
      i32[at] = (i32[mbuf] + dataAt) | 0;
      i32[at + 1] = 0;
      // The header buffer's address, which is none, and by that DD.
      f64[(position + 8) >> 3] = 0;
      position = (position + DESCRIPTOR_BYTES) | 0;
    }
  };
}

/** The mbuf flags, lower word, of a descriptor's status and errors. */
export function offloadFlags(status: number): number {
  let flags = 0;
  if ((status & RXD_STAT_IPCS) !== 0) flags = (status & RXD_ERR_IPE) === 0 ? RX_IP_CKSUM_GOOD : RX_IP_CKSUM_BAD;
  if ((status & RXD_STAT_L4CS) !== 0) flags |= (status & RXD_ERR_L4E) === 0 ? RX_L4_CKSUM_GOOD : RX_L4_CKSUM_BAD;
  // Any of the three codes is a failure, with SECP or without.
  if ((status & RXD_SECERR) !== 0) flags |= RX_SEC_OFFLOAD | RX_SEC_OFFLOAD_FAILED;
  else if ((status & RXD_STAT_SECP) !== 0) flags |= RX_SEC_OFFLOAD;
  return flags;
}
