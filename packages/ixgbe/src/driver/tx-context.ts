import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BUF_ADDR, MBUF_DATA_LEN, MBUF_DATA_OFF, MBUF_TX_OFFLOAD_LO } from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_L4_MASK_HI,
  TX_OFFLOAD_MASK_HI,
  TX_SCTP_CKSUM_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_CKSUM_HI,
  TX_UDP_CKSUM_HI,
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
  TXD_CC,
  TXD_DEXT,
  TXD_DTYP_CONTEXT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
} from '../descriptors.ts';
import { METADATA_ENCRYPT, METADATA_ESP_LEN, METADATA_MARK, METADATA_MARK_MASK } from './security-metadata.ts';

/**
 * What a packet's offload flags ask of the card, as a context descriptor and the POPTS bits that use it (82599 datasheet
 * 7.2.3.2). Whatever cannot be done is refused, by one of the reasons below: a packet is never sent without what it was to
 * have.
 */

/** Flags that say what a packet is, and ask for nothing. */
const DESCRIBING = TX_IPV4_HI | TX_IPV6_HI;
/** Flags that ask for something. */
export const TX_ASKING: number = TX_OFFLOAD_MASK_HI & ~DESCRIBING;
/** Of these, what the card and this driver do. */
const KNOWN = TX_IP_CKSUM_HI | TX_L4_MASK_HI | TX_SEC_OFFLOAD_HI;

/** A flag asks for what the driver does not do, or for two things that exclude each other. */
export const REFUSED_UNSUPPORTED = -1;
/** The headers are not where the mbuf says, or not IP, or not in the first segment. */
export const REFUSED_HEADERS = -2;
/** Inline IPsec on a queue that was not set up for it. */
export const REFUSED_NO_SECURITY = -3;
/** Inline IPsec without metadata: nobody called `setPacketMetadata` for this packet. */
export const REFUSED_NO_METADATA = -4;
/** Inline IPsec by an SA that is not there any more, or that is not the packet's. */
export const REFUSED_NO_SA = -5;

/** Bytes of SPI, sequence number and IV. */
const ESP_HEADER = 16;
const TCP_HEADER = 20;
const UDP_HEADER = 8;
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

/**
 * Works out the context of a packet.
 *
 * @param flags the upper word of its offload flags
 * @param metadata offset of librte_security's field in an mbuf
 * @param spis position of the SPIs by SA index, 0 on a queue without inline IPsec
 * @returns the POPTS bits for its data descriptor with {@link context} filled in, or a REFUSED_ reason
 */
export function describeContext(memory: Memory, m: number, flags: number, metadata: number, spis: number): number {
  const { u8, u16, u32 } = memory;
  if ((flags & TX_ASKING & ~KNOWN) !== 0) return REFUSED_UNSUPPORTED;
  const data = u32[(m + MBUF_BUF_ADDR) >>> 2] + u16[(m + MBUF_DATA_OFF) >>> 1];
  const bytes = u16[(m + MBUF_DATA_LEN) >>> 1];
  const lengths = u32[(m + MBUF_TX_OFFLOAD_LO) >>> 2];
  let l2 = lengths & 0x7f;
  let l3 = (lengths >>> 7) & 0x1ff;
  if (l2 === 0) l2 = ethernetBytes(u8, data, bytes);
  if (l2 + 20 > bytes) return REFUSED_HEADERS;
  const version = u8[data + l2] >>> 4;
  if (version !== 4 && version !== 6) return REFUSED_HEADERS;
  const ipv4 = version === 4;
  if ((flags & (ipv4 ? TX_IPV6_HI : TX_IPV4_HI)) !== 0) return REFUSED_HEADERS;
  if (l3 === 0) l3 = ipv4 ? (u8[data + l2] & 0xf) * 4 : 40;
  if (l3 < (ipv4 ? 20 : 40) || l2 + l3 > bytes) return REFUSED_HEADERS;

  let popts = 0;
  let command = TXD_DTYP_CONTEXT | TXD_DEXT | (ipv4 ? TXC_IPV4 : 0);
  let index = 0;
  if ((flags & TX_IP_CKSUM_HI) !== 0) {
    if (!ipv4) return REFUSED_UNSUPPORTED;
    popts = TXD_POPTS_IXSM;
  }
  const sum = flags & TX_L4_MASK_HI;
  if (sum !== 0) {
    if (sum === TX_SCTP_CKSUM_HI) return REFUSED_UNSUPPORTED;
    popts |= TXD_POPTS_TXSM;
    command |= sum === TX_UDP_CKSUM_HI ? TXC_L4T_UDP : TXC_L4T_TCP;
  } else command |= TXC_L4T_RESERVED;

  context[1] = 0;
  if ((flags & TX_SEC_OFFLOAD_HI) !== 0) {
    if (spis === 0) return REFUSED_NO_SECURITY;
    const word = (m + metadata) >>> 2;
    const told = u32[word + 1];
    if (((told ^ METADATA_MARK) & METADATA_MARK_MASK) !== 0) return REFUSED_NO_METADATA;
    index = u32[word];
    // The card takes the ESP header to be right behind an IP header without options or extensions.
    const esp = data + l2 + l3;
    if (l3 !== (ipv4 ? 20 : 40) || esp + ESP_HEADER > data + bytes) return REFUSED_HEADERS;
    if (u8[data + l2 + (ipv4 ? 9 : 6)] !== PROTOCOL_ESP) return REFUSED_HEADERS;
    if (index >= IPSTX_SA_ENTRIES) return REFUSED_NO_SA;
    // The card never looks at the SPI of what it sends, so this is where a stale index is found.
    const spi = (u8[esp] | (u8[esp + 1] << 8) | (u8[esp + 2] << 16) | (u8[esp + 3] << 24)) >>> 0;
    if (spi === 0 || u32[(spis >> 2) + index] !== spi) return REFUSED_NO_SA;
    popts |= TXD_POPTS_IPSEC | TXD_CC;
    command |= TXC_IPSEC_TYPE_ESP | (told & METADATA_ESP_LEN);
    if ((told & METADATA_ENCRYPT) !== 0) command |= TXC_IPSEC_ENCRYPT;
    context[1] = index;
    // Checksums begin behind IPLEN, which then counts the ESP header too (X550 datasheet 7.2.3.2).
    if (sum !== 0) l3 += ESP_HEADER;
  }
  context[0] = l3 | (l2 << TXC_MACLEN_SHIFT);
  context[2] = command;
  context[3] = sum === 0 ? 0 : (sum === TX_TCP_CKSUM_HI ? TCP_HEADER : UDP_HEADER) << TXC_L4LEN_SHIFT;
  return popts;
}

/** Bytes before the IP header, VLAN tags included; {@link MOST_L2} and more when there is none. */
function ethernetBytes(u8: Uint8Array, data: number, bytes: number): number {
  for (let l2 = 14; l2 <= MOST_L2 && l2 <= bytes; l2 += 4) {
    const type = u8[data + l2 - 2] | (u8[data + l2 - 1] << 8);
    if (type === TYPE_IPV4 || type === TYPE_IPV6) return l2;
    if (type !== TYPE_VLAN && type !== TYPE_QINQ) break;
  }
  return 0x10000;
}
