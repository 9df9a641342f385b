import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { absentEngine } from '@inline-ipsec/cryptodev/engine-choice';
import { openEngine } from '@inline-ipsec/cryptodev/known-answer';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createNullEngine } from '@inline-ipsec/cryptodev/null-engine';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { Platform } from '../gateway/start-gateway.ts';

/** An engine as the benchmark knows it. */
export interface BenchEngine {
  readonly name: string;
  readonly create: EngineFactory;
  /** The vdev of DPDK's that serves with the same library. */
  readonly vdev: string;
}

/** The engines of a platform: the one without crypto, then the best one first. */
export function benchEngines({ engines = {} }: Pick<Platform, 'engines'>): BenchEngine[] {
  const { ipsecMb = absentEngine('ipsec-mb').create, openssl = absentEngine('openssl').create } = engines;
  return [
    { name: 'null', create: createNullEngine, vdev: 'crypto_null0' },
    { name: 'ipsec-mb', create: ipsecMb, vdev: 'crypto_aesni_gcm0' },
    { name: 'openssl', create: openssl, vdev: 'crypto_openssl0' },
    { name: 'noble', create: createNobleEngine, vdev: 'crypto_noble0' },
  ];
}

/** Why an engine cannot be measured here; undefined when it can. */
export function whyClosed({ create }: BenchEngine, memory: Memory): string | undefined {
  try {
    openEngine(create, memory).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
