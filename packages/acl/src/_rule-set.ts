/**
 * Rules as the builder sees them: in the order of their ranks, and each a box, one range of numbers in every dimension.
 * A dimension is a field of the header or a 32-bit word of one.
 */
import { IP4_DST, IP4_PORTS, IP4_PROTO, IP4_SRC, IP6_DST, IP6_PORTS, IP6_PROTO, IP6_SRC } from './_layout.ts';
import type { Acl4Rule, Acl6Rule, AclPrefix } from './acl-rule.ts';

/** Where a dimension is in a packet. */
export interface Dimension {
  /** Bytes from the IP header. */
  readonly offset: number;
  /** 8, 16 or 32. */
  readonly bits: number;
}

/** The rules of either family. */
export type RuleSet = BoxesOf<4, Acl4Rule> | BoxesOf<6, Acl6Rule>;

interface BoxesOf<Family, Rule> {
  readonly family: Family;
  readonly dimensions: readonly Dimension[];
  /** The rules, by rank. */
  readonly rules: readonly Rule[];
  /** The least and the greatest number of a rule in a dimension: `low[dimension][rank]`. */
  readonly low: readonly Uint32Array[];
  readonly high: readonly Uint32Array[];
  /** 1 for a rule that does not match all that is in its box, because of the mask of its protocol. */
  readonly holes: Uint8Array;
}

/** Rules in the order in which they win: by priority, then as they were given. */
export function makeRuleSet(given: readonly (Acl4Rule | Acl6Rule)[], family: 4 | 6): RuleSet {
  const rules = given
    .map((rule, index) => ({ rule, index }))
    .sort((one, other) => other.rule.priority - one.rule.priority || one.index - other.index)
    .map(({ rule }) => rule);
  const dimensions = dimensionsOf(family);
  const low = dimensions.map(() => new Uint32Array(rules.length));
  const high = dimensions.map(() => new Uint32Array(rules.length));
  const holes = new Uint8Array(rules.length);
  const words = family === 4 ? 1 : 4;
  rules.forEach(({ src, dst, sport, dport, proto }, rank) => {
    for (let word = 0; word < words; word++) {
      setPrefix(low[word], high[word], rank, src, word);
      setPrefix(low[words + word], high[words + word], rank, dst, word);
    }
    low[2 * words][rank] = sport?.low ?? 0;
    high[2 * words][rank] = sport?.high ?? 0xffff;
    low[2 * words + 1][rank] = dport?.low ?? 0;
    high[2 * words + 1][rank] = dport?.high ?? 0xffff;
    const { value, mask } = proto ?? { value: 0, mask: 0 };
    low[2 * words + 2][rank] = value & mask;
    high[2 * words + 2][rank] = (value & mask) | (~mask & 0xff);
    // A mask that is no prefix leaves holes in the range.
    holes[rank] = (~mask & 0xff & ((~mask & 0xff) + 1)) === 0 ? 0 : 1;
  });
  return { family, dimensions, rules, low, high, holes } as RuleSet;
}

function dimensionsOf(family: 4 | 6): Dimension[] {
  const words = family === 4 ? 1 : 4;
  const [src, dst, ports, proto] =
    family === 4 ? [IP4_SRC, IP4_DST, IP4_PORTS, IP4_PROTO] : [IP6_SRC, IP6_DST, IP6_PORTS, IP6_PROTO];
  const address = (at: number) => Array.from({ length: words }, (_, word) => ({ offset: at + 4 * word, bits: 32 }));
  return [
    ...address(src),
    ...address(dst),
    { offset: ports, bits: 16 },
    { offset: ports + 2, bits: 16 },
    { offset: proto, bits: 8 },
  ];
}

function setPrefix(
  low: Uint32Array,
  high: Uint32Array,
  rank: number,
  prefix: AclPrefix<number | Uint8Array> | undefined,
  word: number,
): void {
  const depth = Math.min(32, Math.max(0, (prefix?.depth ?? 0) - 32 * word));
  const mask = depth === 0 ? 0 : 0xffff_ffff << (32 - depth);
  const value = wordOf(prefix?.address ?? 0, word);
  low[rank] = value & mask;
  high[rank] = (value & mask) | ~mask;
}

function wordOf(address: number | Uint8Array, word: number): number {
  if (typeof address === 'number') return address;
  const at = 4 * word;
  return (address[at] << 24) | (address[at + 1] << 16) | (address[at + 2] << 8) | address[at + 3];
}
