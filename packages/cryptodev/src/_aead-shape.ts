import type { JobShape } from './_job-check.ts';
import type { AeadTransform } from './engine.ts';

/** What an AEAD asks of its jobs. */
export function aeadShape({ algorithm, direction, ivBytes, tagBytes }: AeadTransform): JobShape {
  // CCM writes the length into what the nonce leaves of 15 bytes: at least 2 (RFC 3610 section 2.1).
  const cipherMax = algorithm === 'aes-ccm' ? Math.min(2 ** (8 * (15 - ivBytes)) - 1, 0x7fff_ffff) : 0x7fff_ffff;
  return {
    aead: true,
    encrypt: direction === 'encrypt',
    block: 1,
    cipherMin: 0,
    cipherMax,
    ivBytes,
    auth: false,
    tagBytes,
  };
}
