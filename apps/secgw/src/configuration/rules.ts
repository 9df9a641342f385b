import type { AeadSpecification, AuthSpecification, CipherSpecification } from './algorithms.ts';
import type { ConfigurationWarning, Place } from './configuration-error.ts';

/** What a configuration file says, as data. Addresses are bytes in network order, 4 or 16 of them. */

/** The IP version that a rule is for. */
export type Family = 'ipv4' | 'ipv6';

/** Of a policy or an SA: `in` is from unprotected to protected ports. */
export type Direction = 'in' | 'out';

/** An address and how many of its leading bits count; 0 is any address. */
export interface Prefix {
  /** As written: bits behind the prefix are not cleared. */
  readonly address: Uint8Array;
  readonly length: number;
}

/** Ports `low` to `high`, both included, host order. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** A security policy: an `sp` line (DPDK: an `acl4_rules` or `acl6_rules` entry). */
export interface SpRule {
  readonly place: Place;
  readonly family: Family;
  readonly direction: Direction;
  readonly action: 'protect' | 'bypass' | 'discard';
  /** The SA of `protect`, 0 otherwise. */
  readonly spi: number;
  /** 1 to 0x1fffffff; the higher one wins. */
  readonly priority: number;
  readonly source: Prefix;
  readonly destination: Prefix;
  /** Matches when (protocol & mask) = (value & mask); mask 0 is any. */
  readonly protocol: { readonly value: number; readonly mask: number };
  readonly sourcePorts: PortRange;
  readonly destinationPorts: PortRange;
}

/** Tunnel (with the family of its outer header) or transport (RFC 4301 section 4.1). */
export type SaMode = 'ipv4-tunnel' | 'ipv6-tunnel' | 'transport';

/** Who does the work of an SA, by the configuration's names; `no-offload` is lookaside crypto. */
export type SaType =
  | 'no-offload'
  | 'inline-crypto-offload'
  | 'inline-protocol-offload'
  | 'lookaside-protocol-offload'
  | 'cpu-crypto';

/** Algorithm and keys of an SA. The keys lie in the caller's key store, the salt directly behind the key that has one. */
export type SaCrypto =
  | {
      readonly kind: 'aead';
      readonly aead: AeadSpecification;
      readonly key: Uint8Array;
      /** 4 bytes. */
      readonly salt: Uint8Array;
    }
  | {
      readonly kind: 'chain';
      readonly cipher: CipherSpecification;
      readonly cipherKey: Uint8Array;
      readonly auth: AuthSpecification;
      readonly authKey: Uint8Array;
      /** The nonce of CTR or the salt of GMAC, 4 bytes; empty for all others (CBC takes a random one). */
      readonly salt: Uint8Array;
    };

/** A security association: an `sa` line (DPDK: `struct ipsec_sa`). */
export interface SaRule {
  readonly place: Place;
  readonly direction: Direction;
  /** 1 to 2^32 − 1, host order. */
  readonly spi: number;
  readonly mode: SaMode;
  /** Outer addresses of a tunnel, all zero where the file has none; empty in transport mode. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly crypto: SaCrypto;
  readonly type: SaType;
  /** The type that the file has, if it lacks the `port_id` that this needs: {@link type} is `no-offload` then. */
  readonly typeWithoutPort: SaType | undefined;
  /** The port of an inline SA: where it leaves, or comes in. Undefined if the file has none. */
  readonly port: number | undefined;
  /** Who takes packets that the port of an inline SA left alone. */
  readonly fallback: 'lookaside-none' | 'cpu-crypto' | undefined;
  /** The queue to which the SA's ESP packets are steered. */
  readonly flowDirection: { readonly port: number; readonly queue: number } | undefined;
  readonly udpEncapsulation: boolean;
  /** Extended sequence numbers, beginning with this one; undefined without. */
  readonly esn: number | undefined;
  /** TCP segment size for segmentation by the port, in bytes; 0 for none. */
  readonly mss: number;
  readonly telemetry: boolean;
  readonly reassembly: boolean;
}

/** A route: an `rt` line. */
export interface RouteRule {
  readonly place: Place;
  readonly family: Family;
  /** Length 1 to 32 or 128. */
  readonly destination: Prefix;
  readonly port: number;
}

/** The next hop of a port: a `neigh` line. */
export interface NeighbourRule {
  readonly place: Place;
  readonly port: number;
  /** Destination MAC address, 6 bytes. */
  readonly mac: Uint8Array;
}

/** A flow rule for a port, ingress: a `flow` line (DPDK: `struct flow_rule_entry`). */
export interface FlowRule {
  readonly place: Place;
  readonly port: number;
  /** Pattern: a mark, any Ethernet header, addresses. */
  readonly mark: number | undefined;
  readonly ethernet: boolean;
  readonly family: Family | undefined;
  readonly source: Prefix | undefined;
  readonly destination: Prefix | undefined;
  /** Actions. */
  readonly queue: number | undefined;
  readonly count: boolean;
  readonly security: boolean;
  readonly setMark: number | undefined;
}

/** A configuration file. Everything is in the order of the file. */
export interface GatewayConfiguration {
  readonly file: string;
  readonly sps: readonly SpRule[];
  readonly sas: readonly SaRule[];
  readonly routes: readonly RouteRule[];
  readonly neighbours: readonly NeighbourRule[];
  readonly flows: readonly FlowRule[];
  readonly warnings: readonly ConfigurationWarning[];
}

/** The SAs of one direction by rising SPI: the order in which DPDK lists them and `--single-sa` counts them. */
export function sasBySpi(configuration: GatewayConfiguration, direction: Direction): SaRule[] {
  return configuration.sas.filter((sa) => sa.direction === direction).sort((a, b) => a.spi - b.spi);
}
