import type { FlowHandle } from '@inline-ipsec/ethdev/flow';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import type { SecuritySession } from '@inline-ipsec/security/session';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { espFrame, TUNNEL_END } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import {
  egress,
  FAILED,
  IPV6_END,
  ingress,
  KEY,
  OTHER_KEY,
  type SecureBench,
  sealed,
  secureBench,
} from './testing/secure-bench.ts';

const KEYS = [KEY, OTHER_KEY, Uint8Array.from({ length: 16 }, (_, i) => 17 * i)];
const SPIS = [1, 0x0100_0000, 257];
// The last one is the first one to the card's address memory.
const ENDS = [TUNNEL_END, Uint8Array.of(10, 0, 0, 1), IPV6_END, Uint8Array.of(...new Uint8Array(12), ...TUNNEL_END)];
const imageOf = (end: number): number => (end === 3 ? 0 : end);

const spi = fc.nat({ max: SPIS.length - 1 });
const key = fc.nat({ max: KEYS.length - 1 });
const end = fc.nat({ max: ENDS.length - 1 });
const slot = fc.nat({ max: 7 });
const OPERATION = fc.oneof(
  fc.record({ do: fc.constant('add out' as const), slot, spi, key }),
  fc.record({ do: fc.constant('end out' as const), slot }),
  fc.record({ do: fc.constant('take' as const), slot, count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('step' as const) }),
  fc.record({ do: fc.constant('add in' as const), slot, spi, key, end }),
  fc.record({ do: fc.constant('unbind' as const), slot }),
  fc.record({ do: fc.constant('end in' as const), slot }),
  fc.record({ do: fc.constant('receive' as const), spi, key, end }),
  fc.record({ do: fc.constant('restart' as const) }),
);

/** What must be: a plain map of SAs, and the frames that must come out next. */
class Model {
  readonly out = new Map<number, { session: SecuritySession; spi: number; key: number }>();
  readonly in = new Map<
    number,
    { session: SecuritySession; flow: FlowHandle; spi: number; key: number; end: number }
  >();
  readonly unbound = new Map<number, SecuritySession>();
  expected: Uint8Array[] = [];
  sequence = 0;
  readonly bench: SecureBench;

  constructor(bench: SecureBench) {
    this.bench = bench;
  }

  run(operation: typeof OPERATION extends fc.Arbitrary<infer T> ? T : never): void {
    const { bench } = this;
    switch (operation.do) {
      case 'add out': {
        if (this.out.has(operation.slot)) return;
        const session = bench.session(egress(SPIS[operation.spi], KEYS[operation.key]));
        this.out.set(operation.slot, { session, spi: operation.spi, key: operation.key });
        return;
      }
      case 'end out': {
        const sa = this.out.get(operation.slot);
        if (sa !== undefined) bench.security.sessionDestroy(sa.session);
        this.out.delete(operation.slot);
        return;
      }
      case 'take': {
        const sa = this.out.get(operation.slot);
        if (sa === undefined) return;
        const frames = Array.from({ length: operation.count }, () =>
          espFrame({ spi: SPIS[sa.spi], sequence: ++this.sequence, pad: (this.sequence % 4) * 4 + 2 }),
        );
        const mbufs = frames.map((frame) => bench.secret(sa.session, frame));
        const taken = bench.port.txBurst(0, Uint32Array.from(mbufs), mbufs.length);
        bench.free(...mbufs.slice(taken));
        this.expected.push(...frames.slice(0, taken).map((frame) => sealed(seal, frame, { key: KEYS[sa.key] })));
        return;
      }
      case 'step':
        bench.card.step(64);
        expect(bench.list.sent.splice(0)).toEqual(this.expected.splice(0));
        return;
      case 'add in': {
        if (this.in.has(operation.slot) || this.unbound.has(operation.slot)) return;
        const session = bench.session(ingress(SPIS[operation.spi], KEYS[operation.key]));
        const taken = [...this.in.values()].some(
          (sa) => sa.spi === operation.spi && imageOf(sa.end) === imageOf(operation.end),
        );
        if (taken) {
          expect(() => bench.bind(session, ENDS[operation.end])).toThrow(/another SA has this SPI/);
          this.unbound.set(operation.slot, session);
          return;
        }
        this.in.set(operation.slot, { ...operation, session, flow: bench.bind(session, ENDS[operation.end]) });
        return;
      }
      case 'unbind': {
        const sa = this.in.get(operation.slot);
        if (sa === undefined) return;
        bench.port.flowDestroy(sa.flow);
        this.in.delete(operation.slot);
        this.unbound.set(operation.slot, sa.session);
        return;
      }
      case 'end in': {
        const session = this.in.get(operation.slot)?.session ?? this.unbound.get(operation.slot);
        if (session !== undefined) bench.security.sessionDestroy(session);
        this.in.delete(operation.slot);
        this.unbound.delete(operation.slot);
        return;
      }
      case 'receive': {
        const destination = ENDS[operation.end];
        const clear = espFrame({ spi: SPIS[operation.spi], sequence: ++this.sequence, destination });
        const l3 = destination.length === 16 ? 40 : 20;
        const sa = [...this.in.values()].find((known) => known.spi === operation.spi && known.end === operation.end);
        const wanted = sa === undefined ? 0 : sa.key === operation.key ? RX_SEC_OFFLOAD : FAILED;
        const got = bench.receiveFrame(sealed(seal, clear, { key: KEYS[operation.key], l3 }));
        // What was taken before goes out in the same step.
        expect(bench.list.sent.splice(0)).toEqual(this.expected.splice(0));
        expect(got.flags).toBe(wanted);
        const inner = 14 + l3 + 16;
        const isClear = got.bytes.subarray(inner, inner + 20).every((byte, i) => byte === clear[inner + i]);
        expect(isClear).toBe(wanted === RX_SEC_OFFLOAD);
        return;
      }
      case 'restart':
        bench.port.stop();
        bench.port.start();
        this.expected = [];
        return;
    }
  }

  finish(): void {
    this.run({ do: 'step' });
    this.bench.port.stats();
    const bound = [...this.in.values()];
    expect(this.bench.usedEntries()).toEqual({
      addresses: new Set(bound.map((sa) => imageOf(sa.end))).size,
      spis: bound.length,
      keys: bound.length,
      tx: this.out.size,
    });
    expect(this.bench.enabled).toEqual([true, true]);
    const counters = this.bench.card.counters();
    expect(counters.txSecurityZeroKey ?? 0).toBe(0);
    expect(counters.txSecurityOff ?? 0).toBe(0);
    expect(counters.tableCommandsIgnored ?? 0).toBe(0);
    this.bench.end();
  }
}

/** Each run has as many: 10,000 in all. */
const STEPS = 250;
const RUNS = 40;

describe('SAs added, ended and used in any order', () => {
  it('never decipher or encipher under a wrong key, never send in clear, and leave no entry behind', () => {
    fc.assert(
      fc.property(fc.array(OPERATION, { minLength: STEPS, maxLength: STEPS }), (operations) => {
        const model = new Model(secureBench());
        for (const operation of operations) model.run(operation);
        model.finish();
      }),
      { numRuns: RUNS },
    );
  });
});
