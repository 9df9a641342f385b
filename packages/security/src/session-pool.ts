import type { Memory } from '@inline-ipsec/eal/memory';
import { Mempool } from '@inline-ipsec/mbuf/mempool';
import { SESSION_PRIVATE } from './session.ts';

/** Where sessions come from: a mempool whose elements hold a session and a driver's private bytes. */
export class SecuritySessionPool {
  readonly memory: Memory;
  /** Bytes that a driver may have in each session. */
  readonly privateBytes: number;
  readonly #pool: Mempool;

  private constructor(memory: Memory, pool: Mempool, privateBytes: number) {
    this.memory = memory;
    this.privateBytes = privateBytes;
    this.#pool = pool;
  }

  /**
   * Reserves room for `count` sessions of a context that wants `privateBytes` in each.
   *
   * @throws SetupError as `Mempool.create` does
   */
  static create(memory: Memory, name: string, count: number, privateBytes: number): SecuritySessionPool {
    const pool = Mempool.create(memory, name, { count, elementBytes: SESSION_PRIVATE + privateBytes, cacheSize: 0 });
    return new SecuritySessionPool(memory, pool, privateBytes);
  }

  /** Sessions that can still be made. */
  get available(): number {
    return this.#pool.availCount;
  }

  /** A zeroed session, or 0 when there is none left. */
  take(): number {
    const session = this.#pool.get();
    if (session !== 0) this.#wipe(session);
    return session;
  }

  /** Gives a session back, wiped: it may have held a key. */
  giveBack(session: number): void {
    this.#wipe(session);
    this.#pool.put(session);
  }

  #wipe(session: number): void {
    this.memory.u8.fill(0, session, session + SESSION_PRIVATE + this.privateBytes);
  }
}
