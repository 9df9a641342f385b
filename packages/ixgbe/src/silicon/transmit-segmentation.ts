import {
  DESCRIPTOR_BYTES,
  TXC_COMMAND,
  TXC_INDEX,
  TXC_IPLEN,
  TXC_IPSEC_TYPE_ESP,
  TXC_IPV4,
  TXC_L4LEN_SHIFT,
  TXC_L4T,
  TXC_L4T_TCP,
  TXC_L4T_UDP,
  TXC_LENGTHS,
  TXC_MACLEN_SHIFT,
  TXC_MSS_SHIFT,
  TXC_VLAN_SHIFT,
  TXD_CC,
  TXD_IDX_SHIFT,
  TXD_IFCS,
  TXD_PAYLEN_SHIFT,
  TXD_POPTS_IPSEC,
  TXD_POPTS_IXSM,
  TXD_POPTS_TXSM,
  TXD_VLE,
} from '../descriptors.ts';
import {
  DTXTCPFLGH_LAST_SEG,
  DTXTCPFLGL_FIRST_SEG,
  DTXTCPFLGL_MID_SEG_SHIFT,
  HLREG0_TXCRCEN,
  IPSTXIDX_IPS_TX_EN,
  SECTXCTRL_SECTX_DIS,
} from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { traceTransmitted } from './security-trace.ts';
import { prepareEncryption, SECURITY_DROP } from './security-transmit.ts';
import { longestFrame } from './transmit-limits.ts';
import { insertIpv4Checksum, insertLayer4Checksum, insertTag, layer4Least, VLAN_TAG } from './transmit-offloads.ts';
import type { TransmitPacket } from './transmit-packet.ts';

/**
 * Segmentation (TSO; 82599 datasheet 7.2.4): one packet with up to 256 KiB behind its headers leaves as many frames, each
 * with the headers brought up to date. A packet that does not fit into the rest of the packet buffer goes on in the next
 * batch; how far it is stands in its queue's state, so that it can go on in another thread.
 *
 * With ESP (X550 datasheet 7.13.5) the card also appends the trailer: 0 to 3 bytes of padding, pad length, next header by
 * L4T, ICV; and it counts sequence number and IV up, one a segment. Software appends nothing.
 */

const SEGMENTED = counterSlot('txSegmented');
const BAD_SEGMENTATION = counterSlot('txBadSegmentation');
const TOO_LONG = counterSlot('txTooLong');
const LENGTH_DIFFERS = counterSlot('txPayloadLengthDiffers');
const BAD_FCS = counterSlot('txBadFcs');
const WITHOUT_FCS = counterSlot('txWithoutFcs');
const DROPPED = counterSlot('txDropped');

/** The longest headers that the card can repeat. */
const HEADERS_MOST = 512;
const ETHERNET_HEADER = 14;
const ESP_HEADER = 16;
const ICV = 16;
/** Padding at most, pad length, next header, ICV. */
const TRAILER_MOST = 3 + 2 + ICV;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;

/** How the packet under way is cut up. Nothing of it outlives {@link segmentPacket}. */
const cut = { context: 0, l2: 0, l3: 0, l4: 0, headers: 0, mss: 0, payload: 0, esp: false, trailer: false };

/**
 * Sends a packet in segments, as many as the packet buffer has room for.
 *
 * @param command of its first descriptor; `options` likewise
 * @param limit frames that the packet buffer may hold then
 * @returns false when some are still to come
 */
export function segmentPacket(
  core: CardCore,
  queue: number,
  packet: TransmitPacket,
  command: number,
  options: number,
  limit: number,
): boolean {
  const { u32 } = core.memory;
  const progress = (queue + layout.QUEUE_SEGMENTED) >> 2;
  if (!plan(core, queue, packet, options)) {
    u32[progress] = 0;
    count(core, DROPPED);
    return true;
  }
  let offset = u32[progress];
  if (offset === 0) {
    if (options >>> TXD_PAYLEN_SHIFT !== cut.payload) count(core, LENGTH_DIFFERS);
    if ((command & TXD_IFCS) === 0 || (core.registers[REG.HLREG0 >> 2] & HLREG0_TXCRCEN) === 0) {
      // Software cannot have made the frame check sequences of frames that are not there yet.
      count(core, WITHOUT_FCS);
      count(core, BAD_FCS);
      count(core, DROPPED);
      return true;
    }
    count(core, SEGMENTED);
  }
  do {
    if (core.filled === limit) {
      u32[progress] = offset;
      return false;
    }
    const bytes = Math.max(0, Math.min(cut.mss, cut.payload - offset));
    const length = takeSegment(core, packet, offset, bytes, command, options);
    if (length === 0) {
      // What is left of it goes too: software has changed what was the card's, or there is no room for ESP in it.
      count(core, DROPPED);
      break;
    }
    core.txLengths[core.filled++] = length;
    core.gathered += length;
    offset += bytes;
  } while (offset < cut.payload);
  u32[progress] = 0;
  return true;
}

/** Reads how a packet is to be cut up from its context. False, and counted, when it cannot be. */
function plan(core: CardCore, queue: number, packet: TransmitPacket, options: number): boolean {
  const { registers } = core;
  const { u32 } = core.memory;
  const context = (queue + layout.QUEUE_CONTEXTS + ((options >>> TXD_IDX_SHIFT) & 1) * DESCRIPTOR_BYTES) >> 2;
  const lengths = u32[context + (TXC_LENGTHS >> 2)];
  const tucmd = u32[context + (TXC_COMMAND >> 2)];
  const index = u32[context + (TXC_INDEX >> 2)];
  const security = (options & TXD_POPTS_IPSEC) !== 0;
  const on =
    (registers[REG.IPSTXIDX >> 2] & IPSTXIDX_IPS_TX_EN) !== 0 &&
    (registers[REG.SECTXCTRL >> 2] & SECTXCTRL_SECTX_DIS) === 0 &&
    (core.choices.contextCheck !== 'needed' || (options & TXD_CC) !== 0);
  cut.context = context;
  cut.l2 = (lengths >>> TXC_MACLEN_SHIFT) & 0x7f;
  cut.l3 = lengths & TXC_IPLEN;
  cut.l4 = (index >>> TXC_L4LEN_SHIFT) & 0xff;
  cut.mss = index >>> TXC_MSS_SHIFT;
  cut.headers = cut.l2 + cut.l3 + cut.l4;
  cut.payload = packet.length - cut.headers;
  cut.esp = security && (tucmd & TXC_IPSEC_TYPE_ESP) !== 0;
  // Without the security block nothing puts a trailer on: the segments leave in clear.
  cut.trailer = cut.esp && on;
  const type = tucmd & TXC_L4T;
  const ip = ((tucmd & TXC_IPV4) !== 0 ? 20 : 40) + (cut.esp ? ESP_HEADER : 0);
  if (
    cut.mss === 0 ||
    (type !== TXC_L4T_TCP && type !== TXC_L4T_UDP) ||
    cut.l2 < ETHERNET_HEADER ||
    cut.l3 < ip ||
    cut.l4 < layer4Least(type) ||
    cut.headers > HEADERS_MOST ||
    cut.payload < 0
  ) {
    count(core, BAD_SEGMENTATION);
    return false;
  }
  const trailer = cut.trailer ? TRAILER_MOST : 0;
  if (cut.headers + Math.min(cut.mss, cut.payload) + trailer > longestFrame(core)) {
    count(core, TOO_LONG);
    return false;
  }
  return true;
}

/**
 * Makes the frame of the segment whose data begins `offset` bytes behind the headers.
 *
 * @returns its length, or 0 when it cannot be made
 */
function takeSegment(
  core: CardCore,
  packet: TransmitPacket,
  offset: number,
  bytes: number,
  command: number,
  options: number,
): number {
  const { u8, u32 } = core.memory;
  const { context, l2, l3, l4, headers } = cut;
  const slot = core.txAt[core.filled];
  const tagged = (command & TXD_VLE) !== 0;
  const frame = tagged ? slot + VLAN_TAG : slot;
  packet.seek(core, 0);
  if (!packet.read(core, frame, headers)) return 0;
  packet.seek(core, headers + offset);
  if (!packet.read(core, frame + headers, bytes)) return 0;
  const tucmd = u32[context + (TXC_COMMAND >> 2)];
  const tcp = (tucmd & TXC_L4T) === TXC_L4T_TCP;
  const inner = l4 + bytes;
  let length = headers + bytes;
  if (cut.trailer) length += appendTrailer(u8, frame + length, inner, tcp);
  const number = offset / cut.mss;
  const ipv4 = (tucmd & TXC_IPV4) !== 0;
  const ip = frame + l2;
  if (ipv4) {
    write16(u8, ip + 2, length - l2);
    add(u8, ip + 4, 2, number);
  } else write16(u8, ip + 4, length - l2 - 40);
  if (cut.esp) {
    const esp = ip + (ipv4 ? 20 : 40);
    add(u8, esp + 4, 4, number);
    add(u8, esp + 8, 8, number);
  }
  const layer4 = ip + l3;
  if (tcp) {
    add(u8, layer4 + 4, 4, offset);
    maskFlags(core, layer4 + 12, offset === 0, offset + bytes === cut.payload);
  } else write16(u8, layer4 + 4, inner);
  if ((options & TXD_POPTS_TXSM) !== 0) insertLayer4Checksum(core, layer4, inner, tucmd, inner);
  const security = (options & TXD_POPTS_IPSEC) !== 0;
  if (security) {
    // IPLEN counts the ESP header, as it does where a checksum is asked for.
    const verdict = prepareEncryption(core, frame, frame, length, context, options | TXD_POPTS_TXSM);
    if (core.trace !== undefined) traceTransmitted(core, core.trace, frame, length, context, verdict);
    if (verdict === SECURITY_DROP) return 0;
  }
  if ((options & TXD_POPTS_IXSM) !== 0 && ipv4) insertIpv4Checksum(core, ip, security ? 20 : l3, length - l2);
  if (!tagged) return length;
  insertTag(core, slot, u32[context + (TXC_LENGTHS >> 2)] >>> TXC_VLAN_SHIFT);
  return length + VLAN_TAG;
}

/** Writes padding (RFC 4303, section 2.4), pad length, next header and room for the ICV. Returns how many bytes. */
function appendTrailer(u8: Uint8Array, at: number, inner: number, tcp: boolean): number {
  const pad = (4 - ((inner + 2) & 3)) & 3;
  for (let i = 0; i < pad; i++) u8[at + i] = i + 1;
  u8[at + pad] = pad;
  u8[at + pad + 1] = tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  u8.fill(0, at + pad + 2, at + pad + 2 + ICV);
  return pad + 2 + ICV;
}

/** Lets through the TCP flags that a first, a last, or a segment between has by DTXTCPFLGL and DTXTCPFLGH. */
function maskFlags(core: CardCore, at: number, first: boolean, last: boolean): void {
  const { registers } = core;
  const { u8 } = core.memory;
  const low = registers[REG.DTXTCPFLGL >> 2];
  let mask = first ? low & DTXTCPFLGL_FIRST_SEG : 0;
  if (last) mask |= registers[REG.DTXTCPFLGH >> 2] & DTXTCPFLGH_LAST_SEG;
  if (!first && !last) mask = low >>> DTXTCPFLGL_MID_SEG_SHIFT;
  // Four bits of data offset stand before the twelve flags.
  u8[at] &= 0xf0 | ((mask >>> 8) & 0xf);
  u8[at + 1] &= mask;
}

/** Adds to a big-endian number of `bytes` bytes, which goes round. */
function add(u8: Uint8Array, at: number, bytes: number, by: number): void {
  let carry = by;
  for (let i = at + bytes - 1; i >= at && carry !== 0; i--) {
    const sum = u8[i] + carry;
    u8[i] = sum;
    carry = Math.floor(sum / 256);
  }
}

function write16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
}
