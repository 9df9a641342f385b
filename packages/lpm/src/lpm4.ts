/**
 * Route look-up for IPv4: the longest prefix that holds an address (DPDK: `rte_lpm`).
 *
 * The first 16 bits of an address choose one of 65,536 entries. An entry is the answer; or, where a single rule is longer
 * than that, a leaf to compare with; or, where several are, a group of 256 entries that the next byte chooses from. So a
 * look-up is one to four reads however many rules there are. DPDK's first table takes 24 bits and 64 MiB, and a group for
 * every /24 with something longer in it. This one takes 256 KiB, and N rules never need more than N − 1 groups, so that
 * the look-up stays in a core's own cache; that it does is what makes it flat.
 *
 * What this does not do: change under running look-ups. Build another table, then let the readers take that one.
 */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  DEPTH_SHIFT_4,
  FAMILY_4,
  GROUP_BYTE_4,
  GROUP_ENTRY,
  GROUP_WORDS,
  GROUPS,
  KINDS,
  LEAF_THEN_4,
  LEAF_WORDS_4,
  LEAVES,
  MAX_RULES,
  NODE_ELSE_4,
  NODE_MASK_4,
  NODE_VALUE,
  NUMBER_MASK,
  ROOT,
  RULES_USED,
  SKIPPING_GROUP,
  TBL8S,
  TBL8S_USED,
} from './_layout.ts';
import { RouteTable } from './_route-table.ts';
import type { LpmOptions } from './lpm-options.ts';

/** The largest next hop: 24 bits. */
export const LPM4_NEXT_HOP_MAX: number = 2 ** DEPTH_SHIFT_4 - 1;

const HOP_MASK = 0xff_ffff;

/**
 * Looks up the destination of every header of a burst (DPDK: `rte_lpm_lookup_bulk`, which takes addresses).
 *
 * @param table position of the table
 * @param headers positions of IPv4 headers; the destination is read at 16 bytes from each
 * @param n how many headers
 * @param hops the next hop of each is written here, -1 where there is no route
 * @returns how many have a route
 */
export function lpm4LookupBurst(
  memory: Memory,
  table: number,
  headers: Uint32Array,
  n: number,
  hops: Int32Array,
): number {
  return lookup4(memory)(table, headers, n, hops);
}

/** A look-up in one memory: as {@link lpm4LookupBurst} without its first argument. */
type LookupBurst = (table: number, headers: Uint32Array, n: number, hops: Int32Array) => number;

const lookup4: (memory: Memory) => LookupBurst = oncePerMemory(lookup4Loop);

function lookup4Loop({ u8, i32 }: Memory): LookupBurst {
  return (table, headers, n, hops) => {
    const root = (table + ROOT) >> 2;
    const groups = i32[(table + GROUPS) >> 2];
    const leaves = i32[(table + LEAVES) >> 2];
    let found = 0;
    for (let i = 0; i < n; ) {
      const at = headers[i] + 16;
      // The address as its bytes lie in memory, the first one lowest.
      const ip = (at & 3) === 0 ? i32[at >> 2] : u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
      let entry = i32[root + (((ip & 0xff) << 8) | ((ip >>> 8) & 0xff))];
      let rest = ip >>> 16;
      while ((entry & KINDS) !== 0) {
        if (entry < 0) {
          const group = groups + (entry & NUMBER_MASK) * GROUP_WORDS;
          if (entry >= SKIPPING_GROUP) {
            // The first 16 bits are right and the last byte chooses, so that one byte is left to compare.
            if (((ip ^ i32[group + NODE_VALUE]) & 0xff_0000) !== 0) {
              entry = i32[group + NODE_ELSE_4];
              break;
            }
            rest = ip >>> 24;
          }
          entry = i32[group + GROUP_ENTRY + (rest & 0xff)];
          rest >>>= 8;
        } else {
          const leaf = leaves + (entry & NUMBER_MASK) * LEAF_WORDS_4;
          const unlike = (ip ^ i32[leaf + NODE_VALUE]) & i32[leaf + NODE_MASK_4];
          entry = i32[leaf + (unlike === 0 ? LEAF_THEN_4 : NODE_ELSE_4)];
          break;
        }
      }
      const first = i;
      const hop = entry === 0 ? -1 : entry & HOP_MASK;
      // Packets of one tunnel come together: what follows with the same address is answered too.
      do {
        hops[i++] = hop;
      } while (i < n && (headers[i] & 3) === 0 && i32[(headers[i] + 16) >> 2] === ip);
      if (entry !== 0) found += i - first;
    }
    return found;
  };
}

/**
 * Looks up one address (DPDK: `rte_lpm_lookup`).
 *
 * @param table position of the table
 * @param ip the address in host order
 * @returns the next hop, or -1 when there is no route
 */
export function lpm4Lookup(memory: Memory, table: number, ip: number): number {
  const { u8, i32 } = memory;
  const groups = i32[(table + GROUPS) >>> 2];
  const leaves = i32[(table + LEAVES) >>> 2];
  let entry = i32[((table + ROOT) >>> 2) + (ip >>> 16)];
  while ((entry & KINDS) !== 0) {
    const number = entry & NUMBER_MASK;
    const node = entry < 0 ? groups + number * GROUP_WORDS : leaves + number * LEAF_WORDS_4;
    let unlike = 0;
    for (let i = 0; i < 4; i++) {
      unlike |= ((ip >>> (24 - 8 * i)) ^ u8[4 * (node + NODE_VALUE) + i]) & u8[4 * (node + NODE_MASK_4) + i];
    }
    if (unlike !== 0) entry = i32[node + NODE_ELSE_4];
    else if (entry > 0) entry = i32[node + LEAF_THEN_4];
    else entry = i32[node + GROUP_ENTRY + ((ip >>> (24 - 8 * i32[node + GROUP_BYTE_4])) & 0xff)];
  }
  return entry === 0 ? -1 : entry & HOP_MASK;
}

/** A route table for IPv4. Addresses are u32 in host order: 10.0.0.1 is 0x0a000001. */
export class Lpm4 {
  readonly memory: Memory;
  /** Where the table lies: what {@link lpm4LookupBurst} takes, and what a flip publishes. */
  readonly position: number;
  readonly #table: RouteTable;
  readonly #lookup: LookupBurst;

  private constructor(table: RouteTable) {
    this.memory = table.memory;
    this.position = table.position;
    this.#table = table;
    this.#lookup = lookup4(table.memory);
  }

  /**
   * Makes an empty table in a memzone `LPM_` + name (DPDK: `rte_lpm_create`).
   *
   * It takes 256 KiB, about 40 bytes a rule, and 1088 bytes a group: 1.4 MiB for 1,024 rules.
   *
   * @throws SetupError `ERR_LPM_MAX_RULES` or `ERR_LPM_TBL8S` (EINVAL), `ERR_LPM_EXISTS` (EEXIST), `ERR_MEMZONE_NAME`
   * (EINVAL, ENAMETOOLONG), `ERR_MEMORY_FULL` (ENOMEM)
   */
  static create(memory: Memory, name: string, options: LpmOptions): Lpm4 {
    return new Lpm4(RouteTable.create(memory, name, options, FAMILY_4));
  }

  /** The table of that name, from any thread, or undefined (DPDK: `rte_lpm_find_existing`). */
  static findExisting(memory: Memory, name: string): Lpm4 | undefined {
    const table = RouteTable.find(memory, name, FAMILY_4);
    return table === undefined ? undefined : new Lpm4(table);
  }

  /**
   * The table at a position.
   *
   * @throws SetupError `ERR_LPM_FOREIGN` (EINVAL) when there is none
   */
  static at(memory: Memory, position: number): Lpm4 {
    return new Lpm4(RouteTable.at(memory, position, FAMILY_4));
  }

  /** Gives the memory back; the table must not be used any more (DPDK: `rte_lpm_free`). */
  free(): void {
    this.#table.free();
  }

  /** Rules that it can hold. */
  get maxRules(): number {
    return this.#table.get(MAX_RULES);
  }

  /** Rules in it now. */
  get ruleCount(): number {
    return this.#table.get(RULES_USED);
  }

  /** Groups of 256 entries that it has (DPDK: `number_tbl8s`). */
  get tbl8s(): number {
    return this.#table.get(TBL8S);
  }

  /** Groups in use now. */
  get tbl8sUsed(): number {
    return this.#table.get(TBL8S_USED);
  }

  /**
   * Adds a rule, or gives the rule of the same prefix another next hop (DPDK: `rte_lpm_add`).
   *
   * @param prefix in host order; the bits behind `depth` do not matter
   * @param depth its length, 1 to 32 bits
   * @param nextHop 0 to {@link LPM4_NEXT_HOP_MAX}
   * @throws SetupError `ERR_LPM_ADDRESS`, `ERR_LPM_DEPTH` or `ERR_LPM_NEXT_HOP` (EINVAL), `ERR_LPM_RULES_FULL` or
   * `ERR_LPM_TBL8S_FULL` (ENOSPC); then nothing has changed
   */
  add(prefix: number, depth: number, nextHop: number): void {
    this.#table.add(addressBytes(prefix), depth, nextHop);
  }

  /**
   * Deletes a rule; what it answered for falls to the next longer one that holds it (DPDK: `rte_lpm_delete`).
   *
   * @throws SetupError `ERR_LPM_ADDRESS` or `ERR_LPM_DEPTH`, `ERR_LPM_NO_RULE` when there is no such rule (EINVAL all)
   */
  delete(prefix: number, depth: number): void {
    this.#table.delete(addressBytes(prefix), depth);
  }

  /** Deletes all rules (DPDK: `rte_lpm_delete_all`). */
  deleteAll(): void {
    this.#table.deleteAll();
  }

  /**
   * The next hop of exactly this rule, or -1 when there is none (DPDK: `rte_lpm_is_rule_present`).
   *
   * @throws SetupError `ERR_LPM_ADDRESS` or `ERR_LPM_DEPTH` (EINVAL)
   */
  ruleHop(prefix: number, depth: number): number {
    return this.#table.ruleHop(addressBytes(prefix), depth);
  }

  /** {@link lpm4Lookup} in this table. */
  lookup(ip: number): number {
    return lpm4Lookup(this.memory, this.position, ip);
  }

  /** {@link lpm4LookupBurst} in this table. */
  lookupBurst(headers: Uint32Array, n: number, hops: Int32Array): number {
    return this.#lookup(this.position, headers, n, hops);
  }
}

/** A prefix as the four bytes that the rules are kept by. */
function addressBytes(prefix: number): Uint8Array {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > 0xffff_ffff) {
    throw new SetupError({
      code: 'ERR_LPM_ADDRESS',
      errno: 'EINVAL',
      message: 'this is no IPv4 address in host order',
      expected: 'a whole number from 0 to 0xffffffff',
      got: String(prefix),
    });
  }
  return Uint8Array.of(prefix >>> 24, prefix >>> 16, prefix >>> 8, prefix);
}
