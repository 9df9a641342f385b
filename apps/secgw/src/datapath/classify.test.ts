import { PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { pktmbufAppend, pktmbufChain, pktmbufData } from '@inline-ipsec/mbuf/pktmbuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethernetFrame, ipv4Packet, ipv6Packet, PacketBench } from '../testing/packet-bench.ts';
import { type Classes, ClassifyStage } from './classify.ts';

const ESP = 50;
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
const payload = (length: number) => Uint8Array.from({ length }, (_, i) => 0x30 + i);

class ClassifyBench extends PacketBench {
  readonly classes: Classes = {
    ipv4: new PacketBurst(this.memory, 'ipv4'),
    ipv6: new PacketBurst(this.memory, 'ipv6'),
    esp: new PacketBurst(this.memory, 'esp'),
  };

  /** Classifies frames and says how many became what; the bursts keep their packets until the next call. */
  sort(frames: readonly Uint8Array[], shift = 0): Record<string, number> {
    expect(this.release(this.classes.ipv4, this.classes.ipv6, this.classes.esp)).toBe(0);
    return this.sortMbufs(frames.map((frame) => this.mbuf(frame, 0, shift)));
  }

  sortMbufs(mbufs: readonly number[]): Record<string, number> {
    const before = this.drops.counts() as Record<string, number>;
    new ClassifyStage(this.memory, this.drops).sort(Uint32Array.from(mbufs), mbufs.length, this.classes);
    const counts: Record<string, number> = {};
    for (const [name, burst] of Object.entries(this.classes)) if (burst.count > 0) counts[name] = burst.count;
    for (const [name, count] of Object.entries(this.drops.counts())) {
      if (count > (before[name] ?? 0)) counts[`drop ${name}`] = count - (before[name] ?? 0);
    }
    return counts;
  }
}

/** An IPv6 extension header of `words` times 8 bytes. */
const extension = (next: number, words = 1) => {
  const header = new Uint8Array(8 * words);
  header.set([next, words - 1]);
  return header;
};
/** An authentication header of 24 bytes: its length counts 4-byte words, less 2 (RFC 4302). */
const authentication = (next: number) => {
  const header = new Uint8Array(24);
  header.set([next, 4]);
  return header;
};
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('classify', () => {
  it('sorts frames into IPv4, IPv6 and ESP over either, each in the order of arrival', () => {
    const bench = new ClassifyBench();
    const frames = [
      ipv4Packet(payload(8), { destination: 1 }),
      ipv6Packet(payload(8)),
      ipv4Packet(payload(40), { protocol: ESP }),
      ipv4Packet(payload(9), { destination: 2 }),
      ipv6Packet(payload(44), { next: ESP }),
    ];
    expect(bench.sort(frames.map((packet) => ethernetFrame(packet)))).toEqual({ ipv4: 2, ipv6: 1, esp: 2 });
    const { ipv4, ipv6, esp } = bench.classes;
    expect(bench.packets(ipv4).map(hex)).toEqual([hex(frames[0]), hex(frames[3])]);
    expect(bench.packets(ipv6).map(hex)).toEqual([hex(frames[1])]);
    expect(bench.packets(esp).map(hex)).toEqual([hex(frames[2]), hex(frames[4])]);
    expect([...esp.l3.subarray(0, 2)]).toEqual([20, 40]);
    expect([...esp.sa.subarray(0, 2)]).toEqual([0, 0]);
  });

  it('leaves behind what pads a frame to its least length', () => {
    const bench = new ClassifyBench();
    const small = [0, 1, 2, 25].map((bytes) => ipv4Packet(payload(bytes)));
    expect(bench.sort([...small, ipv6Packet(payload(2))].map((packet) => ethernetFrame(packet)))).toEqual({
      ipv4: 4,
      ipv6: 1,
    });
    expect(bench.packets(bench.classes.ipv4).map(hex)).toEqual(small.map(hex));
    expect(bench.packets(bench.classes.ipv6)[0]).toHaveLength(42);
  });

  it('finds ESP behind IPv4 options', () => {
    const bench = new ClassifyBench();
    const packet = ipv4Packet(payload(40), { protocol: ESP, options: 12 });
    expect(bench.sort([ethernetFrame(packet)])).toEqual({ esp: 1 });
    expect(bench.classes.esp.l3[0]).toBe(32);
  });

  it.each([
    ['hop-by-hop options', 0, joined(extension(ESP))],
    ['routing', 43, joined(extension(ESP, 3))],
    ['destination options', 60, joined(extension(ESP, 2))],
    ['a fragment header', 44, joined(extension(ESP))],
    ['an authentication header', 51, joined(authentication(ESP))],
    ['all of them', 0, joined(extension(43), extension(60, 3), extension(44, 2), extension(51), authentication(ESP))],
  ])('finds ESP behind %s of IPv6', (_what, next, extensions) => {
    const bench = new ClassifyBench();
    const packet = ipv6Packet(joined(extensions, payload(40)), { next });
    expect(bench.sort([ethernetFrame(packet)])).toEqual({ esp: 1 });
    expect(bench.classes.esp.l3[0]).toBe(40 + extensions.length);
    expect(bench.packets(bench.classes.esp).map(hex)).toEqual([hex(packet)]);
  });

  it('does not look for ESP behind what is no extension header', () => {
    const bench = new ClassifyBench();
    const sctp = 132;
    expect(bench.sort([ethernetFrame(ipv6Packet(joined(extension(ESP), payload(40)), { next: sctp }))])).toEqual({
      ipv6: 1,
    });
  });

  it.each([
    ['ARP as ethertype', ethernetFrame(payload(46), 0x0806), 'ethertype'],
    ['a VLAN tag as ethertype', ethernetFrame(ipv4Packet(payload(30)), 0x8100), 'ethertype'],
    ['IPv6 under the type of IPv4', ethernetFrame(ipv6Packet(payload(30)), 0x0800), 'ip_header'],
    ['IPv4 under the type of IPv6', ethernetFrame(ipv4Packet(payload(30)), 0x86dd), 'ip_header'],
    ['a header of 16 bytes', ethernetFrame(ipv4Packet(payload(30)).with(0, 0x44)), 'ip_header'],
    ['a total length below the header', ethernetFrame(ipv4Packet(payload(30)).with(3, 19)), 'ip_header'],
    ['a total length below the options', ethernetFrame(ipv4Packet(payload(30)).with(0, 0x4f).with(3, 59)), 'ip_header'],
    ['a total length beyond the frame', ethernetFrame(ipv4Packet(payload(60)).with(3, 81)), 'ip_length'],
    ['an IPv6 payload beyond the frame', ethernetFrame(ipv6Packet(payload(60)).with(5, 61)), 'ip_length'],
    ['an extension beyond the packet', ethernetFrame(ipv6Packet(extension(ESP).with(1, 9), { next: 0 })), 'ip_header'],
    [
      'extensions without an end',
      ethernetFrame(ipv6Packet(joined(extension(0), extension(0)), { next: 0 })),
      'ip_header',
    ],
    ['a first fragment of ESP', ethernetFrame(ipv4Packet(payload(40), { protocol: ESP }).with(6, 0x20)), 'fragment'],
    ['a later fragment of ESP', ethernetFrame(ipv4Packet(payload(40), { protocol: ESP }).with(7, 5)), 'fragment'],
    [
      'a first fragment of ESP over IPv6',
      ethernetFrame(ipv6Packet(joined(extension(ESP).with(3, 1), payload(40)), { next: 44 })),
      'fragment',
    ],
    [
      'a later fragment of ESP over IPv6',
      ethernetFrame(ipv6Packet(joined(extension(ESP).with(2, 1), payload(40)), { next: 44 })),
      'fragment',
    ],
    ['seven bytes of ESP', ethernetFrame(ipv4Packet(payload(7), { protocol: ESP })), 'esp_length'],
    ['seven bytes of ESP over IPv6', ethernetFrame(ipv6Packet(payload(7), { next: ESP })), 'esp_length'],
    ['an IPv4 frame of 33 bytes', ethernetFrame(ipv4Packet(payload(30))).subarray(0, 33), 'ip_header'],
    ['an IPv6 frame of 53 bytes', ethernetFrame(ipv6Packet(payload(30))).subarray(0, 53), 'ip_header'],
  ])('drops %s', (_what, frame, reason) => {
    const bench = new ClassifyBench();
    expect(bench.sort([frame])).toEqual({ [`drop ${reason}`]: 1 });
    expect(bench.release()).toBe(0);
  });

  it('keeps fragments of what is not ESP, and ESP that must not be fragmented', () => {
    const bench = new ClassifyBench();
    const frames = [
      ipv4Packet(payload(40)).with(6, 0x20),
      ipv4Packet(payload(40)).with(7, 5),
      ipv4Packet(payload(40), { protocol: ESP }).with(6, 0x40),
    ];
    expect(bench.sort(frames.map((packet) => ethernetFrame(packet)))).toEqual({ ipv4: 2, esp: 1 });
  });

  it('drops a packet that lies in more than one buffer', () => {
    const bench = new ClassifyBench();
    const { memory } = bench;
    const head = bench.mbuf(ethernetFrame(ipv4Packet(payload(60))).subarray(0, 60));
    const tail = bench.pool.alloc();
    pktmbufAppend(memory, tail, 34);
    expect(pktmbufChain(memory, head, tail)).toBe(true);
    expect(bench.sortMbufs([head])).toEqual({ 'drop multi_segment': 1 });
    expect(bench.release()).toBe(0);
  });

  it.each([1, 2, 3, 4, 5])(
    'moves a frame that lies %i bytes off, so that its IP header can be read in words',
    (shift) => {
      const bench = new ClassifyBench();
      const packets = [ipv4Packet(payload(61)), ipv4Packet(payload(5)), ipv6Packet(payload(1400))];
      expect(
        bench.sort(
          packets.map((packet) => ethernetFrame(packet)),
          shift,
        ),
      ).toEqual({ ipv4: 2, ipv6: 1 });
      const { ipv4, ipv6 } = bench.classes;
      expect([...bench.packets(ipv4), ...bench.packets(ipv6)].map(hex)).toEqual(packets.map(hex));
      for (const burst of [ipv4, ipv6]) {
        for (let row = 0; row < burst.count; row++) expect(burst.header[row] & 3).toBe(0);
      }
    },
  );

  it('counts a drop on the port where the frame came in', () => {
    const bench = new ClassifyBench();
    bench.sortMbufs([bench.mbuf(ethernetFrame(payload(46), 0x0806), 3)]);
    expect(bench.drops.counts(3)).toEqual({ ethertype: 1 });
    expect(bench.drops.counts(0)).toEqual({});
  });

  it('puts any frame into exactly one place, and never goes beyond it', () => {
    const bench = new ClassifyBench();
    const type = fc.constantFrom(0x0800, 0x86dd, 0x0806);
    const first = fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x44, 0x05);
    const protocol = fc.constantFrom(ESP, 0, 43, 44, 51, 60, 17, 255);
    const frame = fc
      .tuple(type, first, protocol, fc.uint8Array({ maxLength: 120 }), fc.nat(120))
      .map(([ethertype, version, next, rest, length]) => {
        const packet = joined(Uint8Array.of(version), rest);
        if (packet.length > 9) packet.set([0, length, 0, next, next, 0, 0, next], 2);
        const bytes = new Uint8Array(14 + packet.length);
        bytes.set([ethertype >>> 8, ethertype & 0xff], 12);
        bytes.set(packet, 14);
        return bytes;
      });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 32 }), (frames) => {
        const { ipv4, ipv6, esp } = bench.classes;
        expect(bench.release(ipv4, ipv6, esp)).toBe(0);
        const mbufs = frames.map((bytes) => bench.mbuf(bytes));
        const ends = new Map(mbufs.map((m, i) => [m, pktmbufData(bench.memory, m) + frames[i].length]));
        const counts = bench.sortMbufs(mbufs);
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(frames.length);
        for (const burst of [ipv4, ipv6, esp]) {
          for (let row = 0; row < burst.count; row++) {
            expect(burst.header[row] + burst.length[row]).toBeLessThanOrEqual(ends.get(burst.mbuf[row]) as number);
            const least = burst === esp ? burst.l3[row] + 8 : burst.l3[row];
            expect(burst.length[row]).toBeGreaterThanOrEqual(least);
          }
        }
      }),
      { numRuns: 300 },
    );
    bench.release(bench.classes.ipv4, bench.classes.ipv6, bench.classes.esp);
  });
});
