import { runReadmeExample } from '@inline-ipsec/eal/readme-example';
import { expect, it } from 'vitest';

it('has a README whose example runs', async () => {
  const { printed, expected } = await runReadmeExample(import.meta.url);
  expect(printed).toEqual(expected);
  expect(printed).toHaveLength(1);
});
