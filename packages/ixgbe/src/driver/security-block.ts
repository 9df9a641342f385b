import { SetupError } from '@inline-ipsec/eal/errors';
import { SECTXBUFFAF_IPSEC, SECTXMINIFG_IPSEC } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import { REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * Switching the security block on and off (X550 datasheet section 4.6.12, the same block as the 82599's): both directions
 * are drained before anything of them changes, and started again at the end.
 */

/** Values of a reset, which a card without IPsec has. */
const FULLTHRESH_RESET = 0x250;
const MINSECIFG_RESET = 1;

/** Which directions are to be offloaded. */
export interface SecurityDirections {
  readonly receive: boolean;
  readonly transmit: boolean;
}

/** Stops both paths and waits until nothing is in them. False when one does not drain. */
function drain(hardware: Hardware): boolean {
  hardware.set(REG.SECTXCTRL, field.SECTXCTRL_TX_DIS);
  hardware.set(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
  const tx = hardware.settles(REG.SECTXSTAT, field.SECTXSTAT_SECTX_RDY, field.SECTXSTAT_SECTX_RDY);
  const rx = hardware.settles(REG.SECRXSTAT, field.SECRXSTAT_SECRX_RDY, field.SECRXSTAT_SECRX_RDY);
  return tx && rx;
}

/** Lets traffic through both paths again. */
function restart(hardware: Hardware): void {
  hardware.clear(REG.SECTXCTRL, field.SECTXCTRL_TX_DIS);
  hardware.clear(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
}

/**
 * Switches IPsec on. The tables are loaded while both paths are stopped, so that the first packet finds its SA.
 *
 * @param loadTables writes the SAs; the enable bits are set by then
 * @throws SetupError `ERR_IXGBE_TIMEOUT`, `ERR_IXGBE_SECURITY` (EIO) when the card does not do as it is told
 */
export function startSecurity(hardware: Hardware, directions: SecurityDirections, loadTables: () => void): void {
  const { receive, transmit } = directions;
  if (!drain(hardware)) {
    restart(hardware);
    throw refusal('the paths of the security block do not drain', 'SECTX_RDY and SECRX_RDY');
  }
  if (transmit) {
    hardware.clear(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS);
    hardware.update(REG.SECTXMINIFG, field.SECTXMINIFG_MINSECIFG, SECTXMINIFG_IPSEC);
    hardware.set(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD);
    hardware.update(REG.SECTXBUFFAF, field.SECTXBUFFAF_FULLTHRESH, SECTXBUFFAF_IPSEC);
    hardware.write(REG.IPSTXIDX, field.IPSTXIDX_IPS_TX_EN);
  }
  if (receive) {
    hardware.clear(REG.SECRXCTRL, field.SECRXCTRL_SECRX_DIS);
    hardware.write(REG.IPSRXIDX, field.IPSRXIDX_IPS_RX_EN);
  }
  hardware.settle();
  const txOn = !transmit || (hardware.read(REG.IPSTXIDX) & field.IPSTXIDX_IPS_TX_EN) !== 0;
  const rxOn = !receive || (hardware.read(REG.IPSRXIDX) & field.IPSRXIDX_IPS_RX_EN) !== 0;
  if (!txOn || !rxOn) {
    throw refusal('the security block cannot be switched on', 'IPS_TX_EN and IPS_RX_EN to stay set');
  }
  loadTables();
  restart(hardware);
}

/** Switches IPsec off. A path that does not drain, as with a link that is down, is switched off all the same. */
export function stopSecurity(hardware: Hardware): void {
  drain(hardware);
  hardware.write(REG.IPSTXIDX, 0);
  hardware.write(REG.IPSRXIDX, 0);
  hardware.set(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS);
  hardware.set(REG.SECRXCTRL, field.SECRXCTRL_SECRX_DIS);
  hardware.clear(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD);
  hardware.update(REG.SECTXBUFFAF, field.SECTXBUFFAF_FULLTHRESH, FULLTHRESH_RESET);
  hardware.update(REG.SECTXMINIFG, field.SECTXMINIFG_MINSECIFG, MINSECIFG_RESET);
  restart(hardware);
}

function refusal(message: string, expected: string): SetupError {
  return new SetupError({ code: 'ERR_IXGBE_SECURITY', errno: 'EIO', message, expected });
}
