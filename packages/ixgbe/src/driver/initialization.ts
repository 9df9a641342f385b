import type { EthLink } from '@inline-ipsec/ethdev/link';
import { LINKS_SPEED_1G, LINKS_SPEED_10G, LINKS_SPEED_100M } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import { REG, rah, ral } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * Bringing a card up, down to its queues: the procedures of the 82599 datasheet, section 4.6.3, in its order and under its
 * names. Queues and the security block have files of their own.
 */

/** AUTOC.LMS: 10 Gb/s serial, without negotiation. */
const LMS_10G_SERIAL = 3;
const ALL_INTERRUPTS = 0x7fff_ffff;

/** Section 4.6.3.1: no interrupt is wanted, for the card is polled. */
export function disableInterrupts(hardware: Hardware): void {
  hardware.write(REG.EIMC, ALL_INTERRUPTS);
  hardware.write(REG.EICR, 0xffff_ffff);
}

/**
 * Section 4.6.3.2: stops the card on the bus, resets it, and waits until it has read its EEPROM and set its DMA up.
 *
 * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
 */
export function globalReset(hardware: Hardware): void {
  disableInterrupts(hardware);
  // A master that is not idle is reset all the same: it is what the reset is for.
  hardware.set(REG.CTRL, field.CTRL_GIO_DIS);
  hardware.settles(REG.STATUS, field.STATUS_GIO_MASTER_EN, 0);
  hardware.set(REG.CTRL, field.CTRL_RST);
  hardware.wait(REG.CTRL, field.CTRL_RST, 0, 'the reset does not end (CTRL.RST)');
  hardware.clear(REG.CTRL, field.CTRL_GIO_DIS);
  hardware.settle();
  disableInterrupts(hardware);
  hardware.wait(REG.EEC, field.EEC_ARD, field.EEC_ARD, 'the EEPROM is not read (EEC.ARD)');
  const done = field.RDRXCTL_DMAIDONE;
  hardware.wait(REG.RDRXCTL, done, done, 'the DMA unit is not ready (RDRXCTL.DMAIDONE)');
}

/** The first receive address: what the EEPROM gave, or what {@link writeMacAddress} wrote since. */
export function readMacAddress(hardware: Hardware): Uint8Array {
  const low = hardware.read(ral(0));
  const high = hardware.read(rah(0));
  return Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8);
}

/** Makes `address` (6 bytes) the first receive address. */
export function writeMacAddress(hardware: Hardware, address: Uint8Array): void {
  // Not valid in between, lest a mixture of two addresses is.
  hardware.clear(rah(0), field.RAH_AV);
  hardware.write(ral(0), (address[0] | (address[1] << 8) | (address[2] << 16) | (address[3] << 24)) >>> 0);
  hardware.write(rah(0), (field.RAH_AV | address[4] | (address[5] << 8)) >>> 0);
}

/** Whether the part has its security block: fused parts report OFF_DIS (Linux commit 421d954c has the right bit). */
export function hasSecurityBlock(hardware: Hardware): boolean {
  hardware.settle();
  return (
    (hardware.read(REG.SECTXSTAT) & field.SECTXSTAT_SECTX_OFF_DIS) === 0 &&
    (hardware.read(REG.SECRXSTAT) & field.SECRXSTAT_SECRX_OFF_DIS) === 0
  );
}

/** Section 4.6.4: a serial link at 10 Gb/s. It is not waited for: a cable may be unplugged. */
export function initializeLink(hardware: Hardware): void {
  hardware.update(REG.AUTOC, field.AUTOC_LMS, LMS_10G_SERIAL << field.AUTOC_LMS_SHIFT);
  hardware.set(REG.AUTOC, field.AUTOC_AN_RESTART);
  hardware.settle();
}

/** The link as the card sees it now. */
export function readLink(hardware: Hardware): EthLink {
  hardware.settle();
  const links = hardware.read(REG.LINKS);
  const up = (links & field.LINKS_UP) !== 0;
  return { up, speedMbps: up ? speed(links & field.LINKS_SPEED) : 0, fullDuplex: true, autoneg: true };
}

function speed(bits: number): number {
  if (bits === LINKS_SPEED_10G) return 10_000;
  if (bits === LINKS_SPEED_1G) return 1000;
  return bits === LINKS_SPEED_100M ? 100 : 0;
}

/** Which frames are received besides those for the card's own address and broadcasts. */
export function writeFilters(hardware: Hardware, promiscuous: boolean, allMulticast: boolean): void {
  const all = promiscuous ? field.FCTRL_UPE | field.FCTRL_MPE : 0;
  const groups = allMulticast ? field.FCTRL_MPE : 0;
  hardware.write(REG.FCTRL, field.FCTRL_BAM | all | groups);
}

/** The longest frame, in bytes with FCS. */
export function writeFrameLimit(hardware: Hardware, bytes: number): void {
  hardware.update(REG.MAXFRS, field.MAXFRS_MFS, bytes << field.MAXFRS_MFS_SHIFT);
  const jumbo = bytes > STANDARD_FRAME_BYTES ? field.HLREG0_JUMBOEN : 0;
  hardware.update(REG.HLREG0, field.HLREG0_JUMBOEN, jumbo);
}

/** The longest frame that is not called jumbo, in bytes with FCS. */
export const STANDARD_FRAME_BYTES = 1518;

/** Tells the firmware that a driver has the card, or has let it go. */
export function claim(hardware: Hardware, loaded: boolean): void {
  if (loaded) hardware.set(REG.CTRL_EXT, field.CTRL_EXT_DRV_LOAD);
  else hardware.clear(REG.CTRL_EXT, field.CTRL_EXT_DRV_LOAD);
}
