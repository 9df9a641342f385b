/** AEADs by EVP, in a context that is kept. */
import { aeadShape } from '../_aead-shape.ts';
import type { EngineSession } from '../_engine-core.ts';
import type { JobShape } from '../_job-check.ts';
import { copyIn, copyOut, Scratch } from '../_scratch.ts';
import type { AeadTransform } from '../engine.ts';
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
  STATUS_ERROR,
  STATUS_SUCCESS,
} from '../job.ts';
import type { Evp } from './_evp.ts';

const BLOCK = 16;

/** AES-GCM, AES-CCM or ChaCha20-Poly1305. */
export class EvpAead implements EngineSession {
  readonly shape: JobShape;
  readonly #evp: Evp;
  readonly #release: boolean;
  readonly #ccm: boolean;
  #context: number;
  readonly #final: (context: number) => boolean;
  /** CCM gives nothing out that it could not authenticate: CTR does, from a copy of what came in. */
  #counter = 0;
  readonly #copy: Scratch = new Scratch(0);

  constructor(evp: Evp, transform: AeadTransform) {
    const { algorithm, key, direction, ivBytes, tagBytes } = transform;
    const encrypt = direction === 'encrypt';
    this.shape = aeadShape(transform);
    this.#evp = evp;
    this.#release = transform.unverified === 'release';
    this.#ccm = algorithm === 'aes-ccm';
    const name = opensslName(algorithm, key.length);
    this.#context = evp.cipherContext(name, key, encrypt, this.#ccm ? { ivBytes, tagBytes } : undefined);
    this.#final = finalOf(evp, algorithm);
    if (this.#ccm && !encrypt && this.#release) {
      this.#counter = evp.cipherContext(opensslName('aes-ctr', key.length), key, true);
    }
  }

  run(job: number): number {
    const { u8, u32 } = this.#evp.memory;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const aadLength = u32[at + (JOB_AAD_LENGTH >> 2)];
    const tag = u32[at + (JOB_TAG >> 2)];
    const iv = u32[at + (JOB_IV >> 2)];
    // What is empty may lie anywhere, so it is put to a place that is there.
    const from = length === 0 ? tag : u32[at + (JOB_SOURCE >> 2)] + offset;
    const to = length === 0 ? tag : u32[at + (JOB_DESTINATION >> 2)] + offset;
    if (this.#counter !== 0) copyIn(this.#evp.memory, from, length, this.#copy);
    const done = this.#process(from, to, length, u32[at + (JOB_AAD >> 2)], aadLength, iv, tag);
    if (done) return STATUS_SUCCESS;
    this.#evp.forgetErrors();
    if (this.shape.encrypt) return STATUS_ERROR;
    if (length !== 0) {
      if (!this.#release) u8.fill(0, to, to + length);
      else if (this.#ccm) this.#decipher(to, length, iv);
    }
    return STATUS_AUTH_FAILED;
  }

  wipe(): void {
    const { call } = this.#evp;
    this.#copy.wipe();
    call.EVP_CIPHER_CTX_free(this.#context);
    if (this.#counter !== 0) call.EVP_CIPHER_CTX_free(this.#counter);
    this.#context = 0;
    this.#counter = 0;
  }

  #process(from: number, to: number, length: number, aad: number, aadLength: number, iv: number, tag: number): boolean {
    const evp = this.#evp;
    const { base, block } = evp;
    const { EVP_Cipher, EVP_CipherUpdate, EVP_EncryptInit_ex2, EVP_DecryptInit_ex2, EVP_CIPHER_CTX_get_params } =
      evp.call;
    const context = this.#context;
    const { encrypt, tagBytes } = this.shape;
    if (encrypt) {
      if (EVP_EncryptInit_ex2(context, 0, 0, base + iv, 0) !== 1) return false;
    } else if (EVP_DecryptInit_ex2(context, 0, 0, base + iv, evp.tagParams(tag, tagBytes)) !== 1) return false;
    // The whole length, which CCM wants to know first. EVP_Cipher says it in OpenSSL 3.0 only; in 3.5 that is the end.
    if (this.#ccm && EVP_CipherUpdate(context, 0, base + block, 0, length) !== 1) return false;
    if (aadLength !== 0 && EVP_Cipher(context, 0, base + aad, aadLength) < 0) return false;
    if ((length !== 0 || this.#ccm) && EVP_Cipher(context, base + to, base + from, length) < 0) return false;
    if (!this.#final(context)) return false;
    return !encrypt || EVP_CIPHER_CTX_get_params(context, evp.tagParams(tag, tagBytes)) === 1;
  }

  /** CCM without its MAC is CTR from counter block 1 on (NIST SP 800-38C section A.3). */
  #decipher(to: number, length: number, iv: number): void {
    const { memory, call, base, block } = this.#evp;
    copyOut(this.#copy, memory, to, length);
    const { ivBytes } = this.shape;
    memory.u8.fill(0, block, block + BLOCK);
    memory.u8[block] = 14 - ivBytes;
    memory.u8.copyWithin(block + 1, iv, iv + ivBytes);
    memory.u8[block + BLOCK - 1] = 1;
    call.EVP_EncryptInit_ex2(this.#counter, 0, 0, base + block, 0);
    call.EVP_Cipher(this.#counter, base + to, base + to, length);
  }
}

/** What comes after the message: the cheapest call that makes or verifies the tag. CCM has done so before. */
function finalOf({ call, base, block }: Evp, algorithm: AeadTransform['algorithm']): (context: number) => boolean {
  const { EVP_Cipher, EVP_CipherFinal_ex } = call;
  switch (algorithm) {
    case 'aes-gcm':
      return (context) => EVP_Cipher(context, 0, 0, 0) >= 0;
    case 'aes-ccm':
      return () => true;
    case 'chacha20-poly1305':
      return (context) => EVP_CipherFinal_ex(context, base + block, base + block + BLOCK) === 1;
  }
}

/** `aes-gcm` with a key of 16 bytes is `AES-128-GCM`. */
export function opensslName(algorithm: string, keyBytes: number): string {
  return algorithm.startsWith('aes-') ? `AES-${8 * keyBytes}-${algorithm.slice(4).toUpperCase()}` : 'ChaCha20-Poly1305';
}
