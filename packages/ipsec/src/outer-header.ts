import type { Memory } from '@inline-ipsec/eal/memory';
import { writeU16 } from '@inline-ipsec/net/big-endian';
import { ipv4Checksum } from '@inline-ipsec/net/checksum';
import { ipv6TrafficClass } from '@inline-ipsec/net/dscp-ecn';
import { IPPROTO_ESP } from '@inline-ipsec/net/ip-protocol';
import { IPV4_CHECKSUM, IPV4_HEADER_BYTES, IPV4_PROTOCOL, IPV4_TOS, IPV4_TOTAL_LENGTH } from '@inline-ipsec/net/ipv4';
import { IPV6_HEADER_BYTES, IPV6_PAYLOAD_LENGTH } from '@inline-ipsec/net/ipv6';
import { Ipv6Walk, walkIpv6Extensions } from '@inline-ipsec/net/ipv6-extensions';
import { BURST_HEADER, BURST_L3, BURST_LENGTH, type PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';

/**
 * The IP header in front of ESP (RFC 4301 section 5.1.2): in a tunnel a new one, from the SA's template, whose TOS or
 * traffic class is that of the packet inside (RFC 6040 section 4.1); in transport mode the packet's own, moved forward.
 * Templates are whole words and packets 4-byte aligned, so they are written in words.
 */

/**
 * Writes the IPv4 tunnel headers of the rows `first` to `end` - 1 of a burst, and their l3. The packet inside begins
 * `espBytes` behind the header; its TOS or traffic class goes out with it.
 */
export function writeOuterIpv4(
  memory: Memory,
  sa: number,
  burst: PacketBurst,
  first: number,
  end: number,
  espBytes: number,
): void {
  const { i32 } = memory;
  const base = burst.position | 0;
  const template = (sa + layout.SA_TEMPLATE) >> 2;
  const version = i32[template];
  const fragment = i32[template + 1];
  const ttl = i32[template + 2];
  const source = i32[template + 3];
  const destination = i32[template + 4];
  const fixedSum = i32[(sa + layout.SA_OUTER_SUM) >> 2];
  for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
    const r = at >> 2;
    const word = i32[r + BURST_HEADER] >> 2;
    const total = i32[r + BURST_LENGTH];
    const inside = i32[word + ((IPV4_HEADER_BYTES + espBytes) >> 2)];
    // IPv6 has its traffic class in the low half of the first byte and the high half of the second.
    const tos = (inside & 0xf0) === 0x40 ? (inside >>> 8) & 0xff : ((inside & 0x0f) << 4) | ((inside >>> 12) & 0x0f);
    let sum = (fixedSum + tos + total) | 0;
    sum = ((sum & 0xffff) + (sum >>> 16)) | 0;
    sum = ~((sum & 0xffff) + (sum >>> 16));
    i32[word] = version | (tos << 8) | ((total & 0xff00) << 8) | (total << 24);
    i32[word + 1] = fragment;
    i32[word + 2] = ttl | ((sum & 0xff00) << 8) | (sum << 24);
    i32[word + 3] = source;
    i32[word + 4] = destination;
    i32[r + BURST_L3] = IPV4_HEADER_BYTES;
  }
}

/** As {@link writeOuterIpv4}, for IPv6 tunnel headers. */
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
