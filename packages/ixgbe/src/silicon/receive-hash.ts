import {
  MRQC_RSS_IPV4,
  MRQC_RSS_IPV6,
  MRQC_RSS_TCP_IPV4,
  MRQC_RSS_TCP_IPV6,
  MRQC_RSS_UDP_IPV4,
  MRQC_RSS_UDP_IPV6,
  RSS_TYPE_IPV4,
  RSS_TYPE_IPV6,
  RSS_TYPE_TCP_IPV4,
  RSS_TYPE_TCP_IPV6,
  RSS_TYPE_UDP_IPV4,
  RSS_TYPE_UDP_IPV6,
  RXD_PTYPE_IPV4,
  RXD_PTYPE_IPV4E,
  RXD_PTYPE_IPV6,
  RXD_PTYPE_IPV6E,
  RXD_PTYPE_TCP,
  RXD_PTYPE_UDP,
} from '../descriptors.ts';
import { rssrk } from '../registers.ts';
import type { CardCore } from './_core.ts';
import * as layout from './_layout.ts';

/**
 * The RSS hash (82599 datasheet 7.1.2.8; Microsoft's specification of RSS): each bit that is set of addresses and ports, in
 * the order of the wire, adds the 32 bits of the key that begin at the same place.
 *
 * A byte has 256 values, so what it adds is looked up in a table, which is made anew when the key is another one.
 */

/** The fixed header of IPv6. */
const IPV6_HEADER = 40;
/** Two ports. */
export const PORTS = 4;

/** Takes the key over from the RSSRK registers. */
export function applyHashKey(core: CardCore): void {
  const { registers, state } = core;
  const { u32 } = core.memory;
  for (let byte = 0; byte < layout.HASH_BYTES; byte++) {
    const table = (state + layout.HASH_TABLE + byte * 1024) >> 2;
    u32[table] = 0;
    for (let value = 1; value < 256; value++) {
      // The lowest bit by itself, and all others, which are there already.
      const bit = 31 - Math.clz32(value & -value);
      u32[table + value] = u32[table + (value & (value - 1))] ^ keyBits(registers, byte * 8 + 7 - bit);
    }
  }
}

/** The 32 bits of the key from a bit on, where bit 0 is the highest one of the first byte. */
function keyBits(registers: Uint32Array, from: number): number {
  const byte = from >> 3;
  const shift = from & 7;
  const head =
    (keyByte(registers, byte) << 24) |
    (keyByte(registers, byte + 1) << 16) |
    (keyByte(registers, byte + 2) << 8) |
    keyByte(registers, byte + 3);
  return shift === 0 ? head : (head << shift) | (keyByte(registers, byte + 4) >>> (8 - shift));
}

/** RSSRK has the first byte of the key lowest. */
function keyByte(registers: Uint32Array, n: number): number {
  return (registers[rssrk(n >> 2) >> 2] >>> ((n & 3) * 8)) & 0xff;
}

/**
 * Which fields of a frame are hashed: a type of the descriptor's RSS type field, or 0 for none.
 *
 * @param info packet type bits
 * @param fields MRQC, of which the upper half says what may be hashed
 * @param ports the frame is long enough to have any
 */
export function hashType(info: number, fields: number, ports: boolean): number {
  const tcp = ports && (info & RXD_PTYPE_TCP) !== 0;
  const udp = ports && (info & RXD_PTYPE_UDP) !== 0;
  if ((info & (RXD_PTYPE_IPV4 | RXD_PTYPE_IPV4E)) !== 0) {
    if (tcp && (fields & MRQC_RSS_TCP_IPV4) !== 0) return RSS_TYPE_TCP_IPV4;
    if (udp && (fields & MRQC_RSS_UDP_IPV4) !== 0) return RSS_TYPE_UDP_IPV4;
    return (fields & MRQC_RSS_IPV4) === 0 ? 0 : RSS_TYPE_IPV4;
  }
  if ((info & (RXD_PTYPE_IPV6 | RXD_PTYPE_IPV6E)) === 0) return 0;
  if (tcp && (fields & MRQC_RSS_TCP_IPV6) !== 0) return RSS_TYPE_TCP_IPV6;
  if (udp && (fields & MRQC_RSS_UDP_IPV6) !== 0) return RSS_TYPE_UDP_IPV6;
  return (fields & MRQC_RSS_IPV6) === 0 ? 0 : RSS_TYPE_IPV6;
}

/** Bytes of the IP header at a position: of IPv6, the fixed one. */
export function ipHeaderBytes({ memory: { u8 } }: CardCore, ip: number): number {
  return u8[ip] >>> 4 === 4 ? (u8[ip] & 0xf) * 4 : IPV6_HEADER;
}

/**
 * The hash of a frame, as a signed word.
 *
 * @param type what is hashed, not 0
 * @param ip position of its IP header
 * @param header bytes of that
 */
export function rssHash(core: CardCore, type: number, ip: number, header: number): number {
  const v4 = type === RSS_TYPE_IPV4 || type === RSS_TYPE_TCP_IPV4 || type === RSS_TYPE_UDP_IPV4;
  const addresses = v4 ? 8 : 32;
  const hash = add(core, 0, ip + (v4 ? 12 : 8), addresses);
  if (type === RSS_TYPE_IPV4 || type === RSS_TYPE_IPV6) return hash;
  return hash ^ add(core, addresses, ip + header, PORTS);
}

/** What `bytes` bytes at `from` add, as bytes number `at` and on of what is hashed. */
function add({ memory, state }: CardCore, at: number, from: number, bytes: number): number {
  const { i32, u8 } = memory;
  let table = (state + layout.HASH_TABLE + at * 1024) >> 2;
  let hash = 0;
  for (let i = 0; i < bytes; i++, table += 256) hash ^= i32[table + u8[from + i]];
  return hash;
}
