import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACL_MAX_PRIORITY } from './acl-rule.ts';
import { type Acl4Rule, type Acl6Rule, AclTable } from './acl-table.ts';
import { aclClassify4 } from './classify.ts';

const memory = Memory.create({ bytes: 64 * 1024 * 1024 });
const packets = memory.reserve('packets', 64 * 64).position;

function ip(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

interface Packet {
  readonly proto?: number;
  readonly src?: number;
  readonly dst?: number;
  readonly sport?: number;
  readonly dport?: number;
}

/** What a table says of a packet whose fields are 0 where not given. */
function classify4(table: AclTable, { proto = 0, src = 0, dst = 0, sport = 0, dport = 0 }: Packet): number {
  const { u8 } = memory;
  u8.fill(0, packets, packets + 64);
  u8[packets] = 0x45;
  u8[packets + 9] = proto;
  for (let i = 0; i < 4; i++) {
    u8[packets + 12 + i] = src >>> (24 - 8 * i);
    u8[packets + 16 + i] = dst >>> (24 - 8 * i);
  }
  for (let i = 0; i < 2; i++) {
    u8[packets + 20 + i] = sport >>> (8 - 8 * i);
    u8[packets + 22 + i] = dport >>> (8 - 8 * i);
  }
  const results = new Uint32Array(1);
  table.classify(Uint32Array.of(packets), 1, results);
  return results[0];
}

function withTable<T>(rules: readonly Acl4Rule[], use: (table: AclTable) => T): T {
  const table = AclTable.build(memory, 'test', rules, { family: 4 });
  try {
    return use(table);
  } finally {
    table.free();
  }
}

describe('building a table', () => {
  const good = { priority: 1, userdata: 1 };

  it.each([
    ['no priority', { ...good, priority: 0 }, 'ERR_ACL_PRIORITY'],
    ['a priority above the largest', { ...good, priority: ACL_MAX_PRIORITY + 1 }, 'ERR_ACL_PRIORITY'],
    ['userdata 0', { ...good, userdata: 0 }, 'ERR_ACL_USERDATA'],
    ['userdata of 33 bits', { ...good, userdata: 2 ** 32 }, 'ERR_ACL_USERDATA'],
    ['a protocol of 9 bits', { ...good, proto: { value: 256, mask: 255 } }, 'ERR_ACL_PROTO'],
    ['a source prefix of 33 bits', { ...good, src: { address: 0, depth: 33 } }, 'ERR_ACL_DEPTH'],
    ['a destination prefix of -1 bits', { ...good, dst: { address: 0, depth: -1 } }, 'ERR_ACL_DEPTH'],
    ['an address of 33 bits', { ...good, dst: { address: 2 ** 32, depth: 8 } }, 'ERR_ACL_ADDRESS'],
    ['source ports upside down', { ...good, sport: { low: 2, high: 1 } }, 'ERR_ACL_PORTS'],
    ['a destination port of 17 bits', { ...good, dport: { low: 0, high: 65536 } }, 'ERR_ACL_PORTS'],
  ])('refuses a rule with %s, and says which rule', (_, bad, code) => {
    expect(() => AclTable.build(memory, 'bad', [good, good, bad], { family: 4 })).toThrow(
      expect.objectContaining({ code, errno: 'EINVAL', message: expect.stringMatching(/^policy rule 2 /) }),
    );
    expect(AclTable.findExisting(memory, 'bad')).toBeUndefined();
  });

  it('refuses addresses of the other family', () => {
    const rule6: Acl6Rule = { ...good, src: { address: new Uint8Array(4), depth: 8 } };
    expect(() => AclTable.build(memory, 'bad', [rule6], { family: 6 })).toThrow(
      expect.objectContaining({ code: 'ERR_ACL_ADDRESS' }),
    );
    expect(() =>
      AclTable.build(memory, 'bad', [{ ...good, dst: { address: new Uint8Array(16), depth: 129 } }], { family: 6 }),
    ).toThrow(expect.objectContaining({ code: 'ERR_ACL_DEPTH', expected: '0 to 128 bits' }));
  });

  it('refuses a name that is taken, that is too long, or that is none', () => {
    withTable([good], () => {
      expect(() => AclTable.build(memory, 'test', [good], { family: 4 })).toThrow(
        expect.objectContaining({ code: 'ERR_ACL_EXISTS', errno: 'EEXIST' }),
      );
    });
    expect(() => AclTable.build(memory, 'x'.repeat(40), [good], { family: 4 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMZONE_NAME', errno: 'ENAMETOOLONG' }),
    );
    expect(() => AclTable.build(memory, '', [good], { family: 4 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMZONE_NAME', errno: 'EINVAL' }),
    );
  });

  it('says so when the memory is too small', () => {
    const small = Memory.create({ bytes: 0x40000 });
    const rules = Array.from({ length: 10_000 }, (_, i) => ({ ...good, dst: { address: i, depth: 32 } }));
    expect(() => AclTable.build(small, 'large', rules, { family: 4 })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMORY_FULL', errno: 'ENOMEM' }),
    );
  });

  it('gives the memory back', () => {
    const before = memory.memzones().length;
    for (let i = 0; i < 20; i++) withTable([good], ({ ruleCount }) => expect(ruleCount).toBe(1));
    expect(memory.memzones()).toHaveLength(before);
  });

  it('is found by its name and its position from another view of the same memory', () => {
    withTable([{ priority: 1, userdata: 77, dst: { address: ip(10, 0, 0, 0), depth: 8 } }], (table) => {
      const other = Memory.attach(memory.handle);
      const found = AclTable.findExisting(other, 'test');
      expect(found?.position).toBe(table.position);
      expect(found?.family).toBe(4);
      expect(classify4(table, { dst: ip(10, 1, 1, 1) })).toBe(77);
      const results = new Uint32Array(1);
      expect(
        aclClassify4(other, AclTable.at(other, table.position).position, Uint32Array.of(packets), 1, results),
      ).toBe(1);
      expect(results[0]).toBe(77);
    });
    expect(AclTable.findExisting(memory, 'test')).toBeUndefined();
    expect(() => AclTable.at(memory, packets)).toThrow(expect.objectContaining({ code: 'ERR_ACL_FOREIGN' }));
  });

  it('stays within the memory that it is given, whatever the rules', () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff }))
      .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));
    const prefix = fc.record({
      address: fc.integer({ min: 0, max: 0xffff_ffff }),
      depth: fc.integer({ min: 0, max: 32 }),
    });
    const rule = fc.record({
      priority: fc.integer({ min: 1, max: 1000 }),
      userdata: fc.constant(1),
      src: prefix,
      dst: prefix,
      sport: range,
      dport: range,
    });
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 100, maxLength: 200, size: 'max' }),
        fc.constantFrom(0, 5000, 20_000),
        (rules, maxBytes) => {
          const table = AclTable.build(memory, 'test', rules, { family: 4, maxBytes });
          const { bytes } = table;
          table.free();
          expect(bytes).toBeLessThanOrEqual(Math.max(maxBytes, 32 * rules.length) + 4 * rules.length + 64);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('takes 10,000 rules in a few megabytes at most', () => {
    const rules = Array.from({ length: 10_000 }, (_, i) => ({
      priority: 1 + (i % 100),
      userdata: i + 1,
      dst: { address: ip(10, i >> 8, i & 255, 0), depth: 24 },
      dport: { low: i % 3, high: 0xffff - (i % 5) },
    }));
    withTable([...rules, { priority: 1, userdata: 99_999 }], (table) => {
      expect(table.ruleCount).toBe(10_001);
      expect(table.bytes).toBeLessThan(1024 * 1024);
      for (const i of [0, 1, 254, 255, 256, 4711, 9999]) {
        expect(classify4(table, { dst: ip(10, i >> 8, i & 255, 7), dport: 100 })).toBe(i + 1);
      }
      expect(classify4(table, { dst: ip(11, 0, 0, 7) })).toBe(99_999);
    });
  });
});

describe('which rule wins', () => {
  const everything: Acl4Rule = { priority: 1, userdata: 1 };

  it('is none in a table without rules', () => {
    withTable([], (table) => {
      expect(table.ruleCount).toBe(0);
      expect(classify4(table, { dst: 1 })).toBe(0);
    });
  });

  it('is the one with the highest priority, wherever it was given', () => {
    const low = { ...everything, priority: 10, userdata: 10 };
    const high = { ...everything, priority: ACL_MAX_PRIORITY, userdata: 0xffff_ffff };
    for (const rules of [
      [low, high, everything],
      [high, low, everything],
      [everything, low, high],
    ]) {
      withTable(rules, (table) => expect(classify4(table, {})).toBe(0xffff_ffff));
    }
  });

  it('is the first one given of those with the same priority', () => {
    const narrow: Acl4Rule = { priority: 5, userdata: 2, dst: { address: ip(10, 0, 0, 0), depth: 8 } };
    const broad: Acl4Rule = { priority: 5, userdata: 3 };
    withTable([narrow, broad], (table) => expect(classify4(table, { dst: ip(10, 1, 2, 3) })).toBe(2));
    withTable([broad, narrow], (table) => expect(classify4(table, { dst: ip(10, 1, 2, 3) })).toBe(3));
  });

  it('depends on a protocol by value and mask', () => {
    withTable(
      [
        { priority: 3, userdata: 17, proto: { value: 17, mask: 255 } },
        { priority: 2, userdata: 2, proto: { value: 0x33, mask: 0x03 } },
      ],
      (table) => {
        expect(classify4(table, { proto: 17 })).toBe(17);
        expect(classify4(table, { proto: 0x03 })).toBe(2);
        expect(classify4(table, { proto: 0xf7 })).toBe(2);
        expect(classify4(table, { proto: 6 })).toBe(0);
      },
    );
  });

  it('depends on ports with both ends of their ranges included', () => {
    withTable([{ priority: 1, userdata: 5, sport: { low: 0, high: 0 }, dport: { low: 100, high: 200 } }], (table) => {
      const of = (sport: number, dport: number) => classify4(table, { sport, dport });
      expect([of(0, 99), of(0, 100), of(0, 200), of(0, 201), of(1, 150), of(65535, 150)]).toEqual([0, 5, 5, 0, 0, 0]);
    });
  });

  it('depends on the four bytes behind the fixed header, whatever the protocol', () => {
    withTable([{ priority: 1, userdata: 5, sport: { low: 0x0800, high: 0x08ff } }], (table) => {
      expect(classify4(table, { proto: 1, sport: 0x0800 })).toBe(5);
      expect(classify4(table, { proto: 1, sport: 0x0900 })).toBe(0);
    });
  });

  it('does not depend on the host bits of a prefix', () => {
    withTable([{ priority: 1, userdata: 5, src: { address: ip(192, 168, 7, 99), depth: 24 } }], (table) => {
      expect(classify4(table, { src: ip(192, 168, 7, 1) })).toBe(5);
      expect(classify4(table, { src: ip(192, 168, 8, 99) })).toBe(0);
    });
  });
});

describe('classifying a burst', () => {
  it('answers for each packet and leaves the rest of the results alone', () => {
    withTable([{ priority: 1, userdata: 5, dst: { address: ip(10, 0, 0, 1), depth: 32 } }], (table) => {
      const headers = Uint32Array.from({ length: 4 }, (_, i) => packets + 64 * i);
      for (let i = 0; i < 4; i++) memory.u8.set([10, 0, 0, i & 1], headers[i] + 16);
      const results = new Uint32Array(5).fill(7);
      expect(table.classify(headers, 4, results)).toBe(2);
      expect([...results]).toEqual([0, 5, 0, 5, 7]);
      expect(table.classify(headers, 0, results)).toBe(0);
    });
  });

  it('takes bursts that are longer than a usual one', () => {
    const rules = Array.from({ length: 20 }, (_, i) => ({
      priority: 1,
      userdata: i + 1,
      dst: { address: ip(10, 0, i, 0), depth: 24 },
    }));
    withTable(rules, (table) => {
      const headers = Uint32Array.from({ length: 200 }, (_, i) => packets + 64 * (i % 20));
      for (let i = 0; i < 20; i++) memory.u8.set([10, 0, i, 9], headers[i] + 16);
      const results = new Uint32Array(200);
      expect(table.classify(headers, 200, results)).toBe(200);
      expect([...results]).toEqual(Array.from({ length: 200 }, (_, i) => (i % 20) + 1));
    });
  });
});
