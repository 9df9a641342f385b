import { SetupError } from '@inline-ipsec/eal/errors';
import type { FlowAction, FlowItem } from '@inline-ipsec/ethdev/flow';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import type { ConfigurationWarning, Place } from '../configuration/configuration-error.ts';
import type { FlowRule, GatewayConfiguration, Prefix, SaRule } from '../configuration/rules.ts';

/** A rule that is to be. */
interface WantedRule {
  readonly what: string;
  readonly place: Place;
  readonly port: number;
  readonly pattern: readonly FlowItem[];
  readonly actions: readonly FlowAction[];
}

/**
 * Makes the file's `flow` lines and the `flow-direction` words of its SAs rules of their ports, and prints each. A rule
 * that a port cannot do is printed as such and is no reason to stop (DPDK's gateway: `flow_init`).
 *
 * @returns the rules that were refused, each with its line and the reason
 */
export function installFlowRules(
  ports: EthPorts,
  configuration: GatewayConfiguration,
  print: (line: string) => void,
): ConfigurationWarning[] {
  const refused: ConfigurationWarning[] = [];
  for (const { what, place, port, pattern, actions } of wantedRules(configuration)) {
    const words = `${pattern.map(({ type }) => type).join(' / ')} → ${actions.map(({ type }) => type).join(' / ')}`;
    try {
      ports.byId(port).flowCreate({ ingress: true }, pattern, actions);
      print(`${what}: port ${port} ${words}`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      print(`${what}: port ${port} ${words} [UNSUPPORTED] ${error.message}`);
      refused.push({
        ...place,
        code: 'WARN_FLOW_REFUSED',
        text: `port ${port} does not take this rule: ${error.message}`,
      });
    }
  }
  return refused;
}

function wantedRules({ flows, sas }: GatewayConfiguration): WantedRule[] {
  const wanted: WantedRule[] = flows.map((rule, index) => ({
    what: `Flow #${index} (line ${rule.place.line})`,
    place: rule.place,
    port: rule.port,
    pattern: patternOf(rule),
    actions: actionsOf(rule),
  }));
  for (const sa of sas) {
    if (sa.flowDirection === undefined) continue;
    const { port, queue } = sa.flowDirection;
    wanted.push({
      what: `Flow of sa ${sa.direction} ${sa.spi} to queue ${queue}`,
      place: sa.place,
      port,
      pattern: espPattern(sa),
      actions: [{ type: 'queue', conf: { index: queue } }, { type: 'end' }],
    });
  }
  return wanted;
}

function patternOf({ mark, ethernet, family, source, destination, security }: FlowRule): FlowItem[] {
  const items: FlowItem[] = [];
  if (mark !== undefined) items.push({ type: 'mark', spec: { id: mark } });
  if (ethernet) items.push({ type: 'eth' });
  if (family !== undefined) items.push(addressesItem(family, source, destination));
  if (security) items.push({ type: 'esp' });
  return [...items, { type: 'end' }];
}

function actionsOf({ queue, count, security, setMark }: FlowRule): FlowAction[] {
  const actions: FlowAction[] = [];
  if (queue !== undefined) actions.push({ type: 'queue', conf: { index: queue } });
  if (count) actions.push({ type: 'count' });
  if (security) actions.push({ type: 'security' });
  if (setMark !== undefined) actions.push({ type: 'mark', conf: { id: setMark } });
  return [...actions, { type: 'end' }];
}

function espPattern({ mode, source, destination, spi }: SaRule): FlowItem[] {
  const whole = (address: Uint8Array): Prefix => ({ address, length: address.length * 8 });
  const addresses: FlowItem[] =
    mode === 'transport'
      ? []
      : [addressesItem(mode === 'ipv4-tunnel' ? 'ipv4' : 'ipv6', whole(source), whole(destination))];
  return [{ type: 'eth' }, ...addresses, { type: 'esp', spec: { spi } }, { type: 'end' }];
}

function addressesItem(family: 'ipv4' | 'ipv6', source?: Prefix, destination?: Prefix): FlowItem {
  if (family === 'ipv6') {
    const of = (part: (prefix: Prefix) => Uint8Array) => ({
      ...(source === undefined ? {} : { source: part(source) }),
      ...(destination === undefined ? {} : { destination: part(destination) }),
    });
    return { type: 'ipv6', spec: of(({ address }) => address), mask: of(({ length }) => maskBytes(length)) };
  }
  const of = (part: (prefix: Prefix) => number) => ({
    ...(source === undefined ? {} : { source: part(source) }),
    ...(destination === undefined ? {} : { destination: part(destination) }),
  });
  const word = ({ address }: Prefix) => new DataView(address.buffer, address.byteOffset, 4).getUint32(0);
  return {
    type: 'ipv4',
    spec: of(word),
    mask: of(({ length }) => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0)),
  };
}

function maskBytes(length: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => 0xff00 >>> Math.min(8, Math.max(0, length - 8 * i)));
}
