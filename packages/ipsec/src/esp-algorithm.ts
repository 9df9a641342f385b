import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import { NONCE_CCM, NONCE_COUNTER, NONCE_IN_PACKET, NONCE_NONE, NONCE_SALTED } from './sa-layout.ts';

/** What ESP has to know of an algorithm to put it on and take it off; all lengths in bytes. */
export interface EspAlgorithm {
  /** IV in the packet, between ESP header and payload. */
  readonly ivBytes: number;
  /** ICV at the packet's end. */
  readonly icvBytes: number;
  /** What payload, padding and the two trailer bytes are a multiple of (RFC 4303 section 2.4). */
  readonly align: number;
  /** One of the `NONCE_` values: how the engine's IV is made. */
  readonly nonce: number;
  /** The engine takes the ESP header as AAD; otherwise an ICV covers it as data. */
  readonly aead: boolean;
  /** There is an ICV. */
  readonly integrity: boolean;
  /** Outbound, the IV field is enciphered together with the payload, which makes it unpredictable. */
  readonly ivEnciphered: boolean;
}

const AEAD_NONCE = { 'aes-gcm': NONCE_SALTED, 'chacha20-poly1305': NONCE_SALTED, 'aes-ccm': NONCE_CCM } as const;

const CIPHERS = {
  null: { ivBytes: 0, align: 4, nonce: NONCE_NONE, ivEnciphered: false },
  'aes-cbc': { ivBytes: 16, align: 16, nonce: NONCE_IN_PACKET, ivEnciphered: true },
  '3des-cbc': { ivBytes: 8, align: 8, nonce: NONCE_IN_PACKET, ivEnciphered: true },
  'des-cbc': { ivBytes: 8, align: 8, nonce: NONCE_IN_PACKET, ivEnciphered: true },
  'aes-ctr': { ivBytes: 8, align: 4, nonce: NONCE_COUNTER, ivEnciphered: false },
} as const;

/**
 * How ESP uses a crypto transform: RFC 4106 (GCM), 4309 (CCM), 4543 (GMAC), 7634 (ChaCha20-Poly1305), 3602 (CBC),
 * 3686 (CTR), 2410 (NULL).
 *
 * @throws SetupError `ERR_SA_ALGORITHM` (EINVAL) for a combination that ESP does not have
 */
export function espAlgorithm(transform: CryptoTransform): EspAlgorithm {
  if (transform.kind === 'aead') {
    const nonce = AEAD_NONCE[transform.algorithm];
    return {
      ivBytes: 8,
      icvBytes: transform.tagBytes,
      align: 4,
      nonce,
      aead: true,
      integrity: true,
      ivEnciphered: false,
    };
  }
  const { cipher, auth } = transform;
  const integrity = auth.algorithm !== 'null';
  const icvBytes = integrity ? auth.tagBytes : 0;
  if (auth.algorithm === 'aes-gmac') {
    if (cipher.algorithm !== 'null') {
      throw new SetupError({
        code: 'ERR_SA_ALGORITHM',
        errno: 'EINVAL',
        message: 'AES-GMAC stands alone',
        expected: 'cipher null with aes-gmac',
        got: cipher.algorithm,
        remedy: 'for encryption with integrity use aes-gcm',
      });
    }
    return { ivBytes: 8, icvBytes, align: 4, nonce: NONCE_SALTED, aead: false, integrity, ivEnciphered: false };
  }
  return { ...CIPHERS[cipher.algorithm], icvBytes, aead: false, integrity };
}
