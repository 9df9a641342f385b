import { SetupError } from '@inline-ipsec/eal/errors';
import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, writeEthernetHeader } from '@inline-ipsec/net/ethernet';
import { IPPROTO_HOPOPTS } from '@inline-ipsec/net/ip-protocol';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '@inline-ipsec/net/ipv4';

/**
 * The clear packet of the article's generator, as bytes: an IPv4 header and a text between `|->` and `<-|`. Portable, so
 * that a demo in a browser can make it as well.
 *
 * Addresses are unsigned 32-bit numbers in host order, as in `@inline-ipsec/net/ipv4`.
 */

/** 192.168.105.10: source and destination of the article's packets. */
export const ARTICLE_HOST = 0xc0a8690a;

/** Bytes behind the IP header in the article's packets. */
export const ARTICLE_SIZE = 64;

const HEAD = '|->';
const TAIL = '<-|';
const TEXT = 'test-'.repeat(2000);

/** The fewest bytes behind the IP header: the two marks. */
export const SIZE_MIN: number = HEAD.length + TAIL.length;

/** The most bytes behind the IP header: the two marks and all of the text between them, 10,006. */
export const SIZE_MAX: number = SIZE_MIN + TEXT.length;

/** `id` of the IP headers, as scapy sets it when nobody says otherwise. */
export const IP_ID = 1;

/** What {@link articlePacket} makes. */
export interface ArticlePacketOptions {
  /** Bytes behind the IP header, {@link SIZE_MIN} to {@link SIZE_MAX}. Default 64, which makes a packet of 84 bytes. */
  readonly size?: number;
  /** Default {@link ARTICLE_HOST}. */
  readonly source?: number;
  /** Default {@link ARTICLE_HOST}. */
  readonly destination?: number;
}

/**
 * The article's clear packet, from the IPv4 header on: id 1, TTL 64, protocol 0, a right checksum.
 *
 * @throws SetupError `ERR_PKTGEN_SIZE` (EINVAL)
 * @example
 * ```ts
 * articlePacket({ size: 64 }).length; // 84
 * ```
 */
export function articlePacket(options: ArticlePacketOptions = {}): Uint8Array {
  const { size = ARTICLE_SIZE, source = ARTICLE_HOST, destination = ARTICLE_HOST } = options;
  if (!Number.isInteger(size) || size < SIZE_MIN || size > SIZE_MAX) {
    throw new SetupError({
      code: 'ERR_PKTGEN_SIZE',
      errno: 'EINVAL',
      message: 'a packet cannot have this size',
      expected: `${SIZE_MIN} to ${SIZE_MAX} bytes behind the IP header`,
      got: String(size),
    });
  }
  const packet = new Uint8Array(IPV4_HEADER_BYTES + size);
  writeIpv4Header(packet, 0, {
    totalLength: packet.length,
    id: IP_ID,
    protocol: IPPROTO_HOPOPTS,
    source,
    destination,
  });
  const payload = HEAD + TEXT.slice(0, size - SIZE_MIN) + TAIL;
  for (let i = 0; i < size; i++) packet[IPV4_HEADER_BYTES + i] = payload.charCodeAt(i);
  return packet;
}

/** The addresses of a frame, 6 bytes each. */
export interface FrameAddresses {
  /** Default broadcast: what scapy takes when it finds no neighbour, and what every card receives. */
  readonly destination?: Uint8Array | undefined;
  /** Default all zeros: there is no interface to ask. */
  readonly source?: Uint8Array | undefined;
}

/** An Ethernet frame around an IPv4 packet. Like scapy's it is not filled up to 60 bytes: that is left to the card. */
export function ethernetFrame(packet: Uint8Array, addresses: FrameAddresses = {}): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER_BYTES + packet.length);
  writeEthernetHeader(frame, 0, {
    destination: addresses.destination ?? new Uint8Array(6).fill(0xff),
    source: addresses.source ?? new Uint8Array(6),
    type: ETHERTYPE_IPV4,
  });
  frame.set(packet, ETHERNET_HEADER_BYTES);
  return frame;
}
