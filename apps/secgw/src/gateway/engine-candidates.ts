import type { PlatformEngines } from '@inline-ipsec/cryptodev/crypto-drivers';
import type { EngineCandidate } from '@inline-ipsec/cryptodev/engine-choice';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';

/** The engines that there are, the best one first. */
export function engineCandidates({ ipsecMb, openssl }: PlatformEngines): EngineCandidate[] {
  const engines: EngineCandidate[] = [{ name: 'noble', create: createNobleEngine }];
  if (openssl !== undefined) engines.unshift({ name: 'openssl', create: openssl });
  if (ipsecMb !== undefined) engines.unshift({ name: 'ipsec-mb', create: ipsecMb });
  return engines;
}
