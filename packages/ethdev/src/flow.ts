import { SetupError, type SetupErrorDetails } from '@inline-ipsec/eal/errors';
import type { SecuritySession } from './security-context.ts';

/**
 * Flow rules: a pattern of headers, and what a port shall do with packets that match it (DPDK: `rte_flow`, generic flow
 * API; lib/ethdev/rte_flow.h). This file has the types; `flow-check` has the checks that are the same for all drivers.
 *
 * Numbers in specs are in host order: `{ type: 'ipv4', spec: { destination: 0xc0a80101 } }` is 192.168.1.1. Addresses
 * longer than 32 bits are bytes in network order.
 *
 * What is not here: groups that jump, meters, templates and the asynchronous API.
 */

/** Where and when a rule applies (DPDK: `struct rte_flow_attr`). */
export interface FlowAttributes {
  /** Default 0. */
  readonly group?: number;
  /** 0, the default, is the highest. Which of two overlapping rules of one priority wins is not defined. */
  readonly priority?: number;
  readonly ingress?: boolean;
  readonly egress?: boolean;
  /** The rule is for the switch between ports; not together with the other two. */
  readonly transfer?: boolean;
}

/** Fields of an Ethernet header (DPDK: `struct rte_flow_item_eth`). */
export interface FlowEthFields {
  /** 6 bytes. */
  readonly destination?: Uint8Array;
  /** 6 bytes. */
  readonly source?: Uint8Array;
  /** 16 bits, host order. */
  readonly etherType?: number;
}

/** Fields of an IPv4 header (DPDK: `struct rte_flow_item_ipv4`). */
export interface FlowIpv4Fields {
  /** Host order. */
  readonly source?: number;
  /** Host order. */
  readonly destination?: number;
  /** The protocol behind it, 8 bits. */
  readonly protocol?: number;
}

/** Fields of an IPv6 header (DPDK: `struct rte_flow_item_ipv6`). */
export interface FlowIpv6Fields {
  /** 16 bytes. */
  readonly source?: Uint8Array;
  /** 16 bytes. */
  readonly destination?: Uint8Array;
  /** The header behind it, 8 bits. */
  readonly protocol?: number;
}

/** Fields of a UDP header (DPDK: `struct rte_flow_item_udp`). */
export interface FlowUdpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Fields of an ESP header (DPDK: `struct rte_flow_item_esp`). */
export interface FlowEspFields {
  readonly spi?: number;
  readonly sequence?: number;
}

/** The mark that an earlier rule gave (DPDK: `struct rte_flow_item_mark`). */
export interface FlowMarkFields {
  readonly id?: number;
}

/**
 * What an item compares with. Without `spec` the item matches any header of its type. Without `mask` every bit of every
 * field that `spec` has counts. With `last`, a field may lie anywhere from `spec` to `last`.
 */
export interface FlowMatch<Fields> {
  readonly spec?: Fields | undefined;
  readonly last?: Fields | undefined;
  readonly mask?: Fields | undefined;
}

/** One header of a pattern (DPDK: `struct rte_flow_item`). A pattern ends with `{ type: 'end' }`; `void` items are skipped. */
export type FlowItem =
  | { readonly type: 'end' | 'void' }
  | ({ readonly type: 'eth' } & FlowMatch<FlowEthFields>)
  | ({ readonly type: 'ipv4' } & FlowMatch<FlowIpv4Fields>)
  | ({ readonly type: 'ipv6' } & FlowMatch<FlowIpv6Fields>)
  | ({ readonly type: 'udp' } & FlowMatch<FlowUdpFields>)
  | ({ readonly type: 'esp' } & FlowMatch<FlowEspFields>)
  | ({ readonly type: 'mark' } & FlowMatch<FlowMarkFields>);

/**
 * What SECURITY is told: the session. The header of rte_flow wants it wrapped, most of DPDK's programs and drivers give it
 * bare; both are taken ({@link flowSecuritySession} tells which it is). Without one, the rule is for all sessions.
 */
export type FlowSecurityConf = SecuritySession | { readonly securitySession: SecuritySession };

/** What to do with a match (DPDK: `struct rte_flow_action`). A list ends with `{ type: 'end' }`; `void` actions are skipped. */
export type FlowAction =
  | { readonly type: 'end' | 'void' | 'passthru' | 'drop' }
  | { readonly type: 'security'; readonly conf?: FlowSecurityConf | undefined }
  | { readonly type: 'queue'; readonly conf: { readonly index: number } }
  | { readonly type: 'rss'; readonly conf: { readonly queues: readonly number[] } }
  | { readonly type: 'mark'; readonly conf: { readonly id: number } }
  | { readonly type: 'count'; readonly conf?: { readonly id: number } | undefined };

/** What a `count` action has counted (DPDK: `struct rte_flow_query_count`). A number that the port cannot tell is undefined. */
export interface FlowCount {
  readonly hits: number | undefined;
  readonly bytes: number | undefined;
}

/** A rule that exists on a port, for `flowDestroy` and `flowQuery` (DPDK: `struct rte_flow *`). */
export interface FlowHandle {
  readonly attributes: FlowAttributes;
  readonly pattern: readonly FlowItem[];
  readonly actions: readonly FlowAction[];
}

/**
 * What of a rule was refused (DPDK: `enum rte_flow_error_type`). The code of the error is `ERR_FLOW_` and this name, so
 * {@link flowErrorType} gives it back.
 */
export type FlowErrorType =
  | 'UNSPECIFIED'
  | 'HANDLE'
  | 'ATTR_GROUP'
  | 'ATTR_PRIORITY'
  | 'ATTR_INGRESS'
  | 'ATTR_EGRESS'
  | 'ATTR_TRANSFER'
  | 'ATTR'
  | 'ITEM_NUM'
  | 'ITEM_SPEC'
  | 'ITEM_LAST'
  | 'ITEM_MASK'
  | 'ITEM'
  | 'ACTION_NUM'
  | 'ACTION_CONF'
  | 'ACTION'
  | 'STATE';

/** What {@link flowError} is told besides the type. */
export interface FlowErrorDetails extends Omit<SetupErrorDetails, 'code'> {
  /** The attributes, item or action that is wrong (DPDK: `cause` of `struct rte_flow_error`). */
  readonly cause?: unknown;
}

/**
 * The error of a refused rule (DPDK: `rte_flow_error_set`): a SetupError with code `ERR_FLOW_<type>`.
 * Errno is EINVAL for what is malformed, ENOTSUP for what is right but not supported, ENOSYS for a port without rules,
 * EEXIST, EBUSY or ENOMEM (ENOSPC) for what stands in the way.
 */
export function flowError(type: FlowErrorType, details: FlowErrorDetails): SetupError {
  return new SetupError({ ...details, code: `ERR_FLOW_${type}` });
}

/** The type of an error that a flow function threw; undefined when it is none of theirs. */
export function flowErrorType(error: unknown): FlowErrorType | undefined {
  if (!(error instanceof SetupError) || !error.code.startsWith('ERR_FLOW_')) return undefined;
  return error.code.slice('ERR_FLOW_'.length) as FlowErrorType;
}

/** The session of a SECURITY action in either of its forms, or undefined when it has none. */
export function flowSecuritySession(conf: FlowSecurityConf | undefined): SecuritySession | undefined {
  if (conf === undefined) return undefined;
  return 'securitySession' in conf ? conf.securitySession : conf;
}

/**
 * What a driver with flow rules implements; ports without leave it out. Patterns and actions were checked already by
 * `checkFlowRule`: they end, their types are known, their values fit. All functions throw {@link flowError}s.
 *
 * A driver's `validate` must not change anything, on the card or in its own books.
 */
export interface FlowOperations {
  /** Whether `create` would work now. */
  validate(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): void;
  /** Makes the rule. Returns what the driver wants to see again in `destroy` and `query`. */
  create(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): unknown;
  /** Takes a rule off. */
  destroy(rule: unknown): void;
  /** Takes all rules off. */
  flush(): void;
  /** What a `count` action has counted; `reset` makes it begin again. */
  query?(rule: unknown, action: FlowAction, reset: boolean): FlowCount;
  /** On: nothing is received but what a rule lets in (DPDK: `rte_flow_isolate`). */
  isolate?(on: boolean): void;
}
