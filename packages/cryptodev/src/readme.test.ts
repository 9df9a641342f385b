import { runReadmeExample } from '@inline-ipsec/eal/readme-example';
import { expect, it } from 'vitest';

it.each([0, 1])('example %i of the README prints what it says', async (block) => {
  const { printed, expected } = await runReadmeExample(import.meta.url, { block });
  expect(expected.length).toBeGreaterThan(0);
  expect(printed).toEqual(expected);
});
