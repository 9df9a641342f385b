import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend } from '@inline-ipsec/mbuf/pktmbuf';
import { describe, expect, it } from 'vitest';
import { Drops } from './drops.ts';
import { EspInbound } from './esp-inbound.ts';
import { EspJobs } from './esp-jobs.ts';
import { EspOutbound } from './esp-outbound.ts';
import { BURST_MAX, PacketBurst } from './packet-burst.ts';
import { SaTable } from './sa-table.ts';
import { Sad } from './sad.ts';

/**
 * The scenarios of DPDK's test_ipsec.c, with null crypto and with a port that enciphers in name only, over its windows,
 * lengths and bursts.
 */

const NULL_CRYPTO = (direction: 'encrypt' | 'decrypt'): CryptoTransform => ({
  kind: 'chain',
  direction,
  cipher: { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0 },
  auth: { algorithm: 'null', key: new Uint8Array(0), tagBytes: 0 },
});

const WINDOWS = [0, 32, 64, 128, 256];
const LENGTHS = [64, 80, 100];
const BURSTS = [1, 32];
const CONFIGURATIONS = WINDOWS.flatMap((window, i) =>
  BURSTS.map((burst) => ({ window, burst, bytes: LENGTHS[i % LENGTHS.length], reordered: i % 2 === 1 })),
);

interface Arrival {
  readonly spi: number;
  readonly sequence: number;
  readonly bytes?: number;
  /** The port has verified it. */
  readonly offloaded?: boolean;
}

class Bench {
  readonly memory: Memory = Memory.create({ bytes: 0x80_0000 });
  readonly engine: ReturnType<typeof createNobleEngine> = createNobleEngine(this.memory);
  readonly pool: PktmbufPool = PktmbufPool.create(this.memory, 'pool', { count: 255, poison: true });
  readonly table: SaTable = SaTable.create(this.memory, 'SA', 16);
  readonly sad: Sad = Sad.create(this.memory, 'SAD', 16);
  readonly drops: Drops = new Drops(this.memory, 0);
  readonly burst: PacketBurst = new PacketBurst(this.memory, 'burst');
  /** Rows that a port was asked to encipher, and for which SA. */
  readonly requested: [row: number, sa: number][] = [];
  readonly #jobs = new EspJobs(this.memory, 'JOBS', BURST_MAX);
  readonly #outbound = new EspOutbound(this.memory, this.#jobs, this.drops, {
    request: (_burst, first, end, sa) => {
      for (let row = first; row < end; row++) this.requested.push([row, sa]);
    },
  });
  readonly #inbound = new EspInbound(this.memory, this.#jobs, this.drops);

  add(spi: number, direction: 'in' | 'out', { window = 0, inline = false } = {}): number {
    const transform = NULL_CRYPTO(direction === 'in' ? 'decrypt' : 'encrypt');
    const sa = this.table.add({
      spi,
      direction,
      mode: 'ipv4-tunnel',
      source: Uint8Array.of(172, 16, 1, 5),
      destination: Uint8Array.of(172, 16, 2, 5),
      transform,
      salt: new Uint8Array(4),
      service: inline
        ? { kind: 'inline', port: 0, session: 4096 }
        : { kind: 'engine', session: this.engine.createSession(transform) },
      replayWindow: window,
    });
    if (direction === 'in') this.sad.add(sa);
    return sa;
  }

  #push(packet: Uint8Array, flags = 0): void {
    const m = this.pool.alloc();
    const at = pktmbufAppend(this.memory, m, 14 + packet.length) + 14;
    this.memory.u8.set(packet, at);
    this.memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2] |= flags;
    this.burst.push(m, at, packet.length, 20);
  }

  /** Takes ESP packets as they come in one burst; gives the SA and the clear packet of each that is accepted. */
  arrive(arrivals: readonly Arrival[]): { sa: number; packet: Uint8Array }[] {
    this.burst.count = 0;
    for (const { offloaded = false, ...arrival } of arrivals) {
      this.#push(espOf(arrival), offloaded ? RX_SEC_OFFLOAD : 0);
    }
    this.sad.assign(this.burst, this.drops);
    this.#inbound.prepare(this.burst);
    this.#inbound.decapsulate(this.burst, this.engine.process(this.#jobs.position, this.#jobs.count));
    return this.#give();
  }

  /** Encapsulates clear packets in one burst. */
  leave(sa: number, packets: readonly Uint8Array[]): Uint8Array[] {
    this.burst.count = 0;
    for (const packet of packets) this.#push(packet);
    this.burst.sa.fill(sa);
    this.#outbound.encapsulate(this.burst);
    this.#outbound.finish(this.burst, this.engine.process(this.#jobs.position, this.#jobs.count));
    return this.#give().map(({ packet }) => packet);
  }

  #give(): { sa: number; packet: Uint8Array }[] {
    const { burst, memory } = this;
    const given = Array.from({ length: burst.count }, (_, row) => ({
      sa: burst.sa[row],
      packet: memory.u8.slice(burst.header[row], burst.header[row] + burst.length[row]),
    }));
    for (let row = 0; row < burst.count; row++) this.drops.drop(burst.mbuf[row], 0, 0);
    this.drops.flush();
    burst.count = 0;
    expect(this.pool.inUseCount).toBe(0);
    return given;
  }
}

/** A clear packet of this length that tells its number. */
function clear(bytes: number, number: number, ttl = 64): Uint8Array {
  const packet = Uint8Array.from({ length: bytes }, (_, i) => (i * 3 + number) & 0xff);
  packet.set([0x45, 0, 0, bytes, 0, number & 0xff, 0, 0, ttl, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (packet[i] << 8) | packet[i + 1];
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = ~(sum + (sum >>> 16)) & 0xffff;
  packet.set([sum >>> 8, sum & 0xff], 10);
  return packet;
}

/** ESP with null crypto around it: nothing is enciphered, and there is neither IV nor ICV. */
function espOf({ spi, sequence, bytes = 64 }: Omit<Arrival, 'offloaded'>): Uint8Array {
  const inner = clear(bytes, sequence);
  const pad = (4 - ((inner.length + 2) & 3)) & 3;
  const padding = Array.from({ length: pad }, (_, i) => i + 1);
  const be32 = (value: number) => [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 0xff);
  const body = [...be32(spi), ...be32(sequence), ...inner, ...padding, pad, 4];
  const length = 20 + body.length;
  const header = [0x45, 0, length >>> 8, length & 0xff, 0, 0, 0, 0, 64, 50, 0, 0, 172, 16, 1, 5, 172, 16, 2, 5];
  return Uint8Array.of(...header, ...body);
}

const numbers = (n: number, first = 1): number[] => Array.from({ length: n }, (_, i) => first + i);
const sequenceOf = (esp: Uint8Array): number => new DataView(esp.buffer).getUint32(24);
const describeConfigurations = describe.each(CONFIGURATIONS);

describeConfigurations('window $window, bursts of $burst, $bytes bytes, reordered $reordered', (configuration) => {
  const { window, burst, bytes, reordered } = configuration;
  const inOrder = (list: number[]) => (reordered ? list.reverse() : list);

  it.each([
    ['crypto_inb_burst', false],
    ['inline_crypto_inb', true],
  ])('%s: every packet comes out as it was, in order', (_name, inline) => {
    const bench = new Bench();
    const sa = bench.add(7, 'in', { window, inline });
    const sequences = inOrder(numbers(burst));
    const got = bench.arrive(sequences.map((sequence) => ({ spi: 7, sequence, bytes, offloaded: inline })));
    expect(got).toEqual(sequences.map((sequence) => ({ sa, packet: clear(bytes, sequence, 63) })));
  });

  it.each([
    ['crypto_outb_burst', false],
    ['inline_crypto_outb', true],
  ])('%s: numbers go up from 1, the payload is whole, and a port is asked for each packet', (_name, inline) => {
    const bench = new Bench();
    const sa = bench.add(7, 'out', { inline });
    for (let round = 0; round < 3; round++) {
      bench.requested.length = 0;
      const packets = numbers(burst).map((number) => clear(bytes, number));
      const sent = bench.leave(sa, packets);
      expect(sent.map(sequenceOf)).toEqual(numbers(burst, 1 + round * burst));
      sent.forEach((esp, i) => {
        expect(esp.subarray(28, 28 + bytes)).toEqual(clear(bytes, i + 1, 63));
        expect(esp.length % 4).toBe(0);
      });
      expect(bench.requested).toEqual(inline ? numbers(burst, 0).map((row) => [row, sa]) : []);
    }
  });

  it.each([
    ['replay_inb_inside_burst', false],
    ['replay_inb_inside_burst, inline', true],
  ])('%s: 1, then the whole window in bursts', (_name, inline) => {
    const bench = new Bench();
    bench.add(7, 'in', { window, inline });
    expect(bench.arrive([{ spi: 7, sequence: 1, bytes, offloaded: inline }])).toHaveLength(1);
    for (let at = 2; at <= Math.max(window, 2); at += burst) {
      const sequences = inOrder(numbers(Math.min(burst, Math.max(window, 2) - at + 1), at));
      const got = bench.arrive(sequences.map((sequence) => ({ spi: 7, sequence, bytes, offloaded: inline })));
      expect(got).toHaveLength(sequences.length);
    }
  });

  it('replay_inb_inside: 1, then the end of the window', () => {
    const bench = new Bench();
    bench.add(7, 'in', { window });
    expect(bench.arrive([{ spi: 7, sequence: 1, bytes }])).toHaveLength(1);
    expect(bench.arrive([{ spi: 7, sequence: Math.max(window, 2), bytes }])).toHaveLength(1);
  });

  it('replay_inb_outside: beyond the window, then 1, which is refused', () => {
    const bench = new Bench();
    bench.add(7, 'in', { window });
    expect(bench.arrive([{ spi: 7, sequence: window + 2, bytes }])).toHaveLength(1);
    expect(bench.arrive([{ spi: 7, sequence: 1, bytes }])).toHaveLength(window === 0 ? 1 : 0);
    expect(bench.drops.counts()).toMatchObject(window === 0 ? {} : { replay: 1 });
  });

  it('replay_inb_repeat: 1 twice, of which the second is refused', () => {
    const bench = new Bench();
    bench.add(7, 'in', { window });
    expect(bench.arrive([{ spi: 7, sequence: 1, bytes }])).toHaveLength(1);
    expect(bench.arrive([{ spi: 7, sequence: 1, bytes }])).toHaveLength(window === 0 ? 1 : 0);
    const twice = [2, 2].map((sequence) => ({ spi: 7, sequence, bytes }));
    expect(bench.arrive(twice)).toHaveLength(window === 0 ? 2 : 1);
  });

  it('crypto_inb_burst_2sa: two SAs take turns, each packet under its own, in order', () => {
    const bench = new Bench();
    const sas = [7, 8].map((spi) => bench.add(spi, 'in', { window }));
    const got = bench.arrive(numbers(burst).map((sequence) => ({ spi: 7 + (sequence & 1), sequence, bytes })));
    expect(got).toEqual(
      numbers(burst).map((sequence) => ({ sa: sas[sequence & 1], packet: clear(bytes, sequence, 63) })),
    );
  });

  it('crypto_inb_burst_2sa_4grp: two SAs in four runs, each packet under its own, in order', () => {
    const bench = new Bench();
    const sas = [7, 8].map((spi) => bench.add(spi, 'in', { window }));
    const of = (sequence: number) => Math.floor((4 * (sequence - 1)) / burst) & 1;
    const got = bench.arrive(numbers(burst).map((sequence) => ({ spi: 7 + of(sequence), sequence, bytes })));
    expect(got).toEqual(
      numbers(burst).map((sequence) => ({ sa: sas[of(sequence)], packet: clear(bytes, sequence, 63) })),
    );
  });
});
