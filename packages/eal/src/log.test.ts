import { describe, expect, it } from 'vitest';
import { simulatedEnvironment } from './environment.ts';
import { Log } from './log.ts';
import { LOG_DEBUG, LOG_INFO, parseLogLevel } from './log-level.ts';

/** A log with these `--log-level` options, and what it wrote. */
function logWith(...levels: string[]) {
  const environment = simulatedEnvironment();
  const log = new Log(environment);
  for (const level of levels) log.setLevel(parseLogLevel(level));
  return { log, written: environment.written };
}

/** The levels at which a type of that name writes. */
function levels(log: Log, token: string, name?: string): number {
  const { level } = log.type(token, name);
  return Math.min(level, log.level);
}

describe('the log', () => {
  it('writes lines of a type to stderr', () => {
    const { log, written } = logWith();
    log.type('IPSEC').info('entering main loop on lcore 0');
    log.type('EAL').error('no');
    expect(written).toEqual({ stdout: '', stderr: 'IPSEC: entering main loop on lcore 0\nEAL: no\n' });
  });

  it('writes what is as grave as INFO or graver', () => {
    const { log, written } = logWith();
    const type = log.type('T');
    type.emergency('1');
    type.alert('2');
    type.critical('3');
    type.error('4');
    type.warning('5');
    type.notice('6');
    type.info('7');
    type.debug('8');
    expect(written.stderr).toBe([1, 2, 3, 4, 5, 6, 7].map((level) => `T: ${level}\n`).join(''));
  });

  it('has one type of a name', () => {
    const { log } = logWith();
    expect(log.type('IPSEC', 'user1')).toBe(log.type('IPSEC', 'user1'));
    expect(log.types().map(({ name }) => name)).toEqual(['user1']);
  });

  it('has a level over all types', () => {
    const { log, written } = logWith('4');
    log.type('T').level = LOG_DEBUG;
    log.type('T').warning('not this');
    log.type('T').error('this');
    expect(written.stderr).toBe('T: this\n');
  });

  it('shows debug lines of every type at level debug', () => {
    const { log } = logWith('debug');
    expect([levels(log, 'A'), levels(log, 'B', 'lib.b')]).toEqual([LOG_DEBUG, LOG_DEBUG]);
  });

  it('selects types by name or token, those to come as well, and the last rule counts', () => {
    const { log } = logWith('lib.*:debug', 'lib.e?l:3', 'IPSEC:2');
    expect(levels(log, 'MBUF', 'lib.mbuf')).toBe(LOG_DEBUG);
    expect(levels(log, 'EAL', 'lib.eal')).toBe(3);
    expect(levels(log, 'IPSEC', 'user1')).toBe(2);
    expect(levels(log, 'OTHER', 'mylib.x')).toBe(LOG_INFO);
    log.setLevel(parseLogLevel('^user[1-8]$,warning'));
    expect(levels(log, 'IPSEC', 'user1')).toBe(5);
  });

  it('colours lines by their level when it is told to', () => {
    const environment = simulatedEnvironment();
    const type = new Log(environment, { color: true }).type('T');
    type.error('red');
    type.info('plain');
    expect(environment.written.stderr).toBe('\u001b[31mT: red\u001b[0m\nT: plain\n');
  });

  it.each([
    ['time', '[    0.000000] T: a', '[    1.500000] T: b', '[   61.500000] T: c'],
    [
      'delta',
      '[    0.000000 <   0.000000>] T: a',
      '[    1.500000 <   1.500000>] T: b',
      '[   61.500000 <  60.000000>] T: c',
    ],
    ['reltime', '[Aug  1 10:20] T: a', '[   +1.500000] T: b', '[Aug  1 10:21] T: c'],
    ['ctime', '[Aug  1 10:20:30] T: a', '[Aug  1 10:20:31] T: b', '[Aug  1 10:21:31] T: c'],
    ['iso', '[2025-08-01T10:20:30.000Z] T: a', '[2025-08-01T10:20:31.500Z] T: b', '[2025-08-01T10:21:31.500Z] T: c'],
  ] as const)('puts the time before its lines as %s', (timestamp, ...lines) => {
    const environment = simulatedEnvironment(1, Date.UTC(2025, 7, 1, 10, 20, 30));
    const type = new Log(environment, { timestamp }).type('T');
    type.info('a');
    environment.advance(1.5e9);
    type.info('b');
    environment.advance(60e9);
    type.info('c');
    expect(environment.written.stderr).toBe(lines.map((line) => `${line}\n`).join(''));
  });
});

describe('a level', () => {
  it.each([
    ['1', 1],
    ['8', 8],
    ['emerg', 1],
    ['alert', 2],
    ['crit', 3],
    ['err', 4],
    ['Warning', 5],
    ['notice', 6],
    ['info', 7],
    ['debug', 8],
  ])('is read from %s', (text, level) => {
    expect(parseLogLevel(text)).toEqual({ level });
  });

  it.each(['0', '9', '', 'loud', 'lib.eal:', 'lib.eal:0', 'x,y', '(,8'])('is refused as %j', (text) => {
    expect(() => parseLogLevel(text)).toThrow(expect.objectContaining({ code: 'ERR_LOG_LEVEL', errno: 'EINVAL' }));
  });

  const names = ['lib.eal', 'lib.', '', 'libxeal', 'user1', 'user3', 'user4', 'a+(b)', 'aab', 'a[', ']', 'x'];

  it.each([
    ['*', names],
    ['lib.*', ['lib.eal', 'lib.']],
    ['lib.?al', ['lib.eal']],
    ['user[1-3]', ['user1', 'user3']],
    ['user[!1-3]', ['user4']],
    ['a+(b)', ['a+(b)']],
    ['a[', ['a[']],
    ['[]x]', [']', 'x']],
  ])('can be for the types that match the glob %s', (glob, matching) => {
    expect(names.filter((name) => parseLogLevel(`${glob}:8`).types?.test(name))).toEqual(matching);
  });

  it('can be for the types that match a regular expression', () => {
    const { types } = parseLogLevel('pmd\\.net\\.(ixgbe|tap),debug');
    expect([types?.test('pmd.net.tap.driver'), types?.test('pmd.net.pcap')]).toEqual([true, false]);
  });
});
