/** CCM from noble's AES block cipher (NIST SP 800-38C, RFC 3610; RFC 4309 for ESP). noble has no CCM. */
import { unsafe } from '@noble/ciphers/aes.js';
import type { EngineSession } from './_engine-core.ts';
import type { JobShape } from './_job-check.ts';
import { addKeyStream, chainMac, expandKey } from './_noble-aes.ts';
import { copyIn, copyOut, tagsEqual, type Workspace, writeTag } from './_scratch.ts';
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

/** AAD shorter than this has a length of two bytes before it, longer AAD one of six (SP 800-38C section A.2.2). */
const LONG_AAD = 0xff00;

/** AES-CCM with a nonce of 7 to 13 bytes. */
export class NobleCcm implements EngineSession {
  readonly shape: JobShape;
  readonly #work: Workspace;
  readonly #key: Uint32Array;
  readonly #release: boolean;
  /** Bytes that the length of the message has in the first block: what the nonce leaves of 15. */
  readonly #lengthBytes: number;
  readonly #mac: Uint32Array = new Uint32Array(4);

  constructor(work: Workspace, shape: JobShape, { key, ivBytes, unverified }: AeadTransform) {
    this.shape = shape;
    this.#work = work;
    this.#key = expandKey(key);
    this.#release = unverified === 'release';
    this.#lengthBytes = 15 - ivBytes;
  }

  run(job: number): number {
    const { memory, data, iv, tag } = this.#work;
    const { u8, u32 } = memory;
    const { encrypt, tagBytes } = this.shape;
    const key = this.#key;
    const mac = this.#mac;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const nonce = u32[at + (JOB_IV >> 2)];
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const tagAt = u32[at + (JOB_TAG >> 2)];
    this.#begin(nonce, length, u32[at + (JOB_AAD >> 2)], u32[at + (JOB_AAD_LENGTH >> 2)]);
    const blocks = copyIn(memory, u32[at + (JOB_SOURCE >> 2)] + offset, length, data);
    if (encrypt) chainMac(key, data.u32, blocks, mac);
    this.#counterBlock(nonce, 1);
    addKeyStream(key, data.u32, blocks, iv.u32);
    if (!encrypt) {
      // The padding of the last block is key stream now, and is zeros in the MAC.
      for (let i = length; i < blocks << 4; i++) data.u8[i] = 0;
      chainMac(key, data.u32, blocks, mac);
    }
    this.#counterBlock(nonce, 0);
    const words = iv.u32;
    const first = unsafe.encrypt(key, words[0], words[1], words[2], words[3]);
    tag.u32[0] = mac[0] ^ first.s0;
    tag.u32[1] = mac[1] ^ first.s1;
    tag.u32[2] = mac[2] ^ first.s2;
    tag.u32[3] = mac[3] ^ first.s3;
    if (encrypt) {
      copyOut(data, memory, to, length);
      writeTag(tag.u8, u8, tagAt, tagBytes);
      return STATUS_SUCCESS;
    }
    const authentic = tagsEqual(tag.u8, u8, tagAt, tagBytes);
    if (authentic || this.#release) copyOut(data, memory, to, length);
    else if (length !== 0) u8.fill(0, to, to + length);
    return authentic ? STATUS_SUCCESS : STATUS_AUTH_FAILED;
  }

  wipe(): void {
    this.#key.fill(0);
    this.#mac.fill(0);
  }

  /** The MAC over the first block (section A.2.1) and the AAD with its length before it (A.2.2). */
  #begin(nonce: number, length: number, aad: number, aadLength: number): void {
    const { data, iv } = this.#work;
    const lengthBytes = this.#lengthBytes;
    const mac = this.#mac;
    this.#counterBlock(nonce, 0);
    const first = iv.u8;
    first[0] = (aadLength === 0 ? 0 : 0x40) | (((this.shape.tagBytes - 2) >> 1) << 3) | (lengthBytes - 1);
    for (let i = 15, rest = length; rest !== 0; i--, rest >>>= 8) first[i] = rest;
    mac.fill(0);
    chainMac(this.#key, iv.u32, 1, mac);
    if (aadLength === 0) return;
    const long = aadLength >= LONG_AAD;
    const prefix = long ? 6 : 2;
    const blocks = this.#copyAad(aad, aadLength, prefix);
    const { u8 } = data;
    if (long) {
      u8[0] = 0xff;
      u8[1] = 0xfe;
      u8[2] = aadLength >>> 24;
      u8[3] = aadLength >>> 16;
    }
    u8[prefix - 2] = aadLength >>> 8;
    u8[prefix - 1] = aadLength;
    chainMac(this.#key, data.u32, blocks, mac);
  }

  #copyAad(aad: number, aadLength: number, prefix: number): number {
    const { memory, data } = this.#work;
    const end = prefix + aadLength;
    const blocks = (end + 15) >>> 4;
    data.ensure(blocks << 4);
    const into = data.u8;
    const { u8 } = memory;
    for (let i = 0; i < aadLength; i++) into[prefix + i] = u8[aad + i];
    for (let i = end; i < blocks << 4; i++) into[i] = 0;
    return blocks;
  }

  /** Leaves counter block number `count`, 0 or 1, in the workspace (section A.3). */
  #counterBlock(nonce: number, count: number): void {
    const { memory, iv } = this.#work;
    const { u8 } = memory;
    const block = iv.u8;
    const nonceBytes = 15 - this.#lengthBytes;
    block.fill(0);
    block[0] = this.#lengthBytes - 1;
    for (let i = 0; i < nonceBytes; i++) block[1 + i] = u8[nonce + i];
    block[15] = count;
  }
}
