import { createDecipheriv } from 'node:crypto';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createNullEngine } from '@inline-ipsec/cryptodev/null-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { Memory } from '@inline-ipsec/eal/memory';
import { Drops } from '@inline-ipsec/ipsec/drops';
import { EspInbound } from '@inline-ipsec/ipsec/esp-inbound';
import { EspJobs } from '@inline-ipsec/ipsec/esp-jobs';
import { BURST_MAX, PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { SaTable } from '@inline-ipsec/ipsec/sa-table';
import { Sad } from '@inline-ipsec/ipsec/sad';
import { PktmbufPool, pktmbufAppend } from '@inline-ipsec/mbuf/pktmbuf';
import { ipv4ChecksumOk } from '@inline-ipsec/net/checksum';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { articleKeyAndSalt, EspTunnel, espPacket } from './esp-packets.ts';
import { articlePacket } from './packets.ts';

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

const IV = bytes('0123456789abcdef');

/** What is inside an ESP packet, trailer and all, as node:crypto sees it. */
function decipher(packet: Uint8Array, keyAndSalt = articleKeyAndSalt()): Uint8Array {
  const keyBytes = keyAndSalt.length - 4;
  const nonce = new Uint8Array([...keyAndSalt.subarray(keyBytes), ...packet.subarray(28, 36)]);
  const cipher = createDecipheriv(`aes-${keyBytes * 8}-gcm` as 'aes-128-gcm', keyAndSalt.subarray(0, keyBytes), nonce);
  cipher.setAAD(packet.subarray(20, 28));
  cipher.setAuthTag(packet.subarray(-16));
  return new Uint8Array(Buffer.concat([cipher.update(packet.subarray(36, -16)), cipher.final()]));
}

describe('the ESP packet', () => {
  it('has the outer header of the article’s generator, the first number and the IV that was given', () => {
    const packet = espPacket(articlePacket(), { iv: IV });
    expect(hex(packet.subarray(0, 36))).toBe(
      `${'4500008c0001000040321f15ac100105ac100205'}${'00000005'}${'00000001'}${hex(IV)}`,
    );
    expect(packet).toHaveLength(140);
  });

  it('holds the clear packet as it is, padding 1, 2, and next header 4', () => {
    expect(hex(decipher(espPacket(articlePacket(), { iv: IV })))).toBe(`${hex(articlePacket())}01020204`);
  });

  it('is the captured packet of the article but for outer id, padding and what follows from them', () => {
    const captured = bytes(
      '4500008c0000000040321f16ac100105ac100205000003ed000000200000000000000020fd78c8f57fab4fb35b987e7981b0b4f2d796ccd4f0a7b031bb9b9bdeaf18767e5d0f73e3bc824ea34afb00eb6d02a3677a3ac2dd6b6474c15d41bb457ac2c1e00fb85f737fcd4304e39632ea228e22e54a3eea7288fb13a7e9409346445198cf97fd878c96f0f754',
    );
    const inner = articlePacket();
    inner[8] = 63;
    const packet = espPacket(inner, { spi: 1005, sequence: 0x20, iv: bytes('0000000000000020') });
    expect(hex(packet.subarray(12, 120))).toBe(hex(captured.subarray(12, 120)));
    expect(packet[120] ^ captured[120]).toBe(1);
    expect(packet[121] ^ captured[121]).toBe(2);
    expect(hex(packet.subarray(122, 124))).toBe(hex(captured.subarray(122, 124)));
  });

  it('is decapsulated by the gateway’s ESP to the article’s packet: TTL 63', () => {
    const inbound = new Gateway().decapsulate(espPacket(articlePacket(), { iv: IV }));
    expect(hex(inbound)).toBe(hex(articlePacket()).replace('400027', '3f0028'));
    expect(ipv4ChecksumOk(inbound, 0)).toBe(true);
  });

  it.each(['noble', 'openssl'] as const)('is the same from the engine %s as from node:crypto, at any size', (name) => {
    const engine = name === 'noble' ? createNobleEngine : createOpensslEngine;
    const keys = [20, 28, 36].flatMap((length) =>
      fc.sample(fc.uint8Array({ minLength: length, maxLength: length }), { numRuns: 3, seed: length }),
    );
    for (const keyAndSalt of keys) {
      const tunnel = new EspTunnel({ keyAndSalt, engine, spi: 0xfffffffe });
      for (const [i, size] of [6, 7, 8, 9, 10, 512, 10_006].entries()) {
        const clear = articlePacket({ size });
        const packet = tunnel.encapsulate(clear, 0xffffffff - i, IV);
        expect(hex(packet.subarray(20, 24))).toBe('fffffffe');
        expect((packet.length - 20) % 4).toBe(0);
        expect(ipv4ChecksumOk(packet, 0)).toBe(true);
        expect(hex(decipher(packet, keyAndSalt).subarray(0, clear.length))).toBe(hex(clear));
      }
      tunnel.close();
    }
  });

  it('takes the longest packet that IP allows, and says how much is too much', () => {
    const tunnel = new EspTunnel();
    expect(tunnel.encapsulate(new Uint8Array(65_478), 1, IV)).toHaveLength(65_532);
    expect(() => tunnel.encapsulate(new Uint8Array(65_479), 1, IV)).toThrow(
      'this packet does not fit into a tunnel: expected at most 65478 bytes, got 65479 bytes',
    );
  });

  it('refuses keys, SPIs and IVs that cannot be', () => {
    expect(() => new EspTunnel({ keyAndSalt: new Uint8Array(16) })).toThrow(
      'key and salt have the wrong length: expected 20, 28 or 36 bytes: an AES key of 16, 24 or 32 and 4 of salt, got 16 bytes',
    );
    for (const spi of [0, -1, 2 ** 32, 1.5]) expect(() => new EspTunnel({ spi })).toThrow('there is no such SPI');
    expect(() => espPacket(articlePacket(), { iv: new Uint8Array(12) })).toThrow('expected 8 bytes, got 12 bytes');
  });

  it('says so when its engine cannot do it', () => {
    expect(() => new EspTunnel({ engine: createNullEngine })).toThrow('aes-gcm');
  });
});

/** The gateway's way in: an SA of the article, with a replay window. */
class Gateway {
  readonly #memory = Memory.create({ bytes: 0x80_0000 });
  readonly #pool = PktmbufPool.create(this.#memory, 'pool', { count: 127, poison: true });
  readonly #engine = createOpensslEngine(this.#memory);
  readonly #drops = new Drops(this.#memory, 0);
  readonly #jobs = new EspJobs(this.#memory, 'JOBS', BURST_MAX);
  readonly #sad = Sad.create(this.#memory, 'SAD', 4);

  constructor() {
    const keyAndSalt = articleKeyAndSalt();
    const transform = {
      kind: 'aead',
      direction: 'decrypt',
      algorithm: 'aes-gcm',
      key: keyAndSalt.subarray(0, 16),
      ivBytes: 12,
      tagBytes: 16,
    } as const;
    this.#sad.add(
      SaTable.create(this.#memory, 'SA', 4).add({
        spi: 5,
        direction: 'in',
        mode: 'ipv4-tunnel',
        source: Uint8Array.of(172, 16, 1, 5),
        destination: Uint8Array.of(172, 16, 2, 5),
        transform,
        salt: keyAndSalt.subarray(16),
        service: { kind: 'engine', session: this.#engine.createSession(transform) },
        replayWindow: 64,
        strict: true,
      }),
    );
  }

  decapsulate(packet: Uint8Array): Uint8Array {
    const burst = new PacketBurst(this.#memory, 'burst');
    const mbuf = this.#pool.alloc();
    const at = pktmbufAppend(this.#memory, mbuf, 14 + packet.length) + 14;
    this.#memory.u8.set(packet, at);
    burst.push(mbuf, at, packet.length, 20);
    this.#sad.assign(burst, this.#drops);
    const inbound = new EspInbound(this.#memory, this.#jobs, this.#drops);
    inbound.prepare(burst);
    inbound.decapsulate(burst, this.#engine.process(this.#jobs.position, this.#jobs.count));
    expect(this.#drops.counts()).toEqual({});
    return this.#memory.u8.slice(burst.header[0], burst.header[0] + burst.length[0]);
  }
}
