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

/**
 * An AEAD with its parameters; lengths in bytes.
 *
 * Its jobs may have an empty plaintext, an empty AAD, or both.
 */
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

/**
 * A cipher and an integrity algorithm, either of which may be `null` (DPDK: a chain of two `rte_crypto_sym_xform`).
 *
 * Encrypting, the tag is made over what goes out: the auth range of the source, in which the cipher range is the
 * destination's when they differ. Decrypting, the tag is verified over the source first; when it is wrong nothing is
 * deciphered, and zeros are left in the cipher range of the destination. A cipher that is not `null` needs at least one
 * byte (a whole block for CBC), and an integrity algorithm that is not `null` at least one.
 *
 * `aes-gmac` stands alone: its cipher is `null`, whose `ivBytes` mean nothing.
 */
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

/** How an engine can be limited. */
export interface EngineOptions {
  /** The most sessions at once. Default 65,536. */
  readonly maxSessions?: number;
}

/**
 * Makes an engine over a memory; every engine has one.
 *
 * @throws SetupError when its library is missing or is not one that it knows
 */
export type EngineFactory = (memory: Memory) => Engine;

/**
 * A crypto library behind one burst-shaped interface. An engine belongs to one lcore.
 *
 * Sessions are small positive numbers, so that a job can name one. A new session gets the smallest number that is free, so
 * engines that make and destroy the same sessions in the same order agree on the numbers, whatever they wrap.
 * `process` takes a table of jobs that may mix sessions, algorithms and directions; one bad job fails alone.
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
   * `ERR_CRYPTO_SESSIONS` (ENOMEM) when there is no more room, `ERR_CRYPTO_CLOSED` (EINVAL) after {@link Engine.close}
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
   * Every position and length of a job is checked before it is used. Jobs of one call may be done side by side: none may
   * write what another one reads or writes.
   *
   * @param jobs a multiple of 4
   * @returns how many of them succeeded; 0, and no status is written, when the table itself does not lie in the memory
   */
  process(jobs: number, count: number): number;
  /** Ends all sessions and gives back what the library holds. */
  close(): void;
}
