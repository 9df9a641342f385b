import type { Memory } from '@inline-ipsec/eal/memory';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_PKT_LEN,
  MBUF_TX_OFFLOAD_LO,
  MBUF_VLAN_TCI,
} from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_L4_MASK_HI,
  TX_OFFLOAD_MASK_HI,
  TX_SCTP_CKSUM_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_CKSUM_HI,
  TX_TCP_SEG_HI,
  TX_UDP_CKSUM_HI,
  TX_VLAN_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import {
  IPSTX_SA_ENTRIES,
  TXC_IPSEC_ENCRYPT,
  TXC_IPSEC_TYPE_ESP,
  TXC_IPV4,
  TXC_L4LEN_SHIFT,
  TXC_L4T_RESERVED,
  TXC_L4T_TCP,
  TXC_L4T_UDP,
  TXC_MACLEN_SHIFT,
  TXC_MSS_SHIFT,
  TXC_VLAN_SHIFT,
  TXD_CC,
  TXD_DEXT,
  TXD_DTYP_CONTEXT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
  TXD_TSE,
  TXD_VLE,
} from '../descriptors.ts';
import {
  METADATA_ENCRYPT,
  METADATA_ESP_LEN,
  METADATA_MARK,
  METADATA_MARK_MASK,
  METADATA_TRANSPORT,
} from './security-metadata.ts';
import {
  REFUSED_HEADERS,
  REFUSED_NO_METADATA,
  REFUSED_NO_SA,
  REFUSED_NO_SECURITY,
  REFUSED_SEGMENTATION,
  REFUSED_UNSUPPORTED,
} from './tx-refusals.ts';
import { checkSegmentation, hasSequenceNumbers, segmentation, TSO_TRAILER } from './tx-segmentation.ts';

/**
 * What a packet's offload flags ask of the card, as a context descriptor and the POPTS bits that use it (82599 datasheet
 * 7.2.3.2). Whatever cannot be done is refused, by one of the reasons of `tx-refusals`.
 */

/** Flags that say what a packet is, and ask for nothing. */
const DESCRIBING = TX_IPV4_HI | TX_IPV6_HI;
/** Flags that ask for something. */
export const TX_ASKING: number = TX_OFFLOAD_MASK_HI & ~DESCRIBING;
/** Of these, what the card and this driver do. */
const KNOWN = TX_IP_CKSUM_HI | TX_L4_MASK_HI | TX_SEC_OFFLOAD_HI | TX_TCP_SEG_HI | TX_VLAN_HI;

/** Bytes of SPI, sequence number and IV. */
const ESP_HEADER = 16;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
const ETHERNET_HEADER = 14;
const VLAN_TAG = 4;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const PROTOCOL_TCP = 6;
const PROTOCOL_ESP = 50;

// EtherTypes as two bytes in network order read as a little-endian word.
const TYPE_IPV4 = 0x0008;
const TYPE_IPV6 = 0xdd86;
const TYPE_VLAN = 0x0081;
const TYPE_QINQ = 0xa888;
/** MACLEN has seven bits, and a frame has at most two tags. */
const MOST_L2 = 22;

/** What {@link describeContext} found: the four dwords of a context descriptor, without its IDX. */
export const context: Uint32Array = new Uint32Array(4);
/** And what the first data descriptor has besides POPTS: VLE and TSE of its command, and PAYLEN in bytes. */
export const request: Uint32Array = new Uint32Array(2);
/** Of {@link request}: bits of the command. */
export const REQUEST_COMMAND = 0;
/** Of {@link request}: PAYLEN, not shifted. */
export const REQUEST_PAYLEN = 1;

/** All that is looked at: the longest headers that an mbuf can tell of, the ESP header, and the fixed part of TCP's. */
const HEAD = 0x7f + 0x1ff + ESP_HEADER + TCP_HEADER;
/** The headers of a packet that has them in several segments. */
const head = new Uint8Array(HEAD);

/**
 * Works out the context of a packet.
 *
 * @param flags the upper word of its offload flags
 * @param metadata offset of librte_security's field in an mbuf
 * @param spis position of the SPIs by SA index, 0 on a queue without inline IPsec
 * @param longest bytes of the longest frame without FCS, for a packet that leaves in segments
 * @returns the POPTS bits for its data descriptor with {@link context} and {@link request} filled in, or a REFUSED_ reason
 */
export function describeContext(
  memory: Memory,
  m: number,
  flags: number,
  metadata: number,
  spis: number,
  longest: number,
): number {
  const { u8, u16, u32 } = memory;
  const data = u32[(m + MBUF_BUF_ADDR) >>> 2] + u16[(m + MBUF_DATA_OFF) >>> 1];
  const bytes = u16[(m + MBUF_DATA_LEN) >>> 1];
  const popts = describe(memory, m, flags, metadata, spis, longest, u8, data, bytes);
  if (popts !== REFUSED_HEADERS || u16[(m + MBUF_NB_SEGS) >>> 1] === 1) return popts;
  // The card gathers a packet from whatever segments it has, so only this has to see its headers in one piece.
  return describe(memory, m, flags, metadata, spis, longest, head, 0, gather(memory, m));
}

/** {@link describeContext} of a packet whose first `bytes` bytes lie in `u8` from `data` on. */
function describe(
  memory: Memory,
  m: number,
  flags: number,
  metadata: number,
  spis: number,
  longest: number,
  u8: Uint8Array,
  data: number,
  bytes: number,
): number {
  const { u16, u32 } = memory;
  if ((flags & TX_ASKING & ~KNOWN) !== 0) return REFUSED_UNSUPPORTED;
  const lengths = u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2];
  let l2 = lengths & 0x7f;
  let l3 = (lengths >>> 7) & 0x1ff;
  const tagged = (flags & TX_VLAN_HI) !== 0;
  const tag = tagged ? u16[(m + MBUF_VLAN_TCI) >>> 1] : 0;
  request[REQUEST_COMMAND] = tagged ? TXD_VLE : 0;
  request[REQUEST_PAYLEN] = u32[(m + MBUF_PKT_LEN) >>> 2];
  if ((flags & TX_ASKING) === TX_VLAN_HI) {
    // A tag goes behind the addresses, whatever comes there.
    context[0] = (ETHERNET_HEADER << TXC_MACLEN_SHIFT) | (tag << TXC_VLAN_SHIFT);
    context[1] = 0;
    context[2] = TXD_DTYP_CONTEXT | TXD_DEXT | TXC_L4T_RESERVED;
    context[3] = 0;
    return 0;
  }
  if (l2 === 0) l2 = ethernetBytes(u8, data, bytes);
  if (l2 + IPV4_HEADER > bytes) return REFUSED_HEADERS;
  const version = u8[data + l2] >>> 4;
  if (version !== 4 && version !== 6) return REFUSED_HEADERS;
  const ipv4 = version === 4;
  if ((flags & (ipv4 ? TX_IPV6_HI : TX_IPV4_HI)) !== 0) return REFUSED_HEADERS;
  const least = ipv4 ? (u8[data + l2] & 0xf) * 4 : IPV6_HEADER;
  if (l3 === 0) l3 = least;
  // An IPv6 header may have extensions behind it.
  if (ipv4 ? l3 !== least || l3 < IPV4_HEADER : l3 < least) return REFUSED_HEADERS;
  const behind = l2 + l3;
  if (behind > bytes) return REFUSED_HEADERS;

  let popts = 0;
  // Bytes that must be behind the IP header.
  let needed = 0;
  let command = TXD_DTYP_CONTEXT | TXD_DEXT | (ipv4 ? TXC_IPV4 : 0);
  if ((flags & TX_IP_CKSUM_HI) !== 0) {
    if (!ipv4) return REFUSED_UNSUPPORTED;
    popts = TXD_POPTS_IXSM;
  }
  const segmented = (flags & TX_TCP_SEG_HI) !== 0;
  let sum = flags & TX_L4_MASK_HI;
  // Each segment has a checksum of its own, whether that was asked for or not (DPDK: TCP_SEG implies TCP_CKSUM).
  if (segmented && sum === 0) sum = TX_TCP_CKSUM_HI;
  if (sum !== 0) {
    if (sum === TX_SCTP_CKSUM_HI || (segmented && sum !== TX_TCP_CKSUM_HI)) return REFUSED_UNSUPPORTED;
    popts |= TXD_POPTS_TXSM;
    command |= sum === TX_UDP_CKSUM_HI ? TXC_L4T_UDP : TXC_L4T_TCP;
    needed = sum === TX_UDP_CKSUM_HI ? UDP_HEADER : TCP_HEADER;
  } else command |= TXC_L4T_RESERVED;

  context[1] = 0;
  const secured = (flags & TX_SEC_OFFLOAD_HI) !== 0;
  if (secured) {
    if (spis === 0) return REFUSED_NO_SECURITY;
    const word = (m + metadata) >>> 2;
    const told = u32[word + 1];
    if (((told ^ METADATA_MARK) & METADATA_MARK_MASK) !== 0) return REFUSED_NO_METADATA;
    // The card puts a trailer on what it segments, and on nothing else.
    if (((told & METADATA_ESP_LEN) === 0) !== segmented) return REFUSED_NO_METADATA;
    const index = u32[word];
    // The card takes the ESP header to be right behind an IP header without options or extensions.
    const esp = data + behind;
    if (l3 !== (ipv4 ? IPV4_HEADER : IPV6_HEADER) || esp + ESP_HEADER > data + bytes) return REFUSED_HEADERS;
    if (u8[data + l2 + (ipv4 ? 9 : 6)] !== PROTOCOL_ESP) return REFUSED_HEADERS;
    if (index >= IPSTX_SA_ENTRIES) return REFUSED_NO_SA;
    // The card never looks at the SPI of what it sends, so this is where a stale index is found.
    const spi = (u8[esp] | (u8[esp + 1] << 8) | (u8[esp + 2] << 16) | (u8[esp + 3] << 24)) >>> 0;
    if (spi === 0 || u32[(spis >> 2) + index] !== spi) return REFUSED_NO_SA;
    popts |= TXD_POPTS_IPSEC | TXD_CC;
    command |= TXC_IPSEC_TYPE_ESP | (told & METADATA_ESP_LEN);
    needed += ESP_HEADER + (told & METADATA_ESP_LEN);
    if ((told & METADATA_ENCRYPT) !== 0) command |= TXC_IPSEC_ENCRYPT;
    context[1] = index;
    if (sum !== 0) {
      // In a tunnel another IP header is behind the ESP header, where the card takes TCP or UDP to be.
      if ((told & METADATA_TRANSPORT) === 0) return REFUSED_UNSUPPORTED;
      // Checksums begin behind IPLEN, which then counts the ESP header too (X550 datasheet 7.2.3.2).
      l3 += ESP_HEADER;
    }
  }
  context[0] = l3 | (l2 << TXC_MACLEN_SHIFT) | (tag << TXC_VLAN_SHIFT);
  context[2] = command;
  context[3] = sum === 0 ? 0 : (sum === TX_UDP_CKSUM_HI ? UDP_HEADER : TCP_HEADER) << TXC_L4LEN_SHIFT;
  if (!segmented) return behind + needed > request[REQUEST_PAYLEN] ? REFUSED_HEADERS : popts;
  const ip = data + l2;
  if (ipv4 && (popts & TXD_POPTS_IXSM) === 0) return REFUSED_SEGMENTATION;
  if (!secured && (ipv4 || l3 === IPV6_HEADER) && u8[ip + (ipv4 ? 9 : 6)] !== PROTOCOL_TCP) return REFUSED_HEADERS;
  const added = (tagged ? VLAN_TAG : 0) + (secured ? TSO_TRAILER : 0);
  const refused = checkSegmentation(memory, m, u8, ip + l3, l2 + l3, data + bytes, added, longest);
  if (refused !== 0) return refused;
  if (secured && !hasSequenceNumbers(u8, ip + l3 - ESP_HEADER)) return REFUSED_SEGMENTATION;
  context[3] = (segmentation.l4 << TXC_L4LEN_SHIFT) | (segmentation.mss << TXC_MSS_SHIFT);
  request[REQUEST_COMMAND] |= TXD_TSE;
  request[REQUEST_PAYLEN] = segmentation.payload;
  return popts;
}

/** Copies the first bytes of a packet to {@link head}. Returns how many there are. */
function gather(memory: Memory, m: number): number {
  const { u8, u16, u32 } = memory;
  let filled = 0;
  for (let segment = m; segment !== 0 && filled < HEAD; segment = u32[(segment + MBUF_NEXT) >>> 2]) {
    const data = u32[(segment + MBUF_BUF_ADDR) >>> 2] + u16[(segment + MBUF_DATA_OFF) >>> 1];
    const bytes = Math.min(u16[(segment + MBUF_DATA_LEN) >>> 1], HEAD - filled);
    for (let i = 0; i < bytes; i++) head[filled + i] = u8[data + i];
    filled += bytes;
  }
  return filled;
}

/** Bytes before the IP header, VLAN tags included; {@link MOST_L2} and more when there is none. */
function ethernetBytes(u8: Uint8Array, data: number, bytes: number): number {
  for (let l2 = ETHERNET_HEADER; l2 <= MOST_L2 && l2 <= bytes; l2 += 4) {
    const type = u8[data + l2 - 2] | (u8[data + l2 - 1] << 8);
    if (type === TYPE_IPV4 || type === TYPE_IPV6) return l2;
    if (type !== TYPE_VLAN && type !== TYPE_QINQ) break;
  }
  return 0x10000;
}
