import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** docs/driver-defects.md says which test shows a defect of another driver: each row has one, and it is there. */

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs');
const text = readFileSync(join(docs, 'driver-defects.md'), 'utf8');

interface Table {
  readonly name: string;
  /** Of the tests in the file that the sentence above the table is linked to. */
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The titles of a file's tests and of groups of them, which may be in quotes of either kind. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(docs, file), 'utf8');
  return [...source.matchAll(/\b(?:it|describe)(?:\.each\([^\n]*\))?\((['"`])(.+?)(?<!\\)\1/g)].map(([, , title]) =>
    title.replaceAll("\\'", "'"),
  );
}

/** The files that a piece of the page is linked to. */
const linksOf = (piece: string): string[] => [...piece.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target);

const tables = text
  .split(/^## /m)
  .slice(1)
  .map((part): Table => {
    const [name, ...lines] = part.split('\n');
    const rows = lines
      .filter((line) => line.startsWith('| '))
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
    return { name, titles: titlesOf(linksOf(part)[0]), rows: rows.slice(1) };
  });
const [present, fixed, linux] = tables;

/** The numbers or commits that a title begins with: `8. and 9. the length`, `93e11beebc, aeb8fd549e: sessions`. */
const numbers = present.titles.flatMap((title) => title.match(/^(?:\d+\. (?:and )?)+/)?.[0].match(/\d+/g) ?? []);
const commits = fixed.titles.flatMap(
  (title) => title.match(/^[0-9a-f]{10}(?:, [0-9a-f]{10})*(?=: )/)?.[0].split(', ') ?? [],
);

describe('the table of defects of other drivers', () => {
  it('has three parts, with all their rows', () => {
    expect(tables.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['DPDK, still there', 15],
      ['DPDK, fixed', 18],
      ['Linux', 10],
    ]);
  });

  it.each(linksOf(text))('is linked to files that are there: %s', (file) => {
    expect(existsSync(join(docs, file))).toBe(true);
  });

  it.each(present.rows)('row %s, %s, has a test', (number, ...cells) => {
    // One that is not about a driver names its tests in the row.
    const elsewhere = linksOf(cells.at(-1) ?? '').filter((file) => titlesOf(file).length > 0);
    expect(numbers.includes(number) || elsewhere.length > 0).toBe(true);
  });

  it.each(fixed.rows)('row %s, %s, has a test', (row, wrong) => {
    if (wrong.startsWith('nothing')) return;
    for (const commit of row.split(', ')) expect(commits).toContain(commit);
  });

  it.each(linux.rows)('row %s has a test, or a reason', (_change, _card, here, title) => {
    if (title === '–') expect(here.split(' ').length).toBeGreaterThan(3);
    else expect(linux.titles).toContain(title);
  });

  it('has a row for each test', () => {
    const rows = new Set(present.rows.map(([number]) => number));
    for (const number of numbers) expect(rows).toContain(number);
    const known = new Set(fixed.rows.flatMap(([row]) => row.split(', ')));
    for (const commit of commits) expect(known).toContain(commit);
  });
});
