import type { CardCore } from './_core.ts';
import { move } from './move.ts';

/**
 * Frames that need nothing done leave from host memory: `txAt` tells where they lie there, and the wire copies them from
 * there. Their descriptors are not reported done before that. What must change such a frame, or keep it for another step,
 * first takes it into the packet buffer.
 *
 * Meanwhile `txHomes` tells the places of the packet buffer, in the order of `txAt`.
 */

/** Begins a batch: all of `txAt` are places in the packet buffer. */
export function rememberHomes(core: CardCore): void {
  core.txHomes.set(core.txAt);
  core.txLent = false;
}

/** Takes frames `first` to `end` − 1 into the packet buffer, those that are not there. */
function ownSent(core: CardCore, first: number, end: number): void {
  const { txAt, txHomes, txLengths } = core;
  if (!core.txLent) return;
  for (let i = first; i < end; i++) {
    if (txAt[i] === txHomes[i]) continue;
    move(core, txHomes[i], txAt[i], txLengths[i]);
    txAt[i] = txHomes[i];
  }
}

/** Takes all frames of the batch into the packet buffer. */
export function ownAll(core: CardCore): void {
  ownSent(core, 0, core.filled);
  core.txLent = false;
}

/** Of `n` frames the wire has the first `taken`; the others stay in the packet buffer, and host memory is software's again. */
export function endLent(core: CardCore, n: number, taken: number): void {
  const { txAt, txHomes } = core;
  if (!core.txLent) return;
  ownSent(core, taken, n);
  for (let i = 0; i < taken; i++) txAt[i] = txHomes[i];
  core.txLent = false;
}
