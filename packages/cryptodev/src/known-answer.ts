/** Engines prove themselves before they are used. */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { JobBench } from './_job-bench.ts';
import { KNOWN_ANSWERS } from './_known-answers.ts';
import type { Engine, EngineFactory } from './engine.ts';
import { readVectors } from './vector.ts';

/**
 * Opens an engine and has it answer the known-answer tests: every algorithm that it claims, with every AES key length, both
 * directions, in place and out of place, and a spoiled tag that must be found. It takes a few milliseconds.
 *
 * @throws SetupError `ERR_CRYPTO_SELF_TEST` (EIO), the engine closed again, when an answer is wrong, or when it claims an
 * algorithm to which there is no answer here; and what the engine itself throws when it cannot be opened
 */
export function openEngine(create: EngineFactory, memory: Memory): Engine {
  const engine = create(memory);
  try {
    checkEngine(engine);
  } catch (cause) {
    engine.close();
    throw cause;
  }
  return engine;
}

/**
 * Puts the known-answer tests to an engine that has no sessions yet.
 *
 * @throws SetupError `ERR_CRYPTO_SELF_TEST` (EIO)
 */
export function checkEngine(engine: Engine): void {
  const bench = new JobBench(engine);
  const answered = new Set<string>();
  try {
    for (const json of KNOWN_ANSWERS) {
      const { source, vectors } = readVectors(json);
      for (const vector of vectors) {
        try {
          if (bench.answer(vector) === undefined) answered.add(vector.algorithm);
        } catch (cause) {
          throw refused(engine, vector.algorithm, `${source}, ${vector.name}: ${reasonOf(cause)}`, cause);
        }
      }
    }
  } finally {
    bench.close();
  }
  for (const { algorithm } of engine.capabilities) {
    if (!answered.has(algorithm)) throw refused(engine, algorithm, 'it has no answer to compare with', undefined);
  }
}

function refused(engine: Engine, algorithm: string, got: string, cause: unknown): SetupError {
  return new SetupError({
    code: 'ERR_CRYPTO_SELF_TEST',
    errno: 'EIO',
    message: `engine ${engine.name} failed its self-test of ${algorithm}`,
    got,
    remedy: 'use another engine; its library is broken or not the one that it was written for',
    cause,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
