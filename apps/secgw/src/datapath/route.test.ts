import { PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { SA_BYTES, SA_DROPS } from '@inline-ipsec/ipsec/sa-layout';
import { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import { Lpm6 } from '@inline-ipsec/lpm/lpm6';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4Packet, ipv6Packet, localAddress, PacketBench } from '../testing/packet-bench.ts';
import { RouteStage } from './route.ts';

const v4 = (destination: number) => ipv4Packet(Uint8Array.of(1), { destination });
const v6 = (destination: number) => ipv6Packet(Uint8Array.of(1), { destination });

/** 10.0.0.0/8 to port 1, 10.1.0.0/16 to port 2, 10.2.3.4/32 to port 0; fd00::/112 to port 3, fd00::5/128 to port 0. */
class RouteBench extends PacketBench {
  readonly routes4 = Lpm4.create(this.memory, 'four', { maxRules: 3 });
  readonly routes6 = Lpm6.create(this.memory, 'six', { maxRules: 2 });
  readonly burst = new PacketBurst(this.memory, 'burst');

  constructor() {
    super();
    this.routes4.add(0x0a000000, 8, 1);
    this.routes4.add(0x0a010000, 16, 2);
    this.routes4.add(0x0a020304, 32, 0);
    this.routes6.add(localAddress(0), 112, 3);
    this.routes6.add(localAddress(5), 128, 0);
  }

  stage(routes4: Lpm4 | undefined = this.routes4, routes6: Lpm6 | undefined = this.routes6): RouteStage {
    return new RouteStage(this.memory, routes4, routes6, this.drops);
  }

  get ports(): number[] {
    return [...this.burst.port.subarray(0, this.burst.count)];
  }
}

describe('routes', () => {
  it('lead both families by the longest prefix, in the order of arrival', () => {
    const bench = new RouteBench();
    bench.take(bench.burst, [v4(0x0a050505), v6(5), v4(0x0a010101), v6(6), v4(0x0a020304)]);
    bench.stage().assign(bench.burst);
    expect(bench.ports).toEqual([1, 0, 2, 3, 0]);
    expect(bench.release(bench.burst)).toBe(0);
  });

  it('drop what they do not lead anywhere, and keep the others in order', () => {
    const bench = new RouteBench();
    bench.take(bench.burst, [v4(0x0b000001), v4(0x0a000001), v4(0xffffffff), v6(1), v4(0)]);
    bench.stage().assign(bench.burst);
    expect(bench.ports).toEqual([1, 3]);
    expect(bench.packets(bench.burst).map((packet) => packet[0])).toEqual([0x45, 0x60]);
    expect(bench.drops.counts()).toEqual({ no_route: 3 });
    expect(bench.release(bench.burst)).toBe(0);
  });

  it('leave a packet alone whose port is settled, even when they would lead it elsewhere or nowhere', () => {
    const bench = new RouteBench();
    bench.take(bench.burst, [v4(0x0a000001), v4(0x0b000001), v6(1)]);
    bench.burst.setPort(0, 3, 7);
    bench.stage().assign(bench.burst);
    expect(bench.ports).toEqual([7, 7, 7]);
    expect(bench.release(bench.burst)).toBe(0);
  });

  it('lead nowhere in a family that has none', () => {
    const bench = new RouteBench();
    const { memory, routes4, routes6, drops } = bench;
    for (const [four, six, ports] of [
      [undefined, routes6, [3]],
      [routes4, undefined, [1]],
      [undefined, undefined, []],
    ] as const) {
      bench.take(bench.burst, [v4(0x0a000001), v6(1)]);
      new RouteStage(memory, four, six, drops).assign(bench.burst);
      expect(bench.ports).toEqual(ports);
      expect(bench.release(bench.burst)).toBe(0);
    }
    expect(bench.drops.counts()).toEqual({ no_route: 4 });
  });

  it('count a drop for the SA that the packet belongs to', () => {
    const bench = new RouteBench();
    const sa = bench.memory.reserve('SA', SA_BYTES).position;
    bench.take(bench.burst, [v4(0x0b000001)], sa);
    bench.stage().assign(bench.burst);
    const drops = bench.memory.f64.subarray((sa + SA_DROPS) >> 3, (sa + SA_BYTES) >> 3);
    expect(drops.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(bench.release(bench.burst)).toBe(0);
  });

  it('give every packet of any burst what its own destination asks for', () => {
    const bench = new RouteBench();
    const stage = bench.stage();
    const kinds: [Uint8Array, number][] = [
      [v4(0x0a010203), 2],
      [v4(0x0a020304), 0],
      [v4(0x0aff0000), 1],
      [v4(0x7f000001), -1],
      [v6(5), 0],
      [v6(4), 3],
    ];
    const index = fc.nat(kinds.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(index, fc.boolean()), { maxLength: 32 }), (rows) => {
        bench.take(
          bench.burst,
          rows.map(([kind]) => kinds[kind][0]),
        );
        rows.forEach(([, settled], row) => {
          if (settled) bench.burst.setPort(row, row + 1, 9);
        });
        const mbufs = [...bench.burst.mbuf.subarray(0, rows.length)];
        const wanted = rows.map(([kind, settled], row) => ({ m: mbufs[row], port: settled ? 9 : kinds[kind][1] }));
        stage.assign(bench.burst);
        const got = bench.ports.map((port, row) => ({ m: bench.burst.mbuf[row], port }));
        expect(got).toEqual(wanted.filter(({ port }) => port >= 0));
        expect(bench.release(bench.burst)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
