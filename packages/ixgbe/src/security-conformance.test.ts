import { createCipheriv } from 'node:crypto';
import { inlineConformance } from '@inline-ipsec/security/conformance';
import { describe, it } from 'vitest';
import { PortBench } from './testing/port-bench.ts';

/** The published suite over the 82599; the card's engine is noble, the judge is node:crypto. */

describe('inline IPsec of the 82599', () => {
  const open = () => {
    const bench = new PortBench({ mbufs: 1, sessions: 1 });
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
  };
  const seal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array) => {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
    return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
  };
  for (const { name, run } of inlineConformance({ open, seal })) it(name, run);
});
