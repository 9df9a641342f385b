import * as field from '../register-fields.ts';
import { REG, vfta } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/** The filter of VLANs: 82599 datasheet, section 7.1.1.2 (DPDK: `ixgbe_vlan_hw_filter_enable`, `ixgbe_vlan_filter_set`). */

const WORDS = 128;

/** The VLANs that are received, a bit each: what the card's VFTA registers hold, and lose at a reset. */
export class VlanFilter {
  readonly #words = new Uint32Array(WORDS);

  /** Lets a VLAN in, or out again. The card hears of it when `hardware` is given. */
  set(vlan: number, on: boolean, hardware?: Hardware): void {
    const word = vlan >>> 5;
    const bit = 1 << (vlan & 31);
    this.#words[word] = on ? this.#words[word] | bit : this.#words[word] & ~bit;
    hardware?.write(vfta(word), this.#words[word]);
  }

  /** Forgets all. */
  clear(): void {
    this.#words.fill(0);
  }

  /** Switches the card's filter on, with the VLANs that it lets in, or off. */
  load(hardware: Hardware, on: boolean): void {
    // The canonical form indicator says nothing.
    hardware.update(REG.VLNCTRL, field.VLNCTRL_VFE | field.VLNCTRL_CFIEN, on ? field.VLNCTRL_VFE : 0);
    if (!on) return;
    for (let i = 0; i < WORDS; i++) hardware.write(vfta(i), this.#words[i]);
  }
}
