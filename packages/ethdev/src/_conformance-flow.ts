import { type AddCase, type Bench, check, refused, same } from './_conformance-bench.ts';
import type { FlowAction, FlowAttributes, FlowErrorType, FlowItem } from './flow.ts';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_SECURITY } from './offloads.ts';

/**
 * Cases of the conformance suite: flow rules. What is malformed is malformed for every driver, and told by type and errno;
 * a port without rules says so of everything.
 */

const IN: FlowAttributes = { ingress: true };
const END = { type: 'end' } as const;
const PATTERN: readonly FlowItem[] = [{ type: 'eth' }, END];
const DROP: readonly FlowAction[] = [{ type: 'drop' }, END];

interface Malformed {
  readonly what: string;
  readonly type: FlowErrorType;
  readonly attributes?: object;
  readonly pattern?: readonly object[];
  readonly actions?: readonly object[];
}

const MALFORMED: readonly Malformed[] = [
  { what: 'no direction', type: 'ATTR', attributes: {} },
  { what: 'transfer and ingress', type: 'ATTR_TRANSFER', attributes: { transfer: true, ingress: true } },
  { what: 'a group that is no number', type: 'ATTR_GROUP', attributes: { ingress: true, group: -1 } },
  { what: 'a priority that is no number', type: 'ATTR_PRIORITY', attributes: { ingress: true, priority: 0.5 } },
  { what: 'a pattern without end', type: 'ITEM_NUM', pattern: [{ type: 'eth' }] },
  { what: 'an unknown item', type: 'ITEM', pattern: [{ type: 'nonsense' }, END] },
  { what: 'an unknown field', type: 'ITEM_SPEC', pattern: [{ type: 'esp', spec: { nonsense: 1 } }, END] },
  { what: 'a field too large', type: 'ITEM_SPEC', pattern: [{ type: 'ipv4', spec: { protocol: 256 } }, END] },
  {
    what: 'an address too short',
    type: 'ITEM_SPEC',
    pattern: [{ type: 'ipv6', spec: { source: new Uint8Array(4) } }, END],
  },
  { what: 'a mask without spec', type: 'ITEM_MASK', pattern: [{ type: 'udp', mask: { sourcePort: 1 } }, END] },
  { what: 'a last without spec', type: 'ITEM_LAST', pattern: [{ type: 'udp', last: { sourcePort: 1 } }, END] },
  { what: 'actions without end', type: 'ACTION_NUM', actions: [{ type: 'drop' }] },
  { what: 'an unknown action', type: 'ACTION', actions: [{ type: 'nonsense' }, END] },
  {
    what: 'a queue that is not there',
    type: 'ACTION_CONF',
    actions: [{ type: 'queue', conf: { index: 4096 } }, END],
  },
  { what: 'RSS over no queues', type: 'ACTION_CONF', actions: [{ type: 'rss', conf: { queues: [] } }, END] },
  { what: 'a mark without id', type: 'ACTION_CONF', actions: [{ type: 'mark', conf: {} }, END] },
  { what: 'a conf that is no session', type: 'ACTION_CONF', actions: [{ type: 'security', conf: {} }, END] },
];

/** Adds them. */
export function addFlowCases(add: AddCase): void {
  add('refuses malformed flow rules by type, and makes none of them', (bench) => {
    const { port } = bench;
    port.configure();
    for (const { type, ...rule } of MALFORMED) {
      const words = wordsOf(rule);
      const code = hasRules(bench) ? `ERR_FLOW_${type}` : 'ERR_FLOW_UNSPECIFIED';
      const errno = hasRules(bench) ? 'EINVAL' : 'ENOSYS';
      refused(() => port.flowValidate(...words), code, errno);
      refused(() => port.flowCreate(...words), code, errno);
    }
    same(port.flows.length, 0, 'rules');
  });

  add('has no flow rules, or refuses those that it does not have', (bench) => {
    const { port } = bench;
    port.configure();
    const stranger = { attributes: IN, pattern: PATTERN, actions: DROP };
    const [code, errno] = hasRules(bench) ? ['ERR_FLOW_HANDLE', 'EINVAL'] : ['ERR_FLOW_UNSPECIFIED', 'ENOSYS'];
    refused(() => port.flowDestroy(stranger), code, errno);
    refused(() => port.flowQuery(stranger), code, errno);
    if (hasRules(bench)) port.flowFlush();
    else refused(() => port.flowFlush(), code, errno);
    if (port.driver.flow?.isolate === undefined) {
      refused(() => port.flowIsolate(true), 'ERR_FLOW_UNSPECIFIED', 'ENOSYS');
    }
    same(port.flows.length, 0, 'rules');
  });

  add('says the same of a flow rule when it validates and when it creates it', (bench) => {
    const { port } = bench;
    port.configure();
    const rules: [FlowAttributes, readonly FlowItem[], readonly FlowAction[]][] = [
      [IN, PATTERN, DROP],
      [IN, [{ type: 'ipv4' }, { type: 'udp' }, END], [{ type: 'queue', conf: { index: 0 } }, END]],
      [IN, [{ type: 'ipv4' }, { type: 'esp' }, END], [{ type: 'security' }, END]],
      [{ egress: true }, PATTERN, [{ type: 'count' }, END]],
    ];
    for (const rule of rules) {
      const before = port.flows.length;
      const verdicts = [1, 2].map(() => verdictOf(() => port.flowValidate(...rule)));
      same(port.flows.length, before, 'rules after two validations');
      same(verdicts[1], verdicts[0], 'the second validation');
      same(
        verdictOf(() => port.flowCreate(...rule)),
        verdicts[0],
        'creation',
      );
      for (const flow of port.flows) port.flowDestroy(flow);
      same(port.flows.length, 0, 'rules when all are destroyed');
    }
  });

  add('knows no flow rule when it is closed', ({ port }) => {
    port.configure();
    port.close();
    refused(() => port.flowValidate(IN, PATTERN, DROP), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.flowCreate(IN, PATTERN, DROP), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.flowFlush(), 'ERR_PORT_UNKNOWN', 'ENODEV');
    refused(() => port.flowIsolate(true), 'ERR_PORT_UNKNOWN', 'ENODEV');
  });

  add('has a security context if, and only if, it says that it can offload security', ({ port }) => {
    const { rxOffloads, txOffloads } = port.info();
    const says = (rxOffloads & RX_OFFLOAD_SECURITY) !== 0 || (txOffloads & TX_OFFLOAD_SECURITY) !== 0;
    check((port.securityContext !== undefined) === says, 'the security context');
    same(port.securityContext?.sessionCount ?? 0, 0, 'sessions of a fresh port');
  });
}

function hasRules({ port }: Bench): boolean {
  return port.driver.flow !== undefined;
}

function wordsOf({
  attributes = IN,
  pattern = PATTERN,
  actions = DROP,
}: Omit<Malformed, 'type'>): [FlowAttributes, FlowItem[], FlowAction[]] {
  return [attributes, pattern as FlowItem[], actions as FlowAction[]];
}

/** `good`, or the code and errno of the refusal. */
function verdictOf(call: () => unknown): string {
  try {
    call();
    return 'good';
  } catch (error) {
    const { code, errno } = error as { code?: string; errno?: string };
    return `${code} ${errno}`;
  }
}
