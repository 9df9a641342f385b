/**
 * Crypto devices: engines behind DPDK's life cycle and queue pairs (DPDK: lib/cryptodev).
 *
 * A queue pair has an engine of its own, since an engine belongs to one lcore, and sessions are made in all of them under
 * one number. A job is done when it is enqueued, as DPDK's software drivers do it, and waits in a ring in the memory to be
 * dequeued, in order.
 *
 * What this does not do: session pools (an engine holds its sessions itself), asymmetric crypto, sessionless operations,
 * chained buffers, event or raw-data-path interfaces.
 */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { Ring, ringDequeueBurst, ringEnqueueBurst, ringFreeCount } from '@inline-ipsec/mbuf/ring';
import { type CapabilityIndex, type CapabilityLengths, capabilityHas, capabilityOf } from './capabilities.ts';
import type { CryptoTransform, Engine, EngineCapability, EngineFactory } from './engine.ts';
import { JOB_BYTES } from './job.ts';
import { openEngine } from './known-answer.ts';

/** Symmetric operations (DPDK: `RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO`). */
export const FEATURE_SYMMETRIC: number = 1 << 0;
/** A cipher and an integrity algorithm in one operation (DPDK: `RTE_CRYPTODEV_FF_SYM_OPERATION_CHAINING`). */
export const FEATURE_CHAINING: number = 1 << 2;
/** Out of place between contiguous buffers (DPDK: `RTE_CRYPTODEV_FF_OOP_LB_IN_LB_OUT`). */
export const FEATURE_OOP_LB_IN_LB_OUT: number = 1 << 13;
/** {@link CryptoDevice.process} (DPDK: `RTE_CRYPTODEV_FF_SYM_CPU_CRYPTO`). */
export const FEATURE_SYM_CPU_CRYPTO: number = 1 << 21;

/** The most queue pairs of a device, unless it is made with another limit. */
export const DEFAULT_MAX_QUEUE_PAIRS = 8;

/** What a device is made of. */
export interface CryptoDeviceParts {
  /** Index in the registry. */
  readonly id: number;
  /** `crypto_openssl0`; the rings of its queue pairs are named after it. */
  readonly name: string;
  /** `crypto_openssl`. */
  readonly driver: string;
  readonly memory: Memory;
  readonly createEngine: EngineFactory;
  readonly maxQueuePairs?: number;
}

/** What a device is (DPDK: `struct rte_cryptodev_info`). */
export interface CryptoDeviceInfo {
  readonly driver: string;
  /** The engine behind it. */
  readonly engine: string;
  /** `FEATURE_` bits. */
  readonly featureFlags: number;
  readonly capabilities: readonly EngineCapability[];
  readonly maxQueuePairs: number;
  /** 0: no limit but the engine's own. */
  readonly maxSessions: number;
}

/** Counters of a device since its start or the last reset (DPDK: `struct rte_cryptodev_stats`). */
export interface CryptoDeviceStats {
  readonly enqueuedCount: number;
  readonly dequeuedCount: number;
  /** Jobs that were enqueued and failed. */
  readonly enqueueErrCount: number;
  readonly dequeueErrCount: number;
}

/** The counters of a queue pair: float64 in the memory, written by its lcore only. */
const ENQUEUED = 0;
const DEQUEUED = 1;
const FAILED = 2;
const STATS_BYTES = 64;

class QueuePair {
  readonly engine: Engine;
  readonly ring: Ring;
  readonly stats: Memzone;

  constructor(memory: Memory, name: string, descriptors: number, engine: Engine) {
    this.engine = engine;
    this.ring = Ring.create(memory, name, descriptors, { exactSize: true, singleProducer: true, singleConsumer: true });
    this.stats = memory.reserve(`CS_${name}`, STATS_BYTES);
  }

  release(memory: Memory): void {
    this.ring.free();
    memory.free(this.stats);
  }
}

/** One crypto device. Each queue pair is used by one lcore at a time. */
export class CryptoDevice {
  readonly id: number;
  readonly name: string;
  readonly driver: string;
  readonly #memory: Memory;
  readonly #createEngine: EngineFactory;
  readonly #maxQueuePairs: number;
  /** The engines, the first of them there from the beginning; the others belong to further queue pairs. */
  readonly #engines: Engine[];
  readonly #sessions: Set<number> = new Set();
  #queuePairs: (QueuePair | undefined)[] = [];
  #state: 'stopped' | 'started' | 'closed' = 'stopped';

  /**
   * Opens the engine, with its known-answer tests.
   *
   * @throws SetupError what {@link openEngine} throws
   */
  constructor({ id, name, driver, memory, createEngine, maxQueuePairs = DEFAULT_MAX_QUEUE_PAIRS }: CryptoDeviceParts) {
    this.id = id;
    this.name = name;
    this.driver = driver;
    this.#memory = memory;
    this.#createEngine = createEngine;
    this.#maxQueuePairs = maxQueuePairs;
    this.#engines = [openEngine(createEngine, memory)];
  }

  /** DPDK: `rte_cryptodev_info_get`. */
  info(): CryptoDeviceInfo {
    const { name, capabilities } = this.#engines[0];
    return {
      driver: this.driver,
      engine: name,
      featureFlags: FEATURE_SYMMETRIC | FEATURE_CHAINING | FEATURE_OOP_LB_IN_LB_OUT | FEATURE_SYM_CPU_CRYPTO,
      capabilities,
      maxQueuePairs: this.#maxQueuePairs,
      maxSessions: 0,
    };
  }

  /** How many queue pairs it was configured with (DPDK: `rte_cryptodev_queue_pair_count`). */
  get queuePairCount(): number {
    return this.#queuePairs.length;
  }

  /**
   * Says how many queue pairs there shall be; those that were there before are taken down (DPDK: `rte_cryptodev_configure`).
   *
   * @throws SetupError `ERR_CRYPTODEV_STARTED` (EBUSY), `ERR_CRYPTODEV_QUEUE_PAIRS` (EINVAL) for none or too many
   */
  configure({ queuePairs }: { readonly queuePairs: number }): void {
    this.#requireStopped('configured');
    if (!Number.isInteger(queuePairs) || queuePairs < 1 || queuePairs > this.#maxQueuePairs) {
      throw new SetupError({
        code: 'ERR_CRYPTODEV_QUEUE_PAIRS',
        errno: 'EINVAL',
        message: `crypto device ${this.name} cannot have this number of queue pairs`,
        expected: `1 to ${this.#maxQueuePairs}`,
        got: String(queuePairs),
      });
    }
    this.#releaseQueuePairs();
    this.#queuePairs = new Array(queuePairs).fill(undefined);
  }

  /**
   * Makes a queue pair (DPDK: `rte_cryptodev_queue_pair_setup`).
   *
   * @param descriptors how many jobs it holds between enqueue and dequeue
   * @throws SetupError `ERR_CRYPTODEV_STARTED` (EBUSY), `ERR_CRYPTODEV_QUEUE_PAIR` (EINVAL) for an index that was not
   * configured, `ERR_CRYPTODEV_SESSIONS` (EBUSY) when it needs an engine that the sessions there are could not be copied to,
   * `ERR_RING_COUNT` (EINVAL) for a length of 0
   */
  queuePairSetup(queuePair: number, { descriptors }: { readonly descriptors: number }): void {
    this.#requireStopped('given queue pairs');
    if (!Number.isInteger(queuePair) || queuePair < 0 || queuePair >= this.#queuePairs.length) {
      throw this.#noQueuePair(queuePair);
    }
    this.#openEngines(queuePair + 1);
    this.#queuePairs[queuePair]?.release(this.#memory);
    this.#queuePairs[queuePair] = undefined;
    this.#queuePairs[queuePair] = new QueuePair(
      this.#memory,
      `${this.name}_qp${queuePair}`,
      descriptors,
      this.#engines[queuePair],
    );
  }

  /**
   * Lets jobs in; nothing happens when it is started already (DPDK: `rte_cryptodev_start`).
   *
   * @throws SetupError `ERR_CRYPTODEV_QUEUE_PAIR` (EINVAL) when it is not configured or a queue pair was not set up,
   * `ERR_CRYPTODEV_CLOSED` (ENODEV)
   */
  start(): void {
    this.#requireOpen();
    const missing = this.#queuePairs.indexOf(undefined);
    if (this.#queuePairs.length === 0 || missing >= 0) throw this.#noQueuePair(Math.max(0, missing));
    this.#state = 'started';
  }

  /** Lets no more jobs in or out; those that wait are dropped at the next set-up (DPDK: `rte_cryptodev_stop`). */
  stop(): void {
    if (this.#state === 'started') this.#state = 'stopped';
  }

  /**
   * Ends all sessions and gives its memory back (DPDK: `rte_cryptodev_close`).
   *
   * @throws SetupError `ERR_CRYPTODEV_STARTED` (EBUSY)
   */
  close(): void {
    if (this.#state === 'closed') return;
    this.#requireStopped('closed');
    this.#releaseQueuePairs();
    for (const engine of this.#engines) engine.close();
    this.#sessions.clear();
    this.#state = 'closed';
  }

  /** What it can do with an algorithm (DPDK: `rte_cryptodev_sym_capability_get`). */
  capability(index: CapabilityIndex): EngineCapability | undefined {
    return capabilityOf(this.#engines[0], index);
  }

  /** True when it does an algorithm with these lengths (DPDK: `rte_cryptodev_sym_capability_check_cipher` and others). */
  capabilityCheck(index: CapabilityIndex, lengths: CapabilityLengths): boolean {
    const capability = this.capability(index);
    return capability !== undefined && capabilityHas(capability, lengths);
  }

  /**
   * Makes a session for all queue pairs, present and the same in each (DPDK: `rte_cryptodev_sym_session_create`).
   *
   * @returns the session, for `JOB_SESSION`
   * @throws SetupError what {@link Engine.createSession} throws, `ERR_CRYPTODEV_CLOSED` (ENODEV)
   */
  symSessionCreate(transform: CryptoTransform): number {
    this.#requireOpen();
    const session = this.#engines[0].createSession(transform);
    for (let i = 1; i < this.#engines.length; i++) {
      try {
        // Engines agree on the number, since all of them have the same sessions.
        this.#engines[i].createSession(transform);
      } catch (error) {
        for (let k = 0; k < i; k++) this.#engines[k].destroySession(session);
        throw error;
      }
    }
    this.#sessions.add(session);
    return session;
  }

  /**
   * Ends a session and wipes its keys (DPDK: `rte_cryptodev_sym_session_free`).
   *
   * @throws SetupError `ERR_CRYPTO_SESSION` (EINVAL) when there is no such session, `ERR_CRYPTODEV_CLOSED` (ENODEV)
   */
  symSessionFree(session: number): void {
    this.#requireOpen();
    for (const engine of this.#engines) engine.destroySession(session);
    this.#sessions.delete(session);
  }

  /**
   * Takes jobs and does them (DPDK: `rte_cryptodev_enqueue_burst`). Positions of jobs that follow each other in the memory
   * cost one call of the engine.
   *
   * @param table positions of jobs
   * @returns how many it took, which may be fewer than `n` when its ring is full; the rest stays with the caller. 0 when
   * the device is not started
   */
  enqueueBurst(queuePair: number, table: Uint32Array, n: number): number {
    const pair = this.#state === 'started' ? this.#queuePairs[queuePair] : undefined;
    if (pair === undefined) return 0;
    const memory = this.#memory;
    const { engine } = pair;
    const ring = pair.ring.position;
    const room = ringFreeCount(memory, ring);
    const taken = Math.min(n, room);
    let succeeded = 0;
    for (let first = 0; first < taken; ) {
      let next = first + 1;
      while (next < taken && table[next] === table[next - 1] + JOB_BYTES) next++;
      succeeded += engine.process(table[first], next - first);
      first = next;
    }
    ringEnqueueBurst(memory, ring, table, 0, taken);
    const stats = pair.stats.position >>> 3;
    memory.f64[stats + ENQUEUED] += taken;
    memory.f64[stats + FAILED] += taken - succeeded;
    return taken;
  }

  /**
   * Gives back jobs that are done, in the order in which they were enqueued (DPDK: `rte_cryptodev_dequeue_burst`).
   *
   * @param table where their positions go
   * @returns how many, up to `n`
   */
  dequeueBurst(queuePair: number, table: Uint32Array, n: number): number {
    const pair = this.#state === 'started' ? this.#queuePairs[queuePair] : undefined;
    if (pair === undefined) return 0;
    const given = ringDequeueBurst(this.#memory, pair.ring.position, table, 0, n);
    this.#memory.f64[(pair.stats.position >>> 3) + DEQUEUED] += given;
    return given;
  }

  /**
   * Does `count` jobs that lie one behind the other, at once and without the ring, with the engine of a queue pair
   * (DPDK: `rte_cryptodev_sym_cpu_crypto_process`).
   *
   * @returns how many succeeded; each job has its status. 0 when the device is not started
   */
  process(queuePair: number, jobs: number, count: number): number {
    const pair = this.#state === 'started' ? this.#queuePairs[queuePair] : undefined;
    return pair === undefined ? 0 : pair.engine.process(jobs, count);
  }

  /** The counters of all queue pairs together (DPDK: `rte_cryptodev_stats_get`). */
  stats(): CryptoDeviceStats {
    const { f64 } = this.#memory;
    const sums = [0, 0, 0];
    for (const pair of this.#queuePairs) {
      if (pair === undefined) continue;
      const at = pair.stats.position >>> 3;
      for (let i = 0; i < sums.length; i++) sums[i] += f64[at + i];
    }
    return {
      enqueuedCount: sums[ENQUEUED],
      dequeuedCount: sums[DEQUEUED],
      enqueueErrCount: sums[FAILED],
      dequeueErrCount: 0,
    };
  }

  /** DPDK: `rte_cryptodev_stats_reset`. */
  resetStats(): void {
    for (const pair of this.#queuePairs) {
      if (pair !== undefined) this.#memory.u8.fill(0, pair.stats.position, pair.stats.position + STATS_BYTES);
    }
  }

  #openEngines(count: number): void {
    if (count <= this.#engines.length) return;
    if (this.#sessions.size > 0) {
      throw new SetupError({
        code: 'ERR_CRYPTODEV_SESSIONS',
        errno: 'EBUSY',
        message: `crypto device ${this.name} has sessions, whose keys a new queue pair cannot be given`,
        expected: 'queue pairs first, then sessions',
        got: `${this.#sessions.size} sessions`,
      });
    }
    while (this.#engines.length < count) this.#engines.push(openEngine(this.#createEngine, this.#memory));
  }

  #releaseQueuePairs(): void {
    for (const pair of this.#queuePairs) pair?.release(this.#memory);
    this.#queuePairs = [];
  }

  #requireOpen(): void {
    if (this.#state !== 'closed') return;
    throw new SetupError({
      code: 'ERR_CRYPTODEV_CLOSED',
      errno: 'ENODEV',
      message: `crypto device ${this.name} is closed`,
    });
  }

  #requireStopped(what: string): void {
    this.#requireOpen();
    if (this.#state === 'stopped') return;
    throw new SetupError({
      code: 'ERR_CRYPTODEV_STARTED',
      errno: 'EBUSY',
      message: `crypto device ${this.name} cannot be ${what} while it is started`,
      remedy: 'stop it first',
    });
  }

  #noQueuePair(queuePair: number): SetupError {
    const { length } = this.#queuePairs;
    const known = queuePair < length;
    return new SetupError({
      code: 'ERR_CRYPTODEV_QUEUE_PAIR',
      errno: 'EINVAL',
      message: `crypto device ${this.name} has no queue pair ${queuePair}`,
      expected: length === 0 ? 'configure before' : known ? 'queuePairSetup before' : `0 to ${length - 1}`,
    });
  }
}
