import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decrementHopLimit,
  formatIpv6,
  IPV6_HOP_LIMIT,
  ipv6Equal,
  parseIpv6,
  readIpv6Header,
  writeIpv6Header,
} from './ipv6.ts';

// Groups of zero are common enough that runs of all lengths come up.
const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(0xffff) });
const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
  return Uint8Array.from(groups.flatMap((each) => [each >> 8, each & 0xff]));
});

describe('a fixed IPv6 header', () => {
  it('is read as it was written', () => {
    const fields = fc.record({
      payloadLength: fc.nat(0xffff),
      nextHeader: fc.nat(255),
      source: address,
      destination: address,
      trafficClass: fc.nat(255),
      flowLabel: fc.nat(0xfffff),
      hopLimit: fc.nat(255),
    });
    fc.assert(
      fc.property(fields, fc.nat(5), (header, at) => {
        const u8 = new Uint8Array(at + 40).fill(0xff);
        expect(writeIpv6Header(u8, at, header)).toBe(40);
        expect(u8[at] >> 4).toBe(6);
        expect(readIpv6Header(u8, at)).toEqual(header);
      }),
    );
  });

  it.each([
    [0, false, 0],
    [1, false, 1],
    [2, true, 1],
    [255, true, 254],
  ])('with hop limit %i is taken one from: %s', (hopLimit, taken, after) => {
    const u8 = new Uint8Array(40);
    const none = new Uint8Array(16);
    writeIpv6Header(u8, 0, { payloadLength: 0, nextHeader: 59, source: none, destination: none, hopLimit });
    expect(decrementHopLimit(u8, 0)).toBe(taken);
    expect(u8[IPV6_HOP_LIMIT]).toBe(after);
  });
});

describe('addresses as text', () => {
  // RFC 5952, sections 4 and 5, and what is near.
  it.each([
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::1.2.3.4', '::102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ])('%s is %s', (text, canonical) => {
    const bytes = parseIpv6(text);
    expect(bytes === undefined ? undefined : formatIpv6(bytes)).toBe(canonical);
  });

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '12345::',
    'g::',
    '::1%eth0',
    '::1/64',
    ' ::1',
    '1.2.3.4',
    '::1.2.3',
    '::1.2.3.4:5',
    '1.2.3.4::',
    '::01.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('%j is no address', (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });

  it('come back from the text that they are written as', () => {
    fc.assert(
      fc.property(address, (bytes) => {
        expect(parseIpv6(formatIpv6(bytes))).toEqual(bytes);
      }),
    );
  });

  it('are written as the C library under Node writes them, its dotted form of ::/96 apart', () => {
    fc.assert(
      fc.property(address, (bytes) => {
        fc.pre(bytes.subarray(0, 12).some((byte) => byte !== 0));
        expect(new SocketAddress({ address: formatIpv6(bytes), family: 'ipv6' }).address).toBe(formatIpv6(bytes));
      }),
    );
  });

  it('are compared by their bytes', () => {
    const both = Uint8Array.of(9, ...(parseIpv6('2001:db8::1') ?? []), ...(parseIpv6('2001:db8::1') ?? []));
    expect(ipv6Equal(both, 1, both, 17)).toBe(true);
    both[32] ^= 1;
    expect(ipv6Equal(both, 1, both, 17)).toBe(false);
  });
});
