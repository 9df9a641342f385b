import { SESSION_PRIVATE } from '@inline-ipsec/security/session';

/**
 * What the driver keeps in a security session: bytes from the session's position. The key is here from the session's
 * creation to its end, so that the card's tables can be loaded at any time; nobody else has a copy.
 */

/** 16 bytes: the key, as it was given. */
export const SESSION_KEY: number = SESSION_PRIVATE;
/** 4 bytes: the salt, as it was given. */
export const SESSION_SALT: number = SESSION_PRIVATE + 16;
/** u32: the SPI's bytes as on the wire, the first one lowest. */
export const SESSION_SPI: number = SESSION_PRIVATE + 20;
/** u32: {@link INGRESS} or {@link EGRESS}; 0 in what is no session of this driver. */
export const SESSION_DIRECTION: number = SESSION_PRIVATE + 24;
/** u32: 1 for GCM, 0 for GMAC. */
export const SESSION_ENCRYPTED: number = SESSION_PRIVATE + 28;
/** u32: its index in the transmit or the receive SA table, and 1; 0 while it has none. */
export const SESSION_INDEX: number = SESSION_PRIVATE + 32;
/** u32: ingress: the index of its destination in the receive address table. */
export const SESSION_ADDRESS: number = SESSION_PRIVATE + 36;
/** u32: ingress: 1 when its destination is IPv6. */
export const SESSION_IPV6: number = SESSION_PRIVATE + 40;
/** u32: egress: the second word of its packets' metadata, but for the trailer. */
export const SESSION_METADATA: number = SESSION_PRIVATE + 44;
/** Bytes of it. */
export const SESSION_PRIVATE_BYTES = 48;

export const INGRESS = 1;
export const EGRESS = 2;
