import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { codeBlocks, runReadmeExample } from './readme-example.ts';

describe('the example of a README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-example-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The address of a test that would lie in the `src` of a package with this README. */
  function testBeside(...lines: string[]): string {
    writeFileSync(join(folder, 'README.md'), lines.join('\n'));
    return pathToFileURL(join(folder, 'src', 'readme.test.ts')).href;
  }

  it('is run, types and all, and gives what it printed and what it announced', async () => {
    const test = testBeside(
      '# A package',
      '```sh',
      'not this',
      '```',
      '```ts',
      'const sum = (a: number, b: number): number => a + b;',
      'console.log(sum(1, 2), { a: 1 }); // → 3 { a: 1 }',
      "console.log('two\\nlines  '); // → two",
      '// → lines',
      'await Promise.resolve();',
      'console.log(); // →',
      '```',
    );
    const { printed, expected } = await runReadmeExample(test);
    expect(printed).toEqual(['3 { a: 1 }', 'two', 'lines', '']);
    expect(expected).toEqual(printed);
  });

  it('is the block that is asked for', async () => {
    const test = testBeside('```ts', 'console.log(1);', '```', '', '```ts', 'console.log(2);', '```');
    expect(await runReadmeExample(test, { block: 1 })).toEqual({ printed: ['2'], expected: [] });
    await expect(runReadmeExample(test, { block: 2 })).rejects.toThrow('README.md has no ts block 2');
  });

  it('throws what it throws, and console.log works again', async () => {
    const { log } = console;
    await expect(runReadmeExample(testBeside('```ts', "throw new Error('broken');", '```'))).rejects.toThrow('broken');
    expect(console.log).toBe(log);
  });

  it('is found among blocks of other languages', () => {
    expect(codeBlocks('```ts\na\n```\n```js\nb\n```\n```ts \nc\nd\n``` \n')).toEqual(['a\n', 'c\nd\n']);
  });
});
