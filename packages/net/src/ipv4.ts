import { readU16, readU32, writeU16, writeU32 } from './big-endian.ts';
import { ipv4Checksum, updateChecksum16 } from './checksum.ts';

/**
 * The IPv4 header (RFC 791): where its fields lie, reading and writing a whole one, TTL, and addresses as text.
 *
 * The data path uses the offsets and the functions that say so; the readers and writers of whole headers make objects
 * and are for set-up, tests and people. Addresses are unsigned 32-bit numbers in host order: 10.0.0.1 is 0x0a000001.
 */

/** Bytes of a header without options (DPDK: `sizeof(struct rte_ipv4_hdr)`). */
export const IPV4_HEADER_BYTES = 20;
/** Bytes of a header with all the options that it can have. */
export const IPV4_MAX_HEADER_BYTES = 60;

/** u8: version in the high half, header length in 32-bit words in the low half (DPDK: `version_ihl`). */
export const IPV4_VERSION_IHL = 0;
/** u8: DSCP in the high 6 bits, ECN in the low 2 (DPDK: `type_of_service`). */
export const IPV4_TOS = 1;
/** u16: bytes of header and payload (DPDK: `total_length`). */
export const IPV4_TOTAL_LENGTH = 2;
/** u16: identification (DPDK: `packet_id`). */
export const IPV4_ID = 4;
/** u16: flags in the high 3 bits, offset in 8-byte units in the low 13 (DPDK: `fragment_offset`). */
export const IPV4_FRAGMENT = 6;
/** u8: time to live (DPDK: `time_to_live`). */
export const IPV4_TTL = 8;
/** u8: protocol of what follows (DPDK: `next_proto_id`). */
export const IPV4_PROTOCOL = 9;
/** u16: header checksum (DPDK: `hdr_checksum`). */
export const IPV4_CHECKSUM = 10;
/** u32: source address (DPDK: `src_addr`). */
export const IPV4_SOURCE = 12;
/** u32: destination address (DPDK: `dst_addr`). */
export const IPV4_DESTINATION = 16;

/** Do not fragment, in the word at {@link IPV4_FRAGMENT} (DPDK: `RTE_IPV4_HDR_DF_FLAG`). */
export const IPV4_DF = 0x4000;
/** More fragments follow, in the word at {@link IPV4_FRAGMENT} (DPDK: `RTE_IPV4_HDR_MF_FLAG`). */
export const IPV4_MF = 0x2000;
/** The offset in 8-byte units, in the word at {@link IPV4_FRAGMENT} (DPDK: `RTE_IPV4_HDR_OFFSET_MASK`). */
export const IPV4_OFFSET_MASK = 0x1fff;

/** A whole IPv4 header, in host order. */
export interface Ipv4Header {
  /** Bytes of the header with its options: 20 to 60. */
  readonly headerBytes: number;
  readonly tos: number;
  /** Bytes of header and payload. */
  readonly totalLength: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Bytes, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly checksum: number;
  readonly source: number;
  readonly destination: number;
  /** A copy of the options with their padding; empty for most packets. */
  readonly options: Uint8Array;
}

/** What {@link writeIpv4Header} needs and what it assumes. */
export interface Ipv4HeaderFields {
  /** Bytes of header and payload. */
  readonly totalLength: number;
  readonly protocol: number;
  readonly source: number;
  readonly destination: number;
  /** Default 0. */
  readonly tos?: number;
  /** Default 0. */
  readonly id?: number;
  /** Default false. */
  readonly dontFragment?: boolean;
  /** Default false. */
  readonly moreFragments?: boolean;
  /** Bytes, a multiple of 8. Default 0. */
  readonly fragmentOffset?: number;
  /** Default 64. */
  readonly ttl?: number;
  /** Default: the right one. */
  readonly checksum?: number;
  /** At most 40 bytes; filled up to a multiple of 4 with zeros, which end the list. Default none. */
  readonly options?: Uint8Array;
}

/** Bytes of the header at `at` with its options, as it says itself (DPDK: `rte_ipv4_hdr_len`). For the data path. */
export function ipv4HeaderBytes(u8: Uint8Array, at: number): number {
  return (u8[at] & 0x0f) << 2;
}

/** Whether the packet is a fragment, the first one included. For the data path. */
export function ipv4IsFragment(u8: Uint8Array, at: number): boolean {
  return (readU16(u8, at + IPV4_FRAGMENT) & (IPV4_MF | IPV4_OFFSET_MASK)) !== 0;
}

/** What {@link ipv4IsFragment} looks at, in the second word of an aligned header as its bytes lie in memory. */
export const IPV4_FRAGMENT_WORD: number = 0xff3f_0000 | 0;

/**
 * Takes one from the TTL and updates the checksum (RFC 1624). A packet with TTL 0 or 1 is left as it is: it must not be
 * forwarded (RFC 1812, section 5.3.1). For the data path.
 *
 * @returns whether there was one to take
 */
export function decrementTtl(u8: Uint8Array, at: number): boolean {
  const ttl = u8[at + IPV4_TTL];
  if (ttl < 2) return false;
  const word = readU16(u8, at + IPV4_TTL);
  u8[at + IPV4_TTL] = ttl - 1;
  const checksum = readU16(u8, at + IPV4_CHECKSUM);
  writeU16(u8, at + IPV4_CHECKSUM, updateChecksum16(checksum, word, word - 0x100));
  return true;
}

/**
 * As {@link decrementTtl}, for a header that is 4-byte aligned: TTL, protocol and checksum are one word.
 *
 * @param i32 the memory in words, little-endian as on every platform that there is; signed, so that no word is an object
 */
export function decrementTtlAligned(i32: Int32Array, at: number): boolean {
  const word = i32[(at + IPV4_TTL) >> 2];
  if ((word & 0xff) < 2) return false;
  // The word of TTL and protocol gets smaller by 0x100: HC' = ~(~HC + ~m + m') with ~m + m' = ~0x100.
  const checksum = ((word >>> 8) & 0xff00) | (word >>> 24);
  let sum = (~checksum & 0xffff) + 0xfeff;
  sum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  i32[(at + IPV4_TTL) >> 2] = ((word & 0xffff) - 1) | ((sum & 0xff00) << 8) | (sum << 24);
  return true;
}

/** Reads the header at `at`; whether it makes sense is not looked at. */
export function readIpv4Header(u8: Uint8Array, at = 0): Ipv4Header {
  const headerBytes = ipv4HeaderBytes(u8, at);
  const fragment = readU16(u8, at + IPV4_FRAGMENT);
  return {
    headerBytes,
    tos: u8[at + IPV4_TOS],
    totalLength: readU16(u8, at + IPV4_TOTAL_LENGTH),
    id: readU16(u8, at + IPV4_ID),
    dontFragment: (fragment & IPV4_DF) !== 0,
    moreFragments: (fragment & IPV4_MF) !== 0,
    fragmentOffset: (fragment & IPV4_OFFSET_MASK) * 8,
    ttl: u8[at + IPV4_TTL],
    protocol: u8[at + IPV4_PROTOCOL],
    checksum: readU16(u8, at + IPV4_CHECKSUM),
    source: readU32(u8, at + IPV4_SOURCE),
    destination: readU32(u8, at + IPV4_DESTINATION),
    options: u8.slice(at + IPV4_HEADER_BYTES, at + headerBytes),
  };
}

/**
 * Writes a header at `at`, with its checksum.
 *
 * @returns its length in bytes, options included
 */
export function writeIpv4Header(u8: Uint8Array, at: number, fields: Ipv4HeaderFields): number {
  const options = fields.options ?? new Uint8Array(0);
  const headerBytes = IPV4_HEADER_BYTES + ((options.length + 3) & ~3);
  const flags = (fields.dontFragment ? IPV4_DF : 0) | (fields.moreFragments ? IPV4_MF : 0);
  u8.fill(0, at, at + headerBytes);
  u8[at + IPV4_VERSION_IHL] = 0x40 | (headerBytes >> 2);
  u8[at + IPV4_TOS] = fields.tos ?? 0;
  writeU16(u8, at + IPV4_TOTAL_LENGTH, fields.totalLength);
  writeU16(u8, at + IPV4_ID, fields.id ?? 0);
  writeU16(u8, at + IPV4_FRAGMENT, flags | ((fields.fragmentOffset ?? 0) >> 3));
  u8[at + IPV4_TTL] = fields.ttl ?? 64;
  u8[at + IPV4_PROTOCOL] = fields.protocol;
  writeU32(u8, at + IPV4_SOURCE, fields.source);
  writeU32(u8, at + IPV4_DESTINATION, fields.destination);
  u8.set(options, at + IPV4_HEADER_BYTES);
  writeU16(u8, at + IPV4_CHECKSUM, fields.checksum ?? ipv4Checksum(u8, at));
  return headerBytes;
}

/**
 * The address that a text names, or undefined when it names none: four decimal numbers with dots, no number over 255, and
 * no leading zeros, which some programs take for octal.
 *
 * @returns host order: `parseIpv4('10.0.0.1')` is 0x0a000001
 */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let address = 0;
  for (const part of match.slice(1)) {
    const value = Number(part);
    if (value > 255 || String(value) !== part) return undefined;
    address = address * 256 + value;
  }
  return address;
}

/** An address as four decimal numbers with dots. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}
