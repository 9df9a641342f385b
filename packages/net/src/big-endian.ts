/**
 * Numbers in network order at any byte offset. The data path uses these where a field may be unaligned; the functions are
 * small enough for the engine to inline them.
 */

/** The 16 bits at `at`, most significant byte first (DPDK: `rte_be_to_cpu_16` of a load). */
export function readU16(u8: Uint8Array, at: number): number {
  return (u8[at] << 8) | u8[at + 1];
}

/** The 32 bits at `at` as an unsigned number, most significant byte first (DPDK: `rte_be_to_cpu_32` of a load). */
export function readU32(u8: Uint8Array, at: number): number {
  return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0;
}

/** Writes the low 16 bits of `value` at `at`, most significant byte first (DPDK: a store of `rte_cpu_to_be_16`). */
export function writeU16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
}

/** Writes the low 32 bits of `value` at `at`, most significant byte first (DPDK: a store of `rte_cpu_to_be_32`). */
export function writeU32(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 24;
  u8[at + 1] = value >>> 16;
  u8[at + 2] = value >>> 8;
  u8[at + 3] = value;
}
