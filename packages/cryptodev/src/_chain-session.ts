import type { EngineSession } from './_engine-core.ts';
import type { JobShape } from './_job-check.ts';
import { type ByteSpace, copyIn, tagsEqual, type Workspace, writeTag } from './_scratch.ts';
import type { ChainTransform } from './engine.ts';
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
  STATUS_SUCCESS,
} from './job.ts';

/** A cipher keyed for one direction. */
export interface CipherPart {
  /** Enciphers or deciphers `length` bytes from position `from` to position `to`, with the IV at position `iv`. */
  apply(from: number, to: number, length: number, iv: number): void;
  wipe(): void;
}

/** A keyed integrity algorithm. */
export interface AuthPart {
  /** Leaves the tag over `length` bytes from index `at` on in the workspace; `iv` is the job's position of an IV. */
  compute(bytes: ByteSpace, at: number, length: number, iv: number): void;
  wipe(): void;
}

const BLOCKS: Partial<Record<ChainTransform['cipher']['algorithm'], number>> = {
  'aes-cbc': 16,
  '3des-cbc': 8,
  'des-cbc': 8,
};

/** What a chain asks of its jobs. */
export function chainShape({ direction, cipher, auth }: ChainTransform): JobShape {
  const ciphered = cipher.algorithm !== 'null';
  return {
    aead: false,
    encrypt: direction === 'encrypt',
    block: BLOCKS[cipher.algorithm] ?? 1,
    cipherMin: ciphered ? 1 : 0,
    cipherMax: 0x7fff_ffff,
    ivBytes: ciphered ? cipher.ivBytes : auth.algorithm === 'aes-gmac' ? 12 : 0,
    auth: auth.algorithm !== 'null',
    tagBytes: auth.tagBytes,
  };
}

/**
 * Cipher and integrity algorithm one after the other, as ESP has them (RFC 4303 section 3.3.2): encipher, then a tag over
 * what goes out; or verify the tag over what came in, then decipher. Undefined stands for `null`.
 */
export class ChainSession implements EngineSession {
  readonly shape: JobShape;
  readonly #work: Workspace;
  readonly #cipher: CipherPart | undefined;
  readonly #auth: AuthPart | undefined;

  constructor(work: Workspace, shape: JobShape, cipher: CipherPart | undefined, auth: AuthPart | undefined) {
    this.#work = work;
    this.shape = shape;
    this.#cipher = cipher;
    this.#auth = auth;
  }

  run(job: number): number {
    const { memory, tag } = this.#work;
    const { u8, u32 } = memory;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const source = u32[at + (JOB_SOURCE >> 2)];
    const from = source + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const iv = u32[at + (JOB_IV >> 2)];
    const tagAt = u32[at + (JOB_TAG >> 2)];
    const authFrom = source + u32[at + (JOB_AUTH_OFFSET >> 2)];
    const authLength = u32[at + (JOB_AUTH_LENGTH >> 2)];
    const auth = this.#auth;
    if (this.shape.encrypt) {
      this.#apply(from, to, length, iv);
      if (auth !== undefined) {
        if (from === to || authFrom >= from + length || authFrom + authLength <= from) {
          auth.compute(memory, authFrom, authLength, iv);
        } else {
          this.#gather(authFrom, authLength, from, to, length);
          auth.compute(this.#work.gathered, 0, authLength, iv);
        }
        writeTag(tag.u8, u8, tagAt, this.shape.tagBytes);
      }
      return STATUS_SUCCESS;
    }
    if (auth !== undefined) {
      auth.compute(memory, authFrom, authLength, iv);
      if (!tagsEqual(tag.u8, u8, tagAt, this.shape.tagBytes)) {
        if (length !== 0) u8.fill(0, to, to + length);
        return STATUS_AUTH_FAILED;
      }
    }
    this.#apply(from, to, length, iv);
    return STATUS_SUCCESS;
  }

  wipe(): void {
    this.#cipher?.wipe();
    this.#auth?.wipe();
  }

  #apply(from: number, to: number, length: number, iv: number): void {
    const cipher = this.#cipher;
    if (cipher !== undefined) cipher.apply(from, to, length, iv);
    else if (from !== to && length !== 0) this.#work.memory.u8.copyWithin(to, from, from + length);
  }

  /** Puts together what is authenticated out of place: the source, with what was enciphered from the destination. */
  #gather(authFrom: number, authLength: number, from: number, to: number, length: number): void {
    const { memory, gathered } = this.#work;
    copyIn(memory, authFrom, authLength, gathered);
    const begin = Math.max(authFrom, from);
    const end = Math.min(authFrom + authLength, from + length);
    const { u8 } = memory;
    const into = gathered.u8;
    for (let i = begin; i < end; i++) into[i - authFrom] = u8[to + i - from];
  }
}
