import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKey } from './key.ts';
import { Token } from './token.ts';

function parse(text: string, length: number) {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const into = new Uint8Array(length).fill(0xaa);
  const verdict = parseKey(new Token(bytes, 0, bytes.length, 1, 1), into);
  return { verdict, into: [...into] };
}

describe('key text', () => {
  it('is bytes of two hexadecimal digits with colons between, in either case', () => {
    expect(parse('2b:7E:15', 3)).toEqual({ verdict: { kind: 'key' }, into: [0x2b, 0x7e, 0x15] });
  });

  it('may have bytes of one digit', () => {
    expect(parse('0:f:10', 3)).toEqual({ verdict: { kind: 'key' }, into: [0, 15, 16] });
  });

  it('of another length is refused with the number of its bytes, and nothing is written', () => {
    expect(parse('2b:7e', 3)).toEqual({ verdict: { kind: 'length', bytes: 2 }, into: [0xaa, 0xaa, 0xaa] });
    expect(parse('2b:7e:15:16', 3)).toEqual({ verdict: { kind: 'length', bytes: 4 }, into: [0xaa, 0xaa, 0xaa] });
    expect(parse('11', 0)).toMatchObject({ verdict: { kind: 'length', bytes: 1 } });
  });

  it('with something else in it is refused with its place, and nothing is written', () => {
    expect(parse('2b:7g:15', 3)).toEqual({ verdict: { kind: 'digit', at: 4 }, into: [0xaa, 0xaa, 0xaa] });
    expect(parse('2b:7e1:15', 3).verdict).toEqual({ kind: 'digit', at: 5 });
    expect(parse('2b::15', 3).verdict).toEqual({ kind: 'digit', at: 3 });
    expect(parse('2b:15:', 3).verdict).toEqual({ kind: 'digit', at: 6 });
    expect(parse(':15', 1).verdict).toEqual({ kind: 'digit', at: 0 });
    expect(parse('0x2b', 1).verdict).toEqual({ kind: 'digit', at: 1 });
    expect(parse('-1', 1).verdict).toEqual({ kind: 'digit', at: 0 });
  });

  it('comes back from any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.boolean(), (key, short) => {
        const text = Array.from(key, (byte) => (short ? byte.toString(16) : byte.toString(16).padStart(2, '0')));
        expect(parse(text.join(':'), key.length)).toEqual({ verdict: { kind: 'key' }, into: [...key] });
      }),
    );
  });
});
