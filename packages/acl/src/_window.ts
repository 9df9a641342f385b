/**
 * Choosing where to cut: which bits of a packet tell the rules of a place apart best.
 *
 * A window is up to 16 neighbouring bits of one dimension. A rule goes into every child whose bits it allows. A rule
 * that would go into too many is *wide*: it goes into the rest of the cut instead, where other bits may tell. Costs are
 * guesses in nanoseconds; only their order matters.
 */
import type { Region } from './_region.ts';
import type { RuleSet } from './_rule-set.ts';

/**
 * Up to this number, rules below a cut are compared one by one: whether there is one more cut is as hard to foresee as
 * which of them it is.
 */
export const LEAF_RULES = 3;

// In nanoseconds, from measuring tables of 1 to 10,000 rules on one machine.
const CUT_COST = 4;
const RULE_COST = 2;
/** Several rules in one place: the processor cannot foresee which one it will be. */
const DOUBT_COST = 5;
const REST_COST = 5;
/** What more cache is taken costs: for as many bytes a rule as a record has. */
const BYTES_COST = 0.6;
/** A search reads two bytes. */
const MAX_WINDOW_BITS = 16;

/** Some bits of a dimension: `width` of them from bit `shift` on, counted from the lowest. */
export interface Bits {
  readonly dimension: number;
  readonly shift: number;
  readonly width: number;
}

/** Where to cut. */
export interface ChosenWindow extends Bits {
  /** Rules that would go into more children than this are wide. */
  readonly limit: number;
  /** The most children that one goes into that is not wide. */
  readonly longest: number;
  /** What a search costs, without the rest. */
  readonly cost: number;
  /** For what part of the packets the rest is searched too, 0 to 1. */
  readonly restShare: number;
  /** How many rules are wide. */
  readonly wide: number;
  /** What a search costs if the rest is easy to search. */
  readonly hope: number;
  /** What it costs if cuts leave the same part of the rules aside again and again. */
  readonly care: number;
}

/** What a search through `n` rules costs below a cut, when more cuts tell them apart well. */
export function searchCost(n: number): number {
  return n <= LEAF_RULES ? scanCost(n) : scanCost(LEAF_RULES) + (CUT_COST * Math.log2(n / LEAF_RULES)) / 4;
}

/** What a search through `n` rules costs without a cut. */
export function scanCost(n: number): number {
  return RULE_COST * n + (n > 1 ? DOUBT_COST : 0);
}

/**
 * What a cut costs.
 *
 * @param inside what a search in a child costs, on average
 * @param copies how many records a rule becomes, on average, and as many more for the entries
 */
export function cutCost(inside: number, copies: number): number {
  return CUT_COST + inside + BYTES_COST * copies;
}

const counts = new Int32Array(1 << MAX_WINDOW_BITS);
let searchCosts = new Float64Array(0);

/**
 * The windows that promise most: the best one if all that goes aside can be told apart at once, and the best one if it is as
 * hard as it is here. None when nothing tells anything apart.
 */
export function chooseWindows(
  set: RuleSet,
  ranks: readonly number[],
  region: Region,
  recordBytes: number,
): readonly ChosenWindow[] {
  const n = ranks.length;
  if (searchCosts.length <= n) searchCosts = Float64Array.from({ length: 2 * n + 2 }, (_, i) => searchCost(i));
  const widest = Math.min(MAX_WINDOW_BITS, Math.ceil(Math.log2(n)) + 1);
  const widths = [...new Set([widest, Math.ceil(widest / 2), 2])].filter((width) => width > 0);
  let hopeful: ChosenWindow | undefined;
  let careful: ChosenWindow | undefined;
  set.dimensions.forEach(({ bits }, dimension) => {
    const low = clipped(set.low[dimension], ranks, region.min[dimension], Math.max);
    const high = clipped(set.high[dimension], ranks, region.max[dimension], Math.min);
    if (low.every((value, i) => value === low[0] && high[i] === high[0])) return;
    for (const width of widths) {
      for (let shift = 0; shift + width <= bits; shift++) {
        // The window has to lie within two bytes.
        if (((bits - shift - width) & 7) + width > 16) continue;
        if ((maskOf(shift, width) & ~region.known[dimension]) === 0) continue;
        for (let limit = 1 << (width >> 1); ; limit = 1 << (width >> 2)) {
          const window = measure({ dimension, shift, width }, limit, low, high, recordBytes);
          if (window === undefined) break;
          if (hopeful === undefined || window.hope < hopeful.hope) hopeful = window;
          if (careful === undefined || window.care < careful.care) careful = window;
          if (window.longest <= 1 << (width >> 2)) break;
        }
      }
    }
  });
  return [...new Set([hopeful, careful])].filter((window) => window !== undefined);
}

/** The bits of a window within its dimension. */
export function maskOf(shift: number, width: number): number {
  return ((2 ** width - 1) << shift) >>> 0;
}

/** The first child that a rule goes into, and how many children from there on, counted round; none is 0. */
export function childrenOf(set: RuleSet, rank: number, region: Region, bits: Bits): { first: number; span: number } {
  const { dimension, shift, width } = bits;
  const low = Math.max(set.low[dimension][rank], region.min[dimension]) >>> shift;
  const high = Math.min(set.high[dimension][rank], region.max[dimension]) >>> shift;
  const size = 1 << width;
  return { first: low & (size - 1), span: Math.min(size, high - low + 1) };
}

/** A bound of every rule, as far as the region goes. */
function clipped(
  values: Uint32Array,
  ranks: readonly number[],
  bound: number,
  choose: (a: number, b: number) => number,
): Uint32Array {
  return Uint32Array.from(ranks, (rank) => choose(values[rank], bound));
}

/** What comes of cutting by one window; undefined when it leads nowhere. */
function measure(
  { dimension, shift, width }: Bits,
  limit: number,
  low: Uint32Array,
  high: Uint32Array,
  recordBytes: number,
): ChosenWindow | undefined {
  const n = low.length;
  const size = 1 << width;
  let wide = 0;
  let firstWide = n;
  let copies = 0;
  let longest = 0;
  counts.fill(0, 0, size);
  for (let i = 0; i < n; i++) {
    const first = low[i] >>> shift;
    const span = (high[i] >>> shift) - first + 1;
    if (span <= 0) continue;
    if (span > limit || span >= size) {
      if (wide === 0) firstWide = i;
      wide++;
      continue;
    }
    copies += span;
    if (span > longest) longest = span;
    for (let j = 0; j < span; j++) counts[(first + j) & (size - 1)]++;
  }
  if (copies === 0) return undefined;
  let inside = 0;
  let most = 0;
  for (let i = 0; i < size; i++) {
    inside += counts[i] * searchCosts[counts[i]];
    if (counts[i] > most) most = counts[i];
  }
  // It must lead somewhere.
  if (most === n) return undefined;
  const bytes = 4 * size + recordBytes * copies;
  const cost = cutCost(inside / copies, bytes / (recordBytes * n));
  // The rest is searched for the rules that go there and for those that are worse than its best.
  const restShare = (n - firstWide) / n;
  const hope = cost + restCost(restShare, searchCost(wide));
  const rounds = wide < 2 ? 0 : Math.log(wide) / Math.log(n / wide);
  const care = cost + restCost(restShare, Math.min(scanCost(wide), searchCost(1) + rounds * (REST_COST + CUT_COST)));
  return { dimension, shift, width, limit, longest, cost, restShare, wide, hope, care };
}

/** What a rest costs that is searched for part of the packets, at `search` each. */
export function restCost(share: number, search: number): number {
  return share === 0 ? 0 : 1 + share * (REST_COST + search);
}

/** What a search costs in a child of `n` rules of which `wide` are in many other children too. */
export function mixedCost(n: number, wide: number): number {
  return wide === 0 || n <= LEAF_RULES ? searchCost(n) : searchCost(n - wide) + REST_COST + searchCost(wide);
}
