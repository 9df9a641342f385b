/** Ciphers and integrity algorithms by EVP, in contexts that are kept, and the two one after the other. */
import { chainShape } from '../_chain-session.ts';
import type { EngineSession } from '../_engine-core.ts';
import type { JobShape } from '../_job-check.ts';
import type { ChainTransform } from '../engine.ts';
import {
  JOB_AUTH_LENGTH,
  JOB_AUTH_OFFSET,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SOURCE,
  JOB_TAG,
  STATUS_AUTH_FAILED,
  STATUS_ERROR,
  STATUS_SUCCESS,
} from '../job.ts';
import { EVP_ROOM_BYTES, type Evp } from './_evp.ts';
import { opensslName } from './_evp-aead.ts';

const BLOCK = 16;

/** A keyed integrity algorithm, which takes what it authenticates in pieces. Each step says whether libcrypto did it. */
interface EvpAuth {
  /** @param iv the job's position of an IV */
  begin(iv: number): boolean;
  update(position: number, length: number): boolean;
  /** Leaves the tag in the workspace, at `evp.tag`. */
  finish(): boolean;
  free(): void;
}

/** HMAC (RFC 2104). */
class EvpHmac implements EvpAuth {
  readonly #evp: Evp;
  #context: number;

  constructor(evp: Evp, hash: string, key: Uint8Array) {
    this.#evp = evp;
    this.#context = evp.hmacContext(hash, key);
  }

  begin(): boolean {
    return this.#evp.call.EVP_MAC_init(this.#context, 0, 0, 0) === 1;
  }

  update(position: number, length: number): boolean {
    return this.#evp.call.EVP_MAC_update(this.#context, this.#evp.base + position, length) === 1;
  }

  finish(): boolean {
    return this.#evp.call.EVP_MAC_final(this.#context, this.#evp.base + this.#evp.tag, 0, 64) === 1;
  }

  free(): void {
    this.#evp.call.EVP_MAC_CTX_free(this.#context);
    this.#context = 0;
  }
}

/** AES-GMAC: AES-GCM in which everything is AAD (RFC 4543). */
class EvpGmac implements EvpAuth {
  readonly #evp: Evp;
  #context: number;

  constructor(evp: Evp, key: Uint8Array) {
    this.#evp = evp;
    this.#context = evp.cipherContext(opensslName('aes-gcm', key.length), key, true);
  }

  begin(iv: number): boolean {
    return this.#evp.call.EVP_EncryptInit_ex2(this.#context, 0, 0, this.#evp.base + iv, 0) === 1;
  }

  update(position: number, length: number): boolean {
    return this.#evp.call.EVP_Cipher(this.#context, 0, this.#evp.base + position, length) >= 0;
  }

  finish(): boolean {
    const evp = this.#evp;
    return (
      evp.call.EVP_Cipher(this.#context, 0, 0, 0) >= 0 &&
      evp.call.EVP_CIPHER_CTX_get_params(this.#context, evp.tagParams(evp.tag, BLOCK)) === 1
    );
  }

  free(): void {
    this.#evp.call.EVP_CIPHER_CTX_free(this.#context);
    this.#context = 0;
  }
}

/** AES-XCBC-MAC (RFC 3566 section 4): CBC whose last block is masked with one of two keys derived from the key. */
class EvpXcbc implements EvpAuth {
  readonly #evp: Evp;
  readonly #maskWhole: Uint8Array;
  readonly #maskPadded: Uint8Array;
  #context: number;
  /** Bytes in the workspace's room that have not been enciphered yet: the last block among them. */
  #waiting = 0;

  constructor(evp: Evp, key: Uint8Array) {
    this.#evp = evp;
    const { memory, room, call, base } = evp;
    for (let i = 0; i < 3 * BLOCK; i++) memory.u8[room + i] = 1 + (i >> 4);
    const ecb = evp.cipherContext('AES-128-ECB', key, true);
    call.EVP_Cipher(ecb, base + room, base + room, 3 * BLOCK);
    call.EVP_CIPHER_CTX_free(ecb);
    const derived = memory.u8.slice(room, room + 3 * BLOCK);
    memory.u8.fill(0, room, room + 3 * BLOCK);
    this.#context = evp.cipherContext('AES-128-CBC', derived.subarray(0, BLOCK), true);
    this.#maskWhole = derived.slice(BLOCK, 2 * BLOCK);
    this.#maskPadded = derived.slice(2 * BLOCK);
    derived.fill(0);
  }

  begin(): boolean {
    const { memory, block, base, call } = this.#evp;
    this.#waiting = 0;
    memory.u8.fill(0, block, block + BLOCK);
    return call.EVP_EncryptInit_ex2(this.#context, 0, 0, base + block, 0) === 1;
  }

  update(position: number, length: number): boolean {
    const { memory, room } = this.#evp;
    for (let done = 0; done < length; ) {
      if (this.#waiting === EVP_ROOM_BYTES && !this.#encipher()) return false;
      const part = Math.min(length - done, EVP_ROOM_BYTES - this.#waiting);
      memory.u8.copyWithin(room + this.#waiting, position + done, position + done + part);
      this.#waiting += part;
      done += part;
    }
    return true;
  }

  finish(): boolean {
    const { memory, room, tag } = this.#evp;
    const { u8 } = memory;
    const end = Math.ceil(this.#waiting / BLOCK) * BLOCK;
    const mask = this.#waiting === end ? this.#maskWhole : this.#maskPadded;
    if (this.#waiting !== end) {
      u8.fill(0, room + this.#waiting, room + end);
      u8[room + this.#waiting] = 0x80;
    }
    for (let i = 0; i < BLOCK; i++) u8[room + end - BLOCK + i] ^= mask[i];
    this.#waiting = end;
    if (!this.#encipher()) return false;
    u8.copyWithin(tag, room + end - BLOCK, room + end);
    return true;
  }

  #encipher(): boolean {
    const { call, base, room } = this.#evp;
    const length = this.#waiting;
    this.#waiting = 0;
    return call.EVP_Cipher(this.#context, base + room, base + room, length) >= 0;
  }

  free(): void {
    this.#evp.call.EVP_CIPHER_CTX_free(this.#context);
    this.#context = 0;
    this.#maskWhole.fill(0);
    this.#maskPadded.fill(0);
  }
}

/** A cipher, an integrity algorithm, or both as ESP has them (RFC 4303 section 3.3.2). */
export class EvpChain implements EngineSession {
  readonly shape: JobShape;
  readonly #evp: Evp;
  readonly #auth: EvpAuth | undefined;
  /** 0 for NULL. */
  #cipher: number;

  constructor(evp: Evp, transform: ChainTransform) {
    this.shape = chainShape(transform);
    this.#evp = evp;
    this.#cipher = cipherContext(evp, transform);
    try {
      this.#auth = authOf(evp, transform);
    } catch (error) {
      this.wipe();
      throw error;
    }
  }

  run(job: number): number {
    const { memory, tag: own } = this.#evp;
    const { u8, u32 } = memory;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const source = u32[at + (JOB_SOURCE >> 2)];
    const from = source + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const iv = u32[at + (JOB_IV >> 2)];
    const tag = u32[at + (JOB_TAG >> 2)];
    const authFrom = source + u32[at + (JOB_AUTH_OFFSET >> 2)];
    const authLength = u32[at + (JOB_AUTH_LENGTH >> 2)];
    const { encrypt, tagBytes } = this.shape;
    const auth = this.#auth;
    if (encrypt) {
      if (!this.#apply(from, to, length, iv)) return this.#failed();
      if (auth === undefined) return STATUS_SUCCESS;
      if (!this.#authenticate(auth, iv, authFrom, authLength, from, to, length)) return this.#failed();
      for (let i = 0; i < tagBytes; i++) u8[tag + i] = u8[own + i];
      return STATUS_SUCCESS;
    }
    if (auth !== undefined) {
      const made = auth.begin(iv) && auth.update(authFrom, authLength) && auth.finish();
      let difference = 0;
      for (let i = 0; i < tagBytes; i++) difference |= u8[own + i] ^ u8[tag + i];
      if (!made || difference !== 0) {
        if (length !== 0) u8.fill(0, to, to + length);
        return made ? STATUS_AUTH_FAILED : this.#failed();
      }
    }
    return this.#apply(from, to, length, iv) ? STATUS_SUCCESS : this.#failed();
  }

  wipe(): void {
    if (this.#cipher !== 0) this.#evp.call.EVP_CIPHER_CTX_free(this.#cipher);
    this.#cipher = 0;
    this.#auth?.free();
  }

  #failed(): number {
    this.#evp.forgetErrors();
    return STATUS_ERROR;
  }

  #apply(from: number, to: number, length: number, iv: number): boolean {
    const { call, base, memory } = this.#evp;
    if (length === 0) return true;
    if (this.#cipher === 0) {
      if (from !== to) memory.u8.copyWithin(to, from, from + length);
      return true;
    }
    const init = this.shape.encrypt ? call.EVP_EncryptInit_ex2 : call.EVP_DecryptInit_ex2;
    return (
      init(this.#cipher, 0, 0, base + iv, 0) === 1 && call.EVP_Cipher(this.#cipher, base + to, base + from, length) >= 0
    );
  }

  /** Makes the tag over what goes out: the source, in which what was enciphered is the destination's. */
  #authenticate(
    auth: EvpAuth,
    iv: number,
    authFrom: number,
    authLength: number,
    from: number,
    to: number,
    length: number,
  ): boolean {
    const authEnd = authFrom + authLength;
    const begin = Math.max(authFrom, from);
    const end = Math.min(authEnd, from + length);
    if (!auth.begin(iv)) return false;
    if (from === to || begin >= end) return auth.update(authFrom, authLength) && auth.finish();
    return (
      (begin === authFrom || auth.update(authFrom, begin - authFrom)) &&
      auth.update(to + begin - from, end - begin) &&
      (end === authEnd || auth.update(end, authEnd - end)) &&
      auth.finish()
    );
  }
}

function cipherContext(evp: Evp, { cipher, direction }: ChainTransform): number {
  const { algorithm, key } = cipher;
  const encrypt = direction === 'encrypt';
  switch (algorithm) {
    case 'null':
      return 0;
    case '3des-cbc':
      return evp.cipherContext('DES-EDE3-CBC', key, encrypt);
    case 'des-cbc': {
      if (evp.hasCipher('DES-CBC')) return evp.cipherContext('DES-CBC', key, encrypt);
      // Without the legacy provider it is 3DES with one key three times (FIPS 46-3, keying option 3).
      const thrice = Uint8Array.of(...key, ...key, ...key);
      const context = evp.cipherContext('DES-EDE3-CBC', thrice, encrypt);
      thrice.fill(0);
      return context;
    }
    default:
      return evp.cipherContext(opensslName(algorithm, key.length), key, encrypt);
  }
}

const HASHES: Readonly<Record<string, string>> = {
  'hmac-sha1': 'SHA1',
  'hmac-sha256': 'SHA256',
  'hmac-sha384': 'SHA384',
  'hmac-sha512': 'SHA512',
};

function authOf(evp: Evp, { auth }: ChainTransform): EvpAuth | undefined {
  switch (auth.algorithm) {
    case 'null':
      return undefined;
    case 'aes-gmac':
      return new EvpGmac(evp, auth.key);
    case 'aes-xcbc-mac':
      return new EvpXcbc(evp, auth.key);
    default:
      return new EvpHmac(evp, HASHES[auth.algorithm], auth.key);
  }
}
