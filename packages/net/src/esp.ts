import { readU16, readU32, writeU32 } from './big-endian.ts';
import { UDP_DESTINATION_PORT, UDP_HEADER_BYTES, UDP_SOURCE_PORT } from './udp.ts';

/**
 * The parts of an ESP packet that are not secret: header, padding, trailer (RFC 4303, section 2), and ESP in UDP
 * (RFC 3948). Putting a packet together is the business of the package ipsec.
 */

/** Bytes of SPI and sequence number (DPDK: `sizeof(struct rte_esp_hdr)`). */
export const ESP_HEADER_BYTES = 8;
/** u32: security parameters index (DPDK: `spi`). */
export const ESP_SPI = 0;
/** u32: sequence number, its low half with extended numbers (DPDK: `seq`). */
export const ESP_SEQUENCE = 4;
/** Bytes of pad length and next header, behind the padding (DPDK: `sizeof(struct rte_esp_tail)`). */
export const ESP_TRAILER_BYTES = 2;
/** The longest padding in bytes: its length is one byte. */
export const ESP_MAX_PADDING = 255;

/** SPIs below this are reserved: 0 is never on the wire, 1 to 255 are IANA's (RFC 4303, section 2.1). */
export const ESP_SPI_MIN = 256;

/** The port of ESP in UDP, and of IKE beside it (RFC 3948, section 2). */
export const UDP_PORT_NAT_T = 4500;

/** SPI and sequence number, host order. */
export interface EspHeader {
  readonly spi: number;
  readonly sequence: number;
}

/** Reads the header at `at`. */
export function readEspHeader(u8: Uint8Array, at = 0): EspHeader {
  return { spi: readU32(u8, at + ESP_SPI), sequence: readU32(u8, at + ESP_SEQUENCE) };
}

/**
 * Writes a header at `at`.
 *
 * @returns its length: {@link ESP_HEADER_BYTES}
 */
export function writeEspHeader(u8: Uint8Array, at: number, header: EspHeader): number {
  writeU32(u8, at + ESP_SPI, header.spi);
  writeU32(u8, at + ESP_SEQUENCE, header.sequence);
  return ESP_HEADER_BYTES;
}

/**
 * The least number of padding bytes, so that payload, padding and trailer fill whole blocks and end at a multiple of 4
 * (RFC 4303, section 2.4). For the data path.
 *
 * @param payloadBytes what is to be enciphered, without padding and trailer
 * @param blockBytes of the cipher, a power of two; 1 for a stream cipher
 */
export function espPadBytes(payloadBytes: number, blockBytes: number): number {
  const align = Math.max(blockBytes, 4);
  return -(payloadBytes + ESP_TRAILER_BYTES) & (align - 1);
}

/**
 * Writes padding 1, 2, 3, … and the trailer behind it (RFC 4303, section 2.4). For the data path.
 *
 * @param at where the padding begins
 * @returns bytes written: `padBytes` and {@link ESP_TRAILER_BYTES}
 */
export function writeEspTrailer(u8: Uint8Array, at: number, padBytes: number, nextHeader: number): number {
  for (let i = 0; i < padBytes; i++) u8[at + i] = i + 1;
  u8[at + padBytes] = padBytes;
  u8[at + padBytes + 1] = nextHeader;
  return padBytes + ESP_TRAILER_BYTES;
}

/** Whether the padding at `at` is 1, 2, 3, … as it should be. For the data path. */
export function espPaddingOk(u8: Uint8Array, at: number, padBytes: number): boolean {
  for (let i = 0; i < padBytes; i++) {
    if (u8[at + i] !== i + 1) return false;
  }
  return true;
}

/**
 * Whether a UDP datagram carries ESP: it is from or to port 4500, and its payload holds an ESP header that does not begin
 * with the four zero bytes that mark IKE (RFC 3948, section 2). For the data path.
 *
 * @param udpAt where the UDP header begins
 * @param end offset behind the last byte of the packet
 */
export function udpCarriesEsp(u8: Uint8Array, udpAt: number, end: number): boolean {
  if (udpAt + UDP_HEADER_BYTES + ESP_HEADER_BYTES > end) return false;
  if (
    readU16(u8, udpAt + UDP_DESTINATION_PORT) !== UDP_PORT_NAT_T &&
    readU16(u8, udpAt + UDP_SOURCE_PORT) !== UDP_PORT_NAT_T
  ) {
    return false;
  }
  return readU32(u8, udpAt + UDP_HEADER_BYTES) !== 0;
}
