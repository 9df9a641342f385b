import { describe, expect, it } from 'vitest';
import { ConfigurationError, type ConfigurationWarning } from './configuration-error.ts';
import { type Directive, Lexer, LONGEST_LINE } from './lexer.ts';

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function lex(text: string): {
  lines: string[][];
  places: number[][][];
  warnings: ConfigurationWarning[];
  last: Directive[];
} {
  const warnings: ConfigurationWarning[] = [];
  const lexer = new Lexer(bytes(text), 'x.cfg', (warning) => warnings.push(warning));
  const result = { lines: [] as string[][], places: [] as number[][][], warnings, last: [] as Directive[] };
  for (let directive = lexer.next(); directive !== undefined; directive = lexer.next()) {
    const tokens = [directive.keyword, ...directive.words];
    result.lines.push(tokens.map((token) => token.text()));
    result.places.push(tokens.map(({ line, column }) => [line, column]));
    result.last.push(directive);
  }
  return result;
}

function errorOf(text: string): ConfigurationError {
  try {
    lex(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  throw new Error('no configuration error');
}

describe('directives', () => {
  it('are one a line, with words between blanks of all kinds', () => {
    expect(lex('a b\tc\n\n \t\f\v\r\n d\fe\vf\r\n').lines).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]);
  });

  it('need no line end in the last line', () => {
    expect(lex('a b\nc d').lines).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('of an empty file are none', () => {
    expect(lex('').lines).toEqual([]);
    expect(lex('\n\n#x\n').lines).toEqual([]);
  });

  it('say where each word stands, in lines and columns from 1', () => {
    expect(lex('\na  bb \\\n  cc \\\ndd\n').places).toEqual([
      [
        [2, 1],
        [2, 4],
        [3, 3],
        [4, 1],
      ],
    ]);
  });
});

describe('comments', () => {
  it('in column 1 take the whole line away, and a continuation goes on behind them', () => {
    expect(lex('a \\\n# note \\\nb\nc\n').lines).toEqual([['a', 'b'], ['c']]);
  });

  it('further right cut the line, a backslash included', () => {
    expect(lex('a b # note \\\nc\n').lines).toEqual([['a', 'b'], ['c']]);
    expect(lex('a b#note\nc\n').lines).toEqual([['a', 'b'], ['c']]);
  });

  it('that are indented leave an empty line, which ends a continued directive', () => {
    const { lines, last } = lex('a \\\n  # note\nb\n');
    expect(lines).toEqual([['a'], ['b']]);
    expect(last.map(({ endedByEmptyLine }) => endedByEmptyLine)).toEqual([true, false]);
  });

  it('may stand one blank behind a backslash, as DPDK lets them', () => {
    expect(lex('a \\ # note\nb\n').lines).toEqual([['a', 'b']]);
  });
});

describe('continuations', () => {
  it('join lines without anything between, in the middle of a word too', () => {
    expect(lex('key aa:\\\nbb:\\\ncc\n').lines).toEqual([['key', 'aa:bb:cc']]);
  });

  it('end at an empty line, as in the article', () => {
    const { lines, warnings } = lex('a b \\\nc \\\n\nd\n');
    expect(lines).toEqual([['a', 'b', 'c'], ['d']]);
    expect(warnings).toEqual([]);
  });

  it('at the end of the file give the directive, with a warning', () => {
    for (const text of ['a \\\nb \\\n', 'a \\\nb \\']) {
      const { lines, warnings } = lex(text);
      expect(lines).toEqual([['a', 'b']]);
      expect(warnings).toMatchObject([{ code: 'WARN_CONTINUED_AT_END', line: 2 }]);
    }
  });

  it('of nothing at the end of the file are nothing', () => {
    expect(lex('a\n\\\n')).toMatchObject({ lines: [['a']], warnings: [] });
  });

  it('have nothing behind the backslash', () => {
    for (const text of ['a \\ \nb', 'a \\b\nb', 'a \\\\\nb', 'x\na \\ \n', 'a \\  # two\n', 'a \\x#\n', 'a \\#\n']) {
      expect(errorOf(text).message).toMatch(/^x\.cfg:\d: error: no character should exist after '\\'/);
    }
    expect(errorOf('x\na \\ \n')).toMatchObject({ code: 'ERR_CONFIG_LINE', line: 2, column: 3 });
  });

  it('do not go with the line ends of DOS, which is said', () => {
    expect(errorOf('a \\\r\nb\r\n').message).toBe(
      "x.cfg:1: error: no character should exist after '\\': got a carriage return: the line ends in CR LF; give the file the line ends of UNIX (dos2unix)",
    );
  });
});

describe('limits', () => {
  it('let a line have 1022 bytes, the line end included', () => {
    const longest = `a ${'b'.repeat(LONGEST_LINE - 3)}`;
    expect(lex(`${longest}\n`).lines[0][1]).toHaveLength(LONGEST_LINE - 3);
    expect(lex(`${longest}b`).lines[0][1]).toHaveLength(LONGEST_LINE - 2);
    expect(errorOf(`\n${longest}b\n`)).toMatchObject({ code: 'ERR_CONFIG_LINE', line: 2 });
    expect(errorOf(`#${'x'.repeat(LONGEST_LINE)}\n`).message).toContain('the line contains more characters');
  });

  it('let a directive have 1022 bytes without the backslashes', () => {
    const half = 'b'.repeat(511);
    expect(lex(`${half}\\\n${'c'.repeat(510)}\n`).lines[0][0]).toHaveLength(1021);
    const error = errorOf(`${half}\\\n${'c'.repeat(511)}\n`);
    expect(error).toMatchObject({ code: 'ERR_CONFIG_LINE', line: 2 });
    expect(error.message).toContain('the concatenated line contains more characters');
  });
});

describe('bytes that are no text', () => {
  it('are an error when they are zero', () => {
    expect(errorOf('a\nb \0c\n')).toMatchObject({ code: 'ERR_CONFIG_LINE', line: 2, column: 3 });
  });

  it('are passed over when they are a byte order mark', () => {
    const { lines, warnings, places } = lex('\xef\xbb\xbfa b\n');
    expect(lines).toEqual([['a', 'b']]);
    expect(places[0][0]).toEqual([1, 1]);
    expect(warnings).toMatchObject([{ code: 'WARN_BYTE_ORDER_MARK' }]);
  });
});

it('zeroes what it holds of the file', () => {
  const lexer = new Lexer(bytes('key aa:bb\n'), 'x.cfg', () => {});
  const directive = lexer.next();
  lexer.wipe();
  expect(directive?.words[0].text()).toBe('\0'.repeat(5));
});

it('zeroes a directive when it goes on to the next', () => {
  const lexer = new Lexer(bytes('key aa:bb\nx\n'), 'x.cfg', () => {});
  const first = lexer.next();
  lexer.next();
  expect(first?.words[0].text()).toBe('\0'.repeat(5));
});
