import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import {
  DYNFLAG_FIRST,
  DYNFLAG_LAST,
  type DynfieldOptions,
  dumpDynamic,
  dynflagHi,
  dynflagLo,
  lookupDynfield,
  lookupDynflag,
  registerDynfield,
  registerDynflag,
} from './dynfield.ts';
import { MBUF_BYTES, MBUF_DYNFIELDS } from './layout.ts';

const newMemory = (): Memory => Memory.create({ bytes: 0x40000 });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return `${error.code} ${error.errno}`;
    throw error;
  }
  return 'no error';
}

describe('a dynamic field', () => {
  it('has a place in the header, the same for all who ask by its name', () => {
    const memory = newMemory();
    const first = registerDynfield(memory, { name: 'first', bytes: 1, align: 1 });
    const second = registerDynfield(memory, { name: 'second', bytes: 8, align: 8 });
    const third = registerDynfield(memory, { name: 'third', bytes: 2, align: 2 });
    expect(first).toBe(MBUF_DYNFIELDS);
    expect(second % 8).toBe(0);
    expect(third).toBe(MBUF_DYNFIELDS + 2);
    const other = Memory.attach(memory.handle);
    expect(registerDynfield(other, { name: 'second', bytes: 8, align: 8 })).toBe(second);
    expect(lookupDynfield(other, 'second')).toEqual({ name: 'second', bytes: 8, align: 8, offset: second });
    expect(lookupDynfield(other, 'fourth')).toBeUndefined();
    expect(lookupDynfield(newMemory(), 'first')).toBeUndefined();
  });

  it('never overlaps another one, until no room is left', () => {
    const memory = newMemory();
    const taken = new Set<number>();
    const fill = (bytes: number): string => {
      for (let i = 0; ; i++) {
        const options = { name: `f${bytes}_${i}`, bytes, align: bytes };
        const code = codeOf(() => {
          const at = registerDynfield(memory, options);
          for (let byte = at; byte < at + bytes; byte++) {
            expect(taken.has(byte)).toBe(false);
            taken.add(byte);
          }
        });
        if (code !== 'no error') return code;
      }
    };
    for (const bytes of [16, 8, 4, 2, 1]) expect(fill(bytes)).toBe('ERR_DYNFIELD ENOENT');
    expect(taken.size).toBe(MBUF_BYTES - MBUF_DYNFIELDS);
    expect(Math.min(...taken)).toBe(MBUF_DYNFIELDS);
    expect(dumpDynamic(memory).split('\n')[0]).toMatch(/^field f16_0 offset=96 bytes=16 align=16$/);
  });

  it('can ask for its place', () => {
    const memory = newMemory();
    expect(registerDynfield(memory, { name: 'there', bytes: 4, align: 4, offset: 120 })).toBe(120);
    expect(registerDynfield(memory, { name: 'there', bytes: 4, align: 4 })).toBe(120);
    expect(registerDynfield(memory, { name: 'here', bytes: 1 })).toBe(MBUF_DYNFIELDS);
  });

  it.each<[string, DynfieldOptions]>([
    ['EINVAL', { name: 'x', bytes: 0 }],
    ['EINVAL', { name: 'x', bytes: 128 }],
    ['EINVAL', { name: 'x', bytes: 4, align: 3 }],
    ['EINVAL', { name: 'x', bytes: 4, align: 0 }],
    ['EINVAL', { name: 'x', bytes: 4, align: 4, offset: 102 }],
    ['EINVAL', { name: 'x', bytes: 4, offset: 126 }],
    ['EINVAL', { name: '', bytes: 4 }],
    ['ENAMETOOLONG', { name: 'n'.repeat(64), bytes: 4 }],
    ['ENOENT', { name: 'x', bytes: 64 }],
    ['EBUSY', { name: 'x', bytes: 4, align: 4, offset: 24 }],
    ['EBUSY', { name: 'x', bytes: 1, offset: 99 }],
    ['EEXIST', { name: 'known', bytes: 8, align: 4 }],
    ['EEXIST', { name: 'known', bytes: 4, align: 1 }],
    ['EEXIST', { name: 'known', bytes: 4, align: 4, offset: 100 }],
    ['no error', { name: 'known', bytes: 4, align: 4, offset: 96 }],
    ['no error', { name: 'n'.repeat(63), bytes: 4 }],
  ])('%s for %j', (errno, options) => {
    const memory = newMemory();
    registerDynfield(memory, { name: 'known', bytes: 4, align: 4, offset: 96 });
    expect(codeOf(() => registerDynfield(memory, options)).replace('ERR_DYNFIELD ', '')).toBe(errno);
  });
});

describe('a dynamic flag', () => {
  it('has a free bit, the same for all who ask by its name', () => {
    const memory = newMemory();
    const bit = registerDynflag(memory, { name: 'first' });
    expect(bit).toBe(DYNFLAG_FIRST);
    expect(registerDynflag(memory, { name: 'last', bit: DYNFLAG_LAST })).toBe(DYNFLAG_LAST);
    expect(registerDynflag(Memory.attach(memory.handle), { name: 'first' })).toBe(bit);
    expect(lookupDynflag(memory, 'last')).toBe(DYNFLAG_LAST);
    expect(lookupDynflag(memory, 'none')).toBeUndefined();
    // A field and a flag of one name do not meet.
    expect(registerDynfield(memory, { name: 'first', bytes: 1 })).toBe(MBUF_DYNFIELDS);
    expect(dumpDynamic(memory)).toBe('flag first bit=23\nflag last bit=40\nfield first offset=92 bytes=1 align=1\n');
  });

  it('finds all bits there are, and no more', () => {
    const memory = newMemory();
    const bits = Array.from({ length: 18 }, (_, i) => registerDynflag(memory, { name: `flag ${i}` }));
    expect(bits).toEqual(Array.from({ length: 18 }, (_, i) => DYNFLAG_FIRST + i));
    expect(codeOf(() => registerDynflag(memory, { name: 'one more' }))).toBe('ERR_DYNFLAG ENOENT');
  });

  it.each([
    ['EINVAL', { name: 'x', bit: 64 }],
    ['EINVAL', { name: 'x', bit: -1 }],
    ['EBUSY', { name: 'x', bit: 22 }],
    ['EBUSY', { name: 'x', bit: 41 }],
    ['EBUSY', { name: 'x', bit: 30 }],
    ['EEXIST', { name: 'known', bit: 31 }],
    ['no error', { name: 'known', bit: 30 }],
  ])('%s for %j', (errno, options) => {
    const memory = newMemory();
    registerDynflag(memory, { name: 'known', bit: 30 });
    expect(codeOf(() => registerDynflag(memory, options)).replace('ERR_DYNFLAG ', '')).toBe(errno);
  });

  it('is in one of the two words', () => {
    expect([dynflagLo(23), dynflagHi(23)]).toEqual([1 << 23, 0]);
    expect([dynflagLo(31), dynflagHi(31)]).toEqual([0x8000_0000, 0]);
    expect([dynflagLo(40), dynflagHi(40)]).toEqual([0, 1 << 8]);
  });
});
