import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_OL_FLAGS_HI, MBUF_OL_FLAGS_LO } from './layout.ts';
import { txTsoSegmentSize } from './tx-offload.ts';

/**
 * Offload flags of an mbuf (DPDK: `RTE_MBUF_F_RX_x` and `RTE_MBUF_F_TX_x`, before 21.11 `PKT_RX_x` and `PKT_TX_x`;
 * lib/mbuf/rte_mbuf_core.h). The 64 bits lie in two words: what ends in `_HI` belongs to `MBUF_OL_FLAGS_HI`, all else
 * to `MBUF_OL_FLAGS_LO`. What a port received is told in the low word; what it shall do when it sends, in the high one.
 * Bits 23 to 40 are given out by name: see the dynamic flags of `dynfield`.
 */

/** The packet has a VLAN tag, and `vlan_tci` has it too. */
export const RX_VLAN: number = 1 << 0;
/** `hash.rss` is set. */
export const RX_RSS_HASH: number = 1 << 1;
/** A flow director rule matched. */
export const RX_FDIR: number = 1 << 2;
/** The L4 checksum is wrong. With {@link RX_L4_CKSUM_GOOD}: the packet has none; neither: nobody looked. */
export const RX_L4_CKSUM_BAD: number = 1 << 3;
/** The IPv4 header checksum is wrong. With {@link RX_IP_CKSUM_GOOD}: wrong, but the packet was checked otherwise; neither: nobody looked. */
export const RX_IP_CKSUM_BAD: number = 1 << 4;
/** The outer IPv4 header checksum is wrong. */
export const RX_OUTER_IP_CKSUM_BAD: number = 1 << 5;
/** The VLAN tag was taken out of the data; {@link RX_VLAN} is set too. */
export const RX_VLAN_STRIPPED: number = 1 << 6;
/** The IPv4 header checksum is right. */
export const RX_IP_CKSUM_GOOD: number = 1 << 7;
/** The L4 checksum is right. */
export const RX_L4_CKSUM_GOOD: number = 1 << 8;
/** A PTP packet. */
export const RX_IEEE1588_PTP: number = 1 << 9;
/** The time of its arrival was taken. */
export const RX_IEEE1588_TMST: number = 1 << 10;
/** `hash.fdir` has the rule's id. */
export const RX_FDIR_ID: number = 1 << 13;
/** `hash.fdir` has the flexible bytes. */
export const RX_FDIR_FLX: number = 1 << 14;
/** Both VLAN tags were taken out of the data. */
export const RX_QINQ_STRIPPED: number = 1 << 15;
/** Several packets, joined by the port. */
export const RX_LRO: number = 1 << 16;
/** The port did the security offload that its flow asks for. */
export const RX_SEC_OFFLOAD: number = 1 << 18;
/** It did, and failed: the packet is not authentic, or not deciphered. {@link RX_SEC_OFFLOAD} is set too. */
export const RX_SEC_OFFLOAD_FAILED: number = 1 << 19;
/** The packet has two VLAN tags. */
export const RX_QINQ: number = 1 << 20;
/** The outer L4 checksum is wrong. With {@link RX_OUTER_L4_CKSUM_GOOD}: invalid; neither: nobody looked. */
export const RX_OUTER_L4_CKSUM_BAD: number = 1 << 21;
/** The outer L4 checksum is right. */
export const RX_OUTER_L4_CKSUM_GOOD: number = 1 << 22;

/** The two bits that tell of the L4 checksum. */
export const RX_L4_CKSUM_MASK: number = RX_L4_CKSUM_BAD | RX_L4_CKSUM_GOOD;
/** The two bits that tell of the IPv4 header checksum. */
export const RX_IP_CKSUM_MASK: number = RX_IP_CKSUM_BAD | RX_IP_CKSUM_GOOD;
/** The two bits that tell of the outer L4 checksum. */
export const RX_OUTER_L4_CKSUM_MASK: number = RX_OUTER_L4_CKSUM_BAD | RX_OUTER_L4_CKSUM_GOOD;

/** Bit 41: calculate the outer UDP checksum. */
export const TX_OUTER_UDP_CKSUM_HI: number = 1 << 9;
/** Bit 42: cut the UDP payload into packets (UFO). */
export const TX_UDP_SEG_HI: number = 1 << 10;
/** Bit 43: do the security offload of the session in the packet's metadata. */
export const TX_SEC_OFFLOAD_HI: number = 1 << 11;
/** Bit 44: do MACsec. */
export const TX_MACSEC_HI: number = 1 << 12;
/** Bits 45 to 48: what tunnel the packet has, one of the next ten. */
export const TX_TUNNEL_MASK_HI: number = 0xf << 13;
/** VXLAN. */
export const TX_TUNNEL_VXLAN_HI: number = 0x1 << 13;
/** GRE. */
export const TX_TUNNEL_GRE_HI: number = 0x2 << 13;
/** IP in IP. */
export const TX_TUNNEL_IPIP_HI: number = 0x3 << 13;
/** GENEVE. */
export const TX_TUNNEL_GENEVE_HI: number = 0x4 << 13;
/** MPLS in UDP. */
export const TX_TUNNEL_MPLSINUDP_HI: number = 0x5 << 13;
/** VXLAN-GPE. */
export const TX_TUNNEL_VXLAN_GPE_HI: number = 0x6 << 13;
/** GTP. */
export const TX_TUNNEL_GTP_HI: number = 0x7 << 13;
/** ESP. */
export const TX_TUNNEL_ESP_HI: number = 0x8 << 13;
/** Any tunnel in IP that has no flag of its own. */
export const TX_TUNNEL_IP_HI: number = 0xd << 13;
/** Any tunnel in UDP that has no flag of its own. */
export const TX_TUNNEL_UDP_HI: number = 0xe << 13;
/** Bit 49: insert both VLAN tags. */
export const TX_QINQ_HI: number = 1 << 17;
/** Bit 50: cut the TCP payload into segments (TSO) of `tso_segsz` bytes. */
export const TX_TCP_SEG_HI: number = 1 << 18;
/** Bit 51: take the time when it leaves. */
export const TX_IEEE1588_TMST_HI: number = 1 << 19;
/** Bits 52 and 53: which L4 checksum to calculate, one of the next three or none. */
export const TX_L4_MASK_HI: number = 3 << 20;
/** TCP. */
export const TX_TCP_CKSUM_HI: number = 1 << 20;
/** SCTP (CRC32c). */
export const TX_SCTP_CKSUM_HI: number = 2 << 20;
/** UDP. */
export const TX_UDP_CKSUM_HI: number = 3 << 20;
/** Bit 54: calculate the IPv4 header checksum. */
export const TX_IP_CKSUM_HI: number = 1 << 22;
/** Bit 55: the packet is IPv4. */
export const TX_IPV4_HI: number = 1 << 23;
/** Bit 56: the packet is IPv6. */
export const TX_IPV6_HI: number = 1 << 24;
/** Bit 57: insert the VLAN tag `vlan_tci`. */
export const TX_VLAN_HI: number = 1 << 25;
/** Bit 58: calculate the outer IPv4 header checksum. */
export const TX_OUTER_IP_CKSUM_HI: number = 1 << 26;
/** Bit 59: the outer header is IPv4. */
export const TX_OUTER_IPV4_HI: number = 1 << 27;
/** Bit 60: the outer header is IPv6. */
export const TX_OUTER_IPV6_HI: number = 1 << 28;
/** All that asks a port for something when it sends (DPDK: `RTE_MBUF_F_TX_OFFLOAD_MASK`). */
export const TX_OFFLOAD_MASK_HI: number = (1 << 29) - (1 << 9);

/** Bit 61: the buffer is not of the mbuf's pool, and is counted by its shared info (DPDK: `RTE_MBUF_F_EXTERNAL`). */
export const MBUF_EXTERNAL_HI: number = 1 << 29;
/** Bit 62: the buffer is another mbuf's (DPDK: `RTE_MBUF_F_INDIRECT`). */
export const MBUF_INDIRECT_HI: number = 1 << 30;

interface NamedFlag {
  readonly name: string;
  /** The bits that are looked at. */
  readonly mask: number;
  /** What they are then. */
  readonly value: number;
}

const flag = (name: string, value: number, mask = value): NamedFlag => ({ name, mask, value });

// In the order of the bits. Of a pair of bits one name at most fits: one of the two, or both.
const RX_FLAGS: readonly NamedFlag[] = [
  flag('RX_VLAN', RX_VLAN),
  flag('RX_RSS_HASH', RX_RSS_HASH),
  flag('RX_FDIR', RX_FDIR),
  flag('RX_L4_CKSUM_BAD', RX_L4_CKSUM_BAD, RX_L4_CKSUM_MASK),
  flag('RX_L4_CKSUM_GOOD', RX_L4_CKSUM_GOOD, RX_L4_CKSUM_MASK),
  flag('RX_L4_CKSUM_NONE', RX_L4_CKSUM_MASK, RX_L4_CKSUM_MASK),
  flag('RX_IP_CKSUM_BAD', RX_IP_CKSUM_BAD, RX_IP_CKSUM_MASK),
  flag('RX_IP_CKSUM_GOOD', RX_IP_CKSUM_GOOD, RX_IP_CKSUM_MASK),
  flag('RX_IP_CKSUM_NONE', RX_IP_CKSUM_MASK, RX_IP_CKSUM_MASK),
  flag('RX_OUTER_IP_CKSUM_BAD', RX_OUTER_IP_CKSUM_BAD),
  flag('RX_VLAN_STRIPPED', RX_VLAN_STRIPPED),
  flag('RX_IEEE1588_PTP', RX_IEEE1588_PTP),
  flag('RX_IEEE1588_TMST', RX_IEEE1588_TMST),
  flag('RX_FDIR_ID', RX_FDIR_ID),
  flag('RX_FDIR_FLX', RX_FDIR_FLX),
  flag('RX_QINQ_STRIPPED', RX_QINQ_STRIPPED),
  flag('RX_LRO', RX_LRO),
  flag('RX_SEC_OFFLOAD', RX_SEC_OFFLOAD),
  flag('RX_SEC_OFFLOAD_FAILED', RX_SEC_OFFLOAD_FAILED),
  flag('RX_QINQ', RX_QINQ),
  flag('RX_OUTER_L4_CKSUM_BAD', RX_OUTER_L4_CKSUM_BAD, RX_OUTER_L4_CKSUM_MASK),
  flag('RX_OUTER_L4_CKSUM_GOOD', RX_OUTER_L4_CKSUM_GOOD, RX_OUTER_L4_CKSUM_MASK),
  flag('RX_OUTER_L4_CKSUM_INVALID', RX_OUTER_L4_CKSUM_MASK, RX_OUTER_L4_CKSUM_MASK),
];

const TX_FLAGS: readonly NamedFlag[] = [
  flag('TX_OUTER_UDP_CKSUM', TX_OUTER_UDP_CKSUM_HI),
  flag('TX_UDP_SEG', TX_UDP_SEG_HI),
  flag('TX_SEC_OFFLOAD', TX_SEC_OFFLOAD_HI),
  flag('TX_MACSEC', TX_MACSEC_HI),
  flag('TX_TUNNEL_VXLAN', TX_TUNNEL_VXLAN_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_GRE', TX_TUNNEL_GRE_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_IPIP', TX_TUNNEL_IPIP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_GENEVE', TX_TUNNEL_GENEVE_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_MPLSINUDP', TX_TUNNEL_MPLSINUDP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_VXLAN_GPE', TX_TUNNEL_VXLAN_GPE_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_GTP', TX_TUNNEL_GTP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_ESP', TX_TUNNEL_ESP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_IP', TX_TUNNEL_IP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_TUNNEL_UDP', TX_TUNNEL_UDP_HI, TX_TUNNEL_MASK_HI),
  flag('TX_QINQ', TX_QINQ_HI),
  flag('TX_TCP_SEG', TX_TCP_SEG_HI),
  flag('TX_IEEE1588_TMST', TX_IEEE1588_TMST_HI),
  flag('TX_TCP_CKSUM', TX_TCP_CKSUM_HI, TX_L4_MASK_HI),
  flag('TX_SCTP_CKSUM', TX_SCTP_CKSUM_HI, TX_L4_MASK_HI),
  flag('TX_UDP_CKSUM', TX_UDP_CKSUM_HI, TX_L4_MASK_HI),
  flag('TX_IP_CKSUM', TX_IP_CKSUM_HI),
  flag('TX_IPV4', TX_IPV4_HI),
  flag('TX_IPV6', TX_IPV6_HI),
  flag('TX_VLAN', TX_VLAN_HI),
  flag('TX_OUTER_IP_CKSUM', TX_OUTER_IP_CKSUM_HI),
  flag('TX_OUTER_IPV4', TX_OUTER_IPV4_HI),
  flag('TX_OUTER_IPV6', TX_OUTER_IPV6_HI),
];

/**
 * Names of what a port told about a received packet (DPDK: `rte_get_rx_ol_flag_list`, which also names what is unknown).
 *
 * @param lo word `MBUF_OL_FLAGS_LO`
 * @param _hi word `MBUF_OL_FLAGS_HI`, which has no receive flag that is fixed
 */
export function rxOffloadFlagNames(lo: number, _hi: number): string[] {
  return RX_FLAGS.filter((known) => (lo & known.mask) === known.value).map((known) => known.name);
}

/**
 * Names of what a port is asked to do when it sends a packet (DPDK: `rte_get_tx_ol_flag_list`).
 *
 * @param _lo word `MBUF_OL_FLAGS_LO`, which has no send flag that is fixed
 * @param hi word `MBUF_OL_FLAGS_HI`
 */
export function txOffloadFlagNames(_lo: number, hi: number): string[] {
  return TX_FLAGS.filter((known) => (hi & known.mask) === known.value).map((known) => known.name);
}

/** The name of one receive flag, given as its word's value; undefined when it has none (DPDK: `rte_get_rx_ol_flag_name`). */
export function rxOffloadFlagName(lo: number): string | undefined {
  return RX_FLAGS.find((known) => known.value === lo)?.name;
}

/** The name of one send flag, given as its word's value; undefined when it has none (DPDK: `rte_get_tx_ol_flag_name`). */
export function txOffloadFlagName(hi: number): string | undefined {
  return TX_FLAGS.find((known) => known.value === hi)?.name;
}

/**
 * Whether the send flags of an mbuf go together (DPDK: `rte_validate_tx_offload`).
 *
 * @returns why not, undefined when they do
 */
export function validateTxOffload(memory: Memory, m: number): string | undefined {
  const hi = memory.u32[(m + MBUF_OL_FLAGS_HI) >>> 2];
  if ((hi & TX_OFFLOAD_MASK_HI) === 0) return undefined;
  if ((hi & TX_IP_CKSUM_HI) !== 0 && (hi & TX_IPV6_HI) !== 0) return 'TX_IP_CKSUM with TX_IPV6';
  const segments = (hi & (TX_TCP_SEG_HI | TX_UDP_SEG_HI)) !== 0;
  if (((hi & TX_L4_MASK_HI) !== 0 || segments) && (hi & (TX_IPV4_HI | TX_IPV6_HI)) === 0) {
    return 'L4 checksum or segmentation without TX_IPV4 or TX_IPV6';
  }
  if (segments && txTsoSegmentSize(memory, m) === 0) return 'segmentation with a segment size of 0';
  if (segments && (hi & TX_IPV4_HI) !== 0 && (hi & TX_IP_CKSUM_HI) === 0) {
    return 'segmentation of IPv4 without TX_IP_CKSUM';
  }
  if ((hi & TX_OUTER_IP_CKSUM_HI) !== 0 && (hi & TX_OUTER_IPV4_HI) === 0) {
    return 'TX_OUTER_IP_CKSUM without TX_OUTER_IPV4';
  }
  return undefined;
}

/** Whether the buffer is the mbuf's own: neither indirect nor external (DPDK: `RTE_MBUF_DIRECT`). */
export function isDirect(memory: Memory, m: number): boolean {
  return (memory.u32[(m + MBUF_OL_FLAGS_HI) >>> 2] & (MBUF_EXTERNAL_HI | MBUF_INDIRECT_HI)) === 0;
}

/** Sets flags of the low word of an mbuf. */
export function setOffloadFlagsLo(memory: Memory, m: number, flags: number): void {
  memory.u32[(m + MBUF_OL_FLAGS_LO) >>> 2] |= flags;
}

/** Sets flags of the high word of an mbuf. */
export function setOffloadFlagsHi(memory: Memory, m: number, flags: number): void {
  memory.u32[(m + MBUF_OL_FLAGS_HI) >>> 2] |= flags;
}
