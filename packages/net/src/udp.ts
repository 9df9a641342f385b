import { readU16, writeU16 } from './big-endian.ts';

/** The UDP header (RFC 768). Its checksum needs the addresses of IP: `checksum` has the functions. */

/** Bytes of the header (DPDK: `sizeof(struct rte_udp_hdr)`). */
export const UDP_HEADER_BYTES = 8;
/** u16: source port (DPDK: `src_port`). */
export const UDP_SOURCE_PORT = 0;
/** u16: destination port (DPDK: `dst_port`). */
export const UDP_DESTINATION_PORT = 2;
/** u16: bytes of header and payload (DPDK: `dgram_len`). */
export const UDP_LENGTH = 4;
/** u16: checksum, 0 for none (DPDK: `dgram_cksum`). */
export const UDP_CHECKSUM = 6;

/** A UDP header in host order. */
export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes of header and payload. */
  readonly length: number;
  readonly checksum: number;
}

/** What {@link writeUdpHeader} needs and what it assumes. */
export interface UdpHeaderFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Bytes of header and payload. */
  readonly length: number;
  /** Default 0, none: as RFC 3948, section 2.1 wants it around ESP. */
  readonly checksum?: number;
}

/** Reads the header at `at`. */
export function readUdpHeader(u8: Uint8Array, at = 0): UdpHeader {
  return {
    sourcePort: readU16(u8, at + UDP_SOURCE_PORT),
    destinationPort: readU16(u8, at + UDP_DESTINATION_PORT),
    length: readU16(u8, at + UDP_LENGTH),
    checksum: readU16(u8, at + UDP_CHECKSUM),
  };
}

/**
 * Writes a header at `at`.
 *
 * @returns its length: {@link UDP_HEADER_BYTES}
 */
export function writeUdpHeader(u8: Uint8Array, at: number, fields: UdpHeaderFields): number {
  writeU16(u8, at + UDP_SOURCE_PORT, fields.sourcePort);
  writeU16(u8, at + UDP_DESTINATION_PORT, fields.destinationPort);
  writeU16(u8, at + UDP_LENGTH, fields.length);
  writeU16(u8, at + UDP_CHECKSUM, fields.checksum ?? 0);
  return UDP_HEADER_BYTES;
}
