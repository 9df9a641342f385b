import { ipv4ChecksumOk } from '@inline-ipsec/net/checksum';
import { readIpv4Header } from '@inline-ipsec/net/ipv4';
import { describe, expect, it } from 'vitest';
import { articlePacket, ethernetFrame } from './packets.ts';

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('the clear packet', () => {
  it('is the one that comes out of the gateway in the article, with one hop more to go', () => {
    // The article's decrypted packet as the generator's tunnel carried it: TTL 63 over the checksum of TTL 64.
    const inner = bytes(
      '45000054000100003f002744c0a8690ac0a8690a7c2d3e746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d7465733c2d7c',
    );
    inner[8] = 64;
    expect(hex(articlePacket())).toBe(hex(inner));
    expect(ipv4ChecksumOk(inner, 0)).toBe(true);
  });

  it.each([6, 7, 11, 64, 1000, 10_006])('has %i bytes behind its header, marked at both ends', (size) => {
    const packet = articlePacket({ size });
    const text = new TextDecoder().decode(packet.subarray(20));
    expect(text).toMatch(/^\|->(test-)*(t(e(st?)?)?)?<-\|$/);
    expect(text).toHaveLength(size);
    expect(readIpv4Header(packet)).toMatchObject({ totalLength: 20 + size, id: 1, ttl: 64, protocol: 0 });
    expect(ipv4ChecksumOk(packet, 0)).toBe(true);
  });

  it('goes from and to whatever address is wanted', () => {
    const packet = articlePacket({ source: 0x0a000001, destination: 0xfffffffe });
    expect(hex(packet.subarray(12, 20))).toBe('0a000001fffffffe');
    expect(ipv4ChecksumOk(packet, 0)).toBe(true);
  });

  it.each([5, 10_007, 65_536, -1, 6.5, Number.NaN])('cannot have size %s', (size) => {
    expect(() => articlePacket({ size })).toThrow(
      `a packet cannot have this size: expected 6 to 10006 bytes behind the IP header, got ${size}`,
    );
  });
});

describe('its frame', () => {
  it('goes to everybody and from nobody, and is not filled up', () => {
    expect(hex(ethernetFrame(articlePacket({ size: 6 })))).toMatch(/^f{12}0{12}08004500001a/);
    expect(ethernetFrame(articlePacket({ size: 6 }))).toHaveLength(40);
  });

  it('has the addresses that are given', () => {
    const frame = ethernetFrame(articlePacket(), { destination: bytes('020000000002'), source: bytes('020000000001') });
    expect(hex(frame.subarray(0, 14))).toBe('0200000000020200000000010800');
    expect(hex(frame.subarray(14))).toBe(hex(articlePacket()));
  });
});
