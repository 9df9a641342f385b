import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { FlowHandle, FlowItem } from '@inline-ipsec/ethdev/flow';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_SECURITY } from '@inline-ipsec/ethdev/offloads';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import { PortSecurity } from '@inline-ipsec/security/port-security';
import type { SecuritySession } from '@inline-ipsec/security/session';
import { SecuritySessionPool } from '@inline-ipsec/security/session-pool';
import { transportAddresses } from '../configuration/check.ts';
import type { GatewayConfiguration, SaRule } from '../configuration/rules.ts';

/** A session on a port, and the rule that leads packets to it. */
interface BoundSession {
  readonly port: EthPort;
  readonly session: SecuritySession;
  readonly flow: FlowHandle | undefined;
}

/**
 * The SAs that ports serve: a security session each and, inbound, the flow rule ETH / IPV4 or IPV6 / ESP → SECURITY that
 * gives the port the destination address (DPDK's gateway: `create_inline_session`).
 */
export class InlineSas {
  readonly #memory: Memory;
  readonly #ports: EthPorts;
  readonly #configuration: GatewayConfiguration;
  readonly #pools = new Map<number, SecuritySessionPool>();
  readonly #bound: BoundSession[] = [];

  constructor(memory: Memory, ports: EthPorts, configuration: GatewayConfiguration) {
    this.#memory = memory;
    this.#ports = ports;
    this.#configuration = configuration;
  }

  /**
   * Hands an SA to its port.
   *
   * @returns the port, and where the session lies
   * @throws SetupError `ERR_SA_PORT` (EINVAL), `ERR_SA_OFFLOAD` (ENOTSUP), and what the port's driver says
   */
  serve(rule: SaRule, transform: CryptoTransform): { kind: 'inline'; port: number; session: number } {
    const port = this.#portOf(rule);
    const context = securityOf(port, rule);
    const session = context.sessionCreate(
      {
        action: 'inline-crypto',
        protocol: 'ipsec',
        ipsec: {
          spi: rule.spi,
          salt: rule.crypto.salt,
          direction: rule.direction === 'in' ? 'ingress' : 'egress',
          proto: 'esp',
          mode: rule.mode === 'transport' ? 'transport' : 'tunnel',
          options: { udpEncap: rule.udpEncapsulation, esn: rule.esn !== undefined },
          ...(rule.mode === 'transport' ? {} : { tunnel: { source: rule.source, destination: rule.destination } }),
        },
        crypto: transform,
        userdata: rule.spi,
      },
      this.#poolOf(port, context),
    );
    let flow: FlowHandle | undefined;
    if (rule.direction === 'in') {
      try {
        flow = port.flowCreate(
          { ingress: true },
          [
            { type: 'eth' },
            addressItem(this.#addressesOf(rule)),
            { type: 'esp', spec: { spi: rule.spi } },
            { type: 'end' },
          ],
          [{ type: 'security', conf: session }, { type: 'end' }],
        );
      } catch (error) {
        context.sessionDestroy(session);
        throw error;
      }
    }
    this.#bound.push({ port, session, flow });
    return { kind: 'inline', port: port.id, session: session.position };
  }

  /** Takes all flow rules and sessions off their ports. */
  release(): void {
    for (const { port, session, flow } of this.#bound.splice(0).reverse()) {
      if (flow !== undefined && port.flows.includes(flow)) port.flowDestroy(flow);
      (port.securityContext as PortSecurity).sessionDestroy(session);
    }
  }

  /** The security contexts by port id, as the data path asks for them. */
  contexts(): (PortSecurity | undefined)[] {
    const contexts: (PortSecurity | undefined)[] = [];
    for (const port of this.#ports) {
      contexts[port.id] = port.securityContext instanceof PortSecurity ? port.securityContext : undefined;
    }
    return contexts;
  }

  #portOf(rule: SaRule): EthPort {
    if (rule.port !== undefined && this.#ports.has(rule.port)) return this.#ports.byId(rule.port);
    throw new SetupError({
      code: 'ERR_SA_PORT',
      errno: 'EINVAL',
      message: 'port_id names a port that is not there',
      expected: `one of ${[...this.#ports].map(({ id }) => id).join(', ')}`,
      got: String(rule.port),
      remedy: 'each -a and each --vdev net_… makes one, counted from 0',
    });
  }

  #poolOf(port: EthPort, context: PortSecurity): SecuritySessionPool {
    let pool = this.#pools.get(port.id);
    if (pool === undefined) {
      const sessions = this.#configuration.sas.filter((sa) => sa.port === port.id).length;
      pool = SecuritySessionPool.create(this.#memory, `SESS_${port.id}`, sessions, context.sessionPrivateBytes);
      this.#pools.set(port.id, pool);
    }
    return pool;
  }

  /** In transport mode the policy says which addresses the SA is between: the card needs the whole destination. */
  #addressesOf(rule: SaRule): { source: Uint8Array; destination: Uint8Array } {
    if (rule.mode !== 'transport') return rule;
    const addresses = transportAddresses(this.#configuration, rule);
    if (addresses !== undefined) return addresses;
    throw new SetupError({
      code: 'ERR_SA_TRANSPORT_ADDRESS',
      errno: 'EINVAL',
      message: 'an inline transport SA needs the address that its packets come for',
      expected: `an sp that protects with ${rule.spi}, with whole addresses in src and dst`,
      remedy: 'write them into the policy, or use type no-offload',
    });
  }
}

/** The security context of a port that can do an SA's direction. */
function securityOf(port: EthPort, rule: SaRule): PortSecurity {
  const inbound = rule.direction === 'in';
  const bit = inbound ? RX_OFFLOAD_SECURITY : TX_OFFLOAD_SECURITY;
  const { configuration, securityContext } = port;
  const offloads = inbound ? configuration?.rxOffloads : configuration?.txOffloads;
  if (((offloads ?? 0) & bit) !== 0 && securityContext instanceof PortSecurity) return securityContext;
  const info = port.info();
  const can = securityContext !== undefined && ((inbound ? info.rxOffloads : info.txOffloads) & bit) !== 0;
  const side = inbound ? 'RX' : 'TX';
  if (can) {
    const option = inbound ? '--rxoffload' : '--txoffload';
    throw new SetupError({
      code: 'ERR_SA_OFFLOAD',
      errno: 'ENOTSUP',
      message: `hardware ${side} IPSec offload is switched off on port ${port.id} (${port.name}) by ${option}`,
      expected: `0x${bit.toString(16)} in ${option}`,
      remedy: `add it to ${option}, or use type no-offload`,
    });
  }
  throw new SetupError({
    code: 'ERR_SA_OFFLOAD',
    errno: 'ENOTSUP',
    message: `hardware ${side} IPSec offload is not supported by port ${port.id} (${port.name})`,
    expected: 'a port of an 82599, such as -a 06:00.0',
    got: info.driverName === 'net_ixgbe' ? 'an 82599 without its security block' : info.driverName,
    remedy: 'use type no-offload, or another port_id; "ipsec-secgw capabilities" lists what ports can do',
  });
}

function addressItem({ source, destination }: { source: Uint8Array; destination: Uint8Array }): FlowItem {
  if (destination.length === 16) return { type: 'ipv6', spec: { source, destination } };
  const word = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  return { type: 'ipv4', spec: { source: word(source), destination: word(destination) } };
}
