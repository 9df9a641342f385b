import {
  ConfigurationError,
  type ConfigurationErrorDetails,
  type ConfigurationWarning,
  type Place,
} from './configuration-error.ts';
import { nearestWord } from './did-you-mean.ts';
import type { KeyStore } from './key.ts';
import type { Directive } from './lexer.ts';
import type { Showing, Token } from './token.ts';

/** The words that begin a directive. */
export const KEYWORDS = ['sp', 'sa', 'rt', 'neigh', 'flow'] as const;

/** What the grammars share while a file is read. */
export interface ReadingState {
  readonly file: string;
  readonly keys: KeyStore;
  /** Library mode, `-l`. */
  readonly library: boolean;
  readonly warnings: ConfigurationWarning[];
}

type Fault = Omit<ConfigurationErrorDetails, 'place'>;

/**
 * Walks over the words of one directive, and makes the errors and warnings that all grammars have in common, with DPDK's
 * phrases (examples/ipsec-secgw/parser.h).
 */
export class DirectiveReader {
  readonly directive: Directive;
  readonly state: ReadingState;
  readonly #seen: Set<string> = new Set();
  #index = 0;

  constructor(directive: Directive, state: ReadingState) {
    this.directive = directive;
    this.state = state;
  }

  /** Where the directive begins. */
  get place(): Place {
    return this.at(this.directive.keyword);
  }

  /** Where a word stands. */
  at(token: Token): Place {
    return { file: this.state.file, line: token.line, column: token.column };
  }

  /** The next word, undefined after the last. */
  next(): Token | undefined {
    const token = this.directive.words[this.#index];
    if (token !== undefined) this.#index++;
    return token;
  }

  /** The next word without going on to it. */
  peek(): Token | undefined {
    return this.directive.words[this.#index];
  }

  /**
   * The next word, which must be there.
   *
   * @param expected what it is, such as `an SPI`
   */
  value(expected: string): Token {
    const token = this.next();
    if (token !== undefined) return token;
    const { directive } = this;
    const last = directive.words.at(-1) ?? directive.keyword;
    throw this.error(last, {
      code: 'ERR_CONFIG_MISSING',
      errno: 'EINVAL',
      message: 'reaching the end of the token array',
      expected: `${expected} after ${last.quoted('number')}`,
      remedy: directive.endedByEmptyLine ? 'an empty line after a backslash ends the directive' : undefined,
    });
  }

  /** The next word as a decimal number of at most `max`. */
  number(expected: string, max: number): number {
    return this.numberOf(this.value(expected), expected, max);
  }

  /** A word as a decimal number of at most `max`; DPDK wraps what is larger. */
  numberOf(token: Token, expected: string, max: number): number {
    const value = decimal(token);
    if (value === undefined) {
      throw this.error(token, {
        code: 'ERR_CONFIG_NUMBER',
        errno: 'EINVAL',
        message: `input ${token.quoted('number')} is not valid number string`,
        expected: `${expected}, in decimal digits`,
      });
    }
    if (value > max) throw this.overLimit(token, expected, max);
    return value;
  }

  /** The error for a number beyond its range. */
  overLimit(token: Token, expected: string, max: number, min = 0): ConfigurationError {
    return this.error(token, {
      code: 'ERR_CONFIG_RANGE',
      errno: 'ERANGE',
      message: `${expected} over-limit`,
      expected: `${min} to ${max}`,
      got: token.quoted('number'),
    });
  }

  /** Refuses a second word of the same name. */
  once(name: string, token: Token): void {
    if (this.#seen.has(name)) {
      throw this.error(token, {
        code: 'ERR_CONFIG_DUPLICATE',
        errno: 'EEXIST',
        message: `item "${name}" already present`,
        remedy: `leave one "${name}"`,
      });
    }
    this.#seen.add(name);
  }

  /** Whether {@link once} has seen `name`. */
  has(name: string): boolean {
    return this.#seen.has(name);
  }

  /** The error for a word that is none of `vocabulary`, with the nearest one. */
  unrecognized(
    token: Token,
    vocabulary: readonly string[],
    expected?: string,
    as: Showing = 'word',
  ): ConfigurationError {
    const keyword = token.oneOf(KEYWORDS);
    const first = this.directive.keyword;
    const near = this.nearest(token, vocabulary);
    let remedy = near === undefined ? undefined : `did you mean "${near}"?`;
    if (keyword !== undefined && token.line > first.line) {
      remedy = `the line before ends in a backslash, which joins this "${keyword}" to the "${first.text()}" of line ${first.line}; take it away, or put an empty line between`;
    }
    return this.error(token, {
      code: 'ERR_CONFIG_WORD',
      errno: 'EINVAL',
      message: `unrecognized input ${token.quoted(as)}`,
      expected,
      remedy,
    });
  }

  /** The word of `vocabulary` that is nearest to a mistyped one. */
  nearest(token: Token, vocabulary: readonly string[]): string | undefined {
    const text = token.shown();
    return text === undefined ? undefined : nearestWord(text, vocabulary);
  }

  /** An error at a word. */
  error(token: Token, fault: Fault): ConfigurationError {
    return new ConfigurationError({ ...fault, place: this.at(token) });
  }

  /** Collects a warning at a word. */
  warn(token: Token, code: `WARN_${string}`, text: string): void {
    this.state.warnings.push({ ...this.at(token), code, text });
  }
}

/** A word of decimal digits as a number, if it is one. Beyond 2^53 it is no longer exact, but as large. */
export function decimal(token: Token, start = 0, end: number = token.length): number | undefined {
  if (start >= end) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = token.at(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
