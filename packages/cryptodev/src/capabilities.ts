/** What an engine can do, and why it cannot do the rest. */
import { SetupError } from '@inline-ipsec/eal/errors';
import type {
  AeadAlgorithm,
  AuthAlgorithm,
  CipherAlgorithm,
  CryptoTransform,
  Engine,
  EngineCapability,
  LengthRange,
} from './engine.ts';

/** The part of an engine that these functions look at. */
export type Capable = Pick<Engine, 'name' | 'capabilities'>;

/** Names one algorithm, as `kind` and `algorithm` of a capability (DPDK: `struct rte_cryptodev_sym_capability_idx`). */
export type CapabilityIndex =
  | { readonly kind: 'aead'; readonly algorithm: AeadAlgorithm }
  | { readonly kind: 'cipher'; readonly algorithm: CipherAlgorithm }
  | { readonly kind: 'auth'; readonly algorithm: AuthAlgorithm };

/** Lengths in bytes to be checked against a capability; those that are left out are not checked. */
export interface CapabilityLengths {
  readonly key?: number;
  readonly iv?: number;
  readonly tag?: number;
}

const LENGTHS = ['key', 'iv', 'tag'] as const;

/** True when a length lies in the range and on one of its steps; step 0 allows every length between the ends. */
export function inRange({ min, max, step }: LengthRange, bytes: number): boolean {
  return bytes >= min && bytes <= max && (step === 0 || (bytes - min) % step === 0);
}

/** What an engine can do with an algorithm, undefined if nothing (DPDK: `rte_cryptodev_sym_capability_get`). */
export function capabilityOf(engine: Capable, index: CapabilityIndex): EngineCapability | undefined {
  return engine.capabilities.find(({ kind, algorithm }) => kind === index.kind && algorithm === index.algorithm);
}

/**
 * True when a capability has all the lengths that are given
 * (DPDK: `rte_cryptodev_sym_capability_check_cipher`, `_auth` and `_aead`).
 */
export function capabilityHas(capability: EngineCapability, lengths: CapabilityLengths): boolean {
  return LENGTHS.every((what) => {
    const bytes = lengths[what];
    const range = rangeOf(capability, what);
    return bytes === undefined || (range !== undefined && inRange(range, bytes));
  });
}

/** True when the engine can make a session of this transform. */
export function supports(engine: Capable, transform: CryptoTransform): boolean {
  return unsupported(engine, transform) === undefined;
}

/**
 * Why the engine cannot make a session of this transform, or undefined when it can.
 *
 * @returns a SetupError `ERR_CRYPTO_UNSUPPORTED` (ENOTSUP), to be thrown or printed, that names algorithm, length and limit
 */
export function unsupported(engine: Capable, transform: CryptoTransform): SetupError | undefined {
  if (transform.kind === 'aead') {
    const { algorithm, key, ivBytes, tagBytes } = transform;
    return lacking(engine, { kind: 'aead', algorithm }, { key: key.length, iv: ivBytes, tag: tagBytes });
  }
  const { cipher, auth } = transform;
  if (auth.algorithm === 'aes-gmac' && cipher.algorithm !== 'null') {
    return new SetupError({
      code: 'ERR_CRYPTO_UNSUPPORTED',
      errno: 'ENOTSUP',
      message: 'aes-gmac stands alone, since a job has one IV',
      expected: 'cipher null',
      got: cipher.algorithm,
      remedy: 'for encryption with integrity use aes-gcm',
    });
  }
  return (
    lacking(engine, { kind: 'cipher', algorithm: cipher.algorithm }, { key: cipher.key.length, iv: cipher.ivBytes }) ??
    lacking(engine, { kind: 'auth', algorithm: auth.algorithm }, { key: auth.key.length, tag: auth.tagBytes })
  );
}

function lacking(engine: Capable, index: CapabilityIndex, lengths: CapabilityLengths): SetupError | undefined {
  const capability = capabilityOf(engine, index);
  if (capability === undefined) {
    const has = engine.capabilities.filter(({ kind }) => kind === index.kind).map(({ algorithm }) => algorithm);
    return new SetupError({
      code: 'ERR_CRYPTO_UNSUPPORTED',
      errno: 'ENOTSUP',
      message: `engine ${engine.name} does not have ${index.algorithm}`,
      expected: has.length === 0 ? `no ${index.kind} at all` : has.join(', '),
      remedy: 'use another engine or another algorithm',
    });
  }
  for (const what of LENGTHS) {
    const bytes = lengths[what];
    const range = rangeOf(capability, what);
    if (bytes === undefined || (range !== undefined && inRange(range, bytes))) continue;
    return new SetupError({
      code: 'ERR_CRYPTO_UNSUPPORTED',
      errno: 'ENOTSUP',
      message: `engine ${engine.name} does not do ${index.algorithm} with this length of ${what}`,
      expected: range === undefined ? 'none' : describe(range),
      got: `${bytes} bytes`,
    });
  }
  return undefined;
}

function rangeOf(capability: EngineCapability, what: keyof CapabilityLengths): LengthRange | undefined {
  if (what === 'iv') return capability.kind === 'auth' ? undefined : capability.iv;
  if (what === 'tag') return capability.kind === 'cipher' ? undefined : capability.tag;
  return capability.key;
}

function describe({ min, max, step }: LengthRange): string {
  if (min === max) return `${min} bytes`;
  return step > 1 ? `${min} to ${max} bytes in steps of ${step}` : `${min} to ${max} bytes`;
}
