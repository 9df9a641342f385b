import { readU16, writeU16 } from '@inline-ipsec/net/big-endian';
import { updateChecksum16 } from '@inline-ipsec/net/checksum';

/**
 * Gives an IPv4 header whose TTL was taken down by one the checksum of before: gateways of 2018 did not bring it up to
 * date.
 */
export function restoreTtlChecksum(u8: Uint8Array, at: number): void {
  const word = readU16(u8, at + 8);
  writeU16(u8, at + 10, updateChecksum16(readU16(u8, at + 10), word, word + 0x100));
}
