import { readU16, readU32, writeU16, writeU32 } from './big-endian.ts';
import { formatIpv4, parseIpv4 } from './ipv4.ts';

/**
 * The IPv6 header (RFC 8200, section 3): where its fields lie, reading and writing a whole one, hop limit, and addresses
 * as text (RFC 4291, RFC 5952). Extension headers are walked by `ipv6-extensions`.
 *
 * Addresses are 16 bytes in network order.
 */

/** Bytes of the fixed header (DPDK: `sizeof(struct rte_ipv6_hdr)`). */
export const IPV6_HEADER_BYTES = 40;
/** Bytes of an address. */
export const IPV6_ADDRESS_BYTES = 16;

/** u32: version in the high 4 bits, traffic class in the next 8, flow label in the low 20 (DPDK: `vtc_flow`). */
export const IPV6_VTC_FLOW = 0;
/** u16: bytes behind this header, extension headers included (DPDK: `payload_len`). */
export const IPV6_PAYLOAD_LENGTH = 4;
/** u8: protocol of what follows (DPDK: `proto`). */
export const IPV6_NEXT_HEADER = 6;
/** u8: hop limit (DPDK: `hop_limits`). */
export const IPV6_HOP_LIMIT = 7;
/** 16 bytes: source address (DPDK: `src_addr`). */
export const IPV6_SOURCE = 8;
/** 16 bytes: destination address (DPDK: `dst_addr`). */
export const IPV6_DESTINATION = 24;

/** The fixed IPv6 header, numbers in host order. */
export interface Ipv6Header {
  readonly trafficClass: number;
  readonly flowLabel: number;
  /** Bytes behind the fixed header. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** A copy of the 16 bytes. */
  readonly source: Uint8Array;
  /** A copy of the 16 bytes. */
  readonly destination: Uint8Array;
}

/** What {@link writeIpv6Header} needs and what it assumes. */
export interface Ipv6HeaderFields {
  /** Bytes behind the fixed header. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  /** 16 bytes. */
  readonly source: Uint8Array;
  /** 16 bytes. */
  readonly destination: Uint8Array;
  /** Default 0. */
  readonly trafficClass?: number;
  /** 20 bits. Default 0. */
  readonly flowLabel?: number;
  /** Default 64. */
  readonly hopLimit?: number;
}

/**
 * Takes one from the hop limit. A packet with hop limit 0 or 1 is left as it is: it must not be forwarded (RFC 8200,
 * section 3). For the data path.
 *
 * @returns whether there was one to take
 */
export function decrementHopLimit(u8: Uint8Array, at: number): boolean {
  const limit = u8[at + IPV6_HOP_LIMIT];
  if (limit < 2) return false;
  u8[at + IPV6_HOP_LIMIT] = limit - 1;
  return true;
}

/**
 * As {@link decrementHopLimit}, for a header that is 4-byte aligned.
 *
 * @param i32 the memory in words, little-endian as on every platform that there is
 */
export function decrementHopLimitAligned(i32: Int32Array, at: number): boolean {
  // Payload length, next header, hop limit.
  const word = i32[(at >> 2) + 1];
  if (word >>> 24 < 2) return false;
  i32[(at >> 2) + 1] = (word - 0x0100_0000) | 0;
  return true;
}

/** Reads the fixed header at `at`; whether it makes sense is not looked at. */
export function readIpv6Header(u8: Uint8Array, at = 0): Ipv6Header {
  const word = readU32(u8, at + IPV6_VTC_FLOW);
  return {
    trafficClass: (word >>> 20) & 0xff,
    flowLabel: word & 0xfffff,
    payloadLength: readU16(u8, at + IPV6_PAYLOAD_LENGTH),
    nextHeader: u8[at + IPV6_NEXT_HEADER],
    hopLimit: u8[at + IPV6_HOP_LIMIT],
    source: u8.slice(at + IPV6_SOURCE, at + IPV6_SOURCE + IPV6_ADDRESS_BYTES),
    destination: u8.slice(at + IPV6_DESTINATION, at + IPV6_DESTINATION + IPV6_ADDRESS_BYTES),
  };
}

/**
 * Writes a fixed header at `at`.
 *
 * @returns its length: {@link IPV6_HEADER_BYTES}
 */
export function writeIpv6Header(u8: Uint8Array, at: number, fields: Ipv6HeaderFields): number {
  const flow = ((fields.trafficClass ?? 0) << 20) | ((fields.flowLabel ?? 0) & 0xfffff);
  writeU32(u8, at + IPV6_VTC_FLOW, 0x6000_0000 | flow);
  writeU16(u8, at + IPV6_PAYLOAD_LENGTH, fields.payloadLength);
  u8[at + IPV6_NEXT_HEADER] = fields.nextHeader;
  u8[at + IPV6_HOP_LIMIT] = fields.hopLimit ?? 64;
  u8.set(fields.source, at + IPV6_SOURCE);
  u8.set(fields.destination, at + IPV6_DESTINATION);
  return IPV6_HEADER_BYTES;
}

/** Whether two addresses are the same 16 bytes. For the data path. */
export function ipv6Equal(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < IPV6_ADDRESS_BYTES; i++) {
    if (a[atA + i] !== b[atB + i]) return false;
  }
  return true;
}

/**
 * The address that a text names, or undefined when it names none. All forms of RFC 4291, section 2.2 are read: eight
 * groups, one `::`, an IPv4 address for the last two groups. No zone (`%eth0`), no prefix length.
 *
 * @returns 16 bytes in network order
 */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group (RFC 4291); without it there must be all eight.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const address = new Uint8Array(IPV6_ADDRESS_BYTES);
  for (let i = 0; i < head.length; i++) writeU16(address, 2 * i, head[i]);
  for (let i = 0; i < tail.length; i++) writeU16(address, 2 * (8 - tail.length + i), tail[i]);
  return address;
}

/**
 * An address as text in the one form of RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups
 * (the first of equals) as `::`. IPv4-mapped addresses end in dotted form (RFC 5952, section 5).
 *
 * @param at where the address begins in `u8`
 */
export function formatIpv6(u8: Uint8Array, at = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 8; i++) groups.push(readU16(u8, at + 2 * i));
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4(readU32(u8, at + 12))}`;
  }
  const { first, length } = longestZeroRun(groups);
  const text = groups.map((group) => group.toString(16));
  if (length < 2) return text.join(':');
  return `${text.slice(0, first).join(':')}::${text.slice(first + length).join(':')}`;
}

/** The groups of one side of `::`; an empty text has none. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const address = last && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (address === undefined) return undefined;
    groups.push(address >>> 16, address & 0xffff);
  }
  return groups;
}

function longestZeroRun(groups: readonly number[]): { first: number; length: number } {
  let first = 0;
  let length = 0;
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - i > length) {
      first = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  return { first, length };
}
