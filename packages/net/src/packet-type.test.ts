import * as ptype from '@inline-ipsec/mbuf/packet-type';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeU16 } from './big-endian.ts';
import { HeaderLengths, parseIpPacketType, parsePacketType } from './packet-type.ts';

/** Headers as byte lists, put one behind the other; IP lengths are filled in afterwards. */
type Layer = readonly number[];

const zeros = (count: number): Layer => new Array<number>(count).fill(0);
const ether = (type: number): Layer => [...zeros(12), type >> 8, type & 0xff];
const tag = (type: number): Layer => [0, 100, type >> 8, type & 0xff];
const ipv4 = (protocol: number, { words = 5, fragment = 0 } = {}): Layer => {
  const header = [0x40 | words, 0, 0, 0, 0, 0, fragment >> 8, fragment & 0xff, 64, protocol];
  return [...header, ...zeros(4 * words - 10)];
};
const ipv6 = (next: number): Layer => [0x60, 0, 0, 0, 0, 0, next, 64, ...zeros(32)];
const extension = (next: number, units = 1): Layer => [next, units - 1, ...zeros(8 * units - 2)];
const fragment = (next: number, offsetAndMore: number): Layer => [next, 0, 0, offsetAndMore, 0, 0, 0, 9];
const udp = (source: number, destination: number): Layer => {
  return [source >> 8, source & 0xff, destination >> 8, destination & 0xff, 0, 0, 0, 0];
};
const tcp = (words = 5): Layer => [...zeros(12), words << 4, ...zeros(4 * words - 13)];
const esp: Layer = [0, 0, 3, 0xed, 0, 0, 0, 0x20, ...zeros(28)];

/** A frame of these layers in which each IP header says that it ends with the frame. */
function frameOf(...layers: readonly Layer[]): Uint8Array {
  const frame = Uint8Array.from(layers.flat());
  let at = 0;
  for (const layer of layers) {
    if (layer.length >= 20 && layer[0] >> 4 === 4 && layer[8] === 64) writeU16(frame, at + 2, frame.length - at);
    if (layer.length === 40 && layer[0] === 0x60) writeU16(frame, at + 4, frame.length - at - 40);
    at += layer.length;
  }
  return frame;
}

const {
  PTYPE_L2_ETHER: ETHER,
  PTYPE_L3_IPV4: IPV4,
  PTYPE_L3_IPV4_EXT: IPV4_EXT,
  PTYPE_L3_IPV6: IPV6,
  PTYPE_L3_IPV6_EXT: IPV6_EXT,
  PTYPE_L4_UDP: UDP,
  PTYPE_L4_TCP: TCP,
  PTYPE_L4_FRAG: FRAG,
  PTYPE_TUNNEL_ESP: ESP,
  PTYPE_TUNNEL_IP: IPIP,
  PTYPE_INNER_L2_ETHER: INNER_ETHER,
  PTYPE_INNER_L3_IPV4: INNER_IPV4,
  PTYPE_INNER_L3_IPV6: INNER_IPV6,
  PTYPE_INNER_L4_UDP: INNER_UDP,
  PTYPE_INNER_L4_TCP: INNER_TCP,
} = ptype;

const E4 = ether(0x0800);
const E6 = ether(0x86dd);

type Case = [name: string, frame: Uint8Array, type: number, lengths: Partial<HeaderLengths>];

const CASES: Case[] = [
  ['a frame of an unknown type', frameOf(ether(0x1234), zeros(46)), ETHER, { l2: 14 }],
  ['ARP', frameOf(ether(0x0806), zeros(28)), ptype.PTYPE_L2_ETHER_ARP, { l2: 14 }],
  ['LLDP', frameOf(ether(0x88cc), zeros(28)), ptype.PTYPE_L2_ETHER_LLDP, { l2: 14 }],
  ['IEEE 1588', frameOf(ether(0x88f7), zeros(44)), ptype.PTYPE_L2_ETHER_TIMESYNC, { l2: 14 }],

  ['IPv4 UDP', frameOf(E4, ipv4(17), udp(1, 2)), ETHER | IPV4 | UDP, { l2: 14, l3: 20, l4: 8 }],
  ['IPv4 TCP', frameOf(E4, ipv4(6), tcp(8)), ETHER | IPV4 | TCP, { l2: 14, l3: 20, l4: 32 }],
  ['IPv4 SCTP', frameOf(E4, ipv4(132), zeros(12)), ETHER | IPV4 | ptype.PTYPE_L4_SCTP, { l2: 14, l3: 20, l4: 12 }],
  ['IPv4 ICMP', frameOf(E4, ipv4(1), zeros(8)), ETHER | IPV4 | ptype.PTYPE_L4_ICMP, { l2: 14, l3: 20, l4: 8 }],
  ['IPv4 IGMP', frameOf(E4, ipv4(2), zeros(8)), ETHER | IPV4 | ptype.PTYPE_L4_IGMP, { l2: 14, l3: 20, l4: 8 }],
  ['IPv4 of another protocol', frameOf(E4, ipv4(89), zeros(8)), ETHER | IPV4, { l2: 14, l3: 20 }],
  [
    'IPv4 with options',
    frameOf(E4, ipv4(17, { words: 7 }), udp(1, 2)),
    ETHER | IPV4_EXT | UDP,
    { l2: 14, l3: 28, l4: 8 },
  ],
  [
    'a first IPv4 fragment',
    frameOf(E4, ipv4(17, { fragment: 0x2000 }), udp(1, 2)),
    ETHER | IPV4 | FRAG,
    { l2: 14, l3: 20 },
  ],
  ['a last IPv4 fragment of ESP', frameOf(E4, ipv4(50, { fragment: 7 }), esp), ETHER | IPV4 | FRAG, { l2: 14, l3: 20 }],
  [
    'IPv4 with DF',
    frameOf(E4, ipv4(17, { fragment: 0x4000 }), udp(1, 2)),
    ETHER | IPV4 | UDP,
    { l2: 14, l3: 20, l4: 8 },
  ],

  ['IPv6 UDP', frameOf(E6, ipv6(17), udp(1, 2)), ETHER | IPV6 | UDP, { l2: 14, l3: 40, l4: 8 }],
  ['IPv6 ICMP', frameOf(E6, ipv6(58), zeros(8)), ETHER | IPV6 | ptype.PTYPE_L4_ICMP, { l2: 14, l3: 40, l4: 8 }],
  ['IPv6 with nothing behind', frameOf(E6, ipv6(59)), ETHER | IPV6, { l2: 14, l3: 40 }],
  [
    'IPv6 with extensions',
    frameOf(E6, ipv6(0), extension(43), extension(60, 3), extension(6), tcp()),
    ETHER | IPV6_EXT | TCP,
    { l2: 14, l3: 40 + 8 + 24 + 8, l4: 20 },
  ],
  ['an IPv6 fragment', frameOf(E6, ipv6(44), fragment(17, 1), udp(1, 2)), ETHER | IPV6_EXT | FRAG, { l2: 14, l3: 48 }],
  [
    'an atomic IPv6 fragment',
    frameOf(E6, ipv6(44), fragment(17, 0), udp(1, 2)),
    ETHER | IPV6_EXT | UDP,
    { l2: 14, l3: 48, l4: 8 },
  ],

  [
    'one VLAN tag',
    frameOf(ether(0x8100), tag(0x0800), ipv4(17), udp(1, 2)),
    ptype.PTYPE_L2_ETHER_VLAN | IPV4 | UDP,
    { l2: 18, l3: 20, l4: 8 },
  ],
  [
    'two tags, QinQ',
    frameOf(ether(0x88a8), tag(0x8100), tag(0x86dd), ipv6(6), tcp()),
    ptype.PTYPE_L2_ETHER_QINQ | IPV6 | TCP,
    { l2: 22, l3: 40, l4: 20 },
  ],
  ['a cut tag', frameOf(ether(0x8100), [0, 1]), ptype.PTYPE_L2_ETHER_VLAN, { l2: 14 }],

  ['IPv4 ESP', frameOf(E4, ipv4(50), esp), ETHER | IPV4 | ESP, { l2: 14, l3: 20, tunnel: 8 }],
  [
    'IPv4 ESP behind options',
    frameOf(E4, ipv4(50, { words: 6 }), esp),
    ETHER | IPV4_EXT | ESP,
    { l2: 14, l3: 24, tunnel: 8 },
  ],
  ['IPv6 ESP, an extension itself', frameOf(E6, ipv6(50), esp), ETHER | IPV6_EXT | ESP, { l2: 14, l3: 40, tunnel: 8 }],
  [
    'IPv6 ESP behind an extension',
    frameOf(E6, ipv6(60), extension(50), esp),
    ETHER | IPV6_EXT | ESP,
    { l2: 14, l3: 48, tunnel: 8 },
  ],
  [
    'ESP in UDP to 4500',
    frameOf(E4, ipv4(17), udp(9, 4500), esp),
    ETHER | IPV4 | UDP | ESP,
    { l2: 14, l3: 20, l4: 8, tunnel: 8 },
  ],
  [
    'ESP in UDP from 4500, IPv6',
    frameOf(E6, ipv6(17), udp(4500, 9), esp),
    ETHER | IPV6 | UDP | ESP,
    { l2: 14, l3: 40, l4: 8, tunnel: 8 },
  ],
  ['IKE on 4500', frameOf(E4, ipv4(17), udp(4500, 4500), zeros(32)), ETHER | IPV4 | UDP, { l2: 14, l3: 20, l4: 8 }],
  ['a NAT keep-alive', frameOf(E4, ipv4(17), udp(4500, 4500), [0xff]), ETHER | IPV4 | UDP, { l2: 14, l3: 20, l4: 8 }],
  ['ESP too short for a sequence number', frameOf(E4, ipv4(50), zeros(7)), ETHER | IPV4, { l2: 14, l3: 20 }],

  [
    'IPv4 in IPv4',
    frameOf(E4, ipv4(4), ipv4(17), udp(1, 2)),
    ETHER | IPV4 | IPIP | INNER_IPV4 | INNER_UDP,
    { l2: 14, l3: 20, innerL3: 20, innerL4: 8 },
  ],
  [
    'IPv6 in IPv4',
    frameOf(E4, ipv4(41), ipv6(6), tcp()),
    ETHER | IPV4 | IPIP | INNER_IPV6 | INNER_TCP,
    { l2: 14, l3: 20, innerL3: 40, innerL4: 20 },
  ],
  [
    'an IPv6 fragment in IPv6',
    frameOf(E6, ipv6(41), ipv6(44), fragment(17, 1), udp(1, 2)),
    ETHER | IPV6 | IPIP | ptype.PTYPE_INNER_L3_IPV6_EXT | ptype.PTYPE_INNER_L4_FRAG,
    { l2: 14, l3: 40, innerL3: 48 },
  ],
  [
    'an IPv4 packet with options and ICMP in IPv6',
    frameOf(E6, ipv6(4), ipv4(1, { words: 6 }), zeros(8)),
    ETHER | IPV6 | IPIP | ptype.PTYPE_INNER_L3_IPV4_EXT | ptype.PTYPE_INNER_L4_ICMP,
    { l2: 14, l3: 40, innerL3: 24, innerL4: 8 },
  ],
  [
    'GRE with a key',
    frameOf(E4, ipv4(47), [0x20, 0, 0x08, 0x00, 0, 0, 0, 1], ipv4(17), udp(1, 2)),
    ETHER | IPV4 | ptype.PTYPE_TUNNEL_GRE | INNER_IPV4 | INNER_UDP,
    { l2: 14, l3: 20, tunnel: 8, innerL3: 20, innerL4: 8 },
  ],
  [
    'GRE of version 1',
    frameOf(E4, ipv4(47), [0x20, 1, 0x08, 0x00, 0, 0, 0, 1], ipv4(17)),
    ETHER | IPV4,
    { l2: 14, l3: 20 },
  ],
  [
    'NVGRE',
    frameOf(E4, ipv4(47), [0x20, 0, 0x65, 0x58, 0, 0, 0, 1], E4, ipv4(6), tcp()),
    ETHER | IPV4 | ptype.PTYPE_TUNNEL_NVGRE | INNER_ETHER | INNER_IPV4 | INNER_TCP,
    { l2: 14, l3: 20, tunnel: 8, innerL2: 14, innerL3: 20, innerL4: 20 },
  ],
  [
    'VXLAN with a tag inside',
    frameOf(E6, ipv6(17), udp(1, 4789), zeros(8), ether(0x8100), tag(0x0800), ipv4(17), udp(1, 2)),
    ETHER | IPV6 | UDP | ptype.PTYPE_TUNNEL_VXLAN | ptype.PTYPE_INNER_L2_ETHER_VLAN | INNER_IPV4 | INNER_UDP,
    { l2: 14, l3: 40, l4: 8, tunnel: 8, innerL2: 18, innerL3: 20, innerL4: 8 },
  ],
  [
    'Geneve with options',
    frameOf(E4, ipv4(17), udp(1, 6081), [1, 0, 0x65, 0x58, 0, 0, 0, 0, 1, 2, 3, 4], E6, ipv6(17), udp(1, 2)),
    ETHER | IPV4 | UDP | ptype.PTYPE_TUNNEL_GENEVE | INNER_ETHER | INNER_IPV6 | INNER_UDP,
    { l2: 14, l3: 20, l4: 8, tunnel: 12, innerL2: 14, innerL3: 40, innerL4: 8 },
  ],

  ['IPv4 with a header of 4 words', frameOf(E4, [0x44, ...ipv4(17).slice(1)], udp(1, 2)), ETHER, { l2: 14 }],
  ['IPv6 under the type of IPv4', frameOf(E4, ipv6(17), udp(1, 2)), ETHER, { l2: 14 }],
  ['TCP with a header of 4 words', frameOf(E4, ipv4(6), tcp(4), zeros(8)), ETHER | IPV4, { l2: 14, l3: 20 }],
];

describe('the packet type', () => {
  it.each(CASES)('of %s', (_, frame, type, lengths) => {
    const found = new HeaderLengths();
    // What was there before must not stay.
    for (const key of Object.keys(found)) Object.assign(found, { [key]: 99 });
    const padded = new Uint8Array(frame.length + 5).fill(0x45);
    padded.set(frame, 3);
    const got = parsePacketType(padded, 3, frame.length, found);
    expect(got.toString(16)).toBe(type.toString(16));
    expect(found).toEqual(Object.assign(new HeaderLengths(), lengths));
  });

  it.each(CASES.filter(([, frame]) => frame[12] === 8 || frame[12] === 0x86))(
    'of %s without Ethernet is the same but for L2',
    (_, frame, type, lengths) => {
      const found = new HeaderLengths();
      const got = parseIpPacketType(frame, 14, frame.length - 14, found);
      if ((type & ptype.PTYPE_L3_MASK) === 0) return;
      expect(got).toBe(type & ~ptype.PTYPE_L2_MASK);
      expect(found).toEqual(Object.assign(new HeaderLengths(), lengths, { l2: 0 }));
    },
  );

  it('does not take the padding of a short frame for a header', () => {
    const short = frameOf(E4, ipv4(17));
    const frame = new Uint8Array(60);
    frame.set(short);
    expect(parsePacketType(frame, 0, 60, new HeaderLengths())).toBe(ETHER | IPV4);
  });

  it('names no layer that is cut, at any length of any frame', () => {
    for (const [, frame, type] of CASES) {
      for (let bytes = 0; bytes < frame.length; bytes++) {
        const lengths = new HeaderLengths();
        const got = parsePacketType(frame, 0, bytes, lengths);
        const { l2, l3, l4, tunnel, innerL2, innerL3, innerL4 } = lengths;
        expect(l2 + l3 + l4 + tunnel + innerL2 + innerL3 + innerL4).toBeLessThanOrEqual(bytes);
        if (bytes < 14) expect(got).toBe(0);
        // Each layer is what it is in the whole frame, or not named; IPv6 without its extensions is not known as plain.
        for (let nibble = 4; nibble < 28; nibble += 4) {
          expect([0, (type >>> nibble) & 0xf]).toContain((got >>> nibble) & 0xf);
        }
      }
    }
  });

  it('comes of any bytes without reading past the end', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0x0800, 0x86dd, 0x8100, 0x88a8),
        fc.nat(255),
        (bytes, type, protocol) => {
          if (bytes.length >= 24) {
            writeU16(bytes, 12, type);
            bytes[14] = type === 0x86dd ? 0x60 : 0x45;
            bytes[type === 0x86dd ? 20 : 23] = protocol;
          }
          const lengths = new HeaderLengths();
          const longer = new Uint8Array(bytes.length + 100).fill(0x45);
          longer.set(bytes);
          const got = parsePacketType(bytes, 0, bytes.length, lengths);
          expect(parsePacketType(longer, 0, bytes.length, new HeaderLengths())).toBe(got);
          const { l2, l3, l4, tunnel, innerL2, innerL3, innerL4 } = lengths;
          expect(l2 + l3 + l4 + tunnel + innerL2 + innerL3 + innerL4).toBeLessThanOrEqual(bytes.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
