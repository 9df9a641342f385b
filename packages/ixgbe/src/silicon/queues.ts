import { SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER, SRRCTL_DESCTYPE_LEGACY } from '../descriptors.ts';
import {
  HLREG0_JUMBOEN,
  MAXFRS_MFS_SHIFT,
  RXDCTL_ENABLE,
  RXDCTL_VME,
  RXPBSIZE_SIZE,
  SRRCTL_BSIZEPACKET,
  SRRCTL_DESCTYPE,
  TXDCTL_ENABLE,
  TXDCTL_SWFLSH,
  TXDCTL_WTHRESH,
} from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { flushWriteBack, forgetWriteBack } from './transmit-report.ts';

/**
 * Queues as the data path uses them: ring positions instead of bus addresses, a list of those that run. It is made anew
 * whenever software wrote a register of it, so that a step looks at nothing else.
 */

const RX_RING_OUTSIDE = counterSlot('rxRingOutside');
const TX_RING_OUTSIDE = counterSlot('txRingOutside');
const RX_BAD_TYPE = counterSlot('rxBadDescriptorType');

/** The longest frame without jumbo, in bytes without FCS. */
const STANDARD_FRAME = 1514;
/** The largest receive buffer, in KiB. */
const LARGEST_BUFFER = 16;
/** Bytes of a frame check sequence. */
const FCS = 4;

/** Takes over what software set up: rings, enables, statistics and interrupt maps of all queues. */
export function applyQueues(core: CardCore): void {
  const { state } = core;
  const { u32 } = core.memory;
  let rx = 0;
  let tx = 0;
  let strip = 0;
  for (let q = 0; q < layout.QUEUES; q++) {
    if (applyRxQueue(core, q)) {
      u32[((state + layout.RX_ACTIVE) >> 2) + rx++] = q;
      if ((core.registers[reg.rxdctl(q) >> 2] & RXDCTL_VME) !== 0) strip = layout.STEER_STRIP;
    }
    if (applyTxQueue(core, q)) u32[((state + layout.TX_ACTIVE) >> 2) + tx++] = q;
  }
  u32[(state + layout.RX_ACTIVE_COUNT) >> 2] = rx;
  u32[(state + layout.TX_ACTIVE_COUNT) >> 2] = tx;
  u32[(state + layout.TX_TURN) >> 2] = 0;
  const steer = (state + layout.RX_STEER) >> 2;
  u32[steer] = (u32[steer] & ~layout.STEER_STRIP) | strip;
}

function applyRxQueue(core: CardCore, q: number): boolean {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const queue = (state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
  const enabled = (registers[reg.rxdctl(q) >> 2] & RXDCTL_ENABLE) !== 0;
  const rises = enabled && u32[queue + (layout.QUEUE_ENABLED >> 2)] === 0;
  u32[queue + (layout.QUEUE_ENABLED >> 2)] = enabled ? 1 : 0;
  u32[queue + (layout.QUEUE_RING >> 2)] = 0;
  if (!enabled) return false;
  if (rises) {
    registers[reg.rdh(q) >> 2] = 0;
    u32[queue + (layout.QUEUE_NEXT >> 2)] = 0;
  }
  const srrctl = registers[reg.srrctl(q) >> 2];
  u32[queue + (layout.QUEUE_BUFFER >> 2)] = (srrctl & SRRCTL_BSIZEPACKET) * 1024;
  u32[queue + (layout.QUEUE_STATISTICS >> 2)] = statisticsSet(registers[reg.rqsmr(q >> 2) >> 2], q);
  u32[queue + (layout.QUEUE_CAUSE >> 2)] = causeOf(registers[reg.ivar(q >> 1) >> 2], (q & 1) * 16);
  const type = srrctl & SRRCTL_DESCTYPE;
  const legacy = type === SRRCTL_DESCTYPE_LEGACY ? layout.RX_QUEUE_LEGACY : 0;
  const strip = (registers[reg.rxdctl(q) >> 2] & RXDCTL_VME) === 0 ? 0 : layout.RX_QUEUE_STRIP;
  u32[queue + (layout.QUEUE_FLAGS >> 2)] = legacy | strip;
  const size = srrctl & SRRCTL_BSIZEPACKET;
  if ((legacy === 0 && type !== SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER) || size === 0 || size > LARGEST_BUFFER) {
    count(core, RX_BAD_TYPE);
    return false;
  }
  if (applyRing(core, queue, reg.rdbal(q), reg.rdbah(q), reg.rdlen(q))) return true;
  count(core, RX_RING_OUTSIDE);
  return false;
}

function applyTxQueue(core: CardCore, q: number): boolean {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const queue = (state + layout.TX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
  const control = registers[reg.txdctl(q) >> 2];
  const flush = (control & TXDCTL_SWFLSH) !== 0;
  registers[reg.txdctl(q) >> 2] = control & ~TXDCTL_SWFLSH;
  const enabled = (control & TXDCTL_ENABLE) !== 0;
  const rises = enabled && u32[queue + (layout.QUEUE_ENABLED >> 2)] === 0;
  u32[queue + (layout.QUEUE_ENABLED >> 2)] = enabled ? 1 : 0;
  u32[queue + (layout.QUEUE_RING >> 2)] = 0;
  if (!enabled) return false;
  if (rises) {
    registers[reg.tdh(q) >> 2] = 0;
    u32[queue + (layout.QUEUE_NEXT >> 2)] = 0;
    u32[queue + (layout.QUEUE_SEGMENTED >> 2)] = 0;
    u32.fill(0, queue + (layout.QUEUE_CONTEXTS >> 2), queue + (layout.QUEUE_CONTEXTS >> 2) + 8);
    forgetWriteBack(core, q);
  }
  u32[queue + (layout.QUEUE_STATISTICS >> 2)] = statisticsSet(registers[reg.tqsm(q >> 2) >> 2], q);
  u32[queue + (layout.QUEUE_CAUSE >> 2)] = causeOf(registers[reg.ivar(q >> 1) >> 2], (q & 1) * 16 + 8);
  if (applyRing(core, queue, reg.tdbal(q), reg.tdbah(q), reg.tdlen(q))) {
    if (flush || (control & TXDCTL_WTHRESH) === 0) flushWriteBack(core, q);
    return true;
  }
  count(core, TX_RING_OUTSIDE);
  return false;
}

function applyRing(core: CardCore, queue: number, low: number, high: number, length: number): boolean {
  const { registers } = core;
  const { u32 } = core.memory;
  const bytes = registers[length >> 2];
  const position = bytes === 0 ? 0 : core.dma.position(registers[high >> 2], registers[low >> 2], bytes);
  if (position === 0 || (position & 3) !== 0) return false;
  u32[queue + (layout.QUEUE_RING >> 2)] = position;
  u32[queue + (layout.QUEUE_COUNT >> 2)] = bytes >>> 4;
  // A ring that became shorter under a running queue begins anew.
  if (u32[queue + (layout.QUEUE_NEXT >> 2)] >= bytes >>> 4) {
    u32[queue + (layout.QUEUE_NEXT >> 2)] = 0;
    u32[queue + (layout.QUEUE_SEGMENTED >> 2)] = 0;
  }
  return true;
}

/** Four queues share a map register, a byte each. */
function statisticsSet(map: number, q: number): number {
  return (map >>> ((q & 3) * 8)) & 0xf;
}

/** The bit of EICR that a byte of IVAR names, or 0. */
function causeOf(vector: number, shift: number): number {
  const entry = vector >>> shift;
  return (entry & 0x80) === 0 ? 0 : (1 << (entry & 0x1f)) & 0xffff;
}

/** Takes over the frame sizes of HLREG0 and MAXFRS, and the packet buffer's. */
export function applyLimits(core: CardCore): void {
  const { registers, state } = core;
  const jumbo = (registers[REG.HLREG0 >> 2] & HLREG0_JUMBOEN) !== 0;
  const most = (registers[REG.MAXFRS >> 2] >>> MAXFRS_MFS_SHIFT) - FCS;
  const bytes = jumbo ? Math.max(STANDARD_FRAME, Math.min(most, layout.SLOT_ROOM)) : STANDARD_FRAME;
  core.memory.u32[(state + layout.RX_MAX_FRAME) >> 2] = bytes;
  // Without traffic classes all frames come through packet buffer 0.
  const room = registers[reg.rxpbsize(0) >> 2] & RXPBSIZE_SIZE;
  const places = Math.floor(room / (bytes + FCS));
  core.memory.u32[(state + layout.RX_PLACES) >> 2] = Math.max(1, Math.min(places, layout.SLOTS));
  core.memory.u32[(state + layout.RX_ROOM) >> 2] = room;
}
