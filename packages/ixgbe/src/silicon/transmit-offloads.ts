import {
  TXC_L4T,
  TXC_L4T_RESERVED,
  TXC_L4T_SCTP,
  TXC_L4T_TCP,
  TXC_L4T_UDP,
  TXL_CSO_SHIFT,
  TXL_CSS_SHIFT,
} from '../descriptors.ts';
import { DMATXCTL_VT_SHIFT } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { type CardCore, count } from './_core.ts';
import { addWords, fold, storeWord } from './checksum.ts';
import { counterSlot } from './counters.ts';
import { crc32c } from './crc.ts';

/**
 * What the card puts into a packet on its way out: checksums and a VLAN tag (82599 datasheet 7.2.5 and 7.4.4). It finds
 * headers by the lengths that software tells, never by looking.
 */

const HEADER_BEYOND = counterSlot('txHeaderLengthBeyondPacket');

/** Bytes of the two addresses, behind which a VLAN tag stands. */
const ADDRESSES = 12;
/** Bytes of a VLAN tag. */
export const VLAN_TAG = 4;

/**
 * Sums an IPv4 header of `bytes` bytes at `ip`, `left` bytes before the packet's end. It sums whatever is in there, the
 * checksum field too: that is right only where software left the field 0.
 */
export function insertIpv4Checksum(core: CardCore, ip: number, bytes: number, left: number): void {
  const { u8, u16 } = core.memory;
  if (bytes < 20 || bytes > left) {
    count(core, HEADER_BEYOND);
    return;
  }
  storeWord(u8, ip + 10, ~fold(addWords(u8, u16, ip, bytes, 0)));
}

/**
 * Sums from the layer 4 header at `start` on. Of TCP and UDP the field has the sum of the pseudo header before; of SCTP it
 * has 0.
 *
 * @param bytes how many are summed, the header included
 * @param command of the context: which of the three it is
 * @param more what is to be added, a number: a length that is not in the pseudo header's sum yet
 */
export function insertLayer4Checksum(core: CardCore, start: number, bytes: number, command: number, more = 0): void {
  const { u8, u16 } = core.memory;
  const type = command & TXC_L4T;
  if (type === TXC_L4T_RESERVED) return;
  if (bytes < layer4Least(type)) {
    count(core, HEADER_BEYOND);
    return;
  }
  if (type === TXC_L4T_SCTP) {
    const crc = crc32c(u8, start, bytes);
    storeWord(u8, start + 8, crc);
    storeWord(u8, start + 10, crc >>> 16);
    return;
  }
  const udp = type === TXC_L4T_UDP;
  const swapped = ((more & 0xff) << 8) | (more >>> 8);
  const sum = ~fold(addWords(u8, u16, start, bytes, swapped)) & 0xffff;
  // A UDP checksum of 0 says that there is none (RFC 768).
  storeWord(u8, start + (udp ? 6 : 16), udp && sum === 0 ? 0xffff : sum);
}

/** The least that a header of this TUCMD.L4T has, in bytes. */
export function layer4Least(type: number): number {
  if (type === TXC_L4T_TCP) return 20;
  return type === TXC_L4T_SCTP ? 12 : 8;
}

/** Does what a legacy descriptor asks for: a sum from CSS to the packet's end goes to CSO. */
export function insertLegacyChecksum(
  core: CardCore,
  frame: number,
  length: number,
  command: number,
  options: number,
): void {
  const { u8, u16 } = core.memory;
  const to = (command >>> TXL_CSO_SHIFT) & 0xff;
  const start = (options >>> TXL_CSS_SHIFT) & 0xff;
  if (start >= length || to + 2 > length) {
    count(core, HEADER_BEYOND);
    return;
  }
  storeWord(u8, frame + to, ~fold(addWords(u8, u16, frame + start, length - start, 0)));
}

/**
 * Puts a tag between addresses and type of a frame. The frame begins {@link VLAN_TAG} bytes behind `frame`, where its
 * addresses move to.
 */
export function insertTag(core: CardCore, frame: number, tag: number): void {
  const { u8, u16 } = core.memory;
  for (let i = 0; i < ADDRESSES; i += 2) u16[(frame + i) >> 1] = u16[(frame + VLAN_TAG + i) >> 1];
  const type = core.registers[REG.DMATXCTL >> 2] >>> DMATXCTL_VT_SHIFT;
  u8[frame + ADDRESSES] = type >>> 8;
  u8[frame + ADDRESSES + 1] = type;
  u8[frame + ADDRESSES + 2] = tag >>> 8;
  u8[frame + ADDRESSES + 3] = tag;
}
