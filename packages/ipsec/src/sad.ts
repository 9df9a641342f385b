import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import { DROP } from './drop-reason.ts';
import type { Drops } from './drops.ts';
import { BURST_HEADER, BURST_L3, BURST_SA, GOES_ON, type PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';

/**
 * The inbound SA database (RFC 4301 section 4.4.2) as DPDK's gateway has it: an SA is found by outer family and SPI, and
 * a tunnel's outer addresses must then be exactly those of the SA. A transport SA takes any address.
 *
 * It is an open-addressed hash in the memory; a table is filled before it is used and not edited under running lcores.
 */

// A slot: the SPI, the SA with its flags, and a tunnel's IPv4 addresses, all as they lie in the packet's words.
const SLOT_BYTES = 16;
const SLOT_SPI = 0;
const SLOT_SA = 1;
const SLOT_SOURCE = 2;
const SLOT_DESTINATION = 3;
const SAD_MASK = 0;
const SAD_CAPACITY = 4;
const SAD_COUNT = 8;
/** How far a hash is shifted to be the number of a slot. */
const SAD_SHIFT = 12;
const SAD_SLOTS = 64;
/**
 * Multiplied by it, keys that follow each other are spread evenly over the upper bits (Knuth, volume 3, section 6.4: the
 * golden ratio). Both of its halves are so made, as numbers that follow each other differ in the last two bytes of an SPI,
 * which are the upper half of its word.
 */
const HASH_FACTOR = 0x9e37_9e37;
/** So that the number of slots stays a positive number of 32 bits, and more than anybody has. */
const MOST_SAS = 2 ** 24;
// Kept in the lowest bits of the position, which an SA's alignment leaves free.
const FAMILY_IPV6 = 1;
/** The addresses of the packet are not those in the slot: any will do, or they are too long for it. */
const ADDRESSES_ELSEWHERE = 2;
const SLOT_FLAGS = FAMILY_IPV6 | ADDRESSES_ELSEWHERE;

/** Inbound SAs by SPI. */
export class Sad {
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #assignTunnels: AssignTunnels;

  private constructor(memory: Memory, zone: Memzone) {
    this.#memory = memory;
    this.#zone = zone;
    this.#assignTunnels = tunnelAssigner(memory);
  }

  /**
   * Reserves a database for up to `capacity` SAs (DPDK: `rte_ipsec_sad_create`).
   *
   * @throws SetupError `ERR_SAD_CAPACITY` (EINVAL), and as `Memory.reserve` does
   */
  static create(memory: Memory, name: string, capacity: number): Sad {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_SAS) {
      throw new SetupError({
        code: 'ERR_SAD_CAPACITY',
        errno: 'EINVAL',
        message: 'an SA database cannot be made for this many SAs',
        expected: `1 to ${MOST_SAS}`,
        got: String(capacity),
      });
    }
    // A transport SA stands in it twice, and at most half of the slots are used.
    const bits = Math.ceil(Math.log2(Math.max(8, capacity * 4)));
    const slots = 2 ** bits;
    const zone = memory.reserve(name, SAD_SLOTS + slots * SLOT_BYTES);
    memory.u32[(zone.position + SAD_MASK) >> 2] = slots - 1;
    memory.u32[(zone.position + SAD_SHIFT) >> 2] = 32 - bits;
    memory.u32[(zone.position + SAD_CAPACITY) >> 2] = capacity;
    return new Sad(memory, zone);
  }

  /** The database of that name, seen from any thread; undefined if there is none (DPDK: `rte_ipsec_sad_find_existing`). */
  static lookup(memory: Memory, name: string): Sad | undefined {
    const zone = memory.lookup(name);
    return zone === undefined ? undefined : new Sad(memory, zone);
  }

  /** How many SAs there are. */
  get count(): number {
    return this.#memory.u32[(this.#zone.position + SAD_COUNT) >> 2];
  }

  /**
   * Adds an inbound SA (DPDK: `rte_ipsec_sad_add`). Of two with one SPI in one family the first is found: the configuration
   * refuses the second.
   *
   * @throws SetupError `ERR_SAD_SA` (EINVAL) for what is no inbound SA, `ERR_SAD_FULL` (ENOSPC)
   */
  add(sa: number): void {
    const { u32 } = this.#memory;
    const flags = sa === 0 ? 0 : u32[(sa + layout.SA_FLAGS) >> 2];
    if ((flags & layout.SA_FLAG_INBOUND) === 0) {
      throw new SetupError({
        code: 'ERR_SAD_SA',
        errno: 'EINVAL',
        message: 'this is no inbound SA',
        expected: 'what SaTable.add gave for direction in',
        got: String(sa),
      });
    }
    const capacity = u32[(this.#zone.position + SAD_CAPACITY) >> 2];
    if (this.count === capacity) {
      throw new SetupError({
        code: 'ERR_SAD_FULL',
        errno: 'ENOSPC',
        message: 'the SA database is full',
        expected: `at most ${capacity} SAs`,
        remedy: 'make it for more SAs',
      });
    }
    u32[(this.#zone.position + SAD_COUNT) >> 2]++;
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
    let lost = 0;
    for (let row = 0; row < burst.count; row++) {
      row = this.#assignTunnels(this.#zone.position, burst, row);
      if (row === burst.count) break;
      const sa = this.#lookup(burst.header[row], burst.l3[row]);
      burst.sa[row] = sa;
      const reason = sa === 0 ? DROP.sa_unknown : this.#addressed(sa, burst.header[row]) ? GOES_ON : DROP.sa_address;
      if (reason === GOES_ON) continue;
      burst.fate[row] = reason;
      lost++;
    }
    if (lost !== 0) drops.sweep(burst);
  }

  /** The SA that the packet's SPI and family name, 0 if there is none. */
  #lookup(header: number, l3: number): number {
    const { u8, i32 } = this.#memory;
    const spi = i32[(header + l3) >> 2];
    const family = u8[header] >>> 4 === 6 ? FAMILY_IPV6 : 0;
    const slots = this.#zone.position + SAD_SLOTS;
    const mask = i32[(this.#zone.position + SAD_MASK) >> 2];
    const shift = i32[(this.#zone.position + SAD_SHIFT) >> 2];
    for (let index = Math.imul(spi ^ family, HASH_FACTOR) >>> shift; ; index = (index + 1) & mask) {
      const slot = (slots + index * SLOT_BYTES) >> 2;
      const entry = i32[slot + SLOT_SA];
      if (entry === 0) return 0;
      if (i32[slot + SLOT_SPI] === spi && (entry & FAMILY_IPV6) === family) return entry & ~SLOT_FLAGS;
    }
  }

  /** Whether the packet has the addresses of the SA, if that is one with a tunnel. */
  #addressed(sa: number, header: number): boolean {
    const { u8, i32 } = this.#memory;
    if ((i32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_TUNNEL) === 0) return true;
    const source = (sa + layout.SA_SOURCE) >> 2;
    const destination = (sa + layout.SA_DESTINATION) >> 2;
    if (u8[header] >>> 4 === 4) {
      const at = (header + 12) >> 2;
      return i32[at] === i32[source] && i32[at + 1] === i32[destination];
    }
    const at = (header + 8) >> 2;
    for (let i = 0; i < 4; i++) {
      if (i32[at + i] !== i32[source + i] || i32[at + 4 + i] !== i32[destination + i]) return false;
    }
    return true;
  }

  #insert(sa: number, family: number): void {
    const { i32 } = this.#memory;
    const spi = i32[(sa + layout.SA_SPI) >> 2];
    const slots = this.#zone.position + SAD_SLOTS;
    const mask = i32[(this.#zone.position + SAD_MASK) >> 2];
    const shift = i32[(this.#zone.position + SAD_SHIFT) >> 2];
    let index = Math.imul(spi ^ family, HASH_FACTOR) >>> shift;
    while (i32[((slots + index * SLOT_BYTES) >> 2) + SLOT_SA] !== 0) index = (index + 1) & mask;
    const slot = (slots + index * SLOT_BYTES) >> 2;
    const tunnel = (i32[(sa + layout.SA_FLAGS) >> 2] & layout.SA_FLAG_TUNNEL) !== 0;
    i32[slot + SLOT_SPI] = spi;
    i32[slot + SLOT_SA] = sa | family | (tunnel && family === 0 ? 0 : ADDRESSES_ELSEWHERE);
    i32[slot + SLOT_SOURCE] = i32[(sa + layout.SA_SOURCE) >> 2];
    i32[slot + SLOT_DESTINATION] = i32[(sa + layout.SA_DESTINATION) >> 2];
  }
}

/**
 * Finds the SAs of packets from row `first` on, as long as they come through tunnels over IPv4 that have an SA in the
 * database at `zone`. Stops at another one, and returns its row.
 */
type AssignTunnels = (zone: number, burst: PacketBurst, first: number) => number;

const tunnelAssigner: (memory: Memory) => AssignTunnels = oncePerMemory(assignTunnelsLoop);

function assignTunnelsLoop({ i32 }: Memory): AssignTunnels {
  return (zone, burst, first) => {
    const base = burst.position | 0;
    const slots = (zone + SAD_SLOTS) | 0;
    const mask = i32[(zone + SAD_MASK) >> 2];
    const shift = i32[(zone + SAD_SHIFT) >> 2];
    let at = base + (first << 2);
    for (const stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const ip = i32[r + BURST_HEADER];
      const word = ip >> 2;
      const spi = i32[(ip + i32[r + BURST_L3]) >> 2];
      let index = Math.imul(spi, HASH_FACTOR) >>> shift;
      let slot = (slots + index * SLOT_BYTES) >> 2;
      // A packet of IPv6 has its SPI under another family, and finds here no more than an end.
      while (i32[slot + SLOT_SA] !== 0 && (i32[slot + SLOT_SPI] !== spi || (i32[slot + SLOT_SA] & FAMILY_IPV6) !== 0)) {
        index = (index + 1) & mask;
        slot = (slots + index * SLOT_BYTES) >> 2;
      }
      const sa = i32[slot + SLOT_SA];
      const unlike =
        ((i32[word] & 0xf0) ^ 0x40) |
        (i32[word + 3] ^ i32[slot + SLOT_SOURCE]) |
        (i32[word + 4] ^ i32[slot + SLOT_DESTINATION]) |
        (sa & SLOT_FLAGS);
      if (unlike !== 0 || sa === 0) break;
      i32[r + BURST_SA] = sa;
    }
    return (at - base) >> 2;
  };
}
