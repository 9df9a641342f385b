import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { SecurityOperations } from '@inline-ipsec/security/port-security';
import type { SecuritySessionConfiguration } from '@inline-ipsec/security/session-configuration';
import { IPSTX_SA_ENTRIES } from '../descriptors.ts';
import type { SaStore } from './sa-store.ts';
import type { SecurityDirections } from './security-block.ts';
import { IXGBE_SECURITY_CAPABILITIES, IXGBE_SECURITY_LIMITS } from './security-capabilities.ts';
import { burstMetadata, metadataOf, type WriteBurstMetadata, writePacketMetadata } from './security-metadata.ts';
import { checkSession } from './session-check.ts';
import {
  EGRESS,
  INGRESS,
  SESSION_DIRECTION,
  SESSION_ENCRYPTED,
  SESSION_KEY,
  SESSION_METADATA,
  SESSION_PRIVATE_BYTES,
  SESSION_SALT,
  SESSION_SPI,
} from './session-layout.ts';

/** What the driver puts behind its port's security context (DPDK: `ixgbe_security_ops`). */
export class IxgbeSecurityOperations implements SecurityOperations {
  readonly sessionPrivateBytes: number = SESSION_PRIVATE_BYTES;
  readonly capabilities: typeof IXGBE_SECURITY_CAPABILITIES = IXGBE_SECURITY_CAPABILITIES;
  readonly limits: typeof IXGBE_SECURITY_LIMITS = IXGBE_SECURITY_LIMITS;
  readonly #memory: Memory;
  readonly #store: SaStore;
  readonly #enabled: () => SecurityDirections;
  readonly #field: number;
  readonly #writeBurst: WriteBurstMetadata;
  readonly #sessions = new Set<number>();
  /** Told of each session that ends, before its place is given back. */
  onSessionEnd: ((session: number) => void) | undefined;
  #closed = false;

  /**
   * @param enabled what the port is configured for now
   * @param field offset of librte_security's field in an mbuf
   */
  constructor(memory: Memory, store: SaStore, enabled: () => SecurityDirections, field: number) {
    this.#memory = memory;
    this.#store = store;
    this.#enabled = enabled;
    this.#field = field;
    this.#writeBurst = burstMetadata(memory);
  }

  /**
   * Copies key, salt and SPI into the session. An egress session gets its entry of the card's table at once, if the port
   * runs; an ingress session gets its entries with the flow rule that tells its destination.
   *
   * @throws SetupError as `checkSession`; `ERR_IXGBE_SA_TABLE` (ENOSPC)
   */
  sessionCreate(session: number, configuration: SecuritySessionConfiguration): void {
    const { ipsec, key, encrypted } = checkSession(configuration, this.#enabled());
    const { u8, u32 } = this.#memory;
    const egress = ipsec.direction === 'egress';
    u8.set(key, session + SESSION_KEY);
    u8.set(ipsec.salt, session + SESSION_SALT);
    for (let n = 0; n < 4; n++) u8[session + SESSION_SPI + n] = ipsec.spi >>> (24 - 8 * n);
    u32[(session + SESSION_ENCRYPTED) >> 2] = encrypted ? 1 : 0;
    u32[(session + SESSION_METADATA) >> 2] = egress ? metadataOf(encrypted, ipsec.mode === 'transport') : 0;
    u32[(session + SESSION_DIRECTION) >> 2] = egress ? EGRESS : INGRESS;
    if (egress && this.#store.addTx(session) !== undefined) {
      this.#wipe(session);
      throw new SetupError({
        code: 'ERR_IXGBE_SA_TABLE',
        errno: 'ENOSPC',
        message: 'the transmit SA table of the 82599 is full',
        expected: `at most ${IPSTX_SA_ENTRIES} SAs`,
        remedy: 'destroy a session, or use type no-offload for this SA',
      });
    }
    this.#sessions.add(session);
  }

  /** Takes the SA off the card, whether its flow rule is gone or not, and wipes key and salt. */
  sessionDestroy(session: number): void {
    this.#sessions.delete(session);
    this.onSessionEnd?.(session);
    if (!this.#closed) {
      if (this.#memory.u32[(session + SESSION_DIRECTION) >> 2] === EGRESS) this.#store.removeTx(session);
      else this.#store.removeRx(session);
    }
    this.#wipe(session);
  }

  setPacketMetadata(session: number, mbuf: number): number {
    return writePacketMetadata(this.#memory, this.#field, session, mbuf);
  }

  setPacketMetadataBurst(session: number, mbufs: Uint32Array, first: number, end: number): number {
    return this.#writeBurst(this.#field, session, mbufs, first, end);
  }

  /** The direction of a session of this port, undefined for a position that is none. */
  directionOf(session: number): 'ingress' | 'egress' | undefined {
    if (!this.#sessions.has(session)) return undefined;
    return this.#memory.u32[(session + SESSION_DIRECTION) >> 2] === EGRESS ? 'egress' : 'ingress';
  }

  /** The card is gone: sessions that are still there have nothing to be taken off any more. */
  close(): void {
    this.#closed = true;
  }

  #wipe(session: number): void {
    this.#memory.u8.fill(0, session + SESSION_KEY, session + SESSION_KEY + SESSION_PRIVATE_BYTES);
  }
}
