import {
  DESCRIPTOR_BYTES,
  TXC_IDX_SHIFT,
  TXD_COMMAND,
  TXD_DEXT,
  TXD_DTYP,
  TXD_DTYP_CONTEXT,
  TXD_DTYP_DATA,
  TXD_OPTIONS,
  TXD_TSE,
} from '../descriptors.ts';
import { CTRL_GIO_DIS, DMATXCTL_TE, HLREG0_LPBK, SECTXCTRL_TX_DIS, SECTXSTAT_ECC_TXERR } from '../register-fields.ts';
import { REG, tdt } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { rotate } from './rotate.ts';
import { runEncryption } from './security-transmit.ts';
import { countQueueTransmitted } from './statistics.ts';
import { finish } from './transmit-finish.ts';
import { endLent } from './transmit-lent.ts';
import { TransmitPacket } from './transmit-packet.ts';
import { report } from './transmit-report.ts';
import { gatherRun } from './transmit-runs.ts';
import { segmentPacket } from './transmit-segmentation.ts';
import { takeSingle } from './transmit-single.ts';

/**
 * The transmit path, a batch at a time:
 *
 * 1. what the wire did not take before goes first;
 * 2. descriptors are fetched, queue by queue: packets that are alike in runs, others one by one. A packet's segments are
 *    gathered in the packet buffer, or it is cut up into several frames; checksums and tags are inserted; what the security
 *    block is to encipher becomes a crypto job, for which a packet in one segment is read from host memory by the engine
 *    itself;
 * 3. the engine runs all jobs of the batch;
 * 4. frames are padded and counted, and put on the wire; the rest stays in the packet buffer;
 * 5. descriptors that ask for it are reported done, and heads move.
 */

const TAIL_BEYOND = counterSlot('txTailBeyondRing');
const BAD_TYPE = counterSlot('txBadDescriptorType');
const DROPPED = counterSlot('txDropped');
const LOOPED_BACK = counterSlot('txLoopedBack');

const packet = new TransmitPacket();

/** Sends up to `budget` frames. Returns how many the wire took. */
export function transmit(core: CardCore, budget: number): number {
  const { registers, state } = core;
  const { u32 } = core.memory;
  let held = u32[(state + layout.TX_HELD) >> 2];
  let sent = 0;
  if (held !== 0) {
    sent = send(core, held);
    held -= sent;
  }
  if (
    held === layout.SLOTS ||
    (registers[REG.DMATXCTL >> 2] & DMATXCTL_TE) === 0 ||
    (registers[REG.SECTXCTRL >> 2] & SECTXCTRL_TX_DIS) !== 0 ||
    (registers[REG.SECTXSTAT >> 2] & SECTXSTAT_ECC_TXERR) !== 0 ||
    (registers[REG.CTRL >> 2] & CTRL_GIO_DIS) !== 0
  ) {
    return sent;
  }
  while (sent < budget) {
    const filled = fetch(core, held, Math.min(layout.SLOTS, held + budget - sent));
    const taken = filled === held ? 0 : send(core, filled);
    reportAll(core);
    if (filled === held) break;
    sent += taken;
    held = filled - taken;
    if (held !== 0) break;
  }
  return sent;
}

/** Puts the first `n` frames of the packet buffer on the wire. Returns how many are gone. */
function send(core: CardCore, n: number): number {
  const { txAt, txLengths } = core;
  let taken = n;
  if ((core.registers[REG.HLREG0 >> 2] & HLREG0_LPBK) !== 0) {
    // Looped back to a receive side that is kept shut while a driver drains the transmit side with this.
    count(core, LOOPED_BACK, n);
    endLent(core, n, n);
  } else {
    taken = core.wire.transmit(txAt, txLengths, n);
    endLent(core, n, taken);
    if (taken < n) {
      rotate(txAt, n, taken);
      rotate(txLengths, n, taken);
    }
  }
  core.memory.u32[(core.state + layout.TX_HELD) >> 2] = n - taken;
  return taken;
}

/** Fills the packet buffer behind its first `held` frames. Returns how many it holds then, `limit` at most. */
function fetch(core: CardCore, held: number, limit: number): number {
  const { state } = core;
  const { u32 } = core.memory;
  const queues = u32[(state + layout.TX_ACTIVE_COUNT) >> 2];
  if (queues === 0) return held;
  const turn = u32[(state + layout.TX_TURN) >> 2];
  const list = (state + layout.TX_ACTIVE) >> 2;
  core.filled = held;
  for (let i = 0; i < queues && core.filled < limit; i++) fetchQueue(core, u32[list + ((turn + i) % queues)], limit);
  u32[(state + layout.TX_TURN) >> 2] = (turn + 1) % queues;
  if (core.jobs !== 0) runEncryption(core);
  return finish(core, held);
}

/** What left, or was dropped, is reported done, queue by queue. */
function reportAll(core: CardCore): void {
  const { state } = core;
  const { u32 } = core.memory;
  const queues = u32[(state + layout.TX_ACTIVE_COUNT) >> 2];
  for (let i = 0; i < queues; i++) report(core, u32[((state + layout.TX_ACTIVE) >> 2) + i]);
}

function fetchQueue(core: CardCore, q: number, limit: number): void {
  const { u32 } = core.memory;
  const queue = core.state + layout.TX_QUEUES + q * layout.QUEUE_BYTES;
  const ring = u32[(queue + layout.QUEUE_RING) >> 2];
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const tail = core.registers[tdt(q) >> 2];
  if (tail >= size) {
    count(core, TAIL_BEYOND);
    return;
  }
  let next = u32[(queue + layout.QUEUE_NEXT) >> 2];
  const before = core.filled;
  core.gathered = 0;
  while (next !== tail && core.filled < limit) {
    const run = gatherRun(core, queue, next, next < tail ? tail : size, limit);
    if (run !== 0) {
      next += run;
      if (next === size) next = 0;
      continue;
    }
    const at = (ring + next * DESCRIPTOR_BYTES) >> 2;
    const command = u32[at + (TXD_COMMAND >> 2)];
    const type = command & TXD_DTYP;
    if ((command & TXD_DEXT) === 0 || type === TXD_DTYP_DATA) {
      const used = take(core, queue, next, tail, limit);
      if (used === 0) break;
      next += used;
      if (next >= size) next -= size;
      continue;
    }
    if (type === TXD_DTYP_CONTEXT) {
      const slot = (u32[at + 3] >>> TXC_IDX_SHIFT) & 1;
      const context = ((queue + layout.QUEUE_CONTEXTS) >> 2) + slot * 4;
      u32[context] = u32[at];
      u32[context + 1] = u32[at + 1];
      u32[context + 2] = u32[at + 2];
      u32[context + 3] = u32[at + 3];
    } else count(core, BAD_TYPE);
    next = next + 1 === size ? 0 : next + 1;
  }
  u32[(queue + layout.QUEUE_NEXT) >> 2] = next;
  if (core.filled !== before) {
    const set = u32[(queue + layout.QUEUE_STATISTICS) >> 2];
    countQueueTransmitted(core.registers, set, core.filled - before, core.gathered);
  }
}

/**
 * Takes the packet that begins with descriptor `first` into the packet buffer.
 *
 * @returns the descriptors that it had, or 0 when its last one is not there yet, or when more of its segments are to come
 */
function take(core: CardCore, queue: number, first: number, tail: number, limit: number): number {
  const { u32 } = core.memory;
  if (!packet.find(core, queue, first, tail)) return 0;
  const at = (u32[(queue + layout.QUEUE_RING) >> 2] + first * DESCRIPTOR_BYTES) >> 2;
  const command = u32[at + (TXD_COMMAND >> 2)];
  const options = u32[at + (TXD_OPTIONS >> 2)];
  if (packet.whole && (command & (TXD_DEXT | TXD_TSE)) === (TXD_DEXT | TXD_TSE | 0)) {
    return segmentPacket(core, queue, packet, command, options, limit) ? packet.used : 0;
  }
  const length = packet.whole ? takeSingle(core, queue, core.txAt[core.filled], packet, command, options) : 0;
  if (length === 0) count(core, DROPPED);
  else {
    core.txLengths[core.filled++] = length;
    core.gathered += length;
  }
  return packet.used;
}
