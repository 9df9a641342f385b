/**
 * The engine `openssl`: the OpenSSL inside Node.
 *
 * With koffi and native memory it is called by its EVP interface as the Node binary exports it: a context is made once for
 * a session and kept. Otherwise it is node:crypto, which makes new objects and buffers for every packet.
 *
 * It has what this Node's OpenSSL offers: in a build with fewer algorithms its capabilities are fewer. XCBC is put together
 * from AES-CBC. OpenSSL 3 keeps DES in its legacy provider: by EVP that is loaded for this engine alone, and not for the
 * process; by node:crypto it is 3DES with one key three times (FIPS 46-3, keying option 3).
 *
 * Keys: by EVP, OpenSSL clears them when the session goes. By node:crypto they are copied into key objects of Node, which
 * gives their memory back, cleared, when the garbage collector comes to them and not at once.
 */
import { getCiphers, getHashes } from 'node:crypto';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { aeadShape } from '../_aead-shape.ts';
import { type AuthPart, ChainSession, type CipherPart, chainShape } from '../_chain-session.ts';
import { EngineCore, type EngineSession } from '../_engine-core.ts';
import { AES_AND_HMAC_CAPABILITIES, DES_CAPABILITIES } from '../_library-capabilities.ts';
import { Workspace } from '../_scratch.ts';
import type { ChainTransform, CryptoTransform, Engine, EngineCapability, EngineOptions } from '../engine.ts';
import { Evp } from './_evp.ts';
import { EvpAead } from './_evp-aead.ts';
import { EvpChain } from './_evp-chain.ts';
import { loadKoffi } from './_koffi.ts';
import { OpensslAead } from './_openssl-aead.ts';
import { OpensslCipher, OpensslGmac, OpensslHmac, OpensslXcbc } from './_openssl-chain.ts';

/**
 * Makes the engine `openssl`, by EVP where that can be had and otherwise by node:crypto.
 *
 * @param memory where its jobs and their buffers lie
 */
export function createOpensslEngine(memory: Memory, options: EngineOptions = {}): Engine {
  if (memory.address !== 0) {
    try {
      return createEvpEngine(memory, options);
    } catch (error) {
      // Without koffi, or in a Node without these functions, node:crypto does the same, only slower.
      if (!(error instanceof SetupError && (error.code === 'ERR_CRYPTO_KOFFI' || error.code === 'ERR_CRYPTO_EVP'))) {
        throw error;
      }
    }
  }
  return createNodeCryptoEngine(memory, options);
}

/**
 * Makes the engine `openssl` by EVP.
 *
 * @param memory native memory
 * @throws SetupError `ERR_CRYPTO_KOFFI`, `ERR_CRYPTO_EVP` (ENODEV)
 */
export function createEvpEngine(memory: Memory, options: EngineOptions = {}): Engine {
  return new EvpEngine(new Evp(memory, loadKoffi()), options);
}

class EvpEngine extends EngineCore {
  readonly #evp: Evp;

  constructor(evp: Evp, options: EngineOptions) {
    const open = (transform: CryptoTransform): EngineSession =>
      transform.kind === 'aead' ? new EvpAead(evp, transform) : new EvpChain(evp, transform);
    super('openssl', evp.memory, offered(), open, options);
    this.#evp = evp;
  }

  override close(): void {
    super.close();
    this.#evp.close();
  }
}

/** Makes the engine `openssl` by node:crypto. */
export function createNodeCryptoEngine(memory: Memory, options: EngineOptions = {}): Engine {
  const work = new Workspace(memory);
  return new EngineCore(
    'openssl',
    memory,
    offered(),
    (transform): EngineSession =>
      transform.kind === 'aead'
        ? new OpensslAead(memory, aeadShape(transform), transform)
        : new ChainSession(work, chainShape(transform), cipherPart(work, transform), authPart(work, transform)),
    options,
  );
}

/** What OpenSSL calls what an algorithm needs. */
const NEEDS: Record<EngineCapability['algorithm'], readonly string[]> = {
  null: [],
  'aes-gcm': ['aes-128-gcm', 'aes-192-gcm', 'aes-256-gcm'],
  'aes-ccm': ['aes-128-ccm', 'aes-192-ccm', 'aes-256-ccm', 'aes-128-ctr', 'aes-192-ctr', 'aes-256-ctr'],
  'chacha20-poly1305': ['chacha20-poly1305'],
  'aes-cbc': ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc'],
  'aes-ctr': ['aes-128-ctr', 'aes-192-ctr', 'aes-256-ctr'],
  '3des-cbc': ['des-ede3-cbc'],
  'des-cbc': ['des-ede3-cbc'],
  'hmac-sha1': ['sha1'],
  'hmac-sha256': ['sha256'],
  'hmac-sha384': ['sha384'],
  'hmac-sha512': ['sha512'],
  'aes-gmac': ['aes-128-gcm', 'aes-192-gcm', 'aes-256-gcm'],
  'aes-xcbc-mac': ['aes-128-ecb', 'aes-128-cbc'],
};

function offered(): EngineCapability[] {
  const names = new Set([...getCiphers(), ...getHashes()]);
  return [...AES_AND_HMAC_CAPABILITIES, ...DES_CAPABILITIES].filter(({ algorithm }) =>
    NEEDS[algorithm].every((name) => names.has(name)),
  );
}

function cipherPart(work: Workspace, { cipher, direction }: ChainTransform): CipherPart | undefined {
  const { algorithm, key, ivBytes } = cipher;
  const encrypting = direction === 'encrypt';
  switch (algorithm) {
    case 'null':
      return undefined;
    case '3des-cbc':
      return new OpensslCipher(work, 'des-ede3-cbc', key, ivBytes, encrypting);
    case 'des-cbc': {
      const thrice = Uint8Array.of(...key, ...key, ...key);
      const part = new OpensslCipher(work, 'des-ede3-cbc', thrice, ivBytes, encrypting);
      thrice.fill(0);
      return part;
    }
    case 'aes-cbc':
      return new OpensslCipher(work, `aes-${8 * key.length}-cbc`, key, ivBytes, encrypting);
    case 'aes-ctr':
      return new OpensslCipher(work, `aes-${8 * key.length}-ctr`, key, ivBytes, encrypting);
  }
}

function authPart(work: Workspace, { auth }: ChainTransform): AuthPart | undefined {
  switch (auth.algorithm) {
    case 'null':
      return undefined;
    case 'aes-gmac':
      return new OpensslGmac(work, auth.key);
    case 'aes-xcbc-mac':
      return new OpensslXcbc(work, auth.key);
    default:
      return new OpensslHmac(work, auth.algorithm.slice('hmac-'.length), auth.key);
  }
}
