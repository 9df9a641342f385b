/** AEADs by node:crypto. A key object cannot be wiped, only let go of. */
import {
  type CipherCCMTypes,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { EngineSession } from '../_engine-core.ts';
import type { JobShape } from '../_job-check.ts';
import { writeTag } from '../_scratch.ts';
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
  STATUS_SUCCESS,
} from '../job.ts';

interface Lengths {
  plaintextLength: number;
}

interface Sealer {
  setAAD(aad: Uint8Array, lengths: Lengths): unknown;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
}

interface Opener {
  setAAD(aad: Uint8Array, lengths: Lengths): unknown;
  setAuthTag(tag: Uint8Array): unknown;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

/** One AEAD of OpenSSL under one key. */
interface Aead {
  seal(nonce: Uint8Array): Sealer;
  open(nonce: Uint8Array): Opener;
  /** Deciphers without looking at the tag, where OpenSSL itself gives nothing out before it has. */
  decipher?(nonce: Uint8Array, data: Uint8Array): Uint8Array;
}

/** AES-GCM by key bytes. */
export const GCM_CIPHERS: Readonly<Record<number, CipherGCMTypes>> = {
  16: 'aes-128-gcm',
  24: 'aes-192-gcm',
  32: 'aes-256-gcm',
};

const CCM_CIPHERS: Readonly<Record<number, CipherCCMTypes>> = {
  16: 'aes-128-ccm',
  24: 'aes-192-ccm',
  32: 'aes-256-ccm',
};

function aeadOf({ algorithm, key: bytes, tagBytes }: AeadTransform): Aead {
  const key = createSecretKey(bytes);
  const options = { authTagLength: tagBytes };
  if (algorithm === 'aes-gcm') {
    const name = GCM_CIPHERS[bytes.length];
    return {
      seal: (nonce) => createCipheriv(name, key, nonce, options),
      open: (nonce) => createDecipheriv(name, key, nonce, options),
    };
  }
  if (algorithm === 'aes-ccm') {
    const name = CCM_CIPHERS[bytes.length];
    return {
      seal: (nonce) => createCipheriv(name, key, nonce, options),
      open: (nonce) => createDecipheriv(name, key, nonce, options),
      decipher: (nonce, data) => decipherCcm(key, bytes.length, nonce, data),
    };
  }
  return {
    seal: (nonce) => createCipheriv('chacha20-poly1305', key, nonce, options),
    open: (nonce) => createDecipheriv('chacha20-poly1305', key, nonce, options),
  };
}

/** CCM without its MAC is CTR from counter block 1 on (NIST SP 800-38C section A.3). */
function decipherCcm(key: KeyObject, keyBytes: number, nonce: Uint8Array, data: Uint8Array): Uint8Array {
  const counter = new Uint8Array(16);
  counter[0] = 14 - nonce.length;
  counter.set(nonce, 1);
  counter[15] = 1;
  return createCipheriv(`aes-${8 * keyBytes}-ctr`, key, counter).update(data);
}

/** AES-GCM, AES-CCM or ChaCha20-Poly1305. */
export class OpensslAead implements EngineSession {
  readonly shape: JobShape;
  readonly #memory: Memory;
  readonly #release: boolean;
  readonly #lengths: Lengths = { plaintextLength: 0 };
  readonly #aead: Aead;

  constructor(memory: Memory, shape: JobShape, transform: AeadTransform) {
    this.#memory = memory;
    this.shape = shape;
    this.#release = transform.unverified === 'release';
    this.#aead = aeadOf(transform);
  }

  run(job: number): number {
    const aead = this.#aead;
    const { u8, u32 } = this.#memory;
    const { ivBytes, tagBytes, encrypt } = this.shape;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const from = u32[at + (JOB_SOURCE >> 2)] + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const aad = u32[at + (JOB_AAD >> 2)];
    const aadLength = u32[at + (JOB_AAD_LENGTH >> 2)];
    const iv = u32[at + (JOB_IV >> 2)];
    const tagAt = u32[at + (JOB_TAG >> 2)];
    const nonce = u8.subarray(iv, iv + ivBytes);
    const data = u8.subarray(from, from + length);
    this.#lengths.plaintextLength = length;
    if (encrypt) {
      const sealer = aead.seal(nonce);
      if (aadLength !== 0) sealer.setAAD(u8.subarray(aad, aad + aadLength), this.#lengths);
      const enciphered = sealer.update(data);
      sealer.final();
      if (length !== 0) u8.set(enciphered, to);
      writeTag(sealer.getAuthTag(), u8, tagAt, tagBytes);
      return STATUS_SUCCESS;
    }
    const opener = aead.open(nonce);
    opener.setAuthTag(u8.subarray(tagAt, tagAt + tagBytes));
    if (aadLength !== 0) opener.setAAD(u8.subarray(aad, aad + aadLength), this.#lengths);
    let deciphered = opener.update(data);
    try {
      opener.final();
    } catch {
      if (length !== 0) {
        if (this.#release) {
          if (aead.decipher !== undefined) deciphered = aead.decipher(nonce, data);
          u8.set(deciphered, to);
        } else u8.fill(0, to, to + length);
      }
      return STATUS_AUTH_FAILED;
    }
    if (length !== 0) u8.set(deciphered, to);
    return STATUS_SUCCESS;
  }

  wipe(): void {}
}
