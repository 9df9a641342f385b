import type { EngineCapability, LengthRange } from '@inline-ipsec/cryptodev/engine';
import {
  CAPABILITY_TX_NEEDS_METADATA,
  type SecurityCapability,
  type SecurityLimits,
} from '@inline-ipsec/security/capabilities';
import type { IpsecDirection, IpsecMode } from '@inline-ipsec/security/session-configuration';
import { IPSRX_IP_ENTRIES, IPSRX_SA_ENTRIES, IPSTX_SA_ENTRIES } from '../descriptors.ts';
import { LONGEST_SECURE_FRAME } from './device-info.ts';

const exactly = (bytes: number): LengthRange => ({ min: bytes, max: bytes, step: 0 });

const CRYPTO: readonly EngineCapability[] = [
  { kind: 'auth', algorithm: 'aes-gmac', key: exactly(16), tag: exactly(16) },
  { kind: 'aead', algorithm: 'aes-gcm', key: exactly(16), iv: exactly(12), tag: exactly(16) },
];

function entry(mode: IpsecMode, direction: IpsecDirection): SecurityCapability {
  return {
    action: 'inline-crypto',
    protocol: 'ipsec',
    ipsec: { proto: 'esp', mode, direction, options: {}, replayWindowSizeMax: 0 },
    crypto: CRYPTO,
    flags: direction === 'egress' ? CAPABILITY_TX_NEEDS_METADATA : 0,
  };
}

/** What the card can offload: ESP with AES-128-GCM or AES-128-GMAC, in either mode and direction. */
export const IXGBE_SECURITY_CAPABILITIES: readonly SecurityCapability[] = [
  entry('transport', 'egress'),
  entry('transport', 'ingress'),
  entry('tunnel', 'egress'),
  entry('tunnel', 'ingress'),
];

/** The sizes of its tables, and the longest frame that it can keep whole. */
export const IXGBE_SECURITY_LIMITS: SecurityLimits = {
  egressSessions: IPSTX_SA_ENTRIES,
  ingressSessions: IPSRX_SA_ENTRIES,
  ingressAddresses: IPSRX_IP_ENTRIES,
  maxFrameBytes: LONGEST_SECURE_FRAME,
};
