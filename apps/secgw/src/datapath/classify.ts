import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import {
  BURST_HEADER,
  BURST_L3,
  BURST_LENGTH,
  BURST_MBUF,
  BURST_SA,
  type PacketBurst,
} from '@inline-ipsec/ipsec/packet-burst';
import { MBUF_BUF_ADDR, MBUF_DATA_LEN, MBUF_DATA_OFF, MBUF_NB_SEGS, MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD_FAILED } from '@inline-ipsec/mbuf/offload-flags';
import { IPV4_FRAGMENT_WORD, ipv4IsFragment } from '@inline-ipsec/net/ipv4';
import { Ipv6Walk, WALK_OK, walkIpv6Extensions } from '@inline-ipsec/net/ipv6-extensions';

/** The first stage: what kind of packet is each frame, and where do its headers lie? */

const ETHERNET_BYTES = 14;
/** EtherTypes as the two wire bytes lie in memory. */
const ETHERTYPE_IPV4 = 0x0008;
const ETHERTYPE_IPV6 = 0xdd86;
const PROTOCOL_ESP = 50;
const PROTOCOL_AH = 51;
const ESP_HEADER_BYTES = 8;

/** Frames sorted by kind. One frame is in one of the bursts, or was dropped. */
export interface Classes {
  /** IPv4 that is not ESP. */
  readonly ipv4: PacketBurst;
  /** IPv6 that is not ESP. */
  readonly ipv6: PacketBurst;
  /** ESP over either. */
  readonly esp: PacketBurst;
}

/** Sorts what one lcore receives. */
export class ClassifyStage {
  readonly #memory: Memory;
  readonly #drops: Drops;
  readonly #classifyIpv4: ClassifyIpv4;

  constructor(memory: Memory, drops: Drops) {
    this.#memory = memory;
    this.#drops = drops;
    this.#classifyIpv4 = ipv4Classifier(memory);
  }

  /**
   * Sorts `count` received frames. The Ethernet header is left behind, and with it whatever pads the frame behind the IP
   * packet. Lengths are checked against each other here, once: later stages rely on them.
   */
  sort(table: Uint32Array, count: number, classes: Classes): void {
    const { ipv4, ipv6, esp } = classes;
    ipv4.clear(4);
    ipv6.clear(6);
    esp.clear(4);
    // What is left of a burst behind its first unusual frame goes the long way, so that all stay in order.
    for (let i = this.#classifyIpv4(table, count, ipv4, esp); i < count; i++) {
      classifyAny(this.#memory, table[i], classes, this.#drops);
    }
    ipv4.family = 4;
    ipv6.family = 6;
  }
}

/**
 * Sorts frames of one segment with sound IPv4, ESP that is not a fragment or anything else, up to the first other one.
 *
 * @returns how many
 */
type ClassifyIpv4 = (table: Uint32Array, count: number, plain: PacketBurst, esp: PacketBurst) => number;

const ipv4Classifier: (memory: Memory) => ClassifyIpv4 = oncePerMemory(classifyIpv4Loop);

function classifyIpv4Loop({ i32 }: Memory): ClassifyIpv4 {
  return (table, count, plain, esp) => {
    // Where the next row of each goes.
    let plainAt = plain.position | 0;
    let espAt = esp.position | 0;
    let i = 0;
    for (; i < count; i++) {
      const m = table[i];
      const word = m >> 2;
      const at = (i32[word + (MBUF_BUF_ADDR >> 2)] + (i32[word + (MBUF_DATA_OFF >> 2)] & 0xffff) + ETHERNET_BYTES) | 0;
      const has = ((i32[word + (MBUF_DATA_LEN >> 2)] & 0xffff) - ETHERNET_BYTES) | 0;
      const ip = at >> 2;
      // Version, header length, TOS and total length in one word.
      const first = i32[ip];
      const l3 = (first & 0xf) << 2;
      const length = ((first >>> 8) & 0xff00) | (first >>> 24);
      if (
        (at & 3) !== 0 ||
        (i32[word + (MBUF_NB_SEGS >> 2)] & 0xffff) !== 1 ||
        i32[ip - 1] >>> 16 !== ETHERTYPE_IPV4 ||
        (first & 0xf0) !== 0x40 ||
        l3 < 20 ||
        length < l3 ||
        length > has
      ) {
        break;
      }
      const protocol = (i32[ip + 2] >>> 8) & 0xff;
      if (protocol !== PROTOCOL_ESP) {
        if (protocol === PROTOCOL_AH) break;
        i32[(plainAt >> 2) + BURST_MBUF] = m;
        i32[(plainAt >> 2) + BURST_HEADER] = at;
        i32[(plainAt >> 2) + BURST_LENGTH] = length;
        i32[(plainAt >> 2) + BURST_L3] = l3;
        i32[(plainAt >> 2) + BURST_SA] = 0;
        plainAt = (plainAt + 4) | 0;
      } else {
        if ((i32[ip + 1] & IPV4_FRAGMENT_WORD) !== 0 || length < l3 + ESP_HEADER_BYTES) break;
        i32[(espAt >> 2) + BURST_MBUF] = m;
        i32[(espAt >> 2) + BURST_HEADER] = at;
        i32[(espAt >> 2) + BURST_LENGTH] = length;
        i32[(espAt >> 2) + BURST_L3] = l3;
        espAt = (espAt + 4) | 0;
      }
    }
    plain.count = (plainAt - plain.position) >> 2;
    esp.count = (espAt - esp.position) >> 2;
    return i;
  };
}

/** Sorts one frame, or drops it. */
function classifyAny(memory: Memory, m: number, { ipv4, ipv6, esp }: Classes, drops: Drops): void {
  const { u8, u16, u32, i32 } = memory;
  let at = u32[(m + MBUF_BUF_ADDR) >> 2] + u16[(m + MBUF_DATA_OFF) >> 1] + ETHERNET_BYTES;
  const has = u16[(m + MBUF_DATA_LEN) >> 1] - ETHERNET_BYTES;
  if ((at & 3) !== 0) at = realign(u8, at, has);
  const etherType = u16[(at - 2) >> 1];
  if (u16[(m + MBUF_NB_SEGS) >> 1] !== 1) {
    drops.drop(m, DROP.multi_segment, 0);
  } else if (!isSound(u32[(m + MBUF_OL_FLAGS_LO) >> 2], u8, at, has)) {
    drops.drop(m, DROP.offload_failed, 0);
  } else if (has >= 20 && etherType === ETHERTYPE_IPV4) {
    const word = i32[at >> 2];
    const l3 = (word & 0xf) << 2;
    const length = ((word >>> 8) & 0xff00) | (word >>> 24);
    if ((word & 0xf0) !== 0x40 || l3 < 20 || length < l3) drops.drop(m, DROP.ip_header, 0);
    else if (length > has) drops.drop(m, DROP.ip_length, 0);
    else if (u8[at + 9] !== PROTOCOL_ESP) ipv4.push(m, at, length, l3);
    else if (ipv4IsFragment(u8, at)) drops.drop(m, DROP.fragment, 0);
    else if (length < l3 + ESP_HEADER_BYTES) drops.drop(m, DROP.esp_length, 0);
    else esp.push(m, at, length, l3);
  } else if (has >= 40 && etherType === ETHERTYPE_IPV6) {
    const length = 40 + ((u8[at + 4] << 8) | u8[at + 5]);
    if (u8[at] >>> 4 !== 6) drops.drop(m, DROP.ip_header, 0);
    else if (length > has) drops.drop(m, DROP.ip_length, 0);
    else classifyIpv6(u8, m, at, length, ipv6, esp, drops);
  } else if (etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6) {
    drops.drop(m, DROP.ip_header, 0);
  } else drops.drop(m, DROP.ethertype, 0);
}

/**
 * False for AH that a port says it could not verify. For ESP that is asked later, when its SA is known; of AH no stage knows
 * anything, and it would go on as a clear packet does.
 */
function isSound(flags: number, u8: Uint8Array, at: number, has: number): boolean {
  if ((flags & RX_SEC_OFFLOAD_FAILED) === 0) return true;
  const protocol = has < 20 ? 0 : u8[at + (u8[at] >>> 4 === 6 ? 6 : 9)];
  return protocol === PROTOCOL_ESP;
}

/** Looks behind the extension headers, for ESP or whatever else the packet carries. */
function classifyIpv6(
  u8: Uint8Array,
  m: number,
  at: number,
  length: number,
  plain: PacketBurst,
  esp: PacketBurst,
  drops: Drops,
): void {
  if (walkIpv6Extensions(u8, at, at + length, walk) !== WALK_OK) {
    drops.drop(m, DROP.ip_header, 0);
    return;
  }
  const l3 = walk.at - at;
  if (walk.protocol !== PROTOCOL_ESP) plain.push(m, at, length, l3);
  else if (walk.fragment) drops.drop(m, DROP.fragment, 0);
  else if (length < l3 + ESP_HEADER_BYTES) drops.drop(m, DROP.esp_length, 0);
  else esp.push(m, at, length, l3);
}

// The scratch of this thread's walks.
const walk = new Ipv6Walk();

/**
 * Moves a frame down in its headroom so that its IP header is 4-byte aligned, as it is in every mbuf that a port fills:
 * all later stages read it in words.
 */
function realign(u8: Uint8Array, at: number, has: number): number {
  const aligned = at & ~3;
  u8.copyWithin(aligned - ETHERNET_BYTES, at - ETHERNET_BYTES, at + has);
  return aligned;
}
