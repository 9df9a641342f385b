import { readU16, writeU16 } from './big-endian.ts';

/**
 * Ethernet frames (IEEE 802.3) with VLAN tags (IEEE 802.1Q), and MAC addresses as text. Frames have no frame check
 * sequence here: cards and kernels take it off.
 */

/** Bytes of the header without tags (DPDK: `RTE_ETHER_HDR_LEN`). */
export const ETHERNET_HEADER_BYTES = 14;
/** 6 bytes: destination address (DPDK: `dst_addr`). */
export const ETHERNET_DESTINATION = 0;
/** 6 bytes: source address (DPDK: `src_addr`). */
export const ETHERNET_SOURCE = 6;
/** u16: type of the payload, or of the first tag (DPDK: `ether_type`). */
export const ETHERNET_TYPE = 12;

/** Bytes of an address (DPDK: `RTE_ETHER_ADDR_LEN`). */
export const MAC_BYTES = 6;
/** Bytes of one VLAN tag (DPDK: `RTE_VLAN_HLEN`). */
export const VLAN_TAG_BYTES = 4;
/** Bytes of the frame check sequence (DPDK: `RTE_ETHER_CRC_LEN`). */
export const ETHERNET_CRC_BYTES = 4;
/** The shortest frame on a cable in bytes, without its check sequence (DPDK: `RTE_ETHER_MIN_LEN` − 4). */
export const ETHERNET_MIN_BYTES = 60;
/** The longest frame without tags and jumbo, without its check sequence (DPDK: `RTE_ETHER_MAX_LEN` − 4). */
export const ETHERNET_MAX_BYTES = 1514;
/** The usual largest IP packet (DPDK: `RTE_ETHER_MTU`). */
export const ETHERNET_MTU = 1500;

/** IPv4 (DPDK: `RTE_ETHER_TYPE_IPV4`). */
export const ETHERTYPE_IPV4 = 0x0800;
/** ARP (DPDK: `RTE_ETHER_TYPE_ARP`). */
export const ETHERTYPE_ARP = 0x0806;
/** Transparent Ethernet bridging, in GRE (DPDK: `RTE_ETHER_TYPE_TEB`). */
export const ETHERTYPE_TEB = 0x6558;
/** One VLAN tag, IEEE 802.1Q (DPDK: `RTE_ETHER_TYPE_VLAN`). */
export const ETHERTYPE_VLAN = 0x8100;
/** IPv6 (DPDK: `RTE_ETHER_TYPE_IPV6`). */
export const ETHERTYPE_IPV6 = 0x86dd;
/** A service tag, IEEE 802.1ad (DPDK: `RTE_ETHER_TYPE_QINQ`). */
export const ETHERTYPE_QINQ = 0x88a8;
/** LLDP (DPDK: `RTE_ETHER_TYPE_LLDP`). */
export const ETHERTYPE_LLDP = 0x88cc;
/** Precision time, IEEE 1588 (DPDK: `RTE_ETHER_TYPE_1588`). */
export const ETHERTYPE_1588 = 0x88f7;

/** One VLAN tag. */
export interface VlanTag {
  /** {@link ETHERTYPE_VLAN} or {@link ETHERTYPE_QINQ}. */
  readonly type: number;
  /** Priority (3 bits), drop eligible (1 bit) and VLAN id (12 bits), host order (DPDK: `vlan_tci`). */
  readonly tci: number;
}

/** An Ethernet header with its tags. */
export interface EthernetHeader {
  /** 6 bytes. */
  readonly destination: Uint8Array;
  /** 6 bytes. */
  readonly source: Uint8Array;
  /** The type behind all tags. */
  readonly type: number;
  /** From the outermost inwards. */
  readonly tags: readonly VlanTag[];
  /** Bytes of addresses, tags and type. */
  readonly headerBytes: number;
}

/** What {@link writeEthernetHeader} needs. */
export interface EthernetHeaderFields {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly type: number;
  /** From the outermost inwards. Default none. */
  readonly tags?: readonly VlanTag[];
}

/** Reads the header at `at` with up to 4 tags. */
export function readEthernetHeader(u8: Uint8Array, at = 0): EthernetHeader {
  const tags: VlanTag[] = [];
  let typeAt = at + ETHERNET_TYPE;
  let type = readU16(u8, typeAt);
  while ((type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ) && tags.length < 4) {
    tags.push({ type, tci: readU16(u8, typeAt + 2) });
    typeAt += VLAN_TAG_BYTES;
    type = readU16(u8, typeAt);
  }
  return {
    destination: u8.slice(at + ETHERNET_DESTINATION, at + ETHERNET_DESTINATION + MAC_BYTES),
    source: u8.slice(at + ETHERNET_SOURCE, at + ETHERNET_SOURCE + MAC_BYTES),
    type,
    tags,
    headerBytes: typeAt + 2 - at,
  };
}

/**
 * Writes a header at `at`.
 *
 * @returns its length in bytes, tags included
 */
export function writeEthernetHeader(u8: Uint8Array, at: number, fields: EthernetHeaderFields): number {
  u8.set(fields.destination, at + ETHERNET_DESTINATION);
  u8.set(fields.source, at + ETHERNET_SOURCE);
  let typeAt = at + ETHERNET_TYPE;
  for (const tag of fields.tags ?? []) {
    writeU16(u8, typeAt, tag.type);
    writeU16(u8, typeAt + 2, tag.tci);
    typeAt += VLAN_TAG_BYTES;
  }
  writeU16(u8, typeAt, fields.type);
  return typeAt + 2 - at;
}

/** Whether the address at `at` is a group's, broadcast included (DPDK: `rte_is_multicast_ether_addr`). For the data path. */
export function isMulticastMac(u8: Uint8Array, at = 0): boolean {
  return (u8[at] & 1) !== 0;
}

/** Whether the address at `at` is ff:ff:ff:ff:ff:ff (DPDK: `rte_is_broadcast_ether_addr`). For the data path. */
export function isBroadcastMac(u8: Uint8Array, at = 0): boolean {
  return (u8[at] & u8[at + 1] & u8[at + 2] & u8[at + 3] & u8[at + 4] & u8[at + 5]) === 0xff;
}

/** Whether the address at `at` is all zeros (DPDK: `rte_is_zero_ether_addr`). For the data path. */
export function isZeroMac(u8: Uint8Array, at = 0): boolean {
  return (u8[at] | u8[at + 1] | u8[at + 2] | u8[at + 3] | u8[at + 4] | u8[at + 5]) === 0;
}

/** Whether the two addresses are the same (DPDK: `rte_is_same_ether_addr`). For the data path. */
export function macEqual(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < MAC_BYTES; i++) {
    if (a[atA + i] !== b[atB + i]) return false;
  }
  return true;
}

/**
 * The address that a text names, or undefined: six groups of one or two hex digits with colons or with hyphens, or three
 * groups of four hex digits with colons (DPDK: `rte_ether_unformat_addr`).
 */
export function parseMac(text: string): Uint8Array | undefined {
  const byteGroups = /^[0-9a-f]{1,2}([:-])[0-9a-f]{1,2}(\1[0-9a-f]{1,2}){4}$/i;
  if (byteGroups.test(text)) return Uint8Array.from(text.split(/[:-]/), (group) => Number.parseInt(group, 16));
  if (!/^[0-9a-f]{4}(:[0-9a-f]{4}){2}$/i.test(text)) return undefined;
  const digits = text.replaceAll(':', '');
  return Uint8Array.from({ length: MAC_BYTES }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/**
 * The address at `at` as six groups of two lower-case hex digits with colons, as tcpdump prints it (DPDK's
 * `rte_ether_format_addr` prints upper case).
 */
export function formatMac(u8: Uint8Array, at = 0): string {
  return Array.from(u8.subarray(at, at + MAC_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
