/**
 * Programs run to their end while this process goes on, which can so be their server.
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the whole workspace. */
export const TOP: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** A program that the workspace has installed. */
export function tool(name: string): string {
  return join(TOP, 'node_modules/.bin', name);
}

/** How a program ended. */
export interface Run {
  /** Its exit status; −1 when it was killed or did not start. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program gets besides its arguments. */
export interface RunOptions {
  /** Its standard input; default nothing. */
  readonly input?: string;
  /** Variables beside those of this process. */
  readonly env?: Record<string, string>;
}

/** Runs a program in a folder; ends it after 90 seconds. */
export function run(program: string, args: readonly string[], folder: string, options: RunOptions = {}): Promise<Run> {
  const { input = '', env = {} } = options;
  return new Promise((resolve) => {
    const how = { cwd: folder, env: { ...process.env, ...env }, timeout: 90_000, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(program, args, how, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr });
      else resolve({ status: -1, stdout, stderr: `${error.message}\n${stderr}` });
    });
    // A program that does not read all of its input is no error by itself.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
