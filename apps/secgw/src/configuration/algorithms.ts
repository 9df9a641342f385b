import type { AeadAlgorithm, AuthAlgorithm, CipherAlgorithm, CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { SaRule } from './rules.ts';

/**
 * The algorithms that a configuration file can name, as data: DPDK v26.07 examples/ipsec-secgw/sa.c (`cipher_algos`,
 * `auth_algos`, `aead_algos`). All lengths are in bytes. The key in the file is the real key and, where there is one, the
 * salt behind it.
 */

interface Specification {
  /** As DPDK writes it. */
  readonly name: string;
  /** Other spellings that are taken. */
  readonly aliases: readonly string[];
  /** Bytes to write in the file: key and salt. */
  readonly typedBytes: number;
  readonly keyBytes: number;
  readonly saltBytes: number;
  /** IV in the packet. */
  readonly ivBytes: number;
  /** The IV or nonce as an engine takes it. */
  readonly nonceBytes: number;
  /** Possible without `-l`, when the SA is not a port's. */
  readonly legacy: boolean;
}

/** A row of the cipher table. */
export interface CipherSpecification extends Specification {
  /** What payload and trailer are a multiple of: DPDK's block size, legacy. Inbound it is too strict for 192 and 256 bit CTR. */
  readonly legacyPadBytes: number;
  /** The same in library mode; undefined where the library lacks the cipher. */
  readonly libraryPadBytes: number | undefined;
  /** Undefined where no engine has it. */
  readonly engine: CipherAlgorithm | undefined;
}

/** A row of the integrity table. */
export interface AuthSpecification extends Specification {
  readonly icvBytes: number;
  /** Undefined where no engine has it. */
  readonly engine: AuthAlgorithm | undefined;
}

/** A row of the AEAD table. */
export interface AeadSpecification extends Specification {
  readonly icvBytes: number;
  /** AAD without and with extended sequence numbers. */
  readonly aadBytes: number;
  readonly esnAadBytes: number;
  readonly engine: AeadAlgorithm;
}

function cipher(
  name: string,
  engine: CipherAlgorithm | undefined,
  lengths: readonly [key: number, salt: number, iv: number, nonce: number],
  pads: readonly [legacy: number, library: number | undefined],
): CipherSpecification {
  const [keyBytes, saltBytes, ivBytes, nonceBytes] = lengths;
  const [legacyPadBytes, libraryPadBytes] = pads;
  return {
    name,
    aliases: [],
    typedBytes: keyBytes + saltBytes,
    keyBytes,
    saltBytes,
    ivBytes,
    nonceBytes,
    legacy: true,
    legacyPadBytes,
    libraryPadBytes,
    engine,
  };
}

/** `cipher_algo`: RFC 2410 (null), 3602 (CBC), 3686 (CTR, the last 4 bytes of the key are the nonce), 2451 (3DES), 2405 (DES). */
export const CIPHERS: readonly CipherSpecification[] = [
  cipher('null', 'null', [0, 0, 0, 0], [4, 4]),
  cipher('aes-128-cbc', 'aes-cbc', [16, 0, 16, 16], [16, 16]),
  cipher('aes-192-cbc', 'aes-cbc', [24, 0, 16, 16], [16, 16]),
  cipher('aes-256-cbc', 'aes-cbc', [32, 0, 16, 16], [16, 16]),
  cipher('aes-128-ctr', 'aes-ctr', [16, 4, 8, 16], [4, 4]),
  cipher('aes-192-ctr', 'aes-ctr', [24, 4, 8, 16], [16, 4]),
  cipher('aes-256-ctr', 'aes-ctr', [32, 4, 8, 16], [16, 4]),
  cipher('3des-cbc', '3des-cbc', [24, 0, 8, 8], [8, 8]),
  cipher('des-cbc', 'des-cbc', [8, 0, 8, 8], [8, undefined]),
  cipher('sm4-cbc', undefined, [16, 0, 16, 16], [16, undefined]),
];

function auth(
  name: string,
  engine: AuthAlgorithm | undefined,
  keyBytes: number,
  icvBytes: number,
  more: Partial<AuthSpecification> = {},
): AuthSpecification {
  return {
    name,
    aliases: [],
    typedBytes: keyBytes,
    keyBytes,
    saltBytes: 0,
    ivBytes: 0,
    nonceBytes: 0,
    legacy: true,
    icvBytes,
    engine,
    ...more,
  };
}

/** `auth_algo`: RFC 2404 (SHA-1), 4868 (SHA-2), 4543 (GMAC, the last 4 bytes of the key are the salt), 3566 (XCBC). */
export const AUTHS: readonly AuthSpecification[] = [
  auth('null', 'null', 0, 0),
  auth('sha1-hmac', 'hmac-sha1', 20, 12),
  auth('sha256-hmac', 'hmac-sha256', 32, 16),
  auth('sha384-hmac', 'hmac-sha384', 48, 24, { legacy: false }),
  auth('sha512-hmac', 'hmac-sha512', 64, 32, { legacy: false }),
  auth('aes-gmac', 'aes-gmac', 16, 16, { typedBytes: 20, saltBytes: 4, ivBytes: 8, nonceBytes: 12, legacy: false }),
  // The second name is the one of DPDK's guide.
  auth('aes-xcbc-mac-96', 'aes-xcbc-mac', 16, 12, { aliases: ['aes-xcbc-mac'] }),
  auth('sm3-hmac', undefined, 20, 12),
];

function aead(
  name: string,
  engine: AeadAlgorithm,
  keyBytes: number,
  nonceBytes: number,
  legacy: boolean,
): AeadSpecification {
  return {
    name,
    aliases: [],
    typedBytes: keyBytes + 4,
    keyBytes,
    saltBytes: 4,
    ivBytes: 8,
    nonceBytes,
    legacy,
    icvBytes: 16,
    aadBytes: 8,
    esnAadBytes: 12,
    engine,
  };
}

/** `aead_algo`: RFC 4106 (GCM), 4309 (CCM), 7634 (ChaCha20-Poly1305). The last 4 bytes of the key are the salt; CCM uses 3. */
export const AEADS: readonly AeadSpecification[] = [
  aead('aes-128-gcm', 'aes-gcm', 16, 12, true),
  aead('aes-192-gcm', 'aes-gcm', 24, 12, true),
  aead('aes-256-gcm', 'aes-gcm', 32, 12, true),
  aead('aes-128-ccm', 'aes-ccm', 16, 11, false),
  aead('aes-192-ccm', 'aes-ccm', 24, 11, false),
  aead('aes-256-ccm', 'aes-ccm', 32, 11, false),
  aead('chacha20-poly1305', 'chacha20-poly1305', 32, 12, false),
];

/** Every name by which the rows of `table` are known. */
export function algorithmNames(table: readonly Specification[]): string[] {
  return table.flatMap((row) => [row.name, ...row.aliases]);
}

/** The algorithms of an SA as its line names them, such as `aes-128-gcm` or `aes-128-cbc sha1-hmac`. */
export function algorithmOf(sa: SaRule): string {
  const { crypto } = sa;
  return crypto.kind === 'aead' ? crypto.aead.name : `${crypto.cipher.name} ${crypto.auth.name}`;
}

/**
 * What to give to an engine, or to a security session, for an SA. The keys are those of the rule, not copies.
 *
 * @throws SetupError `ERR_CONFIG_ALGORITHM` (ENOTSUP) for an algorithm that no engine has
 */
export function cryptoTransform(sa: SaRule): CryptoTransform {
  const direction = sa.direction === 'in' ? 'decrypt' : 'encrypt';
  const { crypto } = sa;
  if (crypto.kind === 'aead') {
    const { aead, key } = crypto;
    return {
      kind: 'aead',
      direction,
      algorithm: aead.engine,
      key,
      ivBytes: aead.nonceBytes,
      tagBytes: aead.icvBytes,
    };
  }
  const { cipher, auth } = crypto;
  if (cipher.engine === undefined || auth.engine === undefined) {
    throw new SetupError({
      code: 'ERR_CONFIG_ALGORITHM',
      errno: 'ENOTSUP',
      message: `no engine has ${cipher.engine === undefined ? cipher.name : auth.name}`,
    });
  }
  return {
    kind: 'chain',
    direction,
    cipher: { algorithm: cipher.engine, key: crypto.cipherKey, ivBytes: cipher.nonceBytes },
    auth: { algorithm: auth.engine, key: crypto.authKey, tagBytes: auth.icvBytes },
  };
}
