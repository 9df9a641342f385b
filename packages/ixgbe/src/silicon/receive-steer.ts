import { RXD_STAT_VP } from '../descriptors.ts';
import {
  ETQF_ETYPE,
  ETQF_FILTER_EN,
  ETQS_QUEUE_EN,
  ETQS_RX_QUEUE,
  ETQS_RX_QUEUE_SHIFT,
  MRQC_MRQE,
  RXCSUM_PCSD,
} from '../register-fields.ts';
import { etqf, etqs, REG, reta } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { applyHashKey, hashType, ipHeaderBytes, PORTS, rssHash } from './receive-hash.ts';

/**
 * What happens to frames between the filters and their queue, on a card that has more than one queue or takes VLAN tags off:
 * EtherType filters choose a queue of any number, RSS one of the first 16 (82599 datasheet 7.1.2), and then the queue says
 * whether a tag is taken off.
 *
 * Flow director, 5-tuple filters, pools of virtual machines and traffic classes are not there: MRQC modes with those spread
 * nothing, and are counted.
 */

const MODE = counterSlot('rxQueueModeUnknown');

/** MRQC.MRQE: RSS and nothing else. */
const MRQE_RSS = 1;
const ETHERTYPE_FILTERS = 8;
/** Two addresses, which a tag comes after, and a tag. */
const ADDRESSES = 12;
const TAG = 4;

/** Takes over what software says about queues: RSS, EtherType filters. */
export function applySteering(core: CardCore): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  const word = (state + layout.RX_STEER) >> 2;
  let steer = u32[word] & layout.STEER_STRIP;
  const mode = registers[REG.MRQC >> 2] & MRQC_MRQE;
  if (mode === MRQE_RSS) {
    applyHashKey(core);
    steer |= layout.STEER_RSS;
  } else if (mode !== 0) count(core, MODE);
  for (let i = 0; i < ETHERTYPE_FILTERS; i++) {
    if ((registers[etqf(i) >> 2] & ETQF_FILTER_EN) !== 0) steer |= layout.STEER_ETHERTYPE;
  }
  u32[word] = steer;
}

/** Gives queues to the packet buffer's frames from number `first` to `frames` − 1, but for those that are dropped. */
export function steer(core: CardCore, first: number, frames: number): void {
  const { state, frameAt, rxLengths } = core;
  const { u32 } = core.memory;
  const steps = u32[(state + layout.RX_STEER) >> 2];
  for (let i = first; i < frames; i++) {
    const record = state + layout.FRAMES + i * layout.FRAME_BYTES;
    if (u32[(record + layout.FRAME_QUEUE) >> 2] === layout.NO_QUEUE) continue;
    let q = 0;
    if ((steps & layout.STEER_RSS) !== 0) q = spread(core, record, frameAt[i], rxLengths[i]);
    if ((steps & layout.STEER_ETHERTYPE) !== 0) q = byEtherType(core, record, frameAt[i], q);
    const queue = (state + layout.RX_QUEUES + q * layout.QUEUE_BYTES) >> 2;
    u32[(record + layout.FRAME_QUEUE) >> 2] = q;
    if ((u32[queue + (layout.QUEUE_FLAGS >> 2)] & layout.RX_QUEUE_STRIP) !== 0) stripTag(core, record, i);
  }
}

/** RSS: the hash, and the queue that the redirection table has for its lowest 7 bits. What cannot be hashed has 0. */
function spread(core: CardCore, record: number, frame: number, length: number): number {
  const { registers } = core;
  const { i32 } = core.memory;
  const to = record >> 2;
  const info = i32[to + (layout.FRAME_INFO >> 2)];
  const l3 = i32[to + (layout.FRAME_L3 >> 2)];
  const header = ipHeaderBytes(core, frame + l3);
  const type = hashType(info, registers[REG.MRQC >> 2], l3 + header + PORTS <= length);
  if (type === 0) return 0;
  const hash = rssHash(core, type, frame + l3, header);
  // Without PCSD the descriptor's word is the fragment checksum's, and nothing is said of a hash.
  if ((registers[REG.RXCSUM >> 2] & RXCSUM_PCSD) !== 0) {
    i32[to + (layout.FRAME_INFO >> 2)] = info | type;
    i32[to + (layout.FRAME_HASH >> 2)] = hash;
  }
  return (registers[reta((hash >>> 2) & 31) >> 2] >>> ((hash & 3) * 8)) & 0xf;
}

/** The queue of the first EtherType filter that has the frame's type, tags aside; else `q`. */
function byEtherType(core: CardCore, record: number, frame: number, q: number): number {
  const { registers } = core;
  const { u8, u32 } = core.memory;
  const at = frame + u32[(record + layout.FRAME_L3) >> 2] - 2;
  const type = (u8[at] << 8) | u8[at + 1];
  for (let i = 0; i < ETHERTYPE_FILTERS; i++) {
    const filter = registers[etqf(i) >> 2];
    if ((filter & ETQF_FILTER_EN) === 0 || (filter & ETQF_ETYPE) !== type) continue;
    const choice = registers[etqs(i) >> 2];
    return (choice & ETQS_QUEUE_EN) === 0 ? q : (choice & ETQS_RX_QUEUE) >>> ETQS_RX_QUEUE_SHIFT;
  }
  return q;
}

/** Takes the first VLAN tag off, which the descriptor tells of. */
function stripTag(core: CardCore, record: number, i: number): void {
  const { frameAt, rxLengths } = core;
  const { u8, u32 } = core.memory;
  if ((u32[(record + layout.FRAME_STATUS) >> 2] & RXD_STAT_VP) === 0) return;
  const from = frameAt[i] + ADDRESSES;
  u8.copyWithin(from, from + TAG, frameAt[i] + rxLengths[i]);
  rxLengths[i] -= TAG;
  u32[(record + layout.FRAME_L3) >> 2] -= TAG;
  u32[(record + layout.FRAME_PAYLOAD) >> 2] -= TAG;
  u32[(record + layout.FRAME_END) >> 2] -= TAG;
}
