import { CONTEXT_CASES, type ContextFactory } from './_conformance-context.ts';
import { EGRESS_CASES } from './_conformance-egress.ts';
import { GMAC_CASES } from './_conformance-gmac.ts';
import { INGRESS_CASES } from './_conformance-ingress.ts';
import { InlineBench, type InlineUnderTest, type Seal } from './_conformance-inline-bench.ts';
import { SESSION_CASES } from './_conformance-sessions.ts';
import { PortSecurity } from './port-security.ts';

/**
 * What every security context must do, and what every port with inline IPsec: cases for any test framework, or none.
 *
 * @example
 * ```ts
 * import { contextConformance, inlineConformance } from '@inline-ipsec/security/conformance';
 * for (const { name, run } of inlineConformance({ open: openMyPort, seal: aes128gcm })) it(name, run);
 * ```
 */

export type { ContextFactory } from './_conformance-context.ts';
export type { InlineUnderTest, Seal } from './_conformance-inline-bench.ts';

/** One case: it throws when what it is put to does not do what it must. */
export interface ConformanceCase {
  readonly name: string;
  run(): void;
}

/** What {@link inlineConformance} tests, and by whom it is judged. */
export interface InlineConformanceOptions {
  /** A fresh port for each case, with some 16 MiB of memory free. */
  open(): InlineUnderTest;
  /** AES-128-GCM, from another library than the one that the port uses, if there is one. */
  readonly seal: Seal;
}

/**
 * The 59 cases of DPDK's app/test/test_security.c, under their names there: what a security context does with its driver,
 * its sessions and its capabilities.
 *
 * @param create makes the context. Default {@link PortSecurity}
 */
export function contextConformance(
  create: ContextFactory = (memory, operations, options) => new PortSecurity(memory, operations, options),
): ConformanceCase[] {
  return CONTEXT_CASES.map(([name, run]) => ({ name, run: () => run({ create }) }));
}

/**
 * Inline crypto on a port: ESP with AES-128-GCM and, where it has that, AES-128-GMAC, in and out, sessions and rules that come and go, what cannot be offloaded,
 * what is not authentic. What a port may lack is asked for first: its capabilities and its limits say so.
 */
export function inlineConformance({ open, seal }: InlineConformanceOptions): ConformanceCase[] {
  return [...SESSION_CASES, ...EGRESS_CASES, ...INGRESS_CASES, ...GMAC_CASES].map(([name, run]) => ({
    name,
    run: () => {
      const bench = new InlineBench(open(), seal);
      run(bench);
      bench.end();
    },
  }));
}
