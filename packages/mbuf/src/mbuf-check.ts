import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { POOL_MAGIC, POOL_MAGIC_VALUE } from './_mempool-layout.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_BYTES,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_PKT_LEN,
  MBUF_POOL,
  MBUF_REFCNT,
} from './layout.ts';

/** Whether what should be an mbuf is one. The data path does not ask; tests and drivers under test do. */

/**
 * Looks at an mbuf, and at the packet that it begins (DPDK: `rte_mbuf_check`, with its reasons).
 *
 * @param isHeader whether it is the first segment of a packet; else only this segment's pool, buffer and references are
 * looked at
 * @returns what is wrong, undefined when nothing is
 */
export function pktmbufCheck(memory: Memory, m: number, isHeader: boolean): string | undefined {
  const { u16, u32 } = memory;
  if (m === 0) return 'mbuf is NULL';
  if (m % 8 !== 0 || m + MBUF_BYTES > memory.bytes) return 'mbuf is outside of the memory';
  const pool = u32[(m + MBUF_POOL) >>> 2];
  if (pool === 0 || u32[(pool + POOL_MAGIC) >>> 2] !== POOL_MAGIC_VALUE) return 'bad mbuf pool';
  const buffer = u32[(m + MBUF_BUF_ADDR) >>> 2];
  if (buffer === 0) return 'bad virt addr';
  // A device reaches what lies in the memory.
  if (buffer + u16[(m + MBUF_BUF_LEN) >>> 1] > memory.bytes) return 'bad IO addr';
  const references = u16[(m + MBUF_REFCNT) >>> 1];
  if (references === 0 || references === 0xffff) return 'bad ref cnt';
  if (!isHeader) return undefined;

  let bytes = u32[(m + MBUF_PKT_LEN) >>> 2];
  if (u16[(m + MBUF_DATA_LEN) >>> 1] > bytes) return 'bad data_len';
  let segments = u16[(m + MBUF_NB_SEGS) >>> 1];
  for (let s = m; s !== 0; s = u32[(s + MBUF_NEXT) >>> 2]) {
    if (s % 8 !== 0 || s + MBUF_BYTES > memory.bytes || segments === 0) return 'bad nb_segs';
    const offset = u16[(s + MBUF_DATA_OFF) >>> 1];
    const length = u16[(s + MBUF_DATA_LEN) >>> 1];
    if (offset > u16[(s + MBUF_BUF_LEN) >>> 1]) return 'data offset too big in mbuf segment';
    if (offset + length > u16[(s + MBUF_BUF_LEN) >>> 1]) return 'data length too big in mbuf segment';
    segments--;
    bytes -= length;
  }
  if (segments !== 0) return 'bad nb_segs';
  if (bytes !== 0) return 'bad pkt_len';
  return undefined;
}

/**
 * The same for those who cannot go on without it (DPDK: `rte_mbuf_sanity_check`, which panics).
 *
 * @throws SetupError `ERR_MBUF_SANITY` (EINVAL) with the reason
 */
export function pktmbufSanityCheck(memory: Memory, m: number, isHeader: boolean): void {
  const reason = pktmbufCheck(memory, m, isHeader);
  if (reason === undefined) return;
  throw new SetupError({
    code: 'ERR_MBUF_SANITY',
    errno: 'EINVAL',
    message: reason,
    got: `mbuf 0x${m.toString(16)}`,
  });
}
