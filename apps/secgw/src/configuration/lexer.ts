import { ConfigurationError, type ConfigurationWarning } from './configuration-error.ts';
import { Token } from './token.ts';

/**
 * Cuts a configuration file into directives and words, with the rules of DPDK's gateway (v17.11 to v26.07,
 * examples/ipsec-secgw/parser.c):
 *
 * - One directive a line. Words are parted by space, tab, form feed, vertical tab, CR and LF.
 * - `#` in column 1: the line is no part of the file, and a continuation goes on behind it. `#` elsewhere: the rest of
 *   the line is cut off, a backslash included.
 * - A backslash directly before LF continues the directive. Nothing is put between the pieces, so a key may be split
 *   anywhere. An empty line after a continued one ends the directive.
 * - A line, and a directive put together, has at most 1022 bytes, the LF included.
 *
 * Other than DPDK: a directive that the file ends in the middle of a continuation is taken, with a warning (DPDK loses
 * it); a byte order mark is passed over, with a warning; a zero byte is an error (DPDK's line ends there).
 */

/** Bytes of a physical line, and of a directive put together from several. */
export const LONGEST_LINE = 1022;

const LF = 0x0a;
const CR = 0x0d;
const HASH = 0x23;
const BACKSLASH = 0x5c;

/** A directive: its words, the keyword first. */
export interface Directive {
  readonly keyword: Token;
  /** The words after the keyword. */
  readonly words: readonly Token[];
  /** The physical line that it ends on. */
  readonly lastLine: number;
  /** It was continued and an empty line ended it. */
  readonly endedByEmptyLine: boolean;
}

/** A physical line's share of a directive. */
interface Piece {
  /** Where it begins in the joined text. */
  readonly at: number;
  readonly line: number;
}

/**
 * Reads directives one after the other. The words of a directive lie in a buffer of the lexer and are good until the
 * next call; {@link wipe} zeroes it.
 */
export class Lexer {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  readonly #warn: (warning: ConfigurationWarning) => void;
  readonly #joined: Uint8Array = new Uint8Array(LONGEST_LINE);
  #joinedLength = 0;
  #pieces: Piece[] = [];
  #offset = 0;
  #line = 0;

  constructor(bytes: Uint8Array, file: string, warn: (warning: ConfigurationWarning) => void) {
    this.#bytes = bytes;
    this.#file = file;
    this.#warn = warn;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.#offset = 3;
      warn({ code: 'WARN_BYTE_ORDER_MARK', file, line: 1, column: 1, text: 'a byte order mark is passed over' });
    }
  }

  /**
   * The next directive, undefined at the end of the file.
   *
   * @throws ConfigurationError `ERR_CONFIG_LINE` for a line that is too long, has something behind its backslash, or a
   * zero byte
   */
  next(): Directive | undefined {
    this.#clear();
    const bytes = this.#bytes;
    while (this.#offset < bytes.length) {
      const start = this.#offset;
      const lf = bytes.indexOf(LF, start);
      const end = lf < 0 ? bytes.length : lf + 1;
      this.#offset = end;
      this.#line++;
      if (end - start > LONGEST_LINE) throw this.#tooLong('the line');
      if (bytes[start] === HASH) continue;
      const hash = indexWithin(bytes, HASH, start, end);
      const contentEnd = hash < 0 ? end : hash;
      const zero = indexWithin(bytes, 0, start, contentEnd);
      if (zero >= 0) throw this.#zeroByte(zero - start);
      const backslash = indexWithin(bytes, BACKSLASH, start, contentEnd);
      if (backslash >= 0) this.#checkBackslash(start, backslash, contentEnd);
      const continued = this.#pieces.length > 0;
      const pieceEnd = backslash < 0 ? contentEnd : backslash;
      this.#append(start, pieceEnd);
      if (backslash >= 0) continue;
      const directive = this.#directive(continued && isBlank(bytes, start, contentEnd));
      if (directive !== undefined) return directive;
      this.#clear();
    }
    if (this.#pieces.length === 0) return undefined;
    const directive = this.#directive(false);
    if (directive !== undefined) {
      this.#warn({
        code: 'WARN_CONTINUED_AT_END',
        file: this.#file,
        line: this.#line,
        column: 1,
        text: 'the file ends after a backslash; the directive is taken, where DPDK loses it without a word',
      });
      this.#pieces = [];
    }
    return directive;
  }

  /** Zeroes what it holds of the file: the words of the last directive. */
  wipe(): void {
    this.#joined.fill(0);
    this.#joinedLength = 0;
    this.#pieces = [];
  }

  #clear(): void {
    this.#joined.fill(0, 0, this.#joinedLength);
    this.#joinedLength = 0;
    this.#pieces = [];
  }

  #append(start: number, end: number): void {
    if (this.#joinedLength + end - start > LONGEST_LINE) throw this.#tooLong('the concatenated line');
    this.#pieces.push({ at: this.#joinedLength, line: this.#line });
    this.#joined.set(this.#bytes.subarray(start, end), this.#joinedLength);
    this.#joinedLength += end - start;
  }

  #directive(endedByEmptyLine: boolean): Directive | undefined {
    const tokens: Token[] = [];
    const joined = this.#joined;
    const length = this.#joinedLength;
    let at = 0;
    while (at < length) {
      if (isSeparator(joined[at])) {
        at++;
        continue;
      }
      const start = at;
      while (at < length && !isSeparator(joined[at])) at++;
      const piece = this.#pieces.findLast((candidate) => candidate.at <= start);
      if (piece === undefined) throw new RangeError('a word outside of every line');
      tokens.push(new Token(joined, start, at, piece.line, start - piece.at + 1));
    }
    const [keyword, ...words] = tokens;
    return keyword === undefined ? undefined : { keyword, words, lastLine: this.#line, endedByEmptyLine };
  }

  #checkBackslash(start: number, backslash: number, contentEnd: number): void {
    const bytes = this.#bytes;
    if (backslash === bytes.length - 1 || bytes[backslash + 1] === LF) return;
    // What DPDK takes as well: one blank between the backslash and a comment.
    if (bytes[contentEnd] === HASH && backslash === contentEnd - 2 && isSeparator(bytes[backslash + 1])) return;
    const carriageReturn = bytes[backslash + 1] === CR && bytes[backslash + 2] === LF;
    throw new ConfigurationError({
      code: 'ERR_CONFIG_LINE',
      errno: 'EINVAL',
      place: { file: this.#file, line: this.#line, column: backslash - start + 1 },
      message: "no character should exist after '\\'",
      got: carriageReturn ? 'a carriage return: the line ends in CR LF' : undefined,
      remedy: carriageReturn
        ? 'give the file the line ends of UNIX (dos2unix)'
        : 'let the backslash be the last character of its line',
    });
  }

  #tooLong(what: string): ConfigurationError {
    return new ConfigurationError({
      code: 'ERR_CONFIG_LINE',
      errno: 'E2BIG',
      place: { file: this.#file, line: this.#line, column: 1 },
      message: `${what} contains more characters than the parser can handle`,
      expected: `at most ${LONGEST_LINE} bytes`,
    });
  }

  #zeroByte(column: number): ConfigurationError {
    return new ConfigurationError({
      code: 'ERR_CONFIG_LINE',
      errno: 'EINVAL',
      place: { file: this.#file, line: this.#line, column: column + 1 },
      message: 'the line contains a zero byte',
      expected: 'a file of plain text',
    });
  }
}

function isSeparator(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isSeparator(bytes[i])) return false;
  return true;
}

function indexWithin(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i;
  return -1;
}
