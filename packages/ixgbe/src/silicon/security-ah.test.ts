import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as reg from '../registers.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { bytesOf } from '../testing/secure-bench.ts';
import { SecuredCard } from '../testing/secured-card.ts';
import { AH_IPV4, AH_IPV6, AH_KEY, AH_SALT, AH_SPI, AH_TUNNEL } from '../vectors/ah-gmac.ts';
import type { CardOptions } from './options.ts';

const KEY = bytesOf(AH_KEY);
const SALT = bytesOf(AH_SALT);
const V4 = Uint8Array.of(192, 168, 1, 1);
const V6 = bytesOf('20010db8000000000000000000000001');
const AH_MODE_IPV4 = 0x01;
const AH_MODE_IPV6 = 0x11;

function framed(packet: string, tags = 0): Uint8Array {
  const bytes = bytesOf(packet);
  const tag = new Array<number[]>(tags).fill([0x81, 0, 0, 5]).flat();
  const type = bytes[0] >>> 4 === 6 ? [0x86, 0xdd] : [8, 0];
  return Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, ...tag, ...type, ...bytes);
}

/** The frame as software gives it to a card: without ICV, and with any checksum in the IP header. */
function blank(frame: Uint8Array, ipv6: boolean): Uint8Array {
  const copy = frame.slice();
  const ah = 14 + (ipv6 ? 40 : 20);
  copy.fill(0, ah + 20, ah + 36);
  return copy;
}

/** AH both ways: SA 9 in the transmit table, SA 9 for IPv4 and 10 for IPv6 in the receive tables. */
function withAh(options: CardOptions = {}): SecuredCard {
  const bench = new SecuredCard(options);
  bench.program.writeTxSa(9, { key: KEY, salt: SALT });
  bench.program.writeRxSa(9, { spi: AH_SPI, address: V4, key: KEY, salt: SALT, mode: AH_MODE_IPV4 });
  bench.program.writeRxSa(10, { spi: AH_SPI, address: V6, key: KEY, salt: SALT, mode: AH_MODE_IPV6 });
  return bench;
}

const GOOD = descriptor.RXD_STAT_SECP;
const security = (status = 0): number => (status & (descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR)) >>> 0;

describe.each([
  ['in IPv4', AH_IPV4, false],
  ['in an IPv4 tunnel', AH_TUNNEL, false],
  ['in IPv6', AH_IPV6, true],
])('AH with AES-GMAC, %s', (_name, packet, ipv6) => {
  const frame = framed(packet);

  it('gets its ICV on the way out, and nothing else of it changes', () => {
    const { leave, card } = bound(withAh());
    expect(leave(blank(frame, ipv6), espContext({ index: 9, ipv6, ah: true }))).toEqual(frame);
    expect(card.counters()).toMatchObject({ txSecurityAuthenticated: 1 });
    expect(card.counter('txSecurityHeaderDiffers')).toBe(0);
  });

  it('is made of segments as of one', () => {
    const { program, card, wire } = withAh();
    const context = espContext({ index: 9, ipv6, ah: true });
    program.send(blank(frame, ipv6), { context, options: descriptor.TXD_POPTS_IPSEC, segments: [14, 33, 5] });
    card.step(8);
    expect(wire.sent).toEqual([frame]);
  });

  it('is verified on the way in, and delivered as it came', () => {
    const { arrive, card } = bound(withAh());
    const got = arrive(frame);
    expect(got?.bytes).toEqual(frame);
    expect(security(got?.status)).toBe(GOOD);
    expect((got?.info ?? 0) & (descriptor.RXD_PTYPE_AH | descriptor.RXD_PTYPE_ESP)).toBe(descriptor.RXD_PTYPE_AH);
    expect(card.counter('rxSecurityGood')).toBe(1);
  });

  it('may have been changed by routers in what they change, and nowhere else', () => {
    const { arrive } = bound(withAh());
    const header = 14 + (ipv6 ? 40 : 20);
    // Traffic class, flow label, hop limit; TOS, flags, TTL, checksum. Fragments are no candidates.
    const mutable = ipv6 ? [15, 16, 17, 21] : [15, 22, 24, 25];
    for (const at of mutable) {
      const routed = frame.slice();
      routed[at] ^= 0x11;
      expect(security(arrive(routed)?.status), `byte ${at}`).toBe(GOOD);
    }
    const source = 14 + (ipv6 ? 8 : 12);
    const forged = [source, header, header + 2, header + 8, header + 12, header + 20, header + 35, frame.length - 1];
    for (const at of forged) {
      const changed = frame.slice();
      changed[at] ^= 0x01;
      const status = security(arrive(changed)?.status);
      expect(status, `byte ${at}`).toBe((GOOD | descriptor.RXD_SECERR_AUTHENTICATION) >>> 0);
    }
  });

  it('is verified over several buffers, and behind a VLAN tag', () => {
    const { card, memory, wire, arrive } = bound(withAh());
    expect(security(arrive(framed(packet, 1))?.status)).toBe(GOOD);
    const long = sealedAh(packet, new Uint8Array(1400).fill(7), ipv6);
    const small = new RegisterProgram(card, memory, 'small');
    card.write(reg.rxdctl(0), 0);
    card.settle();
    small.startReceive(0, 8, 1024);
    wire.incoming.push(long);
    card.step(8);
    const got = small.receive();
    expect(got?.descriptors).toBe(2);
    expect(got?.bytes).toEqual(long);
    expect(security(got?.status)).toBe(GOOD);
  });

  it('has code 10 when it is cut, or has another length field', () => {
    const { arrive, card } = bound(withAh());
    const header = 14 + (ipv6 ? 40 : 20);
    const other = frame.slice();
    other[header + 1] ^= 1;
    const short = frame.slice(0, Math.max(60, header + 20));
    for (const bad of [other, short]) {
      expect(security(arrive(bad)?.status)).toBe(descriptor.RXD_SECERR_LENGTH);
    }
    expect(card.counter('rxSecurityLength')).toBe(2);
  });
});

/** A longer packet of the same header, with an ICV of node:crypto. */
function sealedAh(packet: string, payload: Uint8Array, ipv6: boolean): Uint8Array {
  const header = ipv6 ? 40 : 20;
  const ah = ipv6 ? 40 : 36;
  const bytes = Uint8Array.of(...bytesOf(packet).subarray(0, header + ah), ...payload);
  const length = bytes.length - (ipv6 ? 40 : 0);
  bytes.set([length >> 8, length & 255], ipv6 ? 4 : 2);
  const covered = bytes.slice();
  if (ipv6) {
    covered.set([0x60, 0, 0, 0]);
    covered[7] = 0;
  } else {
    covered[1] = 0;
    covered.fill(0, 6, 9);
    covered.fill(0, 10, 12);
  }
  covered.fill(0, header + 12, header + 36);
  const cipher = createCipheriv(
    'aes-128-gcm',
    KEY,
    Uint8Array.of(...SALT, ...bytes.subarray(header + 12, header + 20)),
  );
  cipher.setAAD(covered).final();
  bytes.set(cipher.getAuthTag(), header + 20);
  return framed([...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
}

/** The same object, with methods that can be taken off it. */
function bound(bench: SecuredCard) {
  const { card, memory, wire, program } = bench;
  return { card, memory, wire, program, arrive: bench.arrive.bind(bench), leave: bench.leave.bind(bench) };
}

describe('AH', () => {
  it('has code 01 where the SA is for ESP, and ESP where it is for AH', () => {
    const { program, arrive } = bound(withAh());
    program.writeRxSa(9, { spi: AH_SPI, address: V4, key: KEY, salt: SALT });
    const got = arrive(framed(AH_IPV4));
    expect(security(got?.status)).toBe((GOOD | descriptor.RXD_SECERR_PROTOCOL) >>> 0);
    expect(got?.bytes).toEqual(framed(AH_IPV4));
  });

  it('that is too short leaves no card', () => {
    const { leave, card } = bound(withAh());
    expect(leave(framed(AH_IPV4).slice(0, 69), espContext({ index: 9, ah: true }))).toBeUndefined();
    expect(card.counter('txSecurityMalformed')).toBe(1);
  });

  it('can have its IV authenticated as it is, by choice', () => {
    const { leave, arrive, program } = bound(withAh({ ahInitializationVector: 'authenticated' }));
    const sent = leave(blank(framed(AH_IPV4), false), espContext({ index: 9, ah: true })) ?? new Uint8Array(0);
    expect(sent).not.toEqual(framed(AH_IPV4));
    expect(security(arrive(sent)?.status)).toBe(GOOD);
    expect(security(arrive(framed(AH_IPV4))?.status)).toBe((GOOD | descriptor.RXD_SECERR_AUTHENTICATION) >>> 0);
    program.reset();
  });
});
