import { SECTXCTRL_STORE_FORWARD } from '../register-fields.ts';
import { REG } from '../registers.ts';
import type { CardCore } from './_core.ts';

/** How long what the card sends may be, in bytes without FCS. */

/** The shortest packet that may be given to the card (82599 datasheet 7.2.3.2). */
export const TX_LEAST = 17;
/** The longest frame: 15.5 KiB with its FCS. */
const LONGEST = 15872 - 4;
/** The longest frame that store-and-forward holds: 9.5 KiB. */
const STORE_FORWARD_LONGEST = 9728;

/** The longest frame that the card can send as it is set up. */
export function longestFrame(core: CardCore): number {
  const whole = (core.registers[REG.SECTXCTRL >> 2] & SECTXCTRL_STORE_FORWARD) !== 0;
  return whole ? STORE_FORWARD_LONGEST : LONGEST;
}
