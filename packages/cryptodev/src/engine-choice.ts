/** Which engine serves: the best that opens. */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { Engine, EngineFactory } from './engine.ts';
import { openEngine } from './known-answer.ts';

/** An engine that may be opened. */
export interface EngineCandidate {
  /** As it is asked for: `engine=noble`. */
  readonly name: string;
  readonly create: EngineFactory;
}

/** What {@link chooseEngine} came to. */
export interface EngineChoice {
  readonly engine: Engine;
  /** A line for each better one, which says why it is not the one. */
  readonly refused: readonly string[];
}

/** A candidate that is known by name but not in this build: opening it fails with `ERR_CRYPTO_ENGINE_ABSENT` (ENODEV). */
export function absentEngine(name: string): EngineCandidate {
  return {
    name,
    create: () => {
      throw new SetupError({
        code: 'ERR_CRYPTO_ENGINE_ABSENT',
        errno: 'ENODEV',
        message: `engine ${name} is not in this build`,
      });
    },
  };
}

/**
 * Opens the first engine of a list that opens and answers its known-answer tests.
 *
 * @param candidates the best one first
 * @throws SetupError `ERR_CRYPTO_NO_ENGINE` (ENODEV) when none does; it has all their reasons
 */
export function chooseEngine(memory: Memory, candidates: readonly EngineCandidate[]): EngineChoice {
  const refused: string[] = [];
  for (const { name, create } of candidates) {
    try {
      return { engine: openEngine(create, memory), refused };
    } catch (error) {
      refused.push(`engine ${name} is not used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SetupError({
    code: 'ERR_CRYPTO_NO_ENGINE',
    errno: 'ENODEV',
    message: 'no crypto engine can be opened',
    expected: `one of ${candidates.map(({ name }) => name).join(', ') || 'a list that is empty'}`,
    got: refused.length === 0 ? undefined : refused.join('. '),
  });
}

/**
 * Opens the engine of that name, as `engine=` asks for it.
 *
 * @throws SetupError `ERR_CRYPTO_ENGINE_UNKNOWN` (ENODEV) for a name that is not in the list, and what {@link openEngine}
 * throws
 */
export function openEngineByName(memory: Memory, candidates: readonly EngineCandidate[], name: string): Engine {
  const candidate = candidates.find((known) => known.name === name);
  if (candidate === undefined) {
    throw new SetupError({
      code: 'ERR_CRYPTO_ENGINE_UNKNOWN',
      errno: 'ENODEV',
      message: 'there is no crypto engine of this name',
      expected: candidates.map((known) => known.name).join(', '),
      got: name,
    });
  }
  return openEngine(candidate.create, memory);
}
