import type { CardCore } from './_core.ts';
import { move } from './move.ts';

/**
 * Frames that need nothing done leave from host memory: `txAt` tells where they lie there, and the wire copies them from
 * there. Their descriptors are not reported done before that. What must change such a frame, or keep it for another step,
 * first takes it into the packet buffer.
 *
 * Meanwhile `txHomes` has the place of the packet buffer that belongs to each of them, and 0 for the others.
 */

/** Takes frames `first` to `end` − 1 into the packet buffer, those that are not there. */
function ownSent(core: CardCore, first: number, end: number): void {
  const { txAt, txHomes, txLengths } = core;
  for (let i = first; i < end; i++) {
    if (txHomes[i] === 0) continue;
    move(core, txHomes[i], txAt[i], txLengths[i]);
    txAt[i] = txHomes[i];
    txHomes[i] = 0;
  }
}

/** Takes all frames of the batch into the packet buffer. */
export function ownAll(core: CardCore): void {
  if (core.txLent) ownSent(core, 0, core.filled);
  core.txLent = false;
}

/** Of `n` frames the wire has the first `taken`; the others stay in the packet buffer, and host memory is software's again. */
export function endLent(core: CardCore, n: number, taken: number): void {
  const { txAt, txHomes } = core;
  if (!core.txLent) return;
  ownSent(core, taken, n);
  for (let i = 0; i < taken; i++) {
    if (txHomes[i] === 0) continue;
    txAt[i] = txHomes[i];
    txHomes[i] = 0;
  }
  core.txLent = false;
}
