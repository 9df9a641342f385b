import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type {
  EthConfiguration,
  EthDeviceInfo,
  EthDriver,
  RxQueueConfiguration,
  TxQueueConfiguration,
} from '@inline-ipsec/ethdev/driver';
import type { EthLink } from '@inline-ipsec/ethdev/link';
import {
  RX_OFFLOAD_RSS_HASH,
  RX_OFFLOAD_SECURITY,
  RX_OFFLOAD_TCP_CKSUM,
  RX_OFFLOAD_UDP_CKSUM,
  RX_OFFLOAD_VLAN_FILTER,
  RX_OFFLOAD_VLAN_STRIP,
  TX_OFFLOAD_SECURITY,
} from '@inline-ipsec/ethdev/offloads';
import type { RssConfiguration } from '@inline-ipsec/ethdev/rss';
import type { EthStatistics, PortLosses } from '@inline-ipsec/ethdev/statistics';
import { securityMetadataField } from '@inline-ipsec/security/packet-metadata';
import { PortSecurity } from '@inline-ipsec/security/port-security';
import { FRAME_OVERHEAD, ixgbeDeviceInfo, LONGEST_SECURE_FRAME, longestSent } from './device-info.ts';
import { Hardware, type HardwareParts } from './hardware.ts';
import {
  claim,
  globalReset,
  hasSecurityBlock,
  initializeLink,
  readLink,
  readMacAddress,
  writeFilters,
  writeFrameLimit,
  writeMacAddress,
} from './initialization.ts';
import { disableRxQueue, enableRxQueue, initializeReceive, switchReceive } from './receive-unit.ts';
import { DEFAULT_RSS_KEY, defaultRedirectionTable, IXGBE_RSS, writeRedirectionTable, writeRss } from './rss.ts';
import { IXGBE_PACKET_TYPES } from './rx-packet-type.ts';
import { RxQueue } from './rx-queue.ts';
import { SA_STORE_BYTES, SaStore } from './sa-store.ts';
import { type SecurityDirections, startSecurity, stopSecurity } from './security-block.ts';
import { SecurityFlow } from './security-flow.ts';
import { IxgbeSecurityOperations } from './security-operations.ts';
import { CardStatistics, RX_ERRORS, STATISTICS_BYTES } from './statistics.ts';
import { disableTxQueue, enableTxQueue, initializeTransmit, stopTransmit } from './transmit-unit.ts';
import { TxQueue } from './tx-queue.ts';
import { TX_REFUSALS, type TxRefusal } from './tx-refusals.ts';
import { VlanFilter } from './vlan.ts';

/** What a driver is made from. */
export interface IxgbeDriverParts extends HardwareParts {
  /** Unique in the memory, at most 20 characters: a PCI address, as a rule. */
  readonly name: string;
  /** Where its rings are. The card reaches it: a bus address is a position. */
  readonly memory: Memory;
  /** Called when the port is closed and the driver has let go of the card. */
  readonly onClose?: () => void;
}

/** Counts that only this driver has (DPDK: extended statistics). */
export type IxgbeCounter = TxRefusal | 'rxNoMbuf' | 'rxErrors' | 'rxSas' | 'txSas' | 'saAddresses';

/**
 * The poll-mode driver of the 82599 (DPDK: net_ixgbe). It knows the card by its registers, descriptor rings and buffers
 * only; `initialization`, `receive-unit`, `transmit-unit` and `security-block` have the datasheet's procedures.
 *
 * It does not do interrupts, LRO, flow director, virtual functions or DCB.
 */
export class IxgbeDriver implements EthDriver {
  readonly info: EthDeviceInfo;
  readonly packetTypes: readonly number[] = IXGBE_PACKET_TYPES;
  readonly security: PortSecurity | undefined;
  readonly flow?: SecurityFlow;
  readonly #name: string;
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #hardware: Hardware;
  readonly #registers: IxgbeDriverParts['registers'];
  readonly #statistics: CardStatistics;
  readonly #sas: SaStore;
  readonly #operations: IxgbeSecurityOperations;
  readonly #metadata: number;
  readonly #onClose: (() => void) | undefined;
  #rx: RxQueue[] = [];
  #tx: TxQueue[] = [];
  #macAddress: Uint8Array;
  #macAddressIsOurs = false;
  #configuration: EthConfiguration | undefined;
  #mtu = 0;
  #rss: Required<RssConfiguration> = { functions: 0, key: DEFAULT_RSS_KEY };
  #redirection: Uint16Array = defaultRedirectionTable(1);
  readonly #vlans = new VlanFilter();
  #port = 0;
  #promiscuous = false;
  #allMulticast = false;
  #started = false;
  // What queues that are gone have counted.
  #past: { noMbuf: number; rxErrors: number; refused: number[] } = {
    noMbuf: 0,
    rxErrors: 0,
    refused: TX_REFUSALS.map(() => 0),
  };

  /**
   * Takes a card over: resets it and reads its address.
   *
   * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO) when the card does not answer; what `Memory.reserve` throws
   */
  constructor(parts: IxgbeDriverParts) {
    const { memory, name } = parts;
    this.#name = `ixgbe_${name}`;
    this.#memory = memory;
    this.#registers = parts.registers;
    this.#hardware = new Hardware(parts);
    this.#onClose = parts.onClose;
    globalReset(this.#hardware);
    claim(this.#hardware, true);
    initializeLink(this.#hardware);
    this.#macAddress = readMacAddress(this.#hardware);
    this.#metadata = securityMetadataField(memory);
    this.#zone = memory.reserve(this.#name, SA_STORE_BYTES + STATISTICS_BYTES);
    const { position } = this.#zone;
    this.#sas = new SaStore(memory, this.#hardware, position, {
      marks: () => this.#tx.map((queue) => queue.taken),
      reached: (marks) => this.#tx.every((queue, i) => queue.hasSent(marks[i])),
    });
    this.#statistics = new CardStatistics(memory, this.#hardware, position + SA_STORE_BYTES);
    this.#operations = new IxgbeSecurityOperations(memory, this.#sas, () => this.#directions(), this.#metadata);
    const security = hasSecurityBlock(this.#hardware);
    this.info = ixgbeDeviceInfo(security);
    if (!security) return;
    this.security = new PortSecurity(memory, this.#operations);
    this.flow = new SecurityFlow(memory, this.#sas, this.#operations);
    this.#operations.onSessionEnd = (session) => this.flow?.forget(session);
  }

  get macAddress(): Uint8Array {
    return this.#macAddress;
  }

  get link(): EthLink {
    return readLink(this.#hardware);
  }

  attach(portId: number): void {
    this.#port = portId;
  }

  /** @throws SetupError `ERR_IXGBE_MTU` (EINVAL): inline IPsec needs whole frames in the card's buffer */
  configure(configuration: EthConfiguration): void {
    checkFrame(configuration);
    this.#releaseQueues();
    this.#configuration = configuration;
    this.#mtu = configuration.mtu;
    const { rss, rxQueues, rxOffloads } = configuration;
    const spread = rxQueues > 1 || (rxOffloads & RX_OFFLOAD_RSS_HASH) !== 0;
    const functions = rss?.functions ?? (spread ? IXGBE_RSS.functions : 0);
    this.#rss = { functions, key: (rss?.key ?? DEFAULT_RSS_KEY).slice() };
    this.#redirection = defaultRedirectionTable(rxQueues);
    this.#vlans.clear();
  }

  rxQueueSetup(queue: number, { descriptors, pool, offloads }: RxQueueConfiguration): void {
    this.#releaseRx(queue);
    const vlanStrip = (offloads & RX_OFFLOAD_VLAN_STRIP) !== 0;
    const setup = { queue, descriptors, pool, port: this.#port, vlanStrip };
    this.#rx[queue] = new RxQueue(this.#memory, this.#registers, this.#name, setup);
  }

  txQueueSetup(queue: number, { descriptors, offloads }: TxQueueConfiguration): void {
    this.#releaseTx(queue);
    const spis = (offloads & TX_OFFLOAD_SECURITY) === 0 ? 0 : this.#sas.txSpis;
    const longest = longestSent(this.#directions().transmit);
    const setup = { queue, descriptors, metadata: this.#metadata, longest, spis };
    this.#tx[queue] = new TxQueue(this.#memory, this.#registers, this.#name, setup);
  }

  /**
   * Brings the card up (82599 datasheet 4.6.3). SAs that there are already, from before or from the last time, are on the
   * card before the first packet is.
   *
   * @throws SetupError `ERR_IXGBE_POOL` (ENOMEM), `ERR_IXGBE_TIMEOUT`, `ERR_IXGBE_SECURITY` (EIO); the card is reset then
   */
  start(): void {
    const hardware = this.#hardware;
    try {
      this.#reset();
      initializeLink(hardware);
      writeFilters(hardware, this.#promiscuous, this.#allMulticast);
      writeFrameLimit(hardware, this.#mtu + FRAME_OVERHEAD);
      this.#initializeReceive();
      initializeTransmit(hardware);
      for (const queue of this.#tx) {
        queue.reset();
        enableTxQueue(hardware, queue.queue, queue);
      }
      const directions = this.#directions();
      if (directions.receive || directions.transmit) {
        startSecurity(hardware, directions, () => this.#sas.load(directions));
      }
      switchReceive(hardware, true);
    } catch (error) {
      this.#shutDown();
      throw error;
    }
    this.#started = true;
  }

  /** Ends all traffic. Packets that were not sent yet are freed; SAs stay, and are on the card again after the next start. */
  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    const hardware = this.#hardware;
    switchReceive(hardware, false);
    for (const queue of this.#rx) disableRxQueue(hardware, queue.queue);
    for (const queue of this.#tx) disableTxQueue(hardware, queue.queue);
    stopTransmit(hardware);
    const directions = this.#directions();
    if (directions.receive || directions.transmit) stopSecurity(hardware);
    this.#shutDown();
  }

  /**
   * Resets the card, in whatever state it is: a reset from elsewhere, after which it has neither rings nor keys, an engine that
   * has stopped. Packets that were not sent are freed; SAs stay, and are on the card again after the next start.
   *
   * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO) when the card does not answer
   */
  reset(): void {
    this.#started = false;
    this.#shutDown();
  }

  close(): void {
    this.#releaseQueues();
    this.#reset();
    claim(this.#hardware, false);
    this.#operations.close();
    this.#memory.free(this.#zone);
    this.#onClose?.();
  }

  rxBurst(queue: number, table: Uint32Array, n: number): number {
    return this.#rx[queue].burst(table, n);
  }

  txBurst(queue: number, table: Uint32Array, n: number): number {
    return this.#tx[queue].burst(table, n);
  }

  /**
   * Frees the mbufs of packets that a queue has sent (DPDK: `rte_eth_tx_done_cleanup`). Sending does so too.
   *
   * @returns how many packets were freed
   */
  txDoneCleanup(queue: number): number {
    return this.#tx[queue].clean();
  }

  readStatistics(into: EthStatistics): void {
    this.#statistics.collect();
    this.#sas.reap();
    const { ipackets, opackets, ibytes, obytes, imissed, ierrors } = this.#statistics;
    into.ipackets = ipackets;
    into.opackets = opackets;
    into.ibytes = ibytes;
    into.obytes = obytes;
    into.imissed = imissed;
    into.ierrors = ierrors + this.counter('rxErrors');
    into.oerrors = TX_REFUSALS.reduce((sum, reason) => sum + this.counter(reason), 0);
    into.rxNombuf = this.counter('rxNoMbuf');
  }

  /** What is missed and what has errors, by the card's registers and by {@link TX_REFUSALS}. */
  readLosses(): PortLosses {
    this.#statistics.collect();
    const losses: Record<string, number> = { rxMissed: this.#statistics.imissed, rxErrors: this.counter('rxErrors') };
    for (const error of RX_ERRORS) losses[error] = this.#statistics.errors(error);
    for (const reason of TX_REFUSALS) losses[reason] = this.counter(reason);
    return losses;
  }

  /** One of the driver's own counts. */
  counter(name: IxgbeCounter): number {
    switch (name) {
      case 'rxNoMbuf':
        return this.#rx.reduce((sum, queue) => sum + queue.noMbuf, this.#past.noMbuf);
      case 'rxErrors':
        return this.#rx.reduce((sum, queue) => sum + queue.errors, this.#past.rxErrors);
      case 'rxSas':
        return this.#sas.rxCount;
      case 'txSas':
        return this.#sas.txCount;
      case 'saAddresses':
        return this.#sas.addressCount;
      default:
        return this.#tx.reduce(
          (sum, queue) => sum + queue.refused(name),
          this.#past.refused[TX_REFUSALS.indexOf(name)],
        );
    }
  }

  setMacAddress(address: Uint8Array): void {
    this.#macAddress = address.slice();
    this.#macAddressIsOurs = true;
    writeMacAddress(this.#hardware, address);
  }

  setPromiscuous(on: boolean): void {
    this.#promiscuous = on;
    if (this.#started) writeFilters(this.#hardware, on, this.#allMulticast);
  }

  setAllMulticast(on: boolean): void {
    this.#allMulticast = on;
    if (this.#started) writeFilters(this.#hardware, this.#promiscuous, on);
  }

  /** @throws SetupError `ERR_IXGBE_MTU` (EINVAL) */
  setMtu(mtu: number): void {
    if (this.#configuration !== undefined) checkFrame({ ...this.#configuration, mtu });
    this.#mtu = mtu;
    if (this.#started) writeFrameLimit(this.#hardware, mtu + FRAME_OVERHEAD);
  }

  get rss(): Required<RssConfiguration> {
    return this.#rss;
  }

  setRss({ functions, key = this.#rss.key }: RssConfiguration): void {
    this.#rss = { functions, key: key.slice() };
    if (this.#started) writeRss(this.#hardware, this.#rss);
  }

  get redirectionTable(): Uint16Array {
    return this.#redirection;
  }

  setRedirectionTable(table: Uint16Array): void {
    this.#redirection = table;
    if (this.#started) writeRedirectionTable(this.#hardware, table);
  }

  setVlanFilter(vlan: number, on: boolean): void {
    this.#vlans.set(vlan, on, this.#started ? this.#hardware : undefined);
  }

  /** What is to be offloaded by the port's configuration. */
  #directions(): SecurityDirections {
    const { rxOffloads = 0, txOffloads = 0 } = this.#configuration ?? {};
    return {
      receive: (rxOffloads & RX_OFFLOAD_SECURITY) !== 0,
      transmit: (txOffloads & TX_OFFLOAD_SECURITY) !== 0,
    };
  }

  #initializeReceive(): void {
    const hardware = this.#hardware;
    const { rxOffloads = 0 } = this.#configuration ?? {};
    initializeReceive(hardware, {
      layer4Checksums: (rxOffloads & (RX_OFFLOAD_UDP_CKSUM | RX_OFFLOAD_TCP_CKSUM)) !== 0,
    });
    writeRss(hardware, this.#rss);
    writeRedirectionTable(hardware, this.#redirection);
    this.#vlans.load(hardware, (rxOffloads & RX_OFFLOAD_VLAN_FILTER) !== 0);
    for (const queue of this.#rx) {
      queue.fill();
      enableRxQueue(hardware, queue.queue, queue);
    }
  }

  /** Resets the card, and puts back what is to outlive that. */
  #reset(): void {
    // A reset clears what the card has counted.
    this.#statistics.collect();
    globalReset(this.#hardware);
    claim(this.#hardware, true);
    if (this.#macAddressIsOurs) writeMacAddress(this.#hardware, this.#macAddress);
  }

  /** Resets the card, by which it forgets all keys, and takes back what lies in its rings. */
  #shutDown(): void {
    this.#reset();
    for (const queue of this.#rx) queue.drain();
    for (const queue of this.#tx) queue.drain();
    this.#sas.unload();
  }

  #releaseQueues(): void {
    for (let queue = 0; queue < this.#rx.length; queue++) this.#releaseRx(queue);
    for (let queue = 0; queue < this.#tx.length; queue++) this.#releaseTx(queue);
    this.#rx = [];
    this.#tx = [];
  }

  #releaseRx(queue: number): void {
    const old = this.#rx[queue];
    if (old === undefined) return;
    this.#past.noMbuf += old.noMbuf;
    this.#past.rxErrors += old.errors;
    old.drain();
    old.close();
    delete this.#rx[queue];
  }

  #releaseTx(queue: number): void {
    const old = this.#tx[queue];
    if (old === undefined) return;
    TX_REFUSALS.forEach((reason, i) => {
      this.#past.refused[i] += old.refused(reason);
    });
    old.drain();
    old.close();
    delete this.#tx[queue];
  }
}

function checkFrame({ mtu, txOffloads }: EthConfiguration): void {
  if ((txOffloads & TX_OFFLOAD_SECURITY) === 0 || mtu + FRAME_OVERHEAD <= LONGEST_SECURE_FRAME) return;
  throw new SetupError({
    code: 'ERR_IXGBE_MTU',
    errno: 'EINVAL',
    message: 'with inline IPsec the 82599 keeps each frame whole before it sends it, and has 9.5 KiB for that',
    expected: `an MTU of at most ${LONGEST_SECURE_FRAME - FRAME_OVERHEAD}`,
    got: String(mtu),
    remedy: 'use a smaller MTU, or configure the port without TX_OFFLOAD_SECURITY',
  });
}
