import { IPSRX_TABLE_IP, IPSRX_TABLE_KEY, IPSRX_TABLE_SPI } from '../descriptors.ts';
import {
  IPSRXIDX_IPS_RX_EN,
  IPSRXIDX_TB_IDX_SHIFT,
  IPSRXIDX_WRITE,
  IPSRXMOD_DECRYPT,
  IPSRXMOD_IPV6,
  IPSRXMOD_PROTO,
  IPSRXMOD_VALID,
  IPSTXIDX_IPS_TX_EN,
  IPSTXIDX_SA_IDX_SHIFT,
  IPSTXIDX_WRITE,
} from '../register-fields.ts';
import { ipsrxipaddr, ipsrxkey, ipstxkey, REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * The commands that write the SA tables: staging registers first, then the index register with its WRITE bit, which the
 * card clears when it is done (X550 datasheet section 7.13.3).
 *
 * The enable bit shares a register with the commands, so each of them has it set. Nobody touches a staging register before
 * the command before is done. An entry that goes is overwritten with zeros.
 *
 * Byte order: keys and salts are big-endian numbers, the first four bytes of a key in its highest register. SPIs and
 * addresses are the bytes of the wire with the first one lowest.
 */

/**
 * Writes an entry of the receive address table.
 *
 * @param words position of four words: the registers' values
 */
export function writeRxAddress(hardware: Hardware, u32: Uint32Array, index: number, words: number): void {
  for (let n = 0; n < 4; n++) hardware.write(ipsrxipaddr(n), u32[(words >> 2) + n]);
  receiveCommand(hardware, IPSRX_TABLE_IP, index);
}

/** Clears an entry of the receive address table. */
export function clearRxAddress(hardware: Hardware, index: number): void {
  for (let n = 0; n < 4; n++) hardware.write(ipsrxipaddr(n), 0);
  receiveCommand(hardware, IPSRX_TABLE_IP, index);
}

/**
 * Writes an entry of the receive SPI table.
 *
 * @param spi the register's value: the SPI's bytes with the first one lowest; 0 with address 0 clears the entry
 * @param address index into the address table
 */
export function writeRxSpi(hardware: Hardware, index: number, spi: number, address: number): void {
  hardware.write(REG.IPSRXSPI, spi);
  hardware.write(REG.IPSRXIPIDX, address);
  receiveCommand(hardware, IPSRX_TABLE_SPI, index);
}

/**
 * Writes an entry of the receive key table: ESP, valid.
 *
 * @param key position of the 16 bytes
 * @param salt position of the 4 bytes
 */
export function writeRxKey(
  hardware: Hardware,
  u8: Uint8Array,
  index: number,
  key: number,
  salt: number,
  mode: { readonly decrypt: boolean; readonly ipv6: boolean },
): void {
  for (let n = 0; n < 4; n++) hardware.write(ipsrxkey(n), bigEndian(u8, key + 12 - 4 * n));
  hardware.write(REG.IPSRXSALT, bigEndian(u8, salt));
  const bits = (mode.decrypt ? IPSRXMOD_DECRYPT : 0) | (mode.ipv6 ? IPSRXMOD_IPV6 : 0);
  hardware.write(REG.IPSRXMOD, IPSRXMOD_VALID | IPSRXMOD_PROTO | bits);
  receiveCommand(hardware, IPSRX_TABLE_KEY, index);
}

/** Clears an entry of the receive key table: its SA is no longer valid. */
export function clearRxKey(hardware: Hardware, index: number): void {
  for (let n = 0; n < 4; n++) hardware.write(ipsrxkey(n), 0);
  hardware.write(REG.IPSRXSALT, 0);
  hardware.write(REG.IPSRXMOD, 0);
  receiveCommand(hardware, IPSRX_TABLE_KEY, index);
}

/**
 * Writes an entry of the transmit SA table.
 *
 * @param key position of the 16 bytes
 * @param salt position of the 4 bytes
 */
export function writeTxSa(hardware: Hardware, u8: Uint8Array, index: number, key: number, salt: number): void {
  for (let n = 0; n < 4; n++) hardware.write(ipstxkey(n), bigEndian(u8, key + 12 - 4 * n));
  hardware.write(REG.IPSTXSALT, bigEndian(u8, salt));
  transmitCommand(hardware, index);
}

/** Clears an entry of the transmit SA table. It has no valid bit: nobody may send by it any more. */
export function clearTxSa(hardware: Hardware, index: number): void {
  for (let n = 0; n < 4; n++) hardware.write(ipstxkey(n), 0);
  hardware.write(REG.IPSTXSALT, 0);
  transmitCommand(hardware, index);
}

function receiveCommand(hardware: Hardware, table: number, index: number): void {
  const command = IPSRXIDX_WRITE | (index << IPSRXIDX_TB_IDX_SHIFT) | table | IPSRXIDX_IPS_RX_EN;
  hardware.write(REG.IPSRXIDX, command >>> 0);
  hardware.wait(REG.IPSRXIDX, IPSRXIDX_WRITE, 0, 'a receive table command does not end (IPSRXIDX.WRITE)');
}

function transmitCommand(hardware: Hardware, index: number): void {
  const command = IPSTXIDX_WRITE | (index << IPSTXIDX_SA_IDX_SHIFT) | IPSTXIDX_IPS_TX_EN;
  hardware.write(REG.IPSTXIDX, command >>> 0);
  hardware.wait(REG.IPSTXIDX, IPSTXIDX_WRITE, 0, 'a transmit table command does not end (IPSTXIDX.WRITE)');
}

function bigEndian(u8: Uint8Array, at: number): number {
  return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0;
}
