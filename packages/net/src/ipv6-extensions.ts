import { readU16 } from './big-endian.ts';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_FRAGMENT,
  IPPROTO_HIP,
  IPPROTO_HOPOPTS,
  IPPROTO_MOBILITY,
  IPPROTO_ROUTING,
  IPPROTO_SHIM6,
} from './ip-protocol.ts';
import { IPV6_HEADER_BYTES, IPV6_NEXT_HEADER } from './ipv6.ts';

/**
 * The walk over the extension headers of an IPv6 packet (RFC 8200, section 4), for the data path: nothing is allocated, and
 * the result is written into an object that the caller keeps.
 *
 * ESP ends the walk as an upper layer does, since what follows its header cannot be read. The order of the headers and
 * their contents are not checked.
 */

/** More extension headers than this are given up on: no honest packet has them (DPDK's own limit is 5). */
export const IPV6_MAX_EXTENSIONS = 8;

/** u16 in the fragment header: offset in the high 13 bits, more-fragments in the lowest. */
export const IPV6_FRAGMENT_OFFSET = 2;
/** u32 in the fragment header: identification. */
export const IPV6_FRAGMENT_ID = 4;

/** The walk reached an upper layer, ESP, the end of the headers, or the payload of a fragment. */
export const WALK_OK = 0;
/** The packet ends within an extension header. */
export const WALK_TRUNCATED = 1;
/** More than {@link IPV6_MAX_EXTENSIONS} extension headers. */
export const WALK_TOO_MANY = 2;

/** Where a walk ended. Make one, and use it for all packets. */
export class Ipv6Walk {
  /** The protocol of what lies at {@link at}: the last next header. */
  protocol = 0;
  /** Offset of the first byte behind all extension headers. */
  at = 0;
  /** Offset of the next-header byte that says {@link protocol}: what changes when ESP is put in between. */
  nextHeaderAt = 0;
  /** Extension headers passed. */
  count = 0;
  /** Offset of the fragment header, or 0 when there is none. */
  fragmentAt = 0;
  /** Whether the packet is one of several fragments. An atomic fragment (RFC 6946) is not: it is the whole packet. */
  fragment = false;
}

/**
 * Walks from the fixed header at `at` over all extension headers (DPDK: `rte_net_skip_ip6_ext`). Behind the fragment
 * header of a real fragment nothing more is read: only the first one has headers there, and they may be cut.
 *
 * @param end offset behind the last byte of the packet
 * @param walk is overwritten; after a failure it says how far the walk came
 * @returns {@link WALK_OK}, {@link WALK_TRUNCATED} or {@link WALK_TOO_MANY}
 */
export function walkIpv6Extensions(u8: Uint8Array, at: number, end: number, walk: Ipv6Walk): number {
  let next = at + IPV6_HEADER_BYTES;
  let protocol = u8[at + IPV6_NEXT_HEADER];
  let nextHeaderAt = at + IPV6_NEXT_HEADER;
  let count = 0;
  let verdict = next > end ? WALK_TRUNCATED : WALK_OK;
  walk.fragmentAt = 0;
  walk.fragment = false;

  while (verdict === WALK_OK && isIpv6Extension(protocol)) {
    if (count === IPV6_MAX_EXTENSIONS) {
      verdict = WALK_TOO_MANY;
      break;
    }
    const bytes = next + 8 <= end ? ipv6ExtensionBytes(u8, next, protocol) : 8;
    if (next + bytes > end) {
      verdict = WALK_TRUNCATED;
      break;
    }
    const wasFragment = protocol === IPPROTO_FRAGMENT;
    protocol = u8[next];
    nextHeaderAt = next;
    count++;
    if (wasFragment) {
      walk.fragmentAt = next;
      walk.fragment = (readU16(u8, next + IPV6_FRAGMENT_OFFSET) & 0xfff9) !== 0;
    }
    next += bytes;
    if (walk.fragment) break;
  }

  walk.protocol = protocol;
  walk.at = next;
  walk.nextHeaderAt = nextHeaderAt;
  walk.count = count;
  return verdict;
}

/** Whether a next header names an extension that the walk passes over (ESP is none of them). */
export function isIpv6Extension(protocol: number): boolean {
  switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_AH:
    case IPPROTO_DSTOPTS:
    case IPPROTO_MOBILITY:
    case IPPROTO_HIP:
    case IPPROTO_SHIM6:
      return true;
    default:
      return false;
  }
}

/**
 * Bytes of the extension header at `at`, as it says itself (RFC 6564, section 4; RFC 4302, section 2.2 for AH, which
 * counts in other units; DPDK: `rte_ipv6_get_next_ext`).
 */
export function ipv6ExtensionBytes(u8: Uint8Array, at: number, protocol: number): number {
  if (protocol === IPPROTO_FRAGMENT) return 8;
  if (protocol === IPPROTO_AH) return (u8[at + 1] + 2) << 2;
  return (u8[at + 1] + 1) << 3;
}
