import type { Memory } from '@inline-ipsec/eal/memory';
import { pktmbufFree } from './_pktmbuf-free.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_PKT_LEN,
} from './layout.ts';

/** Packets of several segments. */

/** The most segments that a packet can have (DPDK: `RTE_MBUF_MAX_NB_SEGS`). */
export const MAX_SEGMENTS = 65535;

/** The last segment of a packet (DPDK: `rte_pktmbuf_lastseg`). */
export function pktmbufLastSegment(memory: Memory, m: number): number {
  const { u32 } = memory;
  let s = m;
  for (let next = u32[(s + MBUF_NEXT) >>> 2]; next !== 0; next = u32[(s + MBUF_NEXT) >>> 2]) s = next;
  return s;
}

/** Whether a packet is one segment (DPDK: `rte_pktmbuf_is_contiguous`). */
export function pktmbufIsContiguous(memory: Memory, m: number): boolean {
  return memory.u16[(m + MBUF_NB_SEGS) >>> 1] === 1;
}

/**
 * Puts a packet behind another, which then owns it (DPDK: `rte_pktmbuf_chain`).
 *
 * @returns false when they had more than {@link MAX_SEGMENTS} segments together; nothing is changed then
 */
export function pktmbufChain(memory: Memory, head: number, tail: number): boolean {
  const { u16, u32 } = memory;
  const segments = u16[(head + MBUF_NB_SEGS) >>> 1] + u16[(tail + MBUF_NB_SEGS) >>> 1];
  if (segments > MAX_SEGMENTS) return false;
  u32[(pktmbufLastSegment(memory, head) + MBUF_NEXT) >>> 2] = tail;
  u16[(head + MBUF_NB_SEGS) >>> 1] = segments;
  u32[(head + MBUF_PKT_LEN) >>> 2] += u32[(tail + MBUF_PKT_LEN) >>> 2];
  return true;
}

/**
 * Brings all data of a packet into its first segment and frees the others (DPDK: `rte_pktmbuf_linearize`).
 *
 * @returns false when the first segment has not room for it; nothing is changed then
 */
export function pktmbufLinearize(memory: Memory, m: number): boolean {
  const { u8, u16, u32 } = memory;
  if (pktmbufIsContiguous(memory, m)) return true;
  const offset = u16[(m + MBUF_DATA_OFF) >>> 1];
  const bytes = u32[(m + MBUF_PKT_LEN) >>> 2];
  if (offset + bytes > u16[(m + MBUF_BUF_LEN) >>> 1]) return false;
  const rest = u32[(m + MBUF_NEXT) >>> 2];
  let to = u32[(m + MBUF_BUF_ADDR) >>> 2] + offset + u16[(m + MBUF_DATA_LEN) >>> 1];
  for (let s = rest; s !== 0; s = u32[(s + MBUF_NEXT) >>> 2]) {
    const from = u32[(s + MBUF_BUF_ADDR) >>> 2] + u16[(s + MBUF_DATA_OFF) >>> 1];
    const length = u16[(s + MBUF_DATA_LEN) >>> 1];
    u8.copyWithin(to, from, from + length);
    to += length;
  }
  u16[(m + MBUF_DATA_LEN) >>> 1] = bytes;
  u16[(m + MBUF_NB_SEGS) >>> 1] = 1;
  u32[(m + MBUF_NEXT) >>> 2] = 0;
  pktmbufFree(memory, rest);
  return true;
}

/**
 * Where `length` bytes of a packet can be read in one piece (DPDK: `rte_pktmbuf_read`).
 *
 * @param offset bytes from the packet's beginning
 * @param scratch position of `length` bytes that they are gathered in when they lie in several segments
 * @returns their position in the segment, or `scratch`; 0 when the packet ends before
 */
export function pktmbufRead(memory: Memory, m: number, offset: number, length: number, scratch: number): number {
  const { u8, u16, u32 } = memory;
  if (offset + length > u32[(m + MBUF_PKT_LEN) >>> 2]) return 0;
  let s = m;
  let skip = offset;
  while (skip >= u16[(s + MBUF_DATA_LEN) >>> 1] && u32[(s + MBUF_NEXT) >>> 2] !== 0) {
    skip -= u16[(s + MBUF_DATA_LEN) >>> 1];
    s = u32[(s + MBUF_NEXT) >>> 2];
  }
  const first = u32[(s + MBUF_BUF_ADDR) >>> 2] + u16[(s + MBUF_DATA_OFF) >>> 1] + skip;
  if (skip + length <= u16[(s + MBUF_DATA_LEN) >>> 1]) return first;
  let done = 0;
  for (; done < length && s !== 0; s = u32[(s + MBUF_NEXT) >>> 2]) {
    const from = u32[(s + MBUF_BUF_ADDR) >>> 2] + u16[(s + MBUF_DATA_OFF) >>> 1] + skip;
    const part = Math.min(length - done, u16[(s + MBUF_DATA_LEN) >>> 1] - skip);
    u8.copyWithin(scratch + done, from, from + part);
    done += part;
    skip = 0;
  }
  return scratch;
}
