/** Levels of the log, and the rules by which `--log-level` sets them. */
import { didYouMean } from './closest-word.ts';
import { SetupError } from './errors.ts';

/** The system cannot be used (DPDK: `RTE_LOG_EMERG`). */
export const LOG_EMERGENCY = 1;
/** Something must be done at once. */
export const LOG_ALERT = 2;
export const LOG_CRITICAL = 3;
export const LOG_ERROR = 4;
export const LOG_WARNING = 5;
/** Normal, and worth knowing. */
export const LOG_NOTICE = 6;
/** What is printed unless it is said otherwise, and all above it. */
export const LOG_INFO = 7;
export const LOG_DEBUG = 8;

/** The names of the levels, at their numbers (DPDK: `rte_log` priorities). */
export const LOG_LEVEL_NAMES: readonly string[] = [
  '',
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug',
];

/** One `--log-level`: a level for all types, or for those whose names match. */
export interface LogLevelRule {
  readonly level: number;
  /** What the name of a type must match, or undefined: the rule is for all. */
  readonly types?: RegExp | undefined;
}

/**
 * Reads `LEVEL`, `GLOB:LEVEL` or `REGEX,LEVEL`. A level is a number from 1 to 8, or a name or its beginning
 * (`warn`). A glob (`*`, `?`, `[a-z]`, `[!a-z]`) must match a whole name; a regular expression, which is JavaScript's,
 * any part of it.
 *
 * @param option how the option was written, for the message
 * @throws SetupError `ERR_LOG_LEVEL` (EINVAL) for another level or a regular expression that is none
 */
export function parseLogLevel(text: string, option = '--log-level'): LogLevelRule {
  const separator = Math.max(text.lastIndexOf(':'), text.lastIndexOf(','));
  const level = parseLevel(text.slice(separator + 1), text, option);
  if (separator < 0) return { level };
  const pattern = text.slice(0, separator);
  return { level, types: text[separator] === ':' ? globExpression(pattern) : regularExpression(pattern, option) };
}

function parseLevel(word: string, text: string, option: string): number {
  const level = /^\d+$/.test(word)
    ? Number(word)
    : LOG_LEVEL_NAMES.findIndex((name) => word !== '' && name.startsWith(word.toLowerCase()));
  if (level >= LOG_EMERGENCY && level <= LOG_DEBUG) return level;
  const names = LOG_LEVEL_NAMES.slice(1);
  throw new SetupError({
    code: 'ERR_LOG_LEVEL',
    errno: 'EINVAL',
    message: `option ${option} needs a level`,
    expected: `1 to ${LOG_DEBUG}, or ${names.join(', ')}`,
    got: JSON.stringify(text),
    remedy: didYouMean(word, names) ?? 'write it as LEVEL, TYPE:LEVEL or REGEX,LEVEL',
  });
}

/** A regular expression that matches what a glob matches. */
function globExpression(glob: string): RegExp {
  const source = glob.replace(/\[([!^]?)(\]?[^\]]*)\]|[\s\S]/g, (piece, not: string | undefined, set: string) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (not === undefined) return piece.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    return `[${not === '' ? '' : '^'}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
  });
  return new RegExp(`^(?:${source})$`, 's');
}

function regularExpression(source: string, option: string): RegExp {
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new SetupError({
      code: 'ERR_LOG_LEVEL',
      errno: 'EINVAL',
      message: `option ${option} needs a regular expression before its comma`,
      got: JSON.stringify(source),
      remedy: 'write TYPE:LEVEL for a name or a glob',
      cause,
    });
  }
}
