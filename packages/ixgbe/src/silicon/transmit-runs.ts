import type { Memory } from '@inline-ipsec/eal/memory';
import {
  DESCRIPTOR_BYTES,
  TXD_ADDRESS_HI,
  TXD_ADDRESS_LO,
  TXD_COMMAND,
  TXD_DTALEN,
  TXD_IDX_SHIFT,
  TXD_OPTIONS,
  TXD_PAYLEN_SHIFT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
  TXD_RS,
  TXD_WHOLE,
} from '../descriptors.ts';
import { HLREG0_TXCRCEN } from '../register-fields.ts';
import { REG } from '../registers.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { longestFrame, TX_LEAST } from './transmit-limits.ts';

/** Packets that are what most are, many at a time. */

/**
 * Takes packets that are alike and ask for nothing unusual, from descriptor `first` on and before `stop`, which is not
 * beyond the ring's end: each in one descriptor, with nothing to be inserted but the FCS, and all of them or none for the
 * security block. There is one loop for either, which calls nothing.
 *
 * @returns how many descriptors, and packets, it took; 0 when the first one is of another kind
 */
export function gatherRun(core: CardCore, queue: number, first: number, stop: number, limit: number): number {
  const { registers, filled } = core;
  const { i32 } = core.memory;
  if ((registers[REG.HLREG0 >> 2] & HLREG0_TXCRCEN) === 0) return 0;
  const from = i32[(queue + layout.QUEUE_RING) >> 2] + first * DESCRIPTOR_BYTES;
  const options = i32[(from + TXD_OPTIONS) >> 2];
  const most = Math.min(stop - first, limit - filled);
  const asked = options & (TXD_POPTS_IXSM | TXD_POPTS_TXSM | TXD_POPTS_IPSEC);
  let taken = 0;
  if (asked === TXD_POPTS_IPSEC) {
    const slot = (options >>> TXD_IDX_SHIFT) & 1;
    taken = core.loops.prepareEncryptionRun(
      core,
      from,
      most,
      (queue + layout.QUEUE_CONTEXTS + slot * DESCRIPTOR_BYTES) >> 2,
    );
  } else if (asked === 0) taken = core.loops.lendRun(core, from, most);
  core.filled = filled + taken;
  return taken;
}

/** Packets that leave as they are, from where they lie in host memory. */
export function lendRunLoop({ i32 }: Memory): (core: CardCore, from: number, most: number) => number {
  return (core: CardCore, from: number, most: number): number => {
    const { state, filled } = core;
    const { direct } = core.dma;
    if (direct === undefined) return 0;
    const end = direct.end | 0;
    const gap = direct.gap | 0;
    const gapEnd = direct.gapEnd | 0;
    const longest = longestFrame(core);
    const places = ((state + layout.TX_AT) >> 2) + filled;
    const lengths = ((state + layout.TX_LENGTHS) >> 2) + filled;
    const homes = ((state + layout.TX_HOMES) >> 2) + filled;
    let bytes = 0;
    let descriptor = from | 0;
    let i = 0;
    for (; i < most; i++) {
      const at = descriptor >> 2;
      const command = i32[at + (TXD_COMMAND >> 2)];
      const options = i32[at + (TXD_OPTIONS >> 2)];
      const length = command & TXD_DTALEN;
      if ((command & ~(TXD_DTALEN | TXD_RS)) !== TXD_WHOLE || length < TX_LEAST || length > longest) break;
      if ((options & (TXD_POPTS_IXSM | TXD_POPTS_TXSM | TXD_POPTS_IPSEC)) !== 0) break;
      if (options >>> TXD_PAYLEN_SHIFT !== length) break;
      const host = i32[at + (TXD_ADDRESS_LO >> 2)];
      const hostEnd = (host + length) | 0;
      if (i32[at + (TXD_ADDRESS_HI >> 2)] !== 0 || host <= 0 || hostEnd > end || hostEnd < 0) break;
      if (host < gapEnd && hostEnd > gap) break;
      i32[lengths + i] = length;
      i32[homes + i] = i32[places + i];
      i32[places + i] = host;
      bytes = (bytes + length) | 0;
      descriptor = (descriptor + DESCRIPTOR_BYTES) | 0;
    }
    if (i !== 0) core.txLent = true;
    core.gathered += bytes;
    return i;
  };
}
