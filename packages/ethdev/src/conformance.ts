import { type AddCase, type PortUnderTest, withPort } from './_conformance-bench.ts';
import { addFlowCases } from './_conformance-flow.ts';
import { addLifeCycleCases } from './_conformance-life-cycle.ts';
import { addOwnershipCases } from './_conformance-ownership.ts';
import { addReceiveCases } from './_conformance-receive.ts';
import { addSendCases } from './_conformance-send.ts';
import { addStatisticsCases } from './_conformance-statistics.ts';

/**
 * What every port must do, whatever its driver: cases to be run by any test framework, each against a fresh port.
 *
 * @example
 * ```ts
 * describe('my port', () => {
 *   for (const { name, run } of portConformance({ open: openMyPort, receives: true, sends: true })) it(name, run);
 * });
 * ```
 */

export type { PortUnderTest } from './_conformance-bench.ts';

/** What {@link portConformance} tests. */
export interface PortConformanceOptions {
  open(): PortUnderTest;
  /** Its ports have `inject`. */
  readonly receives: boolean;
  /** Its ports have `sent`. */
  readonly sends: boolean;
}

/** One case: it throws when the port does not do what it must. */
export interface ConformanceCase {
  readonly name: string;
  run(): void;
}

/** The cases; their order means nothing. */
export function portConformance({ open, receives, sends }: PortConformanceOptions): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add: AddCase = (name, run) => {
    cases.push({ name, run: () => withPort(open, run) });
  };
  addLifeCycleCases(add);
  addFlowCases(add);
  addOwnershipCases(add);
  if (receives) addReceiveCases(add);
  if (sends) addSendCases(add);
  addStatisticsCases(add, { receives, sends });
  return cases;
}
