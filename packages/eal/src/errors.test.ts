import { describe, expect, it } from 'vitest';
import { SetupError } from './errors.ts';

describe('a set-up error', () => {
  it('says what is wrong, what was expected, what was there and what to do', () => {
    const error = new SetupError({
      code: 'ERR_RING_COUNT',
      errno: 'EINVAL',
      message: 'a ring cannot have this size',
      expected: 'a power of two',
      got: '1000',
      remedy: 'use 1024',
    });
    expect(error.message).toBe('a ring cannot have this size: expected a power of two, got 1000; use 1024');
    expect(error).toMatchObject({ name: 'SetupError', code: 'ERR_RING_COUNT', errno: 'EINVAL', got: '1000' });
    expect(error).toBeInstanceOf(Error);
  });

  it('leaves out what nobody said', () => {
    const message = (details: object) =>
      new SetupError({ code: 'ERR_X', errno: 'EIO', message: 'no', ...details }).message;
    expect(message({})).toBe('no');
    expect(message({ got: '1' })).toBe('no: got 1');
    expect(message({ remedy: 'wait' })).toBe('no; wait');
  });

  it('keeps its cause', () => {
    const cause = new Error('below');
    expect(new SetupError({ code: 'ERR_X', errno: 'EIO', message: 'no', cause }).cause).toBe(cause);
  });
});
