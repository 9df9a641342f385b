import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import {
  DESCRIPTOR_BYTES,
  RXD_ADDRESS_HI,
  RXD_ADDRESS_LO,
  RXD_ERR_RXE,
  RXD_HASH,
  RXD_INFO,
  RXD_LENGTH,
  RXD_STAT_DD,
  RXD_STAT_EOP,
  RXD_STAT_PIF,
  RXD_STATUS,
} from '../descriptors.ts';
import { CTRL_GIO_DIS, RXCTRL_RXEN, SECRXCTRL_RX_DIS, SRRCTL_DROP_EN } from '../register-fields.ts';
import { REG, rdh, rdt, srrctl } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { FILTER_DROP, FILTER_INEXACT, passesFilter } from './receive-filter.ts';
import { parseFrame } from './receive-parse.ts';
import { rotate } from './rotate.ts';
import { classifySecurity, prepareDecryption, runDecryption } from './security-receive.ts';
import {
  addressKind,
  countGoodReceived,
  countMissed,
  countQueueDropped,
  countQueueReceived,
  countReceived,
  countReceivedKind,
} from './statistics.ts';

/**
 * The receive path, a batch at a time:
 *
 * 1. frames come off the wire into the packet buffer;
 * 2. each is checked for size and address, parsed, given a queue and as many descriptors as it fills;
 * 3. what the security block wants becomes a crypto job from the packet buffer into the host's buffer, anything else is
 *    copied there;
 * 4. the engine runs all jobs of the batch;
 * 5. descriptors are written back and heads move.
 *
 * A frame for whose queue there is no descriptor waits in the packet buffer, and what is behind it waits too, unless the
 * queue is told to drop. The wire is asked for more only when nothing waits, so a wire that can wait loses nothing.
 */

const RUNT = counterSlot('rxRunt');
const OVERSIZE = counterSlot('rxOversize');
const FILTERED = counterSlot('rxFiltered');
const DISCARDED = counterSlot('rxDiscarded');
const NO_DESCRIPTOR = counterSlot('rxNoDescriptor');
const BAD_ADDRESS = counterSlot('rxBadAddress');
const TAIL_BEYOND = counterSlot('rxTailBeyondRing');

/** The shortest Ethernet frame, without FCS. */
const SHORTEST = 60;
/** Two addresses and a type. */
const ETHERNET_HEADER = 14;

/** Receives up to `budget` frames. Returns how many left the wire or the packet buffer, delivered or not. */
export function receive(core: CardCore, budget: number): number {
  const { registers, state } = core;
  const { u32 } = core.memory;
  noticeMissed(core);
  if ((registers[REG.CTRL >> 2] & CTRL_GIO_DIS) !== 0) return 0;
  const open =
    (registers[REG.RXCTRL >> 2] & RXCTRL_RXEN) !== 0 && (registers[REG.SECRXCTRL >> 2] & SECRXCTRL_RX_DIS) === 0;
  if (!open) return core.choices.paced ? discard(core, budget) : 0;
  let done = 0;
  while (done < budget) {
    const want = Math.min(budget - done, layout.SLOTS);
    let held = u32[(state + layout.RX_HELD) >> 2];
    if (held === 0) {
      if (!core.choices.paced && !anyDescriptor(core)) break;
      held = core.wire.receive(core.rxAt, layout.SLOT_ROOM, core.rxLengths, want);
      if (held === 0) break;
      admit(core, held);
    }
    const delivered = deliver(core, held);
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
  if (missed > f64[at]) countMissed(core.registers, missed - f64[at]);
  f64[at] = missed;
}

/** Receive is off and the wire does not wait: what comes is gone. */
function discard(core: CardCore, budget: number): number {
  const frames = core.wire.receive(core.rxAt, layout.SLOT_ROOM, core.rxLengths, Math.min(budget, layout.SLOTS));
  if (frames !== 0) count(core, DISCARDED, frames);
  core.memory.u32[(core.state + layout.RX_HELD) >> 2] = 0;
  return frames;
}

/** Size and address of frames that are new in the packet buffer; what they carry, for those that stay. */
function admit(core: CardCore, frames: number): void {
  const { registers, state, rxAt, rxLengths } = core;
  const { u8, u16, u32 } = core.memory;
  const longest = u32[(state + layout.RX_MAX_FRAME) >> 2];
  let record = state + layout.FRAMES;
  let whole = 0;
  let wholeBytes = 0;
  let good = 0;
  let goodBytes = 0;
  for (let i = 0; i < frames; i++, record += layout.FRAME_BYTES) {
    const frame = rxAt[i];
    let length = rxLengths[i];
    u32[(record + layout.FRAME_QUEUE) >> 2] = layout.NO_QUEUE;
    if (length < SHORTEST) {
      if (length < ETHERNET_HEADER || core.choices.runts === 'drop') {
        count(core, RUNT);
        registers[REG.RUC >> 2]++;
        continue;
      }
      u8.fill(0, frame + length, frame + SHORTEST);
      length = SHORTEST;
      rxLengths[i] = length;
    }
    whole++;
    wholeBytes += length;
    // A VLAN tag may be on top of the longest frame.
    const most = u16[(frame + 12) >> 1] === 0x0081 ? longest + 4 : longest;
    if (length > most || length > layout.SLOT_ROOM) {
      count(core, OVERSIZE);
      registers[REG.ROC >> 2]++;
      continue;
    }
    const pass = passesFilter(core, frame);
    if (pass === FILTER_DROP) {
      count(core, FILTERED);
      continue;
    }
    good++;
    goodBytes += length;
    countReceivedKind(registers, length, addressKind(u16, u32, frame));
    parseFrame(core, frame, length, record);
    if (pass === FILTER_INEXACT) u32[(record + layout.FRAME_STATUS) >> 2] |= RXD_STAT_PIF;
    u32[(record + layout.FRAME_QUEUE) >> 2] = selectQueue();
  }
  countReceived(registers, whole, wholeBytes);
  countGoodReceived(registers, good, goodBytes);
}

/** The queue of a frame. One queue until the card spreads by RSS. */
function selectQueue(): number {
  return 0;
}

/** True when some queue could take a frame. */
function anyDescriptor(core: CardCore): boolean {
  const { state } = core;
  const { u32 } = core.memory;
  const active = u32[(state + layout.RX_ACTIVE_COUNT) >> 2];
  for (let i = 0; i < active; i++) {
    if (freeDescriptors(core, u32[((state + layout.RX_ACTIVE) >> 2) + i]) !== 0) return true;
  }
  return false;
}

/** Descriptors of a queue that software has given and no frame has taken. */
function freeDescriptors(core: CardCore, q: number): number {
  const { u32 } = core.memory;
  const queue = (core.state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
  if (u32[queue + (layout.QUEUE_RING >> 2)] === 0) return 0;
  const size = u32[queue + (layout.QUEUE_COUNT >> 2)];
  const tail = core.registers[rdt(q) >> 2];
  if (tail >= size) {
    count(core, TAIL_BEYOND);
    return 0;
  }
  const free = tail - u32[queue + (layout.QUEUE_NEXT >> 2)];
  return free < 0 ? free + size : free;
}

/** Gives the packet buffer's frames to the host. Returns how many it got through, from the first on. */
function deliver(core: CardCore, frames: number): number {
  const { state, rxAt, rxLengths } = core;
  const { u32 } = core.memory;
  let record = state + layout.FRAMES;
  let done = 0;
  for (; done < frames; done++, record += layout.FRAME_BYTES) {
    const q = u32[(record + layout.FRAME_QUEUE) >> 2];
    if (q === layout.NO_QUEUE) continue;
    const queue = state + layout.RX_QUEUES + q * layout.QUEUE_BYTES;
    const room = u32[(queue + layout.QUEUE_BUFFER) >> 2];
    const length = rxLengths[done];
    let needed = 1;
    if (length > room) needed = room === 0 ? 1 : Math.ceil(length / room);
    if (freeDescriptors(core, q) < needed) {
      if (!dropsWhenFull(core, q)) break;
      drop(core, record, q);
      continue;
    }
    place(core, record, queue, needed, length);
    const frame = rxAt[done];
    const candidate = (u32[(record + layout.FRAME_FLAGS) >> 2] & layout.FRAME_CANDIDATE) !== 0;
    if (candidate && classifySecurity(core, frame, length, record)) {
      let to = u32[(record + layout.FRAME_HOST) >> 2];
      if (to === 0) {
        // Over several buffers, or none: the security block's own room, from where it is spread later.
        to = frame + layout.SLOTS * layout.SLOT_BYTES;
        u32[(record + layout.FRAME_SOURCE) >> 2] = to;
      }
      prepareDecryption(core, frame, length, record, to);
    } else {
      const to = u32[(record + layout.FRAME_HOST) >> 2];
      if (to === 0) u32[(record + layout.FRAME_SOURCE) >> 2] = frame;
      else copyFrame(core.memory.u8, core.memory.u16, core.memory.i32, to, frame, length);
    }
  }
  if (core.jobs !== 0) runDecryption(core);
  writeBack(core, done);
  return done;
}

function dropsWhenFull(core: CardCore, q: number): boolean {
  return core.choices.paced || (core.registers[srrctl(q) >> 2] & SRRCTL_DROP_EN) !== 0;
}

function drop(core: CardCore, record: number, q: number): void {
  const { u32 } = core.memory;
  const set = u32[(core.state + layout.RX_QUEUES + q * layout.QUEUE_BYTES + layout.QUEUE_STATISTICS) >> 2];
  if ((core.registers[srrctl(q) >> 2] & SRRCTL_DROP_EN) !== 0) countQueueDropped(core.registers, set, 1);
  else countMissed(core.registers, 1);
  count(core, NO_DESCRIPTOR);
  u32[(record + layout.FRAME_QUEUE) >> 2] = layout.NO_QUEUE;
}

/** Takes descriptors for a frame and notes where its bytes go when that is one buffer. */
function place(core: CardCore, record: number, queue: number, needed: number, length: number): void {
  const { u32 } = core.memory;
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const first = u32[(queue + layout.QUEUE_NEXT) >> 2];
  const next = first + needed;
  u32[(queue + layout.QUEUE_NEXT) >> 2] = next >= size ? next - size : next;
  u32[(record + layout.FRAME_DESCRIPTOR) >> 2] = first;
  u32[(record + layout.FRAME_DESCRIPTORS) >> 2] = needed;
  u32[(record + layout.FRAME_SOURCE) >> 2] = 0;
  let host = 0;
  if (needed === 1) {
    const at = u32[(queue + layout.QUEUE_RING) >> 2] + first * DESCRIPTOR_BYTES;
    host = core.dma.position(u32[(at + RXD_ADDRESS_HI) >> 2], u32[(at + RXD_ADDRESS_LO) >> 2], length);
  }
  u32[(record + layout.FRAME_HOST) >> 2] = host;
}

/** Writes the descriptors of the first `frames` frames back, spreads what goes to several buffers, and moves heads. */
function writeBack(core: CardCore, frames: number): void {
  const { registers, state, rxLengths } = core;
  const { u16, u32 } = core.memory;
  let record = state + layout.FRAMES;
  let causes = 0;
  let last = layout.NO_QUEUE;
  let set = 0;
  let delivered = 0;
  let bytes = 0;
  for (let i = 0; i < frames; i++, record += layout.FRAME_BYTES) {
    const q = u32[(record + layout.FRAME_QUEUE) >> 2];
    if (q === layout.NO_QUEUE) continue;
    const queue = state + layout.RX_QUEUES + q * layout.QUEUE_BYTES;
    if (q !== last) {
      if (delivered !== 0) countQueueReceived(registers, set, delivered, bytes);
      last = q;
      set = u32[(queue + layout.QUEUE_STATISTICS) >> 2];
      causes |= u32[(queue + layout.QUEUE_CAUSE) >> 2];
      delivered = 0;
      bytes = 0;
    }
    delivered++;
    bytes += rxLengths[i];
    if (u32[(record + layout.FRAME_SOURCE) >> 2] !== 0) {
      spread(core, record, queue, rxLengths[i]);
    } else {
      const number = u32[(record + layout.FRAME_DESCRIPTOR) >> 2];
      const at = u32[(queue + layout.QUEUE_RING) >> 2] + number * DESCRIPTOR_BYTES;
      u32[(at + RXD_INFO) >> 2] = u32[(record + layout.FRAME_INFO) >> 2];
      u32[(at + RXD_HASH) >> 2] = 0;
      u16[(at + RXD_LENGTH) >> 1] = rxLengths[i];
      u16[((at + RXD_LENGTH) >> 1) + 1] = 0;
      u32[(at + RXD_STATUS) >> 2] = u32[(record + layout.FRAME_STATUS) >> 2] | RXD_STAT_DD | RXD_STAT_EOP;
    }
    registers[rdh(q) >> 2] = u32[(queue + layout.QUEUE_NEXT) >> 2];
  }
  if (delivered !== 0) countQueueReceived(registers, set, delivered, bytes);
  if (causes !== 0) registers[REG.EICR >> 2] |= causes;
}

/** A frame over several descriptors, or one whose buffer is no place in memory. */
function spread(core: CardCore, record: number, queue: number, length: number): void {
  const { u8, u16, i32, u32 } = core.memory;
  const ring = u32[(queue + layout.QUEUE_RING) >> 2];
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const room = u32[(queue + layout.QUEUE_BUFFER) >> 2];
  const needed = u32[(record + layout.FRAME_DESCRIPTORS) >> 2];
  const source = u32[(record + layout.FRAME_SOURCE) >> 2];
  let number = u32[(record + layout.FRAME_DESCRIPTOR) >> 2];
  let error = 0;
  for (let n = 0; n < needed; n++) {
    const at = ring + number * DESCRIPTOR_BYTES;
    const offset = n * room;
    const bytes = Math.min(room, length - offset);
    const host = core.dma.position(u32[(at + RXD_ADDRESS_HI) >> 2], u32[(at + RXD_ADDRESS_LO) >> 2], bytes);
    if (host === 0) {
      count(core, BAD_ADDRESS);
      error = RXD_ERR_RXE;
    } else copyFrame(u8, u16, i32, host, source + offset, bytes);
    const final = n === needed - 1;
    u32[(at + RXD_INFO) >> 2] = u32[(record + layout.FRAME_INFO) >> 2];
    u32[(at + RXD_HASH) >> 2] = 0;
    u16[(at + RXD_LENGTH) >> 1] = host === 0 ? 0 : bytes;
    u16[((at + RXD_LENGTH) >> 1) + 1] = 0;
    const status = final ? u32[(record + layout.FRAME_STATUS) >> 2] | RXD_STAT_EOP | error : 0;
    u32[(at + RXD_STATUS) >> 2] = status | RXD_STAT_DD;
    number = number + 1 === size ? 0 : number + 1;
  }
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
