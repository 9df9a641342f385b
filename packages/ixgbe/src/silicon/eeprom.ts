/**
 * The words of the EEPROM that a driver reads: all 0 but the checksum, with which the words 0 to 0x3F come to 0xBABA.
 * There is no firmware, no PHY set-up and no alternate address in it.
 */

/** What words 0x00 to 0x3F add up to, modulo 2^16. */
export const EEPROM_SUM = 0xbaba;
/** The word that makes them do so. */
export const EEPROM_CHECKSUM = 0x3f;

/**
 * The word at an address. The card's MAC address is in the receive address registers after a reset and in no word here:
 * pointers are 0, which says that there is no such section.
 */
export function eepromWord(address: number): number {
  return address === EEPROM_CHECKSUM ? EEPROM_SUM : 0;
}
