import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextConformance } from '@inline-ipsec/security/conformance';
import { describe, expect, it } from 'vitest';

/** docs/conformance.md says which test asks what a case of DPDK asks: the tests are there, under the titles that it gives. */

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs');
const text = readFileSync(join(docs, 'conformance.md'), 'utf8');
const rows = [...text.matchAll(/^\| (.+?) \| (?:\[[^\]]+\]\(([^)]+)\)|–) \| (.+) \|$/gm)].map(
  ([, dpdk, file, title]) => ({
    dpdk,
    file,
    title: title.replaceAll('\\|', '|'),
  }),
);

describe('the table of DPDK’s tests', () => {
  it('has a row for each case, and a reason where there is no test', () => {
    expect(rows.length).toBeGreaterThan(120);
    for (const { file, title } of rows) if (file === undefined) expect(title.split(' ').length).toBeGreaterThan(3);
  });

  it.each(rows.filter(({ file }) => file !== undefined))('$dpdk: $title', ({ file, title }) => {
    // Strings in the sources may have quotes of either kind in them.
    const source = readFileSync(join(docs, file as string), 'utf8').replaceAll("\\'", "'");
    expect(source).toContain(title);
  });

  it('names the cases of the security suite', () => {
    const functions = [...text.matchAll(/^\| (\w+_\w+) \| ([\w, ]+) \|$/gm)];
    const named = functions.flatMap(([, name, cases]) => cases.split(', ').map((each) => `${name}_${each}`));
    expect(named.sort()).toEqual(
      contextConformance()
        .map(({ name }) => name)
        .sort(),
    );
  });
});
