import type { EngineCapability } from '@inline-ipsec/cryptodev/engine';
import type { DescriptorLimits } from '@inline-ipsec/ethdev/driver';
import { rxOffloadNames, txOffloadNames } from '@inline-ipsec/ethdev/offloads';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { packetTypeName } from '@inline-ipsec/mbuf/packet-type';
import { formatMac } from '@inline-ipsec/net/ethernet';
import {
  CAPABILITY_RX_HARDWARE_TRAILER,
  CAPABILITY_TX_HARDWARE_TRAILER,
  CAPABILITY_TX_NEEDS_METADATA,
  type SecurityCapability,
  type SecurityLimits,
} from '@inline-ipsec/security/capabilities';
import { PortSecurity } from '@inline-ipsec/security/port-security';
import type { SaMode } from '../configuration/rules.ts';
import { inlineAlgorithms } from './inline-algorithms.ts';

/** One thing that a port can offload, in words. */
export interface SecurityCapabilityText {
  readonly action: string;
  readonly protocol: string;
  readonly proto: string;
  readonly mode: string;
  readonly direction: string;
  readonly algorithms: readonly EngineCapability[];
  /** Options beyond cipher and ICV. */
  readonly options: readonly string[];
  /** Packets; 0 is none. */
  readonly replayWindow: number;
  readonly flags: readonly string[];
}

/** What a port can do for the SAs of a configuration file. */
export interface InlineSaCapabilities {
  readonly type: 'inline-crypto-offload';
  readonly directions: readonly ('in' | 'out')[];
  readonly modes: readonly SaMode[];
  /** As the file writes them. */
  readonly algorithms: readonly string[];
}

/** What a port is and can do, as it is printed. Lengths are bytes. */
export interface PortCapabilities {
  readonly port: number;
  readonly name: string;
  readonly driver: string;
  readonly macAddress: string;
  readonly rxQueues: number;
  readonly txQueues: number;
  readonly rxDescriptors: DescriptorLimits;
  readonly txDescriptors: DescriptorLimits;
  readonly minMtu: number;
  readonly maxMtu: number;
  /** With FCS. */
  readonly maxFrameBytes: number;
  readonly minRxBufferBytes: number;
  readonly rxOffloads: readonly string[];
  readonly txOffloads: readonly string[];
  /** Of the offloads, those that each queue can have by itself. */
  readonly rxQueueOffloads: readonly string[];
  readonly txQueueOffloads: readonly string[];
  /** What it tells of packets that come in; empty: software parses them. */
  readonly packetTypes: readonly string[];
  readonly macAddresses: number;
  /** False: it takes every frame, whatever address it is for. */
  readonly filtersAddresses: boolean;
  readonly flowRules: boolean;
  readonly keepsFlowRules: boolean;
  /** Absent: it has no security context. */
  readonly security?: {
    readonly limits: SecurityLimits;
    readonly capabilities: readonly SecurityCapabilityText[];
  };
  /** Absent: all SAs are `type no-offload`. */
  readonly inlineSas?: InlineSaCapabilities;
}

/** Looks at a port. */
export function portCapabilities(port: EthPort): PortCapabilities {
  const info = port.info();
  const { driver, securityContext } = port;
  const security = securityContext instanceof PortSecurity ? securityContext : undefined;
  const inlineSas = security === undefined ? undefined : inlineSasOf(security.capabilities);
  return {
    port: port.id,
    name: port.name,
    driver: info.driverName,
    macAddress: formatMac(port.macAddress),
    rxQueues: info.maxRxQueues,
    txQueues: info.maxTxQueues,
    rxDescriptors: info.rxDescriptors,
    txDescriptors: info.txDescriptors,
    minMtu: info.minMtu,
    maxMtu: info.maxMtu,
    maxFrameBytes: info.maxFrameBytes,
    minRxBufferBytes: info.minRxBufferBytes,
    rxOffloads: rxOffloadNames(info.rxOffloads),
    txOffloads: txOffloadNames(info.txOffloads),
    rxQueueOffloads: rxOffloadNames(info.rxQueueOffloads ?? 0),
    txQueueOffloads: txOffloadNames(info.txQueueOffloads ?? 0),
    packetTypes: port.packetTypes.map(packetTypeName),
    macAddresses: info.maxMacAddresses ?? 1,
    filtersAddresses: driver.setPromiscuous !== undefined,
    flowRules: driver.flow !== undefined,
    keepsFlowRules: info.keepsFlowRules ?? false,
    ...(security === undefined
      ? {}
      : { security: { limits: security.limits, capabilities: security.capabilities.map(securityText) } }),
    ...(inlineSas === undefined ? {} : { inlineSas }),
  };
}

function securityText({ action, protocol, ipsec, crypto, flags }: SecurityCapability): SecurityCapabilityText {
  return {
    action,
    protocol,
    proto: ipsec?.proto ?? '',
    mode: ipsec?.mode ?? '',
    direction: ipsec?.direction ?? '',
    algorithms: crypto,
    options: Object.entries(ipsec?.options ?? {}).flatMap(([name, value]) =>
      value === false || value === undefined || value === 'none' ? [] : [value === true ? name : `${name} ${value}`],
    ),
    replayWindow: ipsec?.replayWindowSizeMax ?? 0,
    flags: FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name),
  };
}

const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [CAPABILITY_TX_NEEDS_METADATA, 'metadata per packet'],
  [CAPABILITY_TX_HARDWARE_TRAILER, 'appends the trailer'],
  [CAPABILITY_RX_HARDWARE_TRAILER, 'removes the trailer'],
];

/** The gateway asks ports for inline crypto of ESP, and puts ESP on and takes it off itself. */
function inlineSasOf(capabilities: readonly SecurityCapability[]): InlineSaCapabilities | undefined {
  const serving = capabilities.filter(
    ({ action, protocol, ipsec }) => action === 'inline-crypto' && protocol === 'ipsec' && ipsec?.proto === 'esp',
  );
  if (serving.length === 0) return undefined;
  const has = (what: 'mode' | 'direction', value: string) => serving.some(({ ipsec }) => ipsec?.[what] === value);
  const modes: SaMode[] = [];
  if (has('mode', 'tunnel')) modes.push('ipv4-tunnel', 'ipv6-tunnel');
  if (has('mode', 'transport')) modes.push('transport');
  const directions: ('in' | 'out')[] = [];
  if (has('direction', 'ingress')) directions.push('in');
  if (has('direction', 'egress')) directions.push('out');
  const algorithms = [...new Set(serving.flatMap(({ crypto }) => inlineAlgorithms(crypto)))];
  return { type: 'inline-crypto-offload', directions, modes, algorithms };
}
