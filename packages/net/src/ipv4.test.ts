import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Checksum, ipv4ChecksumOk } from './checksum.ts';
import {
  decrementTtl,
  decrementTtlAligned,
  formatIpv4,
  IPV4_DESTINATION,
  IPV4_ID,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOTAL_LENGTH,
  IPV4_TTL,
  type Ipv4HeaderFields,
  ipv4IsFragment,
  parseIpv4,
  readIpv4Header,
  writeIpv4Header,
} from './ipv4.ts';

const fields = fc.record({
  totalLength: fc.integer({ min: 20, max: 0xffff }),
  protocol: fc.nat(255),
  source: fc.nat(0xffffffff),
  destination: fc.nat(0xffffffff),
  tos: fc.nat(255),
  id: fc.nat(0xffff),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff).map((units) => 8 * units),
  ttl: fc.nat(255),
  options: fc.nat(10).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
});

describe('a whole IPv4 header', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fields, fc.nat(5), (header, at) => {
        const u8 = new Uint8Array(at + 60);
        const headerBytes = writeIpv4Header(u8, at, header);
        const { checksum, ...rest } = readIpv4Header(u8, at);
        expect(rest).toEqual({ ...header, headerBytes });
        expect(checksum).toBe(ipv4Checksum(u8, at));
      }),
    );
  });

  it('has its fields where the offsets say, in network order', () => {
    const u8 = new Uint8Array(20).fill(0xff);
    const header: Ipv4HeaderFields = {
      totalLength: 0x0102,
      id: 0x0304,
      protocol: 50,
      source: 0xac100105,
      destination: 7,
    };
    expect(writeIpv4Header(u8, 0, header)).toBe(20);
    expect([...u8.subarray(IPV4_TOTAL_LENGTH, IPV4_TOTAL_LENGTH + 2)]).toEqual([1, 2]);
    expect([...u8.subarray(IPV4_ID, IPV4_ID + 2)]).toEqual([3, 4]);
    expect([...u8.subarray(IPV4_SOURCE, IPV4_SOURCE + 4)]).toEqual([172, 16, 1, 5]);
    expect([...u8.subarray(IPV4_DESTINATION, IPV4_DESTINATION + 4)]).toEqual([0, 0, 0, 7]);
    expect([u8[0], u8[1], u8[IPV4_TTL], u8[IPV4_PROTOCOL]]).toEqual([0x45, 0, 64, 50]);
  });

  it('has options filled up with zeros', () => {
    const u8 = new Uint8Array(60).fill(0xff);
    const header = { totalLength: 24, protocol: 1, source: 1, destination: 2, options: Uint8Array.of(7) };
    expect(writeIpv4Header(u8, 0, header)).toBe(24);
    expect([...u8.subarray(20, 25)]).toEqual([7, 0, 0, 0, 0xff]);
  });

  it('is a fragment by its offset or by more that follow, and not by DF', () => {
    const u8 = new Uint8Array(20);
    const header = { totalLength: 20, protocol: 1, source: 1, destination: 2 };
    writeIpv4Header(u8, 0, { ...header, dontFragment: true });
    expect(ipv4IsFragment(u8, 0)).toBe(false);
    writeIpv4Header(u8, 0, { ...header, moreFragments: true });
    expect(ipv4IsFragment(u8, 0)).toBe(true);
    writeIpv4Header(u8, 0, { ...header, fragmentOffset: 8 });
    expect(ipv4IsFragment(u8, 0)).toBe(true);
  });
});

describe('the TTL', () => {
  it('goes down by one with a checksum as if computed anew, for every TTL and all headers', () => {
    fc.assert(
      fc.property(fields, (header) => {
        const u8 = new Uint8Array(60);
        writeIpv4Header(u8, 0, header);
        const before = u8.slice();
        if (header.ttl < 2) {
          expect(decrementTtl(u8, 0)).toBe(false);
          expect(u8).toEqual(before);
          return;
        }
        expect(decrementTtl(u8, 0)).toBe(true);
        expect(u8[IPV4_TTL]).toBe(header.ttl - 1);
        expect(ipv4ChecksumOk(u8, 0)).toBe(true);
        expect(readIpv4Header(u8).checksum).toBe(ipv4Checksum(u8, 0));
      }),
    );
  });
});

describe('addresses as text', () => {
  it('come back from the text that they are written as', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
  });

  it.each([
    ['0.0.0.0', 0],
    ['255.255.255.255', 0xffffffff],
    ['192.168.105.10', 0xc0a8690a],
  ])('%s is read', (text, address) => {
    expect(parseIpv4(text)).toBe(address);
    expect(formatIpv4(address)).toBe(text);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.',
    '0x1.2.3.4',
    '1.2.3.-4',
    '1..2.3',
    '1.2.3.4/8',
    '1.2.3.1000',
  ])('%j is no address', (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });
});

describe('decrementTtlAligned', () => {
  it('does to every header what decrementTtl does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const one = bytes.slice();
        const other = bytes.slice();
        expect(decrementTtlAligned(new Int32Array(other.buffer), 0)).toBe(decrementTtl(one, 0));
        expect(other).toEqual(one);
      }),
      { numRuns: 2000 },
    );
  });
});
