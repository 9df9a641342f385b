/**
 * The two cyclic redundancy checks that the card makes, both over reflected bits, begun with all ones and complemented:
 * the frame check sequence (IEEE 802.3, section 3.2.9) and the CRC-32c of SCTP (RFC 9260, appendix A).
 */

const FCS_TABLE = tableOf(0xedb8_8320);
const CRC32C_TABLE = tableOf(0x82f6_3b78);

function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
}

function crcOf(table: Uint32Array, u8: Uint8Array, at: number, bytes: number): number {
  let crc = 0xffff_ffff;
  for (let i = at, end = at + bytes; i < end; i++) crc = table[(crc ^ u8[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The frame check sequence of a frame without one; on the wire its lowest byte is first. */
export function frameCheckSequence(u8: Uint8Array, at: number, bytes: number): number {
  return crcOf(FCS_TABLE, u8, at, bytes);
}

/** The CRC-32c of bytes; in an SCTP header its lowest byte is first. */
export function crc32c(u8: Uint8Array, at: number, bytes: number): number {
  return crcOf(CRC32C_TABLE, u8, at, bytes);
}
