import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { OBJECT_STATE, OBJECT_STATE_FREE } from './_mempool-layout.ts';
import { pktmbufAlloc, pktmbufAllocBulk } from './_pktmbuf-alloc.ts';
import {
  BUFFER_PAD,
  PKTMBUF_POOL_DATA_ROOM,
  PKTMBUF_POOL_FRESH_16,
  PKTMBUF_POOL_FRESH_52,
  PKTMBUF_POOL_MAGIC,
  PKTMBUF_POOL_MAGIC_VALUE,
  PKTMBUF_POOL_PRIV_BYTES,
  PKTMBUF_POOL_PRIVATE_BYTES,
} from './_pktmbuf-layout.ts';
import { pktmbufLastSegment } from './_pktmbuf-segments.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_BYTES,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_DEFAULT_BUF_SIZE,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_PACKET_TYPE,
  MBUF_PKT_LEN,
  MBUF_POOL,
  MBUF_PORT,
  MBUF_PORT_INVALID,
  MBUF_PRIV_SIZE,
  MBUF_REFCNT,
  MBUF_VLAN_TCI,
  PKTMBUF_HEADROOM,
} from './layout.ts';
import { MEMPOOL_NAME_MAX, Mempool, mempoolAvailCount } from './mempool.ts';

export { pktmbufAlloc, pktmbufAllocBulk, pktmbufRawAllocBulk, pktmbufReset } from './_pktmbuf-alloc.ts';
export { pktmbufAttach, pktmbufClone, pktmbufCopy } from './_pktmbuf-copy.ts';
export {
  pktmbufDetach,
  pktmbufDirect,
  pktmbufFree,
  pktmbufFreeBulk,
  pktmbufFreeSegment,
  pktmbufPrefreeSegment,
  pktmbufRefcnt,
  pktmbufRefcntSet,
  pktmbufRefcntUpdate,
  pktmbufRefcntUpdateAll,
} from './_pktmbuf-free.ts';
export {
  MAX_SEGMENTS,
  pktmbufChain,
  pktmbufIsContiguous,
  pktmbufLastSegment,
  pktmbufLinearize,
  pktmbufRead,
} from './_pktmbuf-segments.ts';

/**
 * Packet buffers (DPDK: `rte_mbuf`, `rte_pktmbuf_x`). An mbuf is the position of its header; `layout` says where its
 * fields are. A packet is one mbuf, or a chain of them that the first one owns.
 *
 * Behind the header of {@link MBUF_BYTES} bytes lie the application's private bytes, then the buffer. It begins at 2
 * modulo 4, so that behind the headroom of 128 and an Ethernet header of 14 bytes an IP header is aligned.
 *
 * Lengths are bytes. What takes an mbuf does not check it: that is what `mbuf-check` is for.
 */

/** The longest buffer, headroom included (DPDK: `UINT16_MAX` for `data_room_size`). */
export const PKTMBUF_DATA_ROOM_MAX = 65535;

/** How a pool of mbufs is made. */
export interface PktmbufPoolOptions {
  /** Number of mbufs. */
  readonly count: number;
  /** Mbufs that each lcore's cache holds: at most `count` and 512. Default 0, no caches. */
  readonly cacheSize?: number;
  /** Private bytes of the application in each mbuf, a multiple of 8. Default 0. */
  readonly privBytes?: number;
  /** Length of each buffer, headroom included, up to {@link PKTMBUF_DATA_ROOM_MAX}. Default 2176. */
  readonly dataRoom?: number;
  /**
   * Fill the buffers of freed mbufs with a pattern, to find what is written to them, and what is freed twice. For tests:
   * it costs some hundred nanoseconds an mbuf. What was found is thrown by {@link PktmbufPool.audit}.
   */
  readonly poison?: boolean;
}

/** Position of the first byte of data of this segment (DPDK: `rte_pktmbuf_mtod`). */
export function pktmbufData(memory: Memory, m: number): number {
  return memory.u32[(m + MBUF_BUF_ADDR) >>> 2] + memory.u16[(m + MBUF_DATA_OFF) >>> 1];
}

/** Bytes free before the data of this segment (DPDK: `rte_pktmbuf_headroom`). */
export function pktmbufHeadroom(memory: Memory, m: number): number {
  return memory.u16[(m + MBUF_DATA_OFF) >>> 1];
}

/** Bytes free behind the data of this segment (DPDK: `rte_pktmbuf_tailroom`). */
export function pktmbufTailroom(memory: Memory, m: number): number {
  const { u16 } = memory;
  return u16[(m + MBUF_BUF_LEN) >>> 1] - u16[(m + MBUF_DATA_OFF) >>> 1] - u16[(m + MBUF_DATA_LEN) >>> 1];
}

/**
 * Makes the packet longer at its beginning (DPDK: `rte_pktmbuf_prepend`).
 *
 * @returns position of its first byte, now; 0 when the headroom is too small, and nothing is changed
 */
export function pktmbufPrepend(memory: Memory, m: number, length: number): number {
  const { u16, u32 } = memory;
  const offset = u16[(m + MBUF_DATA_OFF) >>> 1];
  if (length > offset) return 0;
  u16[(m + MBUF_DATA_OFF) >>> 1] = offset - length;
  u16[(m + MBUF_DATA_LEN) >>> 1] += length;
  u32[(m + MBUF_PKT_LEN) >>> 2] += length;
  return u32[(m + MBUF_BUF_ADDR) >>> 2] + offset - length;
}

/**
 * Makes the packet longer at its end (DPDK: `rte_pktmbuf_append`).
 *
 * @returns position of the first new byte; 0 when the last segment's tailroom is too small, and nothing is changed
 */
export function pktmbufAppend(memory: Memory, m: number, length: number): number {
  const { u16, u32 } = memory;
  const last = pktmbufLastSegment(memory, m);
  if (length > pktmbufTailroom(memory, last)) return 0;
  const end = pktmbufData(memory, last) + u16[(last + MBUF_DATA_LEN) >>> 1];
  u16[(last + MBUF_DATA_LEN) >>> 1] += length;
  u32[(m + MBUF_PKT_LEN) >>> 2] += length;
  return end;
}

/**
 * Cuts bytes off at the beginning of the packet (DPDK: `rte_pktmbuf_adj`).
 *
 * @returns position of its first byte, now; 0 when the first segment has not so many, and nothing is changed
 */
export function pktmbufAdj(memory: Memory, m: number, length: number): number {
  const { u16, u32 } = memory;
  if (length > u16[(m + MBUF_DATA_LEN) >>> 1]) return 0;
  u16[(m + MBUF_DATA_LEN) >>> 1] -= length;
  u16[(m + MBUF_DATA_OFF) >>> 1] += length;
  u32[(m + MBUF_PKT_LEN) >>> 2] -= length;
  return pktmbufData(memory, m);
}

/**
 * Cuts bytes off at the end of the packet (DPDK: `rte_pktmbuf_trim`).
 *
 * @returns false when the last segment has not so many, and nothing is changed
 */
export function pktmbufTrim(memory: Memory, m: number, length: number): boolean {
  const { u16, u32 } = memory;
  const last = pktmbufLastSegment(memory, m);
  if (length > u16[(last + MBUF_DATA_LEN) >>> 1]) return false;
  u16[(last + MBUF_DATA_LEN) >>> 1] -= length;
  u32[(m + MBUF_PKT_LEN) >>> 2] -= length;
  return true;
}

/** Position of the application's private bytes (DPDK: `rte_mbuf_to_priv`). */
export function pktmbufPriv(m: number): number {
  return m + MBUF_BYTES;
}

/** Length of the buffers of a pool, headroom included (DPDK: `rte_pktmbuf_data_room_size`). */
export function pktmbufDataRoom(memory: Memory, pool: number): number {
  return memory.u32[(pool + PKTMBUF_POOL_DATA_ROOM) >>> 2];
}

/** Private bytes of the mbufs of a pool (DPDK: `rte_pktmbuf_priv_size`). */
export function pktmbufPrivBytes(memory: Memory, pool: number): number {
  return memory.u32[(pool + PKTMBUF_POOL_PRIV_BYTES) >>> 2];
}

/** A mempool whose objects are mbufs, seen from one thread. Any thread makes its own view of it by name. */
export class PktmbufPool {
  readonly memory: Memory;
  /** Position of the mempool in the memory. */
  readonly position: number;
  readonly mempool: Mempool;
  /** Length of each buffer in bytes, headroom included. */
  readonly dataRoom: number;
  /** Private bytes of the application in each mbuf. */
  readonly privBytes: number;

  private constructor(mempool: Mempool) {
    this.memory = mempool.memory;
    this.position = mempool.position;
    this.mempool = mempool;
    this.dataRoom = pktmbufDataRoom(mempool.memory, mempool.position);
    this.privBytes = pktmbufPrivBytes(mempool.memory, mempool.position);
  }

  /**
   * Makes a mempool of mbufs (DPDK: `rte_pktmbuf_pool_create`).
   *
   * @param name 1 to {@link MEMPOOL_NAME_MAX} ASCII characters, not yet in use
   * @throws SetupError `ERR_PKTMBUF_PRIV`, `ERR_PKTMBUF_DATA_ROOM` (EINVAL), and what `Mempool.create` throws
   */
  static create(memory: Memory, name: string, options: PktmbufPoolOptions): PktmbufPool {
    const { count, cacheSize = 0, privBytes = 0, dataRoom = MBUF_DEFAULT_BUF_SIZE, poison = false } = options;
    if (!Number.isInteger(privBytes) || privBytes < 0 || privBytes % 8 !== 0 || privBytes > 0xffff) {
      throw new SetupError({
        code: 'ERR_PKTMBUF_PRIV',
        errno: 'EINVAL',
        message: `mbufs of pool ${name} cannot have these private bytes`,
        expected: 'a multiple of 8 below 65536',
        got: String(privBytes),
      });
    }
    if (!Number.isInteger(dataRoom) || dataRoom < 0 || dataRoom > PKTMBUF_DATA_ROOM_MAX) {
      throw new SetupError({
        code: 'ERR_PKTMBUF_DATA_ROOM',
        errno: 'EINVAL',
        message: `mbufs of pool ${name} cannot have buffers of this length`,
        expected: `0 to ${PKTMBUF_DATA_ROOM_MAX} bytes`,
        got: String(dataRoom),
      });
    }
    const bufferAt = MBUF_BYTES + privBytes;
    const elementBytes = bufferAt + BUFFER_PAD + dataRoom;
    const dataOffset = Math.min(PKTMBUF_HEADROOM, dataRoom);
    const initElement = (_: Memory, m: number): void => {
      const { u16, u32 } = memory;
      u32[(m + MBUF_BUF_ADDR) >>> 2] = m + bufferAt + BUFFER_PAD;
      u16[(m + MBUF_BUF_LEN) >>> 1] = dataRoom;
      u16[(m + MBUF_DATA_OFF) >>> 1] = dataOffset;
      u16[(m + MBUF_REFCNT) >>> 1] = 1;
      u16[(m + MBUF_NB_SEGS) >>> 1] = 1;
      u16[(m + MBUF_PORT) >>> 1] = MBUF_PORT_INVALID;
      u16[(m + MBUF_PRIV_SIZE) >>> 1] = privBytes;
      u32[(m + MBUF_POOL) >>> 2] = pool;
    };
    // What every allocation writes anyway, and the buffer to the end of the element.
    const ranges = [
      { from: MBUF_PACKET_TYPE, bytes: MBUF_VLAN_TCI + 2 - MBUF_PACKET_TYPE },
      { from: bufferAt, bytes: Math.ceil(elementBytes / 8) * 8 - bufferAt },
    ];
    let pool = 0;
    const mempool = Mempool.create(memory, name, {
      count,
      elementBytes,
      cacheSize,
      privateBytes: PKTMBUF_POOL_PRIVATE_BYTES,
      ...(poison ? { poison: ranges } : {}),
      initPool: (position) => {
        pool = position;
        const { u32 } = memory;
        u32[(pool + PKTMBUF_POOL_DATA_ROOM) >>> 2] = dataRoom;
        u32[(pool + PKTMBUF_POOL_PRIV_BYTES) >>> 2] = privBytes;
        u32[(pool + PKTMBUF_POOL_FRESH_16) >>> 2] = dataOffset | (1 << 16);
        u32[(pool + PKTMBUF_POOL_FRESH_52) >>> 2] = dataRoom << 16;
        u32[(pool + PKTMBUF_POOL_MAGIC) >>> 2] = PKTMBUF_POOL_MAGIC_VALUE;
      },
      initElement,
    });
    return new PktmbufPool(mempool);
  }

  /** The pool of mbufs of that name, or undefined (DPDK: `rte_mempool_lookup`). */
  static lookup(memory: Memory, name: string): PktmbufPool | undefined {
    const mempool = Mempool.lookup(memory, name);
    return mempool === undefined || !isPktmbufPool(mempool) ? undefined : new PktmbufPool(mempool);
  }

  /**
   * The pool of mbufs at a position, such as an mbuf's header gives.
   *
   * @throws SetupError `ERR_MEMPOOL_UNKNOWN` (ENOENT) when there is none
   */
  static at(memory: Memory, position: number): PktmbufPool {
    const mempool = Mempool.at(memory, position);
    if (!isPktmbufPool(mempool)) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_UNKNOWN',
        errno: 'ENOENT',
        message: `mempool ${mempool.name} has no mbufs`,
        expected: 'a pool that PktmbufPool.create made',
      });
    }
    return new PktmbufPool(mempool);
  }

  get name(): string {
    return this.mempool.name;
  }

  /** Number of mbufs, taken or not. */
  get count(): number {
    return this.mempool.count;
  }

  /** Mbufs that each lcore's cache holds. */
  get cacheSize(): number {
    return this.mempool.cacheSize;
  }

  /** Mbufs that can be taken, by one lcore or another (DPDK: `rte_mempool_avail_count`). */
  get availCount(): number {
    return mempoolAvailCount(this.memory, this.position);
  }

  /** Mbufs that are taken (DPDK: `rte_mempool_in_use_count`). */
  get inUseCount(): number {
    return this.mempool.inUseCount;
  }

  /** See {@link pktmbufAlloc}. */
  alloc(): number {
    return pktmbufAlloc(this.memory, this.position);
  }

  /** See {@link pktmbufAllocBulk}. */
  allocBulk(table: Uint32Array, at: number, n: number): boolean {
    return pktmbufAllocBulk(this.memory, this.position, table, at, n);
  }

  /**
   * As {@link Mempool.audit}; and with `poison` on, whether somebody referred to a free mbuf or put one behind it.
   *
   * @throws SetupError `ERR_MEMPOOL_AUDIT` (EINVAL) with what was found
   */
  audit(): void {
    this.mempool.audit();
    const { u16, u32 } = this.memory;
    let used = 0;
    this.mempool.forEach((m) => {
      if (u32[(m + OBJECT_STATE) >>> 2] !== OBJECT_STATE_FREE) return;
      const alone = u16[(m + MBUF_NB_SEGS) >>> 1] === 1 && u32[(m + MBUF_NEXT) >>> 2] === 0;
      if (!alone || u16[(m + MBUF_REFCNT) >>> 1] !== 1) used++;
    });
    if (used === 0) return;
    throw new SetupError({
      code: 'ERR_MEMPOOL_AUDIT',
      errno: 'EINVAL',
      message: `mempool ${this.name} is damaged`,
      expected: 'free mbufs that nobody refers to',
      got: `${used} with other references, segments or a next`,
    });
  }

  /** See {@link Mempool.free}. */
  free(): void {
    this.mempool.free();
  }
}

function isPktmbufPool(mempool: Mempool): boolean {
  const { memory, position, privateBytes } = mempool;
  return (
    privateBytes >= PKTMBUF_POOL_PRIVATE_BYTES &&
    memory.u32[(position + PKTMBUF_POOL_MAGIC) >>> 2] === PKTMBUF_POOL_MAGIC_VALUE
  );
}
