import { JOB_BYTES } from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';

/** Bytes kept for the nonce of each job. */
export const NONCE_BYTES = 16;

/** The crypto jobs of one lcore's burst, and behind them a place for the nonce of each. */
export class JobTable {
  /** Position of the first job. */
  readonly jobs: number;
  /** Position of the first nonce. */
  readonly nonces: number;

  /** The table of that name in the memory, made with room for `capacity` jobs if it is not there yet. */
  constructor(memory: Memory, name: string, capacity: number) {
    const zone = memory.lookup(name) ?? memory.reserve(name, capacity * (JOB_BYTES + NONCE_BYTES));
    this.jobs = zone.position;
    this.nonces = zone.position + capacity * JOB_BYTES;
  }
}
