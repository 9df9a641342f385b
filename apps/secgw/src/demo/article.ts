import { parseHexDump } from '@inline-ipsec/net/hex-dump';

/**
 * What the article shows ("Inline IPsec with DPDK and Intel 82599 Network Controller", 2018): its configuration, with the
 * addresses that can be read off its dumps, and its two dumps.
 */

/** The article's `inline.cfg`. */
export const INLINE_CFG = `#SP IPv4 rules
sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535

#SA rules
sa out 1005 aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type inline-crypto-offload \\

sa in 5 aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type inline-crypto-offload \\

#Routing rules
rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;

/** The same, with the crypto done by a device beside the way (Figure 1, upper half). */
export const LOOKASIDE_CFG: string = INLINE_CFG.replaceAll('inline-crypto-offload', 'no-offload');

/** What tcpdump showed on port 0 in the decryption test. */
export const DECRYPTED_DUMP = `	0x0000:  4500 0054 0001 0000 3f00 0100 c0a8 690a  E..T....?.....i.
	0x0010:  c0a8 690a 7c2d 3e74 6573 742d 7465 7374  ..i.|->test-test
	0x0020:  2d74 6573 742d 7465 7374 2d74 6573 742d  -test-test-test-
	0x0030:  7465 7374 2d74 6573 742d 7465 7374 2d74  test-test-test-t
	0x0040:  6573 742d 7465 7374 2d74 6573 742d 7465  est-test-test-te
	0x0050:  733c 2d7c                                s<-|
`;

/** What tcpdump showed on port 1 in the encryption test: the last of 32 packets. */
export const ENCRYPTED_DUMP = `	0x0000:  4500 008c 0000 0000 4032 1f16 ac10 0105  E.......@2......
	0x0010:  ac10 0205 0000 03ed 0000 0020 0000 0000  ................
	0x0020:  0000 0020 fd78 c8f5 7fab 4fb3 5b98 7e79  .....x....O.[.~y
	0x0030:  81b0 b4f2 d796 ccd4 f0a7 b031 bb9b 9bde  ...........1....
	0x0040:  af18 767e 5d0f 73e3 bc82 4ea3 4afb 00eb  ..v~].s...N.J...
	0x0050:  6d02 a367 7a3a c2dd 6b64 74c1 5d41 bb45  m..gz:..kdt.]A.E
	0x0060:  7ac2 c1e0 0fb8 5f73 7fcd 4304 e396 32ea  z....._s..C...2.
	0x0070:  228e 22e5 4a3e ea72 88fb 13a7 e940 9346  ".".J>.r.....@.F
	0x0080:  4451 98cf 97fd 878c 96f0 f754            DQ.........T
`;

/** The bytes of {@link DECRYPTED_DUMP}, from the IP header on. */
export const DECRYPTED: Uint8Array = parseHexDump(DECRYPTED_DUMP);
/** The bytes of {@link ENCRYPTED_DUMP}, from the outer IP header on. */
export const ENCRYPTED: Uint8Array = parseHexDump(ENCRYPTED_DUMP);

/** Packets that the article sends each way, and the size of their payload. */
export const PACKETS = 32;
export const PAYLOAD_BYTES = 64;
