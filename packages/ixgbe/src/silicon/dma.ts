/**
 * How the card reaches host memory: a bus address and a length become a place in the one memory, or nothing. This is the
 * only way; what lies outside is counted by whoever asked, and never touched.
 */
export interface DmaMap {
  /**
   * Where `length` bytes at a bus address lie.
   *
   * @param addressHi upper 32 bits of the address, unsigned
   * @param addressLo lower 32 bits of the address, unsigned
   * @param length bytes, 0 or more; all of them must be reachable
   * @returns a position, or 0 for an address outside
   */
  position(addressHi: number, addressLo: number, length: number): number;
  /**
   * What {@link DmaMap.position} does as numbers, where it is as simple as that: the loops over many descriptors look at
   * them rather than call it for each. Without it they do one descriptor at a time.
   */
  readonly direct?: DirectDma;
}

/** Addresses below 2^31 that are positions from 1 up to `end`, but for a gap. */
export interface DirectDma {
  readonly end: number;
  readonly gap: number;
  readonly gapEnd: number;
}

/**
 * Bus addresses that are positions: what a driver in the same memory uses (DPDK: `RTE_IOVA_VA`). The card's own insides
 * are no host memory, so they are outside.
 *
 * @param bytes length of the memory
 * @param own position of the card's state and packet buffers
 * @param ownBytes their length
 */
export function identityDma(bytes: number, own: number, ownBytes: number): DmaMap {
  return {
    position: (addressHi, addressLo, length) =>
      addressHi === 0 && addressLo + length <= bytes && (addressLo >= own + ownBytes || addressLo + length <= own)
        ? addressLo
        : 0,
    direct: { end: Math.min(bytes, 0x7fff_ffff), gap: own, gapEnd: own + ownBytes },
  };
}
