/**
 * The side of a route table that edits: a tree that branches by bytes and skips the bytes that decide nothing.
 *
 * Two things hold after every change. Every entry that is an answer says what the longest rule is that covers all of it,
 * and so does the `else` of every node for its place. And a group has at least two things in it: rules that end in its
 * byte, or entries that lead on. So a tree of N rules has at most N − 1 groups.
 */
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  type Family,
  FREE_LEAF,
  FREE_TBL8,
  GROUP,
  GROUP_ENTRY,
  GROUP_WORDS,
  GROUPS,
  KINDS,
  LEAF,
  LEAVES,
  LEAVES_TOUCHED,
  NODE_VALUE,
  NUMBER_MASK,
  ROOT,
  SKIPPING_GROUP,
  TBL8S,
  TBL8S_TOUCHED,
  TBL8S_USED,
} from './_layout.ts';
import { cutPrefix, prefixMask } from './_rule-store.ts';

const GROUP_ENTRIES = 256;

/** A rule on its way in or out. */
export interface Rule {
  /** In network order, cut to the depth. */
  readonly prefix: Uint8Array;
  readonly depth: number;
  /** What its entries say, or what they shall say when it is gone. */
  readonly entry: number;
}

/** The tree of the table at `position`. */
export class RouteTrie {
  readonly #memory: Memory;
  readonly #position: number;
  readonly #family: Family;

  constructor(memory: Memory, position: number, family: Family) {
    this.#memory = memory;
    this.#position = position;
    this.#family = family;
  }

  /**
   * Adds a rule, or overwrites what the rule of the same prefix said.
   *
   * @param fresh whether there is no rule of the same prefix and length yet
   * @returns false when it needs a group and there is none; then nothing has changed
   */
  add(rule: Rule, fresh: boolean): boolean {
    const root = (this.#position + ROOT) >> 2;
    const at = (rule.prefix[0] << 8) | rule.prefix[1];
    if (rule.depth > 16) return this.#insert(root + at, 2, rule, fresh);
    for (let i = 0; i < 1 << (16 - rule.depth); i++) this.#cover(root + at + i, rule);
    return true;
  }

  /** Takes a rule out that is in; where it answered, `rule.entry` does. */
  remove(rule: Rule): void {
    const root = (this.#position + ROOT) >> 2;
    const at = (rule.prefix[0] << 8) | rule.prefix[1];
    if (rule.depth > 16) this.#extract(root + at, 2, rule);
    else for (let i = 0; i < 1 << (16 - rule.depth); i++) this.#uncover(root + at + i, rule);
  }

  /** Adds a rule that ends behind byte `from` − 1, below the entry at `slot`, which `from` bytes lead to. */
  #insert(slot: number, from: number, rule: Rule, fresh: boolean): boolean {
    const { i32 } = this.#memory;
    const entry = i32[slot];
    if ((entry & KINDS) === 0) {
      i32[slot] = this.#newLeaf(rule, entry);
      return true;
    }
    const node = this.#node(entry);
    if ((entry & KINDS) === LEAF) {
      const present = this.#leafRule(node);
      const same = commonBits(present.prefix, rule.prefix, Math.min(present.depth, rule.depth));
      if (same === rule.depth && same === present.depth) {
        i32[node + this.#family.leafThen] = rule.entry;
        return true;
      }
      const split = Math.min(same, present.depth - 1, rule.depth - 1) >> 3;
      const group = this.#newGroup(from, split, present.prefix, i32[node + this.#family.nodeElse]);
      if (group === 0) return false;
      this.#freeLeaf(entry);
      i32[slot] = group;
      // They part in this byte, or one ends in it: neither needs a second group.
      this.#insertInto(this.#node(group), present, true);
      return this.#insertInto(this.#node(group), rule, true);
    }
    const byte = i32[node + this.#family.groupByte];
    const path = this.#prefixOf(node);
    const split = Math.min(commonBits(path, rule.prefix, Math.min(8 * byte, rule.depth)), rule.depth - 1) >> 3;
    if (split >= byte) return this.#insertInto(node, rule, fresh);
    const group = this.#newGroup(from, split, path, i32[node + this.#family.nodeElse]);
    if (group === 0) return false;
    i32[slot] = group;
    i32[this.#node(group) + GROUP_ENTRY + path[split]] = this.#lead(entry, split + 1);
    return this.#insertInto(this.#node(group), rule, true);
  }

  #insertInto(group: number, rule: Rule, fresh: boolean): boolean {
    const { i32 } = this.#memory;
    const byte = i32[group + this.#family.groupByte];
    const slot = group + GROUP_ENTRY + rule.prefix[byte];
    const behind = 8 * (byte + 1) - rule.depth;
    if (behind < 0) return this.#insert(slot, byte + 1, rule, fresh);
    if (fresh) i32[group + this.#family.groupRules]++;
    for (let i = 0; i < 1 << behind; i++) this.#cover(slot + i, rule);
    return true;
  }

  /** A rule that holds all of a place answers there, but for longer ones. */
  #cover(slot: number, rule: Rule): void {
    this.#overwrite(slot, 0, rule);
  }

  /** Where a rule answered in a place, what covers it answers. */
  #uncover(slot: number, rule: Rule): void {
    this.#overwrite(slot, rule.depth, rule);
  }

  /** Every answer of a place that is from a rule of `from` to `rule.depth` bits becomes `rule.entry`. */
  #overwrite(slot: number, from: number, rule: Rule): void {
    const { i32 } = this.#memory;
    const entry = i32[slot];
    let answer = slot;
    if ((entry & KINDS) !== 0) {
      const node = this.#node(entry);
      answer = node + this.#family.nodeElse;
      if (entry < 0) for (let i = 0; i < GROUP_ENTRIES; i++) this.#overwrite(node + GROUP_ENTRY + i, from, rule);
    }
    const depth = i32[answer] >>> this.#family.depthShift;
    if (depth >= from && depth <= rule.depth) i32[answer] = rule.entry;
  }

  #extract(slot: number, from: number, rule: Rule): void {
    const { i32 } = this.#memory;
    const entry = i32[slot];
    const node = this.#node(entry);
    if ((entry & KINDS) === LEAF) {
      i32[slot] = i32[node + this.#family.nodeElse];
      this.#freeLeaf(entry);
      return;
    }
    const byte = i32[node + this.#family.groupByte];
    const next = node + GROUP_ENTRY + rule.prefix[byte];
    const behind = 8 * (byte + 1) - rule.depth;
    if (behind < 0) {
      this.#extract(next, byte + 1, rule);
    } else {
      i32[node + this.#family.groupRules]--;
      for (let i = 0; i < 1 << behind; i++) this.#uncover(next + i, rule);
    }
    this.#dissolve(slot, from);
  }

  /** Puts what is left in a group in its place when that is one thing only. */
  #dissolve(slot: number, from: number): void {
    const { i32 } = this.#memory;
    const entry = i32[slot];
    const node = this.#node(entry);
    const otherwise = i32[node + this.#family.nodeElse];
    let leading = 0;
    let lead = 0;
    let answer = -1;
    for (let i = 0; i < GROUP_ENTRIES; i++) {
      const inside = i32[node + GROUP_ENTRY + i];
      if ((inside & KINDS) !== 0) {
        leading++;
        lead = inside;
      } else if (inside !== otherwise && answer < 0) {
        answer = i;
      }
    }
    if (leading + i32[node + this.#family.groupRules] > 1) return;
    if (leading === 1) {
      i32[slot] = this.#lead(lead, from);
    } else {
      const byte = i32[node + this.#family.groupByte];
      const last = i32[node + GROUP_ENTRY + answer];
      const depth = last >>> this.#family.depthShift;
      const prefix = this.#prefixOf(node);
      prefix[byte] = answer;
      i32[slot] = this.#newLeaf({ prefix: cutPrefix(prefix, depth), depth, entry: last }, otherwise);
    }
    this.#freeGroup(entry);
  }

  /** The entry that leads to a node from a place that `from` bytes lead to: it skips what lies between. */
  #lead(entry: number, from: number): number {
    if (entry > 0) return entry;
    const { i32, u8 } = this.#memory;
    const node = this.#node(entry);
    const byte = i32[node + this.#family.groupByte];
    const mask = 4 * (node + this.#family.nodeMask);
    u8.fill(0, mask, mask + this.#family.bytes);
    u8.fill(0xff, mask + from, mask + byte);
    return (byte === from ? GROUP : SKIPPING_GROUP) | (entry & NUMBER_MASK);
  }

  /** The word that a leaf or a group begins at. */
  #node(entry: number): number {
    const number = entry & NUMBER_MASK;
    return entry < 0 ? this.#get(GROUPS) + number * GROUP_WORDS : this.#get(LEAVES) + number * this.#family.leafWords;
  }

  #prefixOf(node: number): Uint8Array {
    return this.#memory.u8.slice(4 * (node + NODE_VALUE), 4 * (node + NODE_VALUE) + this.#family.bytes);
  }

  #leafRule(node: number): Rule {
    const entry = this.#memory.i32[node + this.#family.leafThen];
    return { prefix: this.#prefixOf(node), depth: entry >>> this.#family.depthShift, entry };
  }

  #newLeaf(rule: Rule, otherwise: number): number {
    const { i32, u8 } = this.#memory;
    const free = this.#get(FREE_LEAF);
    const number = free === 0 ? this.#get(LEAVES_TOUCHED) : free - 1;
    const leaf = this.#node(LEAF | number);
    const { bytes, leafMasks, nodeMask } = this.#family;
    if (free === 0) this.#set(LEAVES_TOUCHED, number + 1);
    else this.#set(FREE_LEAF, i32[leaf]);
    u8.set(rule.prefix, 4 * (leaf + NODE_VALUE));
    if (leafMasks) u8.set(prefixMask(bytes, rule.depth), 4 * (leaf + nodeMask));
    i32[leaf + this.#family.nodeElse] = otherwise;
    i32[leaf + this.#family.leafThen] = rule.entry;
    return LEAF | number;
  }

  #freeLeaf(entry: number): void {
    this.#memory.i32[this.#node(entry)] = this.#get(FREE_LEAF);
    this.#set(FREE_LEAF, (entry & NUMBER_MASK) + 1);
  }

  /** A group for byte `byte` of addresses like `path`, that says `otherwise` everywhere; 0 when there is none left. */
  #newGroup(from: number, byte: number, path: Uint8Array, otherwise: number): number {
    const { i32, u8 } = this.#memory;
    if (this.#get(TBL8S_USED) === this.#get(TBL8S)) return 0;
    const free = this.#get(FREE_TBL8);
    const number = free === 0 ? this.#get(TBL8S_TOUCHED) : free - 1;
    const group = this.#node(GROUP | number);
    if (free === 0) this.#set(TBL8S_TOUCHED, number + 1);
    else this.#set(FREE_TBL8, i32[group]);
    this.#set(TBL8S_USED, this.#get(TBL8S_USED) + 1);
    u8.set(cutPrefix(path, 8 * byte), 4 * (group + NODE_VALUE));
    i32[group + this.#family.nodeElse] = otherwise;
    i32[group + this.#family.groupByte] = byte;
    i32[group + this.#family.groupRules] = 0;
    i32.fill(otherwise, group + GROUP_ENTRY, group + GROUP_WORDS);
    return this.#lead(GROUP | number, from);
  }

  #freeGroup(entry: number): void {
    this.#memory.i32[this.#node(entry)] = this.#get(FREE_TBL8);
    this.#set(FREE_TBL8, (entry & NUMBER_MASK) + 1);
    this.#set(TBL8S_USED, this.#get(TBL8S_USED) - 1);
  }

  #get(field: number): number {
    return this.#memory.u32[(this.#position + field) >> 2];
  }

  #set(field: number, value: number): void {
    this.#memory.u32[(this.#position + field) >> 2] = value;
  }
}

/** How many of the first `limit` bits two addresses have in common. */
function commonBits(one: Uint8Array, other: Uint8Array, limit: number): number {
  for (let byte = 0; 8 * byte < limit; byte++) {
    const unlike = one[byte] ^ other[byte];
    if (unlike !== 0) return Math.min(limit, 8 * byte + Math.clz32(unlike) - 24);
  }
  return limit;
}
