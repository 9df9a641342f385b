import type { Memory } from '@inline-ipsec/eal/memory';
import {
  RXD_ERR_IPE,
  RXD_ERR_L4E,
  RXD_ERR_RXE,
  RXD_PTYPE_ESP,
  RXD_PTYPE_IPV4,
  RXD_STAT_IPCS,
  RXD_STAT_PIF,
} from '../descriptors.ts';
import { FCTRL_SBP, HLREG0_RXCRCSTRP, HLREG0_RXLNGTHERREN, RXCSUM_IPPCSE, VLNCTRL_VFE } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { fold } from './checksum.ts';
import { counterSlot } from './counters.ts';
import { appendFrameCheck } from './frame-check.ts';
import { FILTER_DROP, FILTER_INEXACT, passesFilter, passesVlanFilter } from './receive-filter.ts';
import { own } from './receive-lent.ts';
import { layer4Type, PROTOCOL_AH, PROTOCOL_ESP, parseFrame, TYPE_IPV4, vlanType } from './receive-parse.ts';
import { steer } from './receive-steer.ts';
import {
  ADDRESS_UNICAST,
  addressKind,
  countGoodReceived,
  countMissedUnseen,
  countReceived,
  countReceivedKind,
  PRC64,
  sizeClass,
} from './statistics.ts';

/**
 * What becomes of frames when they are new in the packet buffer: size, address filters, headers, queue, statistics.
 *
 * Most frames are like the one before: ordinary IPv4 to the same station. {@link admitRun} takes as many of those as
 * there are in one loop that calls nothing; any other frame goes its own way, through {@link admitOne}. Both come to the
 * same.
 */

const RUNT = counterSlot('rxRunt');
const OVERSIZE = counterSlot('rxOversize');
const FILTERED = counterSlot('rxFiltered');

const NO_ROOM = counterSlot('rxNoPacketBuffer');
const VLAN_FILTERED = counterSlot('rxVlanFiltered');
const LENGTH_DIFFERS = counterSlot('rxLengthDiffers');

/** The shortest Ethernet frame, without FCS. */
const SHORTEST = 60;
/** Two addresses and a type. */
const ETHERNET_HEADER = 14;
/** Bytes of a frame check sequence. */
const FCS = 4;
/** The largest number in the type field that is a length. */
const LARGEST_LENGTH = 1500;
/** An IPv4 header without options. */
const IPV4_HEADER = 20;

/** Size, address and headers of the packet buffer's frames from number `first` to `frames` − 1, into their records. */
export function admit(core: CardCore, first: number, frames: number): void {
  const { registers, state } = core;
  // A run is of frames whose FCS is taken off.
  const inRuns = (registers[REG.HLREG0 >> 2] & HLREG0_RXCRCSTRP) !== 0;
  for (let i = first; i < frames; ) {
    if (inRuns) i = core.loops.admitRun(core, i, frames);
    if (i === frames) break;
    if (core.lent > i) own(core, i);
    admitOne(core, i++);
  }
  if (core.memory.u32[(state + layout.RX_STEER) >> 2] !== 0) steer(core, first, frames);
}

/**
 * Admits frames from number `first` on, while they have the destination address of the first one and are IPv4 without tags,
 * options and fragments. Returns the number of the frame that it did not take.
 *
 * A frame lies 2 modulo 4, so it is read as words: the first one ends with 2 bytes of it, the fourth one with the
 * EtherType, and the IP header is five words.
 */
export function admitRunLoop({ i32, u16, u32 }: Memory): (core: CardCore, first: number, frames: number) => number {
  return (core: CardCore, first: number, frames: number): number => {
    const { registers, state, frameAt } = core;
    const room = (u32[(state + layout.RX_ROOM) >> 2] - FCS) | 0;
    const longest = Math.min(u32[(state + layout.RX_MAX_FRAME) >> 2], room) | 0;
    const pass = passesFilter(core, frameAt[first]);
    if (pass === FILTER_DROP || addressKind(u16, u32, frameAt[first]) !== ADDRESS_UNICAST) return first;
    const addressHead = u16[frameAt[first] >> 1];
    const addressRest = i32[(frameAt[first] + 2) >> 2];
    const checked = RXD_STAT_IPCS | (pass === FILTER_INEXACT ? RXD_STAT_PIF : 0);
    // Layer 4 checksums are the parser's.
    const sums = (registers[REG.RXCSUM >> 2] & RXCSUM_IPPCSE) !== 0;
    const at = core.framesAt >> 2;
    const lengths = (state + layout.RX_LENGTHS) >> 2;
    let record = (state + layout.FRAMES + first * layout.FRAME_BYTES) | 0;
    let bytes = 0;
    // Frames are counted by their size when another size comes.
    let size = i32[lengths + first];
    let sized = first;
    let i = first;
    for (; i < frames; i++) {
      const word = i32[at + i] >> 2;
      const length = i32[lengths + i];
      if (length < SHORTEST || length > longest) break;
      if (i32[word] >>> 16 !== addressHead || i32[word + 1] !== addressRest || i32[word + 3] >>> 16 !== TYPE_IPV4)
        break;
      const ip0 = i32[word + 4];
      const ip1 = i32[word + 5];
      const ip2 = i32[word + 6];
      // Version 4, five words; neither an offset nor more fragments, DF or not.
      if ((ip0 & 0xff) !== 0x45 || (ip1 & 0xff3f_0000) !== 0) break;
      const protocol = (ip2 >>> 8) & 0xff;
      let info = RXD_PTYPE_IPV4;
      let flags = 0;
      const to = record >> 2;
      if (protocol === PROTOCOL_ESP) {
        const end = ETHERNET_HEADER + (((ip0 >>> 8) & 0xff00) | (ip0 >>> 24));
        info = RXD_PTYPE_IPV4 | RXD_PTYPE_ESP;
        flags = end > length ? layout.FRAME_CANDIDATE | layout.FRAME_CUT : layout.FRAME_CANDIDATE;
        i32[to + (layout.FRAME_PAYLOAD >> 2)] = ETHERNET_HEADER + IPV4_HEADER;
        i32[to + (layout.FRAME_END >> 2)] = end;
      } else {
        if (sums || protocol === PROTOCOL_AH) break;
        info = RXD_PTYPE_IPV4 | layer4Type(protocol);
      }
      const source = i32[word + 7];
      const destination = i32[word + 8];
      const sum =
        (ip0 & 0xffff) +
        (ip0 >>> 16) +
        (ip1 & 0xffff) +
        (ip1 >>> 16) +
        (ip2 & 0xffff) +
        (ip2 >>> 16) +
        (source & 0xffff) +
        (source >>> 16) +
        (destination & 0xffff) +
        (destination >>> 16);
      if (fold(sum) !== 0xffff) break;
      i32[to + (layout.FRAME_INFO >> 2)] = info;
      i32[to + (layout.FRAME_STATUS >> 2)] = checked;
      i32[to + (layout.FRAME_L3 >> 2)] = ETHERNET_HEADER;
      i32[to + (layout.FRAME_FLAGS >> 2)] = flags;
      i32[to + (layout.FRAME_QUEUE >> 2)] = 0;
      i32[to + (layout.FRAME_HASH >> 2)] = 0;
      i32[to + (layout.FRAME_TAG >> 2)] = 0;
      if (length !== size) {
        registers[PRC64 + sizeClass(size)] += i - sized;
        size = length;
        sized = i;
      }
      bytes = (bytes + length) | 0;
      record = (record + layout.FRAME_BYTES) | 0;
    }
    if (i !== first) {
      registers[PRC64 + sizeClass(size)] += i - sized;
      countReceived(registers, i - first, bytes);
      countGoodReceived(registers, i - first, bytes);
    }
    return i;
  };
}

/** Admits a frame of any kind. */
function admitOne(core: CardCore, i: number): void {
  const { registers, state, frameAt, rxLengths } = core;
  const { u8, u16, u32 } = core.memory;
  const longest = u32[(state + layout.RX_MAX_FRAME) >> 2];
  const record = state + layout.FRAMES + i * layout.FRAME_BYTES;
  const frame = frameAt[i];
  let length = rxLengths[i];
  u32[(record + layout.FRAME_QUEUE) >> 2] = layout.NO_QUEUE;
  if (length < SHORTEST) {
    if (length < ETHERNET_HEADER || core.choices.runts === 'drop') {
      count(core, RUNT);
      registers[REG.RUC >> 2]++;
      return;
    }
    u8.fill(0, frame + length, frame + SHORTEST);
    length = SHORTEST;
    rxLengths[i] = length;
  }
  countReceived(registers, 1, length);
  if (length + FCS > u32[(state + layout.RX_ROOM) >> 2]) {
    count(core, NO_ROOM);
    countMissedUnseen(registers, 1);
    return;
  }
  // A VLAN tag may be on top of the longest frame.
  const tagged = u16[(frame + 12) >> 1] === vlanType(registers);
  if (length > (tagged ? longest + 4 : longest) || length > layout.SLOT_ROOM) {
    count(core, OVERSIZE);
    registers[REG.ROC >> 2]++;
    return;
  }
  const pass = passesFilter(core, frame);
  if (pass === FILTER_DROP) {
    count(core, FILTERED);
    return;
  }
  if (tagged && (registers[REG.VLNCTRL >> 2] & VLNCTRL_VFE) !== 0 && !passesVlanFilter(core, frame)) {
    count(core, VLAN_FILTERED);
    return;
  }
  const wrong = (registers[REG.HLREG0 >> 2] & HLREG0_RXLNGTHERREN) !== 0 && lengthDiffers(u8, frame, length);
  if (wrong) {
    count(core, LENGTH_DIFFERS);
    registers[REG.RLEC >> 2]++;
    if ((registers[REG.FCTRL >> 2] & FCTRL_SBP) === 0) return;
  }
  const keepsCheck = (registers[REG.HLREG0 >> 2] & HLREG0_RXCRCSTRP) === 0;
  countGoodReceived(registers, 1, keepsCheck ? length + FCS : length);
  countReceivedKind(registers, length, addressKind(u16, u32, frame));
  parseFrame(core, frame, length, record);
  if ((u32[(record + layout.FRAME_STATUS) >> 2] & (RXD_ERR_IPE | RXD_ERR_L4E)) !== 0) registers[REG.XEC >> 2]++;
  if (pass === FILTER_INEXACT) u32[(record + layout.FRAME_STATUS) >> 2] |= RXD_STAT_PIF;
  if (wrong) u32[(record + layout.FRAME_STATUS) >> 2] |= RXD_ERR_RXE;
  u32[(record + layout.FRAME_QUEUE) >> 2] = 0;
  if (!keepsCheck) return;
  appendFrameCheck(u8, frame, length);
  rxLengths[i] = length + FCS;
}

/** Whether a frame says in its type field that it has more or fewer bytes than it has; the shortest frame may be padded. */
function lengthDiffers(u8: Uint8Array, frame: number, length: number): boolean {
  const field = (u8[frame + 12] << 8) | u8[frame + 13];
  if (field > LARGEST_LENGTH) return false;
  const said = ETHERNET_HEADER + field;
  return said !== length && (length !== SHORTEST || said > length);
}
