import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_TX_OFFLOAD_HI, MBUF_TX_OFFLOAD_LO } from './layout.ts';

/**
 * The lengths of a packet's headers as a port needs them for offloads: bit fields of 64 bits in two words (DPDK:
 * `tx_offload` with `l2_len` 7, `l3_len` 9, `l4_len` 8, `tso_segsz` 16, `outer_l3_len` 9, `outer_l2_len` 7 bits, from
 * the lowest on). All lengths are bytes; what does not fit its field is cut.
 */

/** The low word (DPDK: `rte_mbuf_tx_offload`). */
export function packTxOffloadLo(l2: number, l3: number, l4: number, tsoSegment: number): number {
  return ((l2 & 0x7f) | ((l3 & 0x1ff) << 7) | ((l4 & 0xff) << 16) | (tsoSegment << 24)) >>> 0;
}

/** The high word (DPDK: `rte_mbuf_tx_offload`). */
export function packTxOffloadHi(tsoSegment: number, outerL3: number, outerL2: number): number {
  return ((tsoSegment >>> 8) & 0xff) | ((outerL3 & 0x1ff) << 8) | ((outerL2 & 0x7f) << 17);
}

/** Sets all lengths at once; those of tunnels default to 0. */
export function setTxOffload(
  memory: Memory,
  m: number,
  l2: number,
  l3: number,
  l4 = 0,
  tsoSegment = 0,
  outerL3 = 0,
  outerL2 = 0,
): void {
  memory.u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2] = packTxOffloadLo(l2, l3, l4, tsoSegment);
  memory.u32[(m + MBUF_TX_OFFLOAD_HI) >>> 2] = packTxOffloadHi(tsoSegment, outerL3, outerL2);
}

/** Bytes of the L2 header, or behind the outer L4 header in a tunnel (DPDK: `l2_len`). */
export function txL2Length(memory: Memory, m: number): number {
  return memory.u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2] & 0x7f;
}

/** Bytes of the L3 header (DPDK: `l3_len`). */
export function txL3Length(memory: Memory, m: number): number {
  return (memory.u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2] >>> 7) & 0x1ff;
}

/** Bytes of the L4 header (DPDK: `l4_len`). */
export function txL4Length(memory: Memory, m: number): number {
  return (memory.u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2] >>> 16) & 0xff;
}

/** Payload bytes of a segment when the port cuts the packet up (DPDK: `tso_segsz`). */
export function txTsoSegmentSize(memory: Memory, m: number): number {
  const word = (m + MBUF_TX_OFFLOAD_LO) >>> 2;
  return (memory.u32[word] >>> 24) | ((memory.u32[word + 1] & 0xff) << 8);
}

/** Bytes of the outer L3 header (DPDK: `outer_l3_len`). */
export function txOuterL3Length(memory: Memory, m: number): number {
  return (memory.u32[(m + MBUF_TX_OFFLOAD_HI) >>> 2] >>> 8) & 0x1ff;
}

/** Bytes of the outer L2 header (DPDK: `outer_l2_len`). */
export function txOuterL2Length(memory: Memory, m: number): number {
  return (memory.u32[(m + MBUF_TX_OFFLOAD_HI) >>> 2] >>> 17) & 0x7f;
}
