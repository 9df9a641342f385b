import type { Memory } from '@inline-ipsec/eal/memory';
import {
  OBJECT_POOL,
  OBJECT_STATE,
  OBJECT_STATE_FREE,
  OBJECT_STATE_TAKEN,
  POOL_DOUBLE_FREE_LAST,
  POOL_DOUBLE_FREES,
  POOL_FOREIGN_FREE_LAST,
  POOL_FOREIGN_FREES,
  POOL_POISON,
  POOL_POISON_RANGES,
  POOL_WRITE_AFTER_FREE_LAST,
  POOL_WRITES_AFTER_FREE,
} from './_mempool-layout.ts';

/**
 * The checks of a debugged pool (DPDK: `RTE_LIBRTE_MEMPOOL_DEBUG`): every object has a state, and while it is free its
 * poisoned bytes hold a pattern. What is found is counted in the pool and told by its audit.
 */

const POISON_WORD = 0xdbdb_dbdb;

/**
 * Marks an object as free and poisons it.
 *
 * @returns false when it may not be put: it is free already, or it is no object of this pool
 */
export function markFree(memory: Memory, pool: number, object: number): boolean {
  const { u32, i32 } = memory;
  if ((object & 3) !== 0 || object <= pool || object >= memory.bytes || u32[(object + OBJECT_POOL) >>> 2] !== pool) {
    Atomics.add(i32, (pool + POOL_FOREIGN_FREES) >>> 2, 1);
    u32[(pool + POOL_FOREIGN_FREE_LAST) >>> 2] = object;
    return false;
  }
  if (Atomics.exchange(i32, (object + OBJECT_STATE) >>> 2, OBJECT_STATE_FREE) === OBJECT_STATE_FREE) {
    Atomics.add(i32, (pool + POOL_DOUBLE_FREES) >>> 2, 1);
    u32[(pool + POOL_DOUBLE_FREE_LAST) >>> 2] = object;
    return false;
  }
  poison(memory, pool, object);
  return true;
}

/** Marks objects as taken, and counts those that were written to while they were free. */
export function markTaken(memory: Memory, pool: number, table: Uint32Array, at: number, n: number): void {
  const { u32, i32 } = memory;
  for (let i = 0; i < n; i++) {
    const object = table[at + i];
    const damaged = findDamage(memory, pool, object);
    if (damaged !== 0) {
      Atomics.add(i32, (pool + POOL_WRITES_AFTER_FREE) >>> 2, 1);
      u32[(pool + POOL_WRITE_AFTER_FREE_LAST) >>> 2] = damaged;
    }
    Atomics.store(i32, (object + OBJECT_STATE) >>> 2, OBJECT_STATE_TAKEN);
  }
}

/** Fills what the pool wants poisoned of an object. */
export function poison(memory: Memory, pool: number, object: number): void {
  const { u32 } = memory;
  for (let range = 0; range < POOL_POISON_RANGES; range++) {
    const word = ((pool + POOL_POISON) >>> 2) + 2 * range;
    const first = (object + u32[word]) >>> 2;
    const end = first + (u32[word + 1] >>> 2);
    for (let i = first; i < end; i++) u32[i] = POISON_WORD;
  }
}

/** Position of the first word of an object that should hold the pattern and does not, 0 if there is none. */
export function findDamage(memory: Memory, pool: number, object: number): number {
  const { u32 } = memory;
  for (let range = 0; range < POOL_POISON_RANGES; range++) {
    const word = ((pool + POOL_POISON) >>> 2) + 2 * range;
    const first = (object + u32[word]) >>> 2;
    const end = first + (u32[word + 1] >>> 2);
    for (let i = first; i < end; i++) if (u32[i] !== POISON_WORD) return i * 4;
  }
  return 0;
}
