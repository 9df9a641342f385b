import { CTRL_GIO_DIS, RXCTRL_RXEN, SECRXCTRL_RX_DIS, SECRXSTAT_ECC_RXERR } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { admit } from './receive-admit.ts';
import { deliver, freeDescriptors } from './receive-deliver.ts';
import { borrow, giveBack } from './receive-lent.ts';
import { rotate } from './rotate.ts';
import { countMissedUnseen } from './statistics.ts';

/**
 * The receive path, a batch at a time:
 *
 * 1. frames come off the wire into the packet buffer, or are lent by the wire;
 * 2. each is checked for size, address and VLAN, parsed, given a queue, and as many descriptors as it fills;
 * 3. what the security block wants becomes a crypto job from there into the host's buffer, anything else is
 *    copied there;
 * 4. the engine runs all jobs of the batch;
 * 5. descriptors are written back and heads move.
 *
 * A frame for whose queue there is no descriptor waits in the packet buffer, and what is behind it waits too, unless the
 * queue is told to drop. The wire is asked for more only when there are descriptors for what waits and one frame more, so a
 * wire that can wait loses nothing.
 */

const DISCARDED = counterSlot('rxDiscarded');

/** Receives up to `budget` frames. Returns how many left the wire or the packet buffer, delivered or not. */
export function receive(core: CardCore, budget: number): number {
  const { registers, state } = core;
  const { u32 } = core.memory;
  noticeMissed(core);
  if ((registers[REG.CTRL >> 2] & CTRL_GIO_DIS) !== 0) return 0;
  const open =
    (registers[REG.RXCTRL >> 2] & RXCTRL_RXEN) !== 0 &&
    (registers[REG.SECRXCTRL >> 2] & SECRXCTRL_RX_DIS) === 0 &&
    (registers[REG.SECRXSTAT >> 2] & SECRXSTAT_ECC_RXERR) === 0;
  if (!open) return core.choices.paced ? discard(core, budget) : 0;
  let done = 0;
  while (done < budget) {
    const want = Math.min(budget - done, u32[(state + layout.RX_PLACES) >> 2]);
    let held = u32[(state + layout.RX_HELD) >> 2];
    // What waits goes together with what comes behind it, for the engine does most when it gets full batches.
    if (held < want && (core.choices.paced || hasDescriptorsFor(core, held + 1))) {
      const before = held;
      const lent = held === 0 ? borrow(core, want) : -1;
      if (lent >= 0) held = lent;
      else held += core.wire.receive(core.rxAtFrom[held], layout.SLOT_ROOM, core.rxLengthsFrom[held], want - held);
      if (held !== before) admit(core, before, held);
    }
    if (held === 0) break;
    const delivered = deliver(core, held);
    if (core.frameAt !== core.rxAt) giveBack(core, delivered);
    done += delivered;
    if (delivered < held) {
      hold(core, held, delivered);
      break;
    }
    u32[(state + layout.RX_HELD) >> 2] = 0;
    if (held < want) break;
  }
  return done;
}

/** A paced wire says itself what it lost: that is what a card counts as missed. */
function noticeMissed(core: CardCore): void {
  const missed = core.wire.missed;
  if (missed === undefined) return;
  const { f64 } = core.memory;
  const at = (core.state + layout.WIRE_MISSED) >> 3;
  if (missed === f64[at]) return;
  if (missed > f64[at]) countMissedUnseen(core.registers, missed - f64[at]);
  f64[at] = missed;
}

/** Receive is off and the wire does not wait: what comes is gone. */
function discard(core: CardCore, budget: number): number {
  const frames = core.wire.receive(core.rxAt, layout.SLOT_ROOM, core.rxLengths, Math.min(budget, layout.SLOTS));
  if (frames !== 0) count(core, DISCARDED, frames);
  core.memory.u32[(core.state + layout.RX_HELD) >> 2] = 0;
  return frames;
}

/** True when some queue could take so many frames. */
function hasDescriptorsFor(core: CardCore, frames: number): boolean {
  const { state } = core;
  const { u32 } = core.memory;
  const active = u32[(state + layout.RX_ACTIVE_COUNT) >> 2];
  for (let i = 0; i < active; i++) {
    if (freeDescriptors(core, u32[((state + layout.RX_ACTIVE) >> 2) + i]) >= frames) return true;
  }
  return false;
}

/** Frames that could not be delivered go to the front of the packet buffer. */
function hold(core: CardCore, frames: number, delivered: number): void {
  const { state, rxAt, rxLengths } = core;
  const { u8, u32 } = core.memory;
  if (delivered !== 0) {
    rotate(rxAt, frames, delivered);
    rotate(rxLengths, frames, delivered);
    const records = state + layout.FRAMES;
    u8.copyWithin(records, records + delivered * layout.FRAME_BYTES, records + frames * layout.FRAME_BYTES);
  }
  u32[(state + layout.RX_HELD) >> 2] = frames - delivered;
}
