import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { move } from './move.ts';

/**
 * Frames that a wire lends (`Wire.lend`): they lie where the wire has them, and the card brings them from there to the host
 * at once. What must change a frame, or keep it for another step, first takes it into the packet buffer as its own.
 *
 * `rxAt` tells where each frame is, as ever; meanwhile `rxHomes` tells the places of the packet buffer.
 */

/**
 * Has the wire lend up to `n` frames, when the packet buffer is empty.
 *
 * @returns how many; −1 when the wire cannot, and they have to be received
 */
export function borrow(core: CardCore, n: number): number {
  const { wire, rxAt, rxHomes, rxLengths, state } = core;
  // Tags are taken off in the packet buffer.
  if (wire.lend === undefined || core.memory.u32[(state + layout.RX_STEER) >> 2] !== 0) return -1;
  rxHomes.set(rxAt);
  const frames = wire.lend(rxAt, rxLengths, n);
  core.lent = Math.max(0, frames);
  return frames;
}

/** Makes frames from number `first` on the card's own. */
export function own(core: CardCore, first: number): void {
  const { rxAt, rxHomes, rxLengths } = core;
  for (let i = first; i < core.lent; i++) {
    move(core, rxHomes[i], rxAt[i], Math.min(rxLengths[i], layout.SLOT_ROOM));
    rxAt[i] = rxHomes[i];
  }
  core.lent = Math.min(core.lent, first);
}

/** The first `delivered` frames are with the host: the others become the card's own, and the wire has nothing lent any more. */
export function giveBack(core: CardCore, delivered: number): void {
  const { rxAt, rxHomes } = core;
  own(core, delivered);
  for (let i = 0; i < core.lent; i++) rxAt[i] = rxHomes[i];
  core.lent = 0;
}
