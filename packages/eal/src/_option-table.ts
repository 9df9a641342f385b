/** The options of the EAL: one row each, with what its value must be and what it sets. */
import { parseDeviceArguments } from './device-arguments.ts';
import { SetupError } from './errors.ts';
import { MAX_LCORE } from './lcore.ts';
import { parseLcoreList, parseLcoreMask } from './lcore-list.ts';
import { parseLogLevel } from './log-level.ts';
import type { EalSettings } from './options.ts';

/** One option. */
export interface OptionRow {
  readonly short?: string;
  /** A letter of older releases. */
  readonly oldShort?: string;
  /** Its long names, today's first, without `--`. */
  readonly long: readonly [string, ...string[]];
  /** What stands for its value in the help; left out when it takes none. */
  readonly value?: string;
  /** Its value may be left out. */
  readonly optional?: boolean;
  /** All values that it can have. */
  readonly choices?: readonly string[];
  /** It is read, and changes nothing here. */
  readonly noEffect?: boolean;
  readonly help: string;
  /**
   * Reads a value into the settings.
   *
   * @param option the option as it was written, for messages
   */
  readonly apply: (settings: EalSettings, value: string | undefined, option: string) => void;
}

type Row = Omit<OptionRow, 'apply'>;

/** An option without a value. */
function flag(row: Row, apply: (settings: EalSettings) => void): OptionRow {
  return { ...row, apply };
}

/** An option with a value that `apply` reads. */
function valued(
  row: Row & { readonly value: string },
  apply: (settings: EalSettings, value: string, option: string) => void,
): OptionRow {
  return {
    ...row,
    apply: (settings, value, option) => {
      if (value === undefined || value === '') throw wrong(option, row.value, 'nothing');
      apply(settings, value, option);
    },
  };
}

/** An option with a whole number. */
function numeric(
  row: Row,
  least: number,
  most: number,
  apply: (settings: EalSettings, value: number) => void,
): OptionRow {
  return valued({ value: 'N', ...row }, (settings, value, option) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw wrong(option, `a number from ${least} to ${most}`, value);
    apply(settings, number);
  });
}

/** An option with one of a few words; `fallback` is the one that is meant when its value is left out. */
function choice<const Word extends string>(
  row: Omit<Row, 'choices' | 'optional'> & { readonly words: readonly Word[]; readonly fallback?: Word },
  apply: (settings: EalSettings, value: Word) => void,
): OptionRow {
  const { words, fallback, ...rest } = row;
  return {
    value: words.join('|'),
    ...rest,
    optional: fallback !== undefined,
    choices: words,
    apply: (settings, value, option) => {
      const word = value === undefined ? fallback : words.find((known) => known === value);
      if (word === undefined) throw wrong(option, words.join(', '), value ?? 'nothing');
      apply(settings, word);
    },
  };
}

/** An option whose value must only look right, as it changes nothing here. */
function checked(row: Row & { readonly value: string }, pattern: RegExp, expected: string): OptionRow {
  return {
    noEffect: true,
    ...row,
    apply: (_settings, value, option) => {
      if (value === undefined && row.optional === true) return;
      if (value === undefined || !pattern.test(value)) throw wrong(option, expected, value ?? 'nothing');
    },
  };
}

function wrong(option: string, expected: string, got: string): SetupError {
  return new SetupError({
    code: 'ERR_EAL_OPTION_VALUE',
    errno: 'EINVAL',
    message: `option ${option} cannot have this value`,
    expected,
    got: got === 'nothing' ? got : JSON.stringify(got),
  });
}

function once(settings: EalSettings, option: string): void {
  if (settings.lcores === undefined) return;
  throw new SetupError({
    code: 'ERR_EAL_OPTION_CONFLICT',
    errno: 'EINVAL',
    message: `option ${option} names the lcores a second time`,
    remedy: 'name them once, by -l, --lcores or -c',
  });
}

/** MiB by NUMA node; all of them together must be something. */
function mebibytes(value: string, option: string): number[] {
  const parts = value.split(',');
  if (parts.every((part) => /^\d+$/.test(part)) && parts.some((part) => Number(part) > 0)) return parts.map(Number);
  throw wrong(option, 'MiB for each NUMA node, separated by commas, and not all 0', value);
}

const SYSLOG_FACILITIES: readonly string[] = [
  ...['auth', 'cron', 'daemon', 'ftp', 'kern', 'lpr', 'mail', 'news', 'syslog', 'user', 'uucp'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/** All options, in the order of the help. */
export const OPTIONS: readonly OptionRow[] = [
  // Lcores
  valued(
    { short: 'l', long: ['lcores'], value: 'LIST', help: 'lcores to run on, as 0,2-3 or (0-3)@1' },
    (settings, value, option) => {
      once(settings, option);
      settings.lcores = parseLcoreList(value, option);
    },
  ),
  valued(
    { short: 'c', long: ['coremask'], value: 'MASK', help: 'lcores to run on, as a hexadecimal mask' },
    (settings, value, option) => {
      once(settings, option);
      settings.lcores = parseLcoreMask(value, option);
    },
  ),
  {
    short: 'R',
    long: ['remap-lcore-ids'],
    value: 'N',
    optional: true,
    help: 'number the lcores anew, from N (0) on',
    apply: (settings, value = '0', option) => {
      if (!/^\d+$/.test(value) || Number(value) >= MAX_LCORE) throw wrong(option, `0 to ${MAX_LCORE - 1}`, value);
      settings.remapLcoresFrom = Number(value);
    },
  },
  numeric(
    { long: ['main-lcore', 'master-lcore'], help: 'the lcore that begins; default: the lowest' },
    0,
    MAX_LCORE - 1,
    (settings, value) => {
      settings.mainLcore = value;
    },
  ),
  valued(
    { short: 's', long: ['service-coremask'], value: 'MASK', noEffect: true, help: 'lcores for services, as a mask' },
    (settings, value, option) => {
      settings.serviceLcores = parseLcoreMask(value, option).map(({ id }) => id);
    },
  ),
  valued(
    { short: 'S', long: ['service-corelist'], value: 'LIST', noEffect: true, help: 'lcores for services, as a list' },
    (settings, value, option) => {
      settings.serviceLcores = parseLcoreList(value, option).map(({ id }) => id);
    },
  ),

  // Devices
  valued(
    {
      short: 'a',
      oldShort: 'w',
      long: ['allow', 'pci-whitelist'],
      value: 'DEVICE[,KEY=VALUE...]',
      help: 'probe this device; repeatable',
    },
    (settings, value) => {
      settings.allow = [...settings.allow, parseDeviceArguments(value)];
    },
  ),
  valued(
    {
      short: 'b',
      long: ['block', 'pci-blacklist'],
      value: 'DEVICE',
      help: 'do not probe this device; repeatable',
    },
    (settings, value) => {
      settings.block = [...settings.block, parseDeviceArguments(value)];
    },
  ),
  valued(
    { long: ['vdev'], value: 'NAME[,KEY=VALUE...]', help: 'make this virtual device; repeatable' },
    (settings, value) => {
      settings.vdevs = [...settings.vdevs, parseDeviceArguments(value)];
    },
  ),
  flag({ long: ['no-pci'], help: 'no PCI bus' }, (settings) => {
    settings.pci = false;
  }),
  flag({ short: 'A', long: ['no-auto-probing'], help: 'probe only the devices that are named' }, (settings) => {
    settings.autoProbing = false;
  }),
  valued({ short: 'd', long: ['driver-path'], value: 'PATH', noEffect: true, help: 'drivers to load' }, () => {}),
  choice(
    { long: ['vfio-intr'], words: ['legacy', 'msi', 'msix'], noEffect: true, help: 'interrupts of VFIO' },
    () => {},
  ),
  checked(
    { long: ['vfio-vf-token'], value: 'UUID', help: 'token of VFIO' },
    /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
    'a UUID',
  ),
  flag({ long: ['create-uio-dev'], noEffect: true, help: 'make the device files of UIO' }, () => {}),

  // Memory
  numeric(
    { short: 'm', long: ['memory-size'], value: 'MB', help: 'MiB of memory' },
    1,
    0xffff_ffff,
    (settings, value) => {
      settings.memoryMiB = value;
    },
  ),
  valued(
    { long: ['socket-mem', 'numa-mem'], value: 'MB[,MB...]', help: 'MiB of memory by NUMA node; here: their sum' },
    (settings, value, option) => {
      settings.socketMemoryMiB = mebibytes(value, option);
    },
  ),
  valued(
    { long: ['socket-limit', 'numa-limit'], value: 'MB[,MB...]', noEffect: true, help: 'most MiB by NUMA node' },
    (settings, value, option) => {
      settings.socketLimitMiB = mebibytes(value, option);
    },
  ),
  numeric(
    { short: 'n', long: ['memory-channels'], noEffect: true, help: 'channels of the memory' },
    1,
    0xffff_ffff,
    (settings, value) => {
      settings.memoryChannels = value;
    },
  ),
  numeric(
    { short: 'r', long: ['memory-ranks'], noEffect: true, help: 'ranks of the memory' },
    1,
    16,
    (settings, value) => {
      settings.memoryRanks = value;
    },
  ),
  flag({ long: ['no-huge'], help: 'no hugepages' }, (settings) => {
    settings.hugepages = false;
  }),
  flag({ long: ['in-memory'], help: 'leave no files behind' }, (settings) => {
    settings.inMemory = true;
    settings.sharedConfiguration = false;
  }),
  // Huge pages are taken without files.
  valued(
    { long: ['huge-dir'], value: 'DIRECTORY', noEffect: true, help: 'where hugepages are mounted' },
    (settings, value) => {
      settings.hugeDirectory = value;
    },
  ),
  choice(
    {
      long: ['huge-unlink'],
      words: ['existing', 'always', 'never'],
      fallback: 'always',
      noEffect: true,
      help: 'when files of hugepages are removed',
    },
    (settings, value) => {
      settings.hugeUnlink = value;
    },
  ),
  flag({ long: ['legacy-mem'], noEffect: true, help: 'memory that never grows' }, (settings) => {
    settings.legacyMemory = true;
  }),
  flag({ long: ['single-file-segments'], noEffect: true, help: 'fewer files of hugepages' }, (settings) => {
    settings.singleFileSegments = true;
  }),
  flag({ long: ['match-allocations'], noEffect: true, help: 'give hugepages back as they were taken' }, (settings) => {
    settings.matchAllocations = true;
  }),
  choice(
    { long: ['iova-mode'], words: ['pa', 'va'], noEffect: true, help: 'addresses that devices see' },
    (settings, value) => {
      settings.iovaMode = value;
    },
  ),
  checked(
    { long: ['base-virtaddr'], value: 'ADDRESS', help: 'address of the memory' },
    /^(0x[\da-f]{1,16}|\d{1,20}|[\da-f]{1,16})$/i,
    'an address in hexadecimal',
  ),
  checked(
    { long: ['huge-worker-stack'], value: 'KB', optional: true, help: 'stacks in hugepages' },
    /^\d+$/,
    'a number of KiB',
  ),
  checked({ long: ['mbuf-pool-ops-name'], value: 'NAME', help: 'the kind of the mempools' }, /./, 'a name'),

  // The process
  valued(
    { long: ['file-prefix'], value: 'PREFIX', help: 'name of the run-time directory; default rte' },
    (settings, value, option) => {
      if (/[%/]/.test(value)) throw wrong(option, 'a name without / and %', value);
      settings.filePrefix = value;
    },
  ),
  choice(
    { long: ['proc-type'], words: ['primary', 'secondary', 'auto'], help: 'only primary ones are here' },
    (settings, value) => {
      settings.processType = value;
    },
  ),
  flag({ long: ['no-shconf'], help: 'share no configuration' }, (settings) => {
    settings.sharedConfiguration = false;
  }),
  flag({ long: ['telemetry'], help: 'telemetry on, the default' }, (settings) => {
    settings.telemetry = true;
  }),
  flag({ long: ['no-telemetry'], help: 'telemetry off' }, (settings) => {
    settings.telemetry = false;
  }),
  flag({ long: ['no-hpet'], noEffect: true, help: 'do not use the HPET' }, () => {}),
  flag({ long: ['vmware-tsc-map'], noEffect: true, help: "use VMware's time stamp counter" }, () => {}),
  checked(
    { long: ['force-max-simd-bitwidth'], value: 'BITS', help: 'widest vectors' },
    /^(0|64|128|256|512|1024|2048|4096|8192|16384|32768)$/,
    '0 or a power of two from 64 to 32768',
  ),

  // The log
  valued(
    { long: ['log-level'], value: 'LEVEL|TYPE:LEVEL', help: 'lines to write, 1 (emergency) to 8 (debug); repeatable' },
    (settings, value, option) => {
      settings.logLevels = [...settings.logLevels, parseLogLevel(value, option)];
    },
  ),
  choice(
    {
      long: ['log-timestamp'],
      words: ['time', 'delta', 'reltime', 'ctime', 'iso'],
      fallback: 'time',
      help: 'a time before each line',
    },
    (settings, value) => {
      settings.logTimestamp = value;
    },
  ),
  choice(
    { long: ['log-color'], words: ['auto', 'always', 'never'], fallback: 'always', help: 'coloured lines' },
    (settings, value) => {
      settings.logColor = value;
    },
  ),
  choice(
    {
      long: ['syslog'],
      value: 'FACILITY',
      words: [...SYSLOG_FACILITIES, 'auto', 'always', 'never'],
      fallback: 'always',
      noEffect: true,
      help: "write to the system's log as well",
    },
    () => {},
  ),
  checked({ long: ['trace'], value: 'REGEX', help: 'trace points to switch on' }, /./, 'a regular expression'),
  checked({ long: ['trace-dir'], value: 'DIRECTORY', help: 'where traces go' }, /./, 'a directory'),
  checked(
    { long: ['trace-bufsz'], value: 'SIZE', help: 'size of the trace buffers' },
    /^\d+[BKM]?$/i,
    'a size as 4K or 1M',
  ),
  choice(
    { long: ['trace-mode'], words: ['overwrite', 'discard'], noEffect: true, help: 'when a trace buffer is full' },
    () => {},
  ),

  flag({ short: 'v', long: ['version'], help: 'print the version and go on' }, (settings) => {
    settings.version = true;
  }),
  flag({ short: 'h', long: ['help'], help: 'print this and end' }, (settings) => {
    settings.help = true;
  }),
];
