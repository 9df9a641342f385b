import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Seal } from '../secure-bench.ts';

/** For tests: AES-128-GCM of node:crypto, as the judge of what the card and its engine do. */

/** Enciphers `text`: ciphertext and tag. */
export const seal: Seal = (key, nonce, aad, text) => {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
  return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
};

/**
 * Deciphers what {@link seal} made.
 *
 * @throws Error where the tag does not fit
 */
export const unseal: Seal = (key, nonce, aad, text) => {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(aad).setAuthTag(text.subarray(-16));
  return Uint8Array.of(...decipher.update(text.subarray(0, -16)), ...decipher.final());
};
