/**
 * How received packets are spread over queues by a hash (DPDK: `struct rte_eth_rss_conf`, `RTE_ETH_RSS_…`,
 * lib/ethdev/rte_ethdev.h). The bits are DPDK's; none above 17 has a meaning here.
 */

/** Hash of IPv4 by its addresses. */
export const RSS_IPV4: number = 1 << 2;
/** Hash of fragments of IPv4. */
export const RSS_FRAG_IPV4: number = 1 << 3;
/** Hash of TCP over IPv4 by addresses and ports. */
export const RSS_NONFRAG_IPV4_TCP: number = 1 << 4;
/** Hash of UDP over IPv4 by addresses and ports. */
export const RSS_NONFRAG_IPV4_UDP: number = 1 << 5;
/** Hash of SCTP over IPv4 by addresses and ports. */
export const RSS_NONFRAG_IPV4_SCTP: number = 1 << 6;
/** Hash of whatever else IPv4 carries. */
export const RSS_NONFRAG_IPV4_OTHER: number = 1 << 7;
/** Hash of IPv6 by its addresses. */
export const RSS_IPV6: number = 1 << 8;
/** Hash of fragments of IPv6. */
export const RSS_FRAG_IPV6: number = 1 << 9;
/** Hash of TCP over IPv6 by addresses and ports. */
export const RSS_NONFRAG_IPV6_TCP: number = 1 << 10;
/** Hash of UDP over IPv6 by addresses and ports. */
export const RSS_NONFRAG_IPV6_UDP: number = 1 << 11;
/** Hash of SCTP over IPv6 by addresses and ports. */
export const RSS_NONFRAG_IPV6_SCTP: number = 1 << 12;
/** Hash of whatever else IPv6 carries. */
export const RSS_NONFRAG_IPV6_OTHER: number = 1 << 13;
/** Hash of what is no IP. */
export const RSS_L2_PAYLOAD: number = 1 << 14;
/** Hash of IPv6 with extension headers. */
export const RSS_IPV6_EX: number = 1 << 15;
/** Hash of TCP over IPv6 with extension headers. */
export const RSS_IPV6_TCP_EX: number = 1 << 16;
/** Hash of UDP over IPv6 with extension headers. */
export const RSS_IPV6_UDP_EX: number = 1 << 17;

/** All of IP (DPDK: `RTE_ETH_RSS_IP`). */
export const RSS_IP: number =
  RSS_IPV4 | RSS_FRAG_IPV4 | RSS_NONFRAG_IPV4_OTHER | RSS_IPV6 | RSS_FRAG_IPV6 | RSS_NONFRAG_IPV6_OTHER | RSS_IPV6_EX;
/** All of UDP (DPDK: `RTE_ETH_RSS_UDP`). */
export const RSS_UDP: number = RSS_NONFRAG_IPV4_UDP | RSS_NONFRAG_IPV6_UDP | RSS_IPV6_UDP_EX;
/** All of TCP (DPDK: `RTE_ETH_RSS_TCP`). */
export const RSS_TCP: number = RSS_NONFRAG_IPV4_TCP | RSS_NONFRAG_IPV6_TCP | RSS_IPV6_TCP_EX;
/** All of SCTP (DPDK: `RTE_ETH_RSS_SCTP`). */
export const RSS_SCTP: number = RSS_NONFRAG_IPV4_SCTP | RSS_NONFRAG_IPV6_SCTP;

const NAMES: readonly (string | undefined)[] = [
  undefined,
  undefined,
  'IPV4',
  'FRAG_IPV4',
  'NONFRAG_IPV4_TCP',
  'NONFRAG_IPV4_UDP',
  'NONFRAG_IPV4_SCTP',
  'NONFRAG_IPV4_OTHER',
  'IPV6',
  'FRAG_IPV6',
  'NONFRAG_IPV6_TCP',
  'NONFRAG_IPV6_UDP',
  'NONFRAG_IPV6_SCTP',
  'NONFRAG_IPV6_OTHER',
  'L2_PAYLOAD',
  'IPV6_EX',
  'IPV6_TCP_EX',
  'IPV6_UDP_EX',
];

/** The names of the hash functions in a mask, lowest bit first. */
export function rssFunctionNames(mask: number): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit++) if (((mask >>> bit) & 1) !== 0) found.push(NAMES[bit] ?? `bit ${bit}`);
  return found;
}

/** What a device can do of it (DPDK: `flow_type_rss_offloads`, `hash_key_size`, `reta_size`). */
export interface RssCapabilities {
  /** The hash functions that it has: a mask of RSS_ bits. */
  readonly functions: number;
  /** Length of its hash key in bytes. */
  readonly keyBytes: number;
  /** Entries of its redirection table. */
  readonly redirectionEntries: number;
}

/** What is hashed, and with which key (DPDK: `struct rte_eth_rss_conf`). */
export interface RssConfiguration {
  /** A mask of RSS_ bits (DPDK: `rss_hf`); 0 is no RSS: all packets come to queue 0. */
  readonly functions: number;
  /** The hash key. Default: the driver's. */
  readonly key?: Uint8Array;
}
