/**
 * Building the tree of cuts. Memory is bounded: every place has a budget that it divides among its children by the rules
 * that go there, and where it does not reach for a cut, the rules are compared one by one.
 */
import { CUT_ENTRIES, MAX_DEPTH } from './_layout.ts';
import { narrowRegion, type Region, wholeRegion, winners } from './_region.ts';
import type { RuleSet } from './_rule-set.ts';
import {
  type Bits,
  type ChosenWindow,
  childrenOf,
  chooseWindows,
  cutCost,
  LEAF_RULES,
  maskOf,
  mixedCost,
  restCost,
  scanCost,
} from './_window.ts';

/** How many bits are cut at a time where rules overlap much. */
const COVER_BITS: readonly number[] = [2, 4, 8, 12];
/** How many times as many rules such a cut may make at most. */
const COVER_COPIES = 8;
/** How many rests of rests are looked at before a cut is chosen. */
const MAX_AHEAD = 5;

/** Rules to be compared one by one, best first; none is a place where nothing can match. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly ranks: readonly number[];
}

export interface Cut extends Bits {
  readonly kind: 'cut';
  /** 2 to the `width` of them. */
  readonly children: readonly Tree[];
  readonly rest: Tree;
  /** The best rank in the rest. */
  readonly restRank: number;
}

export type Tree = Leaf | Cut;

/**
 * Builds the tree for all rules of a set.
 *
 * @param recordBytes what a rule takes in a leaf
 * @param maxBytes what the tree may take about; where it does not reach, there is no further cut
 */
export function buildTree(set: RuleSet, recordBytes: number, maxBytes: number): Tree {
  const task = { set, recordBytes };
  const region = wholeRegion(set);
  return build(task, makePlan(task, unlikeRules(set), region, 1, 0), region, maxBytes, 0);
}

/** All ranks but those of rules that a better one repeats. */
function unlikeRules({ low, high, holes, rules }: RuleSet): number[] {
  const seen = new Set<string>();
  const ranks: number[] = [];
  rules.forEach((_, rank) => {
    const box = low.map((values, dimension) => `${values[rank]}-${high[dimension][rank]}`).join();
    if (holes[rank] === 0 && seen.has(box)) return;
    if (holes[rank] === 0) seen.add(box);
    ranks.push(rank);
  });
  return ranks;
}

interface Task {
  readonly set: RuleSet;
  readonly recordBytes: number;
}

/** A way to cut: the rules of each child, and those that go aside. */
interface Split extends Bits {
  readonly children: readonly (readonly number[])[];
  readonly rest: Plan;
  readonly cost: number;
}

/** What is to be done in a place: one of the splits, the best first, or none. */
interface Plan {
  readonly ranks: readonly number[];
  readonly splits: readonly Split[];
  /** What a search costs. */
  readonly cost: number;
}

const NOTHING: Leaf = { kind: 'leaf', ranks: [] };
const NO_PLAN: Plan = { ranks: [], splits: [], cost: 0 };

function build(task: Task, plan: Plan, region: Region, budget: number, depth: number): Tree {
  const { ranks } = plan;
  if (ranks.length === 0) return NOTHING;
  for (const { dimension, shift, width, children, rest } of depth === MAX_DEPTH ? [] : plan.splits) {
    const total = children.reduce((sum, { length }) => sum + length, rest.ranks.length);
    const left = budget - 4 * (CUT_ENTRIES + children.length);
    if (left < total * task.recordBytes) continue;
    const share = (part: readonly number[]) => (left * part.length) / total;
    return {
      kind: 'cut',
      dimension,
      shift,
      width,
      children: children.map((child, i) => {
        if (child.length === 0) return NOTHING;
        const inside = childRegion(region, { dimension, shift, width }, i);
        return build(task, makePlan(task, child, inside, LEAF_RULES, 0), inside, share(child), depth + 1);
      }),
      rest: build(task, rest, region, share(rest.ranks), depth + 1),
      restRank: rest.ranks[0] ?? 0,
    };
  }
  return { kind: 'leaf', ranks };
}

/**
 * Plans a place.
 *
 * @param leafRules up to how many rules are compared one by one without further thought
 * @param ahead how many rests this is the rest of
 */
function makePlan(task: Task, given: readonly number[], region: Region, leafRules: number, ahead: number): Plan {
  const { set, recordBytes } = task;
  const ranks = winners(set, given, region);
  const scan = scanCost(ranks.length);
  if (ranks.length <= leafRules) return { ranks, splits: [], cost: scan };

  const windows = chooseWindows(set, ranks, region, recordBytes);
  const found = windows.map((window) => splitByWindow(task, ranks, region, window, ahead));
  if (windows.every(({ wide }) => wide > 0)) found.push(...splitsByCover(task, ranks, region));
  const splits = found.filter(({ cost }) => cost < scan).sort((one, other) => one.cost - other.cost);
  return { ranks, splits, cost: splits[0]?.cost ?? scan };
}

function splitByWindow(
  task: Task,
  ranks: readonly number[],
  region: Region,
  window: ChosenWindow,
  ahead: number,
): Split {
  const { dimension, shift, width, limit } = window;
  const children: number[][] = Array.from({ length: 1 << width }, () => []);
  const aside: number[] = [];
  for (const rank of ranks) {
    const { first, span } = childrenOf(task.set, rank, region, window);
    if (span > limit || span >= children.length) aside.push(rank);
    else for (let i = 0; i < span; i++) children[(first + i) % children.length].push(rank);
  }
  if (aside.length === 0) return { dimension, shift, width, children, rest: NO_PLAN, cost: window.cost };
  // A rest that is nearly all, or the rest of many rests, is not worth a look.
  const worthIt = ahead < MAX_AHEAD && aside.length < 0.95 * ranks.length;
  const rest = worthIt ? makePlan(task, aside, region, LEAF_RULES, ahead + 1) : { ...NO_PLAN, ranks: aside };
  const cost = worthIt ? window.cost + restCost(window.restShare, rest.cost) : window.care;
  return { dimension, shift, width, children, rest, cost };
}

/** Cuts into parts of a dimension from its highest bit that matters on, where nothing goes aside. */
function splitsByCover(task: Task, ranks: readonly number[], region: Region): Split[] {
  const found: Split[] = [];
  task.set.dimensions.forEach((_, dimension) => {
    const top = undecided(task.set, ranks, region, dimension);
    for (const width of COVER_BITS) {
      if (width > top || 1 << width > 4 * ranks.length) break;
      const split = splitByCover(task, ranks, region, { dimension, shift: top - width, width });
      if (split !== undefined) found.push(split);
    }
  });
  return found;
}

/** How many of the lowest bits of a dimension are not the same in all rules, but for those that allow any. */
function undecided(set: RuleSet, ranks: readonly number[], region: Region, dimension: number): number {
  const full = 2 ** set.dimensions[dimension].bits - 1;
  let unlike = 0;
  let first = -1;
  for (const rank of ranks) {
    const low = set.low[dimension][rank];
    const high = set.high[dimension][rank];
    if (low === 0 && high === full) continue;
    if (first < 0) first = low;
    unlike |= (low ^ first) | (high ^ first);
  }
  return 32 - Math.clz32(unlike & ~region.known[dimension]);
}

function splitByWindow(set: RuleSet, ranks: readonly number[], region: Region, window: ChosenWindow): Split {
  const { dimension, shift, width, limit, cost } = window;
  const children: number[][] = Array.from({ length: 1 << width }, () => []);
  const rest: number[] = [];
  for (const rank of ranks) {
    const { first, span } = childrenOf(set, rank, region, window);
    if (span > limit || span >= children.length) rest.push(rank);
    else for (let i = 0; i < span; i++) children[(first + i) % children.length].push(rank);
  }
  return { dimension, shift, width, children, rest, cost };
}

/**
 * A cut for rules that overlap much: every rule goes wherever it reaches. What makes it worth it is that a rule that
 * matches all of a child hides the rules behind it.
 */
function splitByCover(
  { set, recordBytes }: Task,
  ranks: readonly number[],
  region: Region,
  bits: Bits,
): Split | undefined {
  const places = ranks.map((rank) => childrenOf(set, rank, region, bits));
  const reached = places.reduce((sum, { span }) => sum + Math.max(0, span), 0);
  if (reached > COVER_COPIES * (ranks.length + (1 << bits.width))) return undefined;
  const all: number[][] = Array.from({ length: 1 << bits.width }, () => []);
  places.forEach(({ first, span }, i) => {
    for (let j = 0; j < span; j++) all[(first + j) % all.length].push(ranks[i]);
  });
  const children = all.map((child, i) => winners(set, child, childRegion(region, bits, i)));
  const copies = children.reduce((sum, { length }) => sum + length, 0);
  if (copies === 0 || children.every(({ length }) => length === ranks.length)) return undefined;
  const wide = new Set(ranks.filter((_, i) => places[i].span > 2));
  let inside = 0;
  for (const child of children) {
    inside += child.length * mixedCost(child.length, child.filter((rank) => wide.has(rank)).length);
  }
  const bytes = 4 * children.length + recordBytes * copies;
  return { ...bits, children, rest: NO_PLAN, cost: cutCost(inside / copies, bytes / (recordBytes * ranks.length)) };
}

function childRegion(region: Region, { dimension, shift, width }: Bits, child: number): Region {
  return narrowRegion(region, dimension, maskOf(shift, width), (child << shift) >>> 0);
}
