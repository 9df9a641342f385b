/**
 * OpenSSL's EVP interface as the Node binary itself exports it, called through koffi: contexts are made once for a key and
 * a direction, and given a new IV for each packet.
 */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { ForeignFunction, ForeignFunctions } from './_koffi.ts';

/** What is used of libcrypto; the parameters of each (evp.h, provider.h, err.h), addresses as 64-bit numbers. */
const FUNCTIONS = {
  EVP_CIPHER_fetch: ['int64_t', 'int64_t', 'str', 'int64_t'],
  EVP_CIPHER_free: ['void', 'int64_t'],
  EVP_CIPHER_CTX_new: ['int64_t'],
  EVP_CIPHER_CTX_free: ['void', 'int64_t'],
  EVP_CIPHER_CTX_ctrl: ['int', 'int64_t', 'int', 'int', 'int64_t'],
  EVP_CIPHER_CTX_get_params: ['int', 'int64_t', 'int64_t'],
  EVP_CipherInit_ex: ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int'],
  EVP_EncryptInit_ex2: ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t'],
  EVP_DecryptInit_ex2: ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t'],
  EVP_Cipher: ['int', 'int64_t', 'int64_t', 'int64_t', 'uint32_t'],
  EVP_CipherUpdate: ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int'],
  EVP_CipherFinal_ex: ['int', 'int64_t', 'int64_t', 'int64_t'],
  EVP_MAC_fetch: ['int64_t', 'int64_t', 'str', 'int64_t'],
  EVP_MAC_free: ['void', 'int64_t'],
  EVP_MAC_CTX_new: ['int64_t', 'int64_t'],
  EVP_MAC_CTX_free: ['void', 'int64_t'],
  EVP_MAC_init: ['int', 'int64_t', 'int64_t', 'size_t', 'int64_t'],
  EVP_MAC_update: ['int', 'int64_t', 'int64_t', 'size_t'],
  EVP_MAC_final: ['int', 'int64_t', 'int64_t', 'int64_t', 'size_t'],
  OSSL_LIB_CTX_new: ['int64_t'],
  OSSL_LIB_CTX_free: ['void', 'int64_t'],
  OSSL_PROVIDER_load: ['int64_t', 'int64_t', 'str'],
  OSSL_PROVIDER_unload: ['int', 'int64_t'],
  ERR_clear_error: ['void'],
} as const;

type Functions = { readonly [name in keyof typeof FUNCTIONS]: ForeignFunction };

/** `EVP_CTRL_AEAD_SET_IVLEN`, `EVP_CTRL_AEAD_SET_TAG` (evp.h). */
const CTRL_SET_IV_LENGTH = 0x9;
const CTRL_SET_TAG = 0x11;
/** `OSSL_PARAM_UTF8_STRING`, `OSSL_PARAM_OCTET_STRING` (core.h), and the length of an `OSSL_PARAM`. */
const PARAM_UTF8_STRING = 4;
const PARAM_OCTET_STRING = 5;
const PARAM_BYTES = 40;
const PARAM_DATA = 16;
const PARAM_DATA_BYTES = 24;

/** The workspace: names, two lists of parameters, a key, a tag, a block and room for what is only passed through. */
const TAG_NAME = 0;
const DIGEST_NAME = 16;
const HASH_NAME = 32;
const TAG_PARAMS = 64;
const DIGEST_PARAMS = TAG_PARAMS + 2 * PARAM_BYTES;
const KEY = 256;
const TAG = 512;
const BLOCK = 576;
const ROOM = 1024;
/** Bytes that are passed through at once. */
export const EVP_ROOM_BYTES = 4096;
const WORK_BYTES = ROOM + EVP_ROOM_BYTES;

/** libcrypto with what one engine keeps of it. */
export class Evp {
  readonly memory: Memory;
  readonly call: Functions;
  /** What is added to a position to get an address. */
  readonly base: number;
  /** Positions in the workspace. */
  readonly tag: number;
  readonly block: number;
  readonly room: number;
  readonly #work: Memzone;
  readonly #ciphers: Map<string, number> = new Map();
  #mac = 0;
  #legacy: { readonly context: number; readonly providers: readonly number[] } | undefined;

  /** @throws SetupError `ERR_CRYPTO_EVP` (ENODEV) when this process does not export what is needed */
  constructor(memory: Memory, koffi: ForeignFunctions) {
    this.memory = memory;
    this.base = memory.address;
    this.call = functionsOf(koffi);
    this.#work = reserveWork(memory);
    const { position } = this.#work;
    this.tag = position + TAG;
    this.block = position + BLOCK;
    this.room = position + ROOM;
    this.#text(TAG_NAME, 'tag');
    this.#text(DIGEST_NAME, 'digest');
    this.#param(TAG_PARAMS, TAG_NAME, PARAM_OCTET_STRING, TAG, 16);
  }

  /** Gives back what libcrypto holds for this engine, when no session is left. */
  close(): void {
    const { call } = this;
    for (const cipher of this.#ciphers.values()) if (cipher !== 0) call.EVP_CIPHER_free(cipher);
    this.#ciphers.clear();
    if (this.#mac !== 0) call.EVP_MAC_free(this.#mac);
    this.#mac = 0;
    if (this.#legacy !== undefined) {
      for (const provider of this.#legacy.providers) call.OSSL_PROVIDER_unload(provider);
      call.OSSL_LIB_CTX_free(this.#legacy.context);
      this.#legacy = undefined;
    }
    if (this.memory.lookup(this.#work.name)?.position === this.#work.position) this.memory.free(this.#work);
  }

  /** Whether libcrypto has a cipher of that name. */
  hasCipher(name: string): boolean {
    return this.#cipher(name) !== 0;
  }

  /**
   * A context for one key and direction, without padding; the IV comes with each packet.
   *
   * @param name as OpenSSL has it: `AES-128-GCM`
   * @param lengths of an AEAD whose lengths are not the usual ones
   */
  cipherContext(
    name: string,
    key: Uint8Array,
    encrypt: boolean,
    lengths?: { readonly ivBytes: number; readonly tagBytes: number },
  ): number {
    const { call } = this;
    const context = call.EVP_CIPHER_CTX_new();
    const direction = encrypt ? 1 : 0;
    let good = context !== 0 && call.EVP_CipherInit_ex(context, this.#cipher(name), 0, 0, 0, direction) === 1;
    if (good && lengths !== undefined) {
      good =
        call.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_IV_LENGTH, lengths.ivBytes, 0) === 1 &&
        call.EVP_CIPHER_CTX_ctrl(context, CTRL_SET_TAG, lengths.tagBytes, 0) === 1;
    }
    const at = this.#key(key);
    good = good && call.EVP_CipherInit_ex(context, 0, 0, this.base + at, 0, direction) === 1;
    this.memory.u8.fill(0, at, at + key.length);
    if (!good) {
      call.EVP_CIPHER_CTX_free(context);
      throw this.#failed(name);
    }
    return context;
  }

  /** A context of HMAC with this hash and key. */
  hmacContext(hash: string, key: Uint8Array): number {
    const { call } = this;
    if (this.#mac === 0) this.#mac = call.EVP_MAC_fetch(0, 'HMAC', 0);
    const context = this.#mac === 0 ? 0 : call.EVP_MAC_CTX_new(this.#mac);
    this.#text(HASH_NAME, hash);
    this.#param(DIGEST_PARAMS, DIGEST_NAME, PARAM_UTF8_STRING, HASH_NAME, hash.length);
    const at = this.#key(key);
    const params = this.base + this.#work.position + DIGEST_PARAMS;
    const good = context !== 0 && call.EVP_MAC_init(context, this.base + at, key.length, params) === 1;
    this.memory.u8.fill(0, at, at + key.length);
    if (!good) {
      call.EVP_MAC_CTX_free(context);
      throw this.#failed(`HMAC with ${hash}`);
    }
    return context;
  }

  /** Address of the parameters that say where a tag is read or written: these bytes of the memory. */
  tagParams(position: number, tagBytes: number): number {
    const { u32 } = this.memory;
    const address = this.base + position;
    const params = this.#work.position + TAG_PARAMS;
    const word = (params + PARAM_DATA) >> 2;
    u32[word] = address;
    u32[word + 1] = address / 0x1_0000_0000;
    u32[(params + PARAM_DATA_BYTES) >> 2] = tagBytes;
    return this.base + params;
  }

  /** Forgets libcrypto's list of errors, which Node would find otherwise. */
  forgetErrors(): void {
    this.call.ERR_clear_error();
  }

  #cipher(name: string): number {
    let cipher = this.#ciphers.get(name);
    if (cipher === undefined) {
      const { call } = this;
      // Single DES is in the legacy provider, which is loaded for this engine and not for the process.
      cipher = call.EVP_CIPHER_fetch(name === 'DES-CBC' ? this.#legacyContext() : 0, name, 0);
      if (cipher === 0) this.forgetErrors();
      this.#ciphers.set(name, cipher);
    }
    return cipher;
  }

  #legacyContext(): number {
    if (this.#legacy === undefined) {
      const { call } = this;
      const context = call.OSSL_LIB_CTX_new();
      const providers = ['legacy', 'default'].map((name) => call.OSSL_PROVIDER_load(context, name));
      this.#legacy = { context, providers: providers.filter((provider) => provider !== 0) };
    }
    return this.#legacy.context;
  }

  #key(key: Uint8Array): number {
    const at = this.#work.position + KEY;
    this.memory.u8.set(key, at);
    return at;
  }

  #text(offset: number, text: string): void {
    const { u8 } = this.memory;
    for (let i = 0; i <= text.length; i++)
      u8[this.#work.position + offset + i] = i < text.length ? text.charCodeAt(i) : 0;
  }

  /** Writes an `OSSL_PARAM` and the end of a list behind it. */
  #param(offset: number, name: number, type: number, data: number, dataBytes: number): void {
    const { u32 } = this.memory;
    const base = this.#work.position;
    const word = (base + offset) >> 2;
    u32.fill(0, word, word + (2 * PARAM_BYTES) / 4);
    const pointer = (at: number, position: number): void => {
      u32[at] = this.base + position;
      u32[at + 1] = (this.base + position) / 0x1_0000_0000;
    };
    pointer(word, base + name);
    u32[word + 2] = type;
    pointer(word + (PARAM_DATA >> 2), base + data);
    u32[word + (PARAM_DATA_BYTES >> 2)] = dataBytes;
  }

  #failed(what: string): SetupError {
    this.forgetErrors();
    return new SetupError({
      code: 'ERR_CRYPTO_EVP',
      errno: 'ENODEV',
      message: `this OpenSSL does not take a key of ${what}`,
      remedy: 'use another engine',
    });
  }
}

function functionsOf(koffi: ForeignFunctions): Functions {
  try {
    const process = koffi.load(null);
    return Object.fromEntries(
      Object.entries(FUNCTIONS).map(([name, [result, ...parameters]]) => [
        name,
        process.func(name, result, parameters),
      ]),
    ) as Functions;
  } catch (cause) {
    throw new SetupError({
      code: 'ERR_CRYPTO_EVP',
      errno: 'ENODEV',
      message: 'this Node does not export the EVP interface of OpenSSL 3',
      got: cause instanceof Error ? cause.message : String(cause),
      remedy: 'use node:crypto',
      cause,
    });
  }
}

/** Threads that open engines at the same time take different names. */
function reserveWork(memory: Memory): Memzone {
  for (let n = 0; ; n++) {
    try {
      return memory.reserve(`OPENSSL_${n}`, WORK_BYTES);
    } catch (error) {
      if (!(error instanceof SetupError && error.code === 'ERR_MEMZONE_EXISTS')) throw error;
    }
  }
}
