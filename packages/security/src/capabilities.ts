import type { EngineCapability } from '@inline-ipsec/cryptodev/engine';
import type {
  IpsecDirection,
  IpsecMode,
  IpsecOptions,
  IpsecProtocol,
  SecurityAction,
  SecurityProtocol,
} from './session-configuration.ts';

/** What a device can offload: one entry a combination (DPDK: `struct rte_security_capability`). */
export interface SecurityCapability {
  readonly action: Exclude<SecurityAction, 'none'>;
  readonly protocol: SecurityProtocol;
  readonly ipsec?: {
    readonly proto: IpsecProtocol;
    readonly mode: IpsecMode;
    readonly direction: IpsecDirection;
    /** The options that may be on. */
    readonly options: IpsecOptions;
    /** Packets; 0 when the device keeps no window. */
    readonly replayWindowSizeMax: number;
  };
  /** Present when the protocol is PDCP. */
  readonly pdcp?: { readonly domain: PdcpDomain };
  /** Present when the protocol is DOCSIS. */
  readonly docsis?: { readonly direction: DocsisDirection };
  readonly crypto: readonly EngineCapability[];
  /** `CAPABILITY_` bits. */
  readonly flags: number;
}

/** DPDK: `enum rte_security_pdcp_domain`. */
export type PdcpDomain = 'control' | 'data';

/** DPDK: `enum rte_security_docsis_direction`. */
export type DocsisDirection = 'uplink' | 'downlink';

/** How much a device can offload at once; what is left out has no limit of its own. */
export interface SecurityLimits {
  /** SAs out, and SAs in. */
  readonly egressSessions?: number;
  readonly ingressSessions?: number;
  /** Addresses that SAs in are found by. */
  readonly ingressAddresses?: number;
  /** The longest frame while the port offloads IPsec out, in bytes with FCS. */
  readonly maxFrameBytes?: number;
}

/** Each packet for transmission needs metadata from `setPacketMetadata` (DPDK: `RTE_SECURITY_TX_OLOAD_NEED_MDATA`). */
export const CAPABILITY_TX_NEEDS_METADATA = 0x1;
/** The device appends the ESP trailer (DPDK: `RTE_SECURITY_TX_HW_TRAILER_OFFLOAD`). */
export const CAPABILITY_TX_HARDWARE_TRAILER = 0x2;
/** The device removes the ESP trailer (DPDK: `RTE_SECURITY_RX_HW_TRAILER_OFFLOAD`). */
export const CAPABILITY_RX_HARDWARE_TRAILER = 0x10000;

/** What to look for (DPDK: `struct rte_security_capability_idx`). */
export interface SecurityCapabilityIndex {
  readonly action: SecurityAction;
  readonly protocol: SecurityProtocol;
  readonly ipsec?: { readonly proto: IpsecProtocol; readonly mode: IpsecMode; readonly direction: IpsecDirection };
  readonly pdcp?: { readonly domain: PdcpDomain };
  readonly docsis?: { readonly direction: DocsisDirection };
}

/** The first entry that fits, or undefined (DPDK: `rte_security_capability_get`). */
export function findCapability(
  capabilities: readonly SecurityCapability[],
  index: SecurityCapabilityIndex,
): SecurityCapability | undefined {
  return capabilities.find(
    (entry) => entry.action === index.action && entry.protocol === index.protocol && sameKind(entry, index),
  );
}

/** What tells entries of one action and protocol apart. */
function sameKind(entry: SecurityCapability, index: SecurityCapabilityIndex): boolean {
  switch (entry.protocol) {
    case 'ipsec':
      return (
        entry.ipsec?.proto === index.ipsec?.proto &&
        entry.ipsec?.mode === index.ipsec?.mode &&
        entry.ipsec?.direction === index.ipsec?.direction
      );
    case 'pdcp':
      return entry.pdcp?.domain === index.pdcp?.domain;
    case 'docsis':
      return entry.docsis?.direction === index.docsis?.direction;
    default:
      return true;
  }
}
