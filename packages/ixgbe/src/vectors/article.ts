/**
 * The packets printed in Intel's article "Inline IPsec with DPDK and Intel 82599 Network Controller" (28 June 2018), as
 * hexadecimal text, and what belongs to them. They were captured behind two 82599 cards.
 */

/** The encrypted packet, 140 bytes from the outer IPv4 header on: SPI 1005, sequence number and IV 32. */
export const ARTICLE_ESP: string =
  '4500008c0000000040321f16ac100105ac100205000003ed000000200000000000000020fd78c8f5' +
  '7fab4fb35b987e7981b0b4f2d796ccd4f0a7b031bb9b9bdeaf18767e5d0f73e3bc824ea34afb00eb' +
  '6d02a3677a3ac2dd6b6474c15d41bb457ac2c1e00fb85f737fcd4304e39632ea228e22e54a3eea72' +
  '88fb13a7e9409346445198cf97fd878c96f0f754';

/** What it carries: 84 bytes. Its header checksum is that of TTL 64 though its TTL is 63. */
export const ARTICLE_INNER: string =
  '45000054000100003f002744c0a8690ac0a8690a7c2d3e746573742d746573742d746573742d7465' +
  '73742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d7465' +
  '733c2d7c';

/** The ESP trailer under the encryption: two padding bytes that the software of 2018 left 0, their number, IPv4. */
export const ARTICLE_TRAILER = '00000204';

/** AES-128 key. */
export const ARTICLE_KEY = '2b7e151628aed2a6abf7158809cf4f3d';

/** Salt of the nonce. */
export const ARTICLE_SALT = 'deadbeef';

/** The header checksum of the packet in the article's decryption test, made over a field that was not 0. */
export const ARTICLE_DECRYPTED_CHECKSUM = 0x0100;
