/**
 * What every engine must hold, for any test framework or none. This package runs it over its own engines; run it over yours.
 *
 * @example
 * ```ts
 * import { engineConformance } from '@inline-ipsec/cryptodev/conformance';
 * for (const { name, run } of engineConformance) it(name, () => void run(createMyEngine));
 * ```
 */
import { BURST_CASES } from './_conformance-bursts.ts';
import type { ConformanceCase } from './_conformance-case.ts';
import { EXTREME_CASES } from './_conformance-extremes.ts';
import { MESSAGE_CASES } from './_conformance-messages.ts';
import { SESSION_CASES } from './_conformance-sessions.ts';
import { VECTOR_CASES } from './_conformance-vectors.ts';

export type { ConformanceCase, ConformanceOutcome } from './_conformance-case.ts';

/** The cases; their order means nothing. Published vectors first, then what holds for any algorithm. */
export const engineConformance: readonly ConformanceCase[] = [
  ...VECTOR_CASES,
  ...MESSAGE_CASES,
  ...EXTREME_CASES,
  ...SESSION_CASES,
  ...BURST_CASES,
];
