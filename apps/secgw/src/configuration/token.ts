/**
 * A word of the configuration file. It is a range of bytes, and stays one: a key is parsed from it without ever becoming
 * a string, and what is put into a message is only what cannot be a piece of a key.
 */

/**
 * How {@link Token.quoted} may show a word:
 *
 * - `word`: only what cannot be a piece of a key; the rule wherever a misplaced key may stand
 * - `number`: plain decimal numbers and ranges of them as well
 * - `dotted`: numbers, and IPv4 addresses, whole or broken, as well
 * - `address`: IPv6 addresses as well; where no key can stand
 */
export type Showing = 'word' | 'number' | 'dotted' | 'address';

/** What stands in a message instead of a word that is not shown. */
export const NOT_SHOWN = '(not shown: it might be a piece of a key)';

const HYPHEN = 0x2d;
const UNDERSCORE = 0x5f;
const COLON = 0x3a;

const LONGEST_SHOWN = 46;
/** `65535:65535`. */
const LONGEST_RANGE = 11;
/** So many hexadecimal digits in a row, a decimal one among them, are no word. */
const HEX_RUN = 6;
/** So many groups of one or two hexadecimal digits, with `-` or `_` between, are no word either. */
const HEX_GROUPS = 3;

/** A word of a directive, and where it stands. */
export class Token {
  /** The physical line that it begins on, from 1. */
  readonly line: number;
  /** The byte of that line that it begins with, from 1. */
  readonly column: number;
  /** Its length in bytes. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  constructor(bytes: Uint8Array, start: number, end: number, line: number, column: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.length = end - start;
    this.line = line;
    this.column = column;
  }

  /** Byte `index` of it. */
  at(index: number): number {
    return this.#bytes[this.#start + index];
  }

  /** Whether it is `word`, in the same case. */
  is(word: string): boolean {
    if (word.length !== this.length) return false;
    for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) !== this.at(i)) return false;
    return true;
  }

  /** Which of `words` it is, if any. */
  oneOf<W extends string>(words: readonly W[]): W | undefined {
    return words.find((word) => this.is(word));
  }

  /** The text of it. Not for keys: a string cannot be wiped. */
  text(): string {
    let text = '';
    for (let i = 0; i < this.length; i++) text += String.fromCharCode(this.at(i));
    return text;
  }

  /** Its text if that may be shown; undefined if it might be a piece of a key. */
  shown(as: Showing = 'word'): string | undefined {
    return this.#harmless(as) ? this.text() : undefined;
  }

  /** Its text in double quotes for a message, or {@link NOT_SHOWN}. */
  quoted(as: Showing = 'word'): string {
    const text = this.shown(as);
    return text === undefined ? NOT_SHOWN : `"${text}"`;
  }

  #harmless(as: Showing): boolean {
    if (this.length > LONGEST_SHOWN) return false;
    const { decimals, letters, others, colons, dots, slashes, colonPair, longestRun, keyLike } = this.#make();
    if (others > 0) return false;
    if (as !== 'word' && decimals + colons === this.length && colons <= 1 && this.length <= LONGEST_RANGE) return true;
    if (as === 'dotted' || as === 'address') {
      if (dots > 0 && dots <= 4 && decimals + dots + slashes === this.length) return true;
    }
    // Key text is pairs of digits between single colons; an IPv6 address has longer groups, or two colons together.
    if (as === 'address' && colons > 0 && longestRun <= 4 && (longestRun >= 3 || colonPair)) return true;
    return letters > 0 && colons + dots + slashes === 0 && !keyLike;
  }

  /** What it is made of: `letters` are those beyond f, runs are of hexadecimal digits. */
  #make(): {
    decimals: number;
    letters: number;
    others: number;
    colons: number;
    dots: number;
    slashes: number;
    colonPair: boolean;
    longestRun: number;
    keyLike: boolean;
  } {
    const make = { decimals: 0, letters: 0, others: 0, colons: 0, dots: 0, slashes: 0 };
    let colonPair = false;
    let longestRun = 0;
    let hexRun = false;
    let hexGroups = 0;
    let run = 0;
    let decimalInRun = false;
    let groupStart = 0;
    for (let i = 0; i <= this.length; i++) {
      const byte = i === this.length ? HYPHEN : this.at(i);
      const lower = byte | 0x20;
      const decimal = byte >= 0x30 && byte <= 0x39;
      const hexadecimal = decimal || (lower >= 0x61 && lower <= 0x66);
      const parts = byte === HYPHEN || byte === UNDERSCORE;
      if (decimal) make.decimals++;
      else if (lower >= 0x67 && lower <= 0x7a) make.letters++;
      else if (byte === COLON) make.colons++;
      else if (byte === 0x2e) make.dots++;
      else if (byte === 0x2f) make.slashes++;
      else if (!hexadecimal && !parts) make.others++;
      colonPair ||= byte === COLON && i > 0 && this.at(i - 1) === COLON;
      if (parts) {
        if (run > 0 && run <= 2 && run === i - groupStart) hexGroups++;
        groupStart = i + 1;
      }
      run = hexadecimal ? run + 1 : 0;
      decimalInRun = run > 0 && (decimalInRun || decimal);
      longestRun = Math.max(longestRun, run);
      hexRun ||= run >= HEX_RUN && decimalInRun;
    }
    return { ...make, colonPair, longestRun, keyLike: hexRun || hexGroups >= HEX_GROUPS };
  }
}
