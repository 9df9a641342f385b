import { noSystemCalls, systemCalls } from '@inline-ipsec/eal/linux/system-calls';

/** Bytes of the mask: 1024 processors, as the C library's `cpu_set_t` has. */
const MASK_BYTES = 128;

/**
 * Has the calling thread run on these processors only, those of them that there are (DPDK: `rte_thread_set_affinity`).
 *
 * @returns whether it does: without system calls, and where this process may use none of them, it runs anywhere
 */
export function bindThread(processors: readonly number[]): boolean {
  const mask = new Uint8Array(MASK_BYTES);
  for (const processor of processors) if (processor >> 3 < MASK_BYTES) mask[processor >> 3] |= 1 << (processor & 7);
  return noSystemCalls() === undefined && systemCalls().schedSetaffinity(0, mask) === 0;
}
