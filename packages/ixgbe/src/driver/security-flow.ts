import type { Memory } from '@inline-ipsec/eal/memory';
import {
  type FlowAction,
  type FlowAttributes,
  type FlowItem,
  type FlowOperations,
  flowError,
  flowSecuritySession,
} from '@inline-ipsec/ethdev/flow';
import { IPSRX_IP_ENTRIES, IPSRX_SA_ENTRIES } from '../descriptors.ts';
import type { SaObstacle, SaStore } from './sa-store.ts';
import type { IxgbeSecurityOperations } from './security-operations.ts';
import { SESSION_INDEX, SESSION_SPI } from './session-layout.ts';

/**
 * Flow rules, of which the driver has one kind: ETH, IPV4 or IPV6, ESP → SECURITY. It tells an ingress session its
 * destination address and so puts the SA on the card; the rule's end takes it off. For an egress session, whose packets
 * carry their session with them, there is nothing to do.
 *
 * The card looks at destination, SPI and IP version. A source address may be given, and is for software to check.
 */

/** What works without a rule, by the action that somebody asks for instead of SECURITY. */
const WITHOUT_RULE: { readonly [Type in FlowAction['type']]?: string } = {
  queue: 'packets of a port are spread over its queues by RSS',
  rss: 'packets of a port are spread over its queues by RSS',
  count: 'packets are counted by port and by queue',
  mark: 'the card gives packets no marks, and software finds an SA by the SPI',
  drop: 'software drops what it does not want',
  end: 'without an action it does nothing',
};

/** A rule that was checked. */
interface SecurityRule {
  readonly session: number;
  /** The destination as the card's four registers have it; undefined for an egress session. */
  readonly image: readonly number[] | undefined;
  readonly ipv6: boolean;
}

/** The flow rules of one port (DPDK: `ixgbe_flow_create` and its `ixgbe_parse_security_filter`). */
export class SecurityFlow implements FlowOperations {
  readonly #memory: Memory;
  readonly #store: SaStore;
  readonly #operations: IxgbeSecurityOperations;
  readonly #rules = new Set<SecurityRule>();

  constructor(memory: Memory, store: SaStore, operations: IxgbeSecurityOperations) {
    this.#memory = memory;
    this.#store = store;
    this.#operations = operations;
  }

  validate(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): void {
    const { session, image } = this.#check(attributes, pattern, actions);
    if (image === undefined) return;
    const obstacle = this.#store.rxObstacle(session, image);
    if (obstacle !== undefined) throw obstacleError(obstacle, actions);
  }

  create(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): unknown {
    const rule = this.#check(attributes, pattern, actions);
    if (rule.image !== undefined) {
      const obstacle = this.#store.addRx(rule.session, rule.image, rule.ipv6);
      if (obstacle !== undefined) throw obstacleError(obstacle, actions);
    }
    this.#rules.add(rule);
    return rule;
  }

  destroy(rule: unknown): void {
    const known = rule as SecurityRule;
    if (!this.#rules.delete(known)) return;
    if (known.image !== undefined) this.#store.removeRx(known.session);
  }

  flush(): void {
    for (const rule of [...this.#rules]) this.destroy(rule);
  }

  /** A session ends: its rules have no effect any more, for its place may soon be another session's. */
  forget(session: number): void {
    for (const rule of this.#rules) if (rule.session === session) this.#rules.delete(rule);
  }

  #check(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): SecurityRule {
    refuseMark(pattern);
    const session = this.#sessionOf(actions);
    const direction = this.#operations.directionOf(session);
    if (direction === undefined) {
      throw flowError('ACTION_CONF', {
        errno: 'EINVAL',
        message: 'the session of the SECURITY action is none of this port',
        remedy: "make it by the port's own security context, and use it while it is there",
        cause: actions,
      });
    }
    checkAttributes(attributes, direction);
    const { ip, esp } = itemsOf(pattern);
    if (direction === 'egress') return { session, image: undefined, ipv6: ip.type === 'ipv6' };
    const image = imageOf(ip);
    this.#checkSpi(session, esp);
    if (this.#memory.u32[(session + SESSION_INDEX) >> 2] !== 0) {
      throw flowError('ACTION_CONF', {
        errno: 'EEXIST',
        message: 'another flow rule has bound this session to its address',
        expected: 'one rule for each ingress session',
        remedy: 'destroy that rule first, or make another session',
        cause: actions,
      });
    }
    return { session, image, ipv6: ip.type === 'ipv6' };
  }

  #sessionOf(actions: readonly FlowAction[]): number {
    const [first, second] = actions.filter(({ type }) => type !== 'void');
    if (first.type !== 'security') {
      throw flowError('ACTION', {
        errno: 'ENOTSUP',
        message: 'this driver has flow rules for inline IPsec only',
        expected: 'the action security',
        got: first.type === 'end' ? 'none' : first.type,
        remedy: `leave the rule out: ${WITHOUT_RULE[first.type] ?? 'packets go where all packets go'}`,
        cause: first,
      });
    }
    if (second.type !== 'end') {
      throw flowError('ACTION', {
        errno: 'EINVAL',
        message: 'the 82599 does nothing else with packets of a SECURITY rule: they go where all packets go',
        expected: 'security and end',
        got: `${second.type} behind it`,
        remedy: `leave ${second.type} out`,
        cause: second,
      });
    }
    const session = flowSecuritySession(first.conf);
    if (session !== undefined) return session.position;
    throw flowError('ACTION_CONF', {
      errno: 'EINVAL',
      message: 'the SECURITY action has no session',
      remedy: 'give each ingress session a rule of its own',
      cause: first,
    });
  }

  /** The SPI that counts is the session's; a rule that says another one is a mistake. */
  #checkSpi(session: number, esp: FlowItem & { type: 'esp' }): void {
    if (esp.spec?.spi === undefined) return;
    const { u8 } = this.#memory;
    const at = session + SESSION_SPI;
    const spi = ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0;
    if (esp.spec.spi === spi) return;
    throw flowError('ITEM_SPEC', {
      errno: 'EINVAL',
      message: 'the SPI of the rule is not that of its session',
      expected: String(spi),
      got: String(esp.spec.spi),
      remedy: 'use an esp item without a spec, or the SPI of the session',
      cause: esp,
    });
  }
}

function refuseMark(pattern: readonly FlowItem[]): void {
  const mark = pattern.find(({ type }) => type === 'mark');
  if (mark === undefined) return;
  throw flowError('ITEM', {
    errno: 'ENOTSUP',
    message: 'the 82599 gives packets no marks, so that no rule can look for one',
    expected: 'eth, ipv4 or ipv6, esp, end',
    got: pattern.map(({ type }) => type).join(', '),
    remedy: 'leave mark out',
    cause: mark,
  });
}

function checkAttributes(attributes: FlowAttributes, direction: 'ingress' | 'egress'): void {
  const { group = 0, priority = 0, ingress = false, egress = false, transfer = false } = attributes;
  if (transfer) {
    throw flowError('ATTR_TRANSFER', {
      errno: 'ENOTSUP',
      message: 'the 82599 has no rules for transfer',
      expected: `${direction} alone`,
      got: 'transfer',
      remedy: `use ${direction} instead`,
      cause: attributes,
    });
  }
  if (group !== 0) throw notZero('ATTR_GROUP', 'group', group);
  if (priority !== 0) throw notZero('ATTR_PRIORITY', 'priority', priority);
  const fits = direction === 'ingress' ? ingress && !egress : egress && !ingress;
  if (fits) return;
  throw flowError(direction === 'ingress' ? 'ATTR_EGRESS' : 'ATTR_INGRESS', {
    errno: 'EINVAL',
    message: 'the direction of the rule is not that of its session',
    expected: direction,
    got: [ingress ? 'ingress' : '', egress ? 'egress' : ''].filter((word) => word !== '').join(' and '),
    remedy: `use ${direction} alone`,
    cause: attributes,
  });
}

function notZero(type: 'ATTR_GROUP' | 'ATTR_PRIORITY', what: string, got: number): Error {
  return flowError(type, {
    errno: 'ENOTSUP',
    message: `the 82599 has SECURITY rules of one ${what} only`,
    expected: '0',
    got: String(got),
    remedy: `leave the ${what} out`,
  });
}

type IpItem = FlowItem & { type: 'ipv4' | 'ipv6' };

function itemsOf(pattern: readonly FlowItem[]): { ip: IpItem; esp: FlowItem & { type: 'esp' } } {
  const items = pattern.filter(({ type }) => type !== 'void');
  const [first] = items;
  if (first.type === 'eth') {
    items.shift();
    if (first.spec !== undefined) {
      throw flowError('ITEM_SPEC', {
        errno: 'ENOTSUP',
        message: 'the 82599 finds an SA by address and SPI, whatever the Ethernet header has',
        expected: 'an eth item without a spec',
        remedy: 'leave the spec out',
        cause: first,
      });
    }
  }
  const [ip, esp, end] = items;
  if (ip.type !== 'ipv4' && ip.type !== 'ipv6') {
    throw flowError('ITEM', {
      errno: 'EINVAL',
      message: 'the pattern of a SECURITY rule has no IP item, and so no destination',
      expected: 'eth, ipv4 or ipv6, esp, end',
      got: pattern.map(({ type }) => type).join(', '),
      remedy: 'put an ipv4 or ipv6 item with a destination before the esp item',
      cause: ip,
    });
  }
  if (esp.type !== 'esp') {
    const udp = esp.type === 'udp';
    throw flowError('ITEM', {
      errno: udp ? 'ENOTSUP' : 'EINVAL',
      message: udp
        ? 'the 82599 does not see ESP in UDP'
        : 'the pattern of a SECURITY rule must have the ESP item behind its IP item',
      expected: 'eth, ipv4 or ipv6, esp, end',
      got: pattern.map(({ type }) => type).join(', '),
      remedy: udp ? 'use type no-offload for this SA' : "put { type: 'esp' } there",
      cause: esp,
    });
  }
  if (end.type !== 'end') {
    throw flowError('ITEM', {
      errno: 'ENOTSUP',
      message: 'the 82599 looks at nothing behind the ESP header',
      expected: 'end',
      got: end.type,
      remedy: 'end the pattern there',
      cause: end,
    });
  }
  return { ip, esp };
}

/** The destination of a rule as the four registers IPSRXIPADDR have it: wire bytes, the first one lowest. */
function imageOf(ip: IpItem): number[] {
  if (ip.last !== undefined) {
    throw flowError('ITEM_LAST', {
      errno: 'ENOTSUP',
      message: 'the 82599 finds an SA by one address, not by a range',
      expected: `an ${ip.type} item without last`,
      remedy: `make a session and a rule for each address; there is room for ${IPSRX_IP_ENTRIES}`,
      cause: ip,
    });
  }
  const destination = ip.spec?.destination;
  if (destination === undefined) {
    throw flowError('ITEM_SPEC', {
      errno: 'EINVAL',
      message: `the ${ip.type} item of a SECURITY rule has no destination, by which the 82599 finds the SA`,
      expected: 'a spec with destination',
      remedy: "give it the SA's own address, on which its packets come in",
      cause: ip,
    });
  }
  const mask = ip.mask === undefined ? undefined : (ip.mask.destination ?? 0);
  const whole = mask === undefined || (typeof mask === 'number' ? mask === 0xffff_ffff : mask.every((b) => b === 0xff));
  if (!whole) {
    throw flowError('ITEM_MASK', {
      errno: 'ENOTSUP',
      message: 'the 82599 finds an SA by a whole destination address',
      expected: 'a mask of ones, or none',
      remedy: 'leave the mask out, and make a session and a rule for each address',
      cause: ip,
    });
  }
  if (typeof destination === 'number') return [0, 0, 0, byteSwap(destination)];
  const word = (at: number): number =>
    (destination[at] | (destination[at + 1] << 8) | (destination[at + 2] << 16) | (destination[at + 3] << 24)) >>> 0;
  return [word(0), word(4), word(8), word(12)];
}

function byteSwap(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function obstacleError(obstacle: SaObstacle, cause: unknown): Error {
  switch (obstacle) {
    case 'taken':
      return flowError('STATE', {
        errno: 'EEXIST',
        message: 'another SA has this SPI and destination, and the card would always find that one',
        remedy: 'end that session first, or use another SPI',
        cause,
      });
    case 'addresses-full':
      return flowError('STATE', {
        errno: 'ENOSPC',
        message: 'the receive address table of the 82599 is full',
        expected: `at most ${IPSRX_IP_ENTRIES} destination addresses`,
        remedy: 'use type no-offload for this SA, or a destination that other SAs have',
        cause,
      });
    case 'sas-full':
      return flowError('STATE', {
        errno: 'ENOSPC',
        message: 'the receive SA table of the 82599 is full',
        expected: `at most ${IPSRX_SA_ENTRIES} SAs`,
        remedy: 'end a session, or use type no-offload for this SA',
        cause,
      });
  }
}
