/**
 * How lcores are named on a command line: the list of `-l` and `--lcores`, and the mask of `-c`.
 *
 * ```
 * list  = item { "," item }                  -l 6,7   --lcores=0   --lcores '(0-3)@1,4'
 * item  = set [ "@" set ]                    lcores, and the processors that they may run on
 * set   = piece | "(" piece { "," piece } ")"
 * piece = number [ "-" number ]
 * ```
 *
 * Without `@`, each lcore of a plain piece has the processor of its own number, and all lcores of a group in
 * parentheses share the processors of the group. When an lcore is named twice, the last time counts.
 */
import { SetupError } from './errors.ts';
import { MAX_LCORE } from './lcore.ts';

/** Processors are numbered below this (Linux: `CPU_SETSIZE`). */
export const MAX_PROCESSOR = 1024;

/** An lcore and the processors that it may run on. */
export interface LcoreAssignment {
  readonly id: number;
  /** Ascending; more than one when the lcore may move between them. */
  readonly processors: readonly number[];
}

/**
 * Reads the list of `-l` or `--lcores`.
 *
 * @param option how the option was written, for the message
 * @returns the lcores, ascending
 * @throws SetupError `ERR_LCORE_LIST` (EINVAL) for a list that has another form, or a number that is too large
 */
export function parseLcoreList(text: string, option = '--lcores'): LcoreAssignment[] {
  const scanner = new Scanner(text, option);
  const found = new Map<number, readonly number[]>();
  do {
    const { numbers: lcores, grouped } = scanner.set(MAX_LCORE, 'an lcore');
    const shared = scanner.skip('@') ? scanner.set(MAX_PROCESSOR, 'a processor').numbers : grouped ? lcores : undefined;
    for (const lcore of lcores) found.set(lcore, shared ?? [lcore]);
  } while (scanner.skip(','));
  scanner.finish();
  return ascending(found);
}

/**
 * Reads the hexadecimal mask of `-c`: bit n is lcore n on processor n.
 *
 * @param option how the option was written, for the message
 * @throws SetupError `ERR_LCORE_MASK` (EINVAL) for anything else, for no bit at all and for bits that are too high
 */
export function parseLcoreMask(text: string, option = '-c'): LcoreAssignment[] {
  const digits = /^\s*(?:0x)?([\da-f]+)\s*$/i.exec(text)?.[1] ?? '';
  const found = new Map<number, readonly number[]>();
  for (let place = 0; place < digits.length; place++) {
    const digit = Number.parseInt(digits[digits.length - 1 - place], 16);
    for (let bit = 0; bit < 4; bit++) {
      if (((digit >> bit) & 1) === 1) found.set(4 * place + bit, [4 * place + bit]);
    }
  }
  if (found.size === 0 || Math.max(...found.keys()) >= MAX_LCORE) {
    throw new SetupError({
      code: 'ERR_LCORE_MASK',
      errno: 'EINVAL',
      message: `option ${option} needs a mask of lcores`,
      expected: `a hexadecimal number with at least one bit set, none above bit ${MAX_LCORE - 1}`,
      got: JSON.stringify(text),
    });
  }
  return ascending(found);
}

function ascending(found: ReadonlyMap<number, readonly number[]>): LcoreAssignment[] {
  return [...found].map(([id, processors]) => ({ id, processors })).sort((a, b) => a.id - b.id);
}

/** Walks through a list from left to right; spaces mean nothing. */
class Scanner {
  readonly #text: string;
  readonly #option: string;
  #at = 0;

  constructor(text: string, option: string) {
    this.#text = text;
    this.#option = option;
  }

  /** Goes past `character` if it is next. */
  skip(character: string): boolean {
    this.#spaces();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A piece or a group of pieces: its numbers, ascending, each once. */
  set(limit: number, what: string): { numbers: number[]; grouped: boolean } {
    const grouped = this.skip('(');
    const numbers = new Set<number>();
    do {
      const first = this.#number(limit, what);
      const last = this.skip('-') ? this.#number(limit, what) : first;
      for (let number = Math.min(first, last); number <= Math.max(first, last); number++) numbers.add(number);
    } while (grouped && this.skip(','));
    if (grouped && !this.skip(')')) throw this.#error('a , or a ) here');
    return { numbers: [...numbers].sort((a, b) => a - b), grouped };
  }

  finish(): void {
    this.#spaces();
    if (this.#at < this.#text.length) throw this.#error('a comma or the end here');
  }

  #number(limit: number, what: string): number {
    this.#spaces();
    const digits = /^\d+/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) throw this.#error(`the number of ${what} here`);
    if (Number(digits) >= limit) throw this.#error(`the number of ${what} below ${limit} here`);
    this.#at += digits.length;
    return Number(digits);
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }

  #error(expected: string): SetupError {
    const { length } = this.#text;
    return new SetupError({
      code: 'ERR_LCORE_LIST',
      errno: 'EINVAL',
      message: `option ${this.#option} needs a list of lcores`,
      expected,
      got: this.#at < length ? `${this.#text.slice(0, this.#at)}>>${this.#text.slice(this.#at)}` : `${this.#text}>>`,
      remedy: 'write it as 0,2-3 or (0-3)@1',
    });
  }
}
