import { runReadmeExample } from '@inline-ipsec/eal/readme-example';
import { describe, expect, it } from 'vitest';

describe('the README', () => {
  it.each([
    ['one layer', 0],
    ["the article's excerpt", 1],
  ])('has an example of %s that runs', async (_name, block) => {
    const options = { readme: '../README.md', block, modules: './node_modules/' };
    const { printed, expected } = await runReadmeExample(import.meta.url, options);
    expect(printed).toEqual(expected);
    expect(printed.length).toBeGreaterThan(0);
  });
});
