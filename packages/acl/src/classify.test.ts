import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Acl4Rule, type Acl6Rule, type AclBits, type AclPrefix, type AclRange, AclTable } from './acl-table.ts';

/** A packet's five fields, addresses as numbers. */
interface Tuple {
  readonly proto: number;
  readonly src: bigint;
  readonly dst: bigint;
  readonly sport: number;
  readonly dport: number;
}

/** A rule whose addresses are numbers too. */
interface ModelRule {
  readonly priority: number;
  readonly userdata: number;
  readonly proto?: AclBits | undefined;
  readonly src?: AclPrefix<bigint> | undefined;
  readonly dst?: AclPrefix<bigint> | undefined;
  readonly sport?: AclRange | undefined;
  readonly dport?: AclRange | undefined;
}

const memory = Memory.create({ bytes: 64 * 1024 * 1024 });
const PACKET_BYTES = 64;
const packets = memory.reserve('packets', 4096 * PACKET_BYTES).position;

function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n));
}

function matches(rule: ModelRule, packet: Tuple, bits: number): boolean {
  const inPrefix = (prefix: AclPrefix<bigint> | undefined, address: bigint) =>
    prefix === undefined || (prefix.address ^ address) >> BigInt(bits - prefix.depth) === 0n;
  const inRange = (range: AclRange | undefined, port: number) =>
    range === undefined || (port >= range.low && port <= range.high);
  return (
    (rule.proto === undefined || ((rule.proto.value ^ packet.proto) & rule.proto.mask) === 0) &&
    inPrefix(rule.src, packet.src) &&
    inPrefix(rule.dst, packet.dst) &&
    inRange(rule.sport, packet.sport) &&
    inRange(rule.dport, packet.dport)
  );
}

/** What the best of all rules says, by looking at every one. */
function linear(rules: readonly ModelRule[], packet: Tuple, bits: number): number {
  let best: ModelRule | undefined;
  for (const rule of rules) {
    if (matches(rule, packet, bits) && (best === undefined || rule.priority > best.priority)) best = rule;
  }
  return best?.userdata ?? 0;
}

function build(rules: readonly ModelRule[], family: 4 | 6, name: string, maxBytes?: number): AclTable {
  const options = maxBytes === undefined ? {} : { maxBytes };
  const converted = <Address>(convert: (address: bigint) => Address) =>
    rules.map(({ src, dst, ...rule }) => ({
      ...rule,
      src: src && { ...src, address: convert(src.address) },
      dst: dst && { ...dst, address: convert(dst.address) },
    }));
  return family === 4
    ? AclTable.build(memory, name, converted(Number) satisfies Acl4Rule[], { family: 4, ...options })
    : AclTable.build(memory, name, converted((address) => bytesOf(address, 16)) satisfies Acl6Rule[], {
        family: 6,
        ...options,
      });
}

/** Writes headers one behind the other, `skew` bytes from alignment, and gives their positions. */
function write(tuples: readonly Tuple[], family: 4 | 6, skew = 0): Uint32Array {
  const { u8 } = memory;
  return Uint32Array.from(tuples, ({ proto, src, dst, sport, dport }, i) => {
    const at = packets + i * PACKET_BYTES + skew;
    // What does not count must not matter.
    u8.fill(0x5a + i, at, at + PACKET_BYTES - 4);
    u8[at + (family === 4 ? 9 : 6)] = proto;
    u8.set(bytesOf(src, family === 4 ? 4 : 16), at + (family === 4 ? 12 : 8));
    u8.set(bytesOf(dst, family === 4 ? 4 : 16), at + (family === 4 ? 16 : 24));
    u8.set(bytesOf(BigInt(sport), 2), at + (family === 4 ? 20 : 40));
    u8.set(bytesOf(BigInt(dport), 2), at + (family === 4 ? 22 : 42));
    return at;
  });
}

function classify(table: AclTable, headers: Uint32Array): number[] {
  const results = new Uint32Array(headers.length).fill(0xdead);
  const matched = table.classify(headers, headers.length, results);
  expect(matched).toBe(results.filter((result) => result !== 0).length);
  return [...results];
}

/** Packets at the corners of a rule and just beyond them. */
function edgesOf(rule: ModelRule, bits: number): Tuple[] {
  const all = (1n << BigInt(bits)) - 1n;
  const addresses = (prefix: AclPrefix<bigint> | undefined): bigint[] => {
    if (prefix === undefined) return [0n, all];
    const host = (1n << BigInt(bits - prefix.depth)) - 1n;
    const first = prefix.address & ~host & all;
    return [first, first | host, (first - 1n) & all, ((first | host) + 1n) & all];
  };
  const ports = (range: AclRange | undefined): number[] => {
    const { low, high } = range ?? { low: 0, high: 0xffff };
    return [low, high, (low - 1) & 0xffff, (high + 1) & 0xffff];
  };
  const { value, mask } = rule.proto ?? { value: 6, mask: 0 };
  const protos = [value, (value & mask) | (~mask & 255), value ^ 1, value ^ 128];
  const src = addresses(rule.src);
  const dst = addresses(rule.dst);
  const sport = ports(rule.sport);
  const dport = ports(rule.dport);
  const at = (p: number, s: number, d: number, sp: number, dp: number): Tuple => ({
    proto: protos[p],
    src: src[s % src.length],
    dst: dst[d % dst.length],
    sport: sport[sp],
    dport: dport[dp],
  });
  const corners = [at(0, 0, 0, 0, 0), at(1, 1, 1, 1, 1), at(0, 1, 0, 1, 0), at(1, 0, 1, 0, 1)];
  const beyond = [2, 3].flatMap((i) => [
    at(i, 0, 0, 0, 0),
    at(0, i, 1, 0, 1),
    at(0, 1, i, 0, 1),
    at(0, 0, 1, i, 0),
    at(0, 1, 0, 1, i),
  ]);
  return [...corners, ...beyond];
}

const range = fc
  .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }))
  .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
const ports = fc.option(
  fc.oneof(
    range,
    fc.constantFrom({ low: 0, high: 0xffff }, { low: 0, high: 0 }, { low: 0, high: 1023 }, { low: 1024, high: 0xffff }),
    fc.integer({ min: 500, max: 520 }).map((port) => ({ low: port, high: port })),
  ),
  { nil: undefined },
);
const proto = fc.option(
  fc.oneof(
    fc.constantFrom({ value: 6, mask: 255 }, { value: 17, mask: 255 }, { value: 50, mask: 255 }, { value: 0, mask: 0 }),
    fc.record({ value: fc.integer({ min: 0, max: 255 }), mask: fc.integer({ min: 0, max: 255 }) }),
  ),
  { nil: undefined },
);

/** Prefixes that often share their beginnings, so that rules overlap. */
function prefixes(bits: number): fc.Arbitrary<AclPrefix<bigint> | undefined> {
  const byte = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 10, 128, 255) }, fc.integer({ min: 0, max: 255 }));
  const address = fc
    .array(byte, { minLength: bits / 8, maxLength: bits / 8 })
    .map((bytes) => bytes.reduce((sum, one) => (sum << 8n) | BigInt(one), 0n));
  const depth = fc.oneof(
    fc.integer({ min: 0, max: bits }),
    fc.constantFrom(0, 8, bits / 4, bits / 2, (3 * bits) / 4, bits),
  );
  return fc.option(fc.record({ address, depth }), { nil: undefined, freq: 2 });
}

function ruleSets(bits: number): fc.Arbitrary<ModelRule[]> {
  const prefix = prefixes(bits);
  const rule = fc.record({
    priority: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 0x1fff_ffff })),
    userdata: fc.constant(0),
    proto,
    src: prefix,
    dst: prefix,
    sport: ports,
    dport: ports,
  });
  return fc
    .oneof(fc.array(rule, { maxLength: 12 }), fc.array(rule, { minLength: 13, maxLength: 100, size: 'max' }))
    .map((rules) => rules.map((one, i) => ({ ...one, userdata: i + 1 })));
}

describe.each([
  { family: 4 as const, bits: 32 },
  { family: 6 as const, bits: 128 },
])('IPv$family beside a linear search', ({ family, bits }) => {
  const maxBytes = fc.constantFrom(undefined, 0, 2000, 20_000);

  it('finds the same rule for packets at the edges of every rule', () => {
    fc.assert(
      fc.property(ruleSets(bits), maxBytes, fc.integer({ min: 0, max: 3 }), (rules, limit, skew) => {
        const table = build(rules, family, 'edges', limit);
        try {
          const tuples = rules.flatMap((rule) => edgesOf(rule, bits)).slice(0, 4096);
          const headers = write(tuples, family, skew);
          expect(classify(table, headers)).toEqual(tuples.map((tuple) => linear(rules, tuple, bits)));
        } finally {
          table.free();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds the same rule for packets that take each field from another rule', () => {
    fc.assert(
      fc.property(ruleSets(bits), fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (rules, picks) => {
        fc.pre(rules.length > 0);
        const table = build(rules, family, 'mixed');
        try {
          const edges = rules.flatMap((rule) => edgesOf(rule, bits));
          const pick = (i: number) => edges[picks[i % picks.length] % edges.length];
          const tuples = picks.map((_, i) => ({
            proto: pick(i).proto,
            src: pick(i + 1).src,
            dst: pick(2 * i + 3).dst,
            sport: pick(3 * i + 5).sport,
            dport: pick(5 * i + 7).dport,
          }));
          const headers = write(tuples, family);
          expect(classify(table, headers)).toEqual(tuples.map((tuple) => linear(rules, tuple, bits)));
        } finally {
          table.free();
        }
      }),
      { numRuns: 60 },
    );
  });
});
