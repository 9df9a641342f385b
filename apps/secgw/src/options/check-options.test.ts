import { describe, expect, it } from 'vitest';
import { parseApplicationOptions } from './application-options.ts';
import { checkApplicationOptions, type EalFacts } from './check-options.ts';

const BOARD: EalFacts = { lcores: [6, 7], portCount: 2 };

function check(argv: string, facts = BOARD): void {
  checkApplicationOptions(parseApplicationOptions(['-f', 'x.cfg', ...argv.split(' ')]), facts);
}

describe('options for lcores and ports that there are', () => {
  it('are right in the article, whose mask has more ports than the board', () => {
    expect(() => check('-p 0xf -P -u 0x2 --config=(0,0,6),(1,0,7)')).not.toThrow();
  });

  it('may give several queues of a port, and several ports, to lcores', () => {
    expect(() => check('-p 3 --config=(0,0,6),(0,1,7),(1,0,6)')).not.toThrow();
  });
});

describe('options that do not fit', () => {
  it.each([
    [
      '-p 1 -u 3 --config=(0,0,6)',
      'ERR_OPTION_PORTMASK',
      'Invalid unprotected portmask 0x3: expected ports of -p 0x1 only',
    ],
    ['-p 3', 'ERR_OPTION_CONFIG', 'Error: No port/queue/core mappings'],
    ['-p 3 --config=(0,0,5)', 'ERR_OPTION_CONFIG', 'error: lcore 5 is not enabled in lcore mask; enabled are 6, 7'],
    ['-p 1 --config=(1,0,6)', 'ERR_OPTION_CONFIG', 'port 1 is not enabled in port mask; -p is 0x1'],
    ['-P --config=(0,0,6)', 'ERR_OPTION_CONFIG', 'port 0 is not enabled in port mask; -p is 0x0'],
    ['-p ffffffff --config=(32,0,6)', 'ERR_OPTION_CONFIG', 'port 32 is not enabled in port mask'],
    ['-p f --config=(2,0,6)', 'ERR_OPTION_CONFIG', 'port 2 is not present on the board; there are 2 ports'],
    ['-p 1 --config=(0,1,6)', 'ERR_OPTION_CONFIG', 'queue ids of the port 0 must be in sequence and must start with 0'],
    ['-p 1 --config=(0,0,6),(0,2,6)', 'ERR_OPTION_CONFIG', 'queue ids of the port 0 must be in sequence'],
    ['-p 1 --config=(0,0,6),(0,0,7)', 'ERR_OPTION_CONFIG', 'queue 0 of port 0 is given to two lcores'],
  ])('%s', (argv, code, message) => {
    expect(() => check(argv)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  it('because an lcore has more than 16 queues', () => {
    const config = (count: number) => Array.from({ length: count }, (_, queue) => `(0,${queue},6)`).join(',');
    expect(() => check(`-p 1 --config=${config(16)}`)).not.toThrow();
    expect(() => check(`-p 1 --config=${config(17)}`)).toThrow('error: too many queues (17) for lcore: 6');
  });
});
