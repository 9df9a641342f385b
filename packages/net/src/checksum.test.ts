import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readU16, readU32, writeU16, writeU32 } from './big-endian.ts';
import {
  addSums,
  ipv4Checksum,
  ipv4ChecksumOk,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  rawChecksum,
  udpTcpChecksum,
  udpTcpChecksumOk,
  updateChecksum16,
  updateChecksum32,
  updateUdpChecksum16,
  writeIpv4UdpTcpChecksum,
  writeIpv6UdpTcpChecksum,
} from './checksum.ts';
import { parseHexDump } from './hex-dump.ts';
import { IPPROTO_TCP, IPPROTO_UDP } from './ip-protocol.ts';
import { writeIpv4Header } from './ipv4.ts';
import { parseIpv6, writeIpv6Header } from './ipv6.ts';
import { writeUdpHeader } from './udp.ts';

/** The definition, without any haste. */
function modelSum(bytes: Uint8Array, start = 0): number {
  let sum = BigInt(start);
  for (let i = 0; i < bytes.length; i += 2) sum += BigInt((bytes[i] << 8) | (bytes[i + 1] ?? 0));
  while (sum > 0xffffn) sum = (sum >> 16n) + (sum & 0xffffn);
  return Number(sum);
}

const u16 = fc.integer({ min: 0, max: 0xffff });
// Values next to the corners, far more often than chance would have them.
const word = fc.oneof(u16, fc.constantFrom(0, 1, 0xfffe, 0xffff));

describe('the sum of RFC 1071', () => {
  it('is that of the example in its section 3', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(rawChecksum(bytes, 0, 8)).toBe(0xddf2);
  });

  it('is the definition for any bytes, place and start', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), u16, (bytes, at, start) => {
        const padded = new Uint8Array(at + bytes.length + 3).fill(0xa5);
        padded.set(bytes, at);
        expect(rawChecksum(padded, at, bytes.length, start)).toBe(modelSum(bytes, start));
      }),
    );
  });

  it('may be taken in even pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(50), (bytes, half) => {
        const cut = Math.min(2 * half, bytes.length & ~1);
        const first = rawChecksum(bytes, 0, cut);
        expect(rawChecksum(bytes, cut, bytes.length - cut, first)).toBe(rawChecksum(bytes, 0, bytes.length));
        expect(addSums(first, rawChecksum(bytes, cut, bytes.length - cut))).toBe(rawChecksum(bytes, 0, bytes.length));
      }),
    );
  });

  it.each([65533, 65534, 65535, 65536, 200_001])('does not overflow over %i bytes of ff', (length) => {
    const bytes = new Uint8Array(length).fill(0xff);
    expect(rawChecksum(bytes, 0, length, 0xffff)).toBe(modelSum(bytes, 0xffff));
  });
});

describe('the checksum of an IPv4 header', () => {
  it('is that of the packet captured behind an 82599', () => {
    const outer = parseHexDump('0x0000:  4500 008c 0000 0000 4032 1f16 ac10 0105\n0x0010:  ac10 0205');
    expect(ipv4Checksum(outer, 0)).toBe(0x1f16);
    expect(ipv4ChecksumOk(outer, 0)).toBe(true);
  });

  it('finds any one wrong bit', () => {
    fc.assert(
      fc.property(word, word, fc.nat(159), (id, total, bit) => {
        const header = new Uint8Array(20);
        writeIpv4Header(header, 0, { totalLength: total, id, protocol: 50, source: 0x0a000001, destination: 1 });
        expect(ipv4ChecksumOk(header, 0)).toBe(true);
        // A changed header length sums another header.
        if (bit >= 4 && bit < 8) return;
        header[bit >> 3] ^= 0x80 >> (bit & 7);
        expect(ipv4ChecksumOk(header, 0)).toBe(false);
      }),
    );
  });

  it('covers the options and leaves out the field', () => {
    const header = new Uint8Array(60);
    const options = Uint8Array.from({ length: 40 }, (_, i) => i * 5);
    writeIpv4Header(header, 0, { totalLength: 60, protocol: 1, source: 1, destination: 2, options });
    const checksum = readU16(header, 10);
    writeU16(header, 10, 0);
    expect(checksum).toBe(~modelSum(header) & 0xffff);
    writeU16(header, 10, 0x1234);
    expect(ipv4Checksum(header, 0)).toBe(checksum);
  });
});

describe('the update of RFC 1624', () => {
  it('gives 0x0000 in the example of its section 4, where RFC 1141 gives 0xffff', () => {
    expect(updateChecksum16(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  it('is what computing anew gives, to the bit, for bytes that do not become all zero', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 12 }), fc.nat(11), word, (words, pick, value) => {
        const bytes = new Uint8Array(2 * words.length);
        for (const [i, each] of words.entries()) writeU16(bytes, 2 * i, each);
        const before = ~rawChecksum(bytes, 0, bytes.length) & 0xffff;
        const at = 2 * (pick % words.length);
        const old = readU16(bytes, at);
        fc.pre(words.some((each) => each !== 0));
        writeU16(bytes, at, value);
        fc.pre(bytes.some((byte) => byte !== 0));
        expect(updateChecksum16(before, old, value)).toBe(~rawChecksum(bytes, 0, bytes.length) & 0xffff);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a checksum right whichever of the two zeros it was', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 12 }), fc.nat(11), word, (words, pick, value) => {
        // The last word makes the sum of all 0xffff, so that both 0 and 0xffff are right checksums.
        const bytes = new Uint8Array(2 * words.length + 2);
        for (const [i, each] of words.entries()) writeU16(bytes, 2 * i, each);
        writeU16(bytes, 2 * words.length, ~rawChecksum(bytes, 0, bytes.length));
        const at = 2 * (pick % words.length);
        const old = readU16(bytes, at);
        writeU16(bytes, at, value);
        fc.pre(bytes.some((byte) => byte !== 0));
        for (const checksum of [0, 0xffff]) {
          const after = updateChecksum16(checksum, old, value);
          expect(rawChecksum(bytes, 0, bytes.length, after)).toBe(0xffff);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('changes 32 bits as two words at once', () => {
    const value = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0xffff, 0xffff0000, 0xffffffff));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(3), value, (bytes, at, address) => {
        bytes[15] = 1;
        const before = ~rawChecksum(bytes, 0, 16) & 0xffff;
        const old = readU32(bytes, 4 * Math.min(at, 2));
        writeU32(bytes, 4 * Math.min(at, 2), address);
        expect(updateChecksum32(before, old, address)).toBe(~rawChecksum(bytes, 0, 16) & 0xffff);
      }),
    );
  });

  it('leaves a UDP checksum of 0 alone and never makes one', () => {
    fc.assert(
      fc.property(word, word, word, (checksum, old, value) => {
        const after = updateUdpChecksum16(checksum, old, value);
        if (checksum === 0) expect(after).toBe(0);
        else expect(after).toBe(updateChecksum16(checksum, old, value) || 0xffff);
      }),
    );
    expect(updateUdpChecksum16(0xdd2f, 0x5555, 0x3285)).toBe(0xffff);
  });
});

describe('UDP and TCP checksums', () => {
  it('are what scapy has for a datagram with `hello` from 10.0.0.1:1000 to 10.0.0.2:2000', () => {
    const packet = new Uint8Array(33);
    writeIpv4Header(packet, 0, { totalLength: 33, protocol: IPPROTO_UDP, source: 0x0a000001, destination: 0x0a000002 });
    writeUdpHeader(packet, 20, { sourcePort: 1000, destinationPort: 2000, length: 13, checksum: 0x7777 });
    packet.set([0x68, 0x65, 0x6c, 0x6c, 0x6f], 28);
    expect(writeIpv4UdpTcpChecksum(packet, 0)).toBe(0x9c47);
    expect(readU16(packet, 26)).toBe(0x9c47);
  });

  it('are what the definition says, over IPv4 and IPv6, and are found right', () => {
    const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const payload = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(address, address, payload, fc.boolean(), fc.boolean(), (source, destination, data, tcp, six) => {
        const protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
        const l4Bytes = (tcp ? 20 : 8) + data.length;
        const at = six ? 40 : 20;
        const packet = new Uint8Array(at + l4Bytes);
        if (six) writeIpv6Header(packet, 0, { payloadLength: l4Bytes, nextHeader: protocol, source, destination });
        else {
          const fields = { totalLength: at + l4Bytes, protocol, source: readU32(source, 0) };
          writeIpv4Header(packet, 0, { ...fields, destination: readU32(destination, 0) });
        }
        packet.set(data, packet.length - data.length);

        const field = at + (tcp ? 16 : 6);
        writeU16(packet, field, 0xbeef);
        const written = six ? writeIpv6UdpTcpChecksum(packet, 0, at, protocol) : writeIpv4UdpTcpChecksum(packet, 0);
        expect(readU16(packet, field)).toBe(written);

        const pseudo = six
          ? ipv6PseudoHeaderSum(packet, 0, l4Bytes, protocol)
          : ipv4PseudoHeaderSum(packet, 0, l4Bytes);
        const length = Uint8Array.of(0, 0, l4Bytes >> 8, l4Bytes, 0, 0, 0, protocol);
        expect(pseudo).toBe(modelSum(length, modelSum(packet.subarray(six ? 8 : 12, at))));
        expect(modelSum(packet.subarray(at), pseudo)).toBe(0xffff);
        expect(udpTcpChecksumOk(packet, at, l4Bytes, protocol, pseudo)).toBe(true);
        packet[at] ^= 1;
        expect(udpTcpChecksumOk(packet, at, l4Bytes, protocol, pseudo)).toBe(false);
      }),
    );
  });

  it('of UDP are 0xffff where they would be 0, and of TCP 0', () => {
    const bytes = new Uint8Array(20);
    writeU16(bytes, 0, 0xffff);
    expect(udpTcpChecksum(bytes, 0, 20, IPPROTO_UDP, 0)).toBe(0xffff);
    expect(udpTcpChecksum(bytes, 0, 20, IPPROTO_TCP, 0)).toBe(0);
  });

  it('of UDP that are 0 are none, and right', () => {
    const datagram = Uint8Array.of(1, 2, 3, 4, 0, 9, 0, 0, 0x55);
    expect(udpTcpChecksumOk(datagram, 0, 9, IPPROTO_UDP, 0x1234)).toBe(true);
  });

  it('take the upper-layer protocol behind extension headers', () => {
    const source = parseIpv6('2001:db8::1') ?? new Uint8Array(16);
    const packet = new Uint8Array(40 + 8 + 8);
    writeIpv6Header(packet, 0, { payloadLength: 16, nextHeader: 60, source, destination: source });
    packet[40] = IPPROTO_UDP;
    writeUdpHeader(packet, 48, { sourcePort: 1, destinationPort: 2, length: 8 });
    const plain = new Uint8Array(48);
    writeIpv6Header(plain, 0, { payloadLength: 8, nextHeader: IPPROTO_UDP, source, destination: source });
    writeUdpHeader(plain, 40, { sourcePort: 1, destinationPort: 2, length: 8 });
    expect(writeIpv6UdpTcpChecksum(packet, 0, 48, IPPROTO_UDP)).toBe(
      writeIpv6UdpTcpChecksum(plain, 0, 40, IPPROTO_UDP),
    );
  });
});
