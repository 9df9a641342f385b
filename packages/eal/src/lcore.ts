/** The id of a thread that is no lcore (DPDK: `LCORE_ID_ANY`). It works, but without any per-lcore cache. */
export const LCORE_ID_ANY = 0xffffffff;

/** Lcore ids are below this (DPDK: `RTE_MAX_LCORE`). */
export const MAX_LCORE = 128;

// One value a thread, as a thread-local is in C: each worker has its own copy of this module.
let current = LCORE_ID_ANY;

/** The lcore that runs now on this thread, or {@link LCORE_ID_ANY} (DPDK: `rte_lcore_id`). */
export function lcoreId(): number {
  return current;
}

/**
 * Makes this thread lcore `id` until the next call (DPDK: what the EAL does when it launches an lcore).
 * Where one thread plays several lcores in turn, it is called before each one's poll.
 *
 * @returns the id before, to go back to
 */
export function enterLcore(id: number): number {
  const before = current;
  current = id;
  return before;
}
