import { SetupError } from '@inline-ipsec/eal/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ApplicationOptions,
  LONG_OPTIONS,
  parseApplicationOptions,
  SHORT_OPTIONS,
} from './application-options.ts';
import { ALL_BITS } from './option-values.ts';

const parse = (...argv: string[]): ApplicationOptions => parseApplicationOptions(['-f', 'x.cfg', ...argv]);
const refused = (...argv: string[]) => expect(() => parse(...argv));

describe('the command line of the article', () => {
  it('is taken as it is printed', () => {
    const argv = ['-p', '0xf', '-P', '-u', '0x2', '--config=(0,0,6),(1,0,7)', '-f', './inline.cfg'];
    expect(parseApplicationOptions(argv)).toMatchObject({
      portMask: 0xf,
      promiscuous: true,
      unprotectedMask: 0x2,
      queues: [
        { port: 0, queue: 0, lcore: 6 },
        { port: 1, queue: 0, lcore: 7 },
      ],
      configurationFile: './inline.cfg',
      library: false,
      warnings: [],
      lines: [
        'Promiscuous mode selected',
        'librte_ipsec usage: disabled',
        'replay window size: 0',
        'ESN: disabled',
        'SA flags: 0',
        'Frag TTL: 10000000000 ns',
      ],
    });
  });
});

describe('the options', () => {
  it("have DPDK's defaults", () => {
    const { lines, ...options } = parse();
    expect(lines).toHaveLength(5);
    expect(options).toEqual({
      portMask: 0,
      promiscuous: false,
      unprotectedMask: 0,
      configurationFile: 'x.cfg',
      frameBufferBytes: 2176,
      library: false,
      replayWindow: 0,
      esn: false,
      atomicSequence: false,
      sadCacheEntries: 128,
      statisticsSeconds: 0,
      poolBuffers: undefined,
      queues: [],
      singleSa: undefined,
      cryptodevMask: ALL_BITS,
      transferMode: 'poll',
      eventSchedule: undefined,
      rxOffloads: ALL_BITS,
      txOffloads: ALL_BITS,
      reassembleEntries: 0,
      mtu: 1500,
      fragmentLifetime: 1e10,
      eventVector: false,
      vectorSize: 16,
      vectorTimeout: 102400,
      vectorPoolSize: undefined,
      perPortPool: false,
      cryptoDescriptors: 2048,
      untilIdle: false,
      strict: false,
      busyPoll: false,
      warnings: [],
    });
  });

  it.each([
    [['-p', 'ff'], { portMask: 0xff }],
    [['-p0x80000000'], { portMask: 0x8000_0000 }],
    [['-u', '2'], { unprotectedMask: 2 }],
    [['-j', '2176'], { frameBufferBytes: 2176 }],
    [['-j', '65535'], { frameBufferBytes: 65535 }],
    [['-w', '0'], { replayWindow: 0 }],
    [['-w', '300'], { replayWindow: 300 }],
    [['-c', '0'], { sadCacheEntries: 0 }],
    [['-c', '1'], { sadCacheEntries: 0 }],
    [['-c', '100'], { sadCacheEntries: 128 }],
    [['-t', '5'], { statisticsSeconds: 5 }],
    [['-s', '8192'], { poolBuffers: 8192 }],
    [['-s', '0'], { poolBuffers: undefined }],
    [['--single-sa', '1'], { singleSa: 1 }],
    [['--single-sa=0'], { singleSa: 0 }],
    [['--cryptodev_mask', '0'], { cryptodevMask: { lo: 0, hi: 0 } }],
    [['--cryptodev_mask=0x10'], { cryptodevMask: { lo: 16, hi: 0 } }],
    [['--transfer-mode', 'poll'], { transferMode: 'poll' }],
    [['--rxoffload', '0xffffffffffffffff'], { rxOffloads: ALL_BITS }],
    [['--rxoffload', '0x100000002'], { rxOffloads: { lo: 2, hi: 1 } }],
    [['--txoffload', '010'], { txOffloads: { lo: 8, hi: 0 } }],
    [['--txoffload', '10'], { txOffloads: { lo: 10, hi: 0 } }],
    [['--reassemble', '0'], { reassembleEntries: 0 }],
    [['--mtu', '1400'], { mtu: 1400 }],
    [['--mtu', '2030'], { mtu: 2030 }],
    [['--mtu', '9000', '-j', '9600'], { mtu: 9000 }],
    [['--frag-ttl', '10000000000'], { fragmentLifetime: 1e10 }],
    [['--vector-size', '256'], { vectorSize: 256 }],
    [['--vector-tmo', '1'], { vectorTimeout: 1 }],
    [['--vector-pool-sz', '1'], { vectorPoolSize: 1 }],
    [['--per-port-pool'], { perPortPool: true }],
    [['--desc-nb', '512'], { cryptoDescriptors: 512 }],
    [['--until-idle', '--strict', '--busy-poll'], { untilIdle: true, strict: true, busyPoll: true }],
    [['--conf', '(0,0,0)'], { queues: [{ port: 0, queue: 0, lcore: 0 }] }],
    [['--config', '(0,0,0)', '--config', '(1,0,0)'], { queues: [{ port: 1, queue: 0, lcore: 0 }] }],
    [['-p', '1', '-p', '3'], { portMask: 3 }],
  ])('%j', (argv, expected) => {
    const options = parse(...argv);
    expect(options).toMatchObject(expected);
    expect(options.warnings).toEqual([]);
  });

  it.each([
    [['-p', '0'], 'ERR_OPTION_VALUE', 'invalid portmask'],
    [['-p', 'xyz'], 'ERR_OPTION_VALUE', 'invalid portmask'],
    [['-p', ''], 'ERR_OPTION_VALUE', 'invalid portmask'],
    [['-p', '0x100000000'], 'ERR_OPTION_VALUE', 'invalid portmask'],
    [['-u', '0x0'], 'ERR_OPTION_VALUE', 'invalid unprotected portmask'],
    [['-u', '-1'], 'ERR_OPTION_VALUE', 'invalid unprotected portmask'],
    [['-f', 'y.cfg'], 'ERR_OPTION_FILE', '"-f" option present more than once!'],
    [['-j', '2175'], 'ERR_OPTION_VALUE', 'Invalid frame buffer size value: expected 2176 to 65535, got "2175"'],
    [['-j', '65536'], 'ERR_OPTION_VALUE', 'Invalid frame buffer size value'],
    [['-w', 'x'], 'ERR_OPTION_VALUE', 'Invalid replay window size'],
    [['-c', '-1'], 'ERR_OPTION_VALUE', 'Invalid SA cache size'],
    [['-t', '1s'], 'ERR_OPTION_VALUE', 'Invalid interval value'],
    [['-s', ''], 'ERR_OPTION_VALUE', 'Invalid number of buffers in a pool'],
    [['--config', '0,0,0'], 'ERR_OPTION_CONFIG', 'Invalid config'],
    [['--single-sa', '4294967296'], 'ERR_OPTION_VALUE', 'Invalid argument[sa_idx]'],
    [['--cryptodev_mask', 'g'], 'ERR_OPTION_VALUE', 'Invalid argument[portmask]'],
    [
      ['--transfer-mode', 'push'],
      'ERR_OPTION_VALUE',
      'Unsupported packet transfer mode: expected poll, event, got "push"',
    ],
    [['--event-schedule-type', 'fair'], 'ERR_OPTION_VALUE', 'Unsupported queue schedule type'],
    [['--event-schedule-type', 'atomic'], 'ERR_OPTION_EVENT', '--event-schedule-type applies only to event mode'],
    [['--transfer-mode', 'event', '--config', '(0,0,0)'], 'ERR_OPTION_EVENT', '--config applies only to poll mode'],
    [['--rxoffload', '08'], 'ERR_OPTION_VALUE', "Invalid argument for 'rxoffload'"],
    [['--txoffload', '0x10000000000000000'], 'ERR_OPTION_VALUE', "Invalid argument for 'txoffload'"],
    [['--reassemble', '-1'], 'ERR_OPTION_VALUE', "Invalid argument for 'reassemble'"],
    [['--mtu', '65536'], 'ERR_OPTION_VALUE', "Invalid argument for 'mtu'"],
    [['--frag-ttl', '10000000001'], 'ERR_OPTION_VALUE', "Invalid argument for 'frag-ttl'"],
    [['--vector-size', '257'], 'ERR_OPTION_VALUE', "Invalid argument for 'vector-size'"],
    [['--bogus'], 'ERR_OPTION_UNKNOWN', "unrecognized option '--bogus'"],
    [['-x'], 'ERR_OPTION_UNKNOWN', "invalid option -- 'x'"],
  ])('%j is an error', (argv, code, text) => {
    refused(...argv).toThrow(SetupError);
    refused(...argv).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
  });

  it('want a configuration file', () => {
    expect(() => parseApplicationOptions(['-p', '3'])).toThrow('Mandatory option "-f" not present');
  });

  it('pass over other words, with a warning', () => {
    expect(parse('extra', '-P').warnings).toEqual(['"extra" is no option and is passed over']);
    expect(parse('--event-vector').warnings).toHaveLength(1);
  });

  it('take -j for buffers alone: frames are as long as --mtu says', () => {
    expect(parse('-j', '9000')).toMatchObject({ mtu: 1500, frameBufferBytes: 9000, library: false });
    refused('-j', '9000', '--mtu', '8855').toThrow(expect.objectContaining({ code: 'ERR_NOT_YET' }));
    expect(parse('-j', '9000', '--mtu', '8854')).toMatchObject({ mtu: 8854, library: false });
  });

  it('say what DPDK says', () => {
    expect(parse('-j', '4096', '--single-sa', '2', '-w', '64').lines).toEqual([
      'Custom frame buffer size 4096',
      'Configured with single SA index 2',
      'librte_ipsec usage: disabled',
      'replay window size: 64',
      'ESN: disabled',
      'SA flags: 0',
      'Frag TTL: 10000000000 ns',
    ]);
  });
});

describe('what comes later', () => {
  it.each([
    [['-l'], 'library mode (-l) comes later; leave -l out for legacy semantics'],
    [['-Pl'], 'library mode (-l) comes later'],
    [['-e'], 'extended sequence numbers (-e) comes later'],
    [['-a'], 'atomic sequence numbers (-a) comes later'],
    [['--reassemble', '64'], 'reassembly (--reassemble) comes later'],
    [['--mtu', '2031'], 'an mtu beyond one buffer (--mtu) comes later; make the buffers larger'],
    [['--transfer-mode', 'event'], 'event mode (--transfer-mode event) comes later'],
    [['--transfer-mode', 'event', '--event-schedule-type', 'atomic'], 'event mode'],
  ])('is refused by name: %j', (argv, text) => {
    refused(...argv).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_YET', errno: 'ENOTSUP', message: expect.stringContaining(text) }),
    );
  });
});

it('any words are taken or refused with a set-up error', () => {
  const words = [
    ...LONG_OPTIONS.map(({ name }) => `--${name}`),
    ...LONG_OPTIONS.map(({ name }) => `--${name}=1`),
    ...[...SHORT_OPTIONS].map((letter) => `-${letter}`),
    '-f',
    'x.cfg',
    '(0,0,0)',
    '0x3',
    '1500',
    'poll',
    '',
    '-',
    '--',
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 8 }), (argv) => {
      try {
        expect(parseApplicationOptions(argv).configurationFile).not.toBe('');
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
