import { SetupError } from '@inline-ipsec/eal/errors';
import { nearestWord } from '../configuration/did-you-mean.ts';

/**
 * Options as `getopt_long` of the GNU C library takes them, so that every command line that works with DPDK's gateway is
 * read the same way: short options bundled (`-Pl`), arguments attached or apart (`-p0xf`, `-p 0xf`), long options with
 * `=` or apart, and abbreviated as far as they stay unambiguous. Words that are no options may stand anywhere.
 */

/** A long option. */
export interface LongOption {
  readonly name: string;
  readonly argument: boolean;
  /**
   * Not one of DPDK's. An abbreviation means such an option only when it can mean no other, so that a command line for
   * DPDK never changes its meaning.
   */
  readonly ours?: boolean;
}

/** An option as it was met. */
export interface MetOption {
  /** A letter, or the whole name of a long option. */
  readonly name: string;
  /** Empty for an option without one. */
  readonly argument: string;
}

/** What {@link getopt} makes of a command line. */
export interface MetOptions {
  readonly options: readonly MetOption[];
  /** The words that are no options, and all behind `--`. */
  readonly rest: readonly string[];
}

/**
 * Takes a command line apart.
 *
 * @param short letters, one with an argument followed by a colon, as in C
 * @throws SetupError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_AMBIGUOUS`, `ERR_OPTION_ARGUMENT` (EINVAL)
 */
export function getopt(argv: readonly string[], short: string, long: readonly LongOption[]): MetOptions {
  const options: MetOption[] = [];
  const rest: string[] = [];
  let next = 0;
  while (next < argv.length) {
    const word = argv[next++];
    if (word === '--') {
      rest.push(...argv.slice(next));
      break;
    }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const option = findLong(equals < 0 ? word.slice(2) : word.slice(2, equals), long);
      if (!option.argument && equals >= 0) {
        throw argumentError(`option '--${option.name}' doesn't allow an argument`);
      }
      if (option.argument && equals < 0 && next === argv.length) {
        throw argumentError(`option '--${option.name}' requires an argument`);
      }
      const apart = option.argument && equals < 0;
      const argument = apart ? argv[next++] : equals < 0 ? '' : word.slice(equals + 1);
      options.push({ name: option.name, argument });
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    for (let i = 1; i < word.length; i++) {
      const letter = word[i];
      const at = letter === ':' ? -1 : short.indexOf(letter);
      if (at < 0) throw unknown(`invalid option -- '${letter}'`);
      if (short[at + 1] !== ':') {
        options.push({ name: letter, argument: '' });
        continue;
      }
      const attached = word.slice(i + 1);
      if (attached === '' && next === argv.length) throw argumentError(`option requires an argument -- '${letter}'`);
      options.push({ name: letter, argument: attached === '' ? argv[next++] : attached });
      break;
    }
  }
  return { options, rest };
}

function findLong(name: string, long: readonly LongOption[]): LongOption {
  const exact = long.find((option) => option.name === name);
  if (exact !== undefined) return exact;
  const all = long.filter((option) => option.name.startsWith(name));
  const dpdk = all.filter(({ ours }) => ours !== true);
  const candidates = dpdk.length > 0 ? dpdk : all;
  if (candidates.length === 1) return candidates[0];
  if (candidates.length > 1) {
    throw new SetupError({
      code: 'ERR_OPTION_AMBIGUOUS',
      errno: 'EINVAL',
      message: `option '--${name}' is ambiguous`,
      expected: `one of ${candidates.map((option) => `--${option.name}`).join(', ')}`,
    });
  }
  const near = nearestWord(
    name,
    long.map((option) => option.name),
  );
  throw unknown(`unrecognized option '--${name}'`, near === undefined ? undefined : `did you mean --${near}?`);
}

function unknown(message: string, remedy?: string): SetupError {
  return new SetupError({ code: 'ERR_OPTION_UNKNOWN', errno: 'EINVAL', message, remedy });
}

function argumentError(message: string): SetupError {
  return new SetupError({ code: 'ERR_OPTION_ARGUMENT', errno: 'EINVAL', message });
}
