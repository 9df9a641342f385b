/** Options of the EAL that exclude or need each other (DPDK: `eal_check_common_options`). */
import type { EalSettings } from './options.ts';

/** What is wrong with a combination, and what to do. */
interface Conflict {
  readonly message: string;
  readonly remedy: string;
}

/**
 * Looks for one thing that cannot be.
 *
 * @param given the options that were given, by the first of their long names, as they were written
 */
type ConflictRule = (given: ReadonlyMap<string, string>, settings: Readonly<EalSettings>) => Conflict | undefined;

/** Two options, by the first of their long names, that cannot be given together. */
function exclusive(one: string, other: string): ConflictRule {
  return (given) => {
    const first = given.get(one);
    const second = given.get(other);
    if (first === undefined || second === undefined) return undefined;
    return { message: `options ${first} and ${second} exclude each other`, remedy: 'leave out one of them' };
  };
}

/** An option that makes no sense once the settings are so. */
function useless(option: string, when: (settings: Readonly<EalSettings>) => boolean, because: string): ConflictRule {
  return (given, settings) => {
    const spelled = given.get(option);
    if (spelled === undefined || !when(settings)) return undefined;
    return { message: `option ${spelled} cannot be given ${because}`, remedy: `leave out ${spelled}` };
  };
}

/** All rules; the first that finds something is reported. */
export const CONFLICTS: readonly ConflictRule[] = [
  exclusive('service-coremask', 'service-corelist'),
  exclusive('allow', 'block'),
  exclusive('no-auto-probing', 'block'),
  exclusive('memory-size', 'socket-mem'),
  exclusive('no-huge', 'socket-mem'),
  exclusive('no-huge', 'huge-unlink'),
  exclusive('no-huge', 'match-allocations'),
  exclusive('legacy-mem', 'in-memory'),
  exclusive('legacy-mem', 'match-allocations'),
  exclusive('legacy-mem', 'socket-limit'),
  exclusive('telemetry', 'no-telemetry'),
  useless('in-memory', ({ hugeUnlink }) => hugeUnlink === 'never', 'with --huge-unlink=never'),
  useless('single-file-segments', unlinks, 'with --huge-unlink'),
  useless('match-allocations', unlinks, 'with --huge-unlink'),
];

function unlinks({ hugeUnlink, inMemory }: Readonly<EalSettings>): boolean {
  return hugeUnlink === 'always' && !inMemory;
}
