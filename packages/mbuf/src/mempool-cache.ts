import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { CACHE_LENGTH, CACHE_SIZE, cacheBytes } from './_mempool-layout.ts';
import { MEMPOOL_CACHE_MAX, mempoolCacheFlush } from './mempool.ts';

/**
 * A cache that its user owns, for a thread that is no lcore and takes much from a mempool (DPDK:
 * `rte_mempool_cache_create`). Give its position to `mempoolGenericGet` and `mempoolGenericPut`; one thread, and one
 * mempool between two flushes.
 */
export class MempoolCache {
  readonly memory: Memory;
  /** Position of the cache in the memory. */
  readonly position: number;
  readonly name: string;
  readonly size: number;

  private constructor(memory: Memory, position: number, name: string) {
    this.memory = memory;
    this.position = position;
    this.name = name;
    this.size = memory.u32[(position + CACHE_SIZE) >>> 2];
  }

  /**
   * Makes an empty cache in the memzone `MC_` and its name.
   *
   * @param size objects that it holds, 1 to {@link MEMPOOL_CACHE_MAX}
   * @throws SetupError `ERR_MEMPOOL_CACHE` (EINVAL), and what `Memory.reserve` throws
   */
  static create(memory: Memory, name: string, size: number): MempoolCache {
    if (!Number.isInteger(size) || size < 1 || size > MEMPOOL_CACHE_MAX) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_CACHE',
        errno: 'EINVAL',
        message: `cache ${name} cannot have this size`,
        expected: `1 to ${MEMPOOL_CACHE_MAX} objects`,
        got: String(size),
      });
    }
    const zone = memory.reserve(zoneName(name), cacheBytes(size));
    memory.u32[(zone.position + CACHE_SIZE) >>> 2] = size;
    return new MempoolCache(memory, zone.position, name);
  }

  /** Objects in it now. */
  get length(): number {
    return this.memory.u32[(this.position + CACHE_LENGTH) >>> 2];
  }

  /** Puts all that it holds into the ring of a mempool, the one that it came from (DPDK: `rte_mempool_cache_flush`). */
  flush(pool: number): void {
    mempoolCacheFlush(this.memory, pool, this.position);
  }

  /** Gives its memory back; it must be empty (DPDK: `rte_mempool_cache_free`). */
  free(): void {
    const zone = this.memory.lookup(zoneName(this.name));
    if (zone === undefined || zone.position !== this.position || this.length !== 0) {
      throw new SetupError({
        code: 'ERR_MEMPOOL_CACHE',
        errno: 'EINVAL',
        message: `cache ${this.name} cannot be freed`,
        expected: 'a cache that is there and empty',
        remedy: 'flush it first, and free it once',
      });
    }
    this.memory.free(zone);
  }
}

function zoneName(name: string): string {
  return `MC_${name}`;
}
