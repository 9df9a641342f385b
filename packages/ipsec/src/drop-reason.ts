/**
 * Why a packet was dropped. The list is closed: every packet that does not come out again is counted under exactly one
 * of these, by the port that it came in on and, where one was chosen, by its SA.
 */

/** The name of a reason, as it stands in statistics. */
export type DropReasonName =
  | 'ethertype'
  | 'ip_header'
  | 'ip_length'
  | 'multi_segment'
  | 'fragment'
  | 'ttl'
  | 'esp_on_protected'
  | 'policy_none'
  | 'policy_discard'
  | 'policy_unprotected'
  | 'policy_wrong_sa'
  | 'sa_unknown'
  | 'sa_address'
  | 'sa_unserved'
  | 'sequence_exhausted'
  | 'headroom'
  | 'esp_length'
  | 'replay'
  | 'not_offloaded'
  | 'offload_failed'
  | 'icv'
  | 'crypto_error'
  | 'esp_padding'
  | 'esp_trailer'
  | 'next_header'
  | 'inner_length'
  | 'no_route'
  | 'port_disabled'
  | 'mtu'
  | 'tx_full';

/** A reason, and a clause that says to a person what it means. */
export interface DropReason {
  readonly name: DropReasonName;
  readonly text: string;
}

/** One row a reason, in the order of the counters. */
export const DROP_REASONS: readonly DropReason[] = [
  { name: 'ethertype', text: 'neither IPv4 nor IPv6' },
  { name: 'ip_header', text: 'the IP header is cut short or malformed' },
  { name: 'ip_length', text: 'the IP length is beyond the frame' },
  { name: 'multi_segment', text: 'the packet lies in more than one buffer' },
  { name: 'fragment', text: 'a fragment where a whole packet is needed' },
  { name: 'ttl', text: 'TTL or hop limit used up' },
  { name: 'esp_on_protected', text: 'ESP came in on a protected port' },
  { name: 'policy_none', text: 'no policy matches' },
  { name: 'policy_discard', text: 'a policy says discard' },
  { name: 'policy_unprotected', text: 'in clear where a policy wants protection' },
  { name: 'policy_wrong_sa', text: 'protected by another SA than the policy wants' },
  { name: 'sa_unknown', text: 'no SA has this SPI' },
  { name: 'sa_address', text: 'the outer addresses are not those of the SA' },
  { name: 'sa_unserved', text: 'no crypto device serves the SA' },
  { name: 'sequence_exhausted', text: 'the SA has used all its sequence numbers' },
  { name: 'headroom', text: 'no room in the buffer for what ESP adds' },
  { name: 'esp_length', text: 'the ESP packet is cut short or not aligned' },
  { name: 'replay', text: 'the sequence number was seen before, or is too old' },
  { name: 'not_offloaded', text: 'the port did not process an inline packet' },
  { name: 'offload_failed', text: 'the port could not verify the packet: wrong key, or changed on its way' },
  { name: 'icv', text: 'the ICV is wrong: wrong key, or changed on its way' },
  { name: 'crypto_error', text: 'the crypto engine failed' },
  { name: 'esp_padding', text: 'the ESP padding is not 1, 2, 3, …' },
  { name: 'esp_trailer', text: 'the ESP pad length is beyond the packet' },
  { name: 'next_header', text: 'the ESP next header does not fit the mode of the SA' },
  { name: 'inner_length', text: 'the inner packet is longer than what carried it' },
  { name: 'no_route', text: 'no route to the destination' },
  { name: 'port_disabled', text: 'the route leads to a port that is not used' },
  { name: 'mtu', text: 'longer than the MTU of the port' },
  { name: 'tx_full', text: 'the port did not take it for transmission' },
];

/** How many reasons there are. */
export const DROP_REASON_COUNT: number = DROP_REASONS.length;

/** The number of each reason: its index in {@link DROP_REASONS}. */
export const DROP: Readonly<Record<DropReasonName, number>> = Object.freeze(
  Object.fromEntries(DROP_REASONS.map(({ name }, index) => [name, index])) as Record<DropReasonName, number>,
);
