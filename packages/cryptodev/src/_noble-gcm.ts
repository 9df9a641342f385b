/**
 * GCM and GMAC from noble's AES and GHASH (NIST SP 800-38D sections 6.4, 7.1 and 7.2; RFC 4106 and 4543 for ESP).
 *
 * noble's own `gcm` expands the key and builds the table of GHASH for every message, which is most of its time on a short
 * packet. Here both are made once a session.
 */
import { GHASH } from '@noble/ciphers/_polyval.js';
import { unsafe } from '@noble/ciphers/aes.js';
import type { AuthPart } from './_chain-session.ts';
import type { EngineSession } from './_engine-core.ts';
import type { JobShape } from './_job-check.ts';
import { addKeyStream, expandKey, swapped } from './_noble-aes.ts';
import { type ByteSpace, copyIn, copyOut, tagsEqual, type Workspace, writeTag } from './_scratch.ts';
import type { AeadTransform } from './engine.ts';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SOURCE,
  JOB_TAG,
  STATUS_AUTH_FAILED,
  STATUS_SUCCESS,
} from './job.ts';

const { encrypt } = unsafe;

/** Makes noble choose a table of 4 bits: about 25 KB a session, where 8 bits would take ten times that. */
const TABLE_HINT = 1025;

/** noble's GHASH, taken up again for one message after the other. */
class SessionGhash extends GHASH {
  restart(): void {
    this.s0 = 0;
    this.s1 = 0;
    this.s2 = 0;
    this.s3 = 0;
  }

  absorb(words: Uint32Array, blocks: number): void {
    for (let i = 0, end = blocks << 2; i < end; i += 4) {
      this._updateBlock(words[i], words[i + 1], words[i + 2], words[i + 3]);
    }
  }

  /** The last block: both lengths in bits, as 64-bit numbers in network order. */
  absorbLengths(aadBytes: number, bytes: number): void {
    this._updateBlock(swapped(aadBytes >>> 29), swapped(aadBytes << 3), swapped(bytes >>> 29), swapped(bytes << 3));
  }

  result(words: Uint32Array): void {
    words[0] = this.s0;
    words[1] = this.s1;
    words[2] = this.s2;
    words[3] = this.s3;
  }
}

/** One AES-GCM key. */
class GcmKey {
  readonly aes: Uint32Array;
  readonly ghash: SessionGhash;

  constructor(key: Uint8Array) {
    this.aes = expandKey(key);
    const hash = encrypt(this.aes, 0, 0, 0, 0);
    const words = Uint32Array.of(hash.s0, hash.s1, hash.s2, hash.s3);
    this.ghash = new SessionGhash(new Uint8Array(words.buffer), TABLE_HINT);
    words.fill(0);
  }

  /** Turns what GHASH gave into the tag, with the first counter block's key stream; the nonce is in `counter`. */
  mask(counter: Uint32Array, tag: Uint32Array): void {
    const first = encrypt(this.aes, counter[0], counter[1], counter[2], swapped(1));
    tag[0] ^= first.s0;
    tag[1] ^= first.s1;
    tag[2] ^= first.s2;
    tag[3] ^= first.s3;
  }

  wipe(): void {
    this.aes.fill(0);
    this.ghash.restart();
    this.ghash.destroy();
  }
}

/** AES-GCM with a nonce of 12 bytes. */
export class NobleGcm implements EngineSession {
  readonly shape: JobShape;
  readonly #work: Workspace;
  readonly #key: GcmKey;
  readonly #release: boolean;

  constructor(work: Workspace, shape: JobShape, { key, unverified }: AeadTransform) {
    this.shape = shape;
    this.#work = work;
    this.#key = new GcmKey(key);
    this.#release = unverified === 'release';
  }

  run(job: number): number {
    const { memory, data, iv, tag } = this.#work;
    const { aes, ghash } = this.#key;
    const { u8, u32 } = memory;
    const { tagBytes } = this.shape;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const aadLength = u32[at + (JOB_AAD_LENGTH >> 2)];
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const tagAt = u32[at + (JOB_TAG >> 2)];
    copyIn(memory, u32[at + (JOB_IV >> 2)], 12, iv);
    const counter = iv.u32;
    counter[3] = swapped(2);
    ghash.restart();
    if (aadLength !== 0) ghash.absorb(data.u32, copyIn(memory, u32[at + (JOB_AAD >> 2)], aadLength, data));
    const blocks = copyIn(memory, u32[at + (JOB_SOURCE >> 2)] + offset, length, data);
    if (this.shape.encrypt) {
      addKeyStream(aes, data.u32, blocks, counter);
      copyOut(data, memory, to, length);
      for (let i = length; i < blocks << 4; i++) data.u8[i] = 0;
    }
    ghash.absorb(data.u32, blocks);
    ghash.absorbLengths(aadLength, length);
    ghash.result(tag.u32);
    this.#key.mask(counter, tag.u32);
    if (this.shape.encrypt) {
      writeTag(tag.u8, u8, tagAt, tagBytes);
      return STATUS_SUCCESS;
    }
    const authentic = tagsEqual(tag.u8, u8, tagAt, tagBytes);
    if (authentic || this.#release) {
      addKeyStream(aes, data.u32, blocks, counter);
      copyOut(data, memory, to, length);
    } else if (length !== 0) u8.fill(0, to, to + length);
    return authentic ? STATUS_SUCCESS : STATUS_AUTH_FAILED;
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** AES-GMAC: GCM in which everything is AAD (RFC 4543). */
export class NobleGmac implements AuthPart {
  readonly #work: Workspace;
  readonly #key: GcmKey;

  constructor(work: Workspace, key: Uint8Array) {
    this.#work = work;
    this.#key = new GcmKey(key);
  }

  compute(bytes: ByteSpace, at: number, length: number, iv: number): void {
    const { memory, data, iv: nonce, tag } = this.#work;
    const { ghash } = this.#key;
    copyIn(memory, iv, 12, nonce);
    ghash.restart();
    const blocks = copyIn(bytes, at, length, data);
    ghash.absorb(data.u32, blocks);
    ghash.absorbLengths(length, 0);
    ghash.result(tag.u32);
    this.#key.mask(nonce.u32, tag.u32);
  }

  wipe(): void {
    this.#key.wipe();
  }
}
