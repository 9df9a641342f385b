/**
 * Policy look-up for bursts of packets (DPDK: `rte_acl_classify`, with one category).
 *
 * A search goes down cuts: two bytes of the header, shifted and masked, choose the next. It ends at a leaf, a few rules
 * that are compared whole, best first; no cut is trusted, so a wrong packet ends at a leaf that does not match. Rules that
 * a cut cannot tell apart hang aside as its rest, and are searched as well unless something better was found.
 *
 * The fields are read at fixed places: protocol, addresses, and the four bytes behind the fixed header as ports, whatever
 * the protocol and the options. Nothing is known here of lengths: a packet may end before its ports, its buffer must not.
 */
import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import {
  CUT_ENTRIES,
  CUT_REST,
  CUT_REST_RANK,
  IP4_DST,
  IP4_PORTS,
  IP4_PROTO,
  IP4_SRC,
  IP6_PORTS,
  IP6_PROTO,
  IP6_SRC,
  LEAF_WORD,
  MASKS,
  MAX_DEPTH,
  RANK_MASK,
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
  USERDATA,
  WINDOW_MASK_AT,
  WINDOW_OFFSET_MASK,
  WINDOW_SHIFT_AT,
  WINDOW_SHIFT_MASK,
} from './_layout.ts';

/** 0 to 65535, as records have it. */
const ANY_PORT = 0xffff_0000 | 0;

/** The lengths of the prefixes in the protocol word of an IPv6 record. */
const SRC_DEPTH = 0x00ff_0000;
const DST_DEPTH = 0xff00_0000 | 0;

/** The rank of nothing. */
const NO_RANK = 0x7fff_ffff;

// Rests that wait, an entry and its best rank each. Every thread has its own copy of this module.
const waiting = new Int32Array(2 * MAX_DEPTH);
// What is read only to have it in the cache.
const touched = new Int32Array(32);
// The addresses of a packet whose header is not aligned.
const addressBytes = new Uint8Array(32);
const addressWords = new Int32Array(addressBytes.buffer);

/** A search of one family in one memory: as {@link aclClassify4} without its first argument. */
export type Classify = (table: number, headers: Uint32Array, n: number, results: Uint32Array) => number;

/** The searches of a memory, made once. */
export const classifier4: (memory: Memory) => Classify = oncePerMemory((memory) => classify4Loop(memory));
export const classifier6: (memory: Memory) => Classify = oncePerMemory((memory) => classify6Loop(memory));

/**
 * Classifies IPv4 packets.
 *
 * @param table position of a table of family 4
 * @param headers positions of IP headers; those that are not 4-byte aligned take longer
 * @param n how many
 * @param results the userdata of the best rule that matches each is written here, 0 where none does; not `headers` itself
 * @returns how many were matched
 */
export function aclClassify4(
  memory: Memory,
  table: number,
  headers: Uint32Array,
  n: number,
  results: Uint32Array,
): number {
  return classifier4(memory)(table, headers, n, results);
}

function classify4Loop(memory: Memory): Classify {
  const { u8, u32, i32 } = memory;
  const compareAll4 = compareAll4Loop(memory);
  const firstLeaves4 = firstLeaves4Loop(memory);
  return (table, headers, n, results) => {
    const root = i32[(table + ROOT) >>> 2];
    const userdata = i32[(table + USERDATA) >>> 2];
    if (root < 0 && i32[(root & LEAF_WORD) + RECORD4_RANK] < 0) {
      const alone = compareAll4(root & LEAF_WORD, userdata, headers, n, results);
      if (alone >= 0) return alone;
    }
    const first = root > 0 ? firstLeaves4(root, userdata, headers, n, results) : 0;
    if (first === n) return n;
    let matched = first;
    let rest = 0;
    let restRank = 0;
    if (root > 0) {
      // The first cut of all packets first: what it leads to then comes into the cache at the same time.
      const window = i32[root];
      const offset = window & WINDOW_OFFSET_MASK;
      const shift = (window >>> WINDOW_SHIFT_AT) & WINDOW_SHIFT_MASK;
      const mask = window >>> WINDOW_MASK_AT;
      rest = i32[root + CUT_REST];
      restRank = i32[root + CUT_REST_RANK];
      for (let i = first; i < n; i++) {
        const at = headers[i] + offset;
        const entry = i32[root + CUT_ENTRIES + ((((u8[at] << 8) | u8[at + 1]) >>> shift) & mask)];
        results[i] = entry;
        touched[i & 31] = i32[(entry & LEAF_WORD) + RECORD4_RANK];
      }
    }
    for (let i = first; i < n; i++) {
      const header = headers[i];
      let src = 0;
      let dst = 0;
      if ((header & 3) === 0) {
        src = i32[(header + IP4_SRC) >>> 2];
        dst = i32[(header + IP4_DST) >>> 2];
      } else {
        for (let byte = 0; byte < 8; byte++) addressBytes[byte] = u8[header + IP4_SRC + byte];
        src = addressWords[0];
        dst = addressWords[1];
      }
      const proto = u8[header + IP4_PROTO];
      let best = NO_RANK;
      let waits = 0;
      let entry = root > 0 ? results[i] | 0 : root;
      if (rest !== 0) {
        waiting[0] = rest;
        waiting[1] = restRank;
        waits = 2;
      }
      for (;;) {
        while (entry > 0) {
          const window = i32[entry];
          const aside = i32[entry + CUT_REST];
          if (aside !== 0) {
            waiting[waits] = aside;
            waiting[waits + 1] = i32[entry + CUT_REST_RANK];
            waits += 2;
          }
          const at = header + (window & WINDOW_OFFSET_MASK);
          const bits = ((u8[at] << 8) | u8[at + 1]) >>> ((window >>> WINDOW_SHIFT_AT) & WINDOW_SHIFT_MASK);
          entry = i32[entry + CUT_ENTRIES + (bits & (window >>> WINDOW_MASK_AT))];
        }
        if (entry !== 0) {
          let record = entry & LEAF_WORD;
          for (;;) {
            const last = i32[record + RECORD4_RANK];
            const rank = last & RANK_MASK;
            if (rank >= best) break;
            const wanted = i32[record + RECORD4_PROTO];
            const unlike =
              ((src ^ i32[record + RECORD4_SRC]) & i32[record + RECORD4_SRC_MASK]) |
              ((dst ^ i32[record + RECORD4_DST]) & i32[record + RECORD4_DST_MASK]) |
              ((proto ^ wanted) & (wanted >>> 8));
            if (unlike === 0) {
              const sports = i32[record + RECORD4_SPORT];
              const dports = i32[record + RECORD4_DPORT];
              if (sports === ANY_PORT && dports === ANY_PORT) {
                best = rank;
                break;
              }
              const sport = (u8[header + IP4_PORTS] << 8) | u8[header + IP4_PORTS + 1];
              const dport = (u8[header + IP4_PORTS + 2] << 8) | u8[header + IP4_PORTS + 3];
              // Negative when a port is out of its range.
              const outside =
                (sport - (sports & 0xffff)) |
                ((sports >>> 16) - sport) |
                (dport - (dports & 0xffff)) |
                ((dports >>> 16) - dport);
              if (outside >= 0) {
                best = rank;
                break;
              }
            }
            if (last < 0) break;
            record += RECORD4_WORDS;
          }
        }
        do {
          waits -= 2;
        } while (waits >= 0 && waiting[waits + 1] >= best);
        if (waits < 0) break;
        entry = waiting[waits];
      }
      if (best === NO_RANK) {
        results[i] = 0;
      } else {
        results[i] = u32[userdata + best];
        matched++;
      }
    }
    return matched;
  };
}

/**
 * Compares IPv4 packets with the only rule that there is, by a loop that calls nothing.
 *
 * @returns how many were matched, or -1 when a header is not aligned
 */
function compareAll4Loop({
  i32,
}: Memory): (record: number, userdata: number, headers: Uint32Array, n: number, results: Uint32Array) => number {
  return (record, userdata, headers, n, results) => {
    const source = i32[record + RECORD4_SRC];
    const sourceMask = i32[record + RECORD4_SRC_MASK];
    const destination = i32[record + RECORD4_DST];
    const destinationMask = i32[record + RECORD4_DST_MASK];
    // The protocol is the second byte of its word.
    const proto = (i32[record + RECORD4_PROTO] & 0xff) << 8;
    const protoMask = i32[record + RECORD4_PROTO] & 0xff00;
    const sports = i32[record + RECORD4_SPORT];
    const dports = i32[record + RECORD4_DPORT];
    const leastSource = sports & 0xffff;
    const mostSource = sports >>> 16;
    const leastDestination = dports & 0xffff;
    const mostDestination = dports >>> 16;
    const answer = i32[userdata + (i32[record + RECORD4_RANK] & RANK_MASK)];
    let matched = 0;
    for (let i = 0; i < n; i++) {
      const header = headers[i] | 0;
      if ((header & 3) !== 0) return -1;
      const word = header >> 2;
      const ports = i32[word + (IP4_PORTS >> 2)];
      const sport = ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff);
      const dport = ((ports >>> 8) & 0xff00) | (ports >>> 24);
      const unlike =
        ((i32[word + (IP4_SRC >> 2)] ^ source) & sourceMask) |
        ((i32[word + (IP4_DST >> 2)] ^ destination) & destinationMask) |
        ((i32[word + 2] ^ proto) & protoMask);
      // Negative when a port is out of its range.
      const outside =
        (sport - leastSource) | (mostSource - sport) | (dport - leastDestination) | (mostDestination - dport);
      if (unlike === 0 && outside >= 0) {
        results[i] = answer;
        matched++;
      } else results[i] = 0;
    }
    return matched;
  };
}

/**
 * Answers for the first IPv4 packets, as long as the first cut leads each to a leaf whose best rule it matches, by a loop
 * that calls nothing. A cut with a rest leads none there for certain.
 *
 * @returns the number of the packet that is another case
 */
function firstLeaves4Loop({
  i32,
  u8,
}: Memory): (root: number, userdata: number, headers: Uint32Array, n: number, results: Uint32Array) => number {
  return (root, userdata, headers, n, results) => {
    if (i32[root + CUT_REST] !== 0) return 0;
    const window = i32[root];
    const offset = window & WINDOW_OFFSET_MASK;
    const shift = (window >>> WINDOW_SHIFT_AT) & WINDOW_SHIFT_MASK;
    const mask = window >>> WINDOW_MASK_AT;
    const entries = (root + CUT_ENTRIES) | 0;
    let i = 0;
    for (; i < n; i++) {
      const header = headers[i] | 0;
      const at = (header + offset) | 0;
      const entry = i32[entries + ((((u8[at] << 8) | u8[at + 1]) >>> shift) & mask)];
      if (entry >= 0 || (header & 3) !== 0) break;
      const record = entry & LEAF_WORD;
      const word = header >> 2;
      const wanted = i32[record + RECORD4_PROTO];
      const sports = i32[record + RECORD4_SPORT];
      const dports = i32[record + RECORD4_DPORT];
      const ports = i32[word + (IP4_PORTS >> 2)];
      const sport = ((ports & 0xff) << 8) | ((ports >>> 8) & 0xff);
      const dport = ((ports >>> 8) & 0xff00) | (ports >>> 24);
      // The protocol is the second byte of its word.
      const unlike =
        ((i32[word + (IP4_SRC >> 2)] ^ i32[record + RECORD4_SRC]) & i32[record + RECORD4_SRC_MASK]) |
        ((i32[word + (IP4_DST >> 2)] ^ i32[record + RECORD4_DST]) & i32[record + RECORD4_DST_MASK]) |
        (((i32[word + (IP4_PROTO >> 2)] >>> 8) ^ wanted) & (wanted >>> 8) & 0xff);
      // Negative when a port is out of its range.
      const outside =
        (sport - (sports & 0xffff)) |
        ((sports >>> 16) - sport) |
        (dport - (dports & 0xffff)) |
        ((dports >>> 16) - dport);
      if (unlike !== 0 || outside < 0) break;
      results[i] = i32[userdata + (i32[record + RECORD4_RANK] & RANK_MASK)];
    }
    return i;
  };
}

/**
 * Classifies IPv6 packets. The protocol is the next header of the fixed header: extension headers are not walked.
 *
 * @param table position of a table of family 6
 * @param headers positions of IP headers; those that are not 4-byte aligned take longer
 * @param n how many
 * @param results the userdata of the best rule that matches each is written here, 0 where none does; not `headers` itself
 * @returns how many were matched
 */
export function aclClassify6(
  memory: Memory,
  table: number,
  headers: Uint32Array,
  n: number,
  results: Uint32Array,
): number {
  return classifier6(memory)(table, headers, n, results);
}

function classify6Loop({ u8, u32, i32 }: Memory): Classify {
  return (table, headers, n, results) => {
    const root = i32[(table + ROOT) >>> 2];
    const userdata = i32[(table + USERDATA) >>> 2];
    const masks = i32[(table + MASKS) >>> 2];
    let matched = 0;
    let rest = 0;
    let restRank = 0;
    if (root > 0) {
      // The first cut of all packets first: what it leads to then comes into the cache at the same time.
      const window = i32[root];
      const offset = window & WINDOW_OFFSET_MASK;
      const shift = (window >>> WINDOW_SHIFT_AT) & WINDOW_SHIFT_MASK;
      const mask = window >>> WINDOW_MASK_AT;
      rest = i32[root + CUT_REST];
      restRank = i32[root + CUT_REST_RANK];
      for (let i = 0; i < n; i++) {
        const at = headers[i] + offset;
        const entry = i32[root + CUT_ENTRIES + ((((u8[at] << 8) | u8[at + 1]) >>> shift) & mask)];
        results[i] = entry;
        touched[i & 31] = i32[(entry & LEAF_WORD) + RECORD6_RANK];
      }
    }
    for (let i = 0; i < n; i++) {
      const header = headers[i];
      // Where the addresses are as words: in the packet, or, when it is not aligned, in a copy.
      let words = i32;
      let addresses = (header + IP6_SRC) >>> 2;
      if ((header & 3) !== 0) {
        for (let byte = 0; byte < 32; byte++) addressBytes[byte] = u8[header + IP6_SRC + byte];
        words = addressWords;
        addresses = 0;
      }
      const proto = u8[header + IP6_PROTO];
      let best = NO_RANK;
      let waits = 0;
      let entry = root > 0 ? results[i] | 0 : root;
      if (rest !== 0) {
        waiting[0] = rest;
        waiting[1] = restRank;
        waits = 2;
      }
      for (;;) {
        while (entry > 0) {
          const window = i32[entry];
          const aside = i32[entry + CUT_REST];
          if (aside !== 0) {
            waiting[waits] = aside;
            waiting[waits + 1] = i32[entry + CUT_REST_RANK];
            waits += 2;
          }
          const at = header + (window & WINDOW_OFFSET_MASK);
          const bits = ((u8[at] << 8) | u8[at + 1]) >>> ((window >>> WINDOW_SHIFT_AT) & WINDOW_SHIFT_MASK);
          entry = i32[entry + CUT_ENTRIES + (bits & (window >>> WINDOW_MASK_AT))];
        }
        if (entry !== 0) {
          let record = entry & LEAF_WORD;
          for (;;) {
            const last = i32[record + RECORD6_RANK];
            const rank = last & RANK_MASK;
            if (rank >= best) break;
            const wanted = i32[record + RECORD6_PROTO];
            let unlike = (proto ^ wanted) & (wanted >>> 8) & 0xff;
            // Most rules leave one of the addresses open.
            if ((wanted & SRC_DEPTH) !== 0) {
              const mask = masks + ((wanted >>> 14) & 0x3fc);
              unlike |=
                ((words[addresses] ^ i32[record + RECORD6_SRC]) & i32[mask]) |
                ((words[addresses + 1] ^ i32[record + RECORD6_SRC + 1]) & i32[mask + 1]) |
                ((words[addresses + 2] ^ i32[record + RECORD6_SRC + 2]) & i32[mask + 2]) |
                ((words[addresses + 3] ^ i32[record + RECORD6_SRC + 3]) & i32[mask + 3]);
            }
            if ((wanted & DST_DEPTH) !== 0) {
              const mask = masks + ((wanted >>> 24) << 2);
              unlike |=
                ((words[addresses + 4] ^ i32[record + RECORD6_DST]) & i32[mask]) |
                ((words[addresses + 5] ^ i32[record + RECORD6_DST + 1]) & i32[mask + 1]) |
                ((words[addresses + 6] ^ i32[record + RECORD6_DST + 2]) & i32[mask + 2]) |
                ((words[addresses + 7] ^ i32[record + RECORD6_DST + 3]) & i32[mask + 3]);
            }
            if (unlike === 0) {
              const sports = i32[record + RECORD6_SPORT];
              const dports = i32[record + RECORD6_DPORT];
              if (sports === ANY_PORT && dports === ANY_PORT) {
                best = rank;
                break;
              }
              const sport = (u8[header + IP6_PORTS] << 8) | u8[header + IP6_PORTS + 1];
              const dport = (u8[header + IP6_PORTS + 2] << 8) | u8[header + IP6_PORTS + 3];
              // Negative when a port is out of its range.
              const outside =
                (sport - (sports & 0xffff)) |
                ((sports >>> 16) - sport) |
                (dport - (dports & 0xffff)) |
                ((dports >>> 16) - dport);
              if (outside >= 0) {
                best = rank;
                break;
              }
            }
            if (last < 0) break;
            record += RECORD6_WORDS;
          }
        }
        do {
          waits -= 2;
        } while (waits >= 0 && waiting[waits + 1] >= best);
        if (waits < 0) break;
        entry = waiting[waits];
      }
      if (best === NO_RANK) {
        results[i] = 0;
      } else {
        results[i] = u32[userdata + best];
        matched++;
      }
    }
    return matched;
  };
}
