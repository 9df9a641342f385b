import { SetupError } from '@inline-ipsec/eal/errors';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EthDriver } from './driver.ts';
import {
  type FlowAction,
  type FlowAttributes,
  type FlowItem,
  type FlowOperations,
  flowError,
  flowErrorType,
  flowSecuritySession,
} from './flow.ts';
import { EthPort } from './port.ts';
import { emptyStatistics } from './statistics.ts';

const session = { position: 0x1000 };
const ingress: FlowAttributes = { ingress: true };
const end: FlowItem & FlowAction = { type: 'end' };
const espPattern: FlowItem[] = [
  { type: 'eth' },
  { type: 'void' },
  { type: 'ipv4', spec: { source: 0xc0a80101, destination: 0xc0a80102 } },
  { type: 'esp', spec: { spi: 5 } },
  end,
];
const security: FlowAction[] = [{ type: 'security', conf: session }, end];

/** A card with two places for rules, which counts what was done to it. */
class MockFlow implements FlowOperations {
  readonly rules: number[] = [];
  readonly calls: string[] = [];
  readonly counts = { hits: 7, bytes: 700 };
  #next = 1;

  validate(): void {
    this.calls.push('validate');
    if (this.rules.length === 2) throw flowError('UNSPECIFIED', { errno: 'ENOSPC', message: 'both places are taken' });
  }

  create(...rule: Parameters<FlowOperations['create']>): number {
    this.validate();
    this.calls.push(`create ${rule[1].length}`);
    this.rules.push(this.#next);
    return this.#next++;
  }

  destroy(rule: unknown): void {
    this.rules.splice(this.rules.indexOf(rule as number), 1);
  }

  flush(): void {
    this.calls.push('flush');
    this.rules.length = 0;
  }

  query(_rule: unknown, _action: FlowAction, reset: boolean): { hits: number; bytes: number } {
    const counts = { ...this.counts };
    if (reset) Object.assign(this.counts, { hits: 0, bytes: 0 });
    return counts;
  }
}

function portWith(flow: FlowOperations | undefined, keepsFlowRules = false): EthPort {
  const descriptors = { min: 1, max: 4096, align: 1 };
  const driver: EthDriver = {
    info: {
      driverName: 'net_mock',
      maxRxQueues: 4,
      maxTxQueues: 4,
      rxDescriptors: descriptors,
      txDescriptors: descriptors,
      rxOffloads: 0,
      txOffloads: 0,
      minRxBufferBytes: 0,
      maxFrameBytes: 1518,
      minMtu: 68,
      maxMtu: 1500,
      keepsFlowRules,
    },
    macAddress: new Uint8Array(6),
    link: { up: false, speedMbps: 0, fullDuplex: true, autoneg: false },
    attach: () => {},
    configure: () => {},
    rxQueueSetup: () => {},
    txQueueSetup: () => {},
    start: () => {},
    stop: () => {},
    close: () => {},
    rxBurst: () => 0,
    txBurst: () => 0,
    readStatistics: (into) => Object.assign(into, emptyStatistics()),
    ...(flow === undefined ? {} : { flow }),
  };
  const port = new EthPort(0, 'mock', driver, [], () => {});
  port.configure({ rxQueues: 0, txQueues: 4 });
  return port;
}

let flow: MockFlow;
let port: EthPort;

beforeEach(() => {
  flow = new MockFlow();
  port = portWith(flow);
});

/** The type and errno of the error that a call throws. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return `${flowErrorType(error)} ${error.errno}`;
  }
  return 'none';
}

describe('flow rules of a port', () => {
  it('are made, listed, destroyed one by one, and flushed', () => {
    const first = port.flowCreate(ingress, espPattern, security);
    const second = port.flowCreate({ egress: true }, espPattern, security);
    expect(flow.rules).toEqual([1, 2]);
    expect(port.flows).toEqual([first, second]);
    port.flowDestroy(first);
    expect(flow.rules).toEqual([2]);
    expect(refusal(() => port.flowDestroy(first))).toBe('HANDLE EINVAL');
    port.flowFlush();
    expect([flow.rules, port.flows]).toEqual([[], []]);
    expect(refusal(() => port.flowDestroy(second))).toBe('HANDLE EINVAL');
  });

  it('are not changed by validating, however often, nor is what was validated', () => {
    const pattern = Object.freeze(espPattern.map((item) => Object.freeze({ ...item })));
    const actions = Object.freeze(security.map((action) => Object.freeze({ ...action })));
    const before = JSON.stringify([pattern, actions]);
    const handle = port.flowCreate(ingress, pattern, actions);
    for (let i = 0; i < 100; i++) port.flowValidate(Object.freeze({ ingress: true }), pattern, actions);
    expect(flow.rules).toEqual([1]);
    expect(port.flows).toEqual([handle]);
    expect(flow.calls.filter((call) => call.startsWith('create')).length).toBe(1);
    expect(JSON.stringify([pattern, actions])).toBe(before);
    port.flowCreate(ingress, pattern, actions);
    expect(refusal(() => port.flowValidate(ingress, pattern, actions))).toBe('UNSPECIFIED ENOSPC');
    expect(flow.rules).toEqual([1, 2]);
  });

  it('do not come to be when the driver refuses them', () => {
    port.flowCreate(ingress, espPattern, security);
    port.flowCreate(ingress, espPattern, security);
    expect(refusal(() => port.flowCreate(ingress, espPattern, security))).toBe('UNSPECIFIED ENOSPC');
    expect(port.flows.length).toBe(2);
  });

  it('are lost when the port stops, unless the driver keeps them', () => {
    for (const keeps of [false, true]) {
      const operations = new MockFlow();
      const running = portWith(operations, keeps);
      for (let queue = 0; queue < 4; queue++) running.txQueueSetup(queue);
      running.start();
      const handle = running.flowCreate(ingress, espPattern, security);
      running.stop();
      expect([operations.rules.length, running.flows.length]).toEqual(keeps ? [1, 1] : [0, 0]);
      if (!keeps) expect(refusal(() => running.flowDestroy(handle))).toBe('HANDLE EINVAL');
    }
  });

  it('tell what their count action has counted', () => {
    const counting = port.flowCreate(ingress, espPattern, [{ type: 'count' }, ...security]);
    expect(port.flowQuery(counting)).toEqual({ hits: 7, bytes: 700 });
    expect(port.flowQuery(counting, true)).toEqual({ hits: 7, bytes: 700 });
    expect(port.flowQuery(counting)).toEqual({ hits: 0, bytes: 0 });
    const silent = port.flowCreate(ingress, espPattern, [...security, { type: 'count' }]);
    expect(refusal(() => port.flowQuery(silent))).toBe('ACTION EINVAL');
  });

  it('are refused with ENOSYS on a port that has none, as is what a driver leaves out', () => {
    const plain = portWith(undefined);
    expect(refusal(() => plain.flowValidate(ingress, espPattern, security))).toBe('UNSPECIFIED ENOSYS');
    expect(refusal(() => plain.flowCreate(ingress, espPattern, security))).toBe('UNSPECIFIED ENOSYS');
    expect(refusal(() => plain.flowFlush())).toBe('UNSPECIFIED ENOSYS');
    expect(refusal(() => port.flowIsolate(true))).toBe('UNSPECIFIED ENOSYS');
  });

  it('do not outlive the port', () => {
    port.flowCreate(ingress, espPattern, security);
    port.close();
    expect(() => port.flowValidate(ingress, espPattern, security)).toThrow(
      expect.objectContaining({ code: 'ERR_PORT_UNKNOWN', errno: 'ENODEV' }),
    );
  });
});

describe('what is malformed in a flow rule', () => {
  const six = new Uint8Array(6);
  const attributes: [string, FlowAttributes, string][] = [
    ['no direction', {}, 'ATTR EINVAL'],
    ['transfer with ingress', { transfer: true, ingress: true }, 'ATTR_TRANSFER EINVAL'],
    ['transfer with egress', { transfer: true, egress: true }, 'ATTR_TRANSFER EINVAL'],
    ['a negative group', { ingress: true, group: -1 }, 'ATTR_GROUP EINVAL'],
    ['a priority of more than 32 bits', { ingress: true, priority: 2 ** 32 }, 'ATTR_PRIORITY EINVAL'],
    ['transfer alone is well', { transfer: true }, 'none'],
    ['both directions are well', { ingress: true, egress: true, group: 3, priority: 9 }, 'none'],
  ];
  it.each(attributes)('attributes: %s', (_name, attribute, expected) => {
    expect(refusal(() => port.flowValidate(attribute, espPattern, security))).toBe(expected);
  });

  const bad = (value: unknown) => value as FlowItem;
  const patterns: [string, FlowItem[], string][] = [
    ['no end', [{ type: 'eth' }], 'ITEM_NUM EINVAL'],
    ['nothing at all', [], 'ITEM_NUM EINVAL'],
    ['an unknown item', [bad({ type: 'gre' }), end], 'ITEM EINVAL'],
    ['an unknown item behind the end is well', [{ type: 'eth' }, end, bad({ type: 'gre' })], 'none'],
    ['a mask without spec', [{ type: 'ipv4', mask: { source: 1 } }, end], 'ITEM_MASK EINVAL'],
    ['a last without spec', [{ type: 'esp', last: { spi: 9 }, mask: { spi: 1 } }, end], 'ITEM_LAST EINVAL'],
    ['an unknown field', [bad({ type: 'esp', spec: { SPI: 5 } }), end], 'ITEM_SPEC EINVAL'],
    ['an SPI of more than 32 bits', [{ type: 'esp', spec: { spi: 2 ** 32 } }, end], 'ITEM_SPEC EINVAL'],
    ['a port of more than 16 bits', [{ type: 'udp', spec: { sourcePort: 65536 } }, end], 'ITEM_SPEC EINVAL'],
    ['an IPv6 address of 6 bytes', [{ type: 'ipv6', spec: { source: six } }, end], 'ITEM_SPEC EINVAL'],
    ['a MAC address of 16 bytes', [{ type: 'eth', spec: { source: new Uint8Array(16) } }, end], 'ITEM_SPEC EINVAL'],
    ['a mask that does not fit', [{ type: 'mark', spec: { id: 1 }, mask: { id: -1 } }, end], 'ITEM_MASK EINVAL'],
    ['a last that does not fit', [{ type: 'esp', spec: { spi: 1 }, last: { spi: 1.5 } }, end], 'ITEM_LAST EINVAL'],
    ['fields left undefined are well', [bad({ type: 'esp', spec: { spi: undefined } }), end], 'none'],
    ['a range is well', [{ type: 'esp', spec: { spi: 5 }, last: { spi: 9 }, mask: { spi: 255 } }, end], 'none'],
  ];
  it.each(patterns)('pattern: %s', (_name, pattern, expected) => {
    expect(refusal(() => port.flowValidate(ingress, pattern, security))).toBe(expected);
  });

  const badAction = (value: unknown) => value as FlowAction;
  const actions: [string, FlowAction[], string][] = [
    ['no end', [{ type: 'drop' }], 'ACTION_NUM EINVAL'],
    ['an unknown action', [badAction({ type: 'jump' }), end], 'ACTION EINVAL'],
    ['a queue that is not there', [{ type: 'queue', conf: { index: 2 } }, end], 'ACTION_CONF EINVAL'],
    ['a queue without conf', [badAction({ type: 'queue' }), end], 'ACTION_CONF EINVAL'],
    ['RSS over no queue', [{ type: 'rss', conf: { queues: [] } }, end], 'ACTION_CONF EINVAL'],
    ['RSS over a queue that is not there', [{ type: 'rss', conf: { queues: [0, 4] } }, end], 'ACTION_CONF EINVAL'],
    ['a mark of more than 32 bits', [{ type: 'mark', conf: { id: 2 ** 32 } }, end], 'ACTION_CONF EINVAL'],
    ['a session that is none', [badAction({ type: 'security', conf: {} }), end], 'ACTION_CONF EINVAL'],
    ['security for all sessions is well', [{ type: 'security' }, end], 'none'],
    ['a wrapped session is well', [{ type: 'security', conf: { securitySession: session } }, end], 'none'],
    ['RSS over all queues is well', [{ type: 'rss', conf: { queues: [0, 1] } }, { type: 'passthru' }, end], 'none'],
  ];
  it.each(actions)('actions: %s', (_name, list, expected) => {
    const two = portWith(flow);
    two.configure({ rxQueues: 2 });
    expect(refusal(() => two.flowValidate(ingress, espPattern, list))).toBe(expected);
  });

  it('never comes to the driver, and is named by the error as its cause', () => {
    const wrong = bad({ type: 'gre' });
    expect(() => port.flowCreate(ingress, [wrong, end], security)).toThrow(
      expect.objectContaining({ code: 'ERR_FLOW_ITEM', got: 'gre', cause: wrong }),
    );
    expect(flow.calls).toEqual([]);
  });
});

describe('the words of flow rules', () => {
  it('give a session in either form of the SECURITY action', () => {
    expect(flowSecuritySession(session)).toBe(session);
    expect(flowSecuritySession({ securitySession: session })).toBe(session);
    expect(flowSecuritySession(undefined)).toBeUndefined();
  });

  it('tell flow errors from others', () => {
    expect(flowErrorType(flowError('ITEM_LAST', { errno: 'ENOTSUP', message: 'no ranges' }))).toBe('ITEM_LAST');
    expect(flowErrorType(new SetupError({ code: 'ERR_PORT_MTU', errno: 'EINVAL', message: '' }))).toBeUndefined();
    expect(flowErrorType('ITEM')).toBeUndefined();
  });
});
