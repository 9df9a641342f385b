import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import type { PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';

/**
 * The inbound SA database (RFC 4301 section 4.4.2) as DPDK's gateway has it: an SA is found by outer family and SPI, and
 * a tunnel's outer addresses must then be exactly those of the SA. A transport SA takes any address.
 *
 * It is an open-addressed hash in the memory; a table is filled before it is used and not edited under running lcores.
 */

const SLOT_BYTES = 8;
const SAD_MASK = 0;
const SAD_SLOTS = 64;
/** Kept in the position's lowest bit, which an SA's alignment leaves free. */
const FAMILY_IPV6 = 1;

/** Inbound SAs by SPI. */
export class Sad {
  readonly #memory: Memory;
  readonly #zone: Memzone;

  private constructor(memory: Memory, zone: Memzone) {
    this.#memory = memory;
    this.#zone = zone;
  }

  /** Reserves a database for up to `capacity` SAs. */
  static create(memory: Memory, name: string, capacity: number): Sad {
    // A transport SA stands in it twice, and at most half of the slots are used.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, capacity * 4)));
    const zone = memory.reserve(name, SAD_SLOTS + slots * SLOT_BYTES);
    memory.u32[(zone.position + SAD_MASK) >> 2] = slots - 1;
    return new Sad(memory, zone);
  }

  /** The database of that name, seen from any thread; undefined if there is none. */
  static lookup(memory: Memory, name: string): Sad | undefined {
    const zone = memory.lookup(name);
    return zone === undefined ? undefined : new Sad(memory, zone);
  }

  /** Adds an inbound SA. Of two with one SPI in one family the first is found: the configuration refuses the second. */
  add(sa: number): void {
    const { u32 } = this.#memory;
    const flags = u32[(sa + layout.SA_FLAGS) >> 2];
    const tunnel = (flags & layout.SA_FLAG_TUNNEL) !== 0;
    const ipv6 = (flags & layout.SA_FLAG_OUTER_IPV6) !== 0;
    if (!tunnel || !ipv6) this.#insert(sa, 0);
    if (!tunnel || ipv6) this.#insert(sa, FAMILY_IPV6);
  }

  /** Gives the database back. */
  free(): void {
    this.#memory.free(this.#zone);
  }

  /**
   * Finds the SA of every packet of the burst, all of which carry ESP behind their `l3` bytes of headers, and drops those
   * that have none.
   */
  assign(burst: PacketBurst, drops: Drops): void {
    const { u8, u32 } = this.#memory;
    const { header, l3 } = burst;
    const count = burst.count;
    let kept = 0;
    // Packets of one SA come in runs: the one before often has the answer.
    let sa = 0;
    let spi = 0;
    let addresses = 0;
    for (let row = 0; row < count; row++) {
      const at = header[row];
      const ipv6 = u8[at] >>> 4 === 6;
      const wanted = u32[(at + l3[row]) >> 2];
      if (sa === 0 || wanted !== spi || ipv6 || addresses === 0 || !sameIpv4Addresses(u32, at, addresses)) {
        sa = this.#find(wanted, ipv6 ? FAMILY_IPV6 : 0);
        const reason = sa === 0 ? DROP.sa_unknown : this.#addressed(sa, at, ipv6) ? -1 : DROP.sa_address;
        if (reason >= 0) {
          drops.drop(burst.mbuf[row], reason, sa);
          sa = 0;
          continue;
        }
        spi = wanted;
        addresses = at;
        // Only IPv4 packets are compared with the one before.
        if (ipv6) addresses = 0;
      }
      if (row !== kept) burst.move(row, kept);
      burst.sa[kept++] = sa;
    }
    burst.count = kept;
  }

  #insert(sa: number, family: number): void {
    const { u32 } = this.#memory;
    const spi = u32[(sa + layout.SA_SPI) >> 2];
    const slots = (this.#zone.position + SAD_SLOTS) >> 2;
    const mask = u32[(this.#zone.position + SAD_MASK) >> 2];
    let slot = hashSpi(spi, family) & mask;
    while (u32[slots + 2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    u32[slots + 2 * slot] = spi;
    u32[slots + 2 * slot + 1] = sa | family;
  }

  #find(spi: number, family: number): number {
    const { u32 } = this.#memory;
    const slots = (this.#zone.position + SAD_SLOTS) >> 2;
    const mask = u32[(this.#zone.position + SAD_MASK) >> 2];
    for (let slot = hashSpi(spi, family) & mask; ; slot = (slot + 1) & mask) {
      const entry = u32[slots + 2 * slot + 1];
      if (entry === 0) return 0;
      if (u32[slots + 2 * slot] === spi && (entry & 1) === family) return entry & ~1;
    }
  }

  #addressed(sa: number, header: number, ipv6: boolean): boolean {
    const { u32 } = this.#memory;
    if ((u32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_TUNNEL) === 0) return true;
    const source = (sa + layout.SA_SOURCE) >> 2;
    const destination = (sa + layout.SA_DESTINATION) >> 2;
    if (!ipv6) {
      const at = (header + 12) >> 2;
      return u32[at] === u32[source] && u32[at + 1] === u32[destination];
    }
    const at = (header + 8) >> 2;
    for (let i = 0; i < 4; i++) {
      if (u32[at + i] !== u32[source + i] || u32[at + 4 + i] !== u32[destination + i]) return false;
    }
    return true;
  }
}

function sameIpv4Addresses(u32: Uint32Array, one: number, other: number): boolean {
  const a = (one + 12) >> 2;
  const b = (other + 12) >> 2;
  return u32[a] === u32[b] && u32[a + 1] === u32[b + 1];
}

function hashSpi(spi: number, family: number): number {
  const hash = Math.imul(spi ^ family, 0x9e3779b1);
  return (hash ^ (hash >>> 15)) >>> 0;
}
