import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { type JobShape, jobIsSound } from './_job-check.ts';
import { unsupported } from './capabilities.ts';
import type { CryptoTransform, Engine, EngineCapability, EngineOptions } from './engine.ts';
import {
  JOB_BYTES,
  JOB_SESSION,
  JOB_STATUS,
  STATUS_ERROR,
  STATUS_INVALID_ARGS,
  STATUS_INVALID_SESSION,
  STATUS_SUCCESS,
} from './job.ts';

/** One session as an engine holds it. */
export interface EngineSession {
  readonly shape: JobShape;
  /** Does a job that has been checked against the shape; gives its status. May throw where the library does. */
  run(job: number): number;
  /** Overwrites every key that JavaScript can reach. */
  wipe(): void;
}

/** What engines over a JavaScript-callable library have in common: the table of sessions, checks, and statuses. */
export class EngineCore implements Engine {
  readonly name: string;
  readonly memory: Memory;
  readonly capabilities: readonly EngineCapability[];
  readonly #open: (transform: CryptoTransform) => EngineSession;
  readonly #maxSessions: number;
  // Session 0 does not exist, so that a job that was never filled in names none.
  #sessions: (EngineSession | undefined)[] = [undefined];
  /** No number below this one is free. */
  #free = 1;
  #closed = false;

  constructor(
    name: string,
    memory: Memory,
    capabilities: readonly EngineCapability[],
    open: (transform: CryptoTransform) => EngineSession,
    options: EngineOptions = {},
  ) {
    this.name = name;
    this.memory = memory;
    this.capabilities = capabilities;
    this.#open = open;
    this.#maxSessions = options.maxSessions ?? 0x1_0000;
  }

  createSession(transform: CryptoTransform): number {
    if (this.#closed) {
      throw new SetupError({
        code: 'ERR_CRYPTO_CLOSED',
        errno: 'EINVAL',
        message: `engine ${this.name} has been closed`,
        remedy: 'open another one',
      });
    }
    const reason = unsupported(this, transform);
    if (reason !== undefined) throw reason;
    const sessions = this.#sessions;
    let session = this.#free;
    while (sessions[session] !== undefined) session++;
    if (session > this.#maxSessions) {
      throw new SetupError({
        code: 'ERR_CRYPTO_SESSIONS',
        errno: 'ENOMEM',
        message: `engine ${this.name} has no room for another session`,
        expected: `at most ${this.#maxSessions}`,
        remedy: 'destroy sessions that are not used',
      });
    }
    sessions[session] = this.#open(transform);
    this.#free = session + 1;
    return session;
  }

  destroySession(session: number): void {
    const entry = this.#sessions[session];
    if (entry === undefined) {
      throw new SetupError({
        code: 'ERR_CRYPTO_SESSION',
        errno: 'EINVAL',
        message: `engine ${this.name} has no such session`,
        got: String(session),
        remedy: 'destroy a session once, by the number that createSession gave',
      });
    }
    this.#sessions[session] = undefined;
    this.#free = Math.min(this.#free, session);
    entry.wipe();
  }

  process(jobs: number, count: number): number {
    const { u32, bytes } = this.memory;
    if (jobs === 0 || (jobs & 3) !== 0 || jobs + count * JOB_BYTES > bytes) return 0;
    const sessions = this.#sessions;
    let succeeded = 0;
    for (let i = 0, job = jobs; i < count; i++, job += JOB_BYTES) {
      const number = u32[(job + JOB_SESSION) >> 2];
      const session = number < sessions.length ? sessions[number] : undefined;
      let status = STATUS_INVALID_SESSION;
      if (session !== undefined) {
        status = jobIsSound(u32, bytes, job, session.shape) ? guarded(session, job) : STATUS_INVALID_ARGS;
      }
      u32[(job + JOB_STATUS) >> 2] = status;
      if (status === STATUS_SUCCESS) succeeded++;
    }
    return succeeded;
  }

  close(): void {
    for (const entry of this.#sessions) entry?.wipe();
    this.#sessions = [undefined];
    this.#free = 1;
    this.#closed = true;
  }
}

/** The data path does not throw, whatever the library does. */
function guarded(session: EngineSession, job: number): number {
  try {
    return session.run(job);
  } catch {
    return STATUS_ERROR;
  }
}
