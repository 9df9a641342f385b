import type { Memory } from '@inline-ipsec/eal/memory';
import { writeU16 } from '@inline-ipsec/net/big-endian';
import { ipv4Checksum } from '@inline-ipsec/net/checksum';
import { ipv6TrafficClass } from '@inline-ipsec/net/dscp-ecn';
import { IPPROTO_ESP, IPPROTO_IPIP, IPPROTO_IPV6 } from '@inline-ipsec/net/ip-protocol';
import { IPV4_CHECKSUM, IPV4_HEADER_BYTES, IPV4_PROTOCOL, IPV4_TOS, IPV4_TOTAL_LENGTH } from '@inline-ipsec/net/ipv4';
import { IPV6_HEADER_BYTES, IPV6_PAYLOAD_LENGTH } from '@inline-ipsec/net/ipv6';
import { Ipv6Walk, walkIpv6Extensions } from '@inline-ipsec/net/ipv6-extensions';
import type { PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';

/** TTL and hop limit of a tunnel header (DPDK's gateway: `IPDEFTTL`). */
export const OUTER_TTL = 64;

/**
 * The IP header in front of ESP (RFC 4301 section 5.1.2): in a tunnel a new one, from the SA's template, whose TOS or
 * traffic class is that of the packet inside (RFC 6040 section 4.1); in transport mode the packet's own, moved forward.
 * Templates are whole words and packets 4-byte aligned, so they are written in words.
 */

/** The first word of an IPv4 tunnel header as its bytes lie in memory, without TOS and length: version and header length. */
export const OUTER4_VERSION = 0x45;
/** The third word, without checksum: TTL and ESP. The second word is 0. */
export const OUTER4_TTL: number = OUTER_TTL | (IPPROTO_ESP << 8) | 0;

/** The TOS or traffic class of an IP header whose first word is this. */
export function trafficClassOfWord(word: number): number {
  // IPv6 has it in the low half of the first byte and the high half of the second.
  return (word & 0xf0) === 0x40 ? (word >>> 8) & 0xff : ((word & 0x0f) << 4) | ((word >>> 12) & 0x0f);
}

/** The Internet checksum of what adds up to `sum`, in its low 16 bits. */
export function foldedSum(sum: number): number {
  const once = ((sum & 0xffff) + (sum >>> 16)) | 0;
  return ~((once & 0xffff) + (once >>> 16));
}

/** What ESP's next-header field says of the packet inside a tunnel: its family. */
export function tunnelNextHeader(u8: Uint8Array, inner: number): number {
  return u8[inner] >>> 4 === 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/**
 * Writes the IPv4 tunnel headers of the rows `first` to `end` - 1 of a burst, and their l3. The packet inside begins
 * `espBytes` behind the header; its TOS or traffic class goes out with it.
 */
export function writeOuterIpv4(
  memory: Memory,
  sa: number,
  { header, length, l3 }: PacketBurst,
  first: number,
  end: number,
  espBytes: number,
): void {
  const { i32 } = memory;
  const template = (sa + layout.SA_TEMPLATE) >> 2;
  for (let row = first; row < end; row++) {
    const total = length[row];
    const tos = trafficClassOfWord(i32[(header[row] + IPV4_HEADER_BYTES + espBytes) >> 2]);
    const sum = foldedSum(i32[(sa + layout.SA_OUTER_SUM) >> 2] + tos + total);
    const word = header[row] >> 2;
    for (let i = 0; i < IPV4_HEADER_BYTES >> 2; i++) i32[word + i] = i32[template + i];
    i32[word] |= (tos << 8) | ((total & 0xff00) << 8) | (total << 24);
    i32[word + 2] |= ((sum & 0xff00) << 8) | (sum << 24);
    l3[row] = IPV4_HEADER_BYTES;
  }
}

/**
 * Writes the IPv6 tunnel headers of the rows `first` to `end` - 1 of a burst, and their l3. The packet inside begins
 * `espBytes` behind the header; its TOS or traffic class goes out with it.
 */
export function writeOuterIpv6(
  memory: Memory,
  sa: number,
  burst: PacketBurst,
  first: number,
  end: number,
  espBytes: number,
): void {
  const { u8, i32 } = memory;
  const { header, length, l3 } = burst;
  const template = (sa + layout.SA_TEMPLATE) >> 2;
  for (let row = first; row < end; row++) {
    const top = header[row];
    const inside = top + IPV6_HEADER_BYTES + espBytes;
    const trafficClass = u8[inside] >>> 4 === 4 ? u8[inside + IPV4_TOS] : ipv6TrafficClass(u8, inside);
    const word = top >> 2;
    for (let i = 0; i < IPV6_HEADER_BYTES >> 2; i++) i32[word + i] = i32[template + i];
    u8[top] |= trafficClass >>> 4;
    u8[top + 1] = trafficClass << 4;
    writeU16(u8, top + IPV6_PAYLOAD_LENGTH, length[row] - IPV6_HEADER_BYTES);
    l3[row] = IPV6_HEADER_BYTES;
  }
}

/**
 * Transport mode: moves the header of `l3` bytes from `at` forward to `top` and makes it say that ESP follows.
 *
 * @returns what followed before: ESP's next header
 */
export function moveHeaderForward(u8: Uint8Array, top: number, at: number, l3: number): number {
  u8.copyWithin(top, at, at + l3);
  return replaceNextHeader(u8, top, l3, IPPROTO_ESP);
}

/** Transport mode, the other way: moves the header from `top` back to `at`, where `nextHeader` follows it again. */
export function moveHeaderBack(u8: Uint8Array, top: number, at: number, l3: number, nextHeader: number): void {
  replaceNextHeader(u8, top, l3, nextHeader);
  u8.copyWithin(at, top, top + l3);
}

/** Writes the length of a packet of `total` bytes into its own header at `at`, with IPv4's checksum. */
export function writePacketLength(u8: Uint8Array, at: number, total: number): void {
  if (u8[at] >>> 4 === 4) {
    writeU16(u8, at + IPV4_TOTAL_LENGTH, total);
    writeU16(u8, at + IPV4_CHECKSUM, ipv4Checksum(u8, at));
  } else writeU16(u8, at + IPV6_PAYLOAD_LENGTH, total - IPV6_HEADER_BYTES);
}

// The scratch of this thread's walks.
const walk = new Ipv6Walk();

/** Changes what the header of `l3` bytes at `at`, with its extensions, says that follows it; returns what it said. */
function replaceNextHeader(u8: Uint8Array, at: number, l3: number, nextHeader: number): number {
  let field = at + IPV4_PROTOCOL;
  if (u8[at] >>> 4 !== 4) {
    walkIpv6Extensions(u8, at, at + l3, walk);
    field = walk.nextHeaderAt;
  }
  const before = u8[field];
  u8[field] = nextHeader;
  return before;
}
