import { readU16, writeU16 } from './big-endian.ts';
import { updateChecksum16 } from './checksum.ts';
import { IPV4_CHECKSUM, IPV4_TOS, IPV4_VERSION_IHL } from './ipv4.ts';

/**
 * The traffic class: the TOS byte of IPv4 and its twin in IPv6. Its high 6 bits are the DSCP (RFC 2474), its low 2 the ECN
 * field (RFC 3168). All of this is for the data path. What a tunnel copies is for the tunnel to say (RFC 6040).
 */

/** Not capable of ECN. */
export const ECN_NOT_ECT = 0;
/** Capable of ECN, code point 1. */
export const ECN_ECT1 = 1;
/** Capable of ECN, code point 0. */
export const ECN_ECT0 = 2;
/** Congestion experienced. */
export const ECN_CE = 3;

/** The DSCP of a traffic class: 0 to 63. */
export function dscpOf(trafficClass: number): number {
  return (trafficClass & 0xff) >>> 2;
}

/** The ECN field of a traffic class: 0 to 3. */
export function ecnOf(trafficClass: number): number {
  return trafficClass & 3;
}

/** A traffic class from its parts. */
export function trafficClassOf(dscp: number, ecn: number): number {
  return ((dscp & 0x3f) << 2) | (ecn & 3);
}

/** Sets the TOS byte of an IPv4 header and updates its checksum (RFC 1624). */
export function setIpv4Tos(u8: Uint8Array, at: number, tos: number): void {
  const word = readU16(u8, at + IPV4_VERSION_IHL);
  u8[at + IPV4_TOS] = tos;
  const checksum = readU16(u8, at + IPV4_CHECKSUM);
  writeU16(u8, at + IPV4_CHECKSUM, updateChecksum16(checksum, word, (word & 0xff00) | (tos & 0xff)));
}

/** The traffic class of an IPv6 header, which begins in the middle of its first byte. */
export function ipv6TrafficClass(u8: Uint8Array, at: number): number {
  return ((u8[at] & 0x0f) << 4) | (u8[at + 1] >>> 4);
}

/** Sets the traffic class of an IPv6 header; version and flow label stay. */
export function setIpv6TrafficClass(u8: Uint8Array, at: number, trafficClass: number): void {
  u8[at] = (u8[at] & 0xf0) | ((trafficClass >>> 4) & 0x0f);
  u8[at + 1] = (u8[at + 1] & 0x0f) | ((trafficClass & 0x0f) << 4);
}

/**
 * Marks an IPv4 packet as having met congestion, checksum included, if it is capable of ECN.
 *
 * @returns whether it carries the mark now
 */
export function markIpv4Congestion(u8: Uint8Array, at: number): boolean {
  const tos = u8[at + IPV4_TOS];
  if ((tos & 3) === ECN_NOT_ECT) return false;
  if ((tos & 3) !== ECN_CE) setIpv4Tos(u8, at, tos | ECN_CE);
  return true;
}

/**
 * Marks an IPv6 packet as having met congestion, if it is capable of ECN.
 *
 * @returns whether it carries the mark now
 */
export function markIpv6Congestion(u8: Uint8Array, at: number): boolean {
  if ((u8[at + 1] & 0x30) === 0) return false;
  u8[at + 1] |= 0x30;
  return true;
}
