import type { CardCore } from './_core.ts';
import { move } from './move.ts';

/**
 * AH with AES-GMAC, for both sides of the security block (RFC 4302; RFC 4543 section 4, with its erratum 3643): where its
 * fields are, and what it authenticates. Nothing is enciphered, so all that is authenticated goes to the engine as AAD:
 * a copy of the packet from its IP header on, in which what routers change and the ICV field are zero.
 */

/** Next header, payload length, reserved, SPI, sequence number. */
const FIXED = 12;
/** From the beginning of AH to its SPI. */
export const AH_SPI = 4;
/** From the beginning of AH to its IV, with which the ICV field begins. */
export const AH_IV: number = FIXED;
/** From the beginning of AH to the ICV proper. */
export const AH_ICV = 20;
/** Bytes of AH in IPv4. */
export const AH_BYTES_IPV4 = 36;
/** Bytes of AH in IPv6: padded to a multiple of 8. */
export const AH_BYTES_IPV6 = 40;
/** Bytes of the ICV field that are zero for the computation: IV and ICV. The padding counts as it is. */
const ICV_FIELD = 24;
const IV_BYTES = 8;

/** Whether AH says that it is as long as it must be with AES-GMAC: 7 in IPv4, 8 in IPv6, in words without the first two. */
export function ahLengthFits(u8: Uint8Array, ah: number, ipv6: boolean): boolean {
  return u8[ah + 1] === (ipv6 ? AH_BYTES_IPV6 : AH_BYTES_IPV4) / 4 - 2;
}

/**
 * Copies what AH authenticates.
 *
 * @param from position of the frame
 * @param to position of the copy; only the bytes from `ip` to `end` are written
 * @param ip bytes from the beginning of the frame to its IP header
 * @param ah bytes to its AH
 * @param end bytes to the end of what is authenticated
 */
export function copyForAh(
  core: CardCore,
  from: number,
  to: number,
  ip: number,
  ah: number,
  end: number,
  ipv6: boolean,
): void {
  const { u8 } = core.memory;
  move(core, to + ip, from + ip, end - ip);
  const header = to + ip;
  if (ipv6) {
    // Traffic class, flow label and hop limit (RFC 4302, 3.3.3.1.2.1).
    u8[header] &= 0xf0;
    u8.fill(0, header + 1, header + 4);
    u8[header + 7] = 0;
  } else {
    // TOS, flags and fragment offset, TTL and checksum (RFC 4302, 3.3.3.1.1.1).
    u8[header + 1] = 0;
    u8.fill(0, header + 6, header + 9);
    u8.fill(0, header + 10, header + 12);
  }
  const field = to + ah + AH_IV;
  const zeros = core.choices.ahInitializationVector === 'zeroed' ? field : field + IV_BYTES;
  u8.fill(0, zeros, field + ICV_FIELD);
}
