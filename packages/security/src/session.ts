import type { Memory } from '@inline-ipsec/eal/memory';
import type { SecuritySession as OpaqueSession } from '@inline-ipsec/ethdev/security-context';

/**
 * Where the fields of a session lie: bytes from its position. Behind them are the driver's private bytes
 * (DPDK: `struct rte_security_session`).
 */

/** u32: the application's own (DPDK: `opaque_data`). */
export const SESSION_USERDATA = 0;
/** u32: first word of the metadata that a packet gets without asking the driver (DPDK: `fast_mdata`). */
export const SESSION_FAST_METADATA = 8;
/** Where the driver's private bytes begin. */
export const SESSION_PRIVATE = 64;

/** A security session: a place in the memory, and nothing else. */
export class SecuritySession implements OpaqueSession {
  readonly position: number;
  readonly #memory: Memory;

  constructor(memory: Memory, position: number) {
    this.#memory = memory;
    this.position = position;
  }

  /** What the application gave at creation (DPDK: `rte_security_session_opaque_data_get`). */
  get userdata(): number {
    return this.#memory.u32[(this.position + SESSION_USERDATA) >> 2];
  }

  set userdata(value: number) {
    this.#memory.u32[(this.position + SESSION_USERDATA) >> 2] = value;
  }
}
