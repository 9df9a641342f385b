import { DROP_REASON_COUNT } from './drop-reason.ts';

/**
 * Where the fields of a security association lie: bytes from its position. u32 in host order unless said otherwise.
 * The first cache line is what every packet needs, the second the header that goes before it and what is counted.
 */

/** Length of an SA in bytes: an odd number of cache lines, so that the beginnings of many spread over all sets of a cache. */
export const SA_BYTES: number = 9 * 64;

/** `SA_FLAG_` bits. */
export const SA_FLAGS = 0;
/** The SPI as the four wire bytes lie in memory. */
export const SA_SPI = 4;
/** Outbound: the last sequence number used, low half. Advanced by compare-and-swap only. */
export const SA_SEQUENCE = 8;
/** The high half; 0 without ESN. */
export const SA_SEQUENCE_HIGH = 12;
/** The crypto engine's session, or the position of the security session of an inline SA. */
export const SA_SESSION = 16;
/** Bytes of IV in the packet. */
export const SA_IV_BYTES = 20;
/** Bytes of ICV at its end. */
export const SA_ICV_BYTES = 24;
/** What the enciphered part is a multiple of, in bytes: a power of two, at least 4. */
export const SA_ALIGN = 28;
/** Bytes of the outer IP header, 0 in transport mode. */
export const SA_OUTER_BYTES = 32;
/** The port on which an inline SA leaves. */
export const SA_PORT = 36;
/** First word of the nonce, as its bytes lie in memory: the salt, or the nonce of RFC 3686. */
export const SA_SALT = 40;
/** Outer IPv4: the sum of the fixed words of the header, before folding and without length and TOS. */
export const SA_OUTER_SUM = 44;
/** Position of the replay window, 0 for none. */
export const SA_WINDOW = 48;
/** One of the `NONCE_` values. */
export const SA_NONCE = 52;
/** The SPI in host order, for people. */
export const SA_SPI_HOST = 56;
/** The security session's metadata index of an inline egress SA. */
export const SA_INDEX = 60;

/** The outer IP header as it goes before every packet; lengths, TOS and checksum are filled in. */
export const SA_TEMPLATE = 64;

/** Bytes that must be free before an outbound packet: Ethernet, outer header, ESP header and IV. */
export const SA_BEFORE = 104;
/** And behind it: padding, trailer and ICV at most. */
export const SA_BEHIND = 108;
/** f64: packets that ESP was put on or taken off. */
export const SA_PACKETS = 112;
/** f64: bytes of the IP packets inside. */
export const SA_OCTETS = 120;

/** Addresses that an inbound packet must carry: 16 bytes, an IPv4 address in the first 4 (network order). */
export const SA_SOURCE = 128;
/** As {@link SA_SOURCE}, for the destination. */
export const SA_DESTINATION = 144;
/** Guards the replay window: 0 free, 1 taken. */
export const SA_LOCK = 160;

/** f64: packets that were accepted with other padding than 1, 2, 3, …. */
export const SA_ODD_PADDING = 208;
/** f64 each: drops by reason. */
export const SA_DROPS = 256;

/** The SA is for inbound packets. */
export const SA_FLAG_INBOUND: number = 1 << 0;
/** Tunnel mode; transport mode if not set. */
export const SA_FLAG_TUNNEL: number = 1 << 1;
/** The outer header is IPv6. */
export const SA_FLAG_OUTER_IPV6: number = 1 << 2;
/** Cipher and ICV are the port's business (inline crypto). */
export const SA_FLAG_INLINE: number = 1 << 3;
/** The SA has no integrity: what its trailer says cannot be trusted. */
export const SA_FLAG_NO_INTEGRITY: number = 1 << 4;
/** Bad padding is a reason to drop, even on an authenticated packet. */
export const SA_FLAG_STRICT: number = 1 << 5;
/** The algorithm is an AEAD: the ESP header is its AAD. */
export const SA_FLAG_AEAD: number = 1 << 6;
/** The ICV covers the ESP packet from its header on (RFC 4303 section 2.8), and is no AEAD's. */
export const SA_FLAG_AUTH: number = 1 << 7;
/** The outbound IV is made by enciphering it with the payload: CBC. */
export const SA_FLAG_IV_ENCIPHERED: number = 1 << 8;
/** No session serves the SA: what comes for it is dropped. */
export const SA_FLAG_UNSERVED: number = 1 << 9;
/** As gateways of 2018 did on inline SAs: padding bytes stay 0 (RFC 4303 section 2.4 wants 1, 2, 3). */
export const SA_FLAG_2018_PADDING: number = 1 << 10;
/** As gateways of 2018 did: the inner checksum is not brought up to date when the TTL goes down. */
export const SA_FLAG_2018_CHECKSUM: number = 1 << 11;

/**
 * What most SAs are, with loops of their own: a tunnel over IPv4 with an AEAD whose nonce is salt and 8 bytes of
 * IV, aligned to 4 bytes, and nothing peculiar.
 */
export const SA_FLAG_PLAIN: number = 1 << 12;

/** The job's IV is in the packet. */
export const NONCE_IN_PACKET = 0;
/** Salt and IV: 12 bytes (RFC 4106 section 4, RFC 4543, RFC 7634). */
export const NONCE_SALTED = 1;
/** The last three bytes of the salt word and the IV: 11 bytes (RFC 4309 section 4). */
export const NONCE_CCM = 2;
/** Nonce, IV and a block counter of 1: 16 bytes (RFC 3686 section 4). */
export const NONCE_COUNTER = 3;
/** There is no IV. */
export const NONCE_NONE = 4;

if (SA_DROPS + 8 * DROP_REASON_COUNT > SA_BYTES) throw new RangeError('the drop counters do not fit into an SA');
