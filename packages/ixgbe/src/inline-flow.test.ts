import { SetupError } from '@inline-ipsec/eal/errors';
import type { FlowAction, FlowItem } from '@inline-ipsec/ethdev/flow';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import { espFrame } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import { egress, ingress, ipItem, rule, type SealOptions, sealed, secureBench } from './testing/secure-bench.ts';

const enciphered = (frame: Uint8Array, options?: SealOptions): Uint8Array => sealed(seal, frame, options);

describe('flow rules', () => {
  const FULL = { type: 'end' } as const;

  it('do not change anything when they are only validated', () => {
    const bench = secureBench();
    const session = bench.session(ingress(5));
    const writes = bench.card.counter('tableWrites');
    for (let i = 0; i < 3; i++) bench.port.flowValidate({ ingress: true }, ...rule(session));
    expect(bench.card.counter('tableWrites')).toBe(writes);
    expect([bench.driver.counter('rxSas'), bench.driver.counter('saAddresses')]).toEqual([0, 0]);
    bench.bind(session);
    expect(() => bench.port.flowValidate({ ingress: true }, ...rule(session))).toThrow(/another flow rule has bound/);
    expect(bench.driver.counter('rxSas')).toBe(1);
    bench.end();
  });

  it('take the SA off the card when they go, and the session can be bound anew', () => {
    const bench = secureBench();
    const session = bench.session(ingress(5));
    const good = enciphered(espFrame({ spi: 5 }));
    for (let i = 0; i < 3; i++) {
      const flow = bench.bind(session);
      expect(bench.receiveFrame(good).flags).toBe(RX_SEC_OFFLOAD);
      bench.port.flowDestroy(flow);
      expect(bench.receiveFrame(good)).toEqual({ flags: 0, bytes: good });
    }
    bench.bind(session);
    bench.port.flowFlush();
    expect(bench.receiveFrame(good).flags).toBe(0);
    expect(bench.port.flows).toEqual([]);
    bench.end();
  });

  it('are without effect once their session has ended, even if its place has a new one', () => {
    const bench = secureBench({ sessions: 1 });
    const session = bench.session(ingress(5));
    const flow = bench.bind(session);
    bench.security.sessionDestroy(session);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(0);
    const heir = bench.session(ingress(5));
    expect(heir.position).toBe(session.position);
    bench.bind(heir);
    bench.port.flowDestroy(flow);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('for an egress session change nothing, and are there', () => {
    const bench = secureBench();
    const session = bench.session(egress(5));
    const writes = bench.card.counter('tableWrites');
    const flow = bench.port.flowCreate({ egress: true }, ...rule(session));
    expect(bench.card.counter('tableWrites')).toBe(writes);
    bench.port.flowDestroy(flow);
    expect(bench.sendFrame(session, { spi: 5 })).toEqual([enciphered(espFrame({ spi: 5 }))]);
    bench.end();
  });

  it('take a session in either of its two forms', () => {
    const bench = secureBench();
    const session = bench.session(ingress(5));
    const [pattern] = rule(session);
    bench.port.flowCreate({ ingress: true }, pattern, [
      { type: 'void' },
      { type: 'security', conf: { securitySession: session } },
      { type: 'void' },
      FULL,
    ]);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('refuse a second SA of one SPI and address', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)));
    const twin = bench.session(ingress(5));
    expect(() => bench.bind(twin)).toThrow(
      expect.objectContaining({ code: 'ERR_FLOW_STATE', errno: 'EEXIST', message: expect.stringMatching(/this SPI/) }),
    );
    bench.end();
  });

  it('refuse what the card does not look at, and say what it does', () => {
    const bench = secureBench();
    const session = bench.session(ingress(5));
    const out = bench.session(egress(5));
    const [pattern, actions] = rule(session);
    const create = (items: FlowItem[], acts: FlowAction[] = actions, attributes = { ingress: true } as object) => {
      let caught: unknown;
      try {
        bench.port.flowCreate(attributes, items, acts);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(SetupError);
      expect((caught as SetupError).remedy).toMatch(/\w/);
      return (caught as SetupError).code.replace('ERR_FLOW_', '');
    };
    const esp: FlowItem = { type: 'esp' };
    expect(create([FULL])).toBe('ITEM');
    expect(create([esp, FULL])).toBe('ITEM');
    expect(create([ipItem(), FULL])).toBe('ITEM');
    expect(create([ipItem(), { type: 'udp' }, esp, FULL])).toBe('ITEM');
    expect(create([{ type: 'mark', spec: { id: 5 } }, ...pattern])).toBe('ITEM');
    expect(create([ipItem(), esp, { type: 'udp' }, FULL])).toBe('ITEM');
    expect(create([{ type: 'ipv4' }, esp, FULL])).toBe('ITEM_SPEC');
    expect(create([{ type: 'ipv4', spec: { source: 1 } }, esp, FULL])).toBe('ITEM_SPEC');
    expect(create([{ type: 'eth', spec: { etherType: 0x800 } }, ipItem(), esp, FULL])).toBe('ITEM_SPEC');
    expect(create([ipItem(), { type: 'esp', spec: { spi: 6 } }, FULL])).toBe('ITEM_SPEC');
    const half = { type: 'ipv4', spec: { destination: 1 }, mask: { destination: 0xffffff00 } } as const;
    expect(create([half, esp, FULL])).toBe('ITEM_MASK');
    expect(create([{ type: 'ipv4', spec: { destination: 1 }, last: { destination: 2 } }, esp, FULL])).toBe('ITEM_LAST');
    expect(create(pattern, [{ type: 'queue', conf: { index: 0 } }, FULL])).toBe('ACTION');
    expect(create(pattern, [actions[0], { type: 'queue', conf: { index: 0 } }, FULL])).toBe('ACTION');
    expect(create(pattern, [{ type: 'security' }, FULL])).toBe('ACTION_CONF');
    expect(create(pattern, [{ type: 'security', conf: { position: 4096 } }, FULL])).toBe('ACTION_CONF');
    expect(create(pattern, actions, { ingress: true, group: 1 })).toBe('ATTR_GROUP');
    expect(create(pattern, actions, { ingress: true, priority: 1 })).toBe('ATTR_PRIORITY');
    expect(create(pattern, actions, { transfer: true })).toBe('ATTR_TRANSFER');
    expect(create(pattern, actions, { egress: true })).toBe('ATTR_EGRESS');
    expect(create(pattern, [{ type: 'security', conf: out }, FULL])).toBe('ATTR_INGRESS');
    for (const type of ['count', 'drop', 'passthru', 'end'] as const)
      expect(create(pattern, [{ type }, FULL])).toBe('ACTION');
    expect(create(pattern, [{ type: 'mark', conf: { id: 1 } }, FULL])).toBe('ACTION');
    expect(bench.driver.counter('rxSas')).toBe(0);
    bench.port.flowCreate({ ingress: true }, [ipItem(), { type: 'esp', spec: { spi: 5 } }, FULL], actions);
    bench.end();
  });
});
