import { describe, expect, it } from 'vitest';
import { Eal, type EalInit } from './eal.ts';
import { simulatedEnvironment } from './environment.ts';
import { exitLines } from './exit-lines.ts';
import { LCORE_ID_ANY, lcoreId } from './lcore.ts';
import { Memory } from './memory.ts';

const MIB = 1024 * 1024;

/** Starts an EAL on a machine with two processors; the memory is only as large as a test needs. */
function start(line: string, more: Partial<EalInit> = {}) {
  const environment = simulatedEnvironment();
  const asked: number[] = [];
  const eal = Eal.init({
    argv: ['app', ...line.split(' ').filter((word) => word !== '')],
    environment,
    processors: 2,
    memory: (bytes) => {
      asked.push(bytes);
      return Memory.create({ bytes: 0x40000 });
    },
    ...more,
  });
  return { eal, environment, asked: asked[0] / MIB, lines: environment.written.stderr.split('\n').slice(0, -1) };
}

describe('starting', () => {
  it('leaves the application its arguments, with the name of the program before them', () => {
    const { eal } = start('-l 0 -n 4 -- -p 0x3 -P');
    expect([eal.consumed, eal.applicationArgv]).toEqual([6, ['app', '-p', '0x3', '-P']]);
    expect(start('-l 0').eal.applicationArgv).toEqual(['app']);
    expect(start('').eal.applicationArgv).toEqual(['app']);
  });

  it('says to whoever makes the memory whether it may have huge pages, and lets it speak', () => {
    const asked: boolean[] = [];
    const memory: EalInit['memory'] = (_bytes, { hugepages, log }) => {
      asked.push(hugepages);
      log.info('memory of a special kind');
      return Memory.create({ bytes: 0x40000 });
    };
    expect(start('--in-memory', { memory }).lines).toContain('EAL: memory of a special kind');
    start('--no-huge', { memory });
    expect(asked).toEqual([true, false]);
  });

  it('makes no thread an lcore', () => {
    start('-l 0');
    expect(lcoreId()).toBe(LCORE_ID_ANY);
  });

  it('can be done again, and cleaned up once', () => {
    const { eal } = start('-l 0');
    eal.cleanup();
    expect(() => eal.cleanup()).toThrow(expect.objectContaining({ code: 'ERR_EAL_CLEANED_UP', errno: 'EALREADY' }));
    start('-l 0').eal.cleanup();
  });

  it('refuses to be a secondary process', () => {
    expect(() => start('--proc-type=secondary')).toThrow(
      expect.objectContaining({ code: 'ERR_EAL_PROCESS_TYPE', errno: 'ENOTSUP' }),
    );
    start('--proc-type=auto');
  });

  it('with -h prints the options and probes nothing', () => {
    const driver = { name: 'net_null', match: () => true, probe: () => expect.unreachable() };
    const { eal, environment } = start('--vdev net_null0 -h', { drivers: [driver] });
    expect(eal.options.help).toBe(true);
    expect(environment.written.stdout).toMatch(/^EAL options:\n.*--lcores LIST/s);
  });

  it('with -v logs the version', () => {
    expect(start('-v', { version: 'app 1.2.3' }).lines[0]).toBe("EAL: RTE Version: 'app 1.2.3'");
  });

  it('names the options that change nothing to who wants to know', () => {
    expect(start('--no-hpet -n 4').lines).toEqual(['EAL: Detected CPU lcores: 2']);
    expect(start('--no-hpet -n 4 --log-level lib.eal:debug').lines.slice(1)).toEqual([
      'EAL: Option --no-hpet changes nothing here',
      'EAL: Option -n changes nothing here',
    ]);
  });

  it('obeys the options of the log', () => {
    const { eal, environment } = start('--log-level=error --log-timestamp --log-color=always');
    eal.log.type('IPSEC').error('no');
    expect(environment.written.stderr).toBe('\u001b[31m[    0.000000] IPSEC: no\u001b[0m\n');
  });
});

describe('lcores', () => {
  it('are those that the options name', () => {
    const { eal } = start('--lcores (0-1)@1,5@0');
    expect([eal.lcores, eal.mainLcore]).toEqual([[0, 1, 5], 0]);
    expect([eal.processorsOf(1), eal.processorsOf(5), eal.processorsOf(3)]).toEqual([[1], [0], []]);
  });

  it('are as many as processors when no option names them, and one where nobody knows', () => {
    expect(start('').eal.lcores).toEqual([0, 1]);
    expect(start('', { processors: 1000 }).eal.lcores).toHaveLength(128);
    expect(start('', { processors: undefined }).eal.lcores).toEqual([0]);
    const environment = { ...simulatedEnvironment(), processors: 3 };
    const eal = Eal.init({ argv: [], environment, memory: Memory.create({ bytes: 0x40000 }) });
    expect(eal.lcores).toEqual([0, 1, 2]);
  });

  it('begin with the one that --main-lcore names', () => {
    expect(start('-l 0,3 --main-lcore 3').eal.mainLcore).toBe(3);
    expect(start('-l 3 --master-lcore 3').eal.mainLcore).toBe(3);
    expect(() => start('-l 0,3 --main-lcore 2')).toThrow(
      expect.objectContaining({ code: 'ERR_EAL_MAIN_LCORE', errno: 'EINVAL' }),
    );
  });

  it('can be numbered anew', () => {
    const { eal } = start('-l 6,7 -R');
    expect([eal.lcores, eal.processorsOf(1)]).toEqual([[0, 1], [7]]);
    expect(start('-l 6,7 -R4 --main-lcore 5').eal.lcores).toEqual([4, 5]);
    expect(() => start('-l 6,7 -R127')).toThrow(expect.objectContaining({ code: 'ERR_EAL_LCORES' }));
  });

  it('without a processor get a warning, and run', () => {
    const { eal, lines } = start('-l 6,7');
    expect(eal.lcores).toEqual([6, 7]);
    expect(lines).toEqual([
      'EAL: Detected CPU lcores: 2',
      'EAL: No processor of its own for lcore 6, 7 (this machine has 2, counted from 0): it runs on any',
    ]);
    expect(start('-l 1-2', { processors: 1 }).lines[1]).toMatch(
      /for lcore 1, 2 \(this machine has 1, counted from 0\)/,
    );
    expect(start('-l 6,7', { processors: undefined }).lines).toEqual([]);
    expect(start('--lcores 6@(1,6)').lines).toHaveLength(1);
  });
});

describe('the memory', () => {
  it.each([
    ['', 256],
    ['-m 18', 18],
    ['--no-huge -m 512', 512],
    ['--socket-mem 64,32', 96],
    ['--socket-mem 1024,1023', 2047],
  ])('has the size of %j: %i MiB', (line, mib) => {
    const { asked, lines } = start(line);
    expect(asked).toBe(mib);
    expect(lines).toEqual(['EAL: Detected CPU lcores: 2']);
  });

  it.each(['-m 4096', '--socket-mem 2048,2048'])('has no more than can be addressed, with a warning: %s', (line) => {
    const { asked, lines } = start(line);
    expect(asked).toBe(2047);
    expect(lines[0]).toBe('EAL: 4096 MiB of memory are more than can be addressed: it gets 2047 MiB');
  });

  it('can be given, and is made when it is not', () => {
    const memory = Memory.create({ bytes: 0x40000 });
    expect(start('', { memory }).eal.memory).toBe(memory);
    expect(Eal.init({ argv: ['app', '-m', '1'], environment: simulatedEnvironment() }).memory.bytes).toBe(MIB);
  });

  it('of the largest size can be made', () => {
    expect(Memory.create({ bytes: 2047 * MIB }).bytes).toBe(2047 * MIB);
  });
});

describe('a fatal end', () => {
  it('is announced as DPDK does', () => {
    expect(exitLines(1, 'Invalid parameters')).toEqual([
      'EAL: Error - exiting with code: 1',
      '  Cause: Invalid parameters',
    ]);
  });

  it('is none with status 0', () => {
    expect(exitLines(0, 'Bye...')).toEqual(['Bye...']);
  });
});
