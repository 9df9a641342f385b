import { Memory } from '@inline-ipsec/eal/memory';
import { PktmbufPool, pktmbufAppend } from '@inline-ipsec/mbuf/pktmbuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Drops } from './drops.ts';
import { PacketBurst } from './packet-burst.ts';
import { type SaParameters, SaTable } from './sa-table.ts';
import { Sad } from './sad.ts';

/** What DPDK's test_ipsec_sad.c asks of an SA database, as far as this one has it. */

const error = (code: string, errno: string) => expect.objectContaining({ code, errno });

class Bench {
  readonly memory: Memory = Memory.create({ bytes: 0x100_0000 });
  readonly table: SaTable = SaTable.create(this.memory, 'SA', 2048);
  readonly pool: PktmbufPool = PktmbufPool.create(this.memory, 'pool', { count: 63 });
  readonly drops: Drops = new Drops(this.memory, 0);
  readonly burst: PacketBurst = new PacketBurst(this.memory, 'burst');

  sa(spi: number, more: Partial<SaParameters> = {}): number {
    const mode = more.mode ?? 'ipv4-tunnel';
    return this.table.add({
      spi,
      direction: 'in',
      mode,
      ...(mode === 'ipv4-tunnel' ? { source: ipv4(1), destination: ipv4(2) } : {}),
      ...(mode === 'ipv6-tunnel' ? { source: ipv6(1), destination: ipv6(2) } : {}),
      transform: {
        kind: 'aead',
        direction: more.direction === 'out' ? 'encrypt' : 'decrypt',
        algorithm: 'aes-gcm',
        key: new Uint8Array(16),
        ivBytes: 12,
        tagBytes: 16,
      },
      salt: new Uint8Array(4),
      service: { kind: 'none' },
      ...more,
    });
  }

  /** The SA that is found for each packet, 0 for none. */
  found(sad: Sad, ...packets: Uint8Array[]): number[] {
    const { burst } = this;
    return packets.map((packet) => {
      burst.count = 0;
      const m = this.pool.alloc();
      const at = pktmbufAppend(this.memory, m, 14 + packet.length) + 14;
      this.memory.u8.set(packet, at);
      burst.push(m, at, packet.length, packet[0] >>> 4 === 4 ? 20 : 40);
      sad.assign(burst, this.drops);
      const sa = burst.count === 0 ? 0 : burst.sa[0];
      if (burst.count > 0) this.drops.drop(m, 0, 0);
      this.drops.flush();
      burst.count = 0;
      return sa;
    });
  }
}

const ipv4 = (last: number) => Uint8Array.of(10, 0, 0, last);
const ipv6 = (last: number) => Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last);

function esp(spi: number, source: Uint8Array = ipv4(1), destination: Uint8Array = ipv4(2)): Uint8Array {
  const number = [spi >>> 24, spi >>> 16, spi >>> 8, spi].map((byte) => byte & 0xff);
  const behind = [...number, 0, 0, 0, 1, ...new Array<number>(40).fill(0)];
  if (source.length === 16) {
    return Uint8Array.of(0x60, 0, 0, 0, 0, behind.length, 50, 64, ...source, ...destination, ...behind);
  }
  const header = [0x45, 0, 0, 20 + behind.length, 0, 0, 0, 0, 64, 50, 0, 0];
  return Uint8Array.of(...header, ...source, ...destination, ...behind);
}

describe('an SA database', () => {
  it.each([0, -1, 1.5, Number.NaN, 2 ** 25])('cannot be made for %s SAs', (capacity) => {
    expect(() => Sad.create(new Bench().memory, 'SAD', capacity)).toThrow(error('ERR_SAD_CAPACITY', 'EINVAL'));
  });

  it('is found by its name from another view of the memory, and has that name alone', () => {
    const bench = new Bench();
    const sad = Sad.create(bench.memory, 'SAD', 2);
    sad.add(bench.sa(5));
    const view = Sad.lookup(Memory.attach(bench.memory.handle), 'SAD');
    expect(view?.count).toBe(1);
    expect(Sad.lookup(bench.memory, 'other')).toBeUndefined();
    expect(() => Sad.create(bench.memory, 'SAD', 2)).toThrow(expect.objectContaining({ errno: 'EEXIST' }));
    sad.free();
    expect(Sad.lookup(bench.memory, 'SAD')).toBeUndefined();
  });

  it('stands beside others, each with its own SAs', () => {
    const bench = new Bench();
    const sads = ['a', 'b', 'c'].map((name) => Sad.create(bench.memory, name, 4));
    const sas = sads.map((sad, i) => {
      const sa = bench.sa(5 + i);
      sad.add(sa);
      return sa;
    });
    sads.forEach((sad, i) => {
      expect(bench.found(sad, esp(5), esp(6), esp(7))).toEqual(sas.map((sa, j) => (i === j ? sa : 0)));
    });
  });

  it('is empty when another had its place before', () => {
    const bench = new Bench();
    const first = Sad.create(bench.memory, 'SAD', 64);
    for (let spi = 1; spi <= 64; spi++) first.add(bench.sa(spi));
    first.free();
    expect(bench.found(Sad.create(bench.memory, 'SAD', 64), esp(1), esp(64))).toEqual([0, 0]);
  });

  it('takes inbound SAs only, and no more than it was made for', () => {
    const bench = new Bench();
    const sad = Sad.create(bench.memory, 'SAD', 2);
    expect(() => sad.add(0)).toThrow(error('ERR_SAD_SA', 'EINVAL'));
    expect(() => sad.add(bench.sa(5, { direction: 'out' }))).toThrow(error('ERR_SAD_SA', 'EINVAL'));
    sad.add(bench.sa(5));
    sad.add(bench.sa(6, { mode: 'transport' }));
    expect(() => sad.add(bench.sa(7))).toThrow(error('ERR_SAD_FULL', 'ENOSPC'));
    expect(sad.count).toBe(2);
    expect(bench.found(sad, esp(7))).toEqual([0]);
  });
});

describe('looking up', () => {
  it('finds nothing in an empty database', () => {
    const bench = new Bench();
    expect(bench.found(Sad.create(bench.memory, 'SAD', 1), esp(5), esp(5, ipv6(1), ipv6(2)))).toEqual([0, 0]);
  });

  it('goes by SPI, family and, in a tunnel, both addresses', () => {
    const bench = new Bench();
    const sad = Sad.create(bench.memory, 'SAD', 4);
    const four = bench.sa(5);
    const six = bench.sa(5, { mode: 'ipv6-tunnel' });
    const transport = bench.sa(6, { mode: 'transport' });
    for (const sa of [four, six, transport]) sad.add(sa);
    expect(bench.found(sad, esp(5), esp(5, ipv6(1), ipv6(2)))).toEqual([four, six]);
    expect(bench.found(sad, esp(5, ipv4(3)), esp(5, ipv4(1), ipv4(3)), esp(5, ipv6(1), ipv6(3)))).toEqual([0, 0, 0]);
    expect(bench.found(sad, esp(6), esp(6, ipv4(8), ipv4(9)), esp(6, ipv6(8), ipv6(9)))).toEqual(
      Array(3).fill(transport),
    );
    expect(bench.found(sad, esp(7), esp(0x0500_0000))).toEqual([0, 0]);
  });

  it('gives the same answers in whatever order SAs were added', () => {
    const spis = fc.uniqueArray(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(spis, fc.infiniteStream(fc.nat(2)), (wanted, modes) => {
        const bench = new Bench();
        const kinds = ['ipv4-tunnel', 'ipv6-tunnel', 'transport'] as const;
        const sas = wanted.map((spi) => bench.sa(spi, { mode: kinds[modes.next().value] }));
        const [up, down] = ['up', 'down'].map((name) => Sad.create(bench.memory, name, sas.length));
        for (const sa of sas) up.add(sa);
        for (const sa of [...sas].reverse()) down.add(sa);
        const packets = wanted.flatMap((spi) => [esp(spi), esp(spi, ipv6(1), ipv6(2)), esp(spi ^ 1)]);
        const found = bench.found(up, ...packets);
        expect(found).toEqual(bench.found(down, ...packets));
        wanted.forEach((_, i) => {
          expect(found.slice(3 * i, 3 * i + 2)).toContain(sas[i]);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('finds each of a thousand, and none beside them', () => {
    const bench = new Bench();
    const sad = Sad.create(bench.memory, 'SAD', 1000);
    // SPIs that lie as close as can be, and as far apart.
    const spis = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? i + 1 : (i << 21) >>> 0));
    const sas = spis.map((spi) => bench.sa(spi));
    for (const sa of sas) sad.add(sa);
    expect(bench.found(sad, ...spis.map((spi) => esp(spi)))).toEqual(sas);
    expect(bench.found(sad, esp(0x7fff_0001), esp(0x7fff_0002))).toEqual([0, 0]);
  });
});
