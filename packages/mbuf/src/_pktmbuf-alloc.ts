import type { Memory } from '@inline-ipsec/eal/memory';
import { PKTMBUF_POOL_FRESH_16, PKTMBUF_POOL_FRESH_52 } from './_pktmbuf-layout.ts';
import {
  MBUF_BUF_LEN,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_PACKET_TYPE,
  MBUF_PORT_INVALID,
  MBUF_TX_OFFLOAD_LO,
  MBUF_VLAN_TCI_OUTER,
  PKTMBUF_HEADROOM,
} from './layout.ts';
import { mempoolGetBulk } from './mempool.ts';
import { MBUF_EXTERNAL_HI } from './offload-flags.ts';

/** Taking mbufs out of their pool, and what a fresh one looks like. */

// One segment, and `port` beside it.
const FRESH_20 = ((MBUF_PORT_INVALID << 16) | 1) >>> 0;

const one = new Uint32Array(1);

/**
 * Takes `n` empty mbufs, or none (DPDK: `rte_pktmbuf_alloc_bulk`). Hash, dynamic fields, private bytes and data are what
 * their last user left.
 *
 * @param pool position of a pool of mbufs
 * @param table where their positions go, from index `at` on; undefined after a failure
 * @returns false when the pool has not so many
 */
export function pktmbufAllocBulk(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): boolean {
  if (!mempoolGetBulk(memory, pool, table, at, n)) return false;
  const { u32, f64 } = memory;
  const fresh16 = u32[(pool + PKTMBUF_POOL_FRESH_16) >>> 2];
  const fresh52 = u32[(pool + PKTMBUF_POOL_FRESH_52) >>> 2];
  for (let i = at; i < at + n; i++) {
    const m = table[i];
    const word = m >>> 2;
    const pair = m >>> 3;
    u32[word + (MBUF_DATA_OFF >> 2)] = fresh16;
    u32[word + (MBUF_NB_SEGS >> 2)] = FRESH_20;
    u32[word + (MBUF_DATA_LEN >> 2)] = 0;
    u32[word + (MBUF_VLAN_TCI_OUTER >> 2)] = fresh52;
    // Two words each, as a float64 of 0 has no bit set.
    f64[pair + (MBUF_OL_FLAGS_LO >> 3)] = 0;
    f64[pair + (MBUF_PACKET_TYPE >> 3)] = 0;
    f64[pair + (MBUF_NEXT >> 3)] = 0;
    f64[pair + (MBUF_TX_OFFLOAD_LO >> 3)] = 0;
  }
  return true;
}

/**
 * Takes `n` mbufs, or none, as they lie in their pool (DPDK: `rte_mbuf_raw_alloc_bulk`): one reference, one segment,
 * nothing behind it, its own buffer. All other fields are what their last user left, and the caller's to write:
 * `data_off` and lengths, port, flags, packet type.
 *
 * @returns false when the pool has not so many
 */
export function pktmbufRawAllocBulk(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): boolean {
  return mempoolGetBulk(memory, pool, table, at, n);
}

/** Takes one empty mbuf; 0 when the pool has none (DPDK: `rte_pktmbuf_alloc`). */
export function pktmbufAlloc(memory: Memory, pool: number): number {
  return pktmbufAllocBulk(memory, pool, one, 0, 1) ? one[0] : 0;
}

/**
 * Makes an mbuf of one owner look as if it was just taken (DPDK: `rte_pktmbuf_reset`). What follows it is forgotten, not
 * freed.
 */
export function pktmbufReset(memory: Memory, m: number): void {
  const { u16, u32, f64 } = memory;
  const kind = u32[(m + MBUF_OL_FLAGS_HI) >>> 2] & MBUF_EXTERNAL_HI;
  u16[(m + MBUF_DATA_OFF) >>> 1] = Math.min(PKTMBUF_HEADROOM, u16[(m + MBUF_BUF_LEN) >>> 1]);
  u32[(m + MBUF_NB_SEGS) >>> 2] = FRESH_20;
  u32[(m + MBUF_DATA_LEN) >>> 2] = 0;
  u16[(m + MBUF_VLAN_TCI_OUTER) >>> 1] = 0;
  f64[(m + MBUF_OL_FLAGS_LO) >>> 3] = 0;
  u32[(m + MBUF_OL_FLAGS_HI) >>> 2] = kind;
  f64[(m + MBUF_PACKET_TYPE) >>> 3] = 0;
  f64[(m + MBUF_NEXT) >>> 3] = 0;
  f64[(m + MBUF_TX_OFFLOAD_LO) >>> 3] = 0;
}
