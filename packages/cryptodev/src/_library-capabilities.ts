import type { EngineCapability, LengthRange } from './engine.ts';

/** A range of one length. */
function only(bytes: number): LengthRange {
  return { min: bytes, max: bytes, step: 0 };
}

function range(min: number, max: number, step: number): LengthRange {
  return { min, max, step };
}

const AES_KEY = range(16, 32, 8);
// Longer keys than the hash's block are hashed first (RFC 2104 section 3); IPsec's keys are as long as the whole tag.
const HMAC_KEY = range(1, 256, 1);

/** NULL takes no IV; a length that is given is not used, since RFC 4543 pairs it with an algorithm that has one. */
export const NULL_CAPABILITIES: readonly EngineCapability[] = [
  { kind: 'cipher', algorithm: 'null', key: only(0), iv: range(0, 16, 1) },
  { kind: 'auth', algorithm: 'null', key: only(0), tag: only(0) },
];

/** What engines over a general library have, each algorithm with all the lengths that its RFC for ESP allows. */
export const AES_AND_HMAC_CAPABILITIES: readonly EngineCapability[] = [
  // RFC 4106 section 6: an ICV of 8, 12 or 16 bytes.
  { kind: 'aead', algorithm: 'aes-gcm', key: AES_KEY, iv: only(12), tag: range(8, 16, 4) },
  // ESP takes a nonce of 11 (RFC 4309 section 4); the others are SP 800-38C's.
  { kind: 'aead', algorithm: 'aes-ccm', key: AES_KEY, iv: range(7, 13, 1), tag: range(4, 16, 2) },
  { kind: 'aead', algorithm: 'chacha20-poly1305', key: only(32), iv: only(12), tag: only(16) },
  ...NULL_CAPABILITIES,
  { kind: 'cipher', algorithm: 'aes-cbc', key: AES_KEY, iv: only(16) },
  { kind: 'cipher', algorithm: 'aes-ctr', key: AES_KEY, iv: only(16) },
  { kind: 'auth', algorithm: 'hmac-sha1', key: HMAC_KEY, tag: range(1, 20, 1) },
  { kind: 'auth', algorithm: 'hmac-sha256', key: HMAC_KEY, tag: range(1, 32, 1) },
  { kind: 'auth', algorithm: 'hmac-sha384', key: HMAC_KEY, tag: range(1, 48, 1) },
  { kind: 'auth', algorithm: 'hmac-sha512', key: HMAC_KEY, tag: range(1, 64, 1) },
  { kind: 'auth', algorithm: 'aes-gmac', key: AES_KEY, tag: only(16) },
  { kind: 'auth', algorithm: 'aes-xcbc-mac', key: only(16), tag: only(12) },
];

/** DES in its two keyings. */
export const DES_CAPABILITIES: readonly EngineCapability[] = [
  { kind: 'cipher', algorithm: '3des-cbc', key: only(24), iv: only(8) },
  { kind: 'cipher', algorithm: 'des-cbc', key: only(8), iv: only(8) },
];
