import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import type { Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_HEADER, BURST_LENGTH, BURST_MAX, BURST_MBUF, type PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { MBUF_BUF_ADDR, MBUF_DATA_LEN, MBUF_DATA_OFF, MBUF_PKT_LEN } from '@inline-ipsec/mbuf/layout';
import { COUNTER } from './counters.ts';

const ETHERNET_BYTES = 14;
const TYPE_IPV4 = 0x0008_0000;
const TYPE_IPV6 = 0xdd86_0000 | 0;

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
    this.word1 = header.getInt32(2, true);
    this.word2 = header.getInt32(6, true);
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
  readonly #prepare: (burst: PacketBurst, first: number, end: number, buffer: TransmitBuffer) => void;

  /** @param counters the lcore's counters, an index in `memory.f64` */
  constructor(memory: Memory, targets: readonly TransmitTarget[], counters: number, drops: Drops) {
    this.#memory = memory;
    this.#counters = counters;
    this.#drops = drops;
    this.#prepare = prepareLoop(memory, (burst, first, end, mtu) => this.#dropLonger(burst, first, end, mtu));
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
    const { port } = burst;
    const count = burst.count;
    for (let first = 0; first < count; ) {
      let end = first + 1;
      while (end < count && port[end] === port[first]) end++;
      const buffer = port[first] < this.#buffers.length ? this.#buffers[port[first]] : undefined;
      if (buffer === undefined) this.#dropRun(burst, first, end, DROP.port_disabled);
      else this.#sendRun(burst, first, end, buffer);
      first = end;
    }
  }

  /** Packets that leave on one port, as many at once as its buffer has room for. */
  #sendRun(burst: PacketBurst, first: number, end: number, buffer: TransmitBuffer): void {
    for (let row = first; row < end; ) {
      const behind = Math.min(end, row + BURST_MAX - buffer.count);
      this.#prepare(burst, row, behind, buffer);
      if (buffer.count === BURST_MAX) this.#flush(buffer);
      row = behind;
    }
  }

  #dropLonger(burst: PacketBurst, first: number, end: number, mtu: number): void {
    for (let row = first; row < end; row++) {
      if (burst.length[row] > mtu) this.#drops.drop(burst.mbuf[row], DROP.mtu, burst.sa[row]);
    }
  }

  #dropRun(burst: PacketBurst, first: number, end: number, reason: number): void {
    for (let row = first; row < end; row++) this.#drops.drop(burst.mbuf[row], reason, burst.sa[row]);
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
    f64[this.#counters + (COUNTER.txCalls >> 3)] += 1;
    buffer.count = 0;
  }
}

/** Appends rows `first` to `end` - 1 to the packets that wait: there is room for them. */
function prepareLoop(
  { u16, i32 }: Memory,
  dropLonger: (burst: PacketBurst, first: number, end: number, mtu: number) => void,
): (burst: PacketBurst, first: number, end: number, buffer: TransmitBuffer) => void {
  return (burst: PacketBurst, first: number, end: number, buffer: TransmitBuffer): void => {
    const base = burst.position | 0;
    const { table, mtu } = buffer;
    const word0 = buffer.word0 | 0;
    const word1 = buffer.word1 | 0;
    const word2 = buffer.word2 | 0;
    const word3 = buffer.word3 | 0;
    let waiting = buffer.count | 0;
    let lost = 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const bytes = i32[r + BURST_LENGTH];
      if (bytes > mtu) {
        lost++;
        continue;
      }
      const mbuf = i32[r + BURST_MBUF];
      const ip = i32[r + BURST_HEADER];
      const frame = (ip - ETHERNET_BYTES) | 0;
      const word = ip >> 2;
      u16[frame >> 1] = word0;
      i32[word - 3] = word1;
      i32[word - 2] = word2;
      i32[word - 1] = word3 | ((i32[word] & 0xf0) === 0x40 ? TYPE_IPV4 : TYPE_IPV6);
      const fields = mbuf >> 2;
      u16[(fields << 1) + (MBUF_DATA_OFF >> 1)] = frame - i32[fields + (MBUF_BUF_ADDR >> 2)];
      u16[(fields << 1) + (MBUF_DATA_LEN >> 1)] = bytes + ETHERNET_BYTES;
      i32[fields + (MBUF_PKT_LEN >> 2)] = (bytes + ETHERNET_BYTES) | 0;
      table[waiting] = mbuf;
      waiting = (waiting + 1) | 0;
    }
    buffer.count = waiting;
    if (lost !== 0) dropLonger(burst, first, end, mtu);
  };
}
