/** What is known of a packet that has come to some place of the tree: some bits of each dimension. */
import type { RuleSet } from './_rule-set.ts';

/** The least and the greatest number that a packet can have in each dimension, and which bits of it are known. */
export interface Region {
  readonly known: Uint32Array;
  readonly min: Uint32Array;
  readonly max: Uint32Array;
}

/** The region of all packets. */
export function wholeRegion({ dimensions }: RuleSet): Region {
  return {
    known: new Uint32Array(dimensions.length),
    min: new Uint32Array(dimensions.length),
    max: Uint32Array.from(dimensions, ({ bits }) => 2 ** bits - 1),
  };
}

/** The part of a region in which the bits of `mask` of a dimension are those of `value`. */
export function narrowRegion(region: Region, dimension: number, mask: number, value: number): Region {
  const known = region.known.slice();
  const min = region.min.slice();
  const max = region.max.slice();
  const fresh = mask & ~known[dimension];
  known[dimension] |= mask;
  min[dimension] |= value & fresh;
  max[dimension] &= ~(fresh & ~value);
  return { known, min, max };
}

/** Whether one rule matches every packet of a region that another matches. */
export function shadows({ low, high, holes }: RuleSet, rank: number, other: number, { min, max }: Region): boolean {
  if (holes[rank] === 1) return false;
  for (let d = 0; d < low.length; d++) {
    if (low[d][rank] > Math.max(min[d], low[d][other]) || high[d][rank] < Math.min(max[d], high[d][other]))
      return false;
  }
  return true;
}

/**
 * The rules that can win in a region, of some in the order of their ranks: none behind one that matches all that those
 * behind it do, and, of few, none that another one hides.
 */
export function winners(set: RuleSet, ranks: readonly number[], region: Region): readonly number[] {
  const kept = ranks.slice(0, endOfWinners(set, ranks, region));
  if (kept.length > 64) return kept;
  const left: number[] = [];
  for (const rank of kept) if (!hidden(set, rank, left, region)) left.push(rank);
  return left;
}

function hidden(set: RuleSet, rank: number, better: readonly number[], region: Region): boolean {
  for (const one of better) if (shadows(set, one, rank, region)) return true;
  return false;
}

/** How many rules there are up to the first one that hides all behind it. */
export function endOfWinners({ low, high, holes }: RuleSet, ranks: readonly number[], region: Region): number {
  // The box around the rules from `i` on, from the last one backwards.
  const least = region.max.slice();
  const most = region.min.slice();
  let end = ranks.length;
  for (let i = ranks.length - 1; i >= 0; i--) {
    const rank = ranks[i];
    let hides = holes[rank] === 0;
    for (let d = 0; d < low.length; d++) {
      if (low[d][rank] > least[d] || high[d][rank] < most[d]) hides = false;
      const from = Math.max(low[d][rank], region.min[d]);
      const to = Math.min(high[d][rank], region.max[d]);
      if (from < least[d]) least[d] = from;
      if (to > most[d]) most[d] = to;
    }
    if (hides) end = i + 1;
  }
  return end;
}
