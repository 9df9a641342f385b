import { SetupError } from '@inline-ipsec/eal/errors';
import { unsupported } from './capabilities.ts';
import type { CryptoTransform, EngineCapability } from './engine.ts';

/** The sessions of an engine by number. A new one gets the smallest number that is free. */
export class SessionTable<Session> {
  /** Session 0 does not exist, so that a job that was never filled in names none. */
  readonly entries: (Session | undefined)[] = [undefined];
  readonly #engine: { readonly name: string; readonly capabilities: readonly EngineCapability[] };
  readonly #maxSessions: number;
  /** No number below this one is free. */
  #free = 1;
  #closed = false;

  constructor(
    engine: { readonly name: string; readonly capabilities: readonly EngineCapability[] },
    maxSessions: number = 0x1_0000,
  ) {
    this.#engine = engine;
    this.#maxSessions = maxSessions;
  }

  /**
   * Makes a session.
   *
   * @param open makes what is kept of it; the number is taken only when it does not throw
   * @throws SetupError as `Engine.createSession` does
   */
  add(transform: CryptoTransform, open: (session: number) => Session): number {
    const { name } = this.#engine;
    if (this.#closed) {
      throw new SetupError({
        code: 'ERR_CRYPTO_CLOSED',
        errno: 'EINVAL',
        message: `engine ${name} has been closed`,
        remedy: 'open another one',
      });
    }
    const reason = unsupported(this.#engine, transform);
    if (reason !== undefined) throw reason;
    const { entries } = this;
    let session = this.#free;
    while (entries[session] !== undefined) session++;
    if (session > this.#maxSessions) {
      throw new SetupError({
        code: 'ERR_CRYPTO_SESSIONS',
        errno: 'ENOMEM',
        message: `engine ${name} has no room for another session`,
        expected: `at most ${this.#maxSessions}`,
        remedy: 'destroy sessions that are not used',
      });
    }
    entries[session] = open(session);
    this.#free = session + 1;
    return session;
  }

  /**
   * Takes a session out.
   *
   * @throws SetupError as `Engine.destroySession` does
   */
  remove(session: number): Session {
    const entry = this.entries[session];
    if (entry === undefined) {
      throw new SetupError({
        code: 'ERR_CRYPTO_SESSION',
        errno: 'EINVAL',
        message: `engine ${this.#engine.name} has no such session`,
        got: String(session),
        remedy: 'destroy a session once, by the number that createSession gave',
      });
    }
    this.entries[session] = undefined;
    this.#free = Math.min(this.#free, session);
    return entry;
  }

  /** Takes all sessions out and lets no more in. */
  close(end: (entry: Session) => void): void {
    for (const entry of this.entries) if (entry !== undefined) end(entry);
    this.entries.length = 1;
    this.#free = 1;
    this.#closed = true;
  }
}
