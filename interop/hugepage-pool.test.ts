import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runForeign } from './foreign-programs.ts';
import { FORMER, holdLock, lookForProgram, PATIENCE, POOL, recoverHugepages, SOURCE } from './hugepage-pool.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const program = lookForProgram('mount', 'command -v mount');

describe.skipIf(!program.here)(`huge pages that a killed run has taken${program.note}`, () => {
  const folder = new TemporaryFolder();
  let release: () => void = () => {};
  beforeAll(async () => {
    const lock = await holdLock();
    release = () => lock.close();
  }, PATIENCE);
  afterAll(() => release());

  it('are put back, and what it mounted is taken off', () => {
    recoverHugepages();
    const before = readFileSync(POOL, 'utf8');
    const place = folder.at('of a run \\ that was killed');
    mkdirSync(place);
    writeFileSync(FORMER, before.trim());
    writeFileSync(POOL, String(Number(before) + 4));
    runForeign('/', 'mount', ['-t', 'hugetlbfs', SOURCE, place]);

    recoverHugepages();
    expect(readFileSync(POOL, 'utf8')).toBe(before);
    expect(existsSync(FORMER)).toBe(false);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(SOURCE);
    rmdirSync(place);
    // Nothing is to be done twice.
    recoverHugepages();
    expect(readFileSync(POOL, 'utf8')).toBe(before);
  });
});
