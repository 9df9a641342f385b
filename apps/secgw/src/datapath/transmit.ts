import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_MAX, type PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { MBUF_BUF_ADDR, MBUF_DATA_LEN, MBUF_DATA_OFF, MBUF_PKT_LEN } from '@inline-ipsec/mbuf/layout';
import { COUNTER } from './counters.ts';

const ETHERNET_BYTES = 14;
const TYPE_IPV4 = 0x0008_0000;
const TYPE_IPV6 = 0xdd86_0000;

/** Where an lcore sends on a port. */
export interface TransmitTarget {
  readonly port: EthPort;
  readonly queue: number;
  /** The MAC address of whoever is at the other end: 6 bytes. */
  readonly neighbour: Uint8Array;
  /** The longest IP packet that goes out, in bytes. */
  readonly mtu: number;
}

/** One port's prefilled Ethernet header, and the packets that wait for a full burst. */
class TransmitBuffer {
  readonly target: TransmitTarget;
  readonly mtu: number;
  readonly table = new Uint32Array(BURST_MAX);
  count = 0;
  /** The header's bytes as they lie in memory: 0–1, 2–5, 6–9, 10–11. */
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;

  constructor(target: TransmitTarget) {
    this.target = target;
    this.mtu = target.mtu;
    const header = new DataView(new ArrayBuffer(12));
    for (let i = 0; i < 6; i++) {
      header.setUint8(i, target.neighbour[i]);
      header.setUint8(6 + i, target.port.macAddress[i]);
    }
    this.word0 = header.getUint16(0, true);
    this.word1 = header.getUint32(2, true);
    this.word2 = header.getUint32(6, true);
    this.word3 = header.getUint16(10, true);
  }
}

/**
 * The last stage: the Ethernet header, the mbuf's lengths, and the port. Packets wait until there are a burst of them for
 * a port, or until {@link TransmitStage.flush} is called; what the port does not take is dropped.
 */
export class TransmitStage {
  readonly #memory: Memory;
  readonly #buffers: (TransmitBuffer | undefined)[] = [];
  readonly #counters: number;
  readonly #drops: Drops;

  /** @param counters the lcore's counters, an index in `memory.f64` */
  constructor(memory: Memory, targets: readonly TransmitTarget[], counters: number, drops: Drops) {
    this.#memory = memory;
    this.#counters = counters;
    this.#drops = drops;
    for (const target of targets) this.#buffers[target.port.id] = new TransmitBuffer(target);
  }

  /** Packets that wait for a full burst. */
  get waiting(): number {
    let waiting = 0;
    for (let port = 0; port < this.#buffers.length; port++) waiting += this.#buffers[port]?.count ?? 0;
    return waiting;
  }

  /** Sends all packets of the burst, each to its `port`. */
  send(burst: PacketBurst): void {
    const { u8, u16, u32 } = this.#memory;
    const buffers = this.#buffers;
    const { mbuf: mbufs, header: headers, length: lengths, port: ports } = burst;
    for (let row = 0; row < burst.count; row++) {
      const m = mbufs[row];
      const header = headers[row];
      const length = lengths[row];
      const port = ports[row];
      const buffer = port < buffers.length ? buffers[port] : undefined;
      if (buffer === undefined) {
        this.#drops.drop(m, DROP.port_disabled, burst.sa[row]);
        continue;
      }
      if (length > buffer.mtu) {
        this.#drops.drop(m, DROP.mtu, burst.sa[row]);
        continue;
      }
      const frame = header - ETHERNET_BYTES;
      const word = (frame + 2) >> 2;
      u16[frame >> 1] = buffer.word0;
      u32[word] = buffer.word1;
      u32[word + 1] = buffer.word2;
      u32[word + 2] = buffer.word3 | (u8[header] >>> 4 === 4 ? TYPE_IPV4 : TYPE_IPV6);
      u16[(m + MBUF_DATA_OFF) >> 1] = frame - u32[(m + MBUF_BUF_ADDR) >> 2];
      u16[(m + MBUF_DATA_LEN) >> 1] = length + ETHERNET_BYTES;
      u32[(m + MBUF_PKT_LEN) >> 2] = length + ETHERNET_BYTES;
      buffer.table[buffer.count++] = m;
      if (buffer.count === BURST_MAX) this.#flush(buffer);
    }
  }

  /** Sends what waits, on all ports. */
  flush(): void {
    for (let port = 0; port < this.#buffers.length; port++) {
      const buffer = this.#buffers[port];
      if (buffer !== undefined && buffer.count > 0) this.#flush(buffer);
    }
  }

  #flush(buffer: TransmitBuffer): void {
    const { f64 } = this.#memory;
    const { port, queue } = buffer.target;
    const sent = port.txBurst(queue, buffer.table, buffer.count);
    for (let i = sent; i < buffer.count; i++) this.#drops.drop(buffer.table[i], DROP.tx_full, 0);
    f64[this.#counters + (COUNTER.sent >> 3)] += sent;
    f64[this.#counters + (COUNTER.txCalls >> 3)]++;
    buffer.count = 0;
  }
}
