/**
 * IP packets with AH and AES-128-GMAC, as hexadecimal text. Their mutable fields were zeroed and their ICVs computed by
 * other programs: scapy's `zero_mutable_fields`, and AES-GCM of Python's `cryptography` with all of it as AAD. A test in
 * `interop/` has them do it again.
 */

/** AES-128 key. */
export const AH_KEY = '000102030405060708090a0b0c0d0e0f';

/** Salt of the nonce. */
export const AH_SALT = 'a0a1a2a3';

/** SPI of all of them. */
export const AH_SPI = 0x0102_0304;

/** UDP from 10.0.0.1 to 192.168.1.1, with TOS 0x2e, DF, TTL 61 and an identification. */
export const AH_IPV4: string =
  '452e0059123440003d335f660a000001c0a801011107000001020304000000070102030405060708' +
  'af07b8975bdb32f598fde4d9a16f981703e807d00021000061757468656e746963617465642c206e' +
  '6f742068696464656e';

/** An IPv4 packet in a tunnel between the same two. */
export const AH_TUNNEL: string =
  '4500005c000100000133edc40a000001c0a801010407000001020304000000080102030405060708' +
  '0428902cdf2af9a29df6cb77e3510d16450000240001000040016ac5010203040506070808004e8f' +
  '00000000612074756e6e656c';

/** UDP from 2001:db8::9 to 2001:db8::1, with traffic class 0xb9, a flow label and hop limit 17; AH has 4 bytes of padding. */
export const AH_IPV6: string =
  '6b9abcde0033331120010db800000000000000000000000920010db8000000000000000000000001' +
  '110800000102030400000009010203040506070830b328a223184c5a2a6019eee066d51800000000' +
  '03e807d0000b0000736978';
