/** Test vectors of standards: one message each, with everything that goes in and what comes out. */
import { bytesOf } from './_hex.ts';
import type { AeadAlgorithm, AuthAlgorithm, CipherAlgorithm } from './engine.ts';

/** A message under an AEAD. */
export interface AeadVector {
  readonly kind: 'aead';
  readonly name: string;
  readonly algorithm: AeadAlgorithm;
  readonly key: Uint8Array;
  /** The whole nonce. */
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  /** Undefined when the tag is wrong, and decryption must fail. */
  readonly plaintext: Uint8Array | undefined;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** A message under a cipher. */
export interface CipherVector {
  readonly kind: 'cipher';
  readonly name: string;
  readonly algorithm: CipherAlgorithm;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** A message under an integrity algorithm. */
export interface AuthVector {
  readonly kind: 'auth';
  readonly name: string;
  readonly algorithm: AuthAlgorithm;
  readonly key: Uint8Array;
  /** Empty but for aes-gmac. */
  readonly iv: Uint8Array;
  readonly message: Uint8Array;
  /** As long as the standard prints it, perhaps cut. */
  readonly tag: Uint8Array;
}

export type Vector = AeadVector | CipherVector | AuthVector;

/** Vectors of one algorithm from one source. */
export interface VectorFile {
  /** Where they are printed: standard and section, or file and date. */
  readonly source: string;
  readonly vectors: readonly Vector[];
}

/** A case as it lies in a file of `src/vectors`: bytes are hexadecimal digits. */
export interface VectorCase {
  readonly name: string;
  readonly key: string;
  readonly iv?: string;
  readonly aad?: string;
  readonly message?: string;
  readonly plaintext?: string;
  readonly ciphertext?: string;
  readonly tag?: string;
  /** Decryption must fail. */
  readonly fails?: boolean;
}

/** A file of `src/vectors`, as `JSON.parse` gives it. */
export interface VectorJson {
  readonly source: string;
  readonly kind: string;
  readonly algorithm: string;
  readonly cases: readonly VectorCase[];
}

const AEADS: readonly AeadAlgorithm[] = ['aes-gcm', 'aes-ccm', 'chacha20-poly1305'];
const CIPHERS: readonly CipherAlgorithm[] = ['null', 'aes-cbc', 'aes-ctr', '3des-cbc', 'des-cbc'];
const AUTHS: readonly AuthAlgorithm[] = [
  'hmac-sha1',
  'hmac-sha256',
  'hmac-sha384',
  'hmac-sha512',
  'aes-gmac',
  'aes-xcbc-mac',
];

/**
 * Reads a file of vectors.
 *
 * @throws TypeError for an unknown algorithm, a missing field, or what is no hexadecimal number
 */
export function readVectors({ source, kind, algorithm, cases }: VectorJson): VectorFile {
  const aead = AEADS.find((known) => kind === 'aead' && known === algorithm);
  const cipher = CIPHERS.find((known) => kind === 'cipher' && known === algorithm);
  const auth = AUTHS.find((known) => kind === 'auth' && known === algorithm);
  const vectors = cases.map((entry): Vector => {
    const { name } = entry;
    const bytes = (field: 'key' | 'iv' | 'aad' | 'message' | 'plaintext' | 'ciphertext' | 'tag'): Uint8Array => {
      const text = entry[field];
      if (text === undefined) throw new TypeError(`${source}: ${name}: expected ${field}`);
      return bytesOf(text);
    };
    const key = bytes('key');
    if (aead !== undefined) {
      return {
        kind: 'aead',
        name,
        algorithm: aead,
        key,
        iv: bytes('iv'),
        aad: bytes('aad'),
        plaintext: entry.fails === true ? undefined : bytes('plaintext'),
        ciphertext: bytes('ciphertext'),
        tag: bytes('tag'),
      };
    }
    if (cipher !== undefined) {
      const iv = bytes('iv');
      return {
        kind: 'cipher',
        name,
        algorithm: cipher,
        key,
        iv,
        plaintext: bytes('plaintext'),
        ciphertext: bytes('ciphertext'),
      };
    }
    if (auth !== undefined) {
      const iv = entry.iv === undefined ? new Uint8Array(0) : bytes('iv');
      return { kind: 'auth', name, algorithm: auth, key, iv, message: bytes('message'), tag: bytes('tag') };
    }
    throw new TypeError(`${source}: expected a known algorithm, got ${kind} ${algorithm}`);
  });
  return { source, vectors };
}
