/**
 * The small changes that ESP makes to IP headers, on the bytes themselves and without reading them whole: `at` is where
 * the header begins.
 */

/** Puts a 16-bit number in network order. */
export function putUint16(u8: Uint8Array, at: number, value: number): void {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
}

/** The bytes of a 32-bit number turned round: host to network order and back. */
export function swap32(value: number): number {
  return ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
}

/** The checksum of an IPv4 header of `bytes` bytes, as if its checksum field were 0 (RFC 1071). */
export function ipv4HeaderChecksum(u8: Uint8Array, at: number, bytes: number): number {
  let sum = -((u8[at + 10] << 8) | u8[at + 11]);
  for (let i = at; i < at + bytes; i += 2) sum += (u8[i] << 8) | u8[i + 1];
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Takes 1 from the TTL of an IPv4 header and, unless `stale`, brings its checksum up to date (RFC 1624 equation 3). */
export function decrementTtl(u8: Uint8Array, at: number, stale: boolean): void {
  u8[at + 8]--;
  // The word of TTL and protocol became smaller by 0x100, so the sum's complement grows by it.
  if (!stale) addToChecksum(u8, at, 0x100);
}

/** Sets both ECN bits of an IPv4 header: congestion experienced (RFC 3168), with its checksum. */
export function setIpv4Congestion(u8: Uint8Array, at: number): void {
  const before = u8[at + 1];
  u8[at + 1] = before | 3;
  addToChecksum(u8, at, 0xffff - ((before | 3) - before));
}

/** Sets both ECN bits of an IPv6 header. */
export function setIpv6Congestion(u8: Uint8Array, at: number): void {
  u8[at + 1] |= 0x30;
}

/** The traffic class of an IPv6 header. */
export function ipv6TrafficClass(u8: Uint8Array, at: number): number {
  return ((u8[at] << 4) | (u8[at + 1] >>> 4)) & 0xff;
}

/**
 * Bytes from an IPv6 header to the field that names what stands `l3` bytes behind its beginning: the next-header field of
 * the fixed header, or of the last extension header before that place (RFC 8200 section 4).
 */
export function nextHeaderField(u8: Uint8Array, at: number, l3: number): number {
  let field = 6;
  let header = u8[at + 6];
  for (let offset = 40; offset < l3; ) {
    field = offset;
    const bytes =
      header === FRAGMENT ? 8 : header === AH ? (u8[at + offset + 1] + 2) * 4 : (u8[at + offset + 1] + 1) * 8;
    header = u8[at + offset];
    offset += bytes;
  }
  return field;
}

const FRAGMENT = 44;
const AH = 51;

function addToChecksum(u8: Uint8Array, at: number, difference: number): void {
  let sum = ((u8[at + 10] << 8) | u8[at + 11]) + difference;
  sum = (sum & 0xffff) + (sum >>> 16);
  putUint16(u8, at + 10, sum);
}
