import { copyFrame } from '@inline-ipsec/wire/frame-copy';
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
import { rotate } from './rotate.ts';
import { prepareEncryption, runEncryption, SECURITY_DROP, SECURITY_JOB } from './security-transmit.ts';
import { addressKind, countQueueTransmitted, countTransmitted, countTransmittedKind } from './statistics.ts';

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
  let bytes = 0;
  while (next !== tail && core.filled < limit) {
    const at = (ring + next * DESCRIPTOR_BYTES) >> 2;
    const command = u32[at + (TXD_COMMAND >> 2)];
    const type = command & TXD_DTYP;
    if ((command & TXD_DEXT) === 0 || type === TXD_DTYP_DATA) {
      const filled = core.filled;
      const used = gather(core, queue, next, tail);
      if (used === 0) break;
      next += used;
      if (next >= size) next -= size;
      if (core.filled !== filled) bytes += core.txLengths[filled];
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
    countQueueTransmitted(core.registers, set, core.filled - before, bytes);
  }
}

/**
 * Takes the packet that begins with descriptor `first` into the packet buffer, if all of it is there.
 *
 * @returns the descriptors that it had, or 0 when its last one is not there yet
 */
function gather(core: CardCore, queue: number, first: number, tail: number): number {
  const { u8, u16, i32, u32 } = core.memory;
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
      else copyFrame(u8, u16, i32, slot + length, host, bytes);
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
  const { u8, u16, i32, u32 } = core.memory;
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
    copyFrame(u8, u16, i32, slot, source, length);
    source = slot;
  }
  if ((asked & TXD_POPTS_TXSM) !== 0) insertLayer4Checksum(core, slot, length, context, security);
  if (security) {
    const verdict = prepareEncryption(core, slot, source, length, context);
    if (verdict === SECURITY_DROP) return false;
    if (verdict !== SECURITY_JOB && source !== slot) copyFrame(u8, u16, i32, slot, source, length);
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

/** Takes out frames that the engine could not do, pads and counts the others. Returns how many there are in all. */
function finish(core: CardCore, held: number): number {
  const { registers, txAt, txLengths } = core;
  const { u8, u16, u32 } = core.memory;
  const pad = (registers[REG.HLREG0 >> 2] & HLREG0_TXPADEN) !== 0;
  let kept = held;
  let bytes = 0;
  for (let i = held; i < core.filled; i++) {
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
  countTransmitted(registers, kept - held, bytes);
  return kept;
}

/** Reports a queue's descriptors done as far as they were fetched, and moves its head. */
function report(core: CardCore, q: number): void {
  const { registers } = core;
  const { u32 } = core.memory;
  const queue = core.state + layout.TX_QUEUES + q * layout.QUEUE_BYTES;
  const size = u32[(queue + layout.QUEUE_COUNT) >> 2];
  const next = u32[(queue + layout.QUEUE_NEXT) >> 2];
  let head = registers[tdh(q) >> 2];
  if (head === next) return;
  if (head >= size) head = 0;
  const low = registers[tdwbal(q) >> 2];
  if ((low & TDWBAL_HEAD_WB_EN) !== 0) {
    const to = core.dma.position(registers[tdwbah(q) >> 2], (low & ~3) >>> 0, 4);
    if (to === 0) count(core, BAD_ADDRESS);
    else u32[to >> 2] = next;
  } else {
    const ring = u32[(queue + layout.QUEUE_RING) >> 2];
    for (; head !== next; head = head + 1 === size ? 0 : head + 1) {
      const at = (ring + head * DESCRIPTOR_BYTES) >> 2;
      if ((u32[at + (TXD_COMMAND >> 2)] & TXD_RS) !== 0) u32[at + (TXD_OPTIONS >> 2)] = TXD_STAT_DD;
    }
  }
  registers[tdh(q) >> 2] = next;
  registers[REG.EICR >> 2] |= u32[(queue + layout.QUEUE_CAUSE) >> 2];
}
