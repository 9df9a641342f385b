import { describe, expect, it } from 'vitest';
import { contextConformance } from './conformance.ts';

describe('the security context', () => {
  const cases = contextConformance();

  it("has all of DPDK's cases, each once", () => {
    expect(cases).toHaveLength(59);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(59);
  });

  for (const { name, run } of cases) it(name, run);
});
