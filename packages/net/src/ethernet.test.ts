import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  formatMac,
  isBroadcastMac,
  isMulticastMac,
  isZeroMac,
  macEqual,
  parseMac,
  readEthernetHeader,
  writeEthernetHeader,
} from './ethernet.ts';

const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });

describe('an Ethernet header', () => {
  it('is read as it was written, tags included', () => {
    const tag = fc.record({ type: fc.constantFrom(ETHERTYPE_VLAN, ETHERTYPE_QINQ), tci: fc.nat(0xffff) });
    const type = fc.nat(0xffff).filter((value) => value !== ETHERTYPE_VLAN && value !== ETHERTYPE_QINQ);
    fc.assert(
      fc.property(
        mac,
        mac,
        type,
        fc.array(tag, { maxLength: 4 }),
        fc.nat(5),
        (destination, source, value, tags, at) => {
          const u8 = new Uint8Array(at + 30);
          const headerBytes = writeEthernetHeader(u8, at, { destination, source, type: value, tags });
          expect(headerBytes).toBe(14 + 4 * tags.length);
          expect(readEthernetHeader(u8, at)).toEqual({ destination, source, type: value, tags, headerBytes });
        },
      ),
    );
  });

  it('has the type behind the last tag', () => {
    const u8 = new Uint8Array(22);
    const none = new Uint8Array(6);
    const tags = [
      { type: ETHERTYPE_QINQ, tci: 100 },
      { type: ETHERTYPE_VLAN, tci: 0xe064 },
    ];
    writeEthernetHeader(u8, 0, { destination: none, source: none, type: ETHERTYPE_IPV4, tags });
    expect([...u8.subarray(12)]).toEqual([0x88, 0xa8, 0, 100, 0x81, 0, 0xe0, 0x64, 8, 0]);
  });
});

describe('a MAC address', () => {
  it('comes back from its text', () => {
    fc.assert(
      fc.property(mac, (bytes) => {
        expect(parseMac(formatMac(bytes))).toEqual(bytes);
        expect(parseMac(formatMac(bytes).replaceAll(':', '-').toUpperCase())).toEqual(bytes);
      }),
    );
  });

  it.each(['1:2:3:4:5:f', '01-02-03-04-05-0F', '0102:0304:050f'])('%s is read', (text) => {
    expect(formatMac(parseMac(text) ?? new Uint8Array(6))).toBe('01:02:03:04:05:0f');
  });

  it.each([
    '',
    '1:2:3:4:5',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:100',
    '1:2:3:4:5:g',
    '1:2-3:4:5:6',
    '010203040506',
    '1:2:3:4:5:6 ',
    '102:304:506',
  ])('%j is none', (text) => {
    expect(parseMac(text)).toBeUndefined();
  });

  it('of a group, of all and of none is known', () => {
    const u8 = Uint8Array.of(
      9,
      ...(parseMac('ff:ff:ff:ff:ff:ff') ?? []),
      ...(parseMac('33:33:0:0:0:1') ?? []),
      0,
      0,
      0,
      0,
      0,
      0,
      2,
    );
    expect([1, 7, 13].map((at) => isBroadcastMac(u8, at))).toEqual([true, false, false]);
    expect([1, 7, 13].map((at) => isMulticastMac(u8, at))).toEqual([true, true, false]);
    expect([1, 7, 13].map((at) => isZeroMac(u8, at))).toEqual([false, false, true]);
    expect([macEqual(u8, 1, u8, 1), macEqual(u8, 1, u8, 2)]).toEqual([true, false]);
  });
});
