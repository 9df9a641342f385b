import { spawnSync } from 'node:child_process';

/** The programs of others that judge ours, and what is said when one is missing. */

/** Debian's scapy belongs to Debian's Python. */
export const PYTHON = '/usr/bin/python3';

/** A program that tests need. */
export interface ForeignProgram {
  readonly here: boolean;
  /** For the name of a test: nothing when it is here, else why the test is skipped. */
  readonly note: string;
}

/**
 * Looks for a program by running it.
 *
 * @param name as it stands in the note
 * @param command program and arguments that end with status 0 where it is installed
 */
export function lookFor(name: string, ...command: readonly [string, ...string[]]): ForeignProgram {
  const [program, ...words] = command;
  const here = spawnSync(program, words, { timeout: 60_000 }).status === 0;
  if (!here) console.warn(`no ${name} on this machine: its tests are skipped`);
  return { here, note: here ? '' : ` (skipped: no ${name})` };
}

/**
 * Runs a program to its end and gives what it printed.
 *
 * @throws Error with what it said, when it ends with another status than 0
 */
export function runForeign(folder: string, program: string, words: readonly string[], input?: string): string {
  const { status, signal, stdout, stderr, error } = spawnSync(program, words, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
    ...(input === undefined ? {} : { input }),
  });
  if (status === 0) return stdout;
  throw new Error(`${program} ended with ${status ?? signal ?? error?.message}:\n${stderr}`);
}
