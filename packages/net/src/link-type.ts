/**
 * Link types of capture files: what the first byte of a frame is (https://www.tcpdump.org/linktypes.html). Only those that
 * an IP gateway meets; any other number passes through readers and writers unchanged.
 */

/** BSD loopback: the address family in 4 bytes, in the byte order of the machine that captured. */
export const LINKTYPE_NULL = 0;
/** Ethernet, from the destination address on (the registry: LINKTYPE_ETHERNET). */
export const LINKTYPE_EN10MB = 1;
/** IPv4 or IPv6, from the IP header on. */
export const LINKTYPE_RAW = 101;
/** OpenBSD loopback: the address family in 4 bytes, network order. */
export const LINKTYPE_LOOP = 108;
/** Linux's `any` interface, first form. */
export const LINKTYPE_LINUX_SLL = 113;
/** The first of 16 types for private use, up to 162. */
export const LINKTYPE_USER0 = 147;
/** IPv4, from the IP header on. */
export const LINKTYPE_IPV4 = 228;
/** IPv6, from the IP header on. */
export const LINKTYPE_IPV6 = 229;
/** Linux's `any` interface, second form. */
export const LINKTYPE_LINUX_SLL2 = 276;

const NAMES = new Map<number, string>([
  [LINKTYPE_NULL, 'NULL'],
  [LINKTYPE_EN10MB, 'EN10MB'],
  [LINKTYPE_RAW, 'RAW'],
  [LINKTYPE_LOOP, 'LOOP'],
  [LINKTYPE_LINUX_SLL, 'LINUX_SLL'],
  [LINKTYPE_USER0, 'USER0'],
  [LINKTYPE_IPV4, 'IPV4'],
  [LINKTYPE_IPV6, 'IPV6'],
  [LINKTYPE_LINUX_SLL2, 'LINUX_SLL2'],
]);

/** The name of a link type as tcpdump prints it, or its number. */
export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? String(linkType);
}
