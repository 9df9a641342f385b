import { writeIpv4UdpTcpChecksum, writeIpv6UdpTcpChecksum } from '@inline-ipsec/net/checksum';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, writeEthernetHeader } from '@inline-ipsec/net/ethernet';
import { decrementTtl, parseIpv4, writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { decrementHopLimit, parseIpv6, writeIpv6Header } from '@inline-ipsec/net/ipv6';
import { readCapture } from '@inline-ipsec/net/pcap';
import { writeUdpHeader } from '@inline-ipsec/net/udp';

/** Packets for the gateway to carry: UDP over either family, with right checksums. */

const UDP = 17;
const UDP_BYTES = 8;

/** A UDP packet with `bytes` bytes of data to an address of either family. */
export function udpPacket(destination: string, bytes: number): Uint8Array {
  return destination.includes(':') ? udp6(destination, bytes) : udp4(destination, bytes);
}

function udp4(destination: string, bytes: number): Uint8Array {
  const packet = new Uint8Array(20 + UDP_BYTES + bytes);
  const [from, to] = ['192.0.2.77', destination].map((text) => parseIpv4(text) ?? 0);
  writeIpv4Header(packet, 0, {
    source: from,
    destination: to,
    protocol: UDP,
    ttl: 64,
    totalLength: packet.length,
    id: bytes,
  });
  writeData(packet, 20, bytes);
  writeIpv4UdpTcpChecksum(packet, 0);
  return packet;
}

function udp6(destination: string, bytes: number): Uint8Array {
  const packet = new Uint8Array(40 + UDP_BYTES + bytes);
  const [from, to] = ['2001:db8::77', destination].map((text) => parseIpv6(text) ?? new Uint8Array(16));
  writeIpv6Header(packet, 0, { source: from, destination: to, nextHeader: UDP, payloadLength: UDP_BYTES + bytes });
  writeData(packet, 40, bytes);
  writeIpv6UdpTcpChecksum(packet, 0, 40, UDP);
  return packet;
}

function writeData(packet: Uint8Array, at: number, bytes: number): void {
  writeUdpHeader(packet, at, { sourcePort: 4001, destinationPort: 4002, length: UDP_BYTES + bytes });
  for (let i = 0; i < bytes; i++) packet[at + UDP_BYTES + i] = i * 5 + bytes;
}

/** The IP packets of a capture, without what pads a frame. */
export function packetsOf(capture: Uint8Array): Uint8Array[] {
  return readCapture(capture).map(({ data }) => {
    const ip = data.subarray(14);
    return ip.subarray(0, ip[0] >>> 4 === 4 ? (ip[2] << 8) | ip[3] : 40 + ((ip[4] << 8) | ip[5]));
  });
}

/** The SPI of an ESP packet without IPv4 options or IPv6 extension headers. */
export function spiOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(packet[0] >>> 4 === 4 ? 20 : 40);
}

/** The same packet after `hops` gateways. */
export function afterHops(packet: Uint8Array, hops: number): Uint8Array {
  const later = packet.slice();
  for (let i = 0; i < hops; i++) later[0] >>> 4 === 4 ? decrementTtl(later, 0) : decrementHopLimit(later, 0);
  return later;
}

/** A frame around an IP packet, as long as frames on Ethernet are at least. */
export function frameOf(packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(Math.max(60, 14 + packet.length));
  writeEthernetHeader(frame, 0, {
    destination: Uint8Array.of(2, 0, 0, 0, 0, 1),
    source: Uint8Array.of(2, 0, 0, 0, 0, 2),
    type: packet[0] >>> 4 === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6,
  });
  frame.set(packet, 14);
  return frame;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
