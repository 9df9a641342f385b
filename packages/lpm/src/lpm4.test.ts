import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LPM4_NEXT_HOP_MAX, Lpm4, lpm4LookupBurst } from './lpm4.ts';

let tables = 0;
const memory = Memory.create({ bytes: 64 * 1024 * 1024 });

function table(maxRules = 256, tbl8s?: number): Lpm4 {
  return Lpm4.create(memory, `test${tables++}`, tbl8s === undefined ? { maxRules } : { maxRules, tbl8s });
}

function ip(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function mask(depth: number): number {
  return depth === 0 ? 0 : (0xffffffff << (32 - depth)) >>> 0;
}

/** The longest prefix, by looking at every rule. */
class Model {
  readonly rules = new Map<string, { prefix: number; depth: number; hop: number }>();

  add(address: number, depth: number, hop: number): void {
    const prefix = (address & mask(depth)) >>> 0;
    this.rules.set(`${prefix}/${depth}`, { prefix, depth, hop });
  }

  delete(address: number, depth: number): boolean {
    return this.rules.delete(`${(address & mask(depth)) >>> 0}/${depth}`);
  }

  lookup(address: number): number {
    let best = { depth: 0, hop: -1 };
    for (const rule of this.rules.values()) {
      if (rule.depth > best.depth && (address & mask(rule.depth)) >>> 0 === rule.prefix) best = rule;
    }
    return best.hop;
  }
}

describe('making a table', () => {
  it('refuses what no table can be', () => {
    expect(() => table(0)).toThrow(expect.objectContaining({ code: 'ERR_LPM_MAX_RULES', errno: 'EINVAL' }));
    expect(() => table(1.5)).toThrow(expect.objectContaining({ code: 'ERR_LPM_MAX_RULES' }));
    expect(() => table(8, -1)).toThrow(expect.objectContaining({ code: 'ERR_LPM_TBL8S', errno: 'EINVAL' }));
    expect(() => Lpm4.create(memory, '', { maxRules: 8 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMZONE_NAME', errno: 'EINVAL' }),
    );
    expect(() => table(1 << 24)).toThrow(expect.objectContaining({ code: 'ERR_MEMORY_FULL', errno: 'ENOMEM' }));
  });

  it('refuses a name that is taken, and takes it again when it is free', () => {
    const first = Lpm4.create(memory, 'taken', { maxRules: 8 });
    expect(() => Lpm4.create(memory, 'taken', { maxRules: 8 })).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_EXISTS', errno: 'EEXIST' }),
    );
    first.free();
    expect(Lpm4.findExisting(memory, 'taken')).toBeUndefined();
    Lpm4.create(memory, 'taken', { maxRules: 8 }).free();
  });

  it('can be done a hundred times over with what was given back', () => {
    const before = memory.memzones().length;
    for (let i = 0; i < 100; i++) {
      const lpm = table(64 + i);
      expect(lpm.lookup(0)).toBe(-1);
      lpm.add(ip(10, 0, i, 0), 25, i);
      lpm.free();
    }
    expect(memory.memzones()).toHaveLength(before);
  });

  it('stays below 4 MiB for a thousand rules', () => {
    const lpm = Lpm4.create(memory, 'small', { maxRules: 1024 });
    expect(memory.lookup('LPM_small')?.bytes).toBeLessThan(4 * 1024 * 1024);
    lpm.free();
  });

  it('is found by its name from another view of the same memory', () => {
    const lpm = Lpm4.create(memory, 'shared', { maxRules: 8 });
    lpm.add(ip(10, 1, 2, 0), 24, 7);
    const other = Lpm4.findExisting(Memory.attach(memory.handle), 'shared');
    expect(other?.lookup(ip(10, 1, 2, 3))).toBe(7);
    expect(other?.ruleCount).toBe(1);
    other?.delete(ip(10, 1, 2, 0), 24);
    expect(lpm.lookup(ip(10, 1, 2, 3))).toBe(-1);
    expect(Lpm4.at(memory, lpm.position).maxRules).toBe(8);
    lpm.free();
  });

  it('does not take another memzone for a table', () => {
    const zone = memory.reserve('no table', 64);
    expect(() => Lpm4.at(memory, zone.position)).toThrow(expect.objectContaining({ code: 'ERR_LPM_FOREIGN' }));
    expect(() => Lpm4.at(memory, 12)).toThrow(expect.objectContaining({ code: 'ERR_LPM_FOREIGN' }));
    memory.free(zone);
  });
});

describe('adding and deleting', () => {
  it('refuses a length, an address or a hop that no rule can have', () => {
    const lpm = table();
    for (const depth of [0, 33, -1, 8.5, Number.NaN]) {
      expect(() => lpm.add(0, depth, 1)).toThrow(expect.objectContaining({ code: 'ERR_LPM_DEPTH', errno: 'EINVAL' }));
      expect(() => lpm.delete(0, depth)).toThrow(expect.objectContaining({ code: 'ERR_LPM_DEPTH' }));
    }
    expect(() => lpm.add(0, 0, 1)).toThrow(/two routes of length 1/);
    for (const address of [-1, 2 ** 32, 0.5]) {
      expect(() => lpm.add(address, 8, 1)).toThrow(expect.objectContaining({ code: 'ERR_LPM_ADDRESS' }));
    }
    for (const hop of [-1, LPM4_NEXT_HOP_MAX + 1]) {
      expect(() => lpm.add(0, 8, hop)).toThrow(expect.objectContaining({ code: 'ERR_LPM_NEXT_HOP' }));
    }
    expect(lpm.ruleCount).toBe(0);
    lpm.free();
  });

  it('carries hops of 24 bits and the hop 0', () => {
    const lpm = table();
    lpm.add(ip(1, 2, 3, 4), 32, LPM4_NEXT_HOP_MAX);
    lpm.add(ip(1, 2, 0, 0), 16, 0);
    expect(lpm.lookup(ip(1, 2, 3, 4))).toBe(LPM4_NEXT_HOP_MAX);
    expect(lpm.lookup(ip(1, 2, 3, 5))).toBe(0);
    expect(lpm.lookup(ip(1, 3, 3, 5))).toBe(-1);
    lpm.free();
  });

  it.each([8, 16, 17, 24, 25, 32])('hits a rule of %i bits, and misses it when it is gone', (depth) => {
    const lpm = table();
    lpm.add(ip(128, 64, 32, 17), depth, 100);
    expect(lpm.lookup(ip(128, 64, 32, 17))).toBe(100);
    expect(lpm.ruleHop(ip(128, 64, 32, 17), depth)).toBe(100);
    lpm.delete(ip(128, 64, 32, 17), depth);
    expect(lpm.lookup(ip(128, 64, 32, 17))).toBe(-1);
    expect(lpm.ruleHop(ip(128, 64, 32, 17), depth)).toBe(-1);
    expect(lpm.tbl8sUsed).toBe(0);
    lpm.free();
  });

  it('answers with the longest of 32 nested rules, and falls back as they go', () => {
    const lpm = table(32);
    const address = ip(255, 255, 255, 255);
    for (let depth = 1; depth <= 32; depth++) {
      lpm.add(address, depth, depth);
      expect(lpm.lookup(address)).toBe(depth);
      expect(lpm.lookup(ip(127, 255, 255, 255))).toBe(-1);
    }
    for (let depth = 32; depth >= 1; depth--) {
      lpm.delete(address, depth);
      expect(lpm.lookup(address)).toBe(depth === 1 ? -1 : depth - 1);
    }
    expect(lpm.tbl8sUsed).toBe(0);
    lpm.free();
  });

  it('gives the rule of the same prefix another hop, whatever its host bits', () => {
    const lpm = table(1);
    lpm.add(ip(192, 168, 7, 0), 24, 1);
    lpm.add(ip(192, 168, 7, 99), 24, 2);
    expect(lpm.ruleCount).toBe(1);
    expect(lpm.lookup(ip(192, 168, 7, 5))).toBe(2);
    lpm.free();
  });

  it('says that a rule to delete is not there', () => {
    const lpm = table();
    lpm.add(ip(10, 0, 0, 0), 24, 1);
    expect(() => lpm.delete(ip(10, 0, 0, 0), 25)).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_NO_RULE', errno: 'EINVAL', got: '10.0.0.0/25' }),
    );
    expect(lpm.lookup(ip(10, 0, 0, 1))).toBe(1);
    lpm.free();
  });

  it('takes as many rules as it was made for, and another one after a deletion', () => {
    const lpm = table(4);
    for (let i = 0; i < 4; i++) lpm.add(ip(10, i, 0, 0), 16, i);
    expect(() => lpm.add(ip(10, 9, 0, 0), 16, 9)).toThrow(
      expect.objectContaining({ code: 'ERR_LPM_RULES_FULL', errno: 'ENOSPC' }),
    );
    expect(lpm.lookup(ip(10, 9, 0, 0))).toBe(-1);
    lpm.add(ip(10, 3, 0, 0), 16, 33);
    lpm.delete(ip(10, 0, 0, 0), 16);
    lpm.add(ip(10, 9, 0, 0), 16, 9);
    expect(lpm.lookup(ip(10, 9, 1, 2))).toBe(9);
    lpm.free();
  });

  it('runs out of groups without a trace of the rule that did not fit', () => {
    const lpm = table(64, 1);
    lpm.add(ip(10, 0, 0, 0), 32, 1);
    lpm.add(ip(10, 1, 0, 0), 25, 2);
    expect(lpm.tbl8sUsed).toBe(0);
    lpm.add(ip(10, 0, 1, 0), 32, 3);
    expect(lpm.tbl8sUsed).toBe(1);
    for (const [address, depth] of [
      [ip(10, 1, 0, 128), 25],
      [ip(10, 0, 1, 1), 32],
      [ip(10, 0, 0, 0), 31],
    ]) {
      expect(() => lpm.add(address, depth, 4)).toThrow(
        expect.objectContaining({ code: 'ERR_LPM_TBL8S_FULL', errno: 'ENOSPC' }),
      );
      expect(lpm.ruleHop(address, depth)).toBe(-1);
    }
    expect(lpm.ruleCount).toBe(3);
    expect([lpm.lookup(ip(10, 1, 0, 128)), lpm.lookup(ip(10, 0, 1, 1)), lpm.lookup(ip(10, 0, 0, 1))]).toEqual([
      -1, -1, -1,
    ]);
    lpm.add(ip(10, 0, 2, 0), 24, 5);
    lpm.delete(ip(10, 0, 1, 0), 32);
    lpm.delete(ip(10, 0, 2, 0), 24);
    lpm.add(ip(10, 1, 0, 128), 25, 6);
    expect([lpm.lookup(ip(10, 0, 0, 0)), lpm.lookup(ip(10, 1, 0, 127)), lpm.lookup(ip(10, 1, 0, 128))]).toEqual([
      1, 2, 6,
    ]);
    lpm.free();
  });

  it('never runs out of groups before rules when it is made without a number of them', () => {
    const lpm = table(512);
    // Pairs that part in their last bit, which takes the most groups.
    for (let i = 0; i < 512; i++) lpm.add(ip(10, 0, i >> 1, i & 1), 32, i);
    expect(lpm.tbl8sUsed).toBe(257);
    for (let i = 0; i < 512; i++) expect(lpm.lookup(ip(10, 0, i >> 1, i & 1))).toBe(i);
    lpm.free();
  });

  it('grows and shrinks a group a thousand times', () => {
    const lpm = table(8, 1);
    lpm.add(ip(128, 0, 0, 0), 24, 1);
    for (let i = 0; i < 1000; i++) {
      lpm.add(ip(128, 0, 0, 10), 32, 2);
      expect(lpm.lookup(ip(128, 0, 0, 10))).toBe(2);
      expect(lpm.lookup(ip(128, 0, 0, 11))).toBe(1);
      expect(lpm.tbl8sUsed).toBe(1);
      lpm.delete(ip(128, 0, 0, 10), 32);
      expect(lpm.lookup(ip(128, 0, 0, 10))).toBe(1);
      expect(lpm.tbl8sUsed).toBe(0);
    }
    lpm.free();
  });

  it('keeps a longer rule under a shorter one that comes later', () => {
    const lpm = table();
    lpm.add(ip(192, 0, 2, 77), 32, 1);
    lpm.add(ip(192, 0, 2, 0), 24, 2);
    lpm.add(ip(192, 0, 0, 0), 9, 3);
    expect(lpm.lookup(ip(192, 0, 2, 77))).toBe(1);
    expect(lpm.lookup(ip(192, 0, 2, 78))).toBe(2);
    expect(lpm.lookup(ip(192, 0, 3, 78))).toBe(3);
    lpm.delete(ip(192, 0, 2, 77), 32);
    expect(lpm.lookup(ip(192, 0, 2, 77))).toBe(2);
    lpm.free();
  });

  it('is empty after deleteAll, and usable', () => {
    const lpm = table(64);
    for (let i = 0; i < 64; i++) lpm.add(ip(10, i, i, i), 32, i);
    lpm.deleteAll();
    expect(lpm.ruleCount).toBe(0);
    expect(lpm.tbl8sUsed).toBe(0);
    for (let i = 0; i < 64; i++) expect(lpm.lookup(ip(10, i, i, i))).toBe(-1);
    lpm.add(ip(10, 1, 2, 0), 24, 5);
    expect(lpm.lookup(ip(10, 1, 2, 255))).toBe(5);
    lpm.free();
  });
});

describe('looking up a burst', () => {
  it('reads the destination of each header, aligned or not, and counts the hits', () => {
    const lpm = table();
    lpm.add(ip(10, 1, 0, 0), 16, 1);
    lpm.add(ip(10, 2, 3, 0), 24, 2);
    lpm.add(ip(10, 2, 3, 4), 32, 3);
    const zone = memory.reserve('headers', 1024);
    const headers = new Uint32Array(6);
    const destinations = ['10.1.255.255', '10.2.3.3', '10.2.3.4', '10.2.4.4', '11.0.0.1'];
    destinations.forEach((text, i) => {
      headers[i] = zone.position + 65 * i;
      memory.u8.set(text.split('.').map(Number), headers[i] + 16);
    });
    const hops = new Int32Array(6).fill(77);
    expect(lpm.lookupBurst(headers, 5, hops)).toBe(3);
    expect([...hops]).toEqual([1, 2, 3, -1, -1, 77]);
    expect(lpm4LookupBurst(memory, lpm.position, headers, 0, hops)).toBe(0);
    memory.free(zone);
    lpm.free();
  });
});

describe('beside a linear search', () => {
  // Few distinct bytes, so that prefixes nest and meet.
  const byte = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
  const address = fc.tuple(byte, byte, byte, byte).map(([a, b, c, d]) => ip(a, b, c, d));
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'add', 'delete', 'deleteAny'),
    address,
    depth: fc.oneof(fc.integer({ min: 1, max: 32 }), fc.constantFrom(8, 15, 16, 17, 23, 24, 25, 31, 32)),
    hop: fc.integer({ min: 0, max: 9 }),
  });

  it('answers the same through any run of additions and deletions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(address, { maxLength: 20 }), (steps, more) => {
        const lpm = table(24);
        const model = new Model();
        const edges = new Set<number>(more);
        try {
          for (const { what, address: at, depth, hop } of steps) {
            const first = (at & mask(depth)) >>> 0;
            for (const edge of [first, first - 1, first + 2 ** (32 - depth), first + 2 ** (32 - depth) - 1]) {
              edges.add(edge >>> 0);
            }
            if (what === 'add') {
              if (model.rules.size === 24 && !model.rules.has(`${first}/${depth}`)) {
                expect(() => lpm.add(at, depth, hop)).toThrow(/full/);
              } else {
                lpm.add(at, depth, hop);
                model.add(at, depth, hop);
              }
            } else {
              const rules = [...model.rules.values()];
              const victim = what === 'delete' ? { prefix: at, depth } : rules[at % (rules.length || 1)];
              if (victim === undefined) continue;
              if (model.delete(victim.prefix, victim.depth)) lpm.delete(victim.prefix, victim.depth);
              else expect(() => lpm.delete(victim.prefix, victim.depth)).toThrow(/no such/);
            }
          }
          expect(lpm.ruleCount).toBe(model.rules.size);
          for (const edge of edges) expect(lpm.lookup(edge)).toBe(model.lookup(edge));
          for (const rule of model.rules.values()) expect(lpm.ruleHop(rule.prefix, rule.depth)).toBe(rule.hop);
          for (const rule of model.rules.values()) lpm.delete(rule.prefix, rule.depth);
          expect(lpm.tbl8sUsed).toBe(0);
          for (const edge of edges) expect(lpm.lookup(edge)).toBe(-1);
        } finally {
          lpm.free();
        }
      }),
      { numRuns: 300 },
    );
  });
});
