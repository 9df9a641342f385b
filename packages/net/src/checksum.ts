import { readU16, writeU16 } from './big-endian.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from './ip-protocol.ts';

/**
 * The Internet checksum: in full (RFC 1071) and updated for a changed field (RFC 1624, equation 3), with the pseudo
 * headers of UDP and TCP over IPv4 and IPv6.
 *
 * Two kinds of number appear here, both 16 bits in host order. A *sum* is the folded one's complement sum of words; it is
 * what the silicon adds up. A *checksum* is its complement, as it stands in a header.
 *
 * Not here: CRC-32c of SCTP, chains of segments (sum the pieces one after the other), and UDP-Lite.
 */

// This many bytes of 0xffff and a start of 0xffff stay below 2^31, so that the sum is a small integer all the way.
const SUM_AT_ONCE = 0xfffe;

/**
 * The one's complement sum of bytes, taken as 16-bit words in network order and folded to 16 bits; an odd last byte is
 * the high half of its word (DPDK: `rte_raw_cksum`).
 *
 * Pieces may be summed one after the other when all but the last have an even length. 0 comes only of zeros.
 *
 * @param sum what was summed before, 0 to 0xffff
 */
export function rawChecksum(u8: Uint8Array, at: number, bytes: number, sum = 0): number {
  let left = bytes;
  while (left > SUM_AT_ONCE) {
    sum = fold(sumWords(u8, at, SUM_AT_ONCE, sum));
    at += SUM_AT_ONCE;
    left -= SUM_AT_ONCE;
  }
  return fold(sumWords(u8, at, left, sum));
}

/** Adds two sums, as one's complement numbers. */
export function addSums(a: number, b: number): number {
  return fold(a + b);
}

/**
 * What the checksum field of an IPv4 header should hold. The field itself is taken as zero, whatever stands there, and
 * options are included (DPDK: `rte_ipv4_cksum`, which wants the field cleared before).
 */
export function ipv4Checksum(u8: Uint8Array, at: number): number {
  const bytes = (u8[at] & 0x0f) << 2;
  const sum = sumWords(u8, at, 10, 0);
  return ~fold(sumWords(u8, at + 12, bytes - 12, sum)) & 0xffff;
}

/** Whether the checksum of an IPv4 header is right: its words with the field add up to 0xffff (RFC 1071, section 1). */
export function ipv4ChecksumOk(u8: Uint8Array, at: number): boolean {
  return fold(sumWords(u8, at, (u8[at] & 0x0f) << 2, 0)) === 0xffff;
}

/**
 * The checksum after one 16-bit word under it has changed: HC' = ~(~HC + ~m + m') (RFC 1624, equation 3).
 *
 * For a checksum that was computed over bytes that are not all zero, this gives what computing anew would give, to the
 * bit. A checksum of 0xffff, the other zero, is as right for a receiver as 0 and remains right; computing anew would
 * never make it.
 *
 * @param checksum the field as it stands, host order
 * @param oldWord the word before, host order
 * @param newWord the word after, host order
 */
export function updateChecksum16(checksum: number, oldWord: number, newWord: number): number {
  return ~fold((~checksum & 0xffff) + (~oldWord & 0xffff) + newWord) & 0xffff;
}

/** The checksum after 32 bits under it have changed, such as an IPv4 address; as {@link updateChecksum16}. */
export function updateChecksum32(checksum: number, oldValue: number, newValue: number): number {
  const sum =
    (~checksum & 0xffff) +
    (~(oldValue >>> 16) & 0xffff) +
    (~oldValue & 0xffff) +
    (newValue >>> 16) +
    (newValue & 0xffff);
  return ~fold(sum) & 0xffff;
}

/**
 * As {@link updateChecksum16}, for the checksum of UDP: 0 means that there is none and stays, and what would become 0 is
 * written as 0xffff (RFC 768).
 */
export function updateUdpChecksum16(checksum: number, oldWord: number, newWord: number): number {
  if (checksum === 0) return 0;
  return updateChecksum16(checksum, oldWord, newWord) || 0xffff;
}

/**
 * The sum of the pseudo header of an IPv4 packet: addresses, protocol, length (RFC 768, RFC 9293 section 3.1; DPDK:
 * `rte_ipv4_phdr_cksum`).
 *
 * @param ipAt where the IPv4 header begins
 * @param l4Bytes bytes of the UDP or TCP header and what follows it
 * @param protocol default: the header's own; another one where ESP stands between
 */
export function ipv4PseudoHeaderSum(
  u8: Uint8Array,
  ipAt: number,
  l4Bytes: number,
  protocol: number = u8[ipAt + 9],
): number {
  return fold(sumWords(u8, ipAt + 12, 8, protocol) + l4Bytes);
}

/**
 * The sum of the pseudo header of an IPv6 packet (RFC 8200, section 8.1; DPDK: `rte_ipv6_phdr_cksum`).
 *
 * @param ipAt where the IPv6 header begins
 * @param l4Bytes bytes of the upper-layer header and what follows it
 * @param protocol the upper-layer protocol: the last next header, behind all extensions
 */
export function ipv6PseudoHeaderSum(u8: Uint8Array, ipAt: number, l4Bytes: number, protocol: number): number {
  return fold(sumWords(u8, ipAt + 8, 32, protocol) + (l4Bytes >>> 16) + (l4Bytes & 0xffff));
}

/**
 * What the checksum field of UDP or TCP should hold; the field itself is taken as zero, whatever stands there. For UDP 0
 * becomes 0xffff (DPDK: `rte_ipv4_udptcp_cksum`, `rte_ipv6_udptcp_cksum`).
 *
 * @param l4At where the UDP or TCP header begins
 * @param l4Bytes bytes from there to the end of the packet, at least 8 for UDP and 20 for TCP
 * @param protocol {@link IPPROTO_UDP} or {@link IPPROTO_TCP}
 * @param pseudoHeaderSum of {@link ipv4PseudoHeaderSum} or {@link ipv6PseudoHeaderSum}
 */
export function udpTcpChecksum(
  u8: Uint8Array,
  l4At: number,
  l4Bytes: number,
  protocol: number,
  pseudoHeaderSum: number,
): number {
  const field = protocol === IPPROTO_TCP ? 16 : 6;
  const sum = rawChecksum(u8, l4At, field, pseudoHeaderSum);
  const checksum = ~rawChecksum(u8, l4At + field + 2, l4Bytes - field - 2, sum) & 0xffff;
  return checksum === 0 && protocol === IPPROTO_UDP ? 0xffff : checksum;
}

/**
 * Whether the checksum of UDP or TCP is right, or is the 0 by which UDP says that it has none. Over IPv6 that 0 is not
 * allowed without an agreement (RFC 8200, section 8.1), which is for the caller to know (DPDK:
 * `rte_ipv4_udptcp_cksum_verify`). Parameters as {@link udpTcpChecksum}.
 */
export function udpTcpChecksumOk(
  u8: Uint8Array,
  l4At: number,
  l4Bytes: number,
  protocol: number,
  pseudoHeaderSum: number,
): boolean {
  if (protocol === IPPROTO_UDP && readU16(u8, l4At + 6) === 0) return true;
  return rawChecksum(u8, l4At, l4Bytes, pseudoHeaderSum) === 0xffff;
}

/**
 * Computes and writes the UDP or TCP checksum of an IPv4 packet without fragments, from its own lengths.
 *
 * @returns the checksum written
 */
export function writeIpv4UdpTcpChecksum(u8: Uint8Array, ipAt: number): number {
  const headerBytes = (u8[ipAt] & 0x0f) << 2;
  const l4Bytes = readU16(u8, ipAt + 2) - headerBytes;
  const protocol = u8[ipAt + 9];
  const l4At = ipAt + headerBytes;
  const checksum = udpTcpChecksum(u8, l4At, l4Bytes, protocol, ipv4PseudoHeaderSum(u8, ipAt, l4Bytes));
  writeU16(u8, l4At + (protocol === IPPROTO_TCP ? 16 : 6), checksum);
  return checksum;
}

/**
 * Computes and writes the UDP or TCP checksum of an IPv6 packet without fragments.
 *
 * @param l4At where the UDP or TCP header begins, behind all extension headers
 * @param protocol {@link IPPROTO_UDP} or {@link IPPROTO_TCP}
 * @returns the checksum written
 */
export function writeIpv6UdpTcpChecksum(u8: Uint8Array, ipAt: number, l4At: number, protocol: number): number {
  const l4Bytes = ipAt + 40 + readU16(u8, ipAt + 4) - l4At;
  const pseudo = ipv6PseudoHeaderSum(u8, ipAt, l4Bytes, protocol);
  const checksum = udpTcpChecksum(u8, l4At, l4Bytes, protocol, pseudo);
  writeU16(u8, l4At + (protocol === IPPROTO_TCP ? 16 : 6), checksum);
  return checksum;
}

/** To 16 bits, carries added back in; enough for any number below 2^32. */
function fold(sum: number): number {
  sum = (sum >>> 16) + (sum & 0xffff);
  return (sum >>> 16) + (sum & 0xffff);
}

function sumWords(u8: Uint8Array, at: number, bytes: number, sum: number): number {
  const end = at + bytes;
  const whole = end - 7;
  for (; at < whole; at += 8) {
    sum += ((u8[at] + u8[at + 2] + u8[at + 4] + u8[at + 6]) << 8) + u8[at + 1] + u8[at + 3] + u8[at + 5] + u8[at + 7];
  }
  for (; at < end - 1; at += 2) sum += (u8[at] << 8) + u8[at + 1];
  return at < end ? sum + (u8[at] << 8) : sum;
}
