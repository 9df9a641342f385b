import type { Memory } from '@inline-ipsec/eal/memory';
import { pktmbufAlloc } from './_pktmbuf-alloc.ts';
import { pktmbufDirect, pktmbufFree, pktmbufRefcntUpdate } from './_pktmbuf-free.ts';
import { retainExternal } from './_shared-info.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_BYTES,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_DYNFIELDS,
  MBUF_HASH_RSS,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  MBUF_PORT,
  MBUF_PRIV_SIZE,
  MBUF_SHINFO,
  MBUF_TX_OFFLOAD_HI,
  MBUF_TX_OFFLOAD_LO,
  MBUF_VLAN_TCI,
  MBUF_VLAN_TCI_OUTER,
} from './layout.ts';
import { MBUF_EXTERNAL_HI, MBUF_INDIRECT_HI } from './offload-flags.ts';

/** Packets that share data with another, and packets with a copy of it. */

/**
 * Gives a fresh mbuf the buffer and the data of another one, which gets a reference more (DPDK: `rte_pktmbuf_attach`).
 * Where that one is indirect itself, the reference is to the mbuf that owns the buffer. Both may write to the data.
 *
 * @param indirect a direct mbuf with one owner and no data
 */
export function pktmbufAttach(memory: Memory, indirect: number, m: number): void {
  const { u16, u32 } = memory;
  const flags = u32[(m + MBUF_OL_FLAGS_HI) >>> 2];
  if ((flags & MBUF_EXTERNAL_HI) !== 0) {
    const info = u32[(m + MBUF_SHINFO) >>> 2];
    retainExternal(memory, info);
    u32[(indirect + MBUF_SHINFO) >>> 2] = info;
    u32[(indirect + MBUF_OL_FLAGS_HI) >>> 2] = flags;
  } else {
    pktmbufRefcntUpdate(memory, (flags & MBUF_INDIRECT_HI) === 0 ? m : pktmbufDirect(memory, m), 1);
    u16[(indirect + MBUF_PRIV_SIZE) >>> 1] = u16[(m + MBUF_PRIV_SIZE) >>> 1];
    u32[(indirect + MBUF_OL_FLAGS_HI) >>> 2] = flags | MBUF_INDIRECT_HI;
  }
  u32[(indirect + MBUF_OL_FLAGS_LO) >>> 2] = u32[(m + MBUF_OL_FLAGS_LO) >>> 2];
  copyHeader(memory, indirect, m);
  u16[(indirect + MBUF_DATA_OFF) >>> 1] = u16[(m + MBUF_DATA_OFF) >>> 1];
  u16[(indirect + MBUF_DATA_LEN) >>> 1] = u16[(m + MBUF_DATA_LEN) >>> 1];
  u32[(indirect + MBUF_BUF_ADDR) >>> 2] = u32[(m + MBUF_BUF_ADDR) >>> 2];
  u16[(indirect + MBUF_BUF_LEN) >>> 1] = u16[(m + MBUF_BUF_LEN) >>> 1];
  u32[(indirect + MBUF_NEXT) >>> 2] = 0;
  u32[(indirect + MBUF_PKT_LEN) >>> 2] = u16[(indirect + MBUF_DATA_LEN) >>> 1];
  u16[(indirect + MBUF_NB_SEGS) >>> 1] = 1;
}

/**
 * A packet that shares all its data with another, segment by segment (DPDK: `rte_pktmbuf_clone`).
 *
 * @param pool position of the pool that the headers come from
 * @returns its position; 0 when the pool has not enough
 */
export function pktmbufClone(memory: Memory, m: number, pool: number): number {
  const { u16, u32 } = memory;
  const clone = pktmbufAlloc(memory, pool);
  if (clone === 0) return 0;
  const bytes = u32[(m + MBUF_PKT_LEN) >>> 2];
  let segments = 1;
  let last = clone;
  pktmbufAttach(memory, clone, m);
  for (let s = u32[(m + MBUF_NEXT) >>> 2]; s !== 0; s = u32[(s + MBUF_NEXT) >>> 2]) {
    const segment = pktmbufAlloc(memory, pool);
    if (segment === 0) {
      pktmbufFree(memory, clone);
      return 0;
    }
    pktmbufAttach(memory, segment, s);
    u32[(last + MBUF_NEXT) >>> 2] = segment;
    last = segment;
    segments++;
  }
  u16[(clone + MBUF_NB_SEGS) >>> 1] = segments;
  u32[(clone + MBUF_PKT_LEN) >>> 2] = bytes;
  return clone;
}

/**
 * A packet with a copy of the data of another, in as few segments as the pool's buffers allow (DPDK: `rte_pktmbuf_copy`).
 *
 * @param pool position of the pool that it comes from
 * @param offset bytes of the packet to leave out at its beginning
 * @param length bytes to copy at most; all of the rest when it is larger
 * @returns its position; 0 when the pool has not enough, or the packet ends before `offset`
 */
export function pktmbufCopy(memory: Memory, m: number, pool: number, offset: number, length: number): number {
  const { u8, u16, u32 } = memory;
  const available = u32[(m + MBUF_PKT_LEN) >>> 2] - offset;
  if (available < 0) return 0;
  const copy = pktmbufAlloc(memory, pool);
  if (copy === 0) return 0;
  copyHeader(memory, copy, m);
  u32[(copy + MBUF_OL_FLAGS_LO) >>> 2] = u32[(m + MBUF_OL_FLAGS_LO) >>> 2];
  u32[(copy + MBUF_OL_FLAGS_HI) >>> 2] = u32[(m + MBUF_OL_FLAGS_HI) >>> 2] & ~(MBUF_EXTERNAL_HI | MBUF_INDIRECT_HI);

  const bytes = Math.min(length, available);
  u32[(copy + MBUF_PKT_LEN) >>> 2] = bytes;
  let segments = 1;
  let last = copy;
  let from = m;
  let skip = offset;
  for (let left = bytes; left > 0; ) {
    const has = u16[(from + MBUF_DATA_LEN) >>> 1];
    if (skip >= has) {
      skip -= has;
      from = u32[(from + MBUF_NEXT) >>> 2];
      continue;
    }
    const offsetTo = u16[(last + MBUF_DATA_OFF) >>> 1] + u16[(last + MBUF_DATA_LEN) >>> 1];
    const room = u16[(last + MBUF_BUF_LEN) >>> 1] - offsetTo;
    if (room === 0) {
      const segment = pktmbufAlloc(memory, pool);
      // A buffer that is all headroom takes nothing, however many there are.
      if (segment === 0 || u16[(segment + MBUF_BUF_LEN) >>> 1] === u16[(segment + MBUF_DATA_OFF) >>> 1]) {
        pktmbufFree(memory, segment);
        pktmbufFree(memory, copy);
        return 0;
      }
      u32[(last + MBUF_NEXT) >>> 2] = segment;
      last = segment;
      segments++;
      continue;
    }
    const part = Math.min(left, has - skip, room);
    const source = u32[(from + MBUF_BUF_ADDR) >>> 2] + u16[(from + MBUF_DATA_OFF) >>> 1] + skip;
    u8.copyWithin(u32[(last + MBUF_BUF_ADDR) >>> 2] + offsetTo, source, source + part);
    u16[(last + MBUF_DATA_LEN) >>> 1] += part;
    skip += part;
    left -= part;
  }
  u16[(copy + MBUF_NB_SEGS) >>> 1] = segments;
  return copy;
}

/** What tells about the packet, as opposed to where its data are. */
function copyHeader(memory: Memory, to: number, from: number): void {
  const { u16, u32 } = memory;
  u16[(to + MBUF_PORT) >>> 1] = u16[(from + MBUF_PORT) >>> 1];
  u16[(to + MBUF_VLAN_TCI) >>> 1] = u16[(from + MBUF_VLAN_TCI) >>> 1];
  u16[(to + MBUF_VLAN_TCI_OUTER) >>> 1] = u16[(from + MBUF_VLAN_TCI_OUTER) >>> 1];
  u32[(to + MBUF_PACKET_TYPE) >>> 2] = u32[(from + MBUF_PACKET_TYPE) >>> 2];
  u32[(to + MBUF_HASH_RSS) >>> 2] = u32[(from + MBUF_HASH_RSS) >>> 2];
  u32[(to + MBUF_HASH_RSS + 4) >>> 2] = u32[(from + MBUF_HASH_RSS + 4) >>> 2];
  u32[(to + MBUF_TX_OFFLOAD_LO) >>> 2] = u32[(from + MBUF_TX_OFFLOAD_LO) >>> 2];
  u32[(to + MBUF_TX_OFFLOAD_HI) >>> 2] = u32[(from + MBUF_TX_OFFLOAD_HI) >>> 2];
  for (let at = MBUF_DYNFIELDS; at < MBUF_BYTES; at += 4) u32[(to + at) >>> 2] = u32[(from + at) >>> 2];
}
