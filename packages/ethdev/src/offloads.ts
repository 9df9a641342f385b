/**
 * Offload capabilities of a port: what it can do to frames on the way in and out. The bits are DPDK's
 * (`RTE_ETH_RX_OFFLOAD_…`, `RTE_ETH_TX_OFFLOAD_…`, lib/ethdev/rte_ethdev.h), as the gateway's `--rxoffload` and
 * `--txoffload` masks take them.
 *
 * DPDK's masks have 64 bits but none above 21 has a meaning, so a mask here is one unsigned 32-bit number.
 */

/** Rx: takes a VLAN tag off. */
export const RX_OFFLOAD_VLAN_STRIP: number = 1 << 0;
/** Rx: checks IPv4 header checksums. */
export const RX_OFFLOAD_IPV4_CKSUM: number = 1 << 1;
/** Rx: checks UDP checksums. */
export const RX_OFFLOAD_UDP_CKSUM: number = 1 << 2;
/** Rx: checks TCP checksums. */
export const RX_OFFLOAD_TCP_CKSUM: number = 1 << 3;
/** Rx: joins TCP segments (LRO, on the 82599 RSC). */
export const RX_OFFLOAD_TCP_LRO: number = 1 << 4;
/** Rx: takes two VLAN tags off. */
export const RX_OFFLOAD_QINQ_STRIP: number = 1 << 5;
/** Rx: checks the outer IPv4 header of a tunnel. */
export const RX_OFFLOAD_OUTER_IPV4_CKSUM: number = 1 << 6;
/** Rx: takes MACsec off. */
export const RX_OFFLOAD_MACSEC_STRIP: number = 1 << 7;
/** Rx: drops frames of other VLANs. */
export const RX_OFFLOAD_VLAN_FILTER: number = 1 << 9;
/** Rx: knows an outer VLAN tag. */
export const RX_OFFLOAD_VLAN_EXTEND: number = 1 << 10;
/** Rx: spreads a frame over several mbufs. */
export const RX_OFFLOAD_SCATTER: number = 1 << 13;
/** Rx: stamps the time. */
export const RX_OFFLOAD_TIMESTAMP: number = 1 << 14;
/** Rx: inline IPsec. */
export const RX_OFFLOAD_SECURITY: number = 1 << 15;
/** Rx: leaves the frame check sequence on. */
export const RX_OFFLOAD_KEEP_CRC: number = 1 << 16;
/** Rx: checks SCTP checksums. */
export const RX_OFFLOAD_SCTP_CKSUM: number = 1 << 17;
/** Rx: checks the outer UDP checksum of a tunnel. */
export const RX_OFFLOAD_OUTER_UDP_CKSUM: number = 1 << 18;
/** Rx: gives the RSS hash. */
export const RX_OFFLOAD_RSS_HASH: number = 1 << 19;
/** Rx: splits header and payload into two buffers. */
export const RX_OFFLOAD_BUFFER_SPLIT: number = 1 << 20;

/** Tx: puts a VLAN tag on. */
export const TX_OFFLOAD_VLAN_INSERT: number = 1 << 0;
/** Tx: fills in IPv4 header checksums. */
export const TX_OFFLOAD_IPV4_CKSUM: number = 1 << 1;
/** Tx: fills in UDP checksums. */
export const TX_OFFLOAD_UDP_CKSUM: number = 1 << 2;
/** Tx: fills in TCP checksums. */
export const TX_OFFLOAD_TCP_CKSUM: number = 1 << 3;
/** Tx: fills in SCTP checksums. */
export const TX_OFFLOAD_SCTP_CKSUM: number = 1 << 4;
/** Tx: cuts large TCP segments. */
export const TX_OFFLOAD_TCP_TSO: number = 1 << 5;
/** Tx: cuts large UDP datagrams. */
export const TX_OFFLOAD_UDP_TSO: number = 1 << 6;
/** Tx: fills in the outer IPv4 header checksum of a tunnel. */
export const TX_OFFLOAD_OUTER_IPV4_CKSUM: number = 1 << 7;
/** Tx: puts two VLAN tags on. */
export const TX_OFFLOAD_QINQ_INSERT: number = 1 << 8;
/** Tx: cuts TCP inside VXLAN. */
export const TX_OFFLOAD_VXLAN_TNL_TSO: number = 1 << 9;
/** Tx: cuts TCP inside GRE. */
export const TX_OFFLOAD_GRE_TNL_TSO: number = 1 << 10;
/** Tx: cuts TCP inside IP-in-IP. */
export const TX_OFFLOAD_IPIP_TNL_TSO: number = 1 << 11;
/** Tx: cuts TCP inside GENEVE. */
export const TX_OFFLOAD_GENEVE_TNL_TSO: number = 1 << 12;
/** Tx: puts MACsec on. */
export const TX_OFFLOAD_MACSEC_INSERT: number = 1 << 13;
/** Tx: several lcores may send on one queue without a lock. */
export const TX_OFFLOAD_MT_LOCKFREE: number = 1 << 14;
/** Tx: takes mbufs of several segments. */
export const TX_OFFLOAD_MULTI_SEGS: number = 1 << 15;
/** Tx: frees mbufs quickly, if all of a queue are of one pool and have one reference. */
export const TX_OFFLOAD_MBUF_FAST_FREE: number = 1 << 16;
/** Tx: inline IPsec. */
export const TX_OFFLOAD_SECURITY: number = 1 << 17;
/** Tx: cuts TCP inside any UDP tunnel. */
export const TX_OFFLOAD_UDP_TNL_TSO: number = 1 << 18;
/** Tx: cuts TCP inside any IP tunnel. */
export const TX_OFFLOAD_IP_TNL_TSO: number = 1 << 19;
/** Tx: fills in the outer UDP checksum of a tunnel. */
export const TX_OFFLOAD_OUTER_UDP_CKSUM: number = 1 << 20;
/** Tx: sends at a given time. */
export const TX_OFFLOAD_SEND_ON_TIMESTAMP: number = 1 << 21;

/** A mask with every bit set: what the gateway takes when it is not told which offloads to use. */
export const ALL_OFFLOADS = 0xffffffff;

const RX_NAMES: readonly (string | undefined)[] = [
  'VLAN_STRIP',
  'IPV4_CKSUM',
  'UDP_CKSUM',
  'TCP_CKSUM',
  'TCP_LRO',
  'QINQ_STRIP',
  'OUTER_IPV4_CKSUM',
  'MACSEC_STRIP',
  undefined,
  'VLAN_FILTER',
  'VLAN_EXTEND',
  undefined,
  undefined,
  'SCATTER',
  'TIMESTAMP',
  'SECURITY',
  'KEEP_CRC',
  'SCTP_CKSUM',
  'OUTER_UDP_CKSUM',
  'RSS_HASH',
  'BUFFER_SPLIT',
];

const TX_NAMES: readonly (string | undefined)[] = [
  'VLAN_INSERT',
  'IPV4_CKSUM',
  'UDP_CKSUM',
  'TCP_CKSUM',
  'SCTP_CKSUM',
  'TCP_TSO',
  'UDP_TSO',
  'OUTER_IPV4_CKSUM',
  'QINQ_INSERT',
  'VXLAN_TNL_TSO',
  'GRE_TNL_TSO',
  'IPIP_TNL_TSO',
  'GENEVE_TNL_TSO',
  'MACSEC_INSERT',
  'MT_LOCKFREE',
  'MULTI_SEGS',
  'MBUF_FAST_FREE',
  'SECURITY',
  'UDP_TNL_TSO',
  'IP_TNL_TSO',
  'OUTER_UDP_CKSUM',
  'SEND_ON_TIMESTAMP',
];

/** The names of the Rx offloads in a mask, lowest bit first (DPDK: `rte_eth_dev_rx_offload_name`). */
export function rxOffloadNames(mask: number): string[] {
  return namesOf(mask, RX_NAMES);
}

/** The names of the Tx offloads in a mask, lowest bit first (DPDK: `rte_eth_dev_tx_offload_name`). */
export function txOffloadNames(mask: number): string[] {
  return namesOf(mask, TX_NAMES);
}

function namesOf(mask: number, names: readonly (string | undefined)[]): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) !== 0) found.push(names[bit] ?? `bit ${bit}`);
  }
  return found;
}
