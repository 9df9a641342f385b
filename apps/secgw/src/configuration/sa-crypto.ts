import type { AeadSpecification, AuthSpecification, CipherSpecification } from './algorithms.ts';
import { AEADS, AUTHS, algorithmNames, CIPHERS } from './algorithms.ts';
import type { DirectiveReader } from './directive-reader.ts';
import { checkKey, parseKey } from './key.ts';
import type { SaCrypto } from './rules.ts';
import type { Token } from './token.ts';

/**
 * The algorithm options of `sa`: `cipher_algo A cipher_key K`, `auth_algo A auth_key K`, `aead_algo A aead_key K`. A key
 * follows its algorithm directly, and `null` has none. Keys go from the file's bytes into the key store.
 */

/** Key and salt as they lie in the key store. */
interface Keys {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

const COLON = 0x3a;

/** Reads the algorithm options of one SA as they come. */
export class SaCryptoReader {
  readonly #reader: DirectiveReader;
  #cipher: { readonly specification: CipherSpecification; readonly keys: Keys } | undefined;
  #auth: { readonly specification: AuthSpecification; readonly keys: Keys; readonly token: Token } | undefined;
  #aead: { readonly specification: AeadSpecification; readonly keys: Keys } | undefined;

  constructor(reader: DirectiveReader) {
    this.#reader = reader;
  }

  /** Reads on behind `cipher_algo`. */
  readCipher(): void {
    const { specification } = this.#algorithm(CIPHERS);
    this.#cipher = { specification, keys: this.#keys('cipher_key', specification) };
  }

  /** Reads on behind `auth_algo`. */
  readAuth(): void {
    const { specification, token } = this.#algorithm(AUTHS);
    this.#auth = { specification, keys: this.#keys('auth_key', specification), token };
  }

  /** Reads on behind `aead_algo`. */
  readAead(): void {
    const { specification } = this.#algorithm(AEADS);
    this.#aead = { specification, keys: this.#keys('aead_key', specification) };
  }

  /**
   * What was read, once all options are.
   *
   * @throws ConfigurationError `ERR_CONFIG_MISSING`, `ERR_CONFIG_CONFLICT`
   */
  finish(): SaCrypto {
    const cipher = this.#cipher;
    const auth = this.#auth;
    const aead = this.#aead;
    if (aead !== undefined) {
      if (cipher !== undefined) throw this.#conflict('AEAD used, no need for cipher options');
      if (auth !== undefined) throw this.#conflict('AEAD used, no need for auth options');
      return { kind: 'aead', aead: aead.specification, key: aead.keys.key, salt: aead.keys.salt };
    }
    if (cipher === undefined) throw this.#missing('missing cipher or AEAD options', '"cipher_algo" or "aead_algo"');
    if (auth === undefined) throw this.#missing('missing auth or AEAD options', '"auth_algo" beside "cipher_algo"');
    const gmac = auth.specification.engine === 'aes-gmac';
    if (gmac && cipher.specification.name !== 'null') {
      throw this.#reader.error(auth.token, {
        code: 'ERR_CONFIG_CONFLICT',
        errno: 'EINVAL',
        message: `"aes-gmac" and "${cipher.specification.name}" do not go together`,
        expected: '"cipher_algo null" beside "auth_algo aes-gmac"',
        remedy: 'for encryption with integrity use "aead_algo aes-128-gcm"',
      });
    }
    if (auth.specification.name === 'null') {
      const text = 'no integrity: whoever can send a packet can forge one, or change what is in it';
      this.#reader.warn(auth.token, 'WARN_NO_INTEGRITY', text);
    }
    return {
      kind: 'chain',
      cipher: cipher.specification,
      cipherKey: cipher.keys.key,
      auth: auth.specification,
      authKey: auth.keys.key,
      salt: gmac ? auth.keys.salt : cipher.keys.salt,
    };
  }

  #algorithm<S extends CipherSpecification | AuthSpecification | AeadSpecification>(
    table: readonly S[],
  ): { specification: S; token: Token } {
    const reader = this.#reader;
    const token = reader.value('an algorithm');
    const specification = table.find((row) => token.is(row.name) || row.aliases.some((alias) => token.is(alias)));
    if (specification !== undefined) return { specification, token };
    const names = algorithmNames(table);
    throw reader.unrecognized(token, names, `one of ${names.join(', ')}`);
  }

  #keys(
    word: 'cipher_key' | 'auth_key' | 'aead_key',
    specification: CipherSpecification | AuthSpecification | AeadSpecification,
  ): Keys {
    const { name, typedBytes, keyBytes, saltBytes } = specification;
    if (typedBytes === 0) return { key: new Uint8Array(0), salt: new Uint8Array(0) };
    const reader = this.#reader;
    const wordToken = reader.value(`"${word}"`);
    if (!wordToken.is(word)) {
      const near = reader.nearest(wordToken, [word]);
      throw reader.error(wordToken, {
        code: 'ERR_CONFIG_WORD',
        errno: 'EINVAL',
        message: `unrecognized input ${wordToken.quoted()}, expect "${word}"`,
        remedy: near === undefined ? `the key follows "${name}" directly` : `did you mean "${word}"?`,
      });
    }
    const token = reader.value('the key');
    const verdict = checkKey(token, typedBytes);
    if (verdict.kind === 'key') {
      const into = reader.state.keys.allocate(typedBytes);
      parseKey(token, into);
      return { key: into.subarray(0, keyBytes), salt: into.subarray(keyBytes) };
    }
    const parts = saltBytes === 0 ? '' : ` (${keyBytes} of key and ${saltBytes} of salt behind it)`;
    if (verdict.kind === 'length') {
      throw reader.error(token, {
        code: 'ERR_CONFIG_KEY',
        errno: 'EINVAL',
        message: `unrecognized input, bad key length for "${name}"`,
        expected: `${typedBytes} bytes${parts}`,
        got: `${verdict.bytes} ${verdict.bytes === 1 ? 'byte' : 'bytes'}`,
      });
    }
    const cut = token.at(token.length - 1) === COLON && reader.peek() !== undefined;
    throw reader.error(token, {
      code: 'ERR_CONFIG_KEY',
      errno: 'EINVAL',
      message: `unrecognized input, bad key digit at character ${verdict.at + 1} of "${word}"`,
      expected: `${typedBytes} bytes${parts} of one or two hexadecimal digits, with colons between`,
      remedy: cut ? 'a key that goes on in the next line begins there in the first column' : undefined,
    });
  }

  #conflict(message: string): Error {
    const { keyword } = this.#reader.directive;
    return this.#reader.error(keyword, { code: 'ERR_CONFIG_CONFLICT', errno: 'EINVAL', message });
  }

  #missing(message: string, expected: string): Error {
    const { keyword } = this.#reader.directive;
    return this.#reader.error(keyword, { code: 'ERR_CONFIG_MISSING', errno: 'EINVAL', message, expected });
  }
}
