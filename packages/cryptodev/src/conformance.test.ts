import { describe, expect, it } from 'vitest';
import { engineConformance } from './conformance.ts';
import type { EngineFactory } from './engine.ts';
import { createNobleEngine } from './noble-engine.ts';
import { createIpsecMbEngine } from './node/ipsec-mb-engine.ts';
import { createEvpEngine, createOpensslEngine } from './node/openssl-engine.ts';
import { nativeMemory, whyNoIpsecMb, whyNoNativeMemory } from './node/testing/native.ts';
import { createNullEngine } from './null-engine.ts';

const ENGINES: [string, EngineFactory][] = [
  ['null', createNullEngine],
  ['noble', createNobleEngine],
  ['openssl', createOpensslEngine],
];

/** What each of ours may leave out: algorithms that it does not have, and one message that is empty. */
const MISSING: Record<string, RegExp> = {
  null: /does not have/,
  noble: /does not have (3des-cbc|des-cbc)|at least one byte/,
  openssl: /at least one byte/,
};

/** Those that need native memory. */
const NATIVE: [string, string, EngineFactory][] = [
  ['ipsec-mb', whyNoIpsecMb(), createIpsecMbEngine],
  ['openssl by EVP', whyNoNativeMemory(), createEvpEngine],
];

for (const [name, why, create] of NATIVE) {
  describe.skipIf(why !== '')(`engine ${name}${why}`, () => {
    it.each(engineConformance)('$name', ({ run }) => {
      const { checked, notApplicable } = run(create, nativeMemory(0x40_0000));
      for (const reason of notApplicable) expect(reason).toMatch(/at least one byte/);
      expect(checked).toBeGreaterThan(0);
    });
  });
}

describe.each(ENGINES)('engine %s', (name, create) => {
  it.each(engineConformance)('$name', ({ run }) => {
    const { checked, notApplicable } = run(create);
    for (const reason of notApplicable) expect(reason).toMatch(MISSING[name]);
    if (name === 'openssl') expect(checked).toBeGreaterThan(0);
  });
});
