import { describe, expect, it } from 'vitest';
import { type EalOptions, ealUsage, parseEalOptions } from './options.ts';

/** The options of a command line that is written with spaces between its words. */
function options(line: string): EalOptions {
  return parseEalOptions(['secgw', ...words(line)]).options;
}

function words(line: string): string[] {
  return line === '' ? [] : line.split(' ');
}

function failing(line: string) {
  return expect(() => options(line));
}

function withCode(code: string) {
  return expect.objectContaining({ name: 'SetupError', code, errno: 'EINVAL' });
}

describe('the command line', () => {
  it('is read up to --', () => {
    const argv = ['secgw', ...words('-l 0 -n 4 -- -p 0x3 -u 1 -f x.cfg')];
    const { consumed } = parseEalOptions(argv);
    expect(argv.slice(consumed)).toEqual(words('-p 0x3 -u 1 -f x.cfg'));
  });

  it('may end without --, or be no more than the name of the program', () => {
    expect(parseEalOptions(['secgw', '-l', '0']).consumed).toBe(3);
    expect(parseEalOptions(['secgw']).consumed).toBe(1);
    expect(parseEalOptions([]).consumed).toBe(0);
    expect(parseEalOptions(['secgw', '--', '-l', 'x']).consumed).toBe(2);
  });

  it('writes values behind a space, behind =, and behind a letter', () => {
    expect(options('--vdev net_null0 --vdev=net_null1,size=64').vdevs.map(({ text }) => text)).toEqual([
      'net_null0',
      'net_null1,size=64',
    ]);
    expect([options('-n4').memoryChannels, options('-n=4').memoryChannels, options('-n 4').memoryChannels]).toEqual([
      4, 4, 4,
    ]);
    expect(options('-vA')).toMatchObject({ version: true, autoProbing: false });
    expect(options('-vn 2')).toMatchObject({ version: true, memoryChannels: 2 });
  });

  it('has no words that are no options', () => {
    failing('-l 0 stray').toThrow(withCode('ERR_EAL_ARGUMENT'));
    failing('-').toThrow(withCode('ERR_EAL_ARGUMENT'));
    failing('--no-huge --vdev a b').toThrow('got "b"; the application\'s own arguments come behind --');
  });

  it('has no options that the EAL does not know', () => {
    failing('--lcore=0').toThrow('the EAL has no option --lcore; did you mean --lcores?');
    failing('--pineapple').toThrow("-h lists all; the application's own options come behind --");
    failing('-p 0x3').toThrow(withCode('ERR_EAL_OPTION_UNKNOWN'));
    failing('-vp').toThrow('the EAL has no option -p');
  });

  it('has a value for each option that needs one, and none for the others', () => {
    failing('-l').toThrow('option -l needs its value right: expected LIST, got nothing');
    failing('-n -- -p 1').toThrow(withCode('ERR_EAL_OPTION_VALUE'));
    failing('--huge-dir=').toThrow(withCode('ERR_EAL_OPTION_VALUE'));
    failing('--no-huge=1').toThrow('option --no-huge needs its value right: expected no value, got 1');
  });
});

describe('the lines that people run', () => {
  it("include the article's", () => {
    const read = options('-w 06:00.0 -w 06:00.1 -l 6,7 -n 3 --socket-mem 1024,1024 --log-level 8 --vdev crypto_null');
    expect(read).toMatchObject({
      socketMemoryMiB: [1024, 1024],
      memoryChannels: 3,
      logLevels: [{ level: 8 }],
      lcores: [
        { id: 6, processors: [6] },
        { id: 7, processors: [7] },
      ],
    });
    expect(read.allow.map(({ name }) => name)).toEqual(['06:00.0', '06:00.1']);
    expect(read.vdevs.map(({ name }) => name)).toEqual(['crypto_null']);
  });

  it("include those of DPDK's own test scripts", () => {
    const line = '--lcores=0 -n 4 --vdev=crypto_null0 --vdev=net_tap0,mac=fixed --vdev=net_tap1,mac=fixed --no-pci --';
    expect(options(line)).toMatchObject({ lcores: [{ id: 0 }], pci: false });
    expect(options(line).vdevs.map(({ name }) => name)).toEqual(['crypto_null0', 'net_tap0', 'net_tap1']);
  });
});

describe('every option', () => {
  it.each<[string, Partial<EalOptions>]>([
    [
      '-l 0-1',
      {
        lcores: [
          { id: 0, processors: [0] },
          { id: 1, processors: [1] },
        ],
      },
    ],
    [
      '--lcores (0-1)@3',
      {
        lcores: [
          { id: 0, processors: [3] },
          { id: 1, processors: [3] },
        ],
      },
    ],
    ['-c 0x2', { lcores: [{ id: 1, processors: [1] }] }],
    ['--coremask 2', { lcores: [{ id: 1, processors: [1] }] }],
    ['-R', { remapLcoresFrom: 0 }],
    ['--remap-lcore-ids=4', { remapLcoresFrom: 4 }],
    ['--main-lcore 2', { mainLcore: 2 }],
    ['--master-lcore=2', { mainLcore: 2 }],
    ['-s 0x3', { serviceLcores: [0, 1] }],
    ['-S 4-5', { serviceLcores: [4, 5] }],
    ['-n 2', { memoryChannels: 2 }],
    ['-r 16', { memoryRanks: 16 }],
    ['-m 18', { memoryMiB: 18 }],
    ['--numa-mem 2,0', { socketMemoryMiB: [2, 0] }],
    ['--socket-limit=2,2', { socketLimitMiB: [2, 2] }],
    ['--no-huge', { hugepages: false }],
    ['--no-huge -m 64', { hugepages: false, memoryMiB: 64 }],
    ['--in-memory', { inMemory: true, sharedConfiguration: false }],
    ['--huge-dir /mnt/huge', { hugeDirectory: '/mnt/huge' }],
    ['--huge-unlink', { hugeUnlink: 'always' }],
    ['--huge-unlink=never', { hugeUnlink: 'never' }],
    ['--legacy-mem', { legacyMemory: true }],
    ['--single-file-segments', { singleFileSegments: true }],
    ['--match-allocations', { matchAllocations: true }],
    ['--iova-mode=va', { iovaMode: 'va' }],
    ['--no-pci', { pci: false }],
    ['-A', { autoProbing: false }],
    ['--no-auto-probing', { autoProbing: false }],
    ['--file-prefix=suite', { filePrefix: 'suite' }],
    ['--proc-type=auto', { processType: 'auto' }],
    ['--no-shconf', { sharedConfiguration: false }],
    ['--no-telemetry', { telemetry: false }],
    ['--telemetry', { telemetry: true }],
    ['--log-level=4', { logLevels: [{ level: 4 }] }],
    ['--log-timestamp', { logTimestamp: 'time' }],
    ['--log-timestamp=iso', { logTimestamp: 'iso' }],
    ['--log-color', { logColor: 'always' }],
    ['--log-color=never', { logColor: 'never' }],
    ['-v', { version: true }],
    ['--version', { version: true }],
    ['-h', { help: true }],
    ['--help', { help: true }],
  ])('%s is understood', (line, expected) => {
    expect(options(line)).toMatchObject(expected);
  });

  it.each([
    ...['--syslog', '--syslog=local0', '--syslog auth', '--base-virtaddr=0x12345678', '--vfio-intr=msix', '--no-hpet'],
    ...[
      '--force-max-simd-bitwidth=256',
      '--trace=eal.*',
      '--trace-dir=/tmp',
      '--trace-bufsz=4K',
      '--trace-mode=discard',
    ],
    ...['--create-uio-dev', '--mbuf-pool-ops-name ring_mp_mc', '-d /usr/lib/drivers', '--huge-worker-stack=64'],
    ...['--huge-worker-stack', '--vmware-tsc-map', '--vfio-vf-token=14d63f20-8445-11ea-8900-1f9ce7d5650d'],
  ])('%s is read, and changes nothing', (line) => {
    const plain = options('');
    const read = options(line);
    expect(read.withoutEffect).toHaveLength(1);
    expect({ ...read, withoutEffect: [] }).toEqual(plain);
  });

  it.each([
    ...['-n 0', '-n error', '-n -1', '-r 0', '-r 17', '-r error', '-m 0', '-m error', '-m 64MB', '--main-lcore 128'],
    ...[
      '--main-lcore -1',
      '--main-lcore X',
      '--socket-mem 0',
      '--socket-mem 2,,2',
      '--socket-mem 2Mb',
      '--socket-mem 2,Fred',
    ],
    ...[
      '--socket-mem=',
      '--huge-unlink=maybe',
      '--iova-mode dc',
      '--proc-type=error',
      '--file-prefix a/b',
      '-R128',
      '-Rx',
    ],
    ...[
      '--vfio-intr',
      '--vfio-intr=',
      '--vfio-intr=invalid',
      '--vfio-vf-token=1',
      '--base-virtaddr=here',
      '--base-virtaddr',
    ],
    ...['--syslog=error', '--log-timestamp=invalid', '--log-color=invalid', '--force-max-simd-bitwidth=100'],
    ...['--trace-bufsz=4X', '--trace-mode=x', '--huge-dir', '--huge-worker-stack=big'],
  ])('is refused as %s', (line) => {
    failing(line).toThrow(withCode('ERR_EAL_OPTION_VALUE'));
  });

  it.each([
    ['-l 0-', 'ERR_LCORE_LIST'],
    ['-S (', 'ERR_LCORE_LIST'],
    ['-c error', 'ERR_LCORE_MASK'],
    ['-s 0', 'ERR_LCORE_MASK'],
    ['--vdev ,iface=x', 'ERR_DEVICE_ARGUMENTS'],
    ['--log-level=loud', 'ERR_LOG_LEVEL'],
  ])('is refused as %s by what reads its value', (line, code) => {
    failing(line).toThrow(withCode(code));
  });

  it.each([
    ...['-l 0 -l 0', '-l 0 -c 1', '--lcores 0 -c 1', '-s 1 -S 0', '-a 06:00.0 -b 06:00.1', '-A -b 06:00.0'],
    ...[
      '--no-huge --socket-mem 64',
      '-m 64 --socket-mem 64',
      '--no-huge --huge-unlink',
      '--no-huge --match-allocations',
    ],
    ...['--legacy-mem --in-memory', '--legacy-mem --match-allocations', '--legacy-mem --socket-limit 64'],
    ...['--in-memory --huge-unlink=never', '--single-file-segments --huge-unlink', '--match-allocations --huge-unlink'],
    ...['--telemetry --no-telemetry'],
  ])('is refused together with another in %s', (line) => {
    failing(line).toThrow(withCode('ERR_EAL_OPTION_CONFLICT'));
  });

  it('is named as it was written when it excludes another', () => {
    failing('-w 06:00.0 --pci-blacklist 06:00.1').toThrow(
      'options -w and --pci-blacklist exclude each other; leave out one of them',
    );
  });

  it('is listed by -h', () => {
    const usage = ealUsage();
    expect(usage).toContainEqual(expect.stringMatching(/^ {2}-l, --lcores LIST {2,}lcores to run on/));
    expect(usage).toContainEqual(expect.stringMatching(/^ {6}--huge-unlink\[=existing\|always\|never\]$/));
    expect(Math.max(...usage.map((line) => line.length))).toBeLessThan(100);
  });
});
