/** Protocol numbers: the `protocol` of IPv4 and the `next header` of IPv6 (IANA, Assigned Internet Protocol Numbers). */

/** IPv6 hop-by-hop options (RFC 8200, section 4.3). */
export const IPPROTO_HOPOPTS = 0;
/** ICMP (RFC 792). */
export const IPPROTO_ICMP = 1;
/** IGMP (RFC 3376). */
export const IPPROTO_IGMP = 2;
/** IPv4 in IP (RFC 2003); the next header of an ESP tunnel around IPv4. */
export const IPPROTO_IPIP = 4;
/** TCP (RFC 9293). */
export const IPPROTO_TCP = 6;
/** UDP (RFC 768). */
export const IPPROTO_UDP = 17;
/** IPv6 in IP (RFC 2473); the next header of an ESP tunnel around IPv6. */
export const IPPROTO_IPV6 = 41;
/** IPv6 routing header (RFC 8200, section 4.4). */
export const IPPROTO_ROUTING = 43;
/** IPv6 fragment header (RFC 8200, section 4.5). */
export const IPPROTO_FRAGMENT = 44;
/** GRE (RFC 2784). */
export const IPPROTO_GRE = 47;
/** Encapsulating security payload (RFC 4303). */
export const IPPROTO_ESP = 50;
/** Authentication header (RFC 4302). */
export const IPPROTO_AH = 51;
/** ICMP for IPv6 (RFC 4443). */
export const IPPROTO_ICMPV6 = 58;
/** Nothing follows: IPv6 (RFC 8200, section 4.7), and the dummy packets of ESP (RFC 4303, section 2.6). */
export const IPPROTO_NONE = 59;
/** IPv6 destination options (RFC 8200, section 4.6). */
export const IPPROTO_DSTOPTS = 60;
/** SCTP (RFC 9260). */
export const IPPROTO_SCTP = 132;
/** IPv6 mobility header (RFC 6275). */
export const IPPROTO_MOBILITY = 135;
/** Host identity protocol (RFC 7401). */
export const IPPROTO_HIP = 139;
/** Shim6 (RFC 5533). */
export const IPPROTO_SHIM6 = 140;
