import { capabilityHas } from '@inline-ipsec/cryptodev/capabilities';
import type { EngineCapability } from '@inline-ipsec/cryptodev/engine';
import {
  AEADS,
  type AeadSpecification,
  AUTHS,
  type AuthSpecification,
  CIPHERS,
  type CipherSpecification,
} from '../configuration/algorithms.ts';

/**
 * What of the configuration's algorithms a port can do, as the file writes them: `aead_algo aes-128-gcm`,
 * `cipher_algo null auth_algo aes-gmac`.
 */
export function inlineAlgorithms(crypto: readonly EngineCapability[]): string[] {
  const aeads = AEADS.filter((row) => crypto.some((capability) => hasAead(capability, row)));
  const auths = AUTHS.filter((row) => crypto.some((capability) => hasAuth(capability, row)));
  const chains = auths.flatMap((auth) => {
    // GMAC needs no cipher beside it, and can have none.
    const ciphers =
      auth.engine === 'aes-gmac'
        ? CIPHERS.filter(({ name }) => name === 'null')
        : CIPHERS.filter((row) => crypto.some((capability) => hasCipher(capability, row)));
    return ciphers.map((cipher) => `cipher_algo ${cipher.name} auth_algo ${auth.name}`);
  });
  return [...aeads.map(({ name }) => `aead_algo ${name}`), ...chains];
}

function hasAead(capability: EngineCapability, { engine, keyBytes, nonceBytes, icvBytes }: AeadSpecification): boolean {
  const lengths = { key: keyBytes, iv: nonceBytes, tag: icvBytes };
  return capability.kind === 'aead' && capability.algorithm === engine && capabilityHas(capability, lengths);
}

function hasAuth(capability: EngineCapability, { engine, keyBytes, icvBytes }: AuthSpecification): boolean {
  const lengths = { key: keyBytes, tag: icvBytes };
  return capability.kind === 'auth' && capability.algorithm === engine && capabilityHas(capability, lengths);
}

function hasCipher(capability: EngineCapability, { engine, keyBytes, nonceBytes }: CipherSpecification): boolean {
  const lengths = { key: keyBytes, iv: nonceBytes };
  return capability.kind === 'cipher' && capability.algorithm === engine && capabilityHas(capability, lengths);
}
