import {
  FCTRL_BAM,
  FCTRL_MPE,
  FCTRL_UPE,
  MCSTCTRL_MFE,
  MCSTCTRL_MO,
  RAH_AV,
  VLNCTRL_CFI,
  VLNCTRL_CFIEN,
} from '../register-fields.ts';
import { mta, REG, rah, ral, uta, vfta } from '../registers.ts';
import type { CardCore } from './_core.ts';
import { FILTER_COUNT, FILTERS } from './_layout.ts';

/**
 * The MAC address filters: exact addresses, the multicast hash, broadcast, promiscuous (82599 datasheet 7.1.1.1),
 * and the filter of VLANs (7.1.1.2).
 */

/** Of a VLAN tag: the canonical form indicator, and the VLAN. */
const TAG_CFI = 0x1000;
const TAG_VLAN = 0xfff;

/** Result of {@link passesFilter}: not for this card. */
export const FILTER_DROP = 0;
/** Result of {@link passesFilter}: one of the card's own addresses. */
export const FILTER_EXACT = 1;
/** Result of {@link passesFilter}: any other reason to take it. */
export const FILTER_INEXACT = 2;

/** Takes the receive addresses over into the form in which they lie in frames. */
export function applyFilters(core: CardCore): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  let entries = 0;
  for (let i = 0; i < 128; i++) {
    const high = registers[rah(i) >> 2];
    if ((high & RAH_AV) === 0) continue;
    const low = registers[ral(i) >> 2];
    const at = ((state + FILTERS) >> 2) + entries++ * 2;
    u32[at] = low & 0xffff;
    u32[at + 1] = (low >>> 16) | (high << 16);
  }
  u32[(state + FILTER_COUNT) >> 2] = entries;
}

/** Whether the card takes the frame at a position (2 modulo 4) by its destination address: a FILTER_ value. */
export function passesFilter(core: CardCore, frame: number): number {
  const { registers, state } = core;
  const { u16, u32 } = core.memory;
  const first = u16[frame >> 1];
  const rest = u32[(frame + 2) >> 2];
  const entries = (state + FILTERS) >> 2;
  const end = entries + u32[(state + FILTER_COUNT) >> 2] * 2;
  for (let at = entries; at < end; at += 2) {
    if (u32[at + 1] === rest && u32[at] === first) return FILTER_EXACT;
  }
  const fctrl = registers[REG.FCTRL >> 2];
  if ((first & 1) === 0) {
    return (fctrl & FCTRL_UPE) !== 0 || inHashTable(registers, uta(0), rest) ? FILTER_INEXACT : FILTER_DROP;
  }
  if ((fctrl & FCTRL_MPE) !== 0) return FILTER_INEXACT;
  if (first === 0xffff && rest === 0xffffffff) return (fctrl & FCTRL_BAM) !== 0 ? FILTER_INEXACT : FILTER_DROP;
  return inHashTable(registers, mta(0), rest) ? FILTER_INEXACT : FILTER_DROP;
}

/**
 * Whether a hash table has an address: MTA for groups, UTA for single stations. MCSTCTRL.MFE puts both to use (DPDK's
 * `ixgbe_uc_hash_table_set` sets it for the second one).
 *
 * @param table offset of the table
 * @param rest bytes 2 to 5 of the address, as they lie in a frame
 */
function inHashTable(registers: Uint32Array, table: number, rest: number): boolean {
  const control = registers[REG.MCSTCTRL >> 2];
  if ((control & MCSTCTRL_MFE) === 0) return false;
  // 12 of the address's last 16 bits (byte 4 is the lower one): from bit 4, 3, 2 or 0 on.
  const offset = control & MCSTCTRL_MO;
  const hash = (rest >>> (offset === 3 ? 16 : 20 - offset)) & 0xfff;
  return ((registers[(table >> 2) + (hash >>> 5)] >>> (hash & 31)) & 1) !== 0;
}

/** Whether the card takes a frame with a VLAN tag by that: VFTA has its VLAN, and the CFI bit is as wanted. */
export function passesVlanFilter({ registers, memory }: CardCore, frame: number): boolean {
  const { u8 } = memory;
  const tag = (u8[frame + 14] << 8) | u8[frame + 15];
  const control = registers[REG.VLNCTRL >> 2];
  if ((control & VLNCTRL_CFIEN) !== 0 && ((tag & TAG_CFI) !== 0) !== ((control & VLNCTRL_CFI) !== 0)) return false;
  const vlan = tag & TAG_VLAN;
  return ((registers[vfta(vlan >>> 5) >> 2] >>> (vlan & 31)) & 1) !== 0;
}
