import type { Memory } from '@inline-ipsec/eal/memory';
import { SHARED_COOKIE, SHARED_REFCNT, SHARED_RING } from './_shared-info.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
  MBUF_SHINFO,
} from './layout.ts';
import { MBUF_EXTERNAL_HI } from './offload-flags.ts';

/**
 * Buffers that belong to no mempool, attached to mbufs (DPDK: `rte_pktmbuf_attach_extbuf`).
 *
 * The mbufs of one buffer share a *shared info* of {@link SHARED_INFO_BYTES} in the memory, which counts them. Where DPDK
 * calls a function back when the last one goes, a number is put into a ring here: any thread may free, and the owner
 * takes it out of the ring when it likes.
 *
 * What this does not do: pools whose mbufs have external buffers from the beginning (DPDK: pinned buffers).
 */

/** Length of a shared info, at a multiple of 4 (DPDK: `struct rte_mbuf_ext_shared_info`). */
export const SHARED_INFO_BYTES = 12;

/**
 * Makes a shared info ready for the first mbuf (DPDK: `rte_pktmbuf_ext_shinfo_init_helper`).
 *
 * @param info its position
 * @param ring position of the ring that is told when nobody refers to the buffer any more, with room for every buffer; 0 for none
 * @param cookie what is put into the ring; any number but 0
 */
export function sharedInfoInit(memory: Memory, info: number, ring: number, cookie: number): void {
  const { u32 } = memory;
  u32[(info + SHARED_REFCNT) >>> 2] = 1;
  u32[(info + SHARED_RING) >>> 2] = ring;
  u32[(info + SHARED_COOKIE) >>> 2] = cookie;
}

/** Mbufs that refer to the buffer (DPDK: `rte_mbuf_ext_refcnt_read`). */
export function sharedInfoRefcnt(memory: Memory, info: number): number {
  return Atomics.load(memory.u32, (info + SHARED_REFCNT) >>> 2);
}

/**
 * Gives an mbuf an external buffer in place of its own, with no data and no headroom. The shared info counts it already
 * when it is fresh; a further mbuf of the same buffer is best made by a clone.
 *
 * @param m a direct mbuf with one owner
 * @param buffer position of the buffer
 * @param bytes its length, up to 65535
 */
export function pktmbufAttachExternal(memory: Memory, m: number, buffer: number, bytes: number, info: number): void {
  const { u16, u32 } = memory;
  u32[(m + MBUF_BUF_ADDR) >>> 2] = buffer;
  u16[(m + MBUF_BUF_LEN) >>> 1] = bytes;
  u16[(m + MBUF_DATA_OFF) >>> 1] = 0;
  u16[(m + MBUF_DATA_LEN) >>> 1] = 0;
  u32[(m + MBUF_PKT_LEN) >>> 2] = 0;
  u32[(m + MBUF_SHINFO) >>> 2] = info;
  u32[(m + MBUF_OL_FLAGS_HI) >>> 2] |= MBUF_EXTERNAL_HI;
}
