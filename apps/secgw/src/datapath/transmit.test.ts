import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { SoftwarePort } from '@inline-ipsec/ethdev/software-port';
import { BURST_MAX, PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { SA_BYTES, SA_DROPS } from '@inline-ipsec/ipsec/sa-layout';
import { LINK_UP_10G, type Wire } from '@inline-ipsec/wire/wire';
import { describe, expect, it } from 'vitest';
import { ipv4Packet, ipv6Packet, PacketBench } from '../testing/packet-bench.ts';
import { COUNTER, lcoreCounters } from './counters.ts';
import { TransmitStage } from './transmit.ts';

const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A wire that keeps what is sent, burst by burst, and may be full. */
class KeepingWire implements Wire {
  readonly name = 'keeping';
  readonly link = LINK_UP_10G;
  readonly done = true;
  readonly endless = undefined;
  readonly bursts: Uint8Array[][] = [];
  /** Frames that it still takes. */
  room = Number.POSITIVE_INFINITY;
  readonly #bench: PacketBench;

  constructor(bench: PacketBench) {
    this.#bench = bench;
  }

  get frames(): Uint8Array[] {
    return this.bursts.flat();
  }

  receive(): number {
    return 0;
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    const taken = Math.min(n, this.room);
    this.room -= taken;
    const { u8 } = this.#bench.memory;
    this.bursts.push(Array.from({ length: taken }, (_, i) => u8.slice(at[i], at[i] + lengths[i])));
    return taken;
  }

  flush(): void {}
  close(): void {}
}

/** Ports 0 and 1, of which port 1 has a smaller MTU, and a port 2 that is not used. */
class TransmitBench extends PacketBench {
  readonly wires = [new KeepingWire(this), new KeepingWire(this), new KeepingWire(this)];
  readonly counters = lcoreCounters(this.memory, 0);
  readonly burst = new PacketBurst(this.memory, 'burst');
  readonly stage: TransmitStage;

  constructor() {
    super();
    const ports = new EthPorts();
    const targets = this.wires.map((wire, id) => {
      const name = `net_test${id}`;
      const macAddress = Uint8Array.of(2, 0xa0, 0xa1, 0xa2, 0xa3, id);
      const driver = new SoftwarePort({ memory: this.memory, name, driverName: 'net_test', wires: [wire], macAddress });
      const port = ports.add(driver, name, [wire]);
      port.configure({ rxQueues: 1, txQueues: 1 });
      port.rxQueueSetup(0, { pool: this.pool });
      port.txQueueSetup(0);
      port.start();
      return { port, queue: 0, neighbour: Uint8Array.of(2, 0xb0, 0xb1, 0xb2, 0xb3, id), mtu: id === 1 ? 600 : 1500 };
    });
    this.stage = new TransmitStage(this.memory, targets.slice(0, 2), this.counters, this.drops);
  }

  send(port: number, packets: readonly Uint8Array[], sa = 0): void {
    this.take(this.burst, packets, sa);
    this.burst.port.fill(port);
    this.stage.send(this.burst);
    this.burst.count = 0;
  }

  counted(counter: number): number {
    return this.memory.f64[this.counters + (counter >> 3)];
  }
}

const packet = (bytes: number) => ipv4Packet(new Uint8Array(bytes - 20).fill(bytes));

describe('transmit', () => {
  it('puts an Ethernet header from the port to its neighbour before each packet', () => {
    const bench = new TransmitBench();
    const [four, six] = [packet(61), ipv6Packet(Uint8Array.of(1, 2, 3))];
    bench.send(1, [four, six]);
    bench.stage.flush();
    const addresses = '02b0b1b2b301' + '02a0a1a2a301';
    expect(bench.wires[1].frames.map(hex)).toEqual([`${addresses}0800${hex(four)}`, `${addresses}86dd${hex(six)}`]);
    expect(bench.release()).toBe(0);
  });

  it('sends a packet as long as its burst says, wherever the mbuf ended', () => {
    const bench = new TransmitBench();
    bench.take(bench.burst, [packet(100), packet(50)]);
    bench.burst.port.fill(0);
    // One packet grew at its front as under ESP, the other lost its front and its end.
    bench.burst.header[0] -= 36;
    bench.burst.length[0] += 56;
    bench.burst.header[1] += 20;
    bench.burst.length[1] -= 30;
    bench.stage.send(bench.burst);
    bench.stage.flush();
    expect(bench.wires[0].frames.map((frame) => frame.length)).toEqual([170, 34]);
    expect(hex(bench.wires[0].frames[0].subarray(50, 70))).toBe(hex(packet(100).subarray(0, 20)));
    expect(bench.release()).toBe(0);
  });

  it('waits for a full burst for each port, and sends it at once then', () => {
    const bench = new TransmitBench();
    for (let i = 0; i < BURST_MAX - 1; i++) bench.send(i % 2, [packet(60)]);
    for (let i = 0; i < 15; i++) bench.send(0, [packet(60)]);
    expect(bench.wires[0].frames).toHaveLength(0);
    expect(bench.stage.waiting).toBe(BURST_MAX - 1 + 15);
    bench.send(0, [packet(60)]);
    expect(bench.wires[0].bursts.map((burst) => burst.length)).toEqual([BURST_MAX]);
    expect(bench.wires[1].frames).toHaveLength(0);
    expect(bench.stage.waiting).toBe(15);
    bench.stage.flush();
    expect(bench.wires[1].bursts.map((burst) => burst.length)).toEqual([15]);
    expect(bench.stage.waiting).toBe(0);
    expect([bench.counted(COUNTER.sent), bench.counted(COUNTER.txCalls)]).toEqual([BURST_MAX + 15, 2]);
    expect(bench.release()).toBe(0);
  });

  it('sends a single packet when it is flushed, and nothing when nothing waits', () => {
    const bench = new TransmitBench();
    bench.stage.flush();
    expect(bench.counted(COUNTER.txCalls)).toBe(0);
    bench.send(0, [packet(20)]);
    bench.stage.flush();
    bench.stage.flush();
    expect(bench.wires[0].bursts).toHaveLength(1);
    expect(bench.release()).toBe(0);
  });

  it('keeps the order of packets to one port over many bursts', () => {
    const bench = new TransmitBench();
    const sizes = Array.from({ length: 100 }, (_, i) => 20 + i);
    for (let i = 0; i < 100; i += 10) bench.send(0, sizes.slice(i, i + 10).map(packet));
    bench.stage.flush();
    expect(bench.wires[0].frames.map((frame) => frame.length - 14)).toEqual(sizes);
    expect(bench.release()).toBe(0);
  });

  it.each([2, 3, 31, 0xfffffffe])('drops what a route leads to port %i, which is not used', (port) => {
    const bench = new TransmitBench();
    const sa = bench.memory.reserve('SA', SA_BYTES).position;
    bench.send(port, [packet(60)], sa);
    bench.stage.flush();
    expect(bench.drops.counts()).toEqual({ port_disabled: 1 });
    expect(bench.wires.flatMap(({ frames }) => frames)).toEqual([]);
    const drops = bench.memory.f64.subarray((sa + SA_DROPS) >> 3, (sa + SA_BYTES) >> 3);
    expect(drops.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(bench.release()).toBe(0);
  });

  it('drops what is longer than the MTU of its port, and nothing that is just as long', () => {
    const bench = new TransmitBench();
    bench.send(0, [packet(1500), packet(1501)]);
    bench.send(1, [packet(600), packet(601), packet(1500)]);
    bench.stage.flush();
    expect(bench.wires.map(({ frames }) => frames.map((frame) => frame.length - 14))).toEqual([[1500], [600], []]);
    expect(bench.drops.counts()).toEqual({ mtu: 3 });
    expect(bench.release()).toBe(0);
  });

  it('drops what the port does not take, and counts as sent what it took', () => {
    const bench = new TransmitBench();
    bench.wires[0].room = 10;
    bench.send(
      0,
      Array.from({ length: BURST_MAX }, () => packet(60)),
    );
    expect(bench.drops.counts()).toEqual({ tx_full: BURST_MAX - 10 });
    expect(bench.counted(COUNTER.sent)).toBe(10);
    expect(bench.stage.waiting).toBe(0);
    expect(bench.release()).toBe(0);
    bench.wires[0].room = 1;
    bench.send(0, [packet(60)]);
    bench.stage.flush();
    expect(bench.counted(COUNTER.sent)).toBe(11);
    expect(bench.release()).toBe(0);
  });
});
