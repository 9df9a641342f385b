import { describe, expect, it } from 'vitest';
import { closestWord, didYouMean } from './closest-word.ts';

describe('the closest word', () => {
  const words = ['lcores', 'vdev', 'socket-mem', 'no-huge'];

  it('is found in spite of a slip of the hand', () => {
    expect(closestWord('lcore', words)).toBe('lcores');
    expect(closestWord('lcroes', words)).toBe('lcores');
    expect(closestWord('VDVE', words)).toBe('vdev');
    expect(closestWord('sokcet-men', words)).toBe('socket-mem');
    expect(closestWord('no_huge', words)).toBe('no-huge');
  });

  it('is none when nothing is near', () => {
    expect(closestWord('pineapple', words)).toBeUndefined();
    expect(closestWord('', words)).toBeUndefined();
    expect(closestWord('lcores', [])).toBeUndefined();
  });

  it('becomes a question', () => {
    expect(didYouMean('vdevs', words)).toBe('did you mean vdev?');
    expect(didYouMean('pineapple', words)).toBeUndefined();
  });
});
