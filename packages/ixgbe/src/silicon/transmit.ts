import {
  DESCRIPTOR_BYTES,
  TXC_COMMAND,
  TXC_ESP_LEN,
  TXC_IDX_SHIFT,
  TXC_IPLEN,
  TXC_IPV4,
  TXC_L4T,
  TXC_L4T_TCP,
  TXC_L4T_UDP,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXD_ADDRESS_HI,
  TXD_ADDRESS_LO,
  TXD_COMMAND,
  TXD_DEXT,
  TXD_DTALEN,
  TXD_DTYP,
  TXD_DTYP_CONTEXT,
  TXD_DTYP_DATA,
  TXD_EOP,
  TXD_IDX_SHIFT,
  TXD_IFCS,
  TXD_OPTIONS,
  TXD_PAYLEN_SHIFT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
  TXD_RS,
  TXD_STAT_DD,
  TXD_TSE,
  TXD_WHOLE,
} from '../descriptors.ts';
import {
  CTRL_GIO_DIS,
  DMATXCTL_TE,
  HLREG0_LPBK,
  HLREG0_TXCRCEN,
  HLREG0_TXPADEN,
  SECTXCTRL_STORE_FORWARD,
  SECTXCTRL_TX_DIS,
  TDWBAL_HEAD_WB_EN,
} from '../register-fields.ts';
import { REG, tdh, tdt, tdwbah, tdwbal } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { addWords, fold, storeWord } from './checksum.ts';
import { counterSlot } from './counters.ts';
import { move, moveRun } from './move.ts';
import { rotate } from './rotate.ts';
import { traceTransmitted } from './security-trace.ts';
import {
  prepareEncryption,
  prepareEncryptionRun,
  runEncryption,
  SECURITY_DROP,
  SECURITY_JOB,
} from './security-transmit.ts';
import {
  addressKind,
  countQueueTransmitted,
  countTransmitted,
  countTransmittedKind,
  PTC64,
  sizeClass,
} from './statistics.ts';

/**
 * The transmit path, a batch at a time:
 *
 * 1. what the wire did not take before goes first;
 * 2. descriptors are fetched, queue by queue; a packet's segments are gathered in the packet buffer; checksums are
 *    inserted; what the security block is to encipher becomes a crypto job, for which a packet in one segment is read
 *    from host memory by the engine itself;
 * 3. the engine runs all jobs of the batch;
 * 4. descriptors that ask for it are reported done, and heads move;
 * 5. frames are padded and counted, and put on the wire; the rest stays in the packet buffer.
 *
 * Segmentation (TSO) and VLAN insertion are not here.
 */

const BAD_ADDRESS = counterSlot('txBadAddress');
const TAIL_BEYOND = counterSlot('txTailBeyondRing');
const ZERO_LENGTH = counterSlot('txZeroLength');
const WITHOUT_END = counterSlot('txWithoutEnd');
const BAD_TYPE = counterSlot('txBadDescriptorType');
const LEGACY = counterSlot('txLegacyDescriptor');
const SEGMENTATION = counterSlot('txSegmentation');
const TOO_SHORT = counterSlot('txTooShort');
const TOO_LONG = counterSlot('txTooLong');
const LENGTH_DIFFERS = counterSlot('txPayloadLengthDiffers');
const HEADER_BEYOND = counterSlot('txHeaderLengthBeyondPacket');
const WITHOUT_FCS = counterSlot('txWithoutFcs');
const DROPPED = counterSlot('txDropped');
const LOOPED_BACK = counterSlot('txLoopedBack');

/** The shortest packet that may be given to the card. */
const LEAST = 17;
/** The longest frame that store-and-forward holds: 9.5 KB. */
const STORE_FORWARD_MOST = 9728;
/** The shortest Ethernet frame, without FCS. */
const SHORTEST = 60;
const NO_CONTEXT = -1;

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
    (registers[REG.CTRL >> 2] & CTRL_GIO_DIS) !== 0
  ) {
    return sent;
  }
  while (sent < budget) {
    const filled = fetch(core, held, Math.min(layout.SLOTS, held + budget - sent));
    if (filled === held) break;
    const taken = send(core, filled);
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
  } else {
    taken = core.wire.transmit(txAt, txLengths, n);
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
  for (let i = 0; i < queues; i++) report(core, u32[list + i]);
  return finish(core, held);
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
      const used = gather(core, queue, next, tail);
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
    let bytes = 0;
    for (let i = before; i < core.filled; i++) bytes += core.txLengths[i];
    const set = u32[(queue + layout.QUEUE_STATISTICS) >> 2];
    countQueueTransmitted(core.registers, set, core.filled - before, bytes);
  }
}

/**
 * Takes packets that are alike and ask for nothing unusual, from descriptor `first` on and before `stop`, which is not
 * beyond the ring's end: each in one descriptor, with nothing to be inserted but the FCS, and all of them or none for the
 * security block. There is one loop for either, which calls nothing.
 *
 * @returns how many descriptors, and packets, it took; 0 when the first one is of another kind
 */
function gatherRun(core: CardCore, queue: number, first: number, stop: number, limit: number): number {
  const { registers, filled } = core;
  const { i32 } = core.memory;
  if ((registers[REG.HLREG0 >> 2] & HLREG0_TXCRCEN) === 0) return 0;
  const from = i32[(queue + layout.QUEUE_RING) >> 2] + first * DESCRIPTOR_BYTES;
  const options = i32[(from + TXD_OPTIONS) >> 2];
  const most = Math.min(stop - first, limit - filled);
  const asked = options & (TXD_POPTS_IXSM | TXD_POPTS_TXSM | TXD_POPTS_IPSEC);
  let taken = 0;
  if (asked === TXD_POPTS_IPSEC) {
    const slot = (options >>> TXD_IDX_SHIFT) & 1;
    taken = prepareEncryptionRun(core, from, most, (queue + layout.QUEUE_CONTEXTS + slot * DESCRIPTOR_BYTES) >> 2);
  } else if (asked === 0) taken = copyRun(core, from, most);
  core.filled = filled + taken;
  return taken;
}

/** Copies packets into the packet buffer as they are. The descriptors are looked at first, then the bytes are moved. */
function copyRun(core: CardCore, from: number, most: number): number {
  const { registers, state, filled, txAt } = core;
  const { i32 } = core.memory;
  const { direct } = core.dma;
  if (direct === undefined) return 0;
  const end = direct.end | 0;
  const gap = direct.gap | 0;
  const gapEnd = direct.gapEnd | 0;
  const whole = (registers[REG.SECTXCTRL >> 2] & SECTXCTRL_STORE_FORWARD) !== 0;
  const longest = whole ? STORE_FORWARD_MOST : layout.SLOT_ROOM;
  const lengths = ((state + layout.TX_LENGTHS) >> 2) + filled;
  const sources = (state + layout.TX_SOURCES) >> 2;
  let descriptor = from | 0;
  let i = 0;
  for (; i < most; i++) {
    const at = descriptor >> 2;
    const command = i32[at + (TXD_COMMAND >> 2)];
    const options = i32[at + (TXD_OPTIONS >> 2)];
    const length = command & TXD_DTALEN;
    if ((command & ~(TXD_DTALEN | TXD_RS)) !== TXD_WHOLE || length < LEAST || length > longest) break;
    if ((options & (TXD_POPTS_IXSM | TXD_POPTS_TXSM | TXD_POPTS_IPSEC)) !== 0) break;
    if (options >>> TXD_PAYLEN_SHIFT !== length) break;
    const host = i32[at + (TXD_ADDRESS_LO >> 2)];
    const hostEnd = (host + length) | 0;
    if (i32[at + (TXD_ADDRESS_HI >> 2)] !== 0 || host <= 0 || hostEnd > end || hostEnd < 0) break;
    if (host < gapEnd && hostEnd > gap) break;
    i32[lengths + i] = length;
    i32[sources + i] = host;
    descriptor = (descriptor + DESCRIPTOR_BYTES) | 0;
  }
  let moved = 0;
  while (moved < i) {
    const to = ((state + layout.TX_AT) >> 2) + filled + moved;
    moved += moveRun(core, to, 1, sources + moved, lengths + moved, i - moved);
    if (moved < i) {
      move(core, txAt[filled + moved], i32[sources + moved], i32[lengths + moved]);
      moved++;
    }
  }
  return i;
}

/**
 * Takes the packet that begins with descriptor `first` into the packet buffer, if all of it is there.
 *
 * @returns the descriptors that it had, or 0 when its last one is not there yet
 */
function gather(core: CardCore, queue: number, first: number, tail: number): number {
  const { u32 } = core.memory;
  const ring = u32[(queue + layout.QUEUE_RING) >> 2];
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const slot = core.txAt[core.filled];
  const start = (ring + first * DESCRIPTOR_BYTES) >> 2;
  const command = u32[start + (TXD_COMMAND >> 2)];
  let at = start;
  let end = command;
  let number = first;
  let used = 0;
  let length = 0;
  let source = slot;
  let whole = true;
  for (;;) {
    const bytes = end & TXD_DTALEN;
    used++;
    if (bytes === 0) count(core, ZERO_LENGTH);
    else if (length + bytes > layout.SLOT_ROOM) {
      if (whole) count(core, TOO_LONG);
      whole = false;
    } else if (whole) {
      const host = core.dma.position(u32[at + (TXD_ADDRESS_HI >> 2)], u32[at + (TXD_ADDRESS_LO >> 2)], bytes);
      if (host === 0) {
        count(core, BAD_ADDRESS);
        whole = false;
      } else if (used === 1 && (end & TXD_EOP) !== 0) source = host;
      else move(core, slot + length, host, bytes);
      length += bytes;
    }
    if ((end & TXD_EOP) !== 0) break;
    number = number + 1 === size ? 0 : number + 1;
    if (number === tail) {
      if (used < size - 1) return 0;
      // The whole ring without an end: it would never come.
      count(core, WITHOUT_END);
      whole = false;
      break;
    }
    at = (ring + number * DESCRIPTOR_BYTES) >> 2;
    end = u32[at + (TXD_COMMAND >> 2)];
  }
  if (whole && prepare(core, queue, slot, source, length, command, u32[start + (TXD_OPTIONS >> 2)])) {
    core.txLengths[core.filled++] = length;
  } else count(core, DROPPED);
  return used;
}

/**
 * Does what a packet's first descriptor asks for, from `source`, which is `slot` or still in host memory, to `slot`.
 *
 * @returns false when the packet is to be dropped
 */
function prepare(
  core: CardCore,
  queue: number,
  slot: number,
  source: number,
  length: number,
  command: number,
  options: number,
): boolean {
  const { registers } = core;
  const { u32 } = core.memory;
  if (length < LEAST) {
    count(core, TOO_SHORT);
    return false;
  }
  if (length > STORE_FORWARD_MOST && (registers[REG.SECTXCTRL >> 2] & SECTXCTRL_STORE_FORWARD) !== 0) {
    count(core, TOO_LONG);
    return false;
  }
  if ((command & TXD_IFCS) === 0 || (registers[REG.HLREG0 >> 2] & HLREG0_TXCRCEN) === 0) count(core, WITHOUT_FCS);
  let context = NO_CONTEXT;
  let asked = 0;
  if ((command & TXD_DEXT) === 0) count(core, LEGACY);
  else {
    if ((command & TXD_TSE) !== 0) {
      count(core, SEGMENTATION);
      return false;
    }
    if (options >>> TXD_PAYLEN_SHIFT !== length) count(core, LENGTH_DIFFERS);
    asked = options & (TXD_POPTS_IXSM | TXD_POPTS_TXSM | TXD_POPTS_IPSEC);
    context = (queue + layout.QUEUE_CONTEXTS + ((options >>> TXD_IDX_SHIFT) & 1) * DESCRIPTOR_BYTES) >> 2;
  }
  const security = (asked & TXD_POPTS_IPSEC) !== 0;
  if (source !== slot && (!security || (asked & TXD_POPTS_TXSM) !== 0)) {
    move(core, slot, source, length);
    source = slot;
  }
  if ((asked & TXD_POPTS_TXSM) !== 0) insertLayer4Checksum(core, slot, length, context, security);
  if (security) {
    const verdict = prepareEncryption(core, slot, source, length, context, options);
    if (core.trace !== undefined) traceTransmitted(core, core.trace, source, length, context, verdict);
    if (verdict === SECURITY_DROP) return false;
    if (verdict !== SECURITY_JOB && source !== slot) move(core, slot, source, length);
  }
  if ((asked & TXD_POPTS_IXSM) !== 0 && (u32[context + (TXC_COMMAND >> 2)] & TXC_IPV4) !== 0) {
    insertIpv4Checksum(core, slot, length, u32[context + (TXC_LENGTHS >> 2)], security);
  }
  return true;
}

/** Sums whatever is in the header, the checksum field too: it is right only where software left the field 0. */
function insertIpv4Checksum(core: CardCore, slot: number, length: number, lengths: number, security: boolean): void {
  const { u8, u16 } = core.memory;
  const ip = (lengths >>> TXC_MACLEN_SHIFT) & 0x7f;
  const header = security ? 20 : lengths & TXC_IPLEN;
  if (header < 20 || ip + header > length) {
    count(core, HEADER_BEYOND);
    return;
  }
  storeWord(u8, slot + ip + 10, ~fold(addWords(u8, u16, slot + ip, header, 0)));
}

/** Sums from the layer 4 header to the end of what it covers; the field holds the sum of the pseudo header before. */
function insertLayer4Checksum(core: CardCore, slot: number, length: number, context: number, security: boolean): void {
  const { u8, u16, u32 } = core.memory;
  const lengths = u32[context + (TXC_LENGTHS >> 2)];
  const command = u32[context + (TXC_COMMAND >> 2)];
  const start = ((lengths >>> TXC_MACLEN_SHIFT) & 0x7f) + (lengths & TXC_IPLEN);
  const end = security ? length - (command & TXC_ESP_LEN) : length;
  const type = command & TXC_L4T;
  if (type !== TXC_L4T_UDP && type !== TXC_L4T_TCP) return;
  const udp = type === TXC_L4T_UDP;
  if (start + (udp ? 8 : 20) > end) {
    count(core, HEADER_BEYOND);
    return;
  }
  const sum = ~fold(addWords(u8, u16, slot + start, end - start, 0)) & 0xffff;
  // A UDP checksum of 0 says that there is none (RFC 768).
  storeWord(u8, slot + start + (udp ? 6 : 16), udp && sum === 0 ? 0xffff : sum);
}

/**
 * Counts frames from number `first` on as sent, while they are to one station and neither failed nor to be padded, in a
 * loop that calls nothing. Returns the number of the frame that is another case.
 */
function finishRun({ registers, state, filled, memory }: CardCore, first: number): number {
  const { i32 } = memory;
  const at = (state + layout.TX_AT) >> 2;
  const lengths = (state + layout.TX_LENGTHS) >> 2;
  let bytes = 0;
  let i = first;
  for (; i < filled; i++) {
    const length = i32[lengths + i];
    // The group bit of the address, which begins with the upper half of a word.
    if (length < SHORTEST || (i32[i32[at + i] >> 2] & 0x1_0000) !== 0) break;
    registers[PTC64 + sizeClass(length)]++;
    bytes = (bytes + length) | 0;
  }
  if (i !== first) countTransmitted(registers, i - first, bytes);
  return i;
}

/** Takes out frames that the engine could not do, pads and counts the others. Returns how many there are in all. */
function finish(core: CardCore, held: number): number {
  const { registers, txAt, txLengths } = core;
  const { u8, u16, u32 } = core.memory;
  const pad = (registers[REG.HLREG0 >> 2] & HLREG0_TXPADEN) !== 0;
  const counted = finishRun(core, held);
  if (counted === core.filled) return counted;
  let kept = counted;
  let bytes = 0;
  for (let i = counted; i < core.filled; i++) {
    let length = txLengths[i];
    const frame = txAt[i];
    if (length === 0) {
      count(core, DROPPED);
      continue;
    }
    if (pad && length < SHORTEST) {
      u8.fill(0, frame + length, frame + SHORTEST);
      length = SHORTEST;
    }
    if (kept !== i) {
      txAt[i] = txAt[kept];
      txAt[kept] = frame;
    }
    txLengths[kept++] = length;
    bytes += length;
    countTransmittedKind(registers, length, addressKind(u16, u32, frame));
  }
  countTransmitted(registers, kept - counted, bytes);
  return kept;
}

/** Reports a queue's descriptors done as far as they were fetched, and moves its head. */
function report(core: CardCore, q: number): void {
  const { registers } = core;
  const { i32, u32 } = core.memory;
  const queue = core.state + layout.TX_QUEUES + q * layout.QUEUE_BYTES;
  const size = i32[(queue + layout.QUEUE_COUNT) >> 2];
  const next = i32[(queue + layout.QUEUE_NEXT) >> 2];
  let head = registers[tdh(q) >> 2] | 0;
  if (head === next) return;
  if (head >= size) head = 0;
  const low = registers[tdwbal(q) >> 2];
  if ((low & TDWBAL_HEAD_WB_EN) !== 0) {
    const to = core.dma.position(registers[tdwbah(q) >> 2], (low & ~3) >>> 0, 4);
    if (to === 0) count(core, BAD_ADDRESS);
    else u32[to >> 2] = next;
  } else {
    const ring = i32[(queue + layout.QUEUE_RING) >> 2];
    for (; head !== next; head = head + 1 === size ? 0 : (head + 1) | 0) {
      const at = (ring + head * DESCRIPTOR_BYTES) >> 2;
      if ((i32[at + (TXD_COMMAND >> 2)] & TXD_RS) !== 0) i32[at + (TXD_OPTIONS >> 2)] = TXD_STAT_DD;
    }
  }
  registers[tdh(q) >> 2] = next;
  registers[REG.EICR >> 2] |= u32[(queue + layout.QUEUE_CAUSE) >> 2];
}
