import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LPM6_NEXT_HOP_MAX, Lpm6, lpm6LookupBurst } from './lpm6.ts';

let tables = 0;
const memory = Memory.create({ bytes: 64 * 1024 * 1024 });

function table(maxRules = 256, tbl8s?: number): Lpm6 {
  return Lpm6.create(memory, `test${tables++}`, tbl8s === undefined ? { maxRules } : { maxRules, tbl8s });
}

/** An address from its first bytes; the rest is `fill`. */
function ip(first: readonly number[], fill = 0): Uint8Array {
  const address = new Uint8Array(16).fill(fill);
  address.set(first);
  return address;
}

function toBig(address: Uint8Array): bigint {
  return address.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function fromBig(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(120 - 8 * i)) & 255n));
}

/** The longest prefix, by looking at every rule. */
class Model {
  readonly rules = new Map<string, { prefix: bigint; depth: number; hop: number }>();

  static cut(address: bigint, depth: number): bigint {
    return (address >> BigInt(128 - depth)) << BigInt(128 - depth);
  }

  add(address: bigint, depth: number, hop: number): void {
    const prefix = Model.cut(address, depth);
    this.rules.set(`${prefix}/${depth}`, { prefix, depth, hop });
  }

  lookup(address: bigint): number {
    let best = { depth: 0, hop: -1 };
    for (const rule of this.rules.values()) {
      if (rule.depth > best.depth && Model.cut(address, rule.depth) === rule.prefix) best = rule;
    }
    return best.hop;
  }
}

describe('making a table', () => {
  it('refuses what no table can be, and a name that is taken', () => {
    expect(() => table(0)).toThrow(expect.objectContaining({ code: 'ERR_LPM_MAX_RULES', errno: 'EINVAL' }));
    expect(() => table(8, -1)).toThrow(expect.objectContaining({ code: 'ERR_LPM_TBL8S', errno: 'EINVAL' }));
    expect(() => Lpm6.create(memory, '', { maxRules: 8 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMZONE_NAME' }),
    );
    const lpm = Lpm6.create(memory, 'taken', { maxRules: 8 });
    expect(() => Lpm6.create(memory, 'taken', { maxRules: 8 })).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_EXISTS', errno: 'EEXIST' }),
    );
    lpm.free();
    expect(Lpm6.findExisting(memory, 'taken')).toBeUndefined();
  });

  it('can be done a hundred times over with what was given back', () => {
    const before = memory.memzones().length;
    for (let i = 0; i < 100; i++) {
      const lpm = table(64 + i);
      expect(lpm.lookup(ip([0x20, 1]))).toBe(-1);
      lpm.add(ip([0x20, 1, i]), 48, i);
      lpm.free();
    }
    expect(memory.memzones()).toHaveLength(before);
  });

  it('stays below 4 MiB for a thousand rules', () => {
    const lpm = Lpm6.create(memory, 'small', { maxRules: 1024 });
    expect(memory.lookup('LPM6_small')?.bytes).toBeLessThan(4 * 1024 * 1024);
    lpm.free();
  });

  it('is found by its name from another view of the same memory', () => {
    const lpm = Lpm6.create(memory, 'shared', { maxRules: 8 });
    lpm.add(ip([0x20, 1, 0xd, 0xb8]), 32, 7);
    const other = Lpm6.findExisting(Memory.attach(memory.handle), 'shared');
    expect(other?.lookup(ip([0x20, 1, 0xd, 0xb8], 9))).toBe(7);
    expect(other?.ruleCount).toBe(1);
    expect(Lpm6.at(memory, lpm.position).maxRules).toBe(8);
    expect(() => Lpm6.at(memory, lpm.position + 64)).toThrow(expect.objectContaining({ code: 'ERR_LPM_FOREIGN' }));
    lpm.free();
  });
});

describe('adding and deleting', () => {
  it('refuses a length, an address or a hop that no rule can have', () => {
    const lpm = table();
    for (const depth of [0, 129, -1, 8.5]) {
      expect(() => lpm.add(ip([]), depth, 1)).toThrow(
        expect.objectContaining({ code: 'ERR_LPM_DEPTH', errno: 'EINVAL' }),
      );
      expect(() => lpm.delete(ip([]), depth)).toThrow(expect.objectContaining({ code: 'ERR_LPM_DEPTH' }));
    }
    expect(() => lpm.add(new Uint8Array(4), 8, 1)).toThrow(expect.objectContaining({ code: 'ERR_LPM_ADDRESS' }));
    for (const hop of [-1, LPM6_NEXT_HOP_MAX + 1]) {
      expect(() => lpm.add(ip([]), 8, hop)).toThrow(expect.objectContaining({ code: 'ERR_LPM_NEXT_HOP' }));
    }
    lpm.free();
  });

  it('carries hops of 21 bits and the hop 0', () => {
    const lpm = table();
    lpm.add(ip([1], 1), 128, LPM6_NEXT_HOP_MAX);
    lpm.add(ip([1], 1), 64, 0);
    expect(lpm.lookup(ip([1], 1))).toBe(LPM6_NEXT_HOP_MAX);
    expect(lpm.lookup(ip([1, 1, 1, 1, 1, 1, 1, 1]))).toBe(0);
    expect(lpm.lookup(ip([1, 1, 1, 1, 1, 1, 1, 2]))).toBe(-1);
    lpm.free();
  });

  it('answers with the longest of 128 nested rules, and falls back as they go', () => {
    const lpm = table(128);
    const address = ip([], 0xff);
    for (let depth = 1; depth <= 128; depth++) {
      lpm.add(address, depth, depth);
      expect(lpm.lookup(address)).toBe(depth);
    }
    expect(lpm.tbl8sUsed).toBe(14);
    for (let depth = 128; depth >= 1; depth--) {
      lpm.delete(address, depth);
      expect(lpm.lookup(address)).toBe(depth === 1 ? -1 : depth - 1);
    }
    expect(lpm.tbl8sUsed).toBe(0);
    lpm.free();
  });

  it('gives the rule of the same prefix another hop, whatever its host bits', () => {
    const lpm = table(1);
    lpm.add(ip([0x20, 1, 2, 3]), 64, 1);
    lpm.add(ip([0x20, 1, 2, 3, 0, 0, 0, 0, 9]), 64, 2);
    expect(lpm.ruleCount).toBe(1);
    expect(lpm.lookup(ip([0x20, 1, 2, 3]))).toBe(2);
    lpm.free();
  });

  it('says that a rule to delete is not there', () => {
    const lpm = table();
    lpm.add(ip([0x20, 1]), 32, 1);
    expect(() => lpm.delete(ip([0x20, 1]), 33)).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_NO_RULE', errno: 'EINVAL' }),
    );
    lpm.free();
  });

  it('takes as many rules as it was made for, and another one after a deletion', () => {
    const lpm = table(4);
    for (let i = 0; i < 4; i++) lpm.add(ip([0x20, 1, i]), 48, i);
    expect(() => lpm.add(ip([0x20, 1, 9]), 48, 9)).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_RULES_FULL', errno: 'ENOSPC' }),
    );
    lpm.add(ip([0x20, 1, 3]), 48, 33);
    lpm.delete(ip([0x20, 1, 0]), 48);
    lpm.add(ip([0x20, 1, 9]), 48, 9);
    expect(lpm.lookup(ip([0x20, 1, 9]))).toBe(9);
    lpm.free();
  });

  it('runs out of groups without a trace of the rule that did not fit', () => {
    const lpm = table(64, 1);
    lpm.add(ip([0x20, 1, 1]), 64, 1);
    lpm.add(ip([0x20, 1, 2]), 64, 2);
    expect(lpm.tbl8sUsed).toBe(1);
    for (const prefix of [ip([0x20, 1, 2, 7]), ip([0x20, 1, 2])]) {
      expect(() => lpm.add(prefix, 70, 3)).toThrow(
        expect.objectContaining({ code: 'ERR_LPM_TBL8S_FULL', errno: 'ENOSPC' }),
      );
    }
    expect(lpm.ruleCount).toBe(2);
    expect(lpm.lookup(ip([0x20, 1, 2]))).toBe(2);
    expect(lpm.lookup(ip([0x20, 1, 2, 7]))).toBe(-1);
    lpm.add(ip([0x20, 1, 3]), 64, 3);
    lpm.delete(ip([0x20, 1, 1]), 64);
    lpm.delete(ip([0x20, 1, 3]), 64);
    expect(lpm.tbl8sUsed).toBe(0);
    lpm.add(ip([0x20, 1, 2]), 70, 4);
    expect(lpm.lookup(ip([0x20, 1, 2]))).toBe(4);
    lpm.free();
  });

  it('never runs out of groups before rules when it is made without a number of them', () => {
    const lpm = table(513);
    // Pairs that part in their last byte, below neighbours that part wherever they do.
    for (let i = 0; i < 513; i++) {
      lpm.add(ip([0x20, 1, i >> 6, 0, i & 62, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i & 1]), 128, i);
    }
    for (let i = 0; i < 513; i++) {
      expect(lpm.lookup(ip([0x20, 1, i >> 6, 0, i & 62, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i & 1]))).toBe(i);
    }
    lpm.free();
  });

  it('is empty after deleteAll, and usable', () => {
    const lpm = table(64);
    for (let i = 0; i < 64; i++) lpm.add(ip([0x20, 1, i >> 3, i]), 64, i);
    lpm.deleteAll();
    expect([lpm.ruleCount, lpm.tbl8sUsed, lpm.lookup(ip([0x20, 1, 0, 1]))]).toEqual([0, 0, -1]);
    lpm.add(ip([0x20, 1, 2]), 48, 5);
    expect(lpm.lookup(ip([0x20, 1, 2]))).toBe(5);
    lpm.free();
  });
});

describe('beside a linear search', () => {
  // Few distinct bytes, and mostly zeros, so that prefixes nest and meet.
  const byte = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constantFrom(1, 127, 128, 255));
  const address = fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes));
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'delete'),
    address,
    depth: fc.oneof(fc.integer({ min: 1, max: 128 }), fc.constantFrom(8, 15, 16, 17, 24, 25, 32, 48, 64, 127, 128)),
    hop: fc.integer({ min: 0, max: 9 }),
  });
  const zone = memory.reserve('headers', 256 * 64);

  it('answers the same through any run of additions and deletions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(address, { maxLength: 10 }), (steps, more) => {
        const lpm = table(24);
        const model = new Model();
        const asked = new Set<bigint>(more.map(toBig));
        try {
          for (const { what, address: bytes, depth, hop } of steps) {
            const at = toBig(bytes);
            if (what === 'add') {
              const prefix = Model.cut(at, depth);
              if (model.rules.size === 24 && !model.rules.has(`${prefix}/${depth}`)) continue;
              lpm.add(bytes, depth, hop);
              model.add(at, depth, hop);
              const size = 1n << BigInt(128 - depth);
              for (const edge of [prefix - 1n, prefix, prefix + size - 1n, prefix + size]) {
                if (edge >= 0n && edge < 1n << 128n && asked.size < 200) asked.add(edge);
              }
            } else {
              const victim = [...model.rules.entries()][depth % (model.rules.size || 1)];
              if (victim === undefined) continue;
              model.rules.delete(victim[0]);
              lpm.delete(fromBig(victim[1].prefix), victim[1].depth);
            }
          }
          expect(lpm.ruleCount).toBe(model.rules.size);

          const expected = [...asked].map((value) => model.lookup(value));
          expect([...asked].map((value) => lpm.lookup(fromBig(value)))).toEqual(expected);
          const headers = Uint32Array.from(asked, (_, i) => zone.position + 64 * i + (steps.length & 3));
          [...asked].forEach((value, i) => {
            memory.u8.set(fromBig(value), headers[i] + 24);
          });
          const hops = new Int32Array(headers.length);
          const found = lpm6LookupBurst(memory, lpm.position, headers, headers.length, hops);
          expect([...hops]).toEqual(expected);
          expect(found).toBe(expected.filter((hop) => hop >= 0).length);

          for (const { prefix, depth, hop } of model.rules.values()) {
            expect(lpm.ruleHop(fromBig(prefix), depth)).toBe(hop);
            lpm.delete(fromBig(prefix), depth);
          }
          expect(lpm.tbl8sUsed).toBe(0);
          for (const value of asked) expect(lpm.lookup(fromBig(value))).toBe(-1);
        } finally {
          lpm.free();
        }
      }),
      { numRuns: 300 },
    );
  });
});
