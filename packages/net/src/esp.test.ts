import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  espPadBytes,
  espPaddingOk,
  readEspHeader,
  UDP_PORT_NAT_T,
  udpCarriesEsp,
  writeEspHeader,
  writeEspTrailer,
} from './esp.ts';
import { readUdpHeader, writeUdpHeader } from './udp.ts';

describe('the ESP header', () => {
  it('is read as it was written, with all 32 bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (spi, sequence) => {
        const u8 = new Uint8Array(11);
        expect(writeEspHeader(u8, 3, { spi, sequence })).toBe(8);
        expect(readEspHeader(u8, 3)).toEqual({ spi, sequence });
      }),
    );
  });
});

describe('the ESP trailer', () => {
  it.each([1, 4, 8, 16])('ends at a whole block of %i and a multiple of 4, with the least padding', (block) => {
    const align = Math.max(block, 4);
    for (let payload = 0; payload <= 64; payload++) {
      const pad = espPadBytes(payload, block);
      expect((payload + pad + 2) % align).toBe(0);
      expect(pad).toBeGreaterThanOrEqual(0);
      expect(pad).toBeLessThan(align);
    }
  });

  it('for the 84 bytes of the article is 01 02 02 04', () => {
    const u8 = new Uint8Array(4);
    expect(writeEspTrailer(u8, 0, espPadBytes(84, 4), 4)).toBe(4);
    expect([...u8]).toEqual([1, 2, 2, 4]);
  });

  it('has padding of any length, and finds any wrong byte in it', () => {
    for (const pad of [0, 1, 2, 15, 255]) {
      const u8 = new Uint8Array(pad + 2);
      writeEspTrailer(u8, 0, pad, 41);
      expect(espPaddingOk(u8, 0, pad)).toBe(true);
      expect([u8[pad], u8[pad + 1]]).toEqual([pad, 41]);
      for (let i = 0; i < pad; i++) {
        u8[i] ^= 0x40;
        expect(espPaddingOk(u8, 0, pad)).toBe(false);
        u8[i] ^= 0x40;
      }
    }
  });
});

describe('a UDP datagram', () => {
  function datagram(sourcePort: number, destinationPort: number, payload: readonly number[]): Uint8Array {
    const u8 = new Uint8Array(8 + payload.length);
    writeUdpHeader(u8, 0, { sourcePort, destinationPort, length: u8.length });
    u8.set(payload, 8);
    return u8;
  }
  const esp = [0, 0, 3, 0xed, 0, 0, 0, 1];

  it('is read as it was written, without a checksum if none is asked for', () => {
    const u8 = datagram(500, 0xffff, [1, 2, 3]);
    expect(readUdpHeader(u8)).toEqual({ sourcePort: 500, destinationPort: 0xffff, length: 11, checksum: 0 });
  });

  it.each([
    ['to port 4500 with an SPI', datagram(1024, UDP_PORT_NAT_T, esp), true],
    ['from port 4500 with an SPI', datagram(UDP_PORT_NAT_T, 1024, esp), true],
    ['of other ports', datagram(1024, 1025, esp), false],
    ['with the marker of IKE', datagram(UDP_PORT_NAT_T, UDP_PORT_NAT_T, [0, 0, 0, 0, 1, 2, 3, 4]), false],
    ['that keeps a mapping alive', datagram(UDP_PORT_NAT_T, UDP_PORT_NAT_T, [0xff]), false],
    ['that is too short for ESP', datagram(UDP_PORT_NAT_T, UDP_PORT_NAT_T, esp.slice(0, 7)), false],
  ])('%s carries ESP: %s', (_, u8, carries) => {
    expect(udpCarriesEsp(u8, 0, u8.length)).toBe(carries);
  });
});
