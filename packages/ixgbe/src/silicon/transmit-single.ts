import {
  DESCRIPTOR_BYTES,
  TXC_COMMAND,
  TXC_ESP_LEN,
  TXC_IPLEN,
  TXC_IPV4,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXC_VLAN_SHIFT,
  TXD_DEXT,
  TXD_IDX_SHIFT,
  TXD_IFCS,
  TXD_PAYLEN_SHIFT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
  TXD_VLE,
  TXL_IC,
  TXL_VLAN_SHIFT,
} from '../descriptors.ts';
import { HLREG0_TXCRCEN } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { frameCheckSequence } from './crc.ts';
import { move } from './move.ts';
import { traceTransmitted } from './security-trace.ts';
import { prepareEncryption, SECURITY_DROP, SECURITY_JOB } from './security-transmit.ts';
import { longestFrame, TX_LEAST } from './transmit-limits.ts';
import {
  insertIpv4Checksum,
  insertLayer4Checksum,
  insertLegacyChecksum,
  insertTag,
  VLAN_TAG,
} from './transmit-offloads.ts';
import type { TransmitPacket } from './transmit-packet.ts';

/**
 * A packet that leaves as one frame: what its first descriptor asks for, in the card's order: layer 4 checksum, IPv4
 * checksum, security, VLAN tag, frame check sequence.
 */

const TOO_SHORT = counterSlot('txTooShort');
const TOO_LONG = counterSlot('txTooLong');
const LENGTH_DIFFERS = counterSlot('txPayloadLengthDiffers');
const HEADER_BEYOND = counterSlot('txHeaderLengthBeyondPacket');
const WITHOUT_FCS = counterSlot('txWithoutFcs');
const BAD_FCS = counterSlot('txBadFcs');

const FCS = 4;

/**
 * Takes a packet into the packet buffer's place `slot`.
 *
 * @param command of its first descriptor; `options` likewise
 * @returns the frame's bytes, or 0 when the packet is to be dropped
 */
export function takeSingle(
  core: CardCore,
  queue: number,
  slot: number,
  packet: TransmitPacket,
  command: number,
  options: number,
): number {
  const { length } = packet;
  if (length < TX_LEAST) {
    count(core, TOO_SHORT);
    return 0;
  }
  if (length > longestFrame(core)) {
    count(core, TOO_LONG);
    return 0;
  }
  const tagged = (command & TXD_VLE) !== 0;
  const frame = tagged ? slot + VLAN_TAG : slot;
  let tag = options >>> TXL_VLAN_SHIFT;
  let security = false;
  if ((command & TXD_DEXT) === 0) {
    if (!packet.read(core, frame, length)) return 0;
    if ((command & TXL_IC) !== 0) insertLegacyChecksum(core, frame, length, command, options);
  } else {
    if (options >>> TXD_PAYLEN_SHIFT !== length) count(core, LENGTH_DIFFERS);
    const context = (queue + layout.QUEUE_CONTEXTS + ((options >>> TXD_IDX_SHIFT) & 1) * DESCRIPTOR_BYTES) >> 2;
    security = (options & TXD_POPTS_IPSEC) !== 0;
    tag = core.memory.u32[context + (TXC_LENGTHS >> 2)] >>> TXC_VLAN_SHIFT;
    if (!prepare(core, frame, packet, context, options)) return 0;
  }
  if (tagged) insertTag(core, slot, tag);
  const whole = tagged ? length + VLAN_TAG : length;
  if ((command & TXD_IFCS) !== 0 && (core.registers[REG.HLREG0 >> 2] & HLREG0_TXCRCEN) !== 0) return whole;
  return ownFcs(core, slot, whole, security);
}

/** The packet's bytes go to `frame`, unless a crypto job brings them, and get what is asked for. */
function prepare(core: CardCore, frame: number, packet: TransmitPacket, context: number, options: number): boolean {
  const { u32 } = core.memory;
  const { length, host } = packet;
  const lengths = u32[context + (TXC_LENGTHS >> 2)];
  const command = u32[context + (TXC_COMMAND >> 2)];
  const l2 = (lengths >>> TXC_MACLEN_SHIFT) & 0x7f;
  const l3 = lengths & TXC_IPLEN;
  const security = (options & TXD_POPTS_IPSEC) !== 0;
  const sums = (options & TXD_POPTS_TXSM) !== 0;
  let source = host;
  if (host === 0 || !security || sums) {
    if (!packet.read(core, frame, length)) return false;
    source = frame;
  }
  if (sums) {
    const end = security ? length - (command & TXC_ESP_LEN) : length;
    if (l2 + l3 > end) count(core, HEADER_BEYOND);
    else insertLayer4Checksum(core, frame + l2 + l3, end - l2 - l3, command);
  }
  if (security) {
    const verdict = prepareEncryption(core, frame, source, length, context, options);
    if (core.trace !== undefined) traceTransmitted(core, core.trace, source, length, context, verdict);
    if (verdict === SECURITY_DROP) return false;
    if (verdict !== SECURITY_JOB && source !== frame) move(core, frame, source, length);
  }
  if ((options & TXD_POPTS_IXSM) !== 0 && (command & TXC_IPV4) !== 0) {
    insertIpv4Checksum(core, frame + l2, security ? 20 : l3, length - l2);
  }
  return true;
}

/**
 * A frame that gets no frame check sequence from the card must end with one of software's. The first station that it meets
 * drops it if that is wrong, so it does not get onto the wire; wires carry frames without it.
 *
 * @returns the frame's bytes without it, or 0
 */
function ownFcs(core: CardCore, slot: number, length: number, security: boolean): number {
  const { u8 } = core.memory;
  count(core, WITHOUT_FCS);
  const end = slot + length - FCS;
  const told = (u8[end] | (u8[end + 1] << 8) | (u8[end + 2] << 16) | (u8[end + 3] << 24)) >>> 0;
  // Software cannot know what the security block will make of the frame.
  if (!security && frameCheckSequence(u8, slot, length - FCS) === told) return length - FCS;
  count(core, BAD_FCS);
  return 0;
}
