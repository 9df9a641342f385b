import { type Errno, SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { SecurityContext } from '@inline-ipsec/ethdev/security-context';
import {
  findCapability,
  type SecurityCapability,
  type SecurityCapabilityIndex,
  type SecurityLimits,
} from './capabilities.ts';
import { securityMetadataField } from './packet-metadata.ts';
import { SESSION_FAST_METADATA, SESSION_PRIVATE, SESSION_USERDATA, SecuritySession } from './session.ts';
import type { SecuritySessionConfiguration, SecurityStatistics } from './session-configuration.ts';
import type { SecuritySessionPool } from './session-pool.ts';

/** What a driver puts behind a security context (DPDK: `struct rte_security_ops`). A session is its position. */
export interface SecurityOperations {
  /** Bytes that the driver wants in each session (DPDK: `session_get_size`). */
  readonly sessionPrivateBytes: number;
  readonly capabilities: readonly SecurityCapability[];
  readonly limits?: SecurityLimits;
  /** Fills the session's private bytes. Throws a SetupError when it cannot be offloaded, and leaves nothing behind. */
  sessionCreate(session: number, configuration: SecuritySessionConfiguration): void;
  /** Undoes what creation and flow rules did for the session. */
  sessionDestroy(session: number): void;
  sessionUpdate?(session: number, configuration: SecuritySessionConfiguration): void;
  sessionStatistics?(session: number): SecurityStatistics;
  /** Data path: writes the mbuf's metadata. Returns 0, or −1 when the packet is none that can be offloaded. */
  setPacketMetadata?(session: number, mbuf: number): number;
  /** The same for `mbufs[first]` to `mbufs[end − 1]`. Returns how many have it. Without it they are done one by one. */
  setPacketMetadataBurst?(session: number, mbufs: Uint32Array, first: number, end: number): number;
}

/** How a context treats metadata. */
export interface PortSecurityOptions {
  /** Every session has one constant word of metadata: packets get it without asking the driver (DPDK: `RTE_SEC_CTX_F_FAST_SET_MDATA`). */
  readonly fastMetadata?: boolean;
}

/**
 * The security context of a port: sessions made and ended, capabilities, packet metadata (DPDK: librte_security over
 * `struct rte_security_ctx`).
 */
export class PortSecurity implements SecurityContext {
  readonly #memory: Memory;
  readonly #operations: SecurityOperations;
  readonly #fastMetadata: boolean;
  readonly #field: number;
  readonly #sessions = new Map<number, SecuritySessionPool>();

  /**
   * @param operations the driver's; one that it has not got refuses with ENOTSUP
   * @throws SetupError `ERR_SECURITY_OPERATIONS` (EINVAL) without operations
   */
  constructor(memory: Memory, operations: SecurityOperations, options: PortSecurityOptions = {}) {
    if (operations === undefined || operations === null) {
      throw refusal('ERR_SECURITY_OPERATIONS', 'EINVAL', 'a security context needs what its driver does', {
        expected: 'the operations of a driver',
        remedy: 'leave the context out for a port that cannot offload security',
      });
    }
    this.#memory = memory;
    this.#operations = operations;
    this.#fastMetadata = options.fastMetadata ?? false;
    this.#field = securityMetadataField(memory);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Bytes of a session of this context, the driver's included (DPDK: `rte_security_session_get_size`). */
  get sessionBytes(): number {
    return SESSION_PRIVATE + this.sessionPrivateBytes;
  }

  /** Bytes that a pool for this context needs in each session for the driver. */
  get sessionPrivateBytes(): number {
    return this.#operations.sessionPrivateBytes ?? 0;
  }

  /** All that can be offloaded (DPDK: `rte_security_capabilities_get`). */
  get capabilities(): readonly SecurityCapability[] {
    return this.#operations.capabilities ?? [];
  }

  /** How much of it at once. */
  get limits(): SecurityLimits {
    return this.#operations.limits ?? {};
  }

  /** The first capability that fits, or undefined (DPDK: `rte_security_capability_get`). */
  capability(index: SecurityCapabilityIndex): SecurityCapability | undefined {
    if (index === undefined || index === null) return undefined;
    return findCapability(this.capabilities, index);
  }

  /**
   * Makes a session (DPDK: `rte_security_session_create`).
   *
   * @throws SetupError `ERR_SECURITY_POOL` (EINVAL) when there is no pool or its elements are too small,
   * `ERR_SECURITY_CONFIGURATION` (EINVAL) without a configuration, `ERR_SECURITY_SESSIONS` (ENOMEM) when the pool is empty,
   * `ERR_SECURITY_UNSUPPORTED` (ENOTSUP) when the driver makes none, or what the driver says
   */
  sessionCreate(configuration: SecuritySessionConfiguration, pool: SecuritySessionPool): SecuritySession {
    if (this.#operations.sessionCreate === undefined) {
      throw unsupported('make sessions', 'use a session that is not offloaded');
    }
    if (configuration === undefined || configuration === null) {
      throw refusal('ERR_SECURITY_CONFIGURATION', 'EINVAL', 'a session cannot be made of nothing', {
        expected: 'action, protocol, crypto, and for IPsec its parameters',
      });
    }
    if (pool === undefined || pool === null) {
      throw refusal('ERR_SECURITY_POOL', 'EINVAL', 'there is no pool to take the session from', {
        remedy: 'make one with the sessionPrivateBytes of this context',
      });
    }
    if (pool.privateBytes < this.sessionPrivateBytes) {
      throw refusal('ERR_SECURITY_POOL', 'EINVAL', 'the session pool has elements that are too small', {
        expected: `${this.sessionPrivateBytes} private bytes`,
        got: String(pool.privateBytes),
        remedy: 'make the pool with the sessionPrivateBytes of this context',
      });
    }
    const position = pool.take();
    if (position === 0) {
      throw refusal('ERR_SECURITY_SESSIONS', 'ENOMEM', 'the session pool is empty', {
        remedy: 'make it for more sessions, or destroy one',
      });
    }
    const { u32 } = this.#memory;
    u32[(position + SESSION_USERDATA) >> 2] = configuration.userdata ?? 0;
    try {
      this.#operations.sessionCreate(position, configuration);
    } catch (error) {
      pool.giveBack(position);
      throw error;
    }
    this.#sessions.set(position, pool);
    return new SecuritySession(this.#memory, position);
  }

  /**
   * Ends a session, wipes it and gives it back to its pool (DPDK: `rte_security_session_destroy`). When the driver refuses,
   * the session stays.
   *
   * @throws SetupError `ERR_SECURITY_SESSION` (EINVAL) when it is none of this context
   */
  sessionDestroy(session: SecuritySession): void {
    const pool = this.#poolOf(session);
    if (this.#operations.sessionDestroy === undefined) throw unsupported('end a session', 'close the port');
    this.#operations.sessionDestroy(session.position);
    this.#sessions.delete(session.position);
    pool.giveBack(session.position);
  }

  /**
   * Changes a session (DPDK: `rte_security_session_update`).
   *
   * @throws SetupError `ERR_SECURITY_SESSION` (EINVAL), `ERR_SECURITY_UNSUPPORTED` (ENOTSUP)
   */
  sessionUpdate(session: SecuritySession, configuration: SecuritySessionConfiguration): void {
    this.#poolOf(session);
    if (configuration === undefined || configuration === null) {
      throw refusal('ERR_SECURITY_CONFIGURATION', 'EINVAL', 'a session cannot be changed into nothing', {
        expected: 'a whole configuration',
      });
    }
    if (this.#operations.sessionUpdate === undefined) throw unsupported('change a session', 'make a new one');
    this.#operations.sessionUpdate(session.position, configuration);
  }

  /**
   * What a session has done (DPDK: `rte_security_session_stats_get`).
   *
   * @throws SetupError `ERR_SECURITY_SESSION` (EINVAL), `ERR_SECURITY_UNSUPPORTED` (ENOTSUP)
   */
  sessionStatistics(session: SecuritySession): SecurityStatistics {
    this.#poolOf(session);
    if (this.#operations.sessionStatistics === undefined) throw unsupported('count per session', 'ask the SA');
    return this.#operations.sessionStatistics(session.position);
  }

  /**
   * Tells the driver, in the mbuf, which session a packet for transmission belongs to
   * (DPDK: `rte_security_set_pkt_metadata`). Data path: the session is not checked.
   *
   * @returns 0, or −1 when this packet cannot be offloaded or the context has no use for metadata
   */
  setPacketMetadata(session: number, mbuf: number): number {
    if (this.#fastMetadata) {
      const { u32 } = this.#memory;
      const field = (mbuf + this.#field) >> 2;
      u32[field] = u32[(session + SESSION_FAST_METADATA) >> 2];
      u32[field + 1] = u32[((session + SESSION_FAST_METADATA) >> 2) + 1];
      return 0;
    }
    return this.#operations.setPacketMetadata?.(session, mbuf) ?? -1;
  }

  /**
   * {@link PortSecurity.setPacketMetadata} for the packets `mbufs[first]` to `mbufs[end − 1]`, all of one session.
   *
   * @returns how many of them have metadata now
   */
  setPacketMetadataBurst(session: number, mbufs: Uint32Array, first: number, end: number): number {
    const operations = this.#operations;
    if (operations.setPacketMetadataBurst !== undefined && !this.#fastMetadata) {
      return operations.setPacketMetadataBurst(session, mbufs, first, end);
    }
    let written = 0;
    for (let i = first; i < end; i++) if (this.setPacketMetadata(session, mbufs[i]) === 0) written++;
    return written;
  }

  #poolOf(session: SecuritySession): SecuritySessionPool {
    const pool = this.#sessions.get(session?.position ?? 0);
    if (pool === undefined) {
      throw refusal('ERR_SECURITY_SESSION', 'EINVAL', 'this session is not of this security context', {
        remedy: 'use the context that made it, once',
      });
    }
    return pool;
  }
}

function unsupported(what: string, remedy: string): SetupError {
  return refusal('ERR_SECURITY_UNSUPPORTED', 'ENOTSUP', `this device cannot ${what}`, { remedy });
}

function refusal(
  code: `ERR_${string}`,
  errno: Errno,
  message: string,
  more: { expected?: string; got?: string; remedy?: string },
): SetupError {
  return new SetupError({ code, errno, message, ...more });
}
