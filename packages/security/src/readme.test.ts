import { runReadmeExample } from '@inline-ipsec/eal/readme-example';
import { expect, it } from 'vitest';

it('the example of the README prints what it says', async () => {
  const { printed, expected } = await runReadmeExample(import.meta.url);
  expect(expected.length).toBeGreaterThan(0);
  expect(printed).toEqual(expected);
});
