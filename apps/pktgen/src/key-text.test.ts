import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeyText } from './key-text.ts';

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

const parse = (text: string) => hex(parseKeyText(new TextEncoder().encode(text)));

describe('the text of a key', () => {
  it('is hexadecimal, with or without colons, in space or not', () => {
    expect(parse('2b7e1516')).toBe('2b7e1516');
    expect(parse('2b:7e:15:16')).toBe('2b7e1516');
    expect(parse(' 2B:7E15:16\r\n')).toBe('2b7e1516');
    expect(parse('\n')).toBe('');
  });

  it('is read back whatever the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (key, colons) => {
        const text = hex(key);
        expect(parse(colons ? (text.match(/../g) ?? []).join(':') : text)).toBe(text);
      }),
    );
  });

  it.each([
    ['2b7', 3],
    ['2b 7e', 2],
    ['2b::7e', 3],
    [':2b', 0],
    ['2b:', 3],
    ['2b:g0', 3],
    ['0x2b', 1],
  ])('is refused as %j at byte %i, without a word of what stands there', (text, at) => {
    expect(() => parse(text)).toThrow(
      `the key is not written in hexadecimal at byte ${at} of its text: expected two digits a byte, with or without colons between bytes`,
    );
  });

  it('ends after 256 bytes', () => {
    expect(parseKeyText(new Uint8Array(2000).fill(0x61))).toEqual(bytes('aa'.repeat(256)));
  });
});
