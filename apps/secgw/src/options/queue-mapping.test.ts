import { describe, expect, it } from 'vitest';
import { parseQueueMappings } from './queue-mapping.ts';

describe('the mappings of --config', () => {
  it('are triples of port, queue and lcore', () => {
    expect(parseQueueMappings('(0,0,6),(1,0,7)')).toEqual([
      { port: 0, queue: 0, lcore: 6 },
      { port: 1, queue: 0, lcore: 7 },
    ]);
  });

  it('may have blanks, no commas between, and numbers in other notations', () => {
    expect(parseQueueMappings(' ( 0 , 0x10 , 010 ) (1,0,7), ')).toEqual([
      { port: 0, queue: 16, lcore: 8 },
      { port: 1, queue: 0, lcore: 7 },
    ]);
  });

  it.each([
    '',
    '()',
    '(0,0)',
    '(0,0,0,0)',
    '(0,0,x)',
    '(0,,0)',
    '(0,0,-1)',
    '(0,0,0',
    '0,0,0',
    '(0,0,0)x',
    '((0,0,0))',
    '(33,0,0)',
    '(0,1025,0)',
    '(0,0,129)',
    '(08,0,0)',
    '(99999999999999999999999,0,0)',
  ])('are not %j', (text) => {
    expect(() => parseQueueMappings(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_CONFIG',
        message: expect.stringMatching(/^Invalid config: expected /),
      }),
    );
  });

  it('are at most 1024', () => {
    expect(parseQueueMappings('(0,0,0),'.repeat(1024))).toHaveLength(1024);
    expect(() => parseQueueMappings('(0,0,0),'.repeat(1025))).toThrow('exceeded max number of lcore params');
  });
});
