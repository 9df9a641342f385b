import { Memory } from '@inline-ipsec/eal/memory';
import { JobBench } from './_job-bench.ts';
import type { AuthAlgorithm, CryptoDirection, CryptoTransform, Engine, EngineFactory, LengthRange } from './engine.ts';

/** What a case came to when it did not fail. */
export interface ConformanceOutcome {
  /** How many answers were compared. */
  readonly checked: number;
  /** What the engine does not do, each by name and reason. */
  readonly notApplicable: readonly string[];
}

/** One case of the suite. */
export interface ConformanceCase {
  /** What must hold, as a sentence. */
  readonly name: string;
  /**
   * Puts the case to an engine.
   *
   * @param create makes the engine; it is closed at the end
   * @param memory where it shall work, with half a megabyte free. Default: a memory of its own
   * @throws Error when it does not hold, with what was expected and what was got
   */
  run(create: EngineFactory, memory?: Memory): ConformanceOutcome;
}

/** A case over an open engine and a bench for its jobs. */
export function engineCase(
  name: string,
  check: (engine: Engine, bench: JobBench) => ConformanceOutcome | number,
): ConformanceCase {
  return {
    name,
    run: (create, memory = Memory.create({ bytes: 0x20_0000 })) => {
      const engine = create(memory);
      const bench = new JobBench(engine);
      try {
        const outcome = check(engine, bench);
        return typeof outcome === 'number' ? { checked: outcome, notApplicable: [] } : outcome;
      } finally {
        bench.close();
        engine.close();
      }
    },
  };
}

/** Bytes that are no pattern, the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = Math.imul(seed + 1, 0x9e37_79b1) | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

/** A transform for both directions, and what its jobs need. */
export interface Sample {
  readonly name: string;
  readonly encrypt: CryptoTransform;
  readonly decrypt: CryptoTransform;
  /** What the cipher length is a multiple of. */
  readonly block: number;
  readonly iv: Uint8Array;
  readonly tagBytes: number;
  /** The cipher range may be empty. */
  readonly mayBeEmpty: boolean;
}

/** What ESP takes where a range leaves a choice. */
const ESP_IV: Readonly<Record<string, number>> = { 'aes-ccm': 11 };
const ESP_TAG: Readonly<Record<string, number>> = {
  'hmac-sha1': 12,
  'hmac-sha256': 16,
  'hmac-sha384': 24,
  'hmac-sha512': 32,
};
const ESP_KEY: Readonly<Record<string, number>> = {
  'hmac-sha1': 20,
  'hmac-sha256': 32,
  'hmac-sha384': 48,
  'hmac-sha512': 64,
};
const BLOCK: Readonly<Record<string, number>> = { 'aes-cbc': 16, '3des-cbc': 8, 'des-cbc': 8 };
/** The integrity algorithms that ciphers are paired with; the others are tried with NULL. */
const PARTNERS: readonly AuthAlgorithm[] = ['null', 'hmac-sha1', 'hmac-sha256', 'aes-xcbc-mac'];

/** A transform for each algorithm, key length and usual pair that an engine claims. */
export function samplesOf(engine: Engine): Sample[] {
  const samples: Sample[] = [];
  const none = new Uint8Array(0);
  const add = (name: string, make: (direction: CryptoDirection) => CryptoTransform): void => {
    const encrypt = make('encrypt');
    const aead = encrypt.kind === 'aead';
    const cipher = aead ? 'aead' : encrypt.cipher.algorithm;
    const gmac = !aead && encrypt.auth.algorithm === 'aes-gmac';
    samples.push({
      name,
      encrypt,
      decrypt: make('decrypt'),
      block: BLOCK[cipher] ?? 1,
      iv: noise(gmac ? 12 : aead ? encrypt.ivBytes : encrypt.cipher.ivBytes, samples.length),
      tagBytes: aead ? encrypt.tagBytes : encrypt.auth.tagBytes,
      mayBeEmpty: aead || cipher === 'null',
    });
  };
  const auths = engine.capabilities.filter((capability) => capability.kind === 'auth');
  for (const capability of engine.capabilities) {
    const { algorithm } = capability;
    for (const keyBytes of lengths(capability.key, ESP_KEY[algorithm])) {
      const key = noise(keyBytes, keyBytes);
      if (capability.kind === 'aead') {
        const ivBytes = ESP_IV[algorithm] ?? capability.iv.max;
        for (const tagBytes of new Set([capability.tag.max, capability.tag.min])) {
          add(`${algorithm} with a key of ${keyBytes} and a tag of ${tagBytes} bytes`, (direction) => {
            return { kind: 'aead', direction, algorithm: capability.algorithm, key, ivBytes, tagBytes };
          });
        }
        continue;
      }
      if (capability.kind === 'auth') {
        const tagBytes = ESP_TAG[algorithm] ?? capability.tag.max;
        add(`null with ${algorithm} and a key of ${keyBytes} bytes`, (direction) => {
          return {
            kind: 'chain',
            direction,
            cipher: { algorithm: 'null', key: none, ivBytes: 0 },
            auth: { algorithm: capability.algorithm, key, tagBytes },
          };
        });
        continue;
      }
      if (algorithm === 'null') continue;
      for (const auth of auths.filter((known) => PARTNERS.includes(known.algorithm))) {
        const authKey = noise(ESP_KEY[auth.algorithm] ?? auth.key.max, 99);
        const tagBytes = ESP_TAG[auth.algorithm] ?? auth.tag.max;
        add(`${algorithm} with a key of ${keyBytes} bytes and ${auth.algorithm}`, (direction) => {
          return {
            kind: 'chain',
            direction,
            cipher: { algorithm: capability.algorithm, key, ivBytes: capability.iv.max },
            auth: { algorithm: auth.algorithm, key: authKey, tagBytes },
          };
        });
      }
    }
  }
  return samples;
}

function lengths({ min, max, step }: LengthRange, usual: number | undefined): number[] {
  if (usual !== undefined) return [usual];
  const all: number[] = [];
  for (let n = min; n <= max; n += Math.max(1, step)) all.push(n);
  return all;
}
