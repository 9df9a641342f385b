/** A route table of either family, over addresses as bytes in network order: what {@link Lpm4} and Lpm6 share. */
import { SetupError } from '@inline-ipsec/eal/errors';
import { MEMORY_MAX_BYTES, type Memory } from '@inline-ipsec/eal/memory';
import {
  type Family,
  FIRST_GROUP,
  FREE_LEAF,
  FREE_TBL8,
  GROUP_WORDS,
  GROUPS,
  LEAVES,
  LEAVES_TOUCHED,
  MAGIC,
  MASKS,
  MAX_RULES,
  ROOT,
  ROOT_ENTRIES,
  RULES_USED,
  STORE,
  TBL8S,
  TBL8S_TOUCHED,
  TBL8S_USED,
} from './_layout.ts';
import { cutPrefix, prefixMask, RuleStore } from './_rule-store.ts';
import { RouteTrie } from './_trie.ts';
import type { LpmOptions } from './lpm-options.ts';

/** A view over the table at a position. */
export class RouteTable {
  readonly memory: Memory;
  readonly position: number;
  readonly #family: Family;
  readonly #rules: RuleStore;
  readonly #trie: RouteTrie;

  private constructor(memory: Memory, position: number, family: Family) {
    this.memory = memory;
    this.position = position;
    this.#family = family;
    this.#rules = new RuleStore(memory, this.get(STORE), this.get(MAX_RULES), family.bytes);
    this.#trie = new RouteTrie(memory, position, family);
  }

  static create(memory: Memory, name: string, options: LpmOptions, family: Family): RouteTable {
    checkOptions(name, options);
    const { maxRules, tbl8s = maxRules - 1 } = options;
    const leaves = FIRST_GROUP + 4 * GROUP_WORDS * tbl8s;
    const store = leaves + 4 * family.leafWords * maxRules;
    const bytes = store + RuleStore.bytes(maxRules, family.bytes);
    checkBytes(name, bytes);
    // An empty name is for the memory to refuse.
    const zoneName = name === '' ? '' : family.zonePrefix + name;
    if (memory.lookup(zoneName) !== undefined) {
      throw new SetupError({
        code: 'ERR_LPM_EXISTS',
        errno: 'EEXIST',
        message: `route table ${name} exists already`,
        remedy: 'find it, or choose another name',
      });
    }
    const { position } = memory.reserve(zoneName, bytes);
    const { u32 } = memory;
    u32[(position + MAX_RULES) >> 2] = maxRules;
    u32[(position + TBL8S) >> 2] = tbl8s;
    u32[(position + GROUPS) >> 2] = (position + FIRST_GROUP) >> 2;
    u32[(position + LEAVES) >> 2] = (position + leaves) >> 2;
    u32[(position + STORE) >> 2] = position + store;
    if (!family.leafMasks) {
      for (let depth = 0; depth <= 128; depth++) memory.u8.set(prefixMask(16, depth), position + MASKS + 16 * depth);
    }
    u32[(position + MAGIC) >> 2] = family.magic;
    return new RouteTable(memory, position, family);
  }

  static find(memory: Memory, name: string, family: Family): RouteTable | undefined {
    const zone = memory.lookup(family.zonePrefix + name);
    return zone === undefined ? undefined : RouteTable.at(memory, zone.position, family);
  }

  static at(memory: Memory, position: number, family: Family): RouteTable {
    zoneAt(memory, position, family);
    return new RouteTable(memory, position, family);
  }

  free(): void {
    this.memory.free(zoneAt(this.memory, this.position, this.#family));
  }

  /** A field of the header. */
  get(field: number): number {
    return this.memory.u32[(this.position + field) >> 2];
  }

  add(address: Uint8Array, depth: number, nextHop: number): void {
    const prefix = this.#prefix(address, depth);
    const { depthShift } = this.#family;
    checkNextHop(nextHop, 2 ** depthShift - 1);
    const fresh = this.#rules.hop(prefix, depth) < 0;
    if (fresh && this.get(RULES_USED) === this.get(MAX_RULES)) {
      throw new SetupError({
        code: 'ERR_LPM_RULES_FULL',
        errno: 'ENOSPC',
        message: 'the route table is full',
        expected: `at most ${this.get(MAX_RULES)} rules`,
        remedy: 'make it with a larger maxRules',
      });
    }
    if (!this.#trie.add({ prefix, depth, entry: (depth << depthShift) | nextHop }, fresh)) {
      throw new SetupError({
        code: 'ERR_LPM_TBL8S_FULL',
        errno: 'ENOSPC',
        message: 'the route table has no group left for this rule',
        expected: `at most ${this.get(TBL8S)} groups`,
        remedy: 'make it with a larger tbl8s, or without one',
      });
    }
    this.#rules.set(prefix, depth, nextHop);
    if (fresh) this.#set(RULES_USED, this.get(RULES_USED) + 1);
  }

  delete(address: Uint8Array, depth: number): void {
    const prefix = this.#prefix(address, depth);
    if (this.#rules.hop(prefix, depth) < 0) {
      throw new SetupError({
        code: 'ERR_LPM_NO_RULE',
        errno: 'EINVAL',
        message: 'there is no such route',
        got: `${formatAddress(prefix)}/${depth}`,
        remedy: 'delete a route by the prefix and length that it was added with',
      });
    }
    this.#rules.delete(prefix, depth);
    this.#set(RULES_USED, this.get(RULES_USED) - 1);
    const covering = this.#rules.covering(prefix, depth);
    const hop = covering === 0 ? 0 : this.#rules.hop(cutPrefix(prefix, covering), covering);
    this.#trie.remove({ prefix, depth, entry: (covering << this.#family.depthShift) | hop });
  }

  deleteAll(): void {
    const { u8 } = this.memory;
    const root = this.position + ROOT;
    u8.fill(0, root, root + 4 * ROOT_ENTRIES);
    u8.fill(0, this.get(STORE), this.get(STORE) + RuleStore.bytes(this.get(MAX_RULES), this.#family.bytes));
    for (const field of [RULES_USED, TBL8S_USED, TBL8S_TOUCHED, FREE_TBL8, LEAVES_TOUCHED, FREE_LEAF]) {
      this.#set(field, 0);
    }
  }

  ruleHop(address: Uint8Array, depth: number): number {
    return this.#rules.hop(this.#prefix(address, depth), depth);
  }

  #set(field: number, value: number): void {
    this.memory.u32[(this.position + field) >> 2] = value;
  }

  /** An address cut to its depth, when both can be. */
  #prefix(address: Uint8Array, depth: number): Uint8Array {
    const { bytes } = this.#family;
    if (!Number.isInteger(depth) || depth < 1 || depth > 8 * bytes) {
      throw new SetupError({
        code: 'ERR_LPM_DEPTH',
        errno: 'EINVAL',
        message: 'no route can have a prefix of this length',
        expected: `1 to ${8 * bytes} bits`,
        got: String(depth),
        remedy: depth === 0 ? 'write a default route as two routes of length 1' : undefined,
      });
    }
    if (address.length !== bytes) {
      throw new SetupError({
        code: 'ERR_LPM_ADDRESS',
        errno: 'EINVAL',
        message: 'this is no address of the family of the table',
        expected: `${bytes} bytes in network order`,
        got: `${address.length} bytes`,
      });
    }
    return cutPrefix(address, depth);
  }
}

function zoneAt(memory: Memory, position: number, family: Family): ReturnType<Memory['reserve']> {
  const zone = memory.memzones().find((one) => one.position === position);
  if (zone !== undefined && memory.u32[(position + MAGIC) >> 2] === family.magic) return zone;
  throw new SetupError({
    code: 'ERR_LPM_FOREIGN',
    errno: 'EINVAL',
    message: `there is no route table for IPv${family.bytes === 4 ? 4 : 6} here`,
    got: `position ${position}`,
  });
}

function checkOptions(name: string, { maxRules, tbl8s }: LpmOptions): void {
  if (!Number.isInteger(maxRules) || maxRules < 1 || maxRules > 1 << 24) {
    throw new SetupError({
      code: 'ERR_LPM_MAX_RULES',
      errno: 'EINVAL',
      message: `route table ${name} cannot be made for so many rules`,
      expected: `1 to ${1 << 24}`,
      got: String(maxRules),
    });
  }
  if (tbl8s !== undefined && (!Number.isInteger(tbl8s) || tbl8s < 0 || tbl8s > 1 << 24)) {
    throw new SetupError({
      code: 'ERR_LPM_TBL8S',
      errno: 'EINVAL',
      message: `route table ${name} cannot have so many groups`,
      expected: `0 to ${1 << 24}`,
      got: String(tbl8s),
    });
  }
}

function checkBytes(name: string, bytes: number): void {
  if (bytes <= MEMORY_MAX_BYTES) return;
  throw new SetupError({
    code: 'ERR_MEMORY_FULL',
    errno: 'ENOMEM',
    message: `route table ${name} does not fit into any memory`,
    expected: `at most ${MEMORY_MAX_BYTES} bytes`,
    got: String(bytes),
    remedy: 'make it for fewer rules, or say how many groups (tbl8s) they need',
  });
}

function checkNextHop(nextHop: number, max: number): void {
  if (Number.isInteger(nextHop) && nextHop >= 0 && nextHop <= max) return;
  throw new SetupError({
    code: 'ERR_LPM_NEXT_HOP',
    errno: 'EINVAL',
    message: 'no route can have this next hop',
    expected: `0 to ${max}`,
    got: String(nextHop),
  });
}

function formatAddress(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i] << 8) | address[2 * i + 1]).toString(16));
  return groups.join(':');
}
