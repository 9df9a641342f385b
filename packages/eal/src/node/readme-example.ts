/**
 * Runs the example of a README, so that it stays true. For the tests of these packages, under vitest, which is what
 * understands the TypeScript of the example and the imports in it.
 *
 * It does not type-check the example.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';

/** Which example {@link runReadmeExample} takes. */
export interface ReadmeExampleOptions {
  /** The file, relative to the test. Default `../README.md`. */
  readonly readme?: string;
  /** Which of its `ts` blocks, from 0 (the default). */
  readonly block?: number;
  /** Where the packages are that the example imports, relative to the test. Default `../node_modules/`. */
  readonly modules?: string;
}

/** What an example printed, and what it says that it prints. */
export interface ReadmeExampleRun {
  /** The lines written with `console.log`, without space at their ends. */
  readonly printed: readonly string[];
  /** The text behind each `// →` of the example, in their order. */
  readonly expected: readonly string[];
}

/**
 * Runs an example of a README to its end.
 *
 * @param testUrl the `import.meta.url` of the test, which lies in the `src` of its package
 * @throws Error when the README has no such block, and whatever the example throws
 * @example
 * ```ts
 * const { printed, expected } = await runReadmeExample(import.meta.url);
 * expect(printed).toEqual(expected);
 * ```
 */
export async function runReadmeExample(testUrl: string, options: ReadmeExampleOptions = {}): Promise<ReadmeExampleRun> {
  const readme = new URL(options.readme ?? '../README.md', testUrl);
  const code = codeBlocks(readFileSync(readme, 'utf8'))[options.block ?? 0];
  if (code === undefined) throw new Error(`${fileURLToPath(readme)} has no ts block ${options.block ?? 0}`);

  // Beside the packages that the example imports, where neither git nor the linter looks.
  const folder = new URL(`${options.modules ?? '../node_modules/'}.readme/`, testUrl);
  mkdirSync(folder, { recursive: true });
  const digest = createHash('sha256').update(`${process.pid} ${code}`).digest('hex').slice(0, 12);
  const file = fileURLToPath(new URL(`example-${digest}.ts`, folder));
  writeFileSync(file, code);
  try {
    return { printed: await captured(pathToFileURL(file).href), expected: announced(code) };
  } finally {
    rmSync(file, { force: true });
  }
}

/** The contents of the ```` ```ts ```` blocks of a Markdown text, in their order. */
export function codeBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts[^\S\n]*\n(.*?)^```[^\S\n]*$/gms)].map(([, code = '']) => code);
}

function announced(code: string): string[] {
  return [...code.matchAll(/\/\/ →[^\S\n]?(.*)$/gm)].map(([, text = '']) => text.trimEnd());
}

async function captured(url: string): Promise<string[]> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => {
    printed.push(...format(...values).split('\n'));
  };
  try {
    await import(/* @vite-ignore */ url);
  } finally {
    console.log = log;
  }
  return printed.map((line) => line.trimEnd());
}
