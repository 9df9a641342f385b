/**
 * Route look-up for IPv6: the longest prefix that holds an address (DPDK: `rte_lpm6`).
 *
 * The first 16 bits of an address choose one of 65,536 entries, then bytes choose from groups of 256, as for IPv4. But
 * bytes in which no two rules part are skipped and only compared, and a rule that is alone in its place is one leaf. So a
 * table of N rules has at most N − 1 groups of 1 KiB, where DPDK's would take up to 13 for each rule, and a look-up
 * passes as many groups as there are bytes in which its neighbours differ.
 *
 * What this does not do: change under running look-ups. Build another table, then let the readers take that one.
 */
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  DEPTH_SHIFT_6,
  FAMILY_6,
  GROUP_BYTE_6,
  GROUP_ENTRY,
  GROUP_WORDS,
  GROUPS,
  KINDS,
  LEAF_THEN_6,
  LEAF_WORDS_6,
  LEAVES,
  MASKS,
  MAX_RULES,
  NODE_ELSE_6,
  NODE_MASK_6,
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

/** The largest next hop: 21 bits. */
export const LPM6_NEXT_HOP_MAX: number = 2 ** DEPTH_SHIFT_6 - 1;

const HOP_MASK = 0x1f_ffff;

/**
 * Looks up the destination of every header of a burst (DPDK: `rte_lpm6_lookup_bulk_func`, which takes addresses).
 *
 * @param table position of the table
 * @param headers positions of IPv6 headers; the destination is read at 24 bytes from each
 * @param n how many headers
 * @param hops the next hop of each is written here, -1 where there is no route
 * @returns how many have a route
 */
export function lpm6LookupBurst(
  memory: Memory,
  table: number,
  headers: Uint32Array,
  n: number,
  hops: Int32Array,
): number {
  const { u8, i32 } = memory;
  const root = (table + ROOT) >>> 2;
  const masks = (table + MASKS) >>> 2;
  const groups = i32[(table + GROUPS) >>> 2];
  const leaves = i32[(table + LEAVES) >>> 2];
  let found = 0;
  for (let i = 0; i < n; i++) {
    const at = headers[i] + 24;
    let entry = i32[root + ((u8[at] << 8) | u8[at + 1])];
    let byte = at + 2;
    while ((entry & KINDS) !== 0) {
      if (entry < 0) {
        const group = groups + (entry & NUMBER_MASK) * GROUP_WORDS;
        if (entry >= SKIPPING_GROUP) {
          if (!agrees(u8, i32, at, group, group + NODE_MASK_6)) {
            entry = i32[group + NODE_ELSE_6];
            break;
          }
          byte = at + i32[group + GROUP_BYTE_6];
        }
        entry = i32[group + GROUP_ENTRY + u8[byte]];
        byte++;
      } else {
        const leaf = leaves + (entry & NUMBER_MASK) * LEAF_WORDS_6;
        const then = i32[leaf + LEAF_THEN_6];
        const mask = masks + ((then >>> DEPTH_SHIFT_6) << 2);
        entry = agrees(u8, i32, at, leaf, mask) ? then : i32[leaf + NODE_ELSE_6];
        break;
      }
    }
    if (entry === 0) {
      hops[i] = -1;
    } else {
      hops[i] = entry & HOP_MASK;
      found++;
    }
  }
  return found;
}

/** Whether the address at position `at` has the value at word `value` where the mask at word `mask` says. */
function agrees(u8: Uint8Array, i32: Int32Array, at: number, value: number, mask: number): boolean {
  if ((at & 3) !== 0) return agreesByBytes(u8, at, u8, 4 * value, 4 * mask);
  const word = at >>> 2;
  return (
    (((i32[word] ^ i32[value]) & i32[mask]) |
      ((i32[word + 1] ^ i32[value + 1]) & i32[mask + 1]) |
      ((i32[word + 2] ^ i32[value + 2]) & i32[mask + 2]) |
      ((i32[word + 3] ^ i32[value + 3]) & i32[mask + 3])) ===
    0
  );
}

/** The same for an address that is not aligned, or lies elsewhere; `value` and `mask` are positions here. */
function agreesByBytes(from: Uint8Array, at: number, u8: Uint8Array, value: number, mask: number): boolean {
  let unlike = 0;
  for (let i = 0; i < 16; i++) unlike |= (from[at + i] ^ u8[value + i]) & u8[mask + i];
  return unlike === 0;
}

/**
 * Looks up one address, at leisure (DPDK: `rte_lpm6_lookup`).
 *
 * @param table position of the table
 * @param ip 16 bytes in network order, in the memory or elsewhere
 * @returns the next hop, or -1 when there is no route
 */
export function lpm6Lookup(memory: Memory, table: number, ip: Uint8Array): number {
  const { u8, i32 } = memory;
  const groups = i32[(table + GROUPS) >>> 2];
  const leaves = i32[(table + LEAVES) >>> 2];
  let entry = i32[((table + ROOT) >>> 2) + ((ip[0] << 8) | ip[1])];
  while ((entry & KINDS) !== 0) {
    const number = entry & NUMBER_MASK;
    const node = entry < 0 ? groups + number * GROUP_WORDS : leaves + number * LEAF_WORDS_6;
    const then = i32[node + LEAF_THEN_6];
    const mask = entry < 0 ? 4 * (node + NODE_MASK_6) : table + MASKS + 16 * (then >>> DEPTH_SHIFT_6);
    if (!agreesByBytes(ip, 0, u8, 4 * (node + NODE_VALUE), mask)) entry = i32[node + NODE_ELSE_6];
    else entry = entry < 0 ? i32[node + GROUP_ENTRY + ip[i32[node + GROUP_BYTE_6]]] : then;
  }
  return entry === 0 ? -1 : entry & HOP_MASK;
}

/** A route table for IPv6. Addresses are 16 bytes in network order. */
export class Lpm6 {
  readonly memory: Memory;
  /** Where the table lies: what {@link lpm6LookupBurst} takes, and what a flip publishes. */
  readonly position: number;
  readonly #table: RouteTable;

  private constructor(table: RouteTable) {
    this.memory = table.memory;
    this.position = table.position;
    this.#table = table;
  }

  /**
   * Makes an empty table in a memzone `LPM6_` + name (DPDK: `rte_lpm6_create`).
   *
   * It takes 256 KiB, about 80 bytes a rule, and 1088 bytes a group: 1.4 MiB for 1,024 rules.
   *
   * @throws SetupError `ERR_LPM_MAX_RULES` or `ERR_LPM_TBL8S` (EINVAL), `ERR_LPM_EXISTS` (EEXIST), `ERR_MEMZONE_NAME`
   * (EINVAL, ENAMETOOLONG), `ERR_MEMORY_FULL` (ENOMEM)
   */
  static create(memory: Memory, name: string, options: LpmOptions): Lpm6 {
    return new Lpm6(RouteTable.create(memory, name, options, FAMILY_6));
  }

  /** The table of that name, from any thread, or undefined (DPDK: `rte_lpm6_find_existing`). */
  static findExisting(memory: Memory, name: string): Lpm6 | undefined {
    const table = RouteTable.find(memory, name, FAMILY_6);
    return table === undefined ? undefined : new Lpm6(table);
  }

  /**
   * The table at a position.
   *
   * @throws SetupError `ERR_LPM_FOREIGN` (EINVAL) when there is none
   */
  static at(memory: Memory, position: number): Lpm6 {
    return new Lpm6(RouteTable.at(memory, position, FAMILY_6));
  }

  /** Gives the memory back; the table must not be used any more (DPDK: `rte_lpm6_free`). */
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
   * Adds a rule, or gives the rule of the same prefix another next hop (DPDK: `rte_lpm6_add`).
   *
   * @param prefix 16 bytes in network order; the bits behind `depth` do not matter
   * @param depth its length, 1 to 128 bits
   * @param nextHop 0 to {@link LPM6_NEXT_HOP_MAX}
   * @throws SetupError `ERR_LPM_ADDRESS`, `ERR_LPM_DEPTH` or `ERR_LPM_NEXT_HOP` (EINVAL), `ERR_LPM_RULES_FULL` or
   * `ERR_LPM_TBL8S_FULL` (ENOSPC); then nothing has changed
   */
  add(prefix: Uint8Array, depth: number, nextHop: number): void {
    this.#table.add(prefix, depth, nextHop);
  }

  /**
   * Deletes a rule; what it answered for falls to the next longer one that holds it (DPDK: `rte_lpm6_delete`).
   *
   * @throws SetupError `ERR_LPM_ADDRESS` or `ERR_LPM_DEPTH`, `ERR_LPM_NO_RULE` when there is no such rule (EINVAL all)
   */
  delete(prefix: Uint8Array, depth: number): void {
    this.#table.delete(prefix, depth);
  }

  /** Deletes all rules (DPDK: `rte_lpm6_delete_all`). */
  deleteAll(): void {
    this.#table.deleteAll();
  }

  /**
   * The next hop of exactly this rule, or -1 when there is none (DPDK: `rte_lpm6_is_rule_present`).
   *
   * @throws SetupError `ERR_LPM_ADDRESS` or `ERR_LPM_DEPTH` (EINVAL)
   */
  ruleHop(prefix: Uint8Array, depth: number): number {
    return this.#table.ruleHop(prefix, depth);
  }

  /** {@link lpm6Lookup} in this table. */
  lookup(ip: Uint8Array): number {
    return lpm6Lookup(this.memory, this.position, ip);
  }

  /** {@link lpm6LookupBurst} in this table. */
  lookupBurst(headers: Uint32Array, n: number, hops: Int32Array): number {
    return lpm6LookupBurst(this.memory, this.position, headers, n, hops);
  }
}
