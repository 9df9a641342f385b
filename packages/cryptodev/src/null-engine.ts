import type { Memory } from '@inline-ipsec/eal/memory';
import { ChainSession, chainShape } from './_chain-session.ts';
import { EngineCore } from './_engine-core.ts';
import { NULL_CAPABILITIES } from './_library-capabilities.ts';
import { Workspace } from './_scratch.ts';
import type { Engine, EngineOptions } from './engine.ts';

/**
 * Makes the engine `null`: NULL cipher and NULL integrity, which copy (RFC 2410; DPDK: crypto_null). For tests and
 * measurements of everything around the crypto. It allocates nothing per job.
 *
 * @param memory where its jobs and their buffers lie
 */
export function createNullEngine(memory: Memory, options: EngineOptions = {}): Engine {
  const work = new Workspace(memory);
  return new EngineCore(
    'null',
    memory,
    NULL_CAPABILITIES,
    (transform) => {
      if (transform.kind === 'aead') throw new TypeError(`engine null does not have ${transform.algorithm}`);
      return new ChainSession(work, chainShape(transform), undefined, undefined);
    },
    options,
  );
}
