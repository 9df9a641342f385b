/** What a session of libIPSec_MB writes into its jobs. */
import { aeadShape } from '../_aead-shape.ts';
import { chainShape } from '../_chain-session.ts';
import type { JobShape } from '../_job-check.ts';
import type { AeadTransform, AuthAlgorithm, ChainTransform, CipherAlgorithm, CryptoTransform } from '../engine.ts';
import type { KeyPlaces } from './_ipsec-mb-keys.ts';
import {
  AUTH_AES_CCM,
  AUTH_AES_GMAC,
  AUTH_AES_GMAC_128,
  AUTH_AES_GMAC_192,
  AUTH_AES_GMAC_256,
  AUTH_AES_XCBC,
  AUTH_CHACHA20_POLY1305,
  AUTH_HMAC_SHA_1,
  AUTH_HMAC_SHA_256,
  AUTH_HMAC_SHA_384,
  AUTH_HMAC_SHA_512,
  AUTH_NULL,
  CCM_MAX_AAD,
  CIPHER_CBC,
  CIPHER_CCM,
  CIPHER_CHACHA20_POLY1305,
  CIPHER_CNTR,
  CIPHER_DES,
  CIPHER_DES3,
  CIPHER_GCM,
  CIPHER_NULL,
  MAX_LANE_BYTES,
  ORDER_CIPHER_HASH,
  ORDER_HASH_CIPHER,
} from './_ipsec-mb-layout.ts';
import type { JobKind, JobShapes } from './_ipsec-mb-shapes.ts';
import { STRAIGHT_TAG_BYTES } from './_ipsec-mb-straight.ts';

/** A session as the engine holds it. */
export interface IpsecMbSession {
  readonly aead: boolean;
  readonly encrypt: boolean;
  readonly shape: JobShape;
  readonly keys: KeyPlaces;
  /** The shapes of a job that does all of it, only ciphers, only makes the tag; 0 when there is none. */
  readonly whole: number;
  readonly ciphering: number;
  readonly tagging: number;
  /** The library writes its tag to the slot's own place, from where it is compared or copied. */
  readonly ownTag: boolean;
  /** Its ordinary jobs may go by the straight path. */
  readonly straight: boolean;
  /** After a failed tag the deciphered bytes are handed on. */
  readonly release: boolean;
  /** The longest AAD that one job can have; -1 when no job does all of it. */
  readonly aadMax: number;
  /** The longest cipher range of one job that does all of it. */
  readonly lengthMax: number;
  /** The longest auth range. */
  readonly authMax: number;
  /** Counter mode, whose counter must not run over within a job. */
  readonly counter: boolean;
  readonly gmac: boolean;
}

const ANY = 0x7fff_ffff;

/** What a transform asks of the library. */
export function sessionOf(transform: CryptoTransform, keys: KeyPlaces, shapes: JobShapes): IpsecMbSession {
  return transform.kind === 'aead' ? aeadSession(transform, keys, shapes) : chainSession(transform, keys, shapes);
}

const AEADS: Readonly<Record<AeadTransform['algorithm'], readonly [mode: number, hash: number]>> = {
  'aes-gcm': [CIPHER_GCM, AUTH_AES_GMAC],
  'aes-ccm': [CIPHER_CCM, AUTH_AES_CCM],
  'chacha20-poly1305': [CIPHER_CHACHA20_POLY1305, AUTH_CHACHA20_POLY1305],
};

function aeadSession(transform: AeadTransform, keys: KeyPlaces, shapes: JobShapes): IpsecMbSession {
  const { algorithm, key, ivBytes, tagBytes } = transform;
  const encrypt = transform.direction === 'encrypt';
  const ccm = algorithm === 'aes-ccm';
  const [cipherMode, hashAlgorithm] = AEADS[algorithm];
  const ownTag = !encrypt;
  // CCM's tag is over the plaintext.
  const order = encrypt !== ccm ? ORDER_CIPHER_HASH : ORDER_HASH_CIPHER;
  const whole: JobKind = {
    aead: true,
    encrypt,
    order,
    cipherMode,
    keyBytes: key.length,
    ivBytes,
    hashAlgorithm,
    tagBytes,
    ownTag,
  };
  const parts: { encrypt: true; order: number; keyBytes: number; ivBytes: number } = {
    encrypt: true,
    order: ORDER_CIPHER_HASH,
    keyBytes: key.length,
    ivBytes: 16,
  };
  // The library has no CCM with a key of 24 bytes: it is put together from its CTR and its CBC.
  const composed = ccm && key.length === 24;
  return {
    aead: true,
    encrypt,
    shape: aeadShape(transform),
    keys,
    whole: composed ? 0 : shapes.of(whole),
    ciphering: ccm ? shapes.of({ ...parts, cipherMode: CIPHER_CNTR }) : 0,
    tagging: ccm ? shapes.of({ ...parts, cipherMode: CIPHER_CBC }) : 0,
    ownTag,
    straight: algorithm === 'aes-gcm' && tagBytes === STRAIGHT_TAG_BYTES,
    release: transform.unverified === 'release',
    aadMax: composed ? -1 : ccm ? CCM_MAX_AAD : ANY,
    lengthMax: composed ? -1 : ccm ? MAX_LANE_BYTES : ANY,
    authMax: ANY,
    counter: false,
    gmac: false,
  };
}

const CIPHERS: Readonly<Record<CipherAlgorithm, number>> = {
  null: CIPHER_NULL,
  'aes-cbc': CIPHER_CBC,
  'aes-ctr': CIPHER_CNTR,
  '3des-cbc': CIPHER_DES3,
  'des-cbc': CIPHER_DES,
};

/** The hash algorithm, and the lengths of tag that the library writes. */
const AUTHS: Readonly<Record<AuthAlgorithm, readonly [hash: number, ...tags: number[]]>> = {
  null: [AUTH_NULL, 0],
  'hmac-sha1': [AUTH_HMAC_SHA_1, 12, 20],
  'hmac-sha256': [AUTH_HMAC_SHA_256, 16, 32],
  'hmac-sha384': [AUTH_HMAC_SHA_384, 24, 48],
  'hmac-sha512': [AUTH_HMAC_SHA_512, 32, 64],
  'aes-gmac': [0, 16],
  'aes-xcbc-mac': [AUTH_AES_XCBC, 12],
};

const GMACS: Readonly<Record<number, number>> = {
  16: AUTH_AES_GMAC_128,
  24: AUTH_AES_GMAC_192,
  32: AUTH_AES_GMAC_256,
};

function chainSession(transform: ChainTransform, keys: KeyPlaces, shapes: JobShapes): IpsecMbSession {
  const { cipher, auth } = transform;
  const encrypt = transform.direction === 'encrypt';
  const gmac = auth.algorithm === 'aes-gmac';
  const ciphers = cipher.algorithm !== 'null';
  const tags = auth.algorithm !== 'null';
  const [hash, ...lengths] = AUTHS[auth.algorithm];
  const written = lengths.find((length) => length >= auth.tagBytes) ?? 0;
  const ownTag = tags && (!encrypt || written !== auth.tagBytes);
  const order = encrypt ? ORDER_CIPHER_HASH : ORDER_HASH_CIPHER;
  const cipherKind = {
    encrypt,
    order,
    cipherMode: CIPHERS[cipher.algorithm],
    keyBytes: cipher.key.length,
    ivBytes: ciphers ? cipher.ivBytes : 0,
  };
  const hashKind = {
    hashAlgorithm: gmac ? GMACS[auth.key.length] : hash,
    tagBytes: written,
    ownTag,
    ...(gmac ? { hashIvBytes: 12 } : {}),
  };
  const base = chainShape(transform);
  const inLanes = ciphers && cipher.algorithm !== 'aes-ctr';
  return {
    aead: false,
    encrypt,
    shape: inLanes ? { ...base, cipherMax: MAX_LANE_BYTES } : base,
    keys,
    whole: ciphers || tags ? shapes.of({ ...cipherKind, ...hashKind }) : 0,
    ciphering: ciphers ? shapes.of(cipherKind) : 0,
    tagging: tags ? shapes.of({ encrypt, order, ...hashKind }) : 0,
    ownTag,
    straight: false,
    release: false,
    aadMax: -1,
    lengthMax: ANY,
    authMax: tags && !gmac ? MAX_LANE_BYTES : ANY,
    counter: cipher.algorithm === 'aes-ctr',
    gmac,
  };
}
