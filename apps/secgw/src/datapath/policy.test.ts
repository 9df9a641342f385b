import { type Acl4Rule, AclTable } from '@inline-ipsec/acl/acl-table';
import { PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { SA_BYTES, SA_DROPS } from '@inline-ipsec/ipsec/sa-layout';
import { describe, expect, it } from 'vitest';
import { ipv4Packet, ipv6Packet, localAddress, PacketBench } from '../testing/packet-bench.ts';
import { POLICY_BYPASS, POLICY_DISCARD, PolicyStage } from './policy.ts';

const to = (lastByte: number, ttl = 64) =>
  ipv4Packet(Uint8Array.of(1, 2, 3, 4), { destination: 0x0a000000 | lastByte, ttl });
const lastBytes = (packets: readonly Uint8Array[]) => packets.map((packet) => packet[19]);

/** Destinations 10.0.0.1 to .3 are bypassed, discarded and protected; others match no policy. */
class PolicyBench extends PacketBench {
  readonly counters = this.memory.reserve('counters', 64).position >> 3;
  readonly sa = this.memory.reserve('SA', SA_BYTES).position;
  readonly from = new PacketBurst(this.memory, 'from');
  readonly clear = new PacketBurst(this.memory, 'clear');
  readonly table = AclTable.build(
    this.memory,
    'test',
    [POLICY_BYPASS, POLICY_DISCARD, this.sa].map(
      (userdata, i): Acl4Rule => ({ priority: 1, userdata, dst: { address: 0x0a000001 + i, depth: 32 } }),
    ),
    { family: 4 },
  );

  stage(table: AclTable | undefined = this.table, singleSa = 0): PolicyStage {
    return new PolicyStage(this.memory, table, this.counters, this.drops, singleSa);
  }

  /** Protect, bypass, discard. */
  get counted(): number[] {
    return [...this.memory.f64.subarray(this.counters, this.counters + 3)];
  }

  end(): void {
    expect(this.release(this.from, this.clear)).toBe(0);
  }
}

describe('outbound policies', () => {
  it('sort a burst into protected and clear packets, and drop the rest', () => {
    const bench = new PolicyBench();
    bench.take(bench.from, [to(3), to(1), to(2), to(9), to(1, 7), to(3, 7)]);
    bench.stage().protect(bench.from, bench.clear);
    expect(lastBytes(bench.packets(bench.from))).toEqual([3, 3]);
    expect(bench.packets(bench.from).map((packet) => packet[8])).toEqual([64, 7]);
    expect([...bench.from.sa.subarray(0, 2)]).toEqual([bench.sa, bench.sa]);
    expect(lastBytes(bench.packets(bench.clear))).toEqual([1, 1]);
    expect([...bench.clear.sa.subarray(0, 2)]).toEqual([0, 0]);
    expect(bench.drops.counts()).toEqual({ policy_discard: 1, policy_none: 1 });
    expect(bench.counted).toEqual([2, 2, 2]);
    bench.end();
  });

  it('append to what goes on in clear already', () => {
    const bench = new PolicyBench();
    bench.take(bench.clear, [ipv6Packet(Uint8Array.of(7))]);
    bench.take(bench.from, [to(1), to(3)]);
    bench.stage().protect(bench.from, bench.clear);
    expect([...bench.from.sa.subarray(0, 1)]).toEqual([bench.sa]);
    expect(bench.packets(bench.clear).map((packet) => packet[0])).toEqual([0x60, 0x45]);
    bench.end();
  });

  it('let everything pass in clear when there are none, and count nothing', () => {
    const bench = new PolicyBench();
    bench.take(bench.from, [to(1), to(2), to(9)]);
    new PolicyStage(bench.memory, undefined, bench.counters, bench.drops).protect(bench.from, bench.clear);
    expect(lastBytes(bench.packets(bench.clear))).toEqual([1, 2, 9]);
    expect(bench.counted).toEqual([0, 0, 0]);
    expect(bench.drops.counts()).toEqual({});
    bench.end();
  });

  it('give everything to the single SA when there is one', () => {
    const bench = new PolicyBench();
    bench.take(bench.from, [to(1), to(2), to(9)]);
    const single = new PolicyStage(bench.memory, undefined, bench.counters, bench.drops, bench.sa);
    single.protect(bench.from, bench.clear);
    expect(lastBytes(bench.packets(bench.from))).toEqual([1, 2, 9]);
    expect([...bench.from.sa.subarray(0, 3)]).toEqual([bench.sa, bench.sa, bench.sa]);
    expect(bench.counted).toEqual([3, 0, 0]);
    bench.end();
  });

  it('know full bursts and empty ones', () => {
    const bench = new PolicyBench();
    const stage = bench.stage();
    stage.protect(bench.from, bench.clear);
    expect(bench.counted).toEqual([0, 0, 0]);
    bench.take(
      bench.from,
      Array.from({ length: 32 }, () => to(3)),
    );
    stage.protect(bench.from, bench.clear);
    expect(bench.from.count).toBe(32);
    bench.end();
  });
});

describe('inbound policies', () => {
  it.each([
    ['no policy', 9, 0, 'policy_none'],
    ['no policy, though an SA carried it', 9, 1, 'policy_none'],
    ['discard', 2, 0, 'policy_discard'],
    ['discard, though an SA carried it', 2, 1, 'policy_discard'],
    ['protect, and it came in clear', 3, 0, 'policy_unprotected'],
    ['protect, and another SA carried it', 3, 2, 'policy_wrong_sa'],
  ])('drop a packet under %s', (_what, lastByte, carrier, reason) => {
    const bench = new PolicyBench();
    const other = bench.memory.reserve('another SA', SA_BYTES).position;
    const sa = [0, bench.sa, other][carrier];
    bench.take(bench.from, [to(lastByte)], sa);
    bench.stage().check(bench.from);
    expect(bench.from.count).toBe(0);
    expect(bench.drops.counts()).toEqual({ [reason]: 1 });
    expect(bench.counted).toEqual([0, 0, 1]);
    if (sa !== 0) {
      const drops = bench.memory.f64.subarray((sa + SA_DROPS) >> 3, (sa + SA_BYTES) >> 3);
      expect(drops.reduce((sum, count) => sum + count, 0)).toBe(1);
    }
    bench.end();
  });

  it.each([
    ['bypass, in clear', 1, false, [0, 1, 0]],
    ['bypass, though an SA carried it', 1, true, [0, 1, 0]],
    ['protect, from just that SA', 3, true, [1, 0, 0]],
  ])('let a packet in under %s', (_what, lastByte, carried, counted) => {
    const bench = new PolicyBench();
    bench.take(bench.from, [to(lastByte)], carried ? bench.sa : 0);
    bench.stage().check(bench.from);
    expect(lastBytes(bench.packets(bench.from))).toEqual([lastByte]);
    expect(bench.counted).toEqual(counted);
    expect(bench.drops.counts()).toEqual({});
    bench.end();
  });

  it('let everything in when there are none, from an SA or in clear', () => {
    const bench = new PolicyBench();
    bench.take(bench.from, [to(1), to(9)]);
    bench.take(bench.from, [to(2)], bench.sa);
    new PolicyStage(bench.memory, undefined, bench.counters, bench.drops, bench.sa).check(bench.from);
    expect(lastBytes(bench.packets(bench.from))).toEqual([1, 9, 2]);
    expect([...bench.from.sa.subarray(0, 3)]).toEqual([0, 0, bench.sa]);
    expect(bench.counted).toEqual([0, 0, 0]);
    bench.end();
  });

  it('are IPv6 policies for IPv6 packets', () => {
    const bench = new PolicyBench();
    const table = AclTable.build(
      bench.memory,
      'six',
      [{ priority: 1, userdata: POLICY_BYPASS, dst: { address: localAddress(2), depth: 128 } }],
      { family: 6 },
    );
    bench.take(bench.from, [ipv6Packet(Uint8Array.of(1)), ipv6Packet(Uint8Array.of(1), { destination: 3 })]);
    bench.stage(table).check(bench.from);
    expect(bench.from.count).toBe(1);
    expect(bench.drops.counts()).toEqual({ policy_none: 1 });
    bench.end();
  });
});
