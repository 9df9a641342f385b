/**
 * Building the tree of cuts.
 *
 * In every place two kinds of cut compete. A cut by a window tells rules apart that name an address or a port closely, and
 * leaves the others aside, in its rest, which has cuts of its own. A cut by cover puts every rule wherever it reaches, which
 * pays where a rule that matches all of a child hides many behind it. The one with the lower guessed cost is taken.
 *
 * Memory is bounded: every place has a budget that it divides among its children by the rules that go there, and where it
 * does not reach for a cut, the rules are compared one by one.
 */
import { CUT_ENTRIES, MAX_DEPTH } from './_layout.ts';
import { endOfWinners, narrowRegion, type Region, wholeRegion, winners } from './_region.ts';
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

/** How many bits a cut by cover takes. */
const COVER_BITS: readonly number[] = [2, 4, 8, 12];
/** How many times as many rules a cut by cover may make at most. */
const COVER_COPIES = 8;
/** How many cuts ahead a plan is thought through. */
const MAX_AHEAD = 1;
/** Among so few rules there is little to gain from thinking ahead. */
const FEW_RULES = 100;

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

/** What is built from. */
interface Task {
  readonly set: RuleSet;
  /** What a rule takes in a leaf. */
  readonly recordBytes: number;
}

/** A way to cut: the rules of each child, and those that go aside. */
interface Split extends Bits {
  readonly children: readonly (readonly number[])[];
  readonly rest: Plan;
  readonly cost: number;
}

/** What is to be done in a place. */
interface Plan {
  readonly ranks: readonly number[];
  /** The ways to cut that are better than none, the best first; undefined where nobody has thought about it yet. */
  readonly splits: readonly Split[] | undefined;
  /** What a search costs. */
  readonly cost: number;
}

const NOTHING: Leaf = { kind: 'leaf', ranks: [] };
const NO_PLAN: Plan = { ranks: [], splits: [], cost: 0 };

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

/** All ranks but those of rules that only repeat a better one. */
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

function build(task: Task, given: Plan, region: Region, budget: number, depth: number): Tree {
  if (given.ranks.length === 0) return NOTHING;
  const plan = given.splits === undefined ? makePlan(task, given.ranks, region, LEAF_RULES, 0) : given;
  const splits = depth === MAX_DEPTH ? [] : (plan.splits ?? []);
  for (const { dimension, shift, width, children, rest } of splits) {
    const total = countAll(children) + rest.ranks.length;
    const left = budget - 4 * (CUT_ENTRIES + children.length);
    if (left < total * task.recordBytes) continue;
    const bits = { dimension, shift, width };
    const share = (part: readonly number[]) => (left * part.length) / total;
    return {
      kind: 'cut',
      ...bits,
      children: children.map((child, i) => {
        if (child.length === 0) return NOTHING;
        const inside = childRegion(region, bits, i);
        return build(task, makePlan(task, child, inside, LEAF_RULES, 0), inside, share(child), depth + 1);
      }),
      rest: build(task, rest, region, share(rest.ranks), depth + 1),
      restRank: rest.ranks[0] ?? 0,
    };
  }
  return { kind: 'leaf', ranks: plan.ranks };
}

/**
 * Plans a place.
 *
 * @param leafRules up to how many rules are compared one by one without further thought
 * @param ahead how many cuts above this one are only thought of
 */
function makePlan(task: Task, given: readonly number[], region: Region, leafRules: number, ahead: number): Plan {
  const ranks = winners(task.set, given, region);
  const scan = scanCost(ranks.length);
  if (ranks.length <= leafRules) return { ranks, splits: [], cost: scan };

  const thinks = ahead < MAX_AHEAD && ranks.length > FEW_RULES;
  const windows = chooseWindows(task.set, ranks, region, task.recordBytes);
  const found = windows.map((window) => splitByWindow(task, ranks, region, window, thinks, ahead));
  if (windows.every(({ wide }) => wide > 0)) found.push(...splitsByCover(task, ranks, region, thinks, ahead));
  const splits = found.filter(({ cost }) => cost < scan).sort((one, other) => one.cost - other.cost);
  return { ranks, splits, cost: splits[0]?.cost ?? scan };
}

function splitByWindow(
  task: Task,
  ranks: readonly number[],
  region: Region,
  window: ChosenWindow,
  thinks: boolean,
  ahead: number,
): Split {
  const { dimension, shift, width, limit } = window;
  const children = emptyChildren(width);
  const aside: number[] = [];
  for (const rank of ranks) {
    const { first, span } = childrenOf(task.set, rank, region, window);
    if (span > limit || span >= children.length) aside.push(rank);
    else for (let i = 0; i < span; i++) children[(first + i) % children.length].push(rank);
  }
  const bits = { dimension, shift, width };
  if (aside.length === 0) return { ...bits, children, rest: NO_PLAN, cost: window.cost };
  // A rest that is nearly all is as hard as the whole.
  if (!thinks || aside.length > 0.95 * ranks.length) {
    return { ...bits, children, rest: { ranks: aside, splits: undefined, cost: 0 }, cost: window.care };
  }
  const rest = makePlan(task, aside, region, LEAF_RULES, ahead + 1);
  return { ...bits, children, rest, cost: window.cost + restCost(window.restShare, rest.cost) };
}

/** Cuts by cover, in every dimension from its highest bit that matters on. */
function splitsByCover(
  task: Task,
  ranks: readonly number[],
  region: Region,
  thinks: boolean,
  ahead: number,
): readonly Split[] {
  const found: Split[] = [];
  task.set.dimensions.forEach((_, dimension) => {
    const top = undecided(task.set, ranks, region, dimension);
    for (const width of COVER_BITS) {
      if (width > top || 1 << width > 4 * ranks.length) break;
      const split = splitByCover(task, ranks, region, { dimension, shift: top - width, width }, thinks);
      if (split !== undefined) found.push(split);
    }
  });
  if (!thinks) return found;
  found.sort((one, other) => one.cost - other.cost);
  return found.slice(0, 3).map((split) => ({ ...split, cost: split.cost + surprise(task, split, region, ahead) }));
}

/** @param hopes whether to take it that the rules of a child are easy to tell apart: somebody will look closer */
function splitByCover(
  { set, recordBytes }: Task,
  ranks: readonly number[],
  region: Region,
  bits: Bits,
  hopes: boolean,
): Split | undefined {
  const places = ranks.map((rank) => childrenOf(set, rank, region, bits));
  const reached = places.reduce((sum, { span }) => sum + Math.max(0, span), 0);
  if (reached > COVER_COPIES * (ranks.length + (1 << bits.width))) return undefined;
  const all = emptyChildren(bits.width);
  const wide = new Set<number>();
  places.forEach(({ first, span }, i) => {
    if (span > 2) wide.add(ranks[i]);
    for (let j = 0; j < span; j++) all[(first + j) % all.length].push(ranks[i]);
  });
  const children = all.map((child, i) =>
    child.length < 2 ? child : child.slice(0, endOfWinners(set, child, childRegion(region, bits, i))),
  );
  const copies = countAll(children);
  if (copies === 0 || children.every(({ length }) => length === ranks.length)) return undefined;
  let inside = 0;
  for (const child of children) {
    const mixed = hopes ? 0 : child.filter((rank) => wide.has(rank)).length;
    inside += child.length * mixedCost(child.length, mixed);
  }
  const bytes = 4 * children.length + recordBytes * copies;
  const cost = cutCost(inside / copies, bytes / (recordBytes * ranks.length));
  return { ...bits, children, rest: NO_PLAN, cost };
}

/** How much more a search in the children of a split costs than was hoped, by some of them. */
function surprise(task: Task, split: Split, region: Region, ahead: number): number {
  const filled = split.children.map((_, i) => i).filter((i) => split.children[i].length > LEAF_RULES);
  if (filled.length === 0) return 0;
  const samples = [0, 1, 2, 3].map((i) => filled[Math.floor((i * (filled.length - 1)) / 3)]);
  let more = 0;
  let rules = 0;
  for (const i of new Set(samples)) {
    const child = split.children[i];
    const { cost } = makePlan(task, child, childRegion(region, split, i), LEAF_RULES, ahead + 1);
    more += child.length * (cost - mixedCost(child.length, 0));
    rules += child.length;
  }
  return (more / rules) * (countAll(filled.map((i) => split.children[i])) / countAll(split.children));
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

function childRegion(region: Region, { dimension, shift, width }: Bits, child: number): Region {
  return narrowRegion(region, dimension, maskOf(shift, width), (child << shift) >>> 0);
}

function emptyChildren(width: number): number[][] {
  return Array.from({ length: 1 << width }, () => []);
}

function countAll(parts: readonly (readonly number[])[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
