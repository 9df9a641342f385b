import { SetupError } from '@inline-ipsec/eal/errors';
import type { FlowAction, FlowItem } from '@inline-ipsec/ethdev/flow';
import type { EthPort } from '@inline-ipsec/ethdev/port';
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
  /** The words of the file that items and actions come from. */
  readonly words: ReadonlyMap<FlowItem | FlowAction, string>;
}

/**
 * Makes the file's `flow` lines and the `flow-direction` words of its SAs rules of their ports, and prints each. A rule
 * that a port cannot do is printed as such, with the word that it fails by, and is no reason to stop (DPDK's gateway:
 * `flow_init`).
 *
 * @returns the rules that were refused, each with its line and the reason
 */
export function installFlowRules(
  ports: EthPorts,
  configuration: GatewayConfiguration,
  print: (line: string) => void,
): ConfigurationWarning[] {
  const refused: ConfigurationWarning[] = [];
  for (const rule of wantedRules(configuration)) {
    const { what, place, port, pattern, actions } = rule;
    const types = `${pattern.map(({ type }) => type).join(' / ')} → ${actions.map(({ type }) => type).join(' / ')}`;
    const refusal = refusalOf(ports, rule);
    if (refusal === undefined) {
      print(`${what}: port ${port} ${types}`);
      continue;
    }
    const { field, reason } = refusal;
    print(`${what}: port ${port} ${types} [UNSUPPORTED] ${field === undefined ? '' : `${field}: `}${reason}`);
    refused.push({
      ...place,
      code: 'WARN_FLOW_REFUSED',
      text: `port ${port} does not take ${field === undefined ? '' : `"${field}" of `}this rule: ${reason}`,
    });
  }
  return refused;
}

/** Makes a rule, or tells why not: the word that it fails by, if it is one, and the limit with what works. */
function refusalOf(ports: EthPorts, rule: WantedRule): { field: string | undefined; reason: string } | undefined {
  if (!ports.has(rule.port)) {
    const there = [...ports].map(({ id }) => id).join(', ');
    return { field: `port ${rule.port}`, reason: `there is no such port; use one of ${there}` };
  }
  const port = ports.byId(rule.port);
  try {
    port.flowCreate({ ingress: true }, rule.pattern, rule.actions);
    return undefined;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const part = [...rule.pattern, ...rule.actions].find((each) => each === error.cause);
    const field = part === undefined ? undefined : rule.words.get(part);
    if (part?.type === 'security') return { field, reason: NO_SESSION };
    return { field, reason: part?.type === 'queue' ? queueReason(port, rule, error) : error.message };
  }
}

const NO_SESSION =
  'a rule of the file has no session to give to the port; leave the line out: the gateway itself makes the rule of each "sa in" with type inline-crypto-offload';

/** That a port does not have the queue must not hide that its rules lead to no queue at all. */
function queueReason(port: EthPort, { pattern, actions }: WantedRule, error: SetupError): string {
  const first: FlowAction = { type: 'queue', conf: { index: 0 } };
  try {
    port.flowValidate(
      { ingress: true },
      pattern,
      actions.map((action) => (action === error.cause ? first : action)),
    );
  } catch (deeper) {
    if (deeper instanceof SetupError) return deeper.message;
    throw deeper;
  }
  return error.message;
}

function wantedRules({ flows, sas }: GatewayConfiguration): WantedRule[] {
  const wanted = flows.map((rule, index) => flowLine(rule, `Flow #${index} (line ${rule.place.line})`));
  for (const sa of sas) {
    if (sa.flowDirection === undefined) continue;
    const { port, queue } = sa.flowDirection;
    const action: FlowAction = { type: 'queue', conf: { index: queue } };
    wanted.push({
      what: `Flow of sa ${sa.direction} ${sa.spi} to queue ${queue}`,
      place: sa.place,
      port,
      pattern: espPattern(sa),
      actions: [action, { type: 'end' }],
      words: new Map([[action, `flow-direction ${port} ${queue}`]]),
    });
  }
  return wanted;
}

function flowLine(rule: FlowRule, what: string): WantedRule {
  const { place, port, mark, family, source, destination, queue, setMark } = rule;
  const words = new Map<FlowItem | FlowAction, string>();
  const pattern: FlowItem[] = [];
  const actions: FlowAction[] = [];
  const put = <Part extends FlowItem | FlowAction>(list: Part[], part: Part, word: string): void => {
    list.push(part);
    words.set(part, word);
  };
  if (mark !== undefined) put(pattern, { type: 'mark', spec: { id: mark } }, `mark ${mark}`);
  if (rule.ethernet) put(pattern, { type: 'eth' }, 'eth');
  if (family !== undefined) put(pattern, addressesItem(family, source, destination), family);
  if (rule.security) put(pattern, { type: 'esp' }, 'security');
  if (queue !== undefined) put(actions, { type: 'queue', conf: { index: queue } }, `queue ${queue}`);
  if (rule.count) put(actions, { type: 'count' }, 'count');
  if (rule.security) put(actions, { type: 'security' }, 'security');
  if (setMark !== undefined) put(actions, { type: 'mark', conf: { id: setMark } }, `set_mark ${setMark}`);
  return { what, place, port, pattern: [...pattern, { type: 'end' }], actions: [...actions, { type: 'end' }], words };
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
