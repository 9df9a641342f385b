import type { Memory } from '@inline-ipsec/eal/memory';
import {
  BUFFER_PAD,
  PKTMBUF_POOL_FRESH_16,
  PKTMBUF_POOL_FRESH_52,
  PKTMBUF_POOL_PRIV_BYTES,
} from './_pktmbuf-layout.ts';
import { releaseExternal } from './_shared-info.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_BYTES,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_OL_FLAGS_LO,
  MBUF_POOL,
  MBUF_PRIV_SIZE,
  MBUF_REFCNT,
  MBUF_SHINFO,
} from './layout.ts';
import { mempoolPutBulk } from './mempool.ts';
import { MBUF_EXTERNAL_HI, MBUF_INDIRECT_HI } from './offload-flags.ts';

/** References to mbufs, and what happens when the last one goes. */

const NOT_DIRECT = MBUF_EXTERNAL_HI | MBUF_INDIRECT_HI;

/** Segments that wait to be put together. One thread uses it, within one call. */
const PENDING = 64;
const pending = new Uint32Array(PENDING);
let pendingCount = 0;
let pendingPool = 0;

/** References to an mbuf (DPDK: `rte_mbuf_refcnt_read`). */
export function pktmbufRefcnt(memory: Memory, m: number): number {
  return Atomics.load(memory.u16, (m + MBUF_REFCNT) >>> 1);
}

/** Sets the number of references (DPDK: `rte_mbuf_refcnt_set`). */
export function pktmbufRefcntSet(memory: Memory, m: number, count: number): void {
  Atomics.store(memory.u16, (m + MBUF_REFCNT) >>> 1, count);
}

/**
 * Adds `change`, which may be negative, to the number of references, whoever does the same meanwhile (DPDK:
 * `rte_mbuf_refcnt_update`).
 *
 * @returns the number after it
 */
export function pktmbufRefcntUpdate(memory: Memory, m: number, change: number): number {
  const { u16 } = memory;
  const at = (m + MBUF_REFCNT) >>> 1;
  if (u16[at] === 1) {
    // The only owner is the caller, so nobody else can change it.
    u16[at] = 1 + change;
    return u16[at];
  }
  return (Atomics.add(u16, at, change) + change) & 0xffff;
}

/** Adds `change` to the references of every segment (DPDK: `rte_pktmbuf_refcnt_update`). */
export function pktmbufRefcntUpdateAll(memory: Memory, m: number, change: number): void {
  for (let s = m; s !== 0; s = memory.u32[(s + MBUF_NEXT) >>> 2]) pktmbufRefcntUpdate(memory, s, change);
}

/** Position of the mbuf whose buffer an indirect one has (DPDK: `rte_mbuf_from_indirect`). */
export function pktmbufDirect(memory: Memory, m: number): number {
  const buffer = memory.u32[(m + MBUF_BUF_ADDR) >>> 2];
  return buffer - BUFFER_PAD - memory.u16[(m + MBUF_PRIV_SIZE) >>> 1] - MBUF_BYTES;
}

/**
 * Gives an indirect mbuf, or one with an external buffer, its own buffer back, empty; whoever had lent the buffer loses
 * one reference (DPDK: `rte_pktmbuf_detach`).
 */
export function pktmbufDetach(memory: Memory, m: number): void {
  const { u16, u32 } = memory;
  const external = (u32[(m + MBUF_OL_FLAGS_HI) >>> 2] & MBUF_EXTERNAL_HI) !== 0;
  const lender = external ? u32[(m + MBUF_SHINFO) >>> 2] : pktmbufDirect(memory, m);

  const pool = u32[(m + MBUF_POOL) >>> 2];
  const priv = u32[(pool + PKTMBUF_POOL_PRIV_BYTES) >>> 2];
  u32[(m + MBUF_BUF_ADDR) >>> 2] = m + MBUF_BYTES + priv + BUFFER_PAD;
  u16[(m + MBUF_BUF_LEN) >>> 1] = u32[(pool + PKTMBUF_POOL_FRESH_52) >>> 2] >>> 16;
  u16[(m + MBUF_PRIV_SIZE) >>> 1] = priv;
  u16[(m + MBUF_DATA_OFF) >>> 1] = u32[(pool + PKTMBUF_POOL_FRESH_16) >>> 2];
  u16[(m + MBUF_DATA_LEN) >>> 1] = 0;
  u32[(m + MBUF_OL_FLAGS_LO) >>> 2] = 0;
  u32[(m + MBUF_OL_FLAGS_HI) >>> 2] = 0;
  u32[(m + MBUF_SHINFO) >>> 2] = 0;

  if (external) {
    releaseExternal(memory, lender);
  } else if (pktmbufRefcntUpdate(memory, lender, -1) === 0) {
    makeAlone(memory, lender);
    u16[(lender + MBUF_REFCNT) >>> 1] = 1;
    putOne(memory, lender);
  }
}

/**
 * Gives up one reference to a segment, and makes it ready for its pool when it was the last: its own buffer, no next,
 * one segment, one reference (DPDK: `rte_pktmbuf_prefree_seg`).
 *
 * @returns the segment, to be put into its pool; 0 when somebody else still has it
 */
export function pktmbufPrefreeSegment(memory: Memory, m: number): number {
  const { u16, u32 } = memory;
  if (u16[(m + MBUF_REFCNT) >>> 1] !== 1) {
    if (pktmbufRefcntUpdate(memory, m, -1) !== 0) return 0;
    u16[(m + MBUF_REFCNT) >>> 1] = 1;
  }
  if ((u32[(m + MBUF_OL_FLAGS_HI) >>> 2] & NOT_DIRECT) !== 0) pktmbufDetach(memory, m);
  makeAlone(memory, m);
  return m;
}

/** Frees one segment, whatever follows it (DPDK: `rte_pktmbuf_free_seg`). 0 is nothing. */
export function pktmbufFreeSegment(memory: Memory, m: number): void {
  if (m === 0) return;
  const free = pktmbufPrefreeSegment(memory, m);
  if (free !== 0) putOne(memory, free);
}

/** Frees an mbuf with all its segments (DPDK: `rte_pktmbuf_free`). 0 is nothing. */
export function pktmbufFree(memory: Memory, m: number): void {
  const { u32 } = memory;
  for (let s = m; s !== 0; ) {
    const next = u32[(s + MBUF_NEXT) >>> 2];
    pktmbufFreeSegment(memory, s);
    s = next;
  }
}

/**
 * Frees `n` mbufs with all their segments; entries of 0 are skipped, and the table stays as it is (DPDK:
 * `rte_pktmbuf_free_bulk`). Those that lie together and belong to one pool go there together.
 */
export function pktmbufFreeBulk(memory: Memory, table: Uint32Array, at: number, n: number): void {
  const end = at + n;
  let first = at;
  while (first < end) {
    const pool = memory.u32[(table[first] + MBUF_POOL) >>> 2];
    const behind = plainRun(memory, table, first, end, pool);
    if (behind === first) break;
    mempoolPutBulk(memory, pool, table, first, behind - first);
    first = behind;
  }
  if (first < end) freeBulkOneByOne(memory, table, first, end);
}

/** Most mbufs are one segment that one owner has, and need nothing but to be put: the index behind those of one pool. */
function plainRun(memory: Memory, table: Uint32Array, first: number, end: number, pool: number): number {
  const { i32 } = memory;
  let i = first;
  for (; i < end; i++) {
    const word = table[i] >> 2;
    // At 0 nothing looks like that.
    const other =
      ((i32[word + (MBUF_DATA_OFF >> 2)] ^ 0x1_0000) >>> 16) |
      ((i32[word + (MBUF_NB_SEGS >> 2)] ^ 1) & 0xffff) |
      (i32[word + (MBUF_OL_FLAGS_HI >> 2)] & NOT_DIRECT) |
      i32[word + (MBUF_NEXT >> 2)] |
      (i32[word + (MBUF_POOL >> 2)] ^ pool);
    if (other !== 0) break;
  }
  return i;
}

function freeBulkOneByOne(memory: Memory, table: Uint32Array, at: number, end: number): void {
  const { u32 } = memory;
  pendingCount = 0;
  for (let i = at; i < end; i++) {
    for (let s = table[i]; s !== 0; ) {
      const next = u32[(s + MBUF_NEXT) >>> 2];
      const free = pktmbufPrefreeSegment(memory, s);
      if (free !== 0) {
        const pool = u32[(free + MBUF_POOL) >>> 2];
        if (pendingCount === PENDING || pool !== pendingPool) putPending(memory);
        pendingPool = pool;
        pending[pendingCount++] = free;
      }
      s = next;
    }
  }
  putPending(memory);
}

function putPending(memory: Memory): void {
  if (pendingCount !== 0) mempoolPutBulk(memory, pendingPool, pending, 0, pendingCount);
  pendingCount = 0;
}

const one = new Uint32Array(1);

function putOne(memory: Memory, m: number): void {
  one[0] = m;
  mempoolPutBulk(memory, memory.u32[(m + MBUF_POOL) >>> 2], one, 0, 1);
}

function makeAlone(memory: Memory, m: number): void {
  const { u16, u32 } = memory;
  if (u32[(m + MBUF_NEXT) >>> 2] !== 0) u32[(m + MBUF_NEXT) >>> 2] = 0;
  if (u16[(m + MBUF_NB_SEGS) >>> 1] !== 1) u16[(m + MBUF_NB_SEGS) >>> 1] = 1;
}
