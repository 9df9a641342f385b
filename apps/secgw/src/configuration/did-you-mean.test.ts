import { expect, it } from 'vitest';
import { nearestWord } from './did-you-mean.ts';

const WORDS = ['mode', 'src', 'dst', 'type', 'port_id', 'cipher_algo', 'auth_algo', 'aead_algo'];

it('finds a word with a letter wrong, missing, too many, or two swapped', () => {
  expect(nearestWord('mede', WORDS)).toBe('mode');
  expect(nearestWord('mod', WORDS)).toBe('mode');
  expect(nearestWord('modee', WORDS)).toBe('mode');
  expect(nearestWord('mdoe', WORDS)).toBe('mode');
  expect(nearestWord('portid', WORDS)).toBe('port_id');
  expect(nearestWord('cipher-alog', WORDS)).toBe('cipher_algo');
  expect(nearestWord('Mode', WORDS)).toBe('mode');
});

it('finds nothing where nothing is near', () => {
  expect(nearestWord('spi', WORDS)).toBeUndefined();
  expect(nearestWord('tunnel', WORDS)).toBeUndefined();
  expect(nearestWord('x', WORDS)).toBeUndefined();
  expect(nearestWord('', WORDS)).toBeUndefined();
});
