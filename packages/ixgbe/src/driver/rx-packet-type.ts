import {
  PTYPE_L2_ETHER,
  PTYPE_L3_IPV4,
  PTYPE_L3_IPV4_EXT,
  PTYPE_L3_IPV6,
  PTYPE_L3_IPV6_EXT,
  PTYPE_L4_SCTP,
  PTYPE_L4_TCP,
  PTYPE_L4_UDP,
  PTYPE_TUNNEL_ESP,
} from '@inline-ipsec/mbuf/packet-type';
import {
  RXD_PTYPE_ESP,
  RXD_PTYPE_IPV4,
  RXD_PTYPE_IPV4E,
  RXD_PTYPE_IPV6,
  RXD_PTYPE_IPV6E,
  RXD_PTYPE_SCTP,
  RXD_PTYPE_TCP,
  RXD_PTYPE_UDP,
} from '../descriptors.ts';

/** Packet types, from the card's bits to an mbuf's. */

/** The lowest of the packet type bits of a descriptor. */
export const PACKET_TYPE_SHIFT = 4;
/** The packet type bits, in place, that {@link PACKET_TYPES} is indexed by: IP and what it carries, ESP too. */
export const PACKET_TYPE_BITS = 0x1ff0;

/** All packet types that the driver tells. */
export const IXGBE_PACKET_TYPES: readonly number[] = [
  PTYPE_L2_ETHER,
  PTYPE_L3_IPV4,
  PTYPE_L3_IPV4_EXT,
  PTYPE_L3_IPV6,
  PTYPE_L3_IPV6_EXT,
  PTYPE_L4_TCP,
  PTYPE_L4_UDP,
  PTYPE_L4_SCTP,
  PTYPE_TUNNEL_ESP,
];

/** `packet_type` of an mbuf by the descriptor's bits, shifted down. */
export const PACKET_TYPES: Uint32Array = buildTypes();

function buildTypes(): Uint32Array {
  const types = new Uint32Array((PACKET_TYPE_BITS >> PACKET_TYPE_SHIFT) + 1);
  for (let index = 0; index < types.length; index++) types[index] = typeOf(index << PACKET_TYPE_SHIFT);
  return types;
}

function typeOf(bits: number): number {
  let type = 0;
  if ((bits & RXD_PTYPE_IPV4E) !== 0) type = PTYPE_L3_IPV4_EXT;
  else if ((bits & RXD_PTYPE_IPV4) !== 0) type = PTYPE_L3_IPV4;
  else if ((bits & RXD_PTYPE_IPV6E) !== 0) type = PTYPE_L3_IPV6_EXT;
  else if ((bits & RXD_PTYPE_IPV6) !== 0) type = PTYPE_L3_IPV6;
  if (type === 0) return PTYPE_L2_ETHER;
  if ((bits & RXD_PTYPE_TCP) !== 0) type |= PTYPE_L4_TCP;
  else if ((bits & RXD_PTYPE_UDP) !== 0) type |= PTYPE_L4_UDP;
  else if ((bits & RXD_PTYPE_SCTP) !== 0) type |= PTYPE_L4_SCTP;
  if ((bits & RXD_PTYPE_ESP) !== 0) type |= PTYPE_TUNNEL_ESP;
  return type | PTYPE_L2_ETHER;
}
