import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { afterAll, beforeAll } from 'vitest';
import { type ForeignProgram, lookFor, runForeign } from './foreign-programs.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

/** Huge pages for the programs of DPDK, which the system has none of, or which are somebody else's. */

export const POOL = '/proc/sys/vm/nr_hugepages';
/** 512 MiB. */
const PAGES = 256;
/** How many there were before a test took some: it outlives a test that is killed, and the next one puts it right. */
export const FORMER = '/run/ipsec-secgw-huge-pages';
/** Of what the tests mount, in the table of mounts. */
export const SOURCE = 'ipsec-secgw-test';
/** Whoever listens there has the pool: in the abstract name space nothing is left of it when a process dies. */
const LOCK = '\0ipsec-secgw huge pages';
/** Milliseconds that a test waits for the right. */
export const PATIENCE = 300_000;
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
 * its former state afterwards, so only one file of tests has some at a time; others wait. What a killed run has left is
 * put right first.
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
    recoverHugepages();
    const before = readFileSync(POOL, 'utf8').trim();
    // The file is whole, or not there.
    writeFileSync(`${FORMER}.new`, before);
    renameSync(`${FORMER}.new`, FORMER);
    undo.push(() => recoverHugepages());
    writeFileSync(POOL, String(Number(before) + PAGES));
    mkdirSync(huge);
    runForeign('/', 'mount', ['-t', 'hugetlbfs', SOURCE, huge]);
    undo.push(() => spawnSync('umount', [huge]));
    undo.push(() => rmSync(`/var/run/dpdk/${prefix}`, { recursive: true, force: true }));
  }, PATIENCE);

  afterAll(() => {
    for (const step of undo.splice(0).reverse()) step();
  });
  return huge;
}

/** Takes off what tests have mounted, and puts the pool back in the state that it had before them. */
export function recoverHugepages(): void {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [source, place, type] = line.split(' ');
    if (source === SOURCE && type === 'hugetlbfs') spawnSync('umount', ['-l', unescapeMount(place)]);
  }
  if (!existsSync(FORMER)) return;
  writeFileSync(POOL, readFileSync(FORMER, 'utf8'));
  rmSync(FORMER);
}

/** /proc/mounts has white space and backslashes in octal. */
function unescapeMount(place: string): string {
  return place.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** The right to change the pool; waits for it. */
export async function holdLock(): Promise<Server> {
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
