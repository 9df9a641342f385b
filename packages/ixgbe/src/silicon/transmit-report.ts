import { DESCRIPTOR_BYTES, TXD_COMMAND, TXD_OPTIONS, TXD_RS, TXD_STAT_DD } from '../descriptors.ts';
import {
  EITR_INTERVAL,
  EITR_INTERVAL_SHIFT,
  TDWBAL_HEAD_WB_EN,
  TXDCTL_WTHRESH,
  TXDCTL_WTHRESH_SHIFT,
} from '../register-fields.ts';
import { eitr, REG, tdh, tdwbah, tdwbal, txdctl } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';

/**
 * How the card tells software what it has sent (82599 datasheet 7.2.3.5): DD in each descriptor that asked for it by RS, or
 * the head in a word of host memory; and an interrupt cause. With WTHRESH it gathers that many descriptors first, or waits
 * for the throttling time of the queue's interrupt (EITR), or for SWFLSH.
 *
 * PTHRESH and HTHRESH decide how often descriptors are fetched over the bus, which changes nothing that software could see:
 * they are stored.
 */

const BAD_ADDRESS = counterSlot('txBadAddress');

/** Nanoseconds of one step of EITR's interval. */
const EITR_UNIT = 2048;

/** Moves a queue's head to where it was fetched, and reports what is done up to there. */
export function report(core: CardCore, q: number): void {
  const { registers } = core;
  const { i32 } = core.memory;
  const queue = core.state + layout.TX_QUEUES + q * layout.QUEUE_BYTES;
  const next = i32[(queue + layout.QUEUE_NEXT) >> 2];
  if ((registers[txdctl(q) >> 2] & TXDCTL_WTHRESH) !== 0) {
    gather(core, q, queue, next);
    return;
  }
  const head = registers[tdh(q) >> 2] | 0;
  if (head === next) return;
  registers[tdh(q) >> 2] = next;
  writeBack(core, q, queue, head, next);
}

/** Reports what WTHRESH holds back: it was set to 0, or software flushes. */
export function flushWriteBack(core: CardCore, q: number): void {
  const { u32 } = core.memory;
  const entry = (core.state + layout.TX_WRITE_BACK + q * layout.WRITE_BACK_BYTES) >> 2;
  const pending = u32[entry + (layout.WRITE_BACK_PENDING >> 2)];
  if (pending === 0) return;
  const queue = core.state + layout.TX_QUEUES + q * layout.QUEUE_BYTES;
  u32[entry + (layout.WRITE_BACK_PENDING >> 2)] = 0;
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const from = u32[entry + (layout.WRITE_BACK_FROM >> 2)];
  writeBack(core, q, queue, from, from + pending >= size ? from + pending - size : from + pending);
}

/** Forgets what is held back: the queue begins anew. */
export function forgetWriteBack(core: CardCore, q: number): void {
  const at = core.state + layout.TX_WRITE_BACK + q * layout.WRITE_BACK_BYTES;
  core.memory.u32.fill(0, at >> 2, (at + layout.WRITE_BACK_BYTES) >> 2);
}

function gather(core: CardCore, q: number, queue: number, next: number): void {
  const { registers } = core;
  const { f64, u32 } = core.memory;
  const at = core.state + layout.TX_WRITE_BACK + q * layout.WRITE_BACK_BYTES;
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  let head = registers[tdh(q) >> 2];
  if (head >= size) head = 0;
  let pending = u32[(at + layout.WRITE_BACK_PENDING) >> 2];
  if (head === next && pending === 0) return;
  if (pending === 0) {
    u32[(at + layout.WRITE_BACK_FROM) >> 2] = head;
    f64[(at + layout.WRITE_BACK_DUE) >> 3] = core.environment.now() + throttling(core, queue);
  }
  pending += next >= head ? next - head : next + size - head;
  u32[(at + layout.WRITE_BACK_PENDING) >> 2] = pending;
  registers[tdh(q) >> 2] = next;
  const most = (registers[txdctl(q) >> 2] & TXDCTL_WTHRESH) >>> TXDCTL_WTHRESH_SHIFT;
  const due = f64[(at + layout.WRITE_BACK_DUE) >> 3];
  if (pending >= most || core.environment.now() >= due) flushWriteBack(core, q);
}

/** How long the queue's interrupt is held back, in nanoseconds; for ever where it is not throttled. */
function throttling(core: CardCore, queue: number): number {
  const cause = core.memory.u32[(queue + layout.QUEUE_CAUSE) >> 2];
  if (cause === 0) return Number.POSITIVE_INFINITY;
  const interval = (core.registers[eitr(31 - Math.clz32(cause)) >> 2] & EITR_INTERVAL) >>> EITR_INTERVAL_SHIFT;
  return interval === 0 ? Number.POSITIVE_INFINITY : interval * EITR_UNIT;
}

function writeBack(core: CardCore, q: number, queue: number, from: number, next: number): void {
  const { registers } = core;
  const { i32, u32 } = core.memory;
  const size = i32[(queue + layout.QUEUE_COUNT) >> 2];
  const ring = i32[(queue + layout.QUEUE_RING) >> 2];
  const low = registers[tdwbal(q) >> 2];
  const byHead = (low & TDWBAL_HEAD_WB_EN) !== 0;
  let asked = 0;
  let at = from >= size ? 0 : from | 0;
  for (; at !== next; at = at + 1 === size ? 0 : (at + 1) | 0) {
    const word = (ring + at * DESCRIPTOR_BYTES) >> 2;
    if ((i32[word + (TXD_COMMAND >> 2)] & TXD_RS) === 0) continue;
    asked++;
    if (!byHead) i32[word + (TXD_OPTIONS >> 2)] = TXD_STAT_DD;
  }
  if (byHead && asked !== 0) {
    const to = core.dma.position(registers[tdwbah(q) >> 2], (low & ~3) >>> 0, 4);
    if (to === 0) count(core, BAD_ADDRESS);
    else u32[to >> 2] = next;
  }
  registers[REG.EICR >> 2] |= u32[(queue + layout.QUEUE_CAUSE) >> 2];
}
