import type { Memory } from '@inline-ipsec/eal/memory';

/** AEAD algorithms, by the names of RFC 4106, RFC 4309 and RFC 7634; the key length says which AES. */
export type AeadAlgorithm = 'aes-gcm' | 'aes-ccm' | 'chacha20-poly1305';
/** Ciphers without integrity. */
export type CipherAlgorithm = 'null' | 'aes-cbc' | 'aes-ctr' | '3des-cbc' | 'des-cbc';
/** Integrity algorithms. `aes-gmac` takes the job's 12-byte IV (RFC 4543). */
export type AuthAlgorithm =
  | 'null'
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'hmac-sha384'
  | 'hmac-sha512'
  | 'aes-gmac'
  | 'aes-xcbc-mac';

/** Encipher then authenticate, or verify then decipher. */
export type CryptoDirection = 'encrypt' | 'decrypt';

/** An AEAD with its parameters; lengths in bytes. */
export interface AeadTransform {
  readonly kind: 'aead';
  readonly direction: CryptoDirection;
  readonly algorithm: AeadAlgorithm;
  /** Copied when the session is made; the caller wipes its own. */
  readonly key: Uint8Array;
  readonly ivBytes: number;
  readonly tagBytes: number;
  /**
   * After a failed tag: `wipe` (the default) leaves zeros in the destination, `release` the deciphered bytes, as a
   * card does that hands on what it could not authenticate.
   */
  readonly unverified?: 'wipe' | 'release';
}

/** A cipher and an integrity algorithm, either of which may be `null` (DPDK: a chain of two `rte_crypto_sym_xform`). */
export interface ChainTransform {
  readonly kind: 'chain';
  readonly direction: CryptoDirection;
  readonly cipher: { readonly algorithm: CipherAlgorithm; readonly key: Uint8Array; readonly ivBytes: number };
  readonly auth: { readonly algorithm: AuthAlgorithm; readonly key: Uint8Array; readonly tagBytes: number };
}

/** What a session does to a packet (DPDK: `struct rte_crypto_sym_xform`). */
export type CryptoTransform = AeadTransform | ChainTransform;

/** A range of lengths in bytes: `min`, `min + step`, … up to `max` (DPDK: `struct rte_crypto_param_range`). */
export interface LengthRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** One algorithm that an engine can do, and with which lengths (DPDK: `struct rte_cryptodev_symmetric_capability`). */
export type EngineCapability =
  | {
      readonly kind: 'aead';
      readonly algorithm: AeadAlgorithm;
      readonly key: LengthRange;
      readonly iv: LengthRange;
      readonly tag: LengthRange;
    }
  | {
      readonly kind: 'cipher';
      readonly algorithm: CipherAlgorithm;
      readonly key: LengthRange;
      readonly iv: LengthRange;
    }
  | { readonly kind: 'auth'; readonly algorithm: AuthAlgorithm; readonly key: LengthRange; readonly tag: LengthRange };

/**
 * A crypto library behind one burst-shaped interface. An engine belongs to one lcore.
 *
 * Sessions are small positive numbers, so that a job can name one. `process` takes a table of jobs that may mix sessions,
 * algorithms and directions; one bad job fails alone.
 */
export interface Engine {
  /** `noble`, `openssl`, `ipsec-mb`, `null`. */
  readonly name: string;
  readonly memory: Memory;
  readonly capabilities: readonly EngineCapability[];
  /**
   * Makes a session and copies its keys.
   *
   * @throws SetupError `ERR_CRYPTO_UNSUPPORTED` (ENOTSUP) for an algorithm or length that is not in `capabilities`,
   * `ERR_CRYPTO_SESSIONS` (ENOMEM) when there is no more room
   */
  createSession(transform: CryptoTransform): number;
  /**
   * Ends a session and wipes its keys.
   *
   * @throws SetupError `ERR_CRYPTO_SESSION` (EINVAL) when there is no such session
   */
  destroySession(session: number): void;
  /**
   * Works through `count` jobs that lie one behind the other from position `jobs` on, and writes the status of each.
   *
   * @returns how many of them succeeded
   */
  process(jobs: number, count: number): number;
  /** Ends all sessions and gives back what the library holds. */
  close(): void;
}
