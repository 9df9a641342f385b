import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decrementTtl,
  ipv4HeaderChecksum,
  ipv6TrafficClass,
  nextHeaderField,
  putUint16,
  setIpv4Congestion,
  setIpv6Congestion,
  swap32,
} from './ip-rewrite.ts';

const header = fc
  .tuple(fc.uint8Array({ minLength: 60, maxLength: 60 }), fc.integer({ min: 5, max: 15 }))
  .map(([bytes, words]) => {
    bytes[0] = 0x40 | words;
    putUint16(bytes, 10, ipv4HeaderChecksum(bytes, 0, words * 4));
    return bytes;
  });

/** Whether a receiver takes the header: the sum over all of it is 0xffff (RFC 1071). */
function verifies(bytes: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < (bytes[0] & 0xf) * 4; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

describe('rewriting IP headers', () => {
  it('keeps the checksum right when the TTL goes down', () => {
    fc.assert(
      fc.property(header, (bytes) => {
        const ttl = bytes[8];
        fc.pre(ttl > 0);
        decrementTtl(bytes, 0, false);
        expect(bytes[8]).toBe(ttl - 1);
        expect(verifies(bytes)).toBe(true);
      }),
    );
  });

  it('leaves the checksum of 2018 as it was, if asked to', () => {
    const bytes = Uint8Array.from([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 50, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8]);
    decrementTtl(bytes, 0, true);
    expect([...bytes.subarray(8, 12)]).toEqual([63, 50, 0x12, 0x34]);
  });

  it('keeps the checksum right when congestion is marked', () => {
    fc.assert(
      fc.property(header, (bytes) => {
        const dscp = bytes[1] & 0xfc;
        setIpv4Congestion(bytes, 0);
        expect(bytes[1]).toBe(dscp | 3);
        expect(verifies(bytes)).toBe(true);
      }),
    );
  });

  it('reads and marks the traffic class of IPv6, which crosses bytes', () => {
    const bytes = Uint8Array.from([0x6a, 0xbc, 0xde, 0xf0]);
    expect(ipv6TrafficClass(bytes, 0)).toBe(0xab);
    const marked = Uint8Array.from([0x6a, 0x10, 0, 0]);
    setIpv6Congestion(marked, 0);
    expect(ipv6TrafficClass(marked, 0)).toBe(0xa3);
  });

  it('finds the field that names what follows the extension headers', () => {
    const bytes = new Uint8Array(120);
    bytes[6] = 0;
    expect(nextHeaderField(bytes, 0, 40)).toBe(6);
    bytes[40] = 43;
    bytes[41] = 1;
    expect(nextHeaderField(bytes, 0, 56)).toBe(40);
    bytes[56] = 44;
    bytes[57] = 0;
    expect(nextHeaderField(bytes, 0, 64)).toBe(56);
    bytes[64] = 50;
    expect(nextHeaderField(bytes, 0, 72)).toBe(64);
  });

  it('turns the bytes of a word round', () => {
    expect(swap32(0x01020304)).toBe(0x04030201);
    expect(swap32(0xff000000)).toBe(0xff);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => swap32(swap32(value)) === value));
  });
});
