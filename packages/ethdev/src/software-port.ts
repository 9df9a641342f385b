import type { Memory } from '@inline-ipsec/eal/memory';
import type { Wire } from '@inline-ipsec/wire/wire';
import { SoftwareRxQueue } from './_software-rx-queue.ts';
import { SoftwareTxQueue } from './_software-tx-queue.ts';
import type {
  EthConfiguration,
  EthDeviceInfo,
  EthDriver,
  RxQueueConfiguration,
  TxQueueConfiguration,
} from './driver.ts';
import type { EthLink } from './link.ts';
import { TX_OFFLOAD_MULTI_SEGS } from './offloads.ts';
import { type EthStatistics, QUEUE_BYTES, QUEUE_ERRORS, QUEUE_NOMBUF, QUEUE_PACKETS } from './statistics.ts';

/**
 * A port without hardware over any wire: what DPDK has as net_null, net_ring, net_pcap, net_tap and net_af_packet is one
 * driver here, over five kinds of wires.
 *
 * It offloads nothing but packets of several segments. An mbuf that asks for more (a checksum, IPsec) is not sent and counts
 * in `oerrors`: a packet that was to be encrypted must not leave in clear. A frame longer than a buffer is dropped and counts
 * in `ierrors`. Frames that a paced wire lost count in `imissed`.
 *
 * What this does not do: filter by MAC address or MTU, pad short frames, spread frames over mbufs or queues.
 */

/** Bytes of an Ethernet header. */
const ETHERNET_BYTES = 14;
/** Bytes of a frame check sequence: part of the longest frame in DPDK's terms, never of a frame here. */
const FCS_BYTES = 4;
const MAX_FRAME_WITH_FCS = 65535;

/** What a {@link SoftwarePort} is made of. */
export interface SoftwarePortOptions {
  readonly memory: Memory;
  /** Of the device, such as `net_pcap0`; the memzones of its queues have it in their names. At most 24 characters. */
  readonly name: string;
  /** Of the driver, such as `net_pcap`. */
  readonly driverName: string;
  /** One for each queue that it can have. They are closed with the port. */
  readonly wires: readonly Wire[];
  /** 6 bytes. */
  readonly macAddress: Uint8Array;
}

/** The driver of a port over wires. */
export class SoftwarePort implements EthDriver {
  readonly info: EthDeviceInfo;
  readonly wires: readonly Wire[];
  readonly #memory: Memory;
  readonly #name: string;
  #macAddress: Uint8Array;
  #portId = 0;
  #started = false;
  readonly #rx: (SoftwareRxQueue | undefined)[] = [];
  readonly #tx: (SoftwareTxQueue | undefined)[] = [];
  // What queues had counted that are no more.
  readonly #before: Counts = { ipackets: 0, opackets: 0, ibytes: 0, obytes: 0, ierrors: 0, oerrors: 0, rxNombuf: 0 };

  constructor(options: SoftwarePortOptions) {
    const { memory, name, driverName, wires, macAddress } = options;
    this.#memory = memory;
    this.#name = name;
    this.#macAddress = macAddress.slice();
    this.wires = wires;
    const descriptors = { min: 1, max: 65535, align: 1, preferred: 512 };
    this.info = {
      driverName,
      maxRxQueues: wires.length,
      maxTxQueues: wires.length,
      rxDescriptors: descriptors,
      txDescriptors: descriptors,
      rxOffloads: 0,
      txOffloads: TX_OFFLOAD_MULTI_SEGS,
      minRxBufferBytes: 60,
      maxFrameBytes: MAX_FRAME_WITH_FCS,
      minMtu: 68,
      maxMtu: MAX_FRAME_WITH_FCS - ETHERNET_BYTES - FCS_BYTES,
    };
  }

  /** A copy. */
  get macAddress(): Uint8Array {
    return this.#macAddress.slice();
  }

  /** Down while the port is stopped, as with DPDK's virtual ports; then that of its first wire. */
  get link(): EthLink {
    const { up, speedMbps } = this.wires[0].link;
    return { up: up && this.#started, speedMbps: this.#started ? speedMbps : 0, fullDuplex: true, autoneg: false };
  }

  attach(portId: number): void {
    this.#portId = portId;
  }

  configure(_configuration: EthConfiguration): void {
    this.#release();
  }

  rxQueueSetup(queue: number, { pool }: RxQueueConfiguration): void {
    this.#releaseRx(queue);
    this.#rx[queue] = new SoftwareRxQueue(
      this.#memory,
      `${this.#name}_rx${queue}`,
      this.wires[queue],
      pool,
      this.#portId,
    );
  }

  txQueueSetup(queue: number, _configuration: TxQueueConfiguration): void {
    this.#releaseTx(queue);
    this.#tx[queue] = new SoftwareTxQueue(this.#memory, `${this.#name}_tx${queue}`, this.wires[queue]);
  }

  start(): void {
    this.#started = true;
  }

  stop(): void {
    this.#started = false;
    for (const queue of this.#rx) queue?.empty();
    for (const wire of this.wires) wire.flush();
  }

  close(): void {
    this.#release();
    for (const wire of this.wires) wire.close();
  }

  rxBurst(queue: number, table: Uint32Array, n: number): number {
    const rx = this.#rx[queue];
    return rx === undefined ? 0 : rx.burst(table, n);
  }

  txBurst(queue: number, table: Uint32Array, n: number): number {
    const tx = this.#tx[queue];
    return tx === undefined ? 0 : tx.burst(table, n);
  }

  readStatistics(into: EthStatistics): void {
    Object.assign(into, this.#before);
    for (const queue of this.#rx) if (queue !== undefined) addRx(into, queue);
    for (const queue of this.#tx) if (queue !== undefined) addTx(into, queue);
    into.imissed = this.wires.reduce((sum, wire) => sum + (wire.missed ?? 0), 0);
  }

  setMacAddress(address: Uint8Array): void {
    this.#macAddress = address.slice();
  }

  /** The wire takes frames of any length, so nothing changes. */
  setMtu(_mtu: number): void {}

  #release(): void {
    for (let queue = 0; queue < this.wires.length; queue++) {
      this.#releaseRx(queue);
      this.#releaseTx(queue);
    }
  }

  #releaseRx(queue: number): void {
    const rx = this.#rx[queue];
    if (rx === undefined) return;
    addRx(this.#before, rx);
    rx.release();
    this.#rx[queue] = undefined;
  }

  #releaseTx(queue: number): void {
    const tx = this.#tx[queue];
    if (tx === undefined) return;
    addTx(this.#before, tx);
    tx.release();
    this.#tx[queue] = undefined;
  }
}

type Counts = Omit<EthStatistics, 'imissed'>;

function addRx(into: Counts, queue: SoftwareRxQueue): void {
  into.ipackets += queue.counter(QUEUE_PACKETS);
  into.ibytes += queue.counter(QUEUE_BYTES);
  into.ierrors += queue.counter(QUEUE_ERRORS);
  into.rxNombuf += queue.counter(QUEUE_NOMBUF);
}

function addTx(into: Counts, queue: SoftwareTxQueue): void {
  into.opackets += queue.counter(QUEUE_PACKETS);
  into.obytes += queue.counter(QUEUE_BYTES);
  into.oerrors += queue.counter(QUEUE_ERRORS);
}
