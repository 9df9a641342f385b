import {
  type FlowAction,
  type FlowAttributes,
  type FlowErrorType,
  type FlowItem,
  flowError,
  flowSecuritySession,
} from './flow.ts';

/** What of a port the checks must know. */
export interface FlowLimits {
  /** Receive queues that the port is configured for. */
  readonly rxQueues: number;
}

/**
 * The checks of a rule that no driver need repeat (DPDK: what lib/ethdev/rte_flow.h promises of every driver): lists end,
 * types are known, fields have their size, attributes do not exclude each other. What a card supports is its driver's
 * affair. Changes nothing.
 *
 * @throws SetupError `ERR_FLOW_…`, see `FlowErrorType`; errno EINVAL
 */
export function checkFlowRule(
  attributes: FlowAttributes,
  pattern: readonly FlowItem[],
  actions: readonly FlowAction[],
  limits: FlowLimits,
): void {
  checkAttributes(attributes);
  const items = untilEnd(pattern, 'ITEM_NUM', 'pattern');
  for (const item of items) checkItem(item);
  const acts = untilEnd(actions, 'ACTION_NUM', 'list of actions');
  for (const action of acts) checkAction(action, limits);
}

function checkAttributes(attributes: FlowAttributes): void {
  const { group = 0, priority = 0, ingress = false, egress = false, transfer = false } = attributes;
  if (!isUnsigned(group, 32)) {
    throw wrong('ATTR_GROUP', 'the group of a flow rule is no 32-bit number', String(group), attributes);
  }
  if (!isUnsigned(priority, 32)) {
    throw wrong('ATTR_PRIORITY', 'the priority of a flow rule is no 32-bit number', String(priority), attributes);
  }
  if (transfer && (ingress || egress)) {
    throw flowError('ATTR_TRANSFER', {
      errno: 'EINVAL',
      message: 'a flow rule cannot be for transfer and for a direction',
      expected: 'transfer alone, or ingress or egress',
      got: `transfer and ${ingress ? 'ingress' : 'egress'}`,
      cause: attributes,
    });
  }
  if (!transfer && !ingress && !egress) {
    throw flowError('ATTR', {
      errno: 'EINVAL',
      message: 'a flow rule must have a direction',
      expected: 'ingress, egress or transfer',
      got: 'none of them',
      cause: attributes,
    });
  }
}

function checkItem(item: FlowItem): void {
  switch (item.type) {
    case 'void':
      return;
    case 'eth':
    case 'ipv4':
    case 'ipv6':
    case 'udp':
    case 'esp':
    case 'mark':
      break;
    default:
      throw flowError('ITEM', {
        errno: 'EINVAL',
        message: 'a flow pattern has an item of an unknown type',
        expected: 'eth, ipv4, ipv6, udp, esp, mark, void or end',
        got: String((item as { type?: unknown }).type),
        cause: item,
      });
  }
  const { spec, last, mask } = item;
  if (spec === undefined && (last !== undefined || mask !== undefined)) {
    throw flowError(last === undefined ? 'ITEM_MASK' : 'ITEM_LAST', {
      errno: 'EINVAL',
      message: `the ${item.type} item of a flow pattern has a ${last === undefined ? 'mask' : 'last'} but no spec`,
      remedy: 'give it a spec, or leave all three out to match any such header',
      cause: item,
    });
  }
  if (spec !== undefined) checkFields(item, spec, 'ITEM_SPEC');
  if (last !== undefined) checkFields(item, last, 'ITEM_LAST');
  if (mask !== undefined) checkFields(item, mask, 'ITEM_MASK');
}

/** Sizes of fields: bits of a number, or bytes of an address. */
const FIELDS: Record<string, Record<string, { readonly bits?: number; readonly bytes?: number }>> = {
  eth: { destination: { bytes: 6 }, source: { bytes: 6 }, etherType: { bits: 16 } },
  ipv4: { source: { bits: 32 }, destination: { bits: 32 }, protocol: { bits: 8 } },
  ipv6: { source: { bytes: 16 }, destination: { bytes: 16 }, protocol: { bits: 8 } },
  udp: { sourcePort: { bits: 16 }, destinationPort: { bits: 16 } },
  esp: { spi: { bits: 32 }, sequence: { bits: 32 } },
  mark: { id: { bits: 32 } },
};

function checkFields(item: FlowItem, fields: object, type: 'ITEM_SPEC' | 'ITEM_LAST' | 'ITEM_MASK'): void {
  const known = FIELDS[item.type];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const size = known[name];
    if (size === undefined) {
      throw flowError(type, {
        errno: 'EINVAL',
        message: `the ${item.type} item of a flow pattern has an unknown field`,
        expected: Object.keys(known).join(', '),
        got: name,
        cause: item,
      });
    }
    const fits =
      size.bits === undefined
        ? value instanceof Uint8Array && value.length === size.bytes
        : isUnsigned(value, size.bits);
    if (!fits) {
      throw flowError(type, {
        errno: 'EINVAL',
        message: `${name} of the ${item.type} item of a flow pattern does not fit`,
        expected: size.bits === undefined ? `${size.bytes} bytes` : `an unsigned number of ${size.bits} bits`,
        got: value instanceof Uint8Array ? `${value.length} bytes` : String(value),
        cause: item,
      });
    }
  }
}

function checkAction(action: FlowAction, limits: FlowLimits): void {
  switch (action.type) {
    case 'void':
    case 'passthru':
    case 'drop':
    case 'count':
      return;
    case 'security': {
      const session = flowSecuritySession(action.conf);
      if (action.conf !== undefined && (session === undefined || !isUnsigned(session.position, 32))) {
        throw wrong('ACTION_CONF', 'the SECURITY action has a conf that is no session', typeof action.conf, action);
      }
      return;
    }
    case 'mark':
      if (!isUnsigned(action.conf?.id, 32)) {
        throw wrong('ACTION_CONF', 'the MARK action has no 32-bit id', String(action.conf?.id), action);
      }
      return;
    case 'queue':
      checkQueue(action.conf?.index, action, limits);
      return;
    case 'rss':
      if (!Array.isArray(action.conf?.queues) || action.conf.queues.length === 0) {
        throw wrong('ACTION_CONF', 'the RSS action has no queues', String(action.conf?.queues), action);
      }
      for (const queue of action.conf.queues) checkQueue(queue, action, limits);
      return;
    default:
      throw flowError('ACTION', {
        errno: 'EINVAL',
        message: 'a flow rule has an action of an unknown type',
        expected: 'security, queue, rss, mark, count, passthru, drop, void or end',
        got: String((action as { type?: unknown }).type),
        cause: action,
      });
  }
}

function checkQueue(queue: number, action: FlowAction, limits: FlowLimits): void {
  if (Number.isInteger(queue) && queue >= 0 && queue < limits.rxQueues) return;
  throw flowError('ACTION_CONF', {
    errno: 'EINVAL',
    message: `the ${action.type} action of a flow rule names a queue that the port does not have`,
    expected: limits.rxQueues === 0 ? 'a port with queues' : `0 to ${limits.rxQueues - 1}`,
    got: String(queue),
    cause: action,
  });
}

/** What stands before END. */
function untilEnd<T extends { readonly type: string }>(list: readonly T[], type: FlowErrorType, what: string): T[] {
  const end = list.findIndex((entry) => entry.type === 'end');
  if (end < 0) {
    throw flowError(type, {
      errno: 'EINVAL',
      message: `the ${what} of a flow rule has no end`,
      remedy: "put { type: 'end' } behind it",
      cause: list,
    });
  }
  return list.slice(0, end);
}

function wrong(type: FlowErrorType, message: string, got: string, cause: unknown): ReturnType<typeof flowError> {
  return flowError(type, { errno: 'EINVAL', message, got, cause });
}

function isUnsigned(value: unknown, bits: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** bits;
}
