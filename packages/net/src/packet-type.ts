import {
  PTYPE_INNER_L2_ETHER,
  PTYPE_INNER_L2_ETHER_QINQ,
  PTYPE_INNER_L2_ETHER_VLAN,
  PTYPE_INNER_L3_IPV4,
  PTYPE_INNER_L3_IPV4_EXT,
  PTYPE_INNER_L3_IPV6,
  PTYPE_INNER_L3_IPV6_EXT,
  PTYPE_L2_ETHER,
  PTYPE_L2_ETHER_ARP,
  PTYPE_L2_ETHER_LLDP,
  PTYPE_L2_ETHER_QINQ,
  PTYPE_L2_ETHER_TIMESYNC,
  PTYPE_L2_ETHER_VLAN,
  PTYPE_L3_IPV4,
  PTYPE_L3_IPV4_EXT,
  PTYPE_L3_IPV6,
  PTYPE_L3_IPV6_EXT,
  PTYPE_L3_MASK,
  PTYPE_L4_FRAG,
  PTYPE_L4_ICMP,
  PTYPE_L4_IGMP,
  PTYPE_L4_MASK,
  PTYPE_L4_SCTP,
  PTYPE_L4_TCP,
  PTYPE_L4_UDP,
  PTYPE_TUNNEL_ESP,
  PTYPE_TUNNEL_GENEVE,
  PTYPE_TUNNEL_GRE,
  PTYPE_TUNNEL_IP,
  PTYPE_TUNNEL_NVGRE,
  PTYPE_TUNNEL_VXLAN,
} from '@inline-ipsec/mbuf/packet-type';
import { readU16 } from './big-endian.ts';
import { ESP_HEADER_BYTES, udpCarriesEsp } from './esp.ts';
import {
  ETHERNET_HEADER_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_1588,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_LLDP,
  ETHERTYPE_QINQ,
  ETHERTYPE_TEB,
  ETHERTYPE_VLAN,
  VLAN_TAG_BYTES,
} from './ethernet.ts';
import {
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IGMP,
  IPPROTO_IPIP,
  IPPROTO_IPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from './ip-protocol.ts';
import { IPV4_HEADER_BYTES, IPV4_PROTOCOL, IPV4_TOTAL_LENGTH, ipv4IsFragment } from './ipv4.ts';
import { IPV6_HEADER_BYTES, IPV6_NEXT_HEADER, IPV6_PAYLOAD_LENGTH } from './ipv6.ts';
import { Ipv6Walk, isIpv6Extension, WALK_OK, walkIpv6Extensions } from './ipv6-extensions.ts';
import { UDP_DESTINATION_PORT, UDP_HEADER_BYTES } from './udp.ts';

/**
 * The software parser of packet types: what a card writes into a receive descriptor, for ports that have no such card
 * (DPDK: `rte_net_get_ptype`). It allocates nothing.
 *
 * It answers as DPDK's does, but for these:
 * - ESP is told, over IP and in UDP of port 4500, as PTYPE_TUNNEL_ESP; so are ICMP, IGMP, ARP, LLDP and IEEE 1588;
 * - a layer is named only when its header lies wholly in the frame, and in what the IP header says that the packet is, so
 *   that the padding of a short frame is never taken for a header;
 * - an atomic fragment (RFC 6946) is a whole packet, and AH is passed over as an extension;
 * - the inner L2 length is that of the inner Ethernet header alone.
 *
 * Not told: MPLS, PPPoE, GTP, VXLAN-GPE, and a tunnel in a tunnel.
 */

/** Bytes of each header that {@link parsePacketType} found, 0 for none (DPDK: `struct rte_net_hdr_lens`). */
export class HeaderLengths {
  /** Ethernet with its tags. */
  l2 = 0;
  /** IPv4 with options, or IPv6 with extension headers. */
  l3 = 0;
  /** TCP with options, UDP, SCTP, ICMP, IGMP; 0 for a fragment. */
  l4 = 0;
  /** What lies between the outer and the inner packet: GRE, VXLAN, Geneve, or SPI and sequence number of ESP. */
  tunnel = 0;
  /** The inner Ethernet header with its tags. */
  innerL2 = 0;
  innerL3 = 0;
  innerL4 = 0;
}

/** The UDP port of VXLAN (RFC 7348). */
const UDP_PORT_VXLAN = 4789;
/** The UDP port of Geneve (RFC 8926). */
const UDP_PORT_GENEVE = 6081;
const VXLAN_HEADER_BYTES = 8;

// Packet types put the inner L4 types 16 bits above the outer ones.
const INNER_L4_SHIFT = 16;

/** Where the parser stands. One for each thread, written anew for each packet. */
class Scan {
  /** Offset of the first byte not yet read. */
  at = 0;
  /** Offset behind the packet, as the headers so far have it. */
  end = 0;
  /** EtherType of what lies at `at`, when an Ethernet header was read. */
  etherType = 0;
  /** IP protocol of what lies at `at`, -1 when nothing readable does. */
  protocol = -1;
  l3Bytes = 0;
  l4Bytes = 0;
}

const scan = new Scan();
const walk = new Ipv6Walk();

/**
 * The type of a frame that begins with an Ethernet header (DPDK: `rte_net_get_ptype`). For the data path.
 *
 * @param at where the frame begins
 * @param bytes its length without FCS
 * @param lengths is overwritten
 * @returns `PTYPE_` bits, 0 when not even the Ethernet header is there
 */
export function parsePacketType(u8: Uint8Array, at: number, bytes: number, lengths: HeaderLengths): number {
  clearLengths(lengths);
  scan.at = at;
  scan.end = at + bytes;
  const tags = scanEthernet(u8);
  if (tags < 0) return 0;
  lengths.l2 = scan.at - at;
  const l2 = tags === 0 ? l2Type(scan.etherType) : tags === 1 ? PTYPE_L2_ETHER_VLAN : PTYPE_L2_ETHER_QINQ;
  if (scan.etherType === ETHERTYPE_IPV4) return l2 | scanIpv4(u8) | outerLayers(u8, lengths);
  if (scan.etherType === ETHERTYPE_IPV6) return l2 | scanIpv6(u8) | outerLayers(u8, lengths);
  return l2;
}

/**
 * The type of a packet that begins with an IP header, as {@link parsePacketType}; the L2 type and length are 0. For the
 * data path.
 *
 * @returns `PTYPE_` bits, 0 when it is no IP packet
 */
export function parseIpPacketType(u8: Uint8Array, at: number, bytes: number, lengths: HeaderLengths): number {
  clearLengths(lengths);
  scan.at = at;
  scan.end = at + bytes;
  if (bytes === 0) return 0;
  const version = u8[at] >>> 4;
  if (version === 4) return scanIpv4(u8) | outerLayers(u8, lengths);
  if (version === 6) return scanIpv6(u8) | outerLayers(u8, lengths);
  return 0;
}

function clearLengths(lengths: HeaderLengths): void {
  lengths.l2 = 0;
  lengths.l3 = 0;
  lengths.l4 = 0;
  lengths.tunnel = 0;
  lengths.innerL2 = 0;
  lengths.innerL3 = 0;
  lengths.innerL4 = 0;
}

/** L4 of the packet whose L3 was just scanned, then tunnel and inner layers. */
function outerLayers(u8: Uint8Array, lengths: HeaderLengths): number {
  lengths.l3 = scan.l3Bytes;
  const l4 = scanL4(u8);
  lengths.l4 = scan.l4Bytes;
  if (l4 !== 0 && l4 !== PTYPE_L4_UDP) return l4;
  const at = scan.at;
  const tunnel = l4 === 0 ? scanTunnel(u8) : scanUdpTunnel(u8, at - UDP_HEADER_BYTES);
  if (tunnel === 0) return l4;
  lengths.tunnel = scan.at - at;
  return tunnel === PTYPE_TUNNEL_ESP ? l4 | tunnel : l4 | tunnel | innerLayers(u8, lengths);
}

function innerLayers(u8: Uint8Array, lengths: HeaderLengths): number {
  let type = 0;
  if (scan.etherType === ETHERTYPE_TEB) {
    const at = scan.at;
    const tags = scanEthernet(u8);
    if (tags < 0) return 0;
    lengths.innerL2 = scan.at - at;
    type = tags === 0 ? PTYPE_INNER_L2_ETHER : tags === 1 ? PTYPE_INNER_L2_ETHER_VLAN : PTYPE_INNER_L2_ETHER_QINQ;
  }
  let l3 = 0;
  if (scan.etherType === ETHERTYPE_IPV4) l3 = scanIpv4(u8);
  else if (scan.etherType === ETHERTYPE_IPV6) l3 = scanIpv6(u8);
  if ((l3 & PTYPE_L3_MASK) === 0) return type;
  type |= innerL3Type(l3 & PTYPE_L3_MASK) | ((l3 & PTYPE_L4_MASK) << INNER_L4_SHIFT);
  lengths.innerL3 = scan.l3Bytes;
  // IGMP and what else has no inner type is left at none.
  const l4 = scanL4(u8);
  if (l4 === PTYPE_L4_IGMP) return type;
  lengths.innerL4 = scan.l4Bytes;
  return type | (l4 << INNER_L4_SHIFT);
}

/** Passes the Ethernet header and up to two tags: says how many, or -1 when the frame is too short. */
function scanEthernet(u8: Uint8Array): number {
  const at = scan.at;
  let next = at + ETHERNET_HEADER_BYTES;
  if (next > scan.end) return -1;
  let etherType = readU16(u8, at + ETHERNET_TYPE);
  let tags = 0;
  while (tags < 2 && (etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ)) {
    // A cut tag is told as one, and nothing behind it.
    if (next + VLAN_TAG_BYTES > scan.end) {
      etherType = 0;
      tags++;
      break;
    }
    etherType = readU16(u8, next + 2);
    next += VLAN_TAG_BYTES;
    tags++;
  }
  scan.at = next;
  scan.etherType = etherType;
  return tags;
}

/** Passes an IPv4 header with options. Says its L3 type, and FRAG where it is one; 0 when it is none. */
function scanIpv4(u8: Uint8Array): number {
  const at = scan.at;
  scan.l3Bytes = 0;
  scan.protocol = -1;
  if (at + IPV4_HEADER_BYTES > scan.end) return 0;
  const versionIhl = u8[at];
  const headerBytes = (versionIhl & 0x0f) << 2;
  if (versionIhl >>> 4 !== 4 || headerBytes < IPV4_HEADER_BYTES || at + headerBytes > scan.end) return 0;
  const type = headerBytes === IPV4_HEADER_BYTES ? PTYPE_L3_IPV4 : PTYPE_L3_IPV4_EXT;
  scan.l3Bytes = headerBytes;
  scan.at = at + headerBytes;
  const end = at + readU16(u8, at + IPV4_TOTAL_LENGTH);
  if (end < scan.end) scan.end = end;
  if (ipv4IsFragment(u8, at)) return type | PTYPE_L4_FRAG;
  scan.protocol = u8[at + IPV4_PROTOCOL];
  return type;
}

/** Passes an IPv6 header with its extensions; as {@link scanIpv4}. */
function scanIpv6(u8: Uint8Array): number {
  const at = scan.at;
  scan.l3Bytes = 0;
  scan.protocol = -1;
  if (at + IPV6_HEADER_BYTES > scan.end || u8[at] >>> 4 !== 6) return 0;
  const end = at + IPV6_HEADER_BYTES + readU16(u8, at + IPV6_PAYLOAD_LENGTH);
  if (end < scan.end) scan.end = end;
  const first = u8[at + IPV6_NEXT_HEADER];
  if (!isIpv6Extension(first)) {
    scan.l3Bytes = IPV6_HEADER_BYTES;
    scan.at = at + IPV6_HEADER_BYTES;
    scan.protocol = first;
    // ESP is an extension header as well (RFC 8200, section 4), and DPDK's parser says so.
    return first === IPPROTO_ESP ? PTYPE_L3_IPV6_EXT : PTYPE_L3_IPV6;
  }
  const verdict = walkIpv6Extensions(u8, at, scan.end, walk);
  scan.l3Bytes = walk.at - at;
  scan.at = walk.at;
  if (verdict !== WALK_OK) return PTYPE_L3_IPV6_EXT;
  if (walk.fragment) return PTYPE_L3_IPV6_EXT | PTYPE_L4_FRAG;
  scan.protocol = walk.protocol;
  return PTYPE_L3_IPV6_EXT;
}

/** Passes a transport header. Says its outer L4 type, 0 when it is none or cut. */
function scanL4(u8: Uint8Array): number {
  const at = scan.at;
  let type = 0;
  let bytes = 0;
  switch (scan.protocol) {
    case IPPROTO_UDP:
      type = PTYPE_L4_UDP;
      bytes = UDP_HEADER_BYTES;
      break;
    case IPPROTO_TCP:
      type = PTYPE_L4_TCP;
      bytes = at + 20 <= scan.end ? (u8[at + 12] & 0xf0) >> 2 : 20;
      if (bytes < 20) type = 0;
      break;
    case IPPROTO_SCTP:
      type = PTYPE_L4_SCTP;
      bytes = 12;
      break;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      type = PTYPE_L4_ICMP;
      bytes = 8;
      break;
    case IPPROTO_IGMP:
      type = PTYPE_L4_IGMP;
      bytes = 8;
      break;
    default:
  }
  if (type !== 0 && at + bytes > scan.end) {
    type = 0;
    scan.protocol = -1;
  }
  scan.l4Bytes = type === 0 ? 0 : bytes;
  scan.at = at + scan.l4Bytes;
  return type;
}

/** Passes the header of a tunnel directly over IP, and says in `scan.etherType` what is inside. */
function scanTunnel(u8: Uint8Array): number {
  switch (scan.protocol) {
    case IPPROTO_ESP:
      if (scan.at + ESP_HEADER_BYTES > scan.end) return 0;
      scan.at += ESP_HEADER_BYTES;
      return PTYPE_TUNNEL_ESP;
    case IPPROTO_IPIP:
      scan.etherType = ETHERTYPE_IPV4;
      return PTYPE_TUNNEL_IP;
    case IPPROTO_IPV6:
      scan.etherType = ETHERTYPE_IPV6;
      return PTYPE_TUNNEL_IP;
    case IPPROTO_GRE:
      return scanGre(u8);
    default:
      return 0;
  }
}

/** GRE of version 0 with checksum, key and sequence number (RFC 2784, RFC 2890); no source routing. */
function scanGre(u8: Uint8Array): number {
  const at = scan.at;
  if (at + 4 > scan.end) return 0;
  const flags = u8[at];
  if ((flags & 0x4f) !== 0 || (u8[at + 1] & 7) !== 0) return 0;
  const bytes = 4 + ((flags & 0x80) >> 5) + ((flags & 0x20) >> 3) + ((flags & 0x10) >> 2);
  if (at + bytes > scan.end) return 0;
  scan.etherType = readU16(u8, at + 2);
  scan.at = at + bytes;
  return scan.etherType === ETHERTYPE_TEB ? PTYPE_TUNNEL_NVGRE : PTYPE_TUNNEL_GRE;
}

/** Passes the header of a tunnel in UDP; `scan.at` is behind the UDP header already. */
function scanUdpTunnel(u8: Uint8Array, udpAt: number): number {
  const at = scan.at;
  if (udpCarriesEsp(u8, udpAt, scan.end)) {
    scan.at = at + ESP_HEADER_BYTES;
    return PTYPE_TUNNEL_ESP;
  }
  if (at + VXLAN_HEADER_BYTES > scan.end) return 0;
  const port = readU16(u8, udpAt + UDP_DESTINATION_PORT);
  if (port === UDP_PORT_VXLAN) {
    scan.at = at + VXLAN_HEADER_BYTES;
    scan.etherType = ETHERTYPE_TEB;
    return PTYPE_TUNNEL_VXLAN;
  }
  if (port !== UDP_PORT_GENEVE) return 0;
  const bytes = 8 + ((u8[at] & 0x3f) << 2);
  if (at + bytes > scan.end) return 0;
  scan.at = at + bytes;
  scan.etherType = readU16(u8, at + 2);
  return PTYPE_TUNNEL_GENEVE;
}

function l2Type(etherType: number): number {
  switch (etherType) {
    case ETHERTYPE_ARP:
      return PTYPE_L2_ETHER_ARP;
    case ETHERTYPE_1588:
      return PTYPE_L2_ETHER_TIMESYNC;
    case ETHERTYPE_LLDP:
      return PTYPE_L2_ETHER_LLDP;
    default:
      return PTYPE_L2_ETHER;
  }
}

function innerL3Type(l3: number): number {
  switch (l3) {
    case PTYPE_L3_IPV4:
      return PTYPE_INNER_L3_IPV4;
    case PTYPE_L3_IPV4_EXT:
      return PTYPE_INNER_L3_IPV4_EXT;
    case PTYPE_L3_IPV6:
      return PTYPE_INNER_L3_IPV6;
    default:
      return PTYPE_INNER_L3_IPV6_EXT;
  }
}
