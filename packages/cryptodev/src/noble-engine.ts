/**
 * The engine `noble`: @noble/ciphers and @noble/hashes, in JavaScript only. It runs everywhere, a browser included, and is
 * the reference that the other engines are compared with.
 *
 * Block ciphers, GHASH, Poly1305 and hashes are noble's. GCM, CCM, CTR, CBC and XCBC are put together from them here, so
 * that keys are expanded once a session. It has no DES. What noble does is constant-time only as far as JavaScript and
 * tables of AES allow; tags are compared in constant time.
 *
 * Keys: expanded keys, tables and pads are wiped when a session goes; copies that noble makes of a ChaCha20 key while it
 * works are wiped by noble.
 */
import type { Memory } from '@inline-ipsec/eal/memory';
import { aeadShape } from './_aead-shape.ts';
import { type AuthPart, ChainSession, type CipherPart, chainShape } from './_chain-session.ts';
import { EngineCore, type EngineSession } from './_engine-core.ts';
import { AES_AND_HMAC_CAPABILITIES } from './_library-capabilities.ts';
import { NobleCbc, NobleCtr, NobleXcbc } from './_noble-aes.ts';
import { NobleCcm } from './_noble-ccm.ts';
import { NobleChaCha } from './_noble-chacha.ts';
import { NobleGcm, NobleGmac } from './_noble-gcm.ts';
import { NobleHmac } from './_noble-hmac.ts';
import { Workspace } from './_scratch.ts';
import type { AeadTransform, ChainTransform, Engine, EngineOptions } from './engine.ts';

/**
 * Makes the engine `noble`.
 *
 * @param memory where its jobs and their buffers lie
 */
export function createNobleEngine(memory: Memory, options: EngineOptions = {}): Engine {
  const work = new Workspace(memory);
  return new EngineCore(
    'noble',
    memory,
    AES_AND_HMAC_CAPABILITIES,
    (transform) => (transform.kind === 'aead' ? aeadSession(work, transform) : chainSession(work, transform)),
    options,
  );
}

function aeadSession(work: Workspace, transform: AeadTransform): EngineSession {
  const shape = aeadShape(transform);
  switch (transform.algorithm) {
    case 'aes-gcm':
      return new NobleGcm(work, shape, transform);
    case 'aes-ccm':
      return new NobleCcm(work, shape, transform);
    case 'chacha20-poly1305':
      return new NobleChaCha(work, shape, transform);
  }
}

function chainSession(work: Workspace, transform: ChainTransform): EngineSession {
  return new ChainSession(work, chainShape(transform), cipherPart(work, transform), authPart(work, transform));
}

function cipherPart(work: Workspace, { cipher, direction }: ChainTransform): CipherPart | undefined {
  switch (cipher.algorithm) {
    case 'aes-cbc':
      return new NobleCbc(work, cipher.key, direction === 'encrypt');
    case 'aes-ctr':
      return new NobleCtr(work, cipher.key);
    default:
      return undefined;
  }
}

function authPart(work: Workspace, { auth }: ChainTransform): AuthPart | undefined {
  switch (auth.algorithm) {
    case 'null':
      return undefined;
    case 'aes-gmac':
      return new NobleGmac(work, auth.key);
    case 'aes-xcbc-mac':
      return new NobleXcbc(work, auth.key);
    default:
      return new NobleHmac(work, auth.algorithm, auth.key);
  }
}
