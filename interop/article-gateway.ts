/** The article's gateway, with lookaside crypto: its configuration and its packet. */

import { writeIpv4Header } from '@inline-ipsec/net/ipv4';

const KEY = '2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef';

/** The article's file as it prints it, less the type of its SAs. */
export const LOOKASIDE_CONFIGURATION: string = configuration('no-offload');
/** The article's file as it prints it. */
export const INLINE_CONFIGURATION: string = configuration('inline-crypto-offload');

function configuration(type: string): string {
  const sa = (direction: string) => `sa ${direction} aead_algo aes-128-gcm aead_key ${KEY} \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
port_id 1 \\
type ${type} \\

`;
  return `#SP IPv4 rules
sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535

#SA rules
${sa('out 1005')}${sa('in 5')}#Routing rules
rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;
}

/** tshark's row for the SA that sends. */
export const TSHARK_ARTICLE_SA: readonly string[] = [
  '-o',
  'esp.enable_encryption_decode:TRUE',
  '-o',
  'esp.enable_authentication_check:TRUE',
  '-o',
  `uat:esp_sa:"IPv4","172.16.1.5","172.16.2.5","0x000003ed","AES-GCM with 16 octet ICV [RFC4106]","0x${KEY.replaceAll(':', '')}","NULL",""`,
];

/** The packet of the article's generator: 192.168.105.10 to itself, `|->`, text, `<-|`, `size` bytes behind the IP header. */
export function articlePacket(size = 64): Uint8Array {
  const address = 0xc0a8690a;
  const packet = new Uint8Array(20 + size);
  writeIpv4Header(packet, 0, {
    source: address,
    destination: address,
    protocol: 0,
    id: 1,
    totalLength: packet.length,
  });
  const text = `|->${'test-'.repeat(400).slice(0, size - 6)}<-|`;
  for (let i = 0; i < size; i++) packet[20 + i] = text.charCodeAt(i);
  return packet;
}
