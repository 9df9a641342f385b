import type { Memory } from '@inline-ipsec/eal/memory';
import {
  DESCRIPTOR_BYTES,
  RXD_ADDRESS_HI,
  RXD_ADDRESS_LO,
  RXD_ERR_IPE,
  RXD_ERR_L4E,
  RXD_ERR_RXE,
  RXD_HASH,
  RXD_INFO,
  RXD_LENGTH,
  RXD_STAT_DD,
  RXD_STAT_EOP,
  RXD_STATUS,
  RXL_ERR_IPE,
  RXL_ERR_L4E,
  RXL_ERR_RXE,
  RXL_ERRORS,
  RXL_LENGTH,
  RXL_STATUS,
  RXL_VLAN,
} from '../descriptors.ts';
import { SRRCTL_DROP_EN } from '../register-fields.ts';
import { REG, rdh, rdt, srrctl } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { move } from './move.ts';
import { own } from './receive-lent.ts';
import { classifySecurity, prepareDecryption, runDecryption } from './security-receive.ts';
import { traceReceived } from './security-trace.ts';
import { countMissed, countQueueDropped, countQueueReceived } from './statistics.ts';

/**
 * How frames come from the packet buffer to the host, a batch at a time: descriptors are taken, bytes are brought by a copy
 * or by the engine, descriptors are written back.
 *
 * Where frames are alike, which is nearly always, each of the three is a loop over a run of them that calls nothing; a
 * frame that is not like the others goes alone. Descriptors are written back last of all, since another lcore may poll the
 * ring meanwhile.
 */

const NO_DESCRIPTOR = counterSlot('rxNoDescriptor');
const BAD_ADDRESS = counterSlot('rxBadAddress');
const LONGER_THAN_RING = counterSlot('rxLongerThanRing');
const QUEUE_OFF = counterSlot('rxQueueOff');
const TAIL_BEYOND = counterSlot('rxTailBeyondRing');

/** The shortest Ethernet frame, without FCS, and the longest one that {@link copyShort} takes. */
const SHORTEST = 60;
const SHORT_MOST = 66;
/** {@link layout.NO_QUEUE} as a signed word. */
const NOWHERE = layout.NO_QUEUE | 0;

/** Gives the packet buffer's frames to the host. Returns how many it got through, from the first on. */
export function deliver(core: CardCore, frames: number): number {
  let placed = 0;
  for (; placed < frames; placed++) {
    placed = core.loops.placeRun(core, placed, frames);
    if (placed === frames || !placeOne(core, placed)) break;
  }
  bring(core, placed);
  if (core.jobs !== 0) runDecryption(core);
  if (core.trace !== undefined) traceReceived(core, core.trace, placed);
  writeBack(core, placed);
  return placed;
}

/** Descriptors of a queue that software has given and no frame has taken. */
export function freeDescriptors(core: CardCore, q: number): number {
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

/**
 * Takes a descriptor for each frame from number `first` on, while they are for one queue, fit one buffer each, and its
 * address can be reached. Returns the number of the frame that it did not take.
 */
export function placeRunLoop({ i32 }: Memory): (core: CardCore, first: number, frames: number) => number {
  return (core: CardCore, first: number, frames: number): number => {
    const { state, dma } = core;
    const { direct } = dma;
    let record = (state + layout.FRAMES + first * layout.FRAME_BYTES) | 0;
    const q = i32[(record + layout.FRAME_QUEUE) >> 2];
    if (direct === undefined || q === NOWHERE) return first;
    const end = direct.end | 0;
    const gap = direct.gap | 0;
    const gapEnd = direct.gapEnd | 0;
    const queue = (state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
    const ring = i32[queue + (layout.QUEUE_RING >> 2)];
    const size = i32[queue + (layout.QUEUE_COUNT >> 2)];
    const room = i32[queue + (layout.QUEUE_BUFFER >> 2)];
    const lengths = (state + layout.RX_LENGTHS) >> 2;
    let next = i32[queue + (layout.QUEUE_NEXT >> 2)];
    const free = freeDescriptors(core, q);
    const stop = free < frames - first ? first + free : frames;
    let i = first;
    for (; i < stop; i++) {
      const to = record >> 2;
      const length = i32[lengths + i];
      if (i32[to + (layout.FRAME_QUEUE >> 2)] !== q || length > room) break;
      const at = (ring + next * DESCRIPTOR_BYTES) >> 2;
      const host = i32[at + (RXD_ADDRESS_LO >> 2)];
      const hostEnd = (host + length) | 0;
      if (i32[at + (RXD_ADDRESS_HI >> 2)] !== 0 || host <= 0 || hostEnd > end || hostEnd < 0) break;
      if (host < gapEnd && hostEnd > gap) break;
      i32[to + (layout.FRAME_DESCRIPTOR >> 2)] = next;
      i32[to + (layout.FRAME_DESCRIPTORS >> 2)] = 1;
      i32[to + (layout.FRAME_HOST >> 2)] = host;
      i32[to + (layout.FRAME_SOURCE >> 2)] = 0;
      next = next + 1 === size ? 0 : (next + 1) | 0;
      record = (record + layout.FRAME_BYTES) | 0;
    }
    i32[queue + (layout.QUEUE_NEXT >> 2)] = next;
    return i;
  };
}

/** Takes descriptors for a frame of any kind, or drops it. Returns false when it has to wait for them. */
function placeOne(core: CardCore, i: number): boolean {
  const { state, rxLengths } = core;
  const { u32 } = core.memory;
  const record = state + layout.FRAMES + i * layout.FRAME_BYTES;
  const q = u32[(record + layout.FRAME_QUEUE) >> 2];
  if (q === layout.NO_QUEUE) return true;
  const queue = state + layout.RX_QUEUES + q * layout.QUEUE_BYTES;
  const room = u32[(queue + layout.QUEUE_BUFFER) >> 2];
  const length = rxLengths[i];
  let needed = 1;
  if (length > room) needed = room === 0 ? 1 : Math.ceil(length / room);
  if (u32[(queue + layout.QUEUE_RING) >> 2] === 0 && u32[(state + layout.RX_ACTIVE_COUNT) >> 2] !== 0) {
    // While others run; a card of which none does keeps what it has.
    count(core, QUEUE_OFF);
    u32[(record + layout.FRAME_QUEUE) >> 2] = layout.NO_QUEUE;
    return true;
  }
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  // One descriptor is never the card's. More than all others will not come, however long it waits.
  if (needed >= size && size !== 0) {
    drop(core, record, q);
    count(core, LONGER_THAN_RING);
    return true;
  }
  if (freeDescriptors(core, q) >= needed) {
    place(core, record, queue, needed, length);
    return true;
  }
  if (!dropsWhenFull(core, q)) return false;
  drop(core, record, q);
  return true;
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

/** Brings the first `frames` frames to the host: a job for the engine where the security block wants it, else a copy. */
function bring(core: CardCore, frames: number): void {
  const { state, frameAt, rxLengths } = core;
  const { u32 } = core.memory;
  for (let i = 0; i < frames; i++) {
    const record = state + layout.FRAMES + i * layout.FRAME_BYTES;
    if (u32[(record + layout.FRAME_QUEUE) >> 2] === layout.NO_QUEUE) continue;
    const candidate = (u32[(record + layout.FRAME_FLAGS) >> 2] & layout.FRAME_CANDIDATE) !== 0;
    if (candidate) {
      const next = core.loops.prepareDecryptionRun(core, i, frames);
      if (next !== i) {
        i = next - 1;
        continue;
      }
    }
    let to = u32[(record + layout.FRAME_HOST) >> 2];
    // It will be spread over buffers from its place here.
    if (to === 0 && core.lent > i) own(core, i);
    const frame = frameAt[i];
    const length = rxLengths[i];
    if (candidate && classifySecurity(core, frame, length, record)) {
      if (to === 0) {
        // Over several buffers, or none: the security block's own room, from where it is spread later.
        const ah = (u32[(record + layout.FRAME_FLAGS) >> 2] & layout.FRAME_AH) !== 0;
        to = ah ? frame : frame + layout.SLOTS * layout.SLOT_BYTES;
        u32[(record + layout.FRAME_SOURCE) >> 2] = to;
      }
      prepareDecryption(core, frame, length, record, to);
    } else if (to === 0) u32[(record + layout.FRAME_SOURCE) >> 2] = frame;
    else i += copyRun(core, i, frames) - 1;
  }
}

/** Copies frame number `first` to its buffer, and those behind it that go the same way. Returns how many. */
function copyRun(core: CardCore, first: number, frames: number): number {
  const { state, frameAt, rxLengths } = core;
  const moved = core.loops.copyShort(core, first, frames);
  if (moved !== 0) return moved;
  const record = state + layout.FRAMES + first * layout.FRAME_BYTES;
  move(core, core.memory.i32[(record + layout.FRAME_HOST) >> 2], frameAt[first], rxLengths[first]);
  return 1;
}

/**
 * Copies frames that are the shortest ones, with a VLAN tag and so at most, from number `first` on, each to its one buffer,
 * in a loop that calls nothing. Frames that the security block may want are left, but for the first one.
 *
 * All of these frames have 58 bytes, and the last 8 bytes go up to them or overlap them: so there is nothing to count. Most
 * go as float64, which the language keeps as they are but for NaNs, whose bits it may change: a sum tells of them, and such
 * a frame is left to {@link move}.
 *
 * @returns how many it copied: the next one, if there is one, has another length, bytes in other places of a word, or a NaN
 */
export function copyShortLoop({ i32, u16, f64 }: Memory): (core: CardCore, first: number, frames: number) => number {
  return (core: CardCore, first: number, frames: number): number => {
    const { state } = core;
    const at = core.framesAt >> 2;
    const lengths = (state + layout.RX_LENGTHS) >> 2;
    let record = (state + layout.FRAMES + first * layout.FRAME_BYTES) | 0;
    let i = first;
    for (; i < frames; i++) {
      const known = record >> 2;
      const target = i32[known + (layout.FRAME_HOST >> 2)];
      const source = i32[at + i];
      const length = i32[lengths + i];
      if (length < SHORTEST || length > SHORT_MOST || (length & 1) !== 0) break;
      // As frames lie in packet buffers, and in mbufs that nobody has moved them in; what goes nowhere has no such target.
      if ((target & 7) !== 2 || (source & 7) !== 2) break;
      if (i !== first) {
        const candidate = (i32[known + (layout.FRAME_FLAGS >> 2)] & layout.FRAME_CANDIDATE) !== 0;
        if (candidate || i32[known + (layout.FRAME_QUEUE >> 2)] === NOWHERE) break;
      }
      const p = (target + 6) >> 3;
      const q = (source + 6) >> 3;
      const w0 = f64[q];
      const w1 = f64[q + 1];
      const w2 = f64[q + 2];
      const w3 = f64[q + 3];
      const w4 = f64[q + 4];
      const w5 = f64[q + 5];
      if (Number.isNaN(w0 + w1 + (w2 + w3) + (w4 + w5))) break;
      u16[target >> 1] = u16[source >> 1];
      i32[(target + 2) >> 2] = i32[(source + 2) >> 2];
      f64[p] = w0;
      f64[p + 1] = w1;
      f64[p + 2] = w2;
      f64[p + 3] = w3;
      f64[p + 4] = w4;
      f64[p + 5] = w5;
      i32[(target + 54) >> 2] = i32[(source + 54) >> 2];
      const c = (target + length - 8) >> 1;
      const d = (source + length - 8) >> 1;
      u16[c] = u16[d];
      u16[c + 1] = u16[d + 1];
      u16[c + 2] = u16[d + 2];
      u16[c + 3] = u16[d + 3];
      record = (record + layout.FRAME_BYTES) | 0;
    }
    return i - first;
  };
}

/** Writes the descriptors of the first `frames` frames back, spreads what goes to several buffers, and moves heads. */
function writeBack(core: CardCore, frames: number): void {
  const { state, rxLengths } = core;
  const { u32 } = core.memory;
  for (let i = 0; i < frames; i++) {
    i = core.loops.writeBackRun(core, i, frames);
    if (i === frames) return;
    const record = state + layout.FRAMES + i * layout.FRAME_BYTES;
    const q = u32[(record + layout.FRAME_QUEUE) >> 2];
    if (q === layout.NO_QUEUE) continue;
    spread(core, record, state + layout.RX_QUEUES + q * layout.QUEUE_BYTES, rxLengths[i]);
    noteDelivered(core, q, 1, rxLengths[i]);
  }
}

/** Writes back the descriptors of frames that took one each. Returns the number of the first frame that is another case. */
export function writeBackRunLoop({ i32 }: Memory): (core: CardCore, first: number, frames: number) => number {
  return (core: CardCore, first: number, frames: number): number => {
    const { state } = core;
    let record = (state + layout.FRAMES + first * layout.FRAME_BYTES) | 0;
    const q = i32[(record + layout.FRAME_QUEUE) >> 2];
    if (q === NOWHERE) return first;
    const queue = (state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
    if ((i32[queue + (layout.QUEUE_FLAGS >> 2)] & layout.RX_QUEUE_LEGACY) !== 0) return first;
    const ring = i32[queue + (layout.QUEUE_RING >> 2)];
    const lengths = (state + layout.RX_LENGTHS) >> 2;
    let bytes = 0;
    let i = first;
    for (; i < frames; i++) {
      const from = record >> 2;
      if (i32[from + (layout.FRAME_QUEUE >> 2)] !== q || i32[from + (layout.FRAME_SOURCE >> 2)] !== 0) break;
      const at = (ring + i32[from + (layout.FRAME_DESCRIPTOR >> 2)] * DESCRIPTOR_BYTES) >> 2;
      const length = i32[lengths + i];
      i32[at + (RXD_INFO >> 2)] = i32[from + (layout.FRAME_INFO >> 2)];
      i32[at + (RXD_HASH >> 2)] = i32[from + (layout.FRAME_HASH >> 2)];
      i32[at + (RXD_LENGTH >> 2)] = length | i32[from + (layout.FRAME_TAG >> 2)];
      i32[at + (RXD_STATUS >> 2)] = i32[from + (layout.FRAME_STATUS >> 2)] | RXD_STAT_DD | RXD_STAT_EOP;
      bytes = (bytes + length) | 0;
      record = (record + layout.FRAME_BYTES) | 0;
    }
    if (i !== first) noteDelivered(core, q, i - first, bytes);
    return i;
  };
}

/** Moves a queue's head over what was written back, and counts it. */
function noteDelivered(core: CardCore, q: number, frames: number, bytes: number): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const queue = (state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
  registers[rdh(q) >> 2] = u32[queue + (layout.QUEUE_NEXT >> 2)];
  registers[REG.EICR >> 2] |= u32[queue + (layout.QUEUE_CAUSE >> 2)];
  countQueueReceived(registers, u32[queue + (layout.QUEUE_STATISTICS >> 2)], frames, bytes);
}

/** A frame over several descriptors, one whose buffer is no place in memory, or one of a queue of legacy descriptors. */
function spread(core: CardCore, record: number, queue: number, length: number): void {
  const { u32 } = core.memory;
  const ring = u32[(queue + layout.QUEUE_RING) >> 2];
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const room = u32[(queue + layout.QUEUE_BUFFER) >> 2];
  const legacy = (u32[(queue + layout.QUEUE_FLAGS) >> 2] & layout.RX_QUEUE_LEGACY) !== 0;
  const needed = u32[(record + layout.FRAME_DESCRIPTORS) >> 2];
  const source = u32[(record + layout.FRAME_SOURCE) >> 2];
  let number = u32[(record + layout.FRAME_DESCRIPTOR) >> 2];
  let error = 0;
  for (let n = 0; n < needed; n++) {
    const at = ring + number * DESCRIPTOR_BYTES;
    const offset = n * room;
    let bytes = Math.min(room, length - offset);
    // Without a source the bytes are in their buffer already.
    if (source !== 0) {
      const host = core.dma.position(u32[(at + RXD_ADDRESS_HI) >> 2], u32[(at + RXD_ADDRESS_LO) >> 2], bytes);
      if (host === 0) {
        count(core, BAD_ADDRESS);
        error = RXD_ERR_RXE;
        bytes = 0;
      } else move(core, host, source + offset, bytes);
    }
    const final = n === needed - 1 ? u32[(record + layout.FRAME_STATUS) >> 2] | RXD_STAT_EOP | error : 0;
    if (legacy) writeLegacy(core, at, record, bytes, final | RXD_STAT_DD);
    else writeAdvanced(core, at, record, bytes, final | RXD_STAT_DD);
    number = number + 1 === size ? 0 : number + 1;
  }
}

function writeAdvanced(core: CardCore, at: number, record: number, bytes: number, status: number): void {
  const { u32 } = core.memory;
  u32[(at + RXD_INFO) >> 2] = u32[(record + layout.FRAME_INFO) >> 2];
  u32[(at + RXD_HASH) >> 2] = u32[(record + layout.FRAME_HASH) >> 2];
  u32[(at + RXD_LENGTH) >> 2] = bytes | u32[(record + layout.FRAME_TAG) >> 2];
  u32[(at + RXD_STATUS) >> 2] = status;
}

/** A legacy descriptor keeps its address, and has no room for packet types, hashes and the security block's findings. */
function writeLegacy(core: CardCore, at: number, record: number, bytes: number, status: number): void {
  const { u8, u16, u32 } = core.memory;
  u32[(at + RXL_LENGTH) >> 2] = bytes;
  u16[(at + RXL_VLAN) >> 1] = u32[(record + layout.FRAME_TAG) >> 2] >>> 16;
  u8[at + RXL_ERRORS] =
    ((status & RXD_ERR_IPE) === 0 ? 0 : RXL_ERR_IPE) |
    ((status & RXD_ERR_L4E) === 0 ? 0 : RXL_ERR_L4E) |
    ((status & RXD_ERR_RXE) === 0 ? 0 : RXL_ERR_RXE);
  u8[at + RXL_STATUS] = status;
}
