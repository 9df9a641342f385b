import { expect, it } from 'vitest';
import { enterLcore, LCORE_ID_ANY, lcoreId } from './lcore.ts';

it('a thread is no lcore until it enters one, and can go back', () => {
  expect(lcoreId()).toBe(LCORE_ID_ANY);
  const before = enterLcore(3);
  expect([before, lcoreId(), enterLcore(before), lcoreId()]).toEqual([LCORE_ID_ANY, 3, 3, LCORE_ID_ANY]);
});
