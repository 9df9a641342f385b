/**
 * CTR, CBC and XCBC over noble's AES block cipher (NIST SP 800-38A, RFC 3566). noble has CTR and CBC itself, but expands
 * the key anew for every call; here it is expanded once a session, and can be wiped.
 */
import { unsafe } from '@noble/ciphers/aes.js';
import type { AuthPart, CipherPart } from './_chain-session.ts';
import { type ByteSpace, copyIn, copyOut, type Workspace } from './_scratch.ts';

const { encrypt, decrypt, expandKeyLE, expandKeyDecLE } = unsafe;

/** The other byte order of a word. */
export function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** An AES key, expanded for encryption. */
export function expandKey(key: Uint8Array): Uint32Array {
  return expandKeyLE(key);
}

/**
 * Adds the key stream to `blocks` blocks of words, from a counter block of four words on, which counts in its last word
 * and carries into the others.
 */
export function addKeyStream(key: Uint32Array, words: Uint32Array, blocks: number, counter: Uint32Array): void {
  let last = swapped(counter[3]);
  for (let i = 0, end = blocks << 2; i < end; i += 4) {
    const stream = encrypt(key, counter[0], counter[1], counter[2], swapped(last));
    words[i] ^= stream.s0;
    words[i + 1] ^= stream.s1;
    words[i + 2] ^= stream.s2;
    words[i + 3] ^= stream.s3;
    last = (last + 1) | 0;
    if (last === 0) carry(counter);
  }
}

function carry(counter: Uint32Array): void {
  for (let word = 2; word >= 0; word--) {
    counter[word] = swapped(swapped(counter[word]) + 1);
    if (counter[word] !== 0) return;
  }
}

/** AES in counter mode; the IV is the whole first counter block. */
export class NobleCtr implements CipherPart {
  readonly #work: Workspace;
  readonly #key: Uint32Array;

  constructor(work: Workspace, key: Uint8Array) {
    this.#work = work;
    this.#key = expandKeyLE(key);
  }

  apply(from: number, to: number, length: number, iv: number): void {
    const { memory, data, iv: counter } = this.#work;
    copyIn(memory, iv, 16, counter);
    const blocks = copyIn(memory, from, length, data);
    addKeyStream(this.#key, data.u32, blocks, counter.u32);
    copyOut(data, memory, to, length);
  }

  wipe(): void {
    this.#key.fill(0);
  }
}

/** AES in CBC mode, one direction. */
export class NobleCbc implements CipherPart {
  readonly #work: Workspace;
  readonly #key: Uint32Array;
  readonly #encrypt: boolean;

  constructor(work: Workspace, key: Uint8Array, encrypting: boolean) {
    this.#work = work;
    this.#key = encrypting ? expandKeyLE(key) : expandKeyDecLE(key);
    this.#encrypt = encrypting;
  }

  apply(from: number, to: number, length: number, iv: number): void {
    const { memory, data, iv: chain } = this.#work;
    copyIn(memory, iv, 16, chain);
    const blocks = copyIn(memory, from, length, data);
    if (this.#encrypt) encryptChain(this.#key, data.u32, blocks, chain.u32);
    else decryptChain(this.#key, data.u32, blocks, chain.u32);
    copyOut(data, memory, to, length);
  }

  wipe(): void {
    this.#key.fill(0);
  }
}

function encryptChain(key: Uint32Array, words: Uint32Array, blocks: number, iv: Uint32Array): void {
  let c0 = iv[0];
  let c1 = iv[1];
  let c2 = iv[2];
  let c3 = iv[3];
  for (let i = 0, end = blocks << 2; i < end; i += 4) {
    const out = encrypt(key, c0 ^ words[i], c1 ^ words[i + 1], c2 ^ words[i + 2], c3 ^ words[i + 3]);
    words[i] = c0 = out.s0;
    words[i + 1] = c1 = out.s1;
    words[i + 2] = c2 = out.s2;
    words[i + 3] = c3 = out.s3;
  }
}

function decryptChain(key: Uint32Array, words: Uint32Array, blocks: number, iv: Uint32Array): void {
  let c0 = iv[0];
  let c1 = iv[1];
  let c2 = iv[2];
  let c3 = iv[3];
  for (let i = 0, end = blocks << 2; i < end; i += 4) {
    const n0 = words[i];
    const n1 = words[i + 1];
    const n2 = words[i + 2];
    const n3 = words[i + 3];
    const out = decrypt(key, n0, n1, n2, n3);
    words[i] = out.s0 ^ c0;
    words[i + 1] = out.s1 ^ c1;
    words[i + 2] = out.s2 ^ c2;
    words[i + 3] = out.s3 ^ c3;
    c0 = n0;
    c1 = n1;
    c2 = n2;
    c3 = n3;
  }
}

/** AES-XCBC-MAC (RFC 3566 section 4): a CBC-MAC whose last block is masked with one of two keys derived from the key. */
export class NobleXcbc implements AuthPart {
  readonly #work: Workspace;
  readonly #key: Uint32Array;
  /** K2 and K3, four words each. */
  readonly #masks: Uint32Array = new Uint32Array(8);
  readonly #state: Uint32Array = new Uint32Array(4);

  constructor(work: Workspace, key: Uint8Array) {
    this.#work = work;
    const master = expandKeyLE(key);
    const derived = new Uint32Array(12);
    for (let n = 0; n < 3; n++) {
      const same = 0x0101_0101 * (n + 1);
      const out = encrypt(master, same, same, same, same);
      derived[4 * n] = out.s0;
      derived[4 * n + 1] = out.s1;
      derived[4 * n + 2] = out.s2;
      derived[4 * n + 3] = out.s3;
    }
    this.#key = expandKeyLE(new Uint8Array(derived.buffer, 0, 16));
    this.#masks.set(derived.subarray(4));
    master.fill(0);
    derived.fill(0);
  }

  compute(bytes: ByteSpace, at: number, length: number): void {
    const { data, tag } = this.#work;
    const blocks = copyIn(bytes, at, length, data);
    const words = data.u32;
    const whole = (length & 15) === 0;
    if (!whole) data.u8[length] = 0x80;
    const masks = this.#masks;
    const last = (blocks - 1) << 2;
    for (let i = 0; i < 4; i++) words[last + i] ^= masks[whole ? i : 4 + i];
    const state = this.#state.fill(0);
    chainMac(this.#key, words, blocks, state);
    for (let i = 0; i < 4; i++) tag.u32[i] = state[i];
  }

  wipe(): void {
    this.#key.fill(0);
    this.#masks.fill(0);
    this.#state.fill(0);
  }
}

/** Goes on with a CBC-MAC over `blocks` blocks of words; `state` is its last block. */
export function chainMac(key: Uint32Array, words: Uint32Array, blocks: number, state: Uint32Array): void {
  let c0 = state[0];
  let c1 = state[1];
  let c2 = state[2];
  let c3 = state[3];
  for (let i = 0, end = blocks << 2; i < end; i += 4) {
    const out = encrypt(key, c0 ^ words[i], c1 ^ words[i + 1], c2 ^ words[i + 2], c3 ^ words[i + 3]);
    c0 = out.s0;
    c1 = out.s1;
    c2 = out.s2;
    c3 = out.s3;
  }
  state[0] = c0;
  state[1] = c1;
  state[2] = c2;
  state[3] = c3;
}
