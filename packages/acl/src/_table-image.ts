/** Putting a built tree into the memory, in the form that is searched. */
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  CUT_ENTRIES,
  CUT_REST,
  CUT_REST_RANK,
  CUT_WINDOW,
  FAMILY,
  HEADER_BYTES,
  LAST,
  LEAF,
  MAGIC,
  MAGIC_VALUE,
  MASKS,
  RECORD4_DPORT,
  RECORD4_DST,
  RECORD4_DST_MASK,
  RECORD4_PROTO,
  RECORD4_RANK,
  RECORD4_SPORT,
  RECORD4_SRC,
  RECORD4_SRC_MASK,
  RECORD4_WORDS,
  RECORD6_DPORT,
  RECORD6_DST,
  RECORD6_PROTO,
  RECORD6_RANK,
  RECORD6_SPORT,
  RECORD6_SRC,
  RECORD6_WORDS,
  ROOT,
  RULES,
  TABLE_BYTES,
  USERDATA,
  WINDOW_MASK_AT,
  WINDOW_SHIFT_AT,
} from './_layout.ts';
import type { RuleSet } from './_rule-set.ts';
import type { Cut, Leaf, Tree } from './_tree.ts';
import type { Acl4Rule, Acl6Rule, AclBits, AclRange } from './acl-rule.ts';

const MASK_WORDS: number = 4 * 129;

/** The words that a rule takes in a leaf. */
export function recordWords(family: 4 | 6): number {
  return family === 4 ? RECORD4_WORDS : RECORD6_WORDS;
}

/** A table that is ready to be written. */
export interface LaidOut {
  readonly bytes: number;
  /** Writes it at a position. */
  write(memory: Memory, position: number): void;
}

/**
 * Finds a place for everything: header, records, cuts, masks (IPv6), userdata. Leaves of the same rules share their records.
 */
export function layOut(set: RuleSet, tree: Tree): LaidOut {
  const leaves = new Map<string, { word: number; ranks: readonly number[] }>();
  const cuts = new Map<Cut, number>();
  let words = HEADER_BYTES >> 2;
  walk(tree, {
    leaf: ({ ranks }) => {
      const key = ranks.join();
      if (ranks.length === 0 || leaves.has(key)) return;
      leaves.set(key, { word: words, ranks });
      words += ranks.length * recordWords(set.family);
    },
    cut: () => {},
  });
  walk(tree, {
    leaf: () => {},
    cut: (cut) => {
      cuts.set(cut, words);
      words += CUT_ENTRIES + cut.children.length;
    },
  });
  const masks = words;
  if (set.family === 6) words += MASK_WORDS;
  const userdata = words;
  words += set.rules.length;

  const write = (memory: Memory, position: number) => {
    const { u32, i32 } = memory;
    const base = position >> 2;
    const entryOf = (node: Tree) => {
      if (node.kind === 'cut') return base + (cuts.get(node) ?? 0);
      const leaf = leaves.get(node.ranks.join());
      return leaf === undefined ? 0 : LEAF | (base + leaf.word);
    };
    for (const { word, ranks } of leaves.values()) {
      ranks.forEach((rank, i) => {
        const last = i === ranks.length - 1 ? LAST : 0;
        const record = base + word + i * recordWords(set.family);
        if (set.family === 4) writeRecord4(memory, record, set.rules[rank], rank | last);
        else writeRecord6(memory, record, set.rules[rank], rank | last);
      });
    }
    for (const [cut, word] of cuts) {
      i32[base + word + CUT_WINDOW] = windowOf(set, cut);
      i32[base + word + CUT_REST] = entryOf(cut.rest);
      i32[base + word + CUT_REST_RANK] = cut.restRank;
      cut.children.forEach((child, i) => {
        i32[base + word + CUT_ENTRIES + i] = entryOf(child);
      });
    }
    if (set.family === 6) {
      for (let depth = 0; depth <= 128; depth++) {
        const mask = position + 4 * masks + 16 * depth;
        for (let i = 0; i < 16; i++) memory.u8[mask + i] = 0xff00 >>> Math.min(8, Math.max(0, depth - 8 * i));
      }
    }
    set.rules.forEach((rule, rank) => {
      u32[base + userdata + rank] = rule.userdata;
    });
    u32[base + (FAMILY >> 2)] = set.family;
    u32[base + (RULES >> 2)] = set.rules.length;
    i32[base + (ROOT >> 2)] = entryOf(tree);
    u32[base + (USERDATA >> 2)] = base + userdata;
    u32[base + (MASKS >> 2)] = base + masks;
    u32[base + (TABLE_BYTES >> 2)] = 4 * words;
    u32[base + (MAGIC >> 2)] = MAGIC_VALUE;
  };
  return { bytes: 4 * words, write };
}

/** Visits a tree, its upper parts first, so that they lie together. */
function walk(tree: Tree, visit: { leaf(leaf: Leaf): void; cut(cut: Cut): void }): void {
  let level: Tree[] = [tree];
  while (level.length > 0) {
    const next: Tree[] = [];
    for (const node of level) {
      if (node.kind === 'leaf') {
        visit.leaf(node);
      } else {
        visit.cut(node);
        for (const child of node.children) next.push(child);
        next.push(node.rest);
      }
    }
    level = next;
  }
}

/** What a search reads, shifts and masks: two bytes that have the bits of the cut in them. */
function windowOf({ dimensions }: RuleSet, { dimension, shift, width }: Cut): number {
  const { offset, bits } = dimensions[dimension];
  const above = bits - shift - width;
  // The byte behind a field is read only when the field is a single byte.
  const byte = Math.min(above >> 3, Math.max(0, (bits >> 3) - 2));
  const down = 8 * byte + 16 - above - width;
  return (offset + byte) | (down << WINDOW_SHIFT_AT) | (((1 << width) - 1) << WINDOW_MASK_AT);
}

function writeRecord4({ u8, i32 }: Memory, record: number, rule: Acl4Rule, rank: number): void {
  const { src, dst, sport, dport, proto } = rule;
  writeWord(u8, 4 * (record + RECORD4_SRC), src?.address ?? 0);
  writeWord(u8, 4 * (record + RECORD4_SRC_MASK), maskOf(src?.depth ?? 0));
  writeWord(u8, 4 * (record + RECORD4_DST), dst?.address ?? 0);
  writeWord(u8, 4 * (record + RECORD4_DST_MASK), maskOf(dst?.depth ?? 0));
  i32[record + RECORD4_SPORT] = portsOf(sport);
  i32[record + RECORD4_DPORT] = portsOf(dport);
  i32[record + RECORD4_PROTO] = protoOf(proto);
  i32[record + RECORD4_RANK] = rank;
}

function writeRecord6({ u8, i32 }: Memory, record: number, rule: Acl6Rule, rank: number): void {
  const { src, dst, sport, dport, proto } = rule;
  u8.set(src?.address ?? new Uint8Array(16), 4 * (record + RECORD6_SRC));
  u8.set(dst?.address ?? new Uint8Array(16), 4 * (record + RECORD6_DST));
  i32[record + RECORD6_PROTO] = protoOf(proto) | ((src?.depth ?? 0) << 16) | ((dst?.depth ?? 0) << 24);
  i32[record + RECORD6_SPORT] = portsOf(sport);
  i32[record + RECORD6_DPORT] = portsOf(dport);
  i32[record + RECORD6_RANK] = rank;
}

/** A number in the order in which a packet has it. */
function writeWord(u8: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) u8[at + i] = value >>> (24 - 8 * i);
}

function maskOf(depth: number): number {
  return depth === 0 ? 0 : 0xffff_ffff << (32 - depth);
}

function portsOf(range: AclRange | undefined): number {
  return range === undefined ? 0xffff_0000 | 0 : range.low | (range.high << 16);
}

function protoOf(bits: AclBits | undefined): number {
  return bits === undefined ? 0 : bits.value | (bits.mask << 8);
}
