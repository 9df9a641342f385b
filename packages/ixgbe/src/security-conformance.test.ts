import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { inlineConformance, type Seal } from '@inline-ipsec/security/conformance';
import { describe, expect, it } from 'vitest';
import { ipsrxkey, ipstxkey, REG } from './registers.ts';
import { seal } from './testing/node/seal.ts';
import { PortBench, type PortBenchOptions } from './testing/port-bench.ts';

/** The published suite over the 82599, judged by node:crypto. */

function opened(options: PortBenchOptions = {}, change: (bench: PortBench) => void = () => {}) {
  const bench = new PortBench({ mbufs: 1, sessions: 1, ...options });
  change(bench);
  return {
    memory: bench.memory,
    ports: bench.ports,
    port: bench.port,
    inject: (frames: readonly Uint8Array[]) => {
      bench.list.incoming.push(...frames);
    },
    sent: () => bench.list.sent.splice(0),
    step: () => {
      bench.card.step(32);
    },
  };
}

describe.each<[string, PortBenchOptions]>([
  ['engine noble', { engine: createNobleEngine }],
  ['engine openssl', { engine: createOpensslEngine }],
  ['ciphertext left where the ICV is wrong', { card: { unverifiedPayload: 'ciphertext' } }],
])('inline IPsec of the 82599, %s', (_what, options) => {
  for (const { name, run } of inlineConformance({ open: () => opened(options), seal })) it(name, run);
});

/** Names of the cases that fail. */
function failures(open: () => ReturnType<typeof opened>, judge: Seal = seal): string[] {
  return inlineConformance({ open, seal: judge }).flatMap(({ name, run }) => {
    try {
      run();
      return [];
    } catch {
      return [name];
    }
  });
}

describe('the suite for inline IPsec', () => {
  it('finds a driver whose removals switch the block off, as removals of DPDK’s do', () => {
    const careless = (bench: PortBench): void => {
      const { card } = bench;
      const write = card.write.bind(card);
      const keys = [0, 1, 2, 3].flatMap((n) => [ipsrxkey(n), ipstxkey(n)]);
      let removing = false;
      card.write = (offset, value) => {
        if (keys.includes(offset)) removing = value === 0;
        const command = offset === REG.IPSTXIDX || offset === REG.IPSRXIDX;
        write(offset, command && removing ? (value & ~1) >>> 0 : value);
      };
    };
    expect(failures(() => opened({}, careless))).toEqual(
      expect.arrayContaining([
        'is not switched off for others when a session ends',
        'ends with its session, whether its rule is there or not, and leaves the others',
      ]),
    );
  });

  it('finds a cipher that the judge does not agree with', () => {
    const wrong: Seal = (key, nonce, aad, text) => seal(key, nonce, aad.subarray(4), text);
    expect(failures(() => opened(), wrong)).toEqual(
      expect.arrayContaining([
        'enciphers what leaves, whatever its length',
        'deciphers what is authentic, in its place, and says so',
        'authenticates what leaves and leaves it in clear, whatever its length, if it has AES-128-GMAC',
        'verifies what comes in, in its place, and says so, if it has AES-128-GMAC',
      ]),
    );
  });
});
