/**
 * The engine `openssl`: the OpenSSL inside Node, through node:crypto.
 *
 * It has what this Node's OpenSSL offers: in a build with fewer algorithms its capabilities are fewer. XCBC is put together
 * from AES-CBC, and DES is 3DES with one key three times (FIPS 46-3, keying option 3), because OpenSSL 3 keeps DES itself
 * in its legacy provider. node:crypto makes new objects and buffers for every packet.
 *
 * Keys: they are copied into key objects of Node, which gives their memory back, cleared, when the garbage collector
 * comes to them and not at once. What OpenSSL holds inside is not wiped from here.
 */
import { getCiphers, getHashes } from 'node:crypto';
import type { Memory } from '@inline-ipsec/eal/memory';
import { aeadShape } from '../_aead-shape.ts';
import { type AuthPart, ChainSession, type CipherPart, chainShape } from '../_chain-session.ts';
import { EngineCore, type EngineSession } from '../_engine-core.ts';
import { AES_AND_HMAC_CAPABILITIES, DES_CAPABILITIES } from '../_library-capabilities.ts';
import { Workspace } from '../_scratch.ts';
import type { ChainTransform, Engine, EngineCapability, EngineOptions } from '../engine.ts';
import { OpensslAead } from './_openssl-aead.ts';
import { OpensslCipher, OpensslGmac, OpensslHmac, OpensslXcbc } from './_openssl-chain.ts';

/**
 * Makes the engine `openssl`.
 *
 * @param memory where its jobs and their buffers lie
 */
export function createOpensslEngine(memory: Memory, options: EngineOptions = {}): Engine {
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
