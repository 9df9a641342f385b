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

/** The processors that the calling thread may run on; only the first where nobody can tell. */
export function allowedProcessors(): number[] {
  const mask = new Uint8Array(MASK_BYTES);
  if (noSystemCalls() !== undefined || systemCalls().schedGetaffinity(0, mask) < 0) return [0];
  return Array.from({ length: MASK_BYTES * 8 }, (_, i) => i).filter((i) => ((mask[i >> 3] >> (i & 7)) & 1) === 1);
}
