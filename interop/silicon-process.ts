import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { COMMAND } from './gateway-process.ts';

/** `ipsec-secgw silicon` as a process, with a program of somebody else's on its cards. */

/** Milliseconds for whatever is waited for. */
const PATIENCE = 60_000;
const PAUSE = 20;

/** How it ended. */
export interface SiliconEnding {
  readonly status: number | null;
  /** What both streams said, the command's among it. */
  readonly said: string;
}

/** One that runs, for one test: it is ended with it. */
export class SiliconProcess {
  /** Settles when it has ended and its output is complete. */
  readonly ended: Promise<SiliconEnding>;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #said = '';
  #over = false;

  /** @param words options of its own, `--`, and the command */
  constructor(folder: string, words: readonly string[]) {
    this.#folder = folder;
    const child = spawn(COMMAND, ['silicon', ...words], { cwd: folder, stdio: 'pipe' });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    // Whoever has ended reads no more.
    child.stdin.on('error', () => {});
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => {
        this.#over = true;
        resolve({ status, said: this.#said });
      });
    });
    onTestFinished(async () => {
      if (this.#over) return;
      child.kill('SIGTERM');
      await this.ended;
    });
  }

  get said(): string {
    return this.#said;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Is typed to the command. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  signal(name: 'SIGINT' | 'SIGTERM'): void {
    this.#child.kill(name);
  }

  /** Waits until it has said `text` at least `times` times. */
  async hasSaid(text: string, times = 1): Promise<void> {
    await this.until(`“${text}”`, () => this.#said.split(text).length > times);
  }

  /** Waits until a capture that it writes has so many bytes. */
  async hasWritten(name: string, bytes: number): Promise<void> {
    await this.until(`${bytes} bytes of ${name}`, () => this.bytesOf(name) >= bytes);
  }

  bytesOf(name: string): number {
    return statSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Waits for something. */
  async until(what: string, here: () => boolean): Promise<void> {
    for (const end = Date.now() + PATIENCE; !here(); ) {
      if (this.#over) throw new Error(`it ended without ${what}:\n${this.#said}`);
      if (Date.now() > end) throw new Error(`no ${what}, and it said:\n${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
