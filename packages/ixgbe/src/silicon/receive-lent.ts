import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { move } from './move.ts';

/**
 * Frames that a wire lends (`Wire.lend`): they lie where the wire has them, and the card brings them from there to the host
 * at once. What must change a frame, or keep it for another step, first takes it into the packet buffer as its own.
 *
 * `frameAt` tells where each frame of a batch is; `rxAt` has the places of the packet buffer all the time.
 */

/**
 * Has the wire lend up to `n` frames, when the packet buffer is empty.
 *
 * @returns how many; −1 when the wire cannot, and they have to be received
 */
export function borrow(core: CardCore, n: number): number {
  const { wire, state } = core;
  // Tags are taken off in the packet buffer.
  if (wire.lend === undefined || core.memory.u32[(state + layout.RX_STEER) >> 2] !== 0) return -1;
  const frames = wire.lend(core.rxLentAt, core.rxLengths, n);
  if (frames > 0) {
    core.lent = frames;
    core.frameAt = core.rxLentAt;
    core.framesAt = state + layout.RX_LENT;
  }
  return frames;
}

/** Makes frames from number `first` on the card's own. */
export function own(core: CardCore, first: number): void {
  const { rxAt, rxLentAt, rxLengths } = core;
  for (let i = first; i < core.lent; i++) {
    move(core, rxAt[i], rxLentAt[i], Math.min(rxLengths[i], layout.SLOT_ROOM));
    rxLentAt[i] = rxAt[i];
  }
  core.lent = Math.min(core.lent, first);
}

/** The first `delivered` frames are with the host: the others become the card's own, and the wire has nothing lent any more. */
export function giveBack(core: CardCore, delivered: number): void {
  own(core, delivered);
  core.lent = 0;
  core.frameAt = core.rxAt;
  core.framesAt = core.state + layout.RX_AT;
}
