/**
 * Packet types: what a packet is, as far as whoever parsed it knows (DPDK: `RTE_PTYPE_x`; lib/mbuf/rte_mbuf_ptype.h).
 * A type is 32 bits: a nibble each for L2, L3, L4, tunnel, inner L2, inner L3, inner L4, from the lowest on; 0 in a
 * nibble says nothing. Without a tunnel the headers are in the outer fields.
 */

/** Nothing is known. */
export const PTYPE_UNKNOWN = 0;

/** The nibble of L2, or outer L2 where there is a tunnel. */
export const PTYPE_L2_MASK = 0xf;
/** Ethernet with IP in it. */
export const PTYPE_L2_ETHER = 1;
/** EtherType 0x88f7. */
export const PTYPE_L2_ETHER_TIMESYNC = 2;
/** EtherType 0x0806. */
export const PTYPE_L2_ETHER_ARP = 3;
/** EtherType 0x88cc. */
export const PTYPE_L2_ETHER_LLDP = 4;
/** EtherType 0x894f. */
export const PTYPE_L2_ETHER_NSH = 5;
/** EtherType 0x8100. */
export const PTYPE_L2_ETHER_VLAN = 6;
/** EtherType 0x88a8. */
export const PTYPE_L2_ETHER_QINQ = 7;
/** EtherType 0x8863 or 0x8864. */
export const PTYPE_L2_ETHER_PPPOE = 8;
/** EtherType 0x8906. */
export const PTYPE_L2_ETHER_FCOE = 9;
/** EtherType 0x8847 or 0x8848. */
export const PTYPE_L2_MPLS = 10;

/** The nibble of L3, or outer L3. */
export const PTYPE_L3_MASK = 0xf0;
/** IPv4 without options. */
export const PTYPE_L3_IPV4 = 0x10;
/** IPv4 with options. */
export const PTYPE_L3_IPV4_EXT = 0x30;
/** IPv6 without extension headers. */
export const PTYPE_L3_IPV6 = 0x40;
/** IPv4, with or without options. */
export const PTYPE_L3_IPV4_EXT_UNKNOWN = 0x90;
/** IPv6 with extension headers. */
export const PTYPE_L3_IPV6_EXT = 0xc0;
/** IPv6, with or without extension headers. */
export const PTYPE_L3_IPV6_EXT_UNKNOWN = 0xe0;

/** The nibble of L4, or outer L4. */
export const PTYPE_L4_MASK = 0xf00;
/** Protocol 6. */
export const PTYPE_L4_TCP = 0x100;
/** Protocol 17. */
export const PTYPE_L4_UDP = 0x200;
/** A fragment, the first one too. */
export const PTYPE_L4_FRAG = 0x300;
/** Protocol 132. */
export const PTYPE_L4_SCTP = 0x400;
/** Protocol 1, or 58 over IPv6. */
export const PTYPE_L4_ICMP = 0x500;
/** Another protocol, not a fragment. */
export const PTYPE_L4_NONFRAG = 0x600;
/** Protocol 2. */
export const PTYPE_L4_IGMP = 0x700;
/** Protocol 50. */
export const PTYPE_L4_ESP = 0x800;

/** The nibble of the tunnel. */
export const PTYPE_TUNNEL_MASK = 0xf000;
/** IP in IP: protocol 4 or 41. */
export const PTYPE_TUNNEL_IP = 0x1000;
/** Protocol 47. */
export const PTYPE_TUNNEL_GRE = 0x2000;
/** UDP port 4789. */
export const PTYPE_TUNNEL_VXLAN = 0x3000;
/** GRE with protocol type 0x6558. */
export const PTYPE_TUNNEL_NVGRE = 0x4000;
/** UDP port 6081. */
export const PTYPE_TUNNEL_GENEVE = 0x5000;
/** Teredo, VXLAN or GRE, not told apart. */
export const PTYPE_TUNNEL_GRENAT = 0x6000;
/** UDP port 2123. */
export const PTYPE_TUNNEL_GTPC = 0x7000;
/** UDP port 2152. */
export const PTYPE_TUNNEL_GTPU = 0x8000;
/** ESP in tunnel mode, or in UDP port 4500. */
export const PTYPE_TUNNEL_ESP = 0x9000;
/** UDP port 1701, or protocol 115. */
export const PTYPE_TUNNEL_L2TP = 0xa000;
/** UDP port 4790. */
export const PTYPE_TUNNEL_VXLAN_GPE = 0xb000;
/** RFC 4023. */
export const PTYPE_TUNNEL_MPLS_IN_GRE = 0xc000;
/** RFC 7510. */
export const PTYPE_TUNNEL_MPLS_IN_UDP = 0xd000;

/** The nibble of inner L2. */
export const PTYPE_INNER_L2_MASK = 0xf_0000;
/** Ethernet. */
export const PTYPE_INNER_L2_ETHER = 0x1_0000;
/** Ethernet with a VLAN tag. */
export const PTYPE_INNER_L2_ETHER_VLAN = 0x2_0000;
/** Ethernet with two VLAN tags. */
export const PTYPE_INNER_L2_ETHER_QINQ = 0x3_0000;

/** The nibble of inner L3. */
export const PTYPE_INNER_L3_MASK = 0xf0_0000;
/** IPv4 without options. */
export const PTYPE_INNER_L3_IPV4 = 0x10_0000;
/** IPv4 with options. */
export const PTYPE_INNER_L3_IPV4_EXT = 0x20_0000;
/** IPv6 without extension headers. */
export const PTYPE_INNER_L3_IPV6 = 0x30_0000;
/** IPv4, with or without options. */
export const PTYPE_INNER_L3_IPV4_EXT_UNKNOWN = 0x40_0000;
/** IPv6 with extension headers. */
export const PTYPE_INNER_L3_IPV6_EXT = 0x50_0000;
/** IPv6, with or without extension headers. */
export const PTYPE_INNER_L3_IPV6_EXT_UNKNOWN = 0x60_0000;

/** The nibble of inner L4. */
export const PTYPE_INNER_L4_MASK = 0xf00_0000;
/** TCP. */
export const PTYPE_INNER_L4_TCP = 0x100_0000;
/** UDP. */
export const PTYPE_INNER_L4_UDP = 0x200_0000;
/** A fragment. */
export const PTYPE_INNER_L4_FRAG = 0x300_0000;
/** SCTP. */
export const PTYPE_INNER_L4_SCTP = 0x400_0000;
/** ICMP. */
export const PTYPE_INNER_L4_ICMP = 0x500_0000;
/** Another protocol, not a fragment. */
export const PTYPE_INNER_L4_NONFRAG = 0x600_0000;

/** Whether the (outer) L3 header is IPv4 (DPDK: `RTE_ETH_IS_IPV4_HDR`). */
export function isIpv4PacketType(type: number): boolean {
  return (type & PTYPE_L3_IPV4) !== 0;
}

/** Whether the (outer) L3 header is IPv6 (DPDK: `RTE_ETH_IS_IPV6_HDR`). */
export function isIpv6PacketType(type: number): boolean {
  return (type & PTYPE_L3_IPV6) !== 0;
}

/** Whether there is a tunnel (DPDK: `RTE_ETH_IS_TUNNEL_PKT`). */
export function isTunnelPacketType(type: number): boolean {
  return (type & PTYPE_TUNNEL_MASK) !== 0;
}

// One table a nibble, from the lowest on.
const NAMES: readonly Readonly<Record<number, string>>[] = [
  {
    [PTYPE_L2_ETHER]: 'L2_ETHER',
    [PTYPE_L2_ETHER_TIMESYNC]: 'L2_ETHER_TIMESYNC',
    [PTYPE_L2_ETHER_ARP]: 'L2_ETHER_ARP',
    [PTYPE_L2_ETHER_LLDP]: 'L2_ETHER_LLDP',
    [PTYPE_L2_ETHER_NSH]: 'L2_ETHER_NSH',
    [PTYPE_L2_ETHER_VLAN]: 'L2_ETHER_VLAN',
    [PTYPE_L2_ETHER_QINQ]: 'L2_ETHER_QINQ',
    [PTYPE_L2_ETHER_PPPOE]: 'L2_ETHER_PPPOE',
    [PTYPE_L2_ETHER_FCOE]: 'L2_ETHER_FCOE',
    [PTYPE_L2_MPLS]: 'L2_MPLS',
  },
  {
    [PTYPE_L3_IPV4]: 'L3_IPV4',
    [PTYPE_L3_IPV4_EXT]: 'L3_IPV4_EXT',
    [PTYPE_L3_IPV6]: 'L3_IPV6',
    [PTYPE_L3_IPV4_EXT_UNKNOWN]: 'L3_IPV4_EXT_UNKNOWN',
    [PTYPE_L3_IPV6_EXT]: 'L3_IPV6_EXT',
    [PTYPE_L3_IPV6_EXT_UNKNOWN]: 'L3_IPV6_EXT_UNKNOWN',
  },
  {
    [PTYPE_L4_TCP]: 'L4_TCP',
    [PTYPE_L4_UDP]: 'L4_UDP',
    [PTYPE_L4_FRAG]: 'L4_FRAG',
    [PTYPE_L4_SCTP]: 'L4_SCTP',
    [PTYPE_L4_ICMP]: 'L4_ICMP',
    [PTYPE_L4_NONFRAG]: 'L4_NONFRAG',
    [PTYPE_L4_IGMP]: 'L4_IGMP',
    [PTYPE_L4_ESP]: 'L4_ESP',
  },
  {
    [PTYPE_TUNNEL_IP]: 'TUNNEL_IP',
    [PTYPE_TUNNEL_GRE]: 'TUNNEL_GRE',
    [PTYPE_TUNNEL_VXLAN]: 'TUNNEL_VXLAN',
    [PTYPE_TUNNEL_NVGRE]: 'TUNNEL_NVGRE',
    [PTYPE_TUNNEL_GENEVE]: 'TUNNEL_GENEVE',
    [PTYPE_TUNNEL_GRENAT]: 'TUNNEL_GRENAT',
    [PTYPE_TUNNEL_GTPC]: 'TUNNEL_GTPC',
    [PTYPE_TUNNEL_GTPU]: 'TUNNEL_GTPU',
    [PTYPE_TUNNEL_ESP]: 'TUNNEL_ESP',
    [PTYPE_TUNNEL_L2TP]: 'TUNNEL_L2TP',
    [PTYPE_TUNNEL_VXLAN_GPE]: 'TUNNEL_VXLAN_GPE',
    [PTYPE_TUNNEL_MPLS_IN_GRE]: 'TUNNEL_MPLS_IN_GRE',
    [PTYPE_TUNNEL_MPLS_IN_UDP]: 'TUNNEL_MPLS_IN_UDP',
  },
  {
    [PTYPE_INNER_L2_ETHER]: 'INNER_L2_ETHER',
    [PTYPE_INNER_L2_ETHER_VLAN]: 'INNER_L2_ETHER_VLAN',
    [PTYPE_INNER_L2_ETHER_QINQ]: 'INNER_L2_ETHER_QINQ',
  },
  {
    [PTYPE_INNER_L3_IPV4]: 'INNER_L3_IPV4',
    [PTYPE_INNER_L3_IPV4_EXT]: 'INNER_L3_IPV4_EXT',
    [PTYPE_INNER_L3_IPV6]: 'INNER_L3_IPV6',
    [PTYPE_INNER_L3_IPV4_EXT_UNKNOWN]: 'INNER_L3_IPV4_EXT_UNKNOWN',
    [PTYPE_INNER_L3_IPV6_EXT]: 'INNER_L3_IPV6_EXT',
    [PTYPE_INNER_L3_IPV6_EXT_UNKNOWN]: 'INNER_L3_IPV6_EXT_UNKNOWN',
  },
  {
    [PTYPE_INNER_L4_TCP]: 'INNER_L4_TCP',
    [PTYPE_INNER_L4_UDP]: 'INNER_L4_UDP',
    [PTYPE_INNER_L4_FRAG]: 'INNER_L4_FRAG',
    [PTYPE_INNER_L4_SCTP]: 'INNER_L4_SCTP',
    [PTYPE_INNER_L4_ICMP]: 'INNER_L4_ICMP',
    [PTYPE_INNER_L4_NONFRAG]: 'INNER_L4_NONFRAG',
  },
];

/** The parts of a packet type in words, such as `L2_ETHER L3_IPV4 L4_UDP`; `UNKNOWN` for 0 (DPDK: `rte_get_ptype_name`). */
export function packetTypeName(type: number): string {
  const parts = NAMES.map((names, nibble) => {
    const part = type & (0xf << (4 * nibble));
    return part === 0 ? '' : (names[part] ?? `0x${part.toString(16)}`);
  });
  return parts.filter((part) => part !== '').join(' ') || 'UNKNOWN';
}
