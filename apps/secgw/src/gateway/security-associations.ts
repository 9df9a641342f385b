import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import { type SaParameters, SaTable } from '@inline-ipsec/ipsec/sa-table';
import { Sad } from '@inline-ipsec/ipsec/sad';
import { algorithmOf, cryptoTransform } from '../configuration/algorithms.ts';
import { ConfigurationError } from '../configuration/configuration-error.ts';
import { type Direction, type GatewayConfiguration, type SaRule, sasBySpi } from '../configuration/rules.ts';
import type { CryptoService } from './crypto-service.ts';
import type { InlineSas } from './inline-sas.ts';
import { saLine } from './rule-lines.ts';

/** What gateways of 2018 did otherwise; for reproducing their packets bit for bit. */
export interface Peculiarities2018 {
  /** Inline SAs send padding bytes of 0 where RFC 4303 wants 1, 2, 3. */
  readonly zeroPadding?: boolean;
  /** The inner IPv4 checksum is not brought up to date when the TTL goes down. */
  readonly staleInnerChecksum?: boolean;
  /** The port is asked to fill in the IPv4 checksum, over a field that still holds the old one. */
  readonly checksumFieldLeft?: boolean;
}

/** What SAs are made from and with. */
export interface SaContext {
  readonly memory: Memory;
  readonly environment: Environment;
  readonly configuration: GatewayConfiguration;
  readonly ports: EthPorts;
  readonly crypto: CryptoService;
  readonly inline: InlineSas;
  /** Packets; 0 for none. */
  readonly replayWindow: number;
  readonly strict: boolean;
  readonly peculiarities: Peculiarities2018;
  readonly print: (line: string) => void;
}

/** All SAs of a gateway, live. */
export interface SecurityAssociations {
  readonly table: SaTable;
  readonly sad: Sad | undefined;
  /** Positions by SPI. */
  readonly outbound: ReadonlyMap<number, number>;
  readonly inbound: ReadonlyMap<number, number>;
}

/**
 * Makes the SAs of the configuration, in the order of their SPIs as DPDK's gateway does, with their crypto sessions,
 * security sessions and flow rules. They are live when it returns, before any packet is taken.
 *
 * @throws ConfigurationError at the line of an SA that cannot be made
 */
export function buildSecurityAssociations(context: SaContext): SecurityAssociations {
  const { memory, configuration, print } = context;
  const table = SaTable.create(memory, 'SA', Math.max(1, configuration.sas.length));
  const outbound = addAll(context, table, 'out');
  const inbound = addAll(context, table, 'in');
  let sad: Sad | undefined;
  if (inbound.size > 0) {
    sad = Sad.create(memory, 'SAD', inbound.size);
    for (const sa of inbound.values()) sad.add(sa);
  }
  if (outbound.size === 0) print('IPSEC: No SA Outbound rule specified');
  if (inbound.size === 0) print('IPSEC: No SA Inbound rule specified');
  return { table, sad, outbound, inbound };
}

function addAll(context: SaContext, table: SaTable, direction: Direction): Map<number, number> {
  const rules = sasBySpi(context.configuration, direction);
  const positions = new Map<number, number>();
  if (rules.length > 0) context.print(`Creating SA context with ${rules.length} maximum entries on socket 0`);
  for (const rule of rules) {
    try {
      positions.set(rule.spi, table.add(parametersOf(context, rule, serve(context, rule))));
    } catch (error) {
      throw atItsLine(error, rule);
    }
    context.print(saLine(rule));
  }
  return positions;
}

type Service = SaParameters['service'];

function serve({ crypto, inline }: SaContext, rule: SaRule): Service {
  const transform = cryptoTransform(rule);
  if (rule.type === 'inline-crypto-offload') return inline.serve(rule, transform);
  return { kind: 'engine', session: crypto.createSession(transform, algorithmOf(rule)) };
}

function parametersOf(context: SaContext, rule: SaRule, service: Service): SaParameters {
  const { environment, replayWindow, strict, peculiarities } = context;
  const salt = rule.crypto.salt.length === 4 ? rule.crypto.salt : new Uint8Array(4);
  // CBC has no salt of its own: a random one makes its IVs those of this run only.
  if (rule.crypto.salt.length === 0) environment.random(salt);
  return {
    spi: rule.spi,
    direction: rule.direction,
    mode: rule.mode,
    ...(rule.mode === 'transport' ? {} : { source: rule.source, destination: rule.destination }),
    transform: cryptoTransform(rule),
    salt,
    service,
    replayWindow,
    strict,
    peculiarities: {
      zeroPadding: service.kind === 'inline' && peculiarities.zeroPadding === true,
      staleInnerChecksum: peculiarities.staleInnerChecksum === true,
    },
  };
}

function atItsLine(error: unknown, rule: SaRule): unknown {
  if (!(error instanceof SetupError) || error instanceof ConfigurationError) return error;
  const { place, direction, spi, typeWithoutPort } = rule;
  if (typeWithoutPort !== undefined && error.code === 'ERR_SA_UNSERVED') {
    const { code, errno, got, remedy } = error;
    return new ConfigurationError({
      place,
      code,
      errno,
      message: `sa ${direction} ${spi}: No cores found to handle SA: "type ${typeWithoutPort}" lacks "port_id" and is no-offload, for which no crypto device has ${algorithmOf(rule)}`,
      got,
      remedy: `add "port_id" and the number of its port, or ${remedy}`,
      cause: error,
    });
  }
  return new ConfigurationError({
    place,
    code: error.code,
    errno: error.errno,
    message: `sa ${direction} ${spi}: ${error.message}`,
    cause: error,
  });
}
