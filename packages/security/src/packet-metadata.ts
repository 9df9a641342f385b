import type { Memory } from '@inline-ipsec/eal/memory';
import { lookupDynfield, registerDynfield } from '@inline-ipsec/mbuf/dynfield';

const FIELD = { name: 'rte_security_dynfield_metadata', bytes: 8, align: 8 } as const;

/**
 * Bytes from an mbuf to the eight bytes that tell a driver what to do with a packet for transmission, registered if they
 * are not yet (DPDK: `rte_security_dynfield_register`; the field keeps DPDK's name).
 */
export function securityMetadataField(memory: Memory): number {
  return registerDynfield(memory, FIELD);
}

/** Whether any driver has asked for the field (DPDK: `rte_security_dynfield_is_registered`). */
export function hasSecurityMetadataField(memory: Memory): boolean {
  return lookupDynfield(memory, FIELD.name) !== undefined;
}
