/**
 * The EAL's options: the words of a command line up to `--` (DPDK: `eal_parse_args`).
 *
 * The options of DPDK's releases 17.11 to 26.07 are read and checked. Some have no effect here, as nothing like it lies
 * behind them; {@link EalOptions.withoutEffect} names those that were given. Not read: abbreviations of long options.
 */

import { CONFLICTS } from './_option-conflicts.ts';
import { OPTIONS, type OptionRow } from './_option-table.ts';
import { didYouMean } from './closest-word.ts';
import type { DeviceArguments } from './device-arguments.ts';
import { SetupError } from './errors.ts';
import type { LcoreAssignment } from './lcore-list.ts';
import type { LogTimestamp } from './log.ts';
import type { LogLevelRule } from './log-level.ts';

/** What the EAL was told. */
export interface EalOptions {
  /** `-l`, `--lcores`, `-c`: ascending; undefined: all processors. */
  readonly lcores: readonly LcoreAssignment[] | undefined;
  /** `-R`: the lcores are numbered anew, from here on. */
  readonly remapLcoresFrom: number | undefined;
  /** `--main-lcore`; undefined: the lowest. */
  readonly mainLcore: number | undefined;
  /** `-s`, `-S`: ascending. */
  readonly serviceLcores: readonly number[];
  /** `-n` and `-r`: channels and ranks of the memory. */
  readonly memoryChannels: number | undefined;
  readonly memoryRanks: number | undefined;
  /** `-a`: devices to probe, in the order given. */
  readonly allow: readonly DeviceArguments[];
  /** `-b`: devices not to probe. */
  readonly block: readonly DeviceArguments[];
  /** `--vdev`: virtual devices, in the order given. */
  readonly vdevs: readonly DeviceArguments[];
  /** False with `--no-pci`: there is no PCI bus. */
  readonly pci: boolean;
  /** False with `-A`: only devices that are named are probed. */
  readonly autoProbing: boolean;
  /** `-m`, in MiB. */
  readonly memoryMiB: number | undefined;
  /** `--socket-mem`, in MiB by NUMA node. */
  readonly socketMemoryMiB: readonly number[] | undefined;
  /** `--socket-limit`, in MiB by NUMA node. */
  readonly socketLimitMiB: readonly number[] | undefined;
  /** False with `--no-huge`. */
  readonly hugepages: boolean;
  readonly inMemory: boolean;
  readonly hugeDirectory: string | undefined;
  readonly hugeUnlink: 'existing' | 'always' | 'never';
  readonly legacyMemory: boolean;
  readonly singleFileSegments: boolean;
  readonly matchAllocations: boolean;
  readonly iovaMode: 'pa' | 'va' | undefined;
  /** `--file-prefix`, so that several programs have their own run-time directories. */
  readonly filePrefix: string;
  readonly processType: 'primary' | 'secondary' | 'auto';
  /** False with `--no-shconf`. */
  readonly sharedConfiguration: boolean;
  /** False with `--no-telemetry`. */
  readonly telemetry: boolean;
  /** `--log-level`, in the order given. */
  readonly logLevels: readonly LogLevelRule[];
  readonly logTimestamp: LogTimestamp | undefined;
  readonly logColor: 'auto' | 'always' | 'never';
  /** `-v`: the version is to be printed. */
  readonly version: boolean;
  /** `-h`: only the options are to be printed. */
  readonly help: boolean;
  /** Options given that change nothing here, as they were written. */
  readonly withoutEffect: readonly string[];
}

/** What {@link parseEalOptions} gives. */
export interface ParsedEalOptions {
  readonly options: EalOptions;
  /** The index of the first word behind `--`, or the number of words when there is no `--`. */
  readonly consumed: number;
}

/** The options while they are read. */
export type EalSettings = { -readonly [Key in keyof EalOptions]: EalOptions[Key] };

/**
 * Reads the EAL's options.
 *
 * Long options take their value as `--vdev X` or `--vdev=X`, short ones as `-n 4` or `-n4`; values that may be left out
 * are written with `=`.
 *
 * @param argv all words of the command line; the first is the program's name
 * @throws SetupError (EINVAL) `ERR_EAL_OPTION_UNKNOWN`, `ERR_EAL_OPTION_VALUE`, `ERR_EAL_OPTION_CONFLICT`,
 * `ERR_EAL_ARGUMENT` for a word that is no option, and what the readers of lcores, devices and levels throw
 */
export function parseEalOptions(argv: readonly string[]): ParsedEalOptions {
  const settings = defaults();
  const given = new Map<string, string>();
  const words = new Words(argv);
  for (let option = words.option(); option !== undefined; option = words.option()) {
    const { row, spelled } = option;
    row.apply(settings, words.valueOf(row, spelled), spelled);
    given.set(row.long[0], spelled);
    if (row.noEffect === true) settings.withoutEffect = [...settings.withoutEffect, spelled];
  }
  for (const conflict of CONFLICTS) {
    const message = conflict(given, settings);
    if (message !== undefined) {
      throw new SetupError({ code: 'ERR_EAL_OPTION_CONFLICT', errno: 'EINVAL', ...message });
    }
  }
  return { options: settings, consumed: words.consumed };
}

/** Where the help begins in a line of {@link ealUsage}. */
const HELP_COLUMN = 40;

/** The list of all options for `-h`, as lines without line ends. */
export function ealUsage(): string[] {
  const lines = OPTIONS.flatMap((row) => {
    const short = row.short === undefined ? '    ' : `-${row.short}, `;
    const spelling = `  ${short}--${row.long[0]}${placeholder(row)}`;
    const help = row.noEffect === true ? `${row.help} (no effect here)` : row.help;
    if (spelling.length < HELP_COLUMN - 1) return [`${spelling.padEnd(HELP_COLUMN)}${help}`];
    return [spelling, `${' '.repeat(HELP_COLUMN)}${help}`];
  });
  return ['EAL options:', ...lines];
}

function placeholder({ value, optional }: OptionRow): string {
  if (value === undefined) return '';
  return optional === true ? `[=${value}]` : ` ${value}`;
}

function defaults(): EalSettings {
  return {
    lcores: undefined,
    remapLcoresFrom: undefined,
    mainLcore: undefined,
    serviceLcores: [],
    memoryChannels: undefined,
    memoryRanks: undefined,
    allow: [],
    block: [],
    vdevs: [],
    pci: true,
    autoProbing: true,
    memoryMiB: undefined,
    socketMemoryMiB: undefined,
    socketLimitMiB: undefined,
    hugepages: true,
    inMemory: false,
    hugeDirectory: undefined,
    hugeUnlink: 'existing',
    legacyMemory: false,
    singleFileSegments: false,
    matchAllocations: false,
    iovaMode: undefined,
    filePrefix: 'rte',
    processType: 'primary',
    sharedConfiguration: true,
    telemetry: true,
    logLevels: [],
    logTimestamp: undefined,
    logColor: 'auto',
    version: false,
    help: false,
    withoutEffect: [],
  };
}

/** The words of a command line, taken one option after the other. */
class Words {
  readonly #argv: readonly string[];
  #next = 1;
  /** What stands behind the `=` of a long option or the letter of a short one, until it is taken. */
  #attached: string | undefined;
  /** The letters of `-vA` that are still to be read. */
  #letters = '';

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  get consumed(): number {
    return this.#next;
  }

  /** The next option; undefined at `--`, which it goes past, and at the end. */
  option(): { row: OptionRow; spelled: string } | undefined {
    if (this.#letters !== '') return this.#short(this.#letters);
    if (this.#next >= this.#argv.length) {
      this.#next = this.#argv.length;
      return undefined;
    }
    const word = this.#argv[this.#next++];
    if (word === '--') return undefined;
    if (word.startsWith('--')) return this.#long(word);
    if (word.startsWith('-') && word !== '-') return this.#short(word.slice(1));
    throw new SetupError({
      code: 'ERR_EAL_ARGUMENT',
      errno: 'EINVAL',
      message: 'an EAL argument is no option',
      expected: 'a word that begins with -',
      got: JSON.stringify(word),
      remedy: "the application's own arguments come behind --",
    });
  }

  /** The value of the option just read: required, optional or none, as its row says. */
  valueOf(row: OptionRow, spelled: string): string | undefined {
    const attached = this.#attached;
    this.#attached = undefined;
    if (row.value === undefined) {
      if (attached === undefined) return undefined;
      throw badValue(spelled, 'no value', attached);
    }
    if (attached !== undefined) return attached;
    const next = this.#next < this.#argv.length ? this.#argv[this.#next] : undefined;
    if (row.optional === true) {
      // Older releases took the word behind; only one that can be meant so is taken.
      if (next === undefined || row.choices?.includes(next) !== true) return undefined;
    } else if (next === undefined || next === '--') {
      throw badValue(spelled, row.value, 'nothing');
    }
    this.#next++;
    return next;
  }

  #long(word: string): { row: OptionRow; spelled: string } {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const row = OPTIONS.find(({ long }) => long.includes(name));
    if (row === undefined) throw unknown(`--${name}`);
    this.#attached = equals < 0 ? undefined : word.slice(equals + 1);
    return { row, spelled: `--${name}` };
  }

  #short(letters: string): { row: OptionRow; spelled: string } {
    const letter = letters[0];
    const rest = letters.slice(1);
    const row = OPTIONS.find(({ short, oldShort }) => letter === short || letter === oldShort);
    if (row === undefined) throw unknown(`-${letter}`);
    const takesRest = row.value !== undefined && rest !== '';
    this.#attached = takesRest ? rest.replace(/^=/, '') : undefined;
    this.#letters = takesRest ? '' : rest;
    return { row, spelled: `-${letter}` };
  }
}

function unknown(option: string): SetupError {
  const known = OPTIONS.flatMap(({ long }) => long.map((name) => `--${name}`));
  const guess = option.startsWith('--') ? didYouMean(option, known) : undefined;
  return new SetupError({
    code: 'ERR_EAL_OPTION_UNKNOWN',
    errno: 'EINVAL',
    message: `the EAL has no option ${option}`,
    remedy: guess ?? "-h lists all; the application's own options come behind --",
  });
}

function badValue(option: string, expected: string, got: string): SetupError {
  return new SetupError({
    code: 'ERR_EAL_OPTION_VALUE',
    errno: 'EINVAL',
    message: `option ${option} needs its value right`,
    expected,
    got,
  });
}
