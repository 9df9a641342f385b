/** Ciphers and integrity algorithms by node:crypto. A key object cannot be wiped, only let go of. */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { AuthPart, CipherPart } from '../_chain-session.ts';
import { type ByteSpace, copyIn, type Workspace } from '../_scratch.ts';
import { GCM_CIPHERS } from './_openssl-aead.ts';

const BLOCK = 16;
const ZERO_BLOCK = new Uint8Array(BLOCK);

/** Any cipher of OpenSSL that needs no padding, in one direction. */
export class OpensslCipher implements CipherPart {
  readonly #work: Workspace;
  readonly #name: string;
  readonly #ivBytes: number;
  readonly #make: typeof createCipheriv | typeof createDecipheriv;
  readonly #key: KeyObject;

  constructor(work: Workspace, name: string, key: Uint8Array, ivBytes: number, encrypting: boolean) {
    this.#work = work;
    this.#name = name;
    this.#ivBytes = ivBytes;
    this.#make = encrypting ? createCipheriv : createDecipheriv;
    this.#key = createSecretKey(key);
  }

  apply(from: number, to: number, length: number, iv: number): void {
    const { u8 } = this.#work.memory;
    const cipher = this.#make(this.#name, this.#key, u8.subarray(iv, iv + this.#ivBytes));
    cipher.setAutoPadding(false);
    u8.set(cipher.update(u8.subarray(from, from + length)), to);
    // Only so that OpenSSL's context is freed now.
    cipher.final();
  }

  wipe(): void {}
}

/** HMAC (RFC 2104). */
export class OpensslHmac implements AuthPart {
  readonly #work: Workspace;
  readonly #hash: string;
  readonly #key: KeyObject;

  constructor(work: Workspace, hash: string, key: Uint8Array) {
    this.#work = work;
    this.#hash = hash;
    this.#key = createSecretKey(key);
  }

  compute(bytes: ByteSpace, at: number, length: number): void {
    const hmac = createHmac(this.#hash, this.#key);
    this.#work.tag.u8.set(hmac.update(bytes.u8.subarray(at, at + length)).digest());
  }

  wipe(): void {}
}

/** AES-GMAC: AES-GCM in which everything is AAD (RFC 4543). */
export class OpensslGmac implements AuthPart {
  readonly #work: Workspace;
  readonly #name: (typeof GCM_CIPHERS)[number];
  readonly #key: KeyObject;

  constructor(work: Workspace, key: Uint8Array) {
    this.#work = work;
    this.#name = GCM_CIPHERS[key.length];
    this.#key = createSecretKey(key);
  }

  compute(bytes: ByteSpace, at: number, length: number, iv: number): void {
    const { memory, tag } = this.#work;
    const gcm = createCipheriv(this.#name, this.#key, memory.u8.subarray(iv, iv + 12));
    gcm.setAAD(bytes.u8.subarray(at, at + length));
    gcm.final();
    tag.u8.set(gcm.getAuthTag());
  }

  wipe(): void {}
}

/** AES-XCBC-MAC (RFC 3566 section 4): CBC whose last block is masked with one of two keys derived from the key. */
export class OpensslXcbc implements AuthPart {
  readonly #work: Workspace;
  readonly #maskWhole: Uint8Array;
  readonly #maskPadded: Uint8Array;
  readonly #key: KeyObject;

  constructor(work: Workspace, key: Uint8Array) {
    this.#work = work;
    const constants = new Uint8Array(3 * BLOCK);
    for (let i = 0; i < constants.length; i++) constants[i] = 1 + (i >> 4);
    const ecb = createCipheriv('aes-128-ecb', key, null);
    const derived = ecb.setAutoPadding(false).update(constants);
    this.#key = createSecretKey(derived.subarray(0, BLOCK));
    this.#maskWhole = new Uint8Array(derived.subarray(BLOCK, 2 * BLOCK));
    this.#maskPadded = new Uint8Array(derived.subarray(2 * BLOCK));
    derived.fill(0);
  }

  compute(bytes: ByteSpace, at: number, length: number): void {
    const { data, tag } = this.#work;
    const end = copyIn(bytes, at, length, data) * BLOCK;
    const { u8 } = data;
    const mask = length === end ? this.#maskWhole : this.#maskPadded;
    if (length !== end) u8[length] = 0x80;
    for (let i = 0; i < BLOCK; i++) u8[end - BLOCK + i] ^= mask[i];
    const cbc = createCipheriv('aes-128-cbc', this.#key, ZERO_BLOCK);
    const chain = cbc.setAutoPadding(false).update(u8.subarray(0, end));
    cbc.final();
    for (let i = 0; i < BLOCK; i++) tag.u8[i] = chain[end - BLOCK + i];
  }

  wipe(): void {
    this.#maskWhole.fill(0);
    this.#maskPadded.fill(0);
  }
}
