import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Checksum } from './checksum.ts';
import {
  dscpOf,
  ECN_CE,
  ECN_NOT_ECT,
  ecnOf,
  ipv6TrafficClass,
  markIpv4Congestion,
  markIpv6Congestion,
  setIpv4Tos,
  setIpv6TrafficClass,
  trafficClassOf,
} from './dscp-ecn.ts';
import { IPV4_TOS, readIpv4Header, writeIpv4Header } from './ipv4.ts';
import { readIpv6Header, writeIpv6Header } from './ipv6.ts';

const byte = fc.nat(255);

function ipv4(tos: number, id = 7): Uint8Array {
  const u8 = new Uint8Array(20);
  writeIpv4Header(u8, 0, { totalLength: 20, protocol: 50, source: 0x0a000001, destination: 0x0a000002, tos, id });
  return u8;
}

function ipv6(trafficClass: number, flowLabel = 0xabcde): Uint8Array {
  const u8 = new Uint8Array(40);
  const none = new Uint8Array(16);
  writeIpv6Header(u8, 0, {
    payloadLength: 0,
    nextHeader: 50,
    source: none,
    destination: none,
    trafficClass,
    flowLabel,
  });
  return u8;
}

describe('the traffic class', () => {
  it('is DSCP and ECN', () => {
    for (let value = 0; value < 256; value++) expect(trafficClassOf(dscpOf(value), ecnOf(value))).toBe(value);
    expect(trafficClassOf(46, 0)).toBe(0xb8);
  });

  it('of IPv4 is set with its checksum', () => {
    fc.assert(
      fc.property(byte, byte, fc.nat(0xffff), (before, after, id) => {
        const u8 = ipv4(before, id);
        setIpv4Tos(u8, 0, after);
        expect(u8).toEqual(ipv4(after, id));
        expect(readIpv4Header(u8).checksum).toBe(ipv4Checksum(u8, 0));
      }),
    );
  });

  it('of IPv6 is read and set, and version and flow label stay', () => {
    fc.assert(
      fc.property(byte, byte, fc.nat(0xfffff), (before, after, flowLabel) => {
        const u8 = ipv6(before, flowLabel);
        expect(ipv6TrafficClass(u8, 0)).toBe(before);
        setIpv6TrafficClass(u8, 0, after);
        expect(readIpv6Header(u8)).toMatchObject({ trafficClass: after, flowLabel });
        expect(u8[0] >> 4).toBe(6);
      }),
    );
  });
});

describe('the mark of congestion', () => {
  it.each([0, 1, 2, 3])('is set on packets that are capable of ECN, and on no others: field %i', (ecn) => {
    const capable = ecn !== ECN_NOT_ECT;
    const tos = trafficClassOf(46, ecn);
    const marked = capable ? trafficClassOf(46, ECN_CE) : tos;
    const four = ipv4(tos);
    expect(markIpv4Congestion(four, 0)).toBe(capable);
    expect(four[IPV4_TOS]).toBe(marked);
    expect(four).toEqual(ipv4(marked));
    const six = ipv6(tos);
    expect(markIpv6Congestion(six, 0)).toBe(capable);
    expect(six).toEqual(ipv6(marked));
  });
});
