import {
  RXD_ERR_IPE,
  RXD_ERR_L4E,
  RXD_PTYPE_AH,
  RXD_PTYPE_ESP,
  RXD_PTYPE_IPV4,
  RXD_PTYPE_IPV4E,
  RXD_PTYPE_IPV6,
  RXD_PTYPE_IPV6E,
  RXD_PTYPE_SCTP,
  RXD_PTYPE_TCP,
  RXD_PTYPE_UDP,
  RXD_STAT_IPCS,
  RXD_STAT_L4CS,
  RXD_STAT_UDPCS,
  RXD_STAT_VP,
} from '../descriptors.ts';
import { RXCSUM_IPPCSE, VLNCTRL_VET } from '../register-fields.ts';
import { REG } from '../registers.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';
import { addWords, fold } from './checksum.ts';

/**
 * The receive parser: what the descriptor says about a frame's headers, and whether the security block may look at it.
 * Ethernet II or SNAP, VLAN tags, IPv4, IPv6 without a walk through its extension headers.
 *
 * Layer 4 checksums are looked at only while RXCSUM.IPPCSE is set, which is what drivers do that want them.
 */

// EtherTypes as two bytes in network order read as a little-endian word.
export const TYPE_IPV4 = 0x0008;
const TYPE_IPV6 = 0xdd86;
const TYPE_VLAN = 0x0081;
const TYPE_QINQ = 0xa888;

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
export const PROTOCOL_ESP = 50;
export const PROTOCOL_AH = 51;
const PROTOCOL_SCTP = 132;

/** The EtherType of VLAN tags, VLNCTRL.VET, as it lies in a frame. */
export function vlanType(registers: Uint32Array): number {
  const vet = registers[REG.VLNCTRL >> 2] & VLNCTRL_VET;
  return ((vet & 0xff) << 8) | (vet >>> 8);
}

/** Fills in a frame's record; the frame lies at a position 2 modulo 4. */
export function parseFrame(core: CardCore, frame: number, length: number, record: number): void {
  const { u8, u16, u32 } = core.memory;
  const to = record >> 2;
  u32[to + (layout.FRAME_INFO >> 2)] = 0;
  u32[to + (layout.FRAME_STATUS >> 2)] = 0;
  u32[to + (layout.FRAME_FLAGS >> 2)] = 0;
  u32[to + (layout.FRAME_HASH >> 2)] = 0;
  u32[to + (layout.FRAME_TAG >> 2)] = 0;
  let l3 = 14;
  let type = u16[(frame + 12) >> 1];
  let plain = true;
  const vlan = vlanType(core.registers);
  const tagged = type === vlan && length >= 18;
  if (tagged) u32[to + (layout.FRAME_TAG >> 2)] = (u8[frame + 14] << 24) | (u8[frame + 15] << 16);
  while ((type === vlan || type === TYPE_VLAN || type === TYPE_QINQ) && l3 + 4 <= length && l3 < 22) {
    type = u16[(frame + l3 + 2) >> 1];
    l3 += 4;
    plain = plain && core.choices.vlanSecurity;
  }
  const lengthField = ((type & 0xff) << 8) | (type >>> 8);
  if (lengthField <= 1500 && l3 + 8 <= length && isSnap(u8, frame + l3)) {
    type = u16[(frame + l3 + 6) >> 1];
    l3 += 8;
    plain = false;
  }
  u32[to + (layout.FRAME_L3 >> 2)] = l3;
  if (type === TYPE_IPV4) parseIpv4(core, frame, length, record, l3, plain);
  else if (type === TYPE_IPV6) parseIpv6(core, frame, length, record, l3, plain);
  if (tagged) u32[to + (layout.FRAME_STATUS >> 2)] |= RXD_STAT_VP;
}

function isSnap(u8: Uint8Array, at: number): boolean {
  return u8[at] === 0xaa && u8[at + 1] === 0xaa && u8[at + 2] === 3 && (u8[at + 3] | u8[at + 4] | u8[at + 5]) === 0;
}

function parseIpv4(core: CardCore, frame: number, length: number, record: number, l3: number, plain: boolean): void {
  const { u8, u16, u32 } = core.memory;
  const ip = frame + l3;
  const header = (u8[ip] & 0xf) * 4;
  if (u8[ip] >>> 4 !== 4 || header < 20 || l3 + header > length) return;
  const end = l3 + ((u8[ip + 2] << 8) | u8[ip + 3]);
  const fragment = (((u8[ip + 6] << 8) | u8[ip + 7]) & 0x3fff) !== 0;
  const protocol = u8[ip + 9];
  let info = header > 20 ? RXD_PTYPE_IPV4 | RXD_PTYPE_IPV4E : RXD_PTYPE_IPV4;
  let status = RXD_STAT_IPCS;
  if (fold(addWords(u8, u16, ip, header, 0)) !== 0xffff) status |= RXD_ERR_IPE;
  let flags = 0;
  if (protocol === PROTOCOL_ESP || protocol === PROTOCOL_AH) {
    info |= protocol === PROTOCOL_ESP ? RXD_PTYPE_ESP : RXD_PTYPE_AH;
    if (plain && !fragment && header === 20) flags = candidate(protocol, end, length);
  } else if (!fragment) {
    info |= layer4Type(protocol);
    if (end <= length && end >= l3 + header) {
      const pseudo = addWords(u8, u16, ip + 12, 8, 0);
      status |= layer4Status(core, ip + header, frame + end - ip - header, protocol, pseudo);
    }
  }
  store(u32, record >> 2, info, status, l3 + header, end, flags);
}

function parseIpv6(core: CardCore, frame: number, length: number, record: number, l3: number, plain: boolean): void {
  const { u8, u16, u32 } = core.memory;
  const ip = frame + l3;
  if (u8[ip] >>> 4 !== 6 || l3 + 40 > length) return;
  const end = l3 + 40 + ((u8[ip + 4] << 8) | u8[ip + 5]);
  const next = u8[ip + 6];
  let info = RXD_PTYPE_IPV6;
  let status = 0;
  let flags = layout.FRAME_IPV6;
  if (next === PROTOCOL_ESP || next === PROTOCOL_AH) {
    info |= next === PROTOCOL_ESP ? RXD_PTYPE_ESP : RXD_PTYPE_AH;
    if (plain) flags |= candidate(next, end, length);
  } else if (isExtension(next)) info |= RXD_PTYPE_IPV6E;
  else {
    info |= layer4Type(next);
    if (end <= length) {
      const pseudo = addWords(u8, u16, ip + 8, 32, 0);
      status = layer4Status(core, ip + 40, frame + end - ip - 40, next, pseudo);
    }
  }
  store(u32, record >> 2, info, status, l3 + 40, end, flags);
}

function store(
  u32: Uint32Array,
  to: number,
  info: number,
  status: number,
  payload: number,
  end: number,
  flags: number,
): void {
  u32[to + (layout.FRAME_INFO >> 2)] = info;
  u32[to + (layout.FRAME_STATUS >> 2)] = status;
  u32[to + (layout.FRAME_PAYLOAD >> 2)] = payload;
  u32[to + (layout.FRAME_END >> 2)] = end;
  u32[to + (layout.FRAME_FLAGS >> 2)] = flags;
}

function candidate(protocol: number, end: number, length: number): number {
  const ah = protocol === PROTOCOL_AH ? layout.FRAME_AH : 0;
  return layout.FRAME_CANDIDATE | ah | (end > length ? layout.FRAME_CUT : 0);
}

function isExtension(next: number): boolean {
  return next === 0 || next === 43 || next === 44 || next === 60 || next === 135;
}

/** Packet type bits of what is in an IP packet. */
export function layer4Type(protocol: number): number {
  if (protocol === PROTOCOL_UDP) return RXD_PTYPE_UDP;
  if (protocol === PROTOCOL_TCP) return RXD_PTYPE_TCP;
  return protocol === PROTOCOL_SCTP ? RXD_PTYPE_SCTP : 0;
}

/** Status bits of a TCP or UDP checksum over `bytes` bytes at `at`; `pseudo` is the sum of the addresses. */
export function layer4Status(core: CardCore, at: number, bytes: number, protocol: number, pseudo: number): number {
  const udp = protocol === PROTOCOL_UDP;
  if ((core.registers[REG.RXCSUM >> 2] & RXCSUM_IPPCSE) === 0 || (!udp && protocol !== PROTOCOL_TCP)) return 0;
  if (bytes < (udp ? 8 : 20)) return 0;
  const { u8, u16 } = core.memory;
  if (udp && (u8[at + 6] | u8[at + 7]) === 0) return 0;
  const sum = addWords(u8, u16, at, bytes, pseudo + (protocol << 8) + ((bytes & 0xff) << 8) + (bytes >>> 8));
  const status = udp ? RXD_STAT_L4CS | RXD_STAT_UDPCS : RXD_STAT_L4CS;
  return fold(sum) === 0xffff ? status : status | RXD_ERR_L4E;
}
