import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
} from '@inline-ipsec/mbuf/layout';
import { TX_TCP_SEG_HI } from '@inline-ipsec/mbuf/offload-flags';
import { EGRESS, SESSION_DIRECTION, SESSION_INDEX, SESSION_METADATA } from './session-layout.ts';

/**
 * What a packet for transmission tells the driver about its SA, in the eight bytes of an mbuf that librte_security's field
 * has. The first word is the SA's index; the second one has the length of the ESP trailer, whether the packet is to be
 * enciphered, and a mark without which it is no metadata: an mbuf that is used again may have any bytes there.
 */

/** Of the second word: bytes of padding, pad length, next header and ICV, up to 273. 0: the card puts them on. */
export const METADATA_ESP_LEN = 0x1ff;
/** Of the second word: GCM. Without it: GMAC. */
export const METADATA_ENCRYPT = 0x1_0000;
/** Of the second word: transport mode, so TCP or UDP is right behind the ESP header. Without it: a tunnel. */
export const METADATA_TRANSPORT = 0x2_0000;
/** Of the second word: its upper byte, while it is valid. */
export const METADATA_MARK = 0x5a00_0000;
/** Where the mark is. */
export const METADATA_MARK_MASK = 0xff00_0000;

const ICV = 16;
/** From the pad length to the end of the packet: pad length, next header, ICV. */
const TRAILER = 2 + ICV;
/** SPI, sequence number, IV. */
const ESP_HEADER = 16;

/** The second word of metadata, but for the trailer, of all packets of a session. */
export function metadataOf(encrypted: boolean, transport: boolean): number {
  return METADATA_MARK | (encrypted ? METADATA_ENCRYPT : 0) | (transport ? METADATA_TRANSPORT : 0);
}

/**
 * Writes the metadata of a packet that is complete but for cipher and ICV, with or without its Ethernet header: the ESP
 * trailer is found from the end, in whichever segment it is. A packet that the card is to cut up (`TX_TCP_SEG`, which must be
 * set before) has no trailer; only packets in transport mode can be cut up.
 *
 * @param field offset of the metadata in an mbuf
 * @returns 0, or −1 when this is no packet of an egress session; it then has no metadata
 */
export function writePacketMetadata(memory: Memory, field: number, session: number, m: number): number {
  const { u8, i32 } = memory;
  const word = (m + field) >> 2;
  const mbuf = m >> 2;
  const at = session >> 2;
  i32[word + 1] = 0;
  const index = i32[at + (SESSION_INDEX >> 2)];
  const length = i32[mbuf + (MBUF_PKT_LEN >> 2)];
  if (i32[at + (SESSION_DIRECTION >> 2)] !== EGRESS || index === 0 || length < ESP_HEADER + TRAILER) return -1;
  const what = i32[at + (SESSION_METADATA >> 2)];
  if ((i32[mbuf + (MBUF_OL_FLAGS_HI >> 2)] & TX_TCP_SEG_HI) !== 0) {
    if ((what & METADATA_TRANSPORT) === 0) return -1;
    i32[word] = index - 1;
    i32[word + 1] = what;
    return 0;
  }
  const inFirst = (i32[mbuf + (MBUF_DATA_LEN >> 2)] & 0xffff) === length;
  const end = inFirst
    ? i32[mbuf + (MBUF_BUF_ADDR >> 2)] + (i32[mbuf + (MBUF_DATA_OFF >> 2)] & 0xffff) + length - TRAILER
    : bytePosition(memory, m, length - TRAILER);
  if (end === 0) return -1;
  const trailer = u8[end] + TRAILER;
  if (trailer + ESP_HEADER > length) return -1;
  i32[word] = index - 1;
  i32[word + 1] = what | trailer;
  return 0;
}

/**
 * {@link writePacketMetadata} for the packets `mbufs[first]` to `mbufs[end − 1]`. Returns how many have metadata.
 *
 * @param field offset of the metadata in an mbuf
 */
export type WriteBurstMetadata = (
  field: number,
  session: number,
  mbufs: Uint32Array,
  first: number,
  end: number,
) => number;

/** What writes the metadata of bursts in a memory, made once. */
export const burstMetadata: (memory: Memory) => WriteBurstMetadata = oncePerMemory((memory) => {
  const writeWhole = writeWholeLoop(memory);
  return (field, session, mbufs, first, end) => {
    let written = 0;
    for (let i = first; i < end; i++) {
      const next = writeWhole(field, session, mbufs, i, end);
      written += next - i;
      i = next;
      if (i < end && writePacketMetadata(memory, field, session, mbufs[i]) === 0) written++;
    }
    return written;
  };
});

/**
 * The same as long as packets are in one segment, not to be cut up and of an egress session, in a loop that calls nothing.
 * Returns the number of the first other one.
 */
function writeWholeLoop({ u8, i32 }: Memory): WriteBurstMetadata {
  return (field, session, mbufs, first, end) => {
    const at = session >> 2;
    const index = (i32[at + (SESSION_INDEX >> 2)] - 1) | 0;
    const what = i32[at + (SESSION_METADATA >> 2)];
    if (i32[at + (SESSION_DIRECTION >> 2)] !== EGRESS || index < 0) return first;
    let i = first;
    for (; i < end; i++) {
      const m = mbufs[i] | 0;
      const mbuf = m >> 2;
      const word = (m + field) >> 2;
      const length = i32[mbuf + (MBUF_PKT_LEN >> 2)];
      if ((i32[mbuf + (MBUF_DATA_LEN >> 2)] & 0xffff) !== length || length < ESP_HEADER + TRAILER) break;
      if ((i32[mbuf + (MBUF_OL_FLAGS_HI >> 2)] & TX_TCP_SEG_HI) !== 0) break;
      const start = (i32[mbuf + (MBUF_BUF_ADDR >> 2)] + (i32[mbuf + (MBUF_DATA_OFF >> 2)] & 0xffff)) | 0;
      const trailer = u8[start + length - TRAILER] + TRAILER;
      if (trailer + ESP_HEADER > length) break;
      i32[word] = index;
      i32[word + 1] = what | trailer;
    }
    return i;
  };
}

/** Position of the byte that lies `offset` bytes into the packet, 0 when its segments do not reach so far. */
function bytePosition(memory: Memory, m: number, offset: number): number {
  const { u16, u32 } = memory;
  let left = u16[(m + MBUF_NB_SEGS) >> 1];
  for (let segment = m; segment !== 0 && left > 0; left--) {
    const bytes = u16[(segment + MBUF_DATA_LEN) >> 1];
    if (offset < bytes) return u32[(segment + MBUF_BUF_ADDR) >> 2] + u16[(segment + MBUF_DATA_OFF) >> 1] + offset;
    offset -= bytes;
    segment = u32[(segment + MBUF_NEXT) >> 2];
  }
  return 0;
}
