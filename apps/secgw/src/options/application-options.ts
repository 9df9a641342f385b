import { SetupError } from '@inline-ipsec/eal/errors';
import { getopt, type LongOption } from './getopt.ts';
import { needsMultiSegment } from './multi-segment.ts';
import { refuseNotYet } from './not-yet.ts';
import { ALL_BITS, type Mask64, parseDecimal, parseHexMask, parseMask } from './option-values.ts';
import { parseQueueMappings, type QueueMapping } from './queue-mapping.ts';

/**
 * The options of the gateway, behind the `--` that ends those of the EAL: all of DPDK v26.07's ipsec-secgw, with its
 * defaults and messages, and a few of our own.
 *
 * What this does not do: look whether the ports and lcores exist (that is `check-options.ts`), or read the file of `-f`.
 */

/** The short options (DPDK: the getopt string of ipsec-secgw.c). */
export const SHORT_OPTIONS = 'aelp:Pu:f:j:w:c:t:s:';

/** The long options; our own are marked. */
export const LONG_OPTIONS: readonly LongOption[] = [
  { name: 'config', argument: true },
  { name: 'single-sa', argument: true },
  { name: 'cryptodev_mask', argument: true },
  { name: 'transfer-mode', argument: true },
  { name: 'event-schedule-type', argument: true },
  { name: 'rxoffload', argument: true },
  { name: 'txoffload', argument: true },
  { name: 'reassemble', argument: true },
  { name: 'mtu', argument: true },
  { name: 'frag-ttl', argument: true },
  { name: 'event-vector', argument: false },
  { name: 'vector-size', argument: true },
  { name: 'vector-tmo', argument: true },
  { name: 'vector-pool-sz', argument: true },
  { name: 'per-port-pool', argument: false },
  { name: 'desc-nb', argument: true },
  { name: 'until-idle', argument: false, ours: true },
  { name: 'strict', argument: false, ours: true },
  { name: 'busy-poll', argument: false, ours: true },
];

/** Data buffer of an mbuf, headroom included, in bytes (DPDK: `RTE_MBUF_DEFAULT_BUF_SIZE`). */
export const DEFAULT_FRAME_BUFFER_BYTES = 2176;
/** The longest life of a fragment in nanoseconds, and the default (DPDK: `MAX_FRAG_TTL_NS`). */
export const MAX_FRAGMENT_LIFETIME = 10_000_000_000;

const U16 = 0xffff;
const U32 = 0xffff_ffff;
const MAX_VECTOR = 256;

const TRANSFER_MODES = ['poll', 'event'] as const;
const SCHEDULES = ['ordered', 'atomic', 'parallel'] as const;

/** What the command line says. */
export interface ApplicationOptions {
  /** `-p`: bit N is port N. 0 if not given. */
  readonly portMask: number;
  /** `-P` */
  readonly promiscuous: boolean;
  /** `-u`: the ports where ESP comes in. */
  readonly unprotectedMask: number;
  /** `-f` */
  readonly configurationFile: string;
  /** `-j`: data buffer of an mbuf with headroom, in bytes. */
  readonly frameBufferBytes: number;
  /** `-l`, or what forces it: `-a`, `--reassemble`, a large `--mtu`. */
  readonly library: boolean;
  /** `-w`: replay window in packets; 0 is no replay check. */
  readonly replayWindow: number;
  /** `-e`: extended sequence numbers on all SAs. */
  readonly esn: boolean;
  /** `-a`: sequence numbers that several lcores may draw. */
  readonly atomicSequence: boolean;
  /** `-c`: entries of the SAD cache of an lcore, a power of two; 0 is none. */
  readonly sadCacheEntries: number;
  /** `-t`: seconds between statistics screens; 0 is none. */
  readonly statisticsSeconds: number;
  /** `-s`: mbufs in a pool; undefined to compute it. */
  readonly poolBuffers: number | undefined;
  /** `--config` */
  readonly queues: readonly QueueMapping[];
  /** `--single-sa`: index in the outbound SAs by rising SPI. */
  readonly singleSa: number | undefined;
  /** `--cryptodev_mask` */
  readonly cryptodevMask: Mask64;
  /** `--transfer-mode` */
  readonly transferMode: (typeof TRANSFER_MODES)[number];
  /** `--event-schedule-type`; undefined if not given (DPDK takes `ordered`). */
  readonly eventSchedule: (typeof SCHEDULES)[number] | undefined;
  /** `--rxoffload`, `--txoffload`: the offloads that may be used, by DPDK's bits. */
  readonly rxOffloads: Mask64;
  readonly txOffloads: Mask64;
  /** `--reassemble`: entries of the fragment table of an lcore; 0 is no reassembly. */
  readonly reassembleEntries: number;
  /** `--mtu`: bytes of an IP packet. */
  readonly mtu: number;
  /** `--frag-ttl`: nanoseconds. */
  readonly fragmentLifetime: number;
  /** `--event-vector`, `--vector-size` (packets), `--vector-tmo` (nanoseconds), `--vector-pool-sz`. */
  readonly eventVector: boolean;
  readonly vectorSize: number;
  readonly vectorTimeout: number;
  readonly vectorPoolSize: number | undefined;
  /** `--per-port-pool` */
  readonly perPortPool: boolean;
  /** `--desc-nb`: descriptors of a crypto queue pair. */
  readonly cryptoDescriptors: number;
  /** `--until-idle` (ours): end when all finite input is used up and sent. */
  readonly untilIdle: boolean;
  /** `--strict` (ours): drop an authentic packet whose padding is not 1, 2, 3. */
  readonly strict: boolean;
  /** `--busy-poll` (ours): never sleep. */
  readonly busyPoll: boolean;
  /** Lines that DPDK prints to stdout while it reads options, and the summary after. */
  readonly lines: readonly string[];
  /** What works, but has no effect: one clause each. */
  readonly warnings: readonly string[];
}

type Writable = { -readonly [K in keyof ApplicationOptions]: ApplicationOptions[K] };

/**
 * Parses the options.
 *
 * @param argv the words behind the `--` of the EAL, program name not included
 * @throws SetupError `ERR_OPTION_…` (EINVAL) for what is no option or no value of one, with DPDK's phrase for it;
 * `ERR_NOT_YET` (ENOTSUP) for what DPDK has and this gateway will have
 */
export function parseApplicationOptions(argv: readonly string[]): ApplicationOptions {
  const { options: met, rest } = getopt(argv, SHORT_OPTIONS, LONG_OPTIONS);
  const lines: string[] = [];
  const warnings = rest.map((word) => `"${word}" is no option and is passed over`);
  const options: Writable = { ...defaults(), lines, warnings };
  for (const { name, argument } of met) {
    if (name === 'f' && options.configurationFile !== '') {
      throw new SetupError({
        code: 'ERR_OPTION_FILE',
        errno: 'EINVAL',
        message: '"-f" option present more than once!',
      });
    }
    APPLY[name](options, argument, lines);
  }
  if (options.configurationFile === '') {
    throw new SetupError({
      code: 'ERR_OPTION_FILE',
      errno: 'EINVAL',
      message: 'Mandatory option "-f" not present',
      remedy: 'name the configuration file: -f FILE',
    });
  }
  checkEventOptions(options, warnings);
  if (needsMultiSegment(options)) {
    options.library = true;
    const { frameBufferBytes, mtu, reassembleEntries } = options;
    lines.push(
      `frame buf size: ${frameBufferBytes}, mtu: ${mtu}, number of reassemble entries: ${reassembleEntries}`,
      'multi-segment support is required',
    );
  }
  refuseNotYet(options);
  lines.push(...summary(options));
  return options;
}

function defaults(): ApplicationOptions {
  return {
    portMask: 0,
    promiscuous: false,
    unprotectedMask: 0,
    configurationFile: '',
    frameBufferBytes: DEFAULT_FRAME_BUFFER_BYTES,
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
    fragmentLifetime: MAX_FRAGMENT_LIFETIME,
    eventVector: false,
    vectorSize: 16,
    vectorTimeout: 102_400,
    vectorPoolSize: undefined,
    perPortPool: false,
    cryptoDescriptors: 2048,
    untilIdle: false,
    strict: false,
    busyPoll: false,
    lines: [],
    warnings: [],
  };
}

type Apply = (options: Writable, argument: string, lines: string[]) => void;

/** What each option does, by its letter or name. */
const APPLY: Readonly<Record<string, Apply>> = {
  p: (options, text) => {
    options.portMask = portMask(text, 'invalid portmask');
  },
  P: (options, _, lines) => {
    options.promiscuous = true;
    lines.push('Promiscuous mode selected');
  },
  u: (options, text) => {
    options.unprotectedMask = portMask(text, 'invalid unprotected portmask');
  },
  f: (options, text) => {
    options.configurationFile = text;
  },
  j: (options, text, lines) => {
    const bytes = parseDecimal(text, U16);
    if (bytes === undefined || bytes < DEFAULT_FRAME_BUFFER_BYTES) {
      throw invalid('Invalid frame buffer size value', text, `${DEFAULT_FRAME_BUFFER_BYTES} to ${U16}`);
    }
    options.frameBufferBytes = bytes;
    lines.push(`Custom frame buffer size ${bytes}`);
  },
  l: (options) => {
    options.library = true;
  },
  w: (options, text) => {
    options.replayWindow = number('Invalid replay window size', text, U32);
  },
  e: (options) => {
    options.esn = true;
  },
  a: (options) => {
    options.library = true;
    options.atomicSequence = true;
  },
  c: (options, text) => {
    options.sadCacheEntries = cacheEntries(number('Invalid SA cache size', text, U32));
  },
  t: (options, text) => {
    options.statisticsSeconds = number('Invalid interval value', text, U32);
  },
  s: (options, text) => {
    options.poolBuffers = number('Invalid number of buffers in a pool', text, U32) || undefined;
  },
  config: (options, text) => {
    options.queues = parseQueueMappings(text);
  },
  'single-sa': (options, text, lines) => {
    options.singleSa = number('Invalid argument[sa_idx]', text, U32);
    lines.push(`Configured with single SA index ${options.singleSa}`);
  },
  cryptodev_mask: (options, text) => {
    const mask = parseHexMask(text);
    if (mask === undefined) throw invalid('Invalid argument[portmask]', text, 'a hexadecimal mask');
    options.cryptodevMask = mask;
  },
  'transfer-mode': (options, text) => {
    options.transferMode = oneOf('Unsupported packet transfer mode', text, TRANSFER_MODES);
  },
  'event-schedule-type': (options, text) => {
    options.eventSchedule = oneOf('Unsupported queue schedule type', text, SCHEDULES);
  },
  rxoffload: (options, text) => {
    options.rxOffloads = offloads('rxoffload', text);
  },
  txoffload: (options, text) => {
    options.txOffloads = offloads('txoffload', text);
  },
  reassemble: (options, text) => {
    options.reassembleEntries = number("Invalid argument for 'reassemble'", text, U32);
  },
  mtu: (options, text) => {
    options.mtu = number("Invalid argument for 'mtu'", text, U16);
  },
  'frag-ttl': (options, text) => {
    options.fragmentLifetime = number("Invalid argument for 'frag-ttl'", text, MAX_FRAGMENT_LIFETIME);
  },
  'event-vector': (options) => {
    options.eventVector = true;
  },
  'vector-size': (options, text) => {
    options.vectorSize = number("Invalid argument for 'vector-size'", text, MAX_VECTOR);
  },
  'vector-tmo': (options, text) => {
    options.vectorTimeout = number("Invalid argument for 'vector-tmo'", text, Number.MAX_SAFE_INTEGER);
  },
  'vector-pool-sz': (options, text) => {
    options.vectorPoolSize = number("Invalid argument for 'vector-pool-sz'", text, U32);
  },
  'per-port-pool': (options) => {
    options.perPortPool = true;
  },
  'desc-nb': (options, text) => {
    options.cryptoDescriptors = number("Invalid argument for 'desc-nb'", text, U32);
  },
  'until-idle': (options) => {
    options.untilIdle = true;
  },
  strict: (options) => {
    options.strict = true;
  },
  'busy-poll': (options) => {
    options.busyPoll = true;
  },
};

function checkEventOptions(options: ApplicationOptions, warnings: string[]): void {
  if (options.transferMode === 'event') {
    if (options.queues.length === 0) return;
    throw new SetupError({
      code: 'ERR_OPTION_EVENT',
      errno: 'EINVAL',
      message: 'error: option --config applies only to poll mode',
    });
  }
  if (options.eventSchedule !== undefined) {
    throw new SetupError({
      code: 'ERR_OPTION_EVENT',
      errno: 'EINVAL',
      message: 'error: option --event-schedule-type applies only to event mode',
      remedy: 'leave it out, or add --transfer-mode event',
    });
  }
  if (options.eventVector) warnings.push('--event-vector has no effect in poll mode');
}

/** What DPDK prints when all options are read (`print_app_sa_prm`). */
function summary({ library, replayWindow, esn, atomicSequence, fragmentLifetime }: ApplicationOptions): string[] {
  return [
    `librte_ipsec usage: ${library ? 'enabled' : 'disabled'}`,
    `replay window size: ${replayWindow}`,
    `ESN: ${esn ? 'enabled' : 'disabled'}`,
    // RTE_IPSEC_SAFLAG_SQN_ATOM is bit 0.
    `SA flags: ${atomicSequence ? '0x1' : '0'}`,
    `Frag TTL: ${fragmentLifetime} ns`,
  ];
}

function portMask(text: string, phrase: string): number {
  const mask = parseHexMask(text);
  if (mask === undefined || mask.hi !== 0 || mask.lo === 0) {
    throw invalid(phrase, text, 'a hexadecimal mask of ports that is not 0');
  }
  return mask.lo;
}

function offloads(name: string, text: string): Mask64 {
  const mask = parseMask(text);
  if (mask === undefined) throw invalid(`Invalid argument for '${name}'`, text, 'a mask of up to 64 bits');
  return mask;
}

/** Rounded up to a power of two; one entry is none, as in DPDK. */
function cacheEntries(entries: number): number {
  return entries <= 1 ? 0 : 2 ** Math.ceil(Math.log2(entries));
}

function number(phrase: string, text: string, max: number): number {
  const value = parseDecimal(text, max);
  if (value === undefined) throw invalid(phrase, text, `a decimal number up to ${max}`);
  return value;
}

function oneOf<W extends string>(phrase: string, text: string, words: readonly W[]): W {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw invalid(phrase, text, words.join(', '));
  return word;
}

function invalid(message: string, got: string, expected: string): SetupError {
  return new SetupError({ code: 'ERR_OPTION_VALUE', errno: 'EINVAL', message, expected, got: `"${got}"` });
}
