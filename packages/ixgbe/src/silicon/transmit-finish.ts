import type { Memory } from '@inline-ipsec/eal/memory';
import { HLREG0_TXPADEN } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { addressKind, countTransmitted, countTransmittedKind, PTC64, sizeClass } from './statistics.ts';
import { ownAll } from './transmit-lent.ts';

/** What the MAC does to frames before they leave: padding and statistics. */

const DROPPED = counterSlot('txDropped');

/** The shortest Ethernet frame, without FCS. */
const SHORTEST = 60;

/**
 * Counts frames from number `first` on as sent, while they are to one station and neither failed nor to be padded, in a
 * loop that calls nothing. Returns the number of the frame that is another case.
 */
export function finishRunLoop({ i32 }: Memory): (core: CardCore, first: number) => number {
  return (core: CardCore, first: number): number => {
    const { registers, state, filled } = core;
    const at = (state + layout.TX_AT) >> 2;
    const lengths = (state + layout.TX_LENGTHS) >> 2;
    let bytes = 0;
    // Frames are counted by their size when another size comes.
    let size = SHORTEST;
    let sized = first;
    let i = first;
    for (; i < filled; i++) {
      const length = i32[lengths + i];
      // The group bit of the address, which begins with the upper half of a word.
      if (length < SHORTEST || (i32[i32[at + i] >> 2] & 0x1_0000) !== 0) break;
      if (length !== size) {
        registers[PTC64 + sizeClass(size)] += i - sized;
        size = length;
        sized = i;
      }
      bytes = (bytes + length) | 0;
    }
    if (i !== first) {
      registers[PTC64 + sizeClass(size)] += i - sized;
      countTransmitted(registers, i - first, bytes);
    }
    return i;
  };
}

/** Takes out frames that the engine could not do, pads and counts the others. Returns how many there are in all. */
export function finish(core: CardCore, held: number): number {
  const { registers, txAt, txLengths } = core;
  const { u8, u16, u32 } = core.memory;
  const pad = (registers[REG.HLREG0 >> 2] & HLREG0_TXPADEN) !== 0;
  const counted = core.loops.finishRun(core, held);
  if (counted === core.filled) return counted;
  // Frames get padding and change places, which are those of the packet buffer.
  ownAll(core);
  let kept = counted;
  let bytes = 0;
  for (let i = counted; i < core.filled; i++) {
    let length = txLengths[i];
    const frame = txAt[i];
    if (length === 0) {
      count(core, DROPPED);
      continue;
    }
    if (pad && length < SHORTEST) {
      u8.fill(0, frame + length, frame + SHORTEST);
      length = SHORTEST;
    }
    if (kept !== i) {
      txAt[i] = txAt[kept];
      txAt[kept] = frame;
    }
    txLengths[kept++] = length;
    bytes += length;
    countTransmittedKind(registers, length, addressKind(u16, u32, frame));
  }
  countTransmitted(registers, kept - counted, bytes);
  return kept;
}
