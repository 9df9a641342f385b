import type { ApplicationOptions } from './application-options.ts';

/** Ethernet header, CRC and the headroom of an mbuf, in bytes. */
export const FRAME_OVERHEAD: number = 14 + 4 + 128;

/** Whether a packet of the mtu can be longer than one buffer, headroom included. */
export function exceedsBuffer({ mtu, frameBufferBytes }: ApplicationOptions): boolean {
  return mtu + FRAME_OVERHEAD > frameBufferBytes;
}

/** Whether mbufs of several segments are needed, which only library mode has (DPDK: `multi_seg_required`). */
export function needsMultiSegment(options: ApplicationOptions): boolean {
  return exceedsBuffer(options) || options.reassembleEntries > 0;
}
