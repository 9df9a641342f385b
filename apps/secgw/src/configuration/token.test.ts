import { describe, expect, it } from 'vitest';
import { NOT_SHOWN, type Showing, Token } from './token.ts';

function token(text: string): Token {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return new Token(bytes, 0, bytes.length, 1, 1);
}

function shown(text: string, as?: Showing): boolean {
  return token(text).shown(as) === text;
}

it('compares bytes, with case', () => {
  expect(token('mode').is('mode')).toBe(true);
  expect(token('mode').is('Mode')).toBe(false);
  expect(token('mode').is('mod')).toBe(false);
  expect(token('sp').oneOf(['sa', 'sp'])).toBe('sp');
  expect(token('spx').oneOf(['sa', 'sp'])).toBeUndefined();
});

describe('what a message shows', () => {
  it('is words that are no hexadecimal digits', () => {
    for (const word of ['mdoe', 'aes-128-gmc', '3des-cb', 'sha256-hmca', 'cipher_key', 'ipv5', 'lookaside']) {
      expect(shown(word)).toBe(true);
    }
  });

  it('is nothing that might be a piece of a key', () => {
    const pieces = [
      '2b:7e:15',
      '2b',
      'ef',
      'f',
      '12',
      'dead',
      '2b7e151628aed2a6',
      '2b-7e-15',
      '0x2b7e151628',
      'key2b:7e',
    ];
    for (const piece of [...pieces, 'aead_key2b7e1516', '2b.7e', 'g2b7e1516', ':', 'x'.repeat(100)]) {
      expect(token(piece).quoted()).toBe(NOT_SHOWN);
    }
    expect(shown('\x1b[2Jxyz')).toBe(false);
    expect(shown('\xc2\xa0word')).toBe(false);
  });

  it('is a plain number or range where a number belongs', () => {
    expect(shown('70000', 'number')).toBe(true);
    expect(shown('0:65536', 'number')).toBe(true);
    expect(shown('12:34:56', 'number')).toBe(false);
    expect(shown('2b:7e', 'number')).toBe(false);
    expect(shown('123456789012', 'number')).toBe(false);
  });

  it('is an address where one belongs, but nothing that looks like key text', () => {
    expect(shown('192.168.105.300/24', 'dotted')).toBe(true);
    expect(shown('fd12::1/64', 'dotted')).toBe(false);
    expect(shown('fd12:3456::zz/64', 'address')).toBe(true);
    expect(shown('2b:7e:15:16:28:ae:d2:a6', 'address')).toBe(false);
    expect(shown('2b7e1516:28ae', 'address')).toBe(false);
  });
});
