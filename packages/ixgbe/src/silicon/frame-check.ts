/**
 * The frame check sequence of Ethernet (IEEE 802.3, 3.2.9): CRC-32 over the whole frame, lowest byte first. Wires carry
 * frames without it, so it is made where a card is told to leave it on.
 */

const POLYNOMIAL = 0xedb8_8320;
const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
  return crc;
});

/** Writes the FCS of `bytes` bytes at `at` behind them: 4 bytes. */
export function appendFrameCheck(u8: Uint8Array, at: number, bytes: number): void {
  const end = at + bytes;
  let crc = -1;
  for (let i = at; i < end; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ u8[i]) & 0xff];
  crc = ~crc;
  u8[end] = crc;
  u8[end + 1] = crc >>> 8;
  u8[end + 2] = crc >>> 16;
  u8[end + 3] = crc >>> 24;
}
