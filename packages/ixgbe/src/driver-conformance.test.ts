import { portConformance } from '@inline-ipsec/ethdev/conformance';
import { describe, it } from 'vitest';
import { PortBench } from './testing/port-bench.ts';

describe('a port over the 82599', () => {
  const open = () => {
    const bench = new PortBench({ mbufs: 1 });
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
  for (const { name, run } of portConformance({ open, receives: true, sends: true })) it(name, run);
});
