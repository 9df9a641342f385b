import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LCORE } from './lcore.ts';
import { parseLcoreList, parseLcoreMask } from './lcore-list.ts';

/** `id@processors`, one after the other. */
function shown(text: string): string {
  return parseLcoreList(text)
    .map(({ id, processors }) => `${id}@${processors.join('+')}`)
    .join(' ');
}

describe('a list of lcores', () => {
  it.each([
    ['0', '0@0'],
    ['6,7', '6@6 7@7'],
    ['0-3', '0@0 1@1 2@2 3@3'],
    ['3-1', '1@1 2@2 3@3'],
    ['7,0-1,4', '0@0 1@1 4@4 7@7'],
    [' 0 , 2 - 3 ', '0@0 2@2 3@3'],
    ['127', '127@127'],
  ])('%s gives every lcore its own processor', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each([
    ['1@31,2@32', '1@31 2@32'],
    ['1@(1,2)', '1@1+2'],
    ['0-2@5', '0@5 1@5 2@5'],
    ['2@5-7', '2@5+6+7'],
    ['(1-3)@(31-33)', '1@31+32+33 2@31+32+33 3@31+32+33'],
    ['0@1023', '0@1023'],
  ])('%s gives lcores the processors behind the @', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('lets the lcores of a group share the processors of the group', () => {
    expect(shown('(0,6)')).toBe('0@0+6 6@0+6');
  });

  it('takes the last word on an lcore', () => {
    expect(shown('(0-3)@1,2')).toBe('0@1 1@1 2@2 3@1');
  });

  it('reads all of it together', () => {
    expect(shown('0,2@(5-7),(3-5)@(0,2),(1,6),7-8')).toBe('0@0 1@1+6 2@5+6+7 3@0+2 4@0+2 5@0+2 6@1+6 7@7 8@8');
  });

  it.each([
    ...['', ' ', ',', '0,', ',0', '0,,1', '-', '0-', '-1', '0-1-2', 'a', '0x1', '0.5', '1 2', '128', '0-128', '0@1024'],
    ...[
      '(',
      ')',
      '()',
      '(0',
      '0)',
      '(0,)',
      '(0-)',
      '(,0)',
      '((0))',
      '(0)(1)',
      '(0@1)',
      '@1',
      '0@',
      '0@@1',
      '0@1@2',
      '0@,1',
    ],
    ...['0@(1', '0@1)', '0@-1', '0:1', '99999999999999999999'],
  ])('is refused as %j', (text) => {
    expect(() => parseLcoreList(text)).toThrow(expect.objectContaining({ code: 'ERR_LCORE_LIST', errno: 'EINVAL' }));
  });

  it('is refused with the place where it goes wrong', () => {
    expect(() => parseLcoreList('0-3,x', '-l')).toThrow(
      'option -l needs a list of lcores: expected the number of an lcore here, got 0-3,>>x; write it as 0,2-3 or (0-3)@1',
    );
  });

  it('gives back any set that is written as a list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(MAX_LCORE - 1), { minLength: 1 }), (ids) => {
        expect(parseLcoreList(ids.join(',')).map(({ id }) => id)).toEqual([...ids].sort((a, b) => a - b));
      }),
    );
  });
});

describe('a mask of lcores', () => {
  it.each([
    ['1', [0]],
    ['0xc0', [6, 7]],
    ['F', [0, 1, 2, 3]],
    ['0x80000000000000000000000000000001', [0, 127]],
  ])('%s has a bit for each', (text, ids) => {
    expect(parseLcoreMask(text)).toEqual(ids.map((id) => ({ id, processors: [id] })));
  });

  it.each(['', '0', '0x', '0x0', 'error', '1g', '-1', '0x100000000000000000000000000000000'])(
    'is refused as %j',
    (text) => {
      expect(() => parseLcoreMask(text)).toThrow(expect.objectContaining({ code: 'ERR_LCORE_MASK', errno: 'EINVAL' }));
    },
  );

  it('is the list of its bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }), (mask) => {
        const bits = Array.from({ length: 128 }, (_, bit) => bit).filter((bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
        expect(parseLcoreMask(mask.toString(16))).toEqual(parseLcoreList(bits.join(',')));
      }),
    );
  });
});
