import { Memory } from '@inline-ipsec/eal/memory';
import { Drops } from '@inline-ipsec/ipsec/drops';
import type { PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { MBUF_DATA_OFF, MBUF_PORT } from '@inline-ipsec/mbuf/layout';
import { PktmbufPool, pktmbufAppend, pktmbufFree } from '@inline-ipsec/mbuf/pktmbuf';
import { writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { writeIpv6Header } from '@inline-ipsec/net/ipv6';

/**
 * What the tests of single stages of the data path stand on: a memory, a pool whose freed buffers are poisoned, a drop
 * counter, and packets as bytes.
 */
export class PacketBench {
  readonly memory: Memory = Memory.create({ bytes: 0x100_0000 });
  readonly pool: PktmbufPool = PktmbufPool.create(this.memory, 'pool', { count: 255, poison: true });
  readonly drops: Drops = new Drops(this.memory, 0);

  /**
   * An mbuf with a frame, as a port gives it.
   *
   * @param port where it came in
   * @param shift bytes by which the frame lies further back than a port puts it
   */
  mbuf(frame: Uint8Array, port = 0, shift = 0): number {
    const { memory, pool } = this;
    const m = pool.alloc();
    memory.u16[(m + MBUF_DATA_OFF) >> 1] += shift;
    memory.u16[(m + MBUF_PORT) >> 1] = port;
    memory.u8.set(frame, pktmbufAppend(memory, m, frame.length));
    return m;
  }

  /** Appends packets to a burst as `classify` does: each in a frame with an Ethernet header of zeros. */
  take(burst: PacketBurst, packets: readonly Uint8Array[], sa = 0): void {
    const { memory } = this;
    for (const packet of packets) {
      const m = this.mbuf(new Uint8Array(14 + packet.length));
      const header = memory.u32[m >> 2] + memory.u16[(m + MBUF_DATA_OFF) >> 1] + 14;
      memory.u8.set(packet, header);
      burst.push(m, header, packet.length, packet[0] >>> 4 === 4 ? (packet[0] & 0xf) * 4 : 40);
      burst.sa[burst.count - 1] = sa;
    }
  }

  /** The IP packets of a burst, as copies. */
  packets(burst: PacketBurst): Uint8Array[] {
    return Array.from({ length: burst.count }, (_, row) =>
      this.memory.u8.slice(burst.header[row], burst.header[row] + burst.length[row]),
    );
  }

  /** Frees what is in the bursts, and what was dropped; returns how many mbufs are then still in use. */
  release(...bursts: readonly PacketBurst[]): number {
    for (const burst of bursts) {
      for (let row = 0; row < burst.count; row++) pktmbufFree(this.memory, burst.mbuf[row]);
      burst.count = 0;
    }
    this.drops.flush();
    return this.pool.inUseCount;
  }
}

/** Fields of {@link ipv4Packet} that matter to the data path. Addresses are u32 in host order. */
export interface Ipv4Choice {
  readonly source?: number;
  readonly destination?: number;
  readonly protocol?: number;
  readonly ttl?: number;
  /** Bytes of options, a multiple of 4. */
  readonly options?: number;
}

/** An IPv4 packet around a payload. */
export function ipv4Packet(payload: Uint8Array, choice: Ipv4Choice = {}): Uint8Array {
  const { source = 0x0a000001, destination = 0x0a000002, protocol = 17, ttl = 64, options = 0 } = choice;
  const packet = new Uint8Array(20 + options + payload.length);
  writeIpv4Header(packet, 0, { source, destination, protocol, ttl, totalLength: packet.length });
  packet[0] = 0x45 + options / 4;
  packet.fill(1, 20, 20 + options);
  packet.set(payload, 20 + options);
  return packet;
}

/** An IPv6 packet around a payload; addresses are fd00::`source` and fd00::`destination`. */
export function ipv6Packet(payload: Uint8Array, { source = 1, destination = 2, next = 17 } = {}): Uint8Array {
  const packet = new Uint8Array(40 + payload.length);
  writeIpv6Header(packet, 0, {
    payloadLength: payload.length,
    nextHeader: next,
    source: localAddress(source),
    destination: localAddress(destination),
  });
  packet.set(payload, 40);
  return packet;
}

/** fd00::`number` */
export function localAddress(number: number): Uint8Array {
  const address = new Uint8Array(16);
  address[0] = 0xfd;
  address[14] = number >>> 8;
  address[15] = number & 0xff;
  return address;
}

/** An Ethernet frame around a packet, padded to the 60 bytes that a frame has at least. */
export function ethernetFrame(packet: Uint8Array, type: number = packet[0] >>> 4 === 6 ? 0x86dd : 0x0800): Uint8Array {
  const frame = new Uint8Array(Math.max(60, 14 + packet.length)).fill(0xee);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >>> 8, type & 0xff]);
  frame.set(packet, 14);
  return frame;
}
