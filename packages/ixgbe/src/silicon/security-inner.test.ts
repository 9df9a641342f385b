import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import { RXCSUM_IPPCSE } from '../register-fields.ts';
import { REG } from '../registers.ts';
import { espFrame, TUNNEL_END } from '../testing/esp-frame.ts';
import { bytesOf, IPV6_END, KEY, SALT, type Seal, sealed } from '../testing/secure-bench.ts';
import { SecuredCard } from '../testing/secured-card.ts';
import { AH_IPV4, AH_IPV6, AH_KEY, AH_SALT, AH_SPI, AH_TUNNEL } from '../vectors/ah-gmac.ts';

const seal: Seal = (key, nonce, aad, text) => {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
  return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
};

const UDP = 17;
const TCP = 6;

/** Sum of 16-bit words; one byte more counts as the upper half of one. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

interface Inner {
  readonly protocol: number;
  readonly bytes?: number;
  readonly pad?: number;
  readonly ipv6?: boolean;
  /** Added to the right checksum. */
  readonly wrong?: number;
}

/** ESP with a UDP or TCP packet in it whose checksum is right, or wrong. */
function transport({ protocol, bytes = 21, pad, ipv6 = false, wrong = 0 }: Inner): Uint8Array {
  const header = protocol === UDP ? 8 : 20;
  const payload = Uint8Array.from({ length: header + bytes }, (_, i) => i * 7);
  if (protocol === UDP) payload.set([payload.length >> 8, payload.length & 255], 4);
  const at = protocol === UDP ? 6 : 16;
  payload.fill(0, at, at + 2);
  const clear = (content: Uint8Array) =>
    espFrame({
      spi: 5,
      payload: content,
      destination: ipv6 ? IPV6_END : TUNNEL_END,
      ...(pad === undefined ? {} : { pad }),
    });
  const l3 = ipv6 ? 40 : 20;
  const addresses = clear(payload).subarray(ipv6 ? 22 : 26, 14 + l3);
  const pseudo = Uint8Array.of(...addresses, 0, protocol, payload.length >> 8, payload.length & 255);
  const value = (~sum(Uint8Array.of(...pseudo, ...payload, ...(payload.length & 1 ? [0] : []))) + wrong) & 0xffff;
  payload.set([value >> 8, value & 255], at);
  const frame = clear(payload);
  frame[frame.length - 17] = protocol;
  return sealed(seal, frame, { key: KEY, l3 });
}

function bench(layer4 = true): SecuredCard {
  const all = new SecuredCard();
  all.program.writeRxSa(1, { spi: 5, address: TUNNEL_END, key: KEY, salt: SALT });
  all.program.writeRxSa(2, { spi: 5, address: IPV6_END, key: KEY, salt: SALT });
  if (layer4) all.card.write(REG.RXCSUM, RXCSUM_IPPCSE);
  return all;
}

const TYPES = descriptor.RXD_PTYPE_UDP | descriptor.RXD_PTYPE_TCP | descriptor.RXD_PTYPE_SCTP;
const SUMS = descriptor.RXD_STAT_L4CS | descriptor.RXD_STAT_UDPCS | descriptor.RXD_ERR_L4E;
const UDP_GOOD = descriptor.RXD_STAT_L4CS | descriptor.RXD_STAT_UDPCS;

function seen(all: SecuredCard, frame: Uint8Array): { type: number; sums: number } {
  const got = all.arrive(frame);
  return { type: (got?.info ?? 0) & TYPES, sums: ((got?.status ?? 0) & SUMS) >>> 0 };
}

describe('layer 4 in what the security block has deciphered', () => {
  it.each([
    ['UDP', { protocol: UDP }, descriptor.RXD_PTYPE_UDP, UDP_GOOD],
    ['UDP in IPv6', { protocol: UDP, ipv6: true }, descriptor.RXD_PTYPE_UDP, UDP_GOOD],
    ['TCP', { protocol: TCP }, descriptor.RXD_PTYPE_TCP, descriptor.RXD_STAT_L4CS],
    ['TCP in IPv6', { protocol: TCP, ipv6: true }, descriptor.RXD_PTYPE_TCP, descriptor.RXD_STAT_L4CS],
  ] as const)('is summed up to the padding: %s', (_name, inner, type, sums) => {
    const all = bench();
    for (const bytes of [2, 20, 21, 22, 1000]) {
      const pad = (4 - ((bytes + (inner.protocol === UDP ? 8 : 20) + 2) & 3)) & 3;
      for (const more of [0, 8, 248]) {
        const frame = transport({ ...inner, bytes, pad: pad + more });
        expect(seen(all, frame), `${bytes} bytes, ${pad + more} of padding`).toEqual({ type, sums });
      }
    }
    expect(seen(all, transport({ ...inner, wrong: 1 }))).toEqual({ type, sums: (sums | descriptor.RXD_ERR_L4E) >>> 0 });
    expect(all.card.read(REG.XEC)).toBe(1);
  });

  it('is opaque in a tunnel, and where the padding says that it is longer than the packet', () => {
    const all = bench();
    expect(seen(all, sealed(seal, espFrame({ spi: 5 })))).toEqual({ type: 0, sums: 0 });
    const frame = espFrame({ spi: 5 });
    frame[frame.length - 18] = 255;
    frame[frame.length - 17] = UDP;
    expect(seen(all, sealed(seal, frame))).toEqual({ type: 0, sums: 0 });
  });

  it('is not looked at in a packet that failed, nor while nobody wants checksums', () => {
    const forged = transport({ protocol: UDP });
    forged[forged.length - 1] ^= 1;
    const all = bench();
    all.wire.incoming.push(forged, transport({ protocol: UDP }));
    all.card.step(8);
    const statuses = [all.program.receive(), all.program.receive()].map((got) => ((got?.status ?? 0) & SUMS) >>> 0);
    expect(statuses).toEqual([0, UDP_GOOD]);
    expect(seen(bench(false), transport({ protocol: UDP }))).toEqual({ type: 0, sums: 0 });
  });

  it('is found behind AH too', () => {
    const all = bench();
    const sa = { spi: AH_SPI, key: bytesOf(AH_KEY), salt: bytesOf(AH_SALT) };
    all.program.writeRxSa(3, { ...sa, address: Uint8Array.of(192, 168, 1, 1), mode: 0x01 });
    all.program.writeRxSa(4, { ...sa, address: bytesOf('20010db8000000000000000000000001'), mode: 0x11 });
    const framed = (packet: string, ...type: number[]) =>
      Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, ...type, ...bytesOf(packet));
    // Their UDP checksums are 0, which is none.
    expect(seen(all, framed(AH_IPV4, 8, 0))).toEqual({ type: descriptor.RXD_PTYPE_UDP, sums: 0 });
    expect(seen(all, framed(AH_IPV6, 0x86, 0xdd))).toEqual({ type: descriptor.RXD_PTYPE_UDP, sums: 0 });
    expect(seen(all, framed(AH_TUNNEL, 8, 0))).toEqual({ type: 0, sums: 0 });
  });
});
