import type { Memory } from '@inline-ipsec/eal/memory';
import { type JobShape, jobIsSound } from './_job-check.ts';
import { SessionTable } from './_session-table.ts';
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
  readonly #sessions: SessionTable<EngineSession>;

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
    this.#sessions = new SessionTable(this, options.maxSessions);
  }

  createSession(transform: CryptoTransform): number {
    return this.#sessions.add(transform, () => this.#open(transform));
  }

  destroySession(session: number): void {
    this.#sessions.remove(session).wipe();
  }

  process(jobs: number, count: number): number {
    const { u32, bytes } = this.memory;
    if (jobs === 0 || (jobs & 3) !== 0 || jobs + count * JOB_BYTES > bytes) return 0;
    const sessions = this.#sessions.entries;
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
    this.#sessions.close((entry) => entry.wipe());
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
