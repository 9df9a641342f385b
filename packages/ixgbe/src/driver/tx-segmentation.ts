import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_PKT_LEN } from '@inline-ipsec/mbuf/layout';
import { txL4Length, txTsoSegmentSize } from '@inline-ipsec/mbuf/tx-offload';
import { REFUSED_HEADERS, REFUSED_SEGMENTATION } from './tx-refusals.ts';

/**
 * How the card shall cut up a TCP packet (TSO: 82599 datasheet 7.2.4; DPDK: `RTE_MBUF_F_TX_TCP_SEG`), and whether it can. It
 * brings lengths, IP identification, sequence number and flags up to date, of ESP the sequence number and the IV too. As it
 * adds each segment's length to the TCP checksum, the packet's checksum is that of the pseudo header without a length; an
 * IPv4 checksum is 0.
 */

/** The longest headers that the card repeats, in bytes (X550 datasheet 7.13.5). */
const HEADERS_MOST = 512;
/** PAYLEN has 18 bits. */
const PAYLOAD_MOST = 0x3ffff;
/** Bytes of the longest packet that can be sent in segments. */
export const TSO_LONGEST: number = HEADERS_MOST + PAYLOAD_MOST;
/** What the card puts behind each segment: padding at most, pad length, next header, ICV. */
export const TSO_TRAILER: number = 3 + 2 + 16;

const TCP_LEAST = 20;

/** What {@link checkSegmentation} found, in bytes: the TCP header, the data of a segment, all data. */
export const segmentation: { l4: number; mss: number; payload: number } = { l4: 0, mss: 0, payload: 0 };

/**
 * Looks at a packet that is to be cut up, whose headers lie in `u8`.
 *
 * @param tcp where its TCP header begins, `before` bytes behind its first one
 * @param end behind the last byte that is there
 * @param added bytes that the card adds to each segment
 * @param longest bytes of the longest frame
 * @returns 0 with {@link segmentation} filled in, or a REFUSED_ reason
 */
export function checkSegmentation(
  memory: Memory,
  m: number,
  u8: Uint8Array,
  tcp: number,
  before: number,
  end: number,
  added: number,
  longest: number,
): number {
  if (tcp + TCP_LEAST > end) return REFUSED_HEADERS;
  // Where the card thinks that data begins must be where data begins.
  const l4 = (u8[tcp + 12] >>> 4) * 4;
  const told = txL4Length(memory, m);
  if (l4 < TCP_LEAST || (told !== 0 && told !== l4)) return REFUSED_HEADERS;
  const headers = before + l4;
  const mss = txTsoSegmentSize(memory, m);
  const payload = memory.u32[(m + MBUF_PKT_LEN) >>> 2] - headers;
  if (mss === 0 || payload <= 0 || payload > PAYLOAD_MOST || headers > HEADERS_MOST) return REFUSED_SEGMENTATION;
  if (headers + Math.min(mss, payload) + added > longest) return REFUSED_SEGMENTATION;
  segmentation.l4 = l4;
  segmentation.mss = mss;
  segmentation.payload = payload;
  return 0;
}

/**
 * Whether there are sequence numbers for all segments of the packet that was looked at last, whose ESP header is at `esp`: a
 * number that went round would be one that was used before (RFC 4303, section 3.3.3).
 */
export function hasSequenceNumbers(u8: Uint8Array, esp: number): boolean {
  const first = ((u8[esp + 4] << 24) | (u8[esp + 5] << 16) | (u8[esp + 6] << 8) | u8[esp + 7]) >>> 0;
  return first + Math.ceil(segmentation.payload / segmentation.mss) - 1 <= 0xffff_ffff;
}
