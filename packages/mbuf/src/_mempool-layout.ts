import { alignUp, CACHE_LINE_BYTES } from '@inline-ipsec/eal/memory';

/**
 * Where the words of a mempool, of its caches and of its objects' headers lie, in bytes from their positions.
 *
 * A pool is one memzone: header, private bytes, one cache an lcore, elements. An element is an object's header, the
 * object, and padding. The backend is a ring in a memzone of its own.
 */

/** u32: {@link POOL_MAGIC_VALUE} once the pool can be used. */
export const POOL_MAGIC = 0;
/** u32: `POOL_FLAG_` bits. */
export const POOL_FLAGS = 4;
/** u32: position of the backend ring. */
export const POOL_RING = 8;
/** u32: position of lcore 0's cache, 0 when there are none. */
export const POOL_CACHES = 12;
/** u32: bytes from one lcore's cache to the next one's. */
export const POOL_CACHE_STRIDE = 16;
/** u32: objects that a cache holds. */
export const POOL_CACHE_SIZE = 20;
/** u32: number of objects. */
export const POOL_COUNT = 24;
/** u32: position of the first object (not of its header). */
export const POOL_FIRST = 28;
/** u32: bytes from one object to the next. */
export const POOL_STRIDE = 32;
/** u32: length of an object in bytes. */
export const POOL_OBJECT_BYTES = 36;
/** u32: length of the private area in bytes. */
export const POOL_PRIVATE_BYTES = 40;
/** Two pairs of u32: bytes from an object to what is poisoned, and its length in bytes. */
export const POOL_POISON = 44;
export const POOL_POISON_RANGES = 2;
/** The name, padded with zeros to 32 bytes. */
export const POOL_NAME = 64;
export const POOL_NAME_BYTES = 32;
/** From here on u32, written only when something is wrong: how often, and the position where it was last. */
export const POOL_DOUBLE_FREES = 96;
export const POOL_DOUBLE_FREE_LAST = 100;
export const POOL_WRITES_AFTER_FREE = 104;
export const POOL_WRITE_AFTER_FREE_LAST = 108;
export const POOL_FOREIGN_FREES = 112;
export const POOL_FOREIGN_FREE_LAST = 116;
export const POOL_OVERFLOWS = 120;
/** Length of the header; the private area follows. */
export const POOL_HEADER_BYTES = 128;

export const POOL_MAGIC_VALUE = 0x4c4f_4f50;

/** Objects carry a state, and what is put is checked. */
export const POOL_FLAG_DEBUG = 1;

/** u32: objects that the cache holds at most. */
export const CACHE_SIZE = 0;
/** u32: objects in it now. */
export const CACHE_LENGTH = 4;
/** The objects, oldest first. */
export const CACHE_OBJECTS = 16;

/** Bytes of a cache for `size` objects: pairs of cache lines, so that no two lcores write to neighbours. */
export function cacheBytes(size: number): number {
  return alignUp(CACHE_OBJECTS + size * 4, 2 * CACHE_LINE_BYTES);
}

/** Length of an object's header, which lies before it: a cache line, so that objects are aligned to one. */
export const OBJECT_HEADER_BYTES = 64;
/** u32: position of the pool. */
export const OBJECT_POOL = -64;
/** u32: an `OBJECT_STATE_` value where the pool is debugged. */
export const OBJECT_STATE = -60;

export const OBJECT_STATE_FREE = 0x4545_5246;
export const OBJECT_STATE_TAKEN = 0x4e4b_4154;
