import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { afterAll, beforeAll } from 'vitest';
import { type ForeignProgram, lookFor, runForeign } from './foreign-programs.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

/** Huge pages for the programs of DPDK, which the system has none of, or which are somebody else's. */

const POOL = '/proc/sys/vm/nr_hugepages';
/** 512 MiB. */
const PAGES = 256;
/** Whoever listens there has the pool: in the abstract name space nothing is left of it when a process dies. */
const LOCK = '\0ipsec-secgw huge pages';
const PATIENCE = 300_000;
const PAUSE = 200;

/** The right to have some, and a program that wants them: beside a processor for the cards, which it does not wait for. */
export function lookForProgram(name: string, test: string): ForeignProgram {
  const missing = noSystemCalls();
  if (missing !== undefined) return { here: false, note: ` (skipped: ${missing.message})` };
  const script = `test -w ${POOL} && test $(nproc) -ge 2 && ${test}`;
  return lookFor(`${name}, root, two processors and a pool of huge pages`, 'sh', '-c', script);
}

/**
 * For the tests of a `describe`: some huge pages more than there were, in a hugetlbfs of their own. The pool is put back in
 * its former state afterwards, so only one file of tests has some at a time; others wait.
 *
 * @param prefix `--file-prefix` of the programs, of which nothing is left either
 * @returns the folder: `--huge-dir`
 */
export function hugepagePool(folder: TemporaryFolder, prefix: string): string {
  const huge = folder.at('huge');
  const undo: (() => unknown)[] = [];

  beforeAll(async () => {
    const lock = await holdLock();
    undo.push(() => lock.close());
    const before = readFileSync(POOL, 'utf8').trim();
    undo.push(() => writeFileSync(POOL, before));
    writeFileSync(POOL, String(Number(before) + PAGES));
    mkdirSync(huge);
    runForeign('/', 'mount', ['-t', 'hugetlbfs', 'none', huge]);
    undo.push(() => spawnSync('umount', [huge]));
    undo.push(() => rmSync(`/var/run/dpdk/${prefix}`, { recursive: true, force: true }));
  }, PATIENCE);

  afterAll(() => {
    for (const step of undo.splice(0).reverse()) step();
  });
  return huge;
}

async function holdLock(): Promise<Server> {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const server = await new Promise<Server | undefined>((resolve) => {
      const candidate = createServer();
      candidate.on('error', () => resolve(undefined));
      candidate.listen(LOCK, () => resolve(candidate));
    });
    if (server !== undefined) return server;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  throw new Error('other tests have the huge pages for too long');
}
