import { POOL_HEADER_BYTES } from './_mempool-layout.ts';

/**
 * The private area of a mempool of mbufs, in bytes from the pool's position (DPDK: `struct rte_pktmbuf_pool_private`),
 * with the words that every allocation writes made ready.
 */

/** u32: {@link PKTMBUF_POOL_MAGIC_VALUE}. */
export const PKTMBUF_POOL_MAGIC: number = POOL_HEADER_BYTES;
/** u32: length of a buffer in bytes, headroom included. */
export const PKTMBUF_POOL_DATA_ROOM: number = POOL_HEADER_BYTES + 4;
/** u32: bytes between header and buffer that belong to the application. */
export const PKTMBUF_POOL_PRIV_BYTES: number = POOL_HEADER_BYTES + 8;
/** u32: `data_off` and `refcnt` of a fresh mbuf, as they lie there. */
export const PKTMBUF_POOL_FRESH_16: number = POOL_HEADER_BYTES + 12;
/** u32: `vlan_tci_outer` and `buf_len` of a fresh mbuf, as they lie there. */
export const PKTMBUF_POOL_FRESH_52: number = POOL_HEADER_BYTES + 16;
export const PKTMBUF_POOL_PRIVATE_BYTES = 20;

export const PKTMBUF_POOL_MAGIC_VALUE = 0x4d54_4b50;

/** A buffer begins so many bytes behind a multiple of 4; then an IP header behind headroom and Ethernet header is aligned. */
export const BUFFER_PAD = 2;
