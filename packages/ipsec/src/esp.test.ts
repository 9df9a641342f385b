import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD, RX_SEC_OFFLOAD_FAILED } from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend, pktmbufData } from '@inline-ipsec/mbuf/pktmbuf';
import { writeU16 } from '@inline-ipsec/net/big-endian';
import { ipv4Checksum } from '@inline-ipsec/net/checksum';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Drops } from './drops.ts';
import { EspInbound } from './esp-inbound.ts';
import { EspJobs } from './esp-jobs.ts';
import { EspOutbound } from './esp-outbound.ts';
import { BURST_MAX, PacketBurst } from './packet-burst.ts';
import { SA_SEQUENCE } from './sa-layout.ts';
import { type SaParameters, SaTable } from './sa-table.ts';
import { Sad } from './sad.ts';

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
const fill = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => first + i);

const ARTICLE = {
  key: bytes('2b7e151628aed2a6abf7158809cf4f3d'),
  salt: bytes('deadbeef'),
  source: Uint8Array.of(172, 16, 1, 5),
  destination: Uint8Array.of(172, 16, 2, 5),
  /** The ESP packet that the article shows, from the outer header on. */
  esp: bytes(
    '4500008c0000000040321f16ac100105ac100205000003ed000000200000000000000020fd78c8f57fab4fb35b987e7981b0b4f2d796ccd4f0a7b031bb9b9bdeaf18767e5d0f73e3bc824ea34afb00eb6d02a3677a3ac2dd6b6474c15d41bb457ac2c1e00fb85f737fcd4304e39632ea228e22e54a3eea7288fb13a7e9409346445198cf97fd878c96f0f754',
  ),
  /** What is in it: TTL 63 over the checksum of TTL 64. */
  inner: bytes(
    '45000054000100003f002744c0a8690ac0a8690a7c2d3e746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d746573742d7465733c2d7c',
  ),
};

const gcm = (direction: 'encrypt' | 'decrypt', key = ARTICLE.key): CryptoTransform => ({
  kind: 'aead',
  direction,
  algorithm: 'aes-gcm',
  key,
  ivBytes: 12,
  tagBytes: 16,
});

/** One lcore's data path for ESP, with an SA each way. */
class Bench {
  readonly memory = Memory.create({ bytes: 0x80_0000 });
  readonly engine: ReturnType<typeof createNobleEngine>;
  readonly pool = PktmbufPool.create(this.memory, 'pool', { count: 127, poison: true });
  readonly table = SaTable.create(this.memory, 'SA', 16);
  readonly sad = Sad.create(this.memory, 'SAD', 16);
  readonly drops = new Drops(this.memory, 0);
  readonly burst = new PacketBurst(this.memory, 'burst');
  readonly #jobs = new EspJobs(this.memory, 'JOBS', BURST_MAX);
  readonly outbound = new EspOutbound(this.memory, this.#jobs, this.drops, { request: () => {} });
  readonly inbound = new EspInbound(this.memory, this.#jobs, this.drops);

  constructor(engine = createNobleEngine) {
    this.engine = engine(this.memory);
  }

  add(transform: CryptoTransform, more: Partial<SaParameters> & Pick<SaParameters, 'direction'>): number {
    const mode = more.mode ?? 'ipv4-tunnel';
    const sa = this.table.add({
      spi: 1005,
      mode,
      ...(mode === 'ipv4-tunnel' ? { source: ARTICLE.source, destination: ARTICLE.destination } : {}),
      ...(mode === 'ipv6-tunnel' ? { source: fill(16, 0x20), destination: fill(16, 0x30) } : {}),
      transform,
      salt: ARTICLE.salt,
      service: { kind: 'engine', session: this.engine.createSession(transform) },
      ...more,
    });
    if (more.direction === 'in') this.sad.add(sa);
    return sa;
  }

  /** Puts IP packets into the burst. */
  take(...packets: Uint8Array[]): this {
    this.burst.count = 0;
    for (const packet of packets) {
      const m = this.pool.alloc();
      const ethernet = pktmbufAppend(this.memory, m, 14 + packet.length);
      this.memory.u8.set(packet, ethernet + 14);
      this.burst.push(m, ethernet + 14, packet.length, packet[0] >>> 4 === 4 ? (packet[0] & 0xf) * 4 : 40);
    }
    return this;
  }

  encapsulate(sa: number): Uint8Array[] {
    this.burst.sa.fill(sa);
    this.outbound.encapsulate(this.burst);
    this.outbound.finish(this.burst, this.engine.process(this.#jobs.position, this.#jobs.count));
    return this.give();
  }

  decapsulate(): Uint8Array[] {
    this.sad.assign(this.burst, this.drops);
    this.inbound.prepare(this.burst);
    this.inbound.decapsulate(this.burst, this.engine.process(this.#jobs.position, this.#jobs.count));
    return this.give();
  }

  /** The packets in the burst; their mbufs are freed, and so are those that were dropped. */
  give(): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (let row = 0; row < this.burst.count; row++) {
      packets.push(this.memory.u8.slice(this.burst.header[row], this.burst.header[row] + this.burst.length[row]));
    }
    const counted = this.drops.counts();
    for (let row = 0; row < this.burst.count; row++) this.drops.drop(this.burst.mbuf[row], 0, 0);
    this.drops.flush();
    this.#counted = counted;
    this.burst.count = 0;
    expect(this.pool.inUseCount).toBe(0);
    return packets;
  }
  #counted: Record<string, number> = {};

  /** Drops so far, without those that {@link give} made. */
  get dropped(): Record<string, number> {
    const { ethertype: _, ...reasons } = this.#counted;
    return reasons;
  }
}

function ipv4(payload: Uint8Array, { ttl = 64, protocol = 17, tos = 0, more = 0 } = {}): Uint8Array {
  const packet = new Uint8Array(20 + payload.length);
  packet.set([0x45, tos, 0, 0, 0x12, 0x34, more, 0, ttl, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
  writeU16(packet, 2, packet.length);
  writeU16(packet, 10, ipv4Checksum(packet, 0));
  packet.set(payload, 20);
  return packet;
}

function ipv6(payload: Uint8Array, { hopLimit = 64, next = 17, trafficClass = 0 } = {}): Uint8Array {
  const packet = new Uint8Array(40 + payload.length);
  packet.set([0x60 | (trafficClass >>> 4), (trafficClass << 4) & 0xff, 0, 0, 0, 0, next, hopLimit]);
  writeU16(packet, 4, payload.length);
  packet.set(fill(32), 8);
  packet.set(payload, 40);
  return packet;
}

const withTtl = (packet: Uint8Array, ttl: number) =>
  packet[0] >>> 4 === 4
    ? ipv4(packet.subarray(20), { ttl, protocol: packet[9], tos: packet[1] })
    : ipv6(packet.subarray(40), { hopLimit: ttl, next: packet[6] });

const chain = (
  direction: 'encrypt' | 'decrypt',
  cipher: [CryptoTransform & { kind: 'chain' } extends { cipher: { algorithm: infer A } } ? A : never, number, number],
  auth: [CryptoTransform & { kind: 'chain' } extends { auth: { algorithm: infer A } } ? A : never, number, number],
): CryptoTransform => ({
  kind: 'chain',
  direction,
  cipher: { algorithm: cipher[0], key: fill(cipher[1], 7), ivBytes: cipher[2] },
  auth: { algorithm: auth[0], key: fill(auth[1], 9), tagBytes: auth[2] },
});

type Direction = 'encrypt' | 'decrypt';
const ALGORITHMS: [
  name: string,
  transform: (direction: Direction) => CryptoTransform,
  engine?: typeof createNobleEngine,
][] = [
  ['aes-128-gcm', (direction) => gcm(direction)],
  ['aes-256-gcm', (direction) => gcm(direction, fill(32))],
  [
    'chacha20-poly1305',
    (direction) => ({
      kind: 'aead',
      direction,
      algorithm: 'chacha20-poly1305',
      key: fill(32),
      ivBytes: 12,
      tagBytes: 16,
    }),
  ],
  [
    'aes-128-ccm',
    (direction) => ({ kind: 'aead', direction, algorithm: 'aes-ccm', key: fill(16), ivBytes: 11, tagBytes: 16 }),
  ],
  ['aes-gmac', (direction) => chain(direction, ['null', 0, 0], ['aes-gmac', 16, 16])],
  ['aes-128-cbc sha1-hmac', (direction) => chain(direction, ['aes-cbc', 16, 16], ['hmac-sha1', 20, 12])],
  ['aes-256-cbc sha256-hmac', (direction) => chain(direction, ['aes-cbc', 32, 16], ['hmac-sha256', 32, 16])],
  ['aes-128-ctr sha1-hmac', (direction) => chain(direction, ['aes-ctr', 16, 16], ['hmac-sha1', 20, 12])],
  ['aes-128-cbc xcbc', (direction) => chain(direction, ['aes-cbc', 16, 16], ['aes-xcbc-mac', 16, 12])],
  [
    '3des-cbc sha1-hmac',
    (direction) => chain(direction, ['3des-cbc', 24, 8], ['hmac-sha1', 20, 12]),
    createOpensslEngine,
  ],
  ['null sha256-hmac', (direction) => chain(direction, ['null', 0, 0], ['hmac-sha256', 32, 16])],
  ['null null', (direction) => chain(direction, ['null', 0, 0], ['null', 0, 0])],
];

describe.each(ALGORITHMS)('ESP with %s', (_name, transform, engine = createNobleEngine) => {
  it.each(['ipv4-tunnel', 'ipv6-tunnel', 'transport'] as const)('brings every packet through in %s mode', (mode) => {
    const bench = new Bench(engine);
    const out = bench.add(transform('encrypt'), { direction: 'out', mode });
    bench.add(transform('decrypt'), { direction: 'in', mode, replayWindow: 64 });
    const sent = [0, 1, 2, 3, 17, 64, 1400].flatMap((size) => [ipv4(fill(size)), ipv6(fill(size))]);
    const carried = bench.take(...sent).encapsulate(out);
    expect(carried).toHaveLength(sent.length);
    expect(
      bench
        .take(...carried)
        .decapsulate()
        .map(hex),
    ).toEqual(sent.map((packet) => hex(mode === 'transport' ? packet : withTtl(packet, 62))));
    expect(bench.dropped).toEqual({});
  });
});

describe('outbound ESP', () => {
  it('makes the packet of the article, with the peculiarities of 2018', () => {
    const bench = new Bench();
    const peculiarities = { zeroPadding: true, staleInnerChecksum: true };
    const out = bench.add(gcm('encrypt'), { direction: 'out', firstSequence: 0x20, peculiarities });
    const inner = ARTICLE.inner.slice();
    inner[8] = 64;
    expect(bench.take(inner).encapsulate(out).map(hex)).toEqual([hex(ARTICLE.esp)]);
  });

  it('pads with 1, 2 and keeps the inner checksum right by default', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out' });
    bench.add(gcm('decrypt'), { direction: 'in', strict: true });
    const inner = ARTICLE.inner.slice();
    inner[8] = 64;
    const [clear] = bench.take(...bench.take(inner).encapsulate(out)).decapsulate();
    expect(clear[8]).toBe(62);
    expect(ipv4Checksum(clear, 0)).toBe((clear[10] << 8) | clear[11]);
    expect(bench.table.counters(bench.table.at(1)).oddPadding).toBe(0);
  });

  it('numbers packets from 1 on and sends the number as IV', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out' });
    const carried = bench.take(ipv4(fill(8)), ipv4(fill(8)), ipv4(fill(8))).encapsulate(out);
    expect(carried.map((packet) => hex(packet.subarray(20, 36)))).toEqual([
      '000003ed000000010000000000000001',
      '000003ed000000020000000000000002',
      '000003ed000000030000000000000003',
    ]);
  });

  it('copies TOS and traffic class to the outer header', () => {
    const bench = new Bench();
    const in4 = bench.add(gcm('encrypt'), { direction: 'out' });
    const in6 = bench.add(gcm('encrypt'), { direction: 'out', mode: 'ipv6-tunnel' });
    const packets = () => [ipv4(fill(4), { tos: 0xb9 }), ipv6(fill(4), { trafficClass: 0xb9 })];
    for (const packet of bench.take(...packets()).encapsulate(in4)) {
      expect(packet[1]).toBe(0xb9);
      expect(ipv4Checksum(packet, 0)).toBe((packet[10] << 8) | packet[11]);
    }
    for (const packet of bench.take(...packets()).encapsulate(in6)) {
      expect(hex(packet.subarray(0, 4))).toBe('6b900000');
      expect(packet[7]).toBe(64);
    }
  });

  it('drops what has no hop left, and uses up no number for it', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out' });
    const packets = [
      ipv4(fill(8), { ttl: 1 }),
      ipv4(fill(8)),
      ipv6(fill(8), { hopLimit: 0 }),
      ipv4(fill(8), { ttl: 2 }),
    ];
    const carried = bench.take(...packets).encapsulate(out);
    expect(carried.map((packet) => packet[27])).toEqual([1, 2]);
    expect(bench.dropped).toEqual({ ttl: 2 });
  });

  it('stops at the last sequence number', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out', firstSequence: 0xfffffffe });
    const carried = bench.take(...Array.from({ length: 4 }, () => ipv4(fill(8)))).encapsulate(out);
    expect(carried.map((packet) => hex(packet.subarray(24, 28)))).toEqual(['fffffffe', 'ffffffff']);
    expect(bench.take(ipv4(fill(8))).encapsulate(out)).toEqual([]);
    expect(bench.dropped).toEqual({ sequence_exhausted: 3 });
    expect(bench.memory.u32[(out + SA_SEQUENCE) >> 2]).toBe(0xffffffff);
  });

  it('refuses fragments in transport mode', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out', mode: 'transport' });
    expect(bench.take(ipv4(fill(8), { more: 0x20 }), ipv4(fill(8), { more: 0x40 })).encapsulate(out)).toHaveLength(1);
    expect(bench.dropped).toEqual({ fragment: 1 });
  });

  it('drops a packet that leaves no room in its buffer', () => {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out' });
    bench.take(ipv4(fill(2000)));
    expect(bench.encapsulate(out)).toEqual([]);
    expect(bench.dropped).toEqual({ headroom: 1 });
  });

  it('keeps the rest of a burst whose SAs change from packet to packet', () => {
    const bench = new Bench();
    const sas = [
      bench.add(gcm('encrypt'), { direction: 'out' }),
      bench.add(gcm('encrypt', fill(16)), { direction: 'out', spi: 7 }),
    ];
    bench.take(...Array.from({ length: 6 }, (_, i) => ipv4(fill(4 + i))));
    bench.burst.sa.set([sas[0], sas[1], sas[0], sas[0], sas[1], sas[1]]);
    const order = bench.burst.sa.slice(0, 6);
    bench.outbound.encapsulate(bench.burst);
    expect([...bench.burst.sa.subarray(0, 6)]).toEqual([...order]);
    const numbers = bench.give().map((packet) => `${packet[23]}:${packet[27]}`);
    expect(numbers).toEqual(['237:1', '7:1', '237:2', '237:3', '7:2', '7:3']);
  });
});

describe('inbound ESP', () => {
  /** A bench with an SA each way, and one packet on its way. */
  function carried(more: Partial<SaParameters> = {}, packet = ipv4(fill(40))) {
    const bench = new Bench();
    const out = bench.add(gcm('encrypt'), { direction: 'out' });
    bench.add(gcm('decrypt'), { direction: 'in', ...more });
    const [esp] = bench.take(packet).encapsulate(out);
    return { bench, out, esp };
  }

  it('takes the packet of the article, and counts its padding of zeros', () => {
    const bench = new Bench();
    const sa = bench.add(gcm('decrypt'), { direction: 'in' });
    const [clear] = bench.take(ARTICLE.esp).decapsulate();
    expect(clear[8]).toBe(62);
    expect(hex(clear.subarray(12))).toBe(hex(ARTICLE.inner.subarray(12)));
    expect(bench.table.counters(sa)).toEqual({ packets: 1, bytes: 84, oddPadding: 1 });
  });

  it('drops it for its padding when told to be strict', () => {
    const bench = new Bench();
    bench.add(gcm('decrypt'), { direction: 'in', strict: true });
    expect(bench.take(ARTICLE.esp).decapsulate()).toEqual([]);
    expect(bench.dropped).toEqual({ esp_padding: 1 });
  });

  it('drops a packet under the wrong key as icv, and nothing else', () => {
    const { bench, esp } = carried();
    const wrong = esp.slice();
    wrong[50] ^= 1;
    expect(bench.take(esp, wrong, ARTICLE.esp).decapsulate()).toHaveLength(2);
    expect(bench.dropped).toEqual({ icv: 1 });
  });

  it('drops an unknown SPI as sa_unknown', () => {
    const { bench, esp } = carried();
    const unknown = esp.slice();
    unknown[20] = 9;
    expect(bench.take(unknown, esp).decapsulate()).toHaveLength(1);
    expect(bench.dropped).toEqual({ sa_unknown: 1 });
  });

  it('drops outer addresses that the SA does not have as sa_address', () => {
    const { bench, esp } = carried();
    const others = [15, 19].map((at) => {
      const other = esp.slice();
      other[at]++;
      return other;
    });
    expect(bench.take(...others, esp).decapsulate()).toHaveLength(1);
    expect(bench.dropped).toEqual({ sa_address: 2 });
  });

  it('drops a number that comes again as replay, in one burst or in two, and only with a window', () => {
    const { bench, esp } = carried({ replayWindow: 64 });
    expect(bench.take(esp, esp).decapsulate()).toHaveLength(1);
    expect(bench.take(esp).decapsulate()).toEqual([]);
    expect(bench.dropped).toEqual({ replay: 2 });
    const open = carried();
    expect(open.bench.take(open.esp, open.esp).decapsulate()).toHaveLength(2);
  });

  it('does not let a forged packet use up its number', () => {
    const { bench, esp } = carried({ replayWindow: 64 });
    const forged = esp.slice();
    forged[60] ^= 1;
    expect(bench.take(forged, esp).decapsulate()).toHaveLength(1);
    expect(bench.dropped).toEqual({ icv: 1 });
  });

  it('drops a truncated packet of any length, and never one under another reason than its length or ICV', () => {
    const { bench, esp } = carried();
    const cut = Array.from({ length: esp.length - 28 }, (_, i) => esp.subarray(0, 28 + i));
    for (let at = 0; at < cut.length; at += BURST_MAX) {
      expect(bench.take(...cut.slice(at, at + BURST_MAX)).decapsulate()).toEqual([]);
    }
    expect(Object.keys(bench.dropped).sort()).toEqual(['esp_length', 'icv']);
    expect((bench.dropped['esp_length'] ?? 0) + (bench.dropped['icv'] ?? 0)).toBe(cut.length);
  });

  it('drops an inner length beyond the packet as inner_length', () => {
    const inner = ipv4(fill(40));
    writeU16(inner, 2, 61);
    const { bench, esp } = carried({}, inner);
    expect(bench.take(esp).decapsulate()).toEqual([]);
    expect(bench.dropped).toEqual({ inner_length: 1 });
  });

  it('cuts off what is behind the inner packet (RFC 4303 section 2.7)', () => {
    const inner = ipv4(fill(40));
    writeU16(inner, 2, 30);
    const { bench, esp } = carried({}, inner);
    expect(bench.take(esp).decapsulate()[0]).toHaveLength(30);
  });

  it('drops an inner packet without a hop left', () => {
    const { bench, esp } = carried({}, ipv4(fill(8), { ttl: 2 }));
    expect(bench.take(esp).decapsulate()).toEqual([]);
    expect(bench.dropped).toEqual({ ttl: 1 });
  });

  it.each([
    [0b00, 0b11, 0b00],
    [0b01, 0b11, 0b11],
    [0b10, 0b11, 0b11],
    [0b11, 0b11, 0b11],
    [0b10, 0b10, 0b10],
    [0b10, 0b00, 0b10],
  ])('makes inner ECN %i under outer ECN %i to %i', (innerEcn, outerEcn, result) => {
    for (const packet of [ipv4(fill(8), { tos: 0xb8 | innerEcn }), ipv6(fill(8), { trafficClass: 0xb8 | innerEcn })]) {
      const { bench, esp } = carried({}, packet);
      esp[1] = (esp[1] & 0xfc) | outerEcn;
      const [clear] = bench.take(esp).decapsulate();
      const tos = clear[0] >>> 4 === 4 ? clear[1] : ((clear[0] << 4) | (clear[1] >>> 4)) & 0xff;
      expect(tos).toBe(0xb8 | result);
      if (clear[0] >>> 4 === 4) expect(ipv4Checksum(clear, 0)).toBe((clear[10] << 8) | clear[11]);
    }
  });

  it('needs the flag of the port on an inline SA, and drops what the port could not verify', () => {
    const bench = new Bench();
    bench.add(gcm('decrypt'), { direction: 'in', service: { kind: 'inline', port: 1, session: 64 } });
    const plain = new Uint8Array(140);
    plain.set(ARTICLE.esp.subarray(0, 36));
    plain.set(ARTICLE.inner, 36);
    plain.set([0, 0, 2, 4], 120);
    bench.take(plain, plain, plain);
    const flags = [0, RX_SEC_OFFLOAD, RX_SEC_OFFLOAD | RX_SEC_OFFLOAD_FAILED];
    flags.forEach((flag, row) => {
      bench.memory.u32[(bench.burst.mbuf[row] + MBUF_OL_FLAGS_LO) >> 2] = flag;
    });
    expect(bench.decapsulate()).toHaveLength(1);
    expect(bench.dropped).toEqual({ not_offloaded: 1, offload_failed: 1 });
  });

  it('survives any bytes behind an SPI that it knows, and gives none of them out', () => {
    const bench = new Bench();
    bench.add(gcm('decrypt'), { direction: 'in', replayWindow: 32 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 200 }), (tail) => {
        const packet = new Uint8Array(24 + tail.length);
        packet.set(ARTICLE.esp.subarray(0, 24));
        packet.set(tail, 24);
        expect(bench.take(packet).decapsulate()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('survives any trailer of an SA without integrity', () => {
    const bench = new Bench();
    const none = (direction: Direction) => chain(direction, ['null', 0, 0], ['null', 0, 0]);
    bench.add(none('decrypt'), { direction: 'in' });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 400 }), (tail) => {
        const packet = new Uint8Array(24 + tail.length);
        packet.set(ARTICLE.esp.subarray(0, 24));
        packet.set(tail, 24);
        for (const clear of bench.take(packet).decapsulate()) expect(clear.length).toBeLessThanOrEqual(tail.length);
      }),
      { numRuns: 500 },
    );
  });

  it('counts drops for the port and for the SA', () => {
    const { bench, esp } = carried();
    esp[40] ^= 1;
    bench.take(esp);
    const data = pktmbufData(bench.memory, bench.burst.mbuf[0]);
    expect(data).toBeGreaterThan(0);
    bench.decapsulate();
    expect(bench.drops.counts()).toMatchObject({ icv: 1 });
  });
});
