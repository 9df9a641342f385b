/** ChaCha20-Poly1305 (RFC 8439; RFC 7634 for ESP) by noble. */
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { EngineSession } from './_engine-core.ts';
import type { JobShape } from './_job-check.ts';
import { copyIn, copyOut, type Workspace, writeTag } from './_scratch.ts';
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

const TAG_BYTES = 16;

/** ChaCha20-Poly1305 with a nonce of 12 bytes. */
export class NobleChaCha implements EngineSession {
  readonly shape: JobShape;
  readonly #work: Workspace;
  readonly #key: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #release: boolean;

  constructor(work: Workspace, shape: JobShape, { key, unverified }: AeadTransform) {
    this.shape = shape;
    this.#work = work;
    this.#key = new Uint8Array(key);
    this.#nonce = work.iv.u8.subarray(0, 12);
    this.#release = unverified === 'release';
  }

  run(job: number): number {
    const { memory, data, gathered, iv } = this.#work;
    const { u8, u32 } = memory;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const from = u32[at + (JOB_SOURCE >> 2)] + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const aad = u32[at + (JOB_AAD >> 2)];
    const tagAt = u32[at + (JOB_TAG >> 2)];
    copyIn(memory, u32[at + (JOB_IV >> 2)], 12, iv);
    const cipher = chacha20poly1305(this.#key, this.#nonce, u8.subarray(aad, aad + u32[at + (JOB_AAD_LENGTH >> 2)]));
    data.ensure(length + TAG_BYTES);
    if (this.shape.encrypt) {
      const out = data.u8.subarray(0, length + TAG_BYTES);
      cipher.encrypt(u8.subarray(from, from + length), out);
      copyOut(data, memory, to, length);
      writeTag(out.subarray(length), u8, tagAt, TAG_BYTES);
      return STATUS_SUCCESS;
    }
    gathered.ensure(length + TAG_BYTES);
    copyIn(memory, from, length, gathered);
    for (let i = 0; i < TAG_BYTES; i++) gathered.u8[length + i] = u8[tagAt + i];
    const out = data.u8.subarray(0, length);
    try {
      cipher.decrypt(gathered.u8.subarray(0, length + TAG_BYTES), out);
    } catch {
      // Lengths have been checked, so the tag is all that it can object to.
      if (this.#release) {
        chacha20(this.#key, this.#nonce, gathered.u8.subarray(0, length), out, 1);
        copyOut(data, memory, to, length);
      } else if (length !== 0) u8.fill(0, to, to + length);
      return STATUS_AUTH_FAILED;
    }
    copyOut(data, memory, to, length);
    return STATUS_SUCCESS;
  }

  wipe(): void {
    this.#key.fill(0);
  }
}
