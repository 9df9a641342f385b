/** HMAC (RFC 2104) by noble, with the key hashed once a session. */
import { _HMAC } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { AuthPart } from './_chain-session.ts';
import type { ByteSpace, Workspace } from './_scratch.ts';
import type { AuthAlgorithm } from './engine.ts';

type KeyedHash = InstanceType<typeof _HMAC>;

function keyedHash(algorithm: AuthAlgorithm, key: Uint8Array): KeyedHash {
  switch (algorithm) {
    case 'hmac-sha1':
      return new _HMAC(sha1, key);
    case 'hmac-sha256':
      return new _HMAC(sha256, key);
    case 'hmac-sha384':
      return new _HMAC(sha384, key);
    default:
      return new _HMAC(sha512, key);
  }
}

/** One HMAC key. */
export class NobleHmac implements AuthPart {
  readonly #work: Workspace;
  readonly #keyed: KeyedHash;
  readonly #running: KeyedHash;

  constructor(work: Workspace, algorithm: AuthAlgorithm, key: Uint8Array) {
    this.#work = work;
    this.#keyed = keyedHash(algorithm, key);
    this.#running = this.#keyed.clone();
  }

  compute(bytes: ByteSpace, at: number, length: number): void {
    const running = this.#keyed._cloneInto(this.#running);
    running.update(bytes.u8.subarray(at, at + length));
    running.digestInto(this.#work.tag.u8);
  }

  wipe(): void {
    this.#keyed.destroy();
    this.#running.destroy();
  }
}
