import type { DmaMap } from './dma.ts';

/**
 * Bus addresses of a foreign driver: physical ones, in pages of 2 MiB that lie anywhere in the one memory. What spans
 * several pages must lie in the same order there.
 */

const PAGE_BITS = 21;
const PAGE_BYTES: number = 1 << PAGE_BITS;
/** Pages in 4 GiB. */
const PAGES_UPPER: number = 2 ** (32 - PAGE_BITS);

/** Where pages of host memory lie. */
export interface HostPages {
  /**
   * The position of a page, or 0 when it is not to be reached.
   *
   * @param number the page's bus address over 2 MiB
   */
  position(number: number): number;
}

/** A {@link DmaMap} that finds each address by its page. */
export function pagedDma(pages: HostPages): DmaMap {
  return {
    position(addressHi, addressLo, length) {
      const number = addressHi * PAGES_UPPER + (addressLo >>> PAGE_BITS);
      const page = pages.position(number);
      if (page === 0) return 0;
      const offset = addressLo & (PAGE_BYTES - 1);
      for (let end = PAGE_BYTES; offset + length > end; end += PAGE_BYTES) {
        if (pages.position(number + end / PAGE_BYTES) !== page + end) return 0;
      }
      return page + offset;
    },
  };
}
