import { SetupError } from '@inline-ipsec/eal/errors';
import { PKTMBUF_HEADROOM } from '@inline-ipsec/mbuf/layout';
import { formatMac } from '@inline-ipsec/net/ethernet';
import type { Wire } from '@inline-ipsec/wire/wire';
import { BurstCallbacks } from './_burst-callbacks.ts';
import { FlowRules } from './_flow-rules.ts';
import { checkDescriptors, checkLimit, checkOffloads, nearestDescriptors, unsupported } from './_port-check.ts';
import { PortRss } from './_port-rss.ts';
import type { EthConfiguration, EthDeviceInfo, EthDriver } from './driver.ts';
import type { FlowAction, FlowAttributes, FlowCount, FlowHandle, FlowItem } from './flow.ts';
import type { EthLink } from './link.ts';
import { RX_OFFLOAD_VLAN_FILTER, rxOffloadNames, txOffloadNames } from './offloads.ts';
import type { PortOptions, RxQueueOptions, TxQueueOptions } from './port-options.ts';
import type { RssConfiguration } from './rss.ts';
import type { SecurityContext } from './security-context.ts';
import {
  type EthStatistics,
  emptyStatistics,
  lossesSince,
  type PortLosses,
  plainLosses,
  statisticsSince,
} from './statistics.ts';

/**
 * A port (DPDK: what `rte_eth_dev_…`, `rte_eth_…` and `rte_flow_…` do with a port id). It checks what a program asks for
 * and hands it to its driver. Life cycle: attached → `configure` → `rxQueueSetup`, `txQueueSetup` → `start` → bursts →
 * `stop` → `close`, after which its id is free. From `stop`, it may also start or be configured again.
 *
 * What this does not do: interrupts, event callbacks.
 */

/** The MTU of a port that is configured with none in particular (DPDK: `RTE_ETHER_MTU`). */
export const DEFAULT_MTU = 1500;

/** Where a port is in its life. */
export type PortState = 'attached' | 'configured' | 'started' | 'stopped' | 'closed';

/**
 * Sees a burst that came in, or that is about to go out, and may shorten it (DPDK: `rte_rx_callback_fn`,
 * `rte_tx_callback_fn`). What it takes out of the table it must free.
 *
 * @returns how many mbufs the table has now
 */
export type BurstCallback = (table: Uint32Array, count: number, queue: number, port: EthPort) => number;

/** A port. Made by `EthPorts.add`. */
export class EthPort {
  /** The number that DPDK's programs know it by. */
  readonly id: number;
  readonly name: string;
  readonly driver: EthDriver;
  /** What it is plugged into, for those who must know when nothing will come any more; empty when nobody said. */
  readonly wires: readonly Wire[];
  readonly #released: () => void;
  readonly #flows: FlowRules;
  readonly #rss: PortRss;
  #state: PortState = 'attached';
  #configuration: EthConfiguration | undefined;
  #rxReady: boolean[] = [];
  #txReady: boolean[] = [];
  // Queues that a burst may use now: none but on a started port.
  #rxLive = 0;
  #txLive = 0;
  #rxCallbacks: BurstCallbacks | undefined;
  #txCallbacks: BurstCallbacks | undefined;
  #promiscuous = false;
  #allMulticast = false;
  #before: EthStatistics = emptyStatistics();
  #lossesBefore: PortLosses = {};

  /** Use `EthPorts.add`. `released` is called when the port is closed. */
  constructor(id: number, name: string, driver: EthDriver, wires: readonly Wire[], released: () => void) {
    this.id = id;
    this.name = name;
    this.driver = driver;
    this.wires = wires;
    this.#released = released;
    this.#flows = new FlowRules(this.#who, driver.flow);
    this.#rss = new PortRss(this.#who, driver);
    driver.attach(id);
  }

  get state(): PortState {
    return this.#state;
  }

  /** What it was configured for; undefined before. */
  get configuration(): EthConfiguration | undefined {
    return this.#configuration;
  }

  /** What it is and can do (DPDK: `rte_eth_dev_info_get`). */
  info(): EthDeviceInfo {
    this.#alive();
    return this.driver.info;
  }

  /**
   * Says how many queues and which offloads it shall have (DPDK: `rte_eth_dev_configure`). Queues must be set up anew
   * afterwards. When it throws, the configuration is the one before.
   *
   * @throws SetupError `ERR_PORT_STARTED` (EBUSY), `ERR_PORT_QUEUES`, `ERR_PORT_MTU`, `ERR_PORT_OFFLOAD`, `ERR_PORT_RSS`
   * (EINVAL)
   */
  configure(options: PortOptions = {}): void {
    this.#alive();
    this.#notStarted('configured');
    const { info } = this.driver;
    let { rxQueues = 1, txQueues = 1 } = options;
    if (rxQueues === 0 && txQueues === 0) {
      rxQueues = info.preferredRxQueues ?? 1;
      txQueues = info.preferredTxQueues ?? 1;
    }
    const { rxOffloads = 0, txOffloads = 0 } = options;
    const mtu = options.mtu || DEFAULT_MTU;
    checkLimit('ERR_PORT_QUEUES', `${this.#who} cannot have this many receive queues`, rxQueues, 0, info.maxRxQueues);
    checkLimit('ERR_PORT_QUEUES', `${this.#who} cannot have this many transmit queues`, txQueues, 0, info.maxTxQueues);
    checkLimit('ERR_PORT_MTU', `${this.#who} cannot have this MTU`, mtu, info.minMtu, info.maxMtu);
    checkOffloads(`the receive side of ${this.#who}`, rxOffloads, info.rxOffloads, rxOffloadNames);
    checkOffloads(`the transmit side of ${this.#who}`, txOffloads, info.txOffloads, txOffloadNames);
    const { rss } = options;
    this.#rss.check(rss, rxOffloads);
    const configuration = { rxQueues, txQueues, rxOffloads, txOffloads, mtu, ...(rss === undefined ? {} : { rss }) };
    this.driver.configure(configuration);
    this.#configuration = configuration;
    this.#rxReady = new Array<boolean>(rxQueues).fill(false);
    this.#txReady = new Array<boolean>(txQueues).fill(false);
    this.#rxCallbacks = undefined;
    this.#txCallbacks = undefined;
    this.#state = 'configured';
  }

  /**
   * Sets a receive queue up (DPDK: `rte_eth_rx_queue_setup`).
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_QUEUE`, `ERR_PORT_DESCRIPTORS`, `ERR_PORT_POOL`,
   * `ERR_PORT_OFFLOAD` (EINVAL), `ERR_PORT_STARTED` (EBUSY)
   */
  rxQueueSetup(queue: number, options: RxQueueOptions): void {
    const configuration = this.#configured();
    const { info } = this.driver;
    if (info.runtimeQueueSetup !== true) this.#notStarted('given a receive queue');
    const who = `receive queue ${queue} of ${this.#who}`;
    this.#hasQueue(who, queue, configuration.rxQueues);
    const { pool, offloads = 0 } = options;
    if (pool === undefined || pool === null) {
      throw new SetupError({
        code: 'ERR_PORT_POOL',
        errno: 'EINVAL',
        message: `${who} has no pool to take mbufs from`,
        remedy: 'make one with PktmbufPool.create, and give it as pool',
      });
    }
    const room = pool.dataRoom - PKTMBUF_HEADROOM;
    if (room < info.minRxBufferBytes) {
      throw new SetupError({
        code: 'ERR_PORT_POOL',
        errno: 'EINVAL',
        message: `the mbufs of the pool for ${who} are too small`,
        expected: `a data room of at least ${info.minRxBufferBytes + PKTMBUF_HEADROOM} bytes`,
        got: String(pool.dataRoom),
        remedy: 'make the pool with a larger dataRoom; the default of PktmbufPool.create is enough for 2 KiB',
      });
    }
    checkOffloads(who, offloads & ~configuration.rxOffloads, info.rxQueueOffloads ?? 0, rxOffloadNames);
    const descriptors = checkDescriptors(who, options.descriptors, info.rxDescriptors);
    this.driver.rxQueueSetup(queue, { descriptors, pool, offloads: (configuration.rxOffloads | offloads) >>> 0 });
    this.#rxReady[queue] = true;
  }

  /**
   * Sets a transmit queue up (DPDK: `rte_eth_tx_queue_setup`).
   *
   * @throws SetupError as {@link rxQueueSetup}, but for the pool
   */
  txQueueSetup(queue: number, options: TxQueueOptions = {}): void {
    const configuration = this.#configured();
    const { info } = this.driver;
    if (info.runtimeQueueSetup !== true) this.#notStarted('given a transmit queue');
    const who = `transmit queue ${queue} of ${this.#who}`;
    this.#hasQueue(who, queue, configuration.txQueues);
    const { offloads = 0 } = options;
    checkOffloads(who, offloads & ~configuration.txOffloads, info.txQueueOffloads ?? 0, txOffloadNames);
    const descriptors = checkDescriptors(who, options.descriptors, info.txDescriptors);
    this.driver.txQueueSetup(queue, { descriptors, offloads: (configuration.txOffloads | offloads) >>> 0 });
    this.#txReady[queue] = true;
  }

  /** The nearest counts of descriptors that the device can do (DPDK: `rte_eth_dev_adjust_nb_rx_tx_desc`). */
  adjustDescriptors(rx: number, tx: number): { rx: number; tx: number } {
    const { rxDescriptors, txDescriptors } = this.info();
    return { rx: nearestDescriptors(rx, rxDescriptors), tx: nearestDescriptors(tx, txDescriptors) };
  }

  /**
   * Lets traffic flow (DPDK: `rte_eth_dev_start`). Does nothing on a started port.
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_QUEUE_MISSING` (EINVAL), and what the driver throws
   */
  start(): void {
    const configuration = this.#configured();
    if (this.#state === 'started') return;
    this.#allReady('receive', this.#rxReady);
    this.#allReady('transmit', this.#txReady);
    this.driver.start();
    this.driver.setPromiscuous?.(this.#promiscuous);
    this.driver.setAllMulticast?.(this.#allMulticast);
    this.#rxLive = configuration.rxQueues;
    this.#txLive = configuration.txQueues;
    this.#state = 'started';
  }

  /** Ends traffic (DPDK: `rte_eth_dev_stop`). Flow rules are lost, unless the driver keeps them. Does nothing on a port that is not started. */
  stop(): void {
    this.#alive();
    if (this.#state !== 'started') return;
    this.#endTraffic();
    this.driver.stop();
  }

  /**
   * Resets the device, whatever has become of it, and ends traffic (DPDK: `rte_eth_dev_reset`). Configuration and queues stay,
   * and so do flow rules and security sessions that the driver keeps: `start` lets traffic flow as before. A program may
   * configure the port anew first, as DPDK's have to.
   *
   * @throws SetupError `ERR_PORT_UNSUPPORTED` (ENOTSUP), and what the driver throws; the port is stopped then
   */
  reset(): void {
    this.#alive();
    if (this.driver.reset === undefined) throw unsupported(this.#who, 'a reset');
    this.#endTraffic();
    this.driver.reset();
  }

  /**
   * Gives everything back; the id is free for another port (DPDK: `rte_eth_dev_close`). Whatever is called afterwards
   * throws `ERR_PORT_UNKNOWN`, but bursts, which are empty.
   *
   * @throws SetupError `ERR_PORT_STARTED` (EINVAL) on a started port
   */
  close(): void {
    this.#alive();
    if (this.#state === 'started') {
      throw new SetupError({
        code: 'ERR_PORT_STARTED',
        errno: 'EINVAL',
        message: `${this.#who} cannot be closed while it runs`,
        remedy: 'stop it first',
      });
    }
    this.#flows.forget();
    this.driver.close();
    this.#state = 'closed';
    this.#released();
  }

  /**
   * Receives up to `n` packets: their mbufs' positions are in `table` from 0 on, and the caller's from now on
   * (DPDK: `rte_eth_rx_burst`). A port that is not started, or a queue that is not there, gives none.
   */
  rxBurst(queue: number, table: Uint32Array, n: number): number {
    if (queue >= this.#rxLive) return 0;
    const count = this.driver.rxBurst(queue, table, n);
    return this.#rxCallbacks === undefined ? count : this.#rxCallbacks.call(queue, table, count);
  }

  /**
   * Sends `n` packets (DPDK: `rte_eth_tx_burst`).
   *
   * @returns how many it took. Those are the port's and freed when they are sent; `table` from that place on is still the
   * caller's, to try again or to free
   */
  txBurst(queue: number, table: Uint32Array, n: number): number {
    if (queue >= this.#txLive) return 0;
    if (this.#txCallbacks === undefined) return this.driver.txBurst(queue, table, n);
    const left = this.#txCallbacks.call(queue, table, n);
    const sent = this.driver.txBurst(queue, table, left);
    // What a callback took out counts as taken; the caller looks for its rest at the end of the table.
    const rest = left - sent;
    if (left !== n) table.copyWithin(n - rest, sent, left);
    return n - rest;
  }

  /**
   * Has `callback` see every burst that comes in on a queue, after those added before (DPDK: `rte_eth_add_rx_callback`).
   * Gone when the port is configured anew. Not while another lcore polls the queue.
   *
   * @returns a function that takes it out again
   */
  addRxCallback(queue: number, callback: BurstCallback): () => void {
    const { rxQueues } = this.#configured();
    this.#hasQueue(`receive queue ${queue} of ${this.#who}`, queue, rxQueues);
    this.#rxCallbacks ??= new BurstCallbacks(this, rxQueues);
    return this.#rxCallbacks.add(queue, callback);
  }

  /** Has `callback` see every burst before it goes out (DPDK: `rte_eth_add_tx_callback`). As {@link addRxCallback}. */
  addTxCallback(queue: number, callback: BurstCallback): () => void {
    const { txQueues } = this.#configured();
    this.#hasQueue(`transmit queue ${queue} of ${this.#who}`, queue, txQueues);
    this.#txCallbacks ??= new BurstCallbacks(this, txQueues);
    return this.#txCallbacks.add(queue, callback);
  }

  /** Counts since it was added or since {@link resetStats} (DPDK: `rte_eth_stats_get`). */
  stats(): EthStatistics {
    this.#alive();
    return statisticsSince(this.#statistics(), this.#before);
  }

  /**
   * Packets that it has lost, by reason, since it was added or since {@link resetStats}: what `imissed`, `ierrors` and
   * `oerrors` count, taken apart as far as its driver can (DPDK: the errors among `rte_eth_xstats_get`).
   */
  losses(): PortLosses {
    this.#alive();
    return lossesSince(this.#losses(), this.#lossesBefore);
  }

  /**
   * Lets {@link stats} and {@link losses} begin at 0 (DPDK: `rte_eth_stats_reset`, `rte_eth_xstats_reset`). The driver's
   * counters go on, for they have one writer.
   */
  resetStats(): void {
    this.#alive();
    this.#before = this.#statistics();
    this.#lossesBefore = this.#losses();
  }

  /** The link as of now (DPDK: `rte_eth_link_get_nowait`). */
  link(): EthLink {
    this.#alive();
    return this.driver.link;
  }

  /** A copy of its address, 6 bytes (DPDK: `rte_eth_macaddr_get`). */
  get macAddress(): Uint8Array {
    this.#alive();
    return this.driver.macAddress.slice();
  }

  /**
   * Gives it another address (DPDK: `rte_eth_dev_default_mac_addr_set`).
   *
   * @throws SetupError `ERR_PORT_MAC` (EINVAL) for a group address, zero or a wrong length; `ERR_PORT_UNSUPPORTED` (ENOTSUP)
   */
  setMacAddress(address: Uint8Array): void {
    this.#alive();
    if (address.length !== 6 || (address[0] & 1) !== 0 || address.every((byte) => byte === 0)) {
      throw new SetupError({
        code: 'ERR_PORT_MAC',
        errno: 'EINVAL',
        message: `${this.#who} cannot have this MAC address`,
        expected: '6 bytes, not a group address, not zero',
        got: address.length === 6 ? formatMac(address) : `${address.length} bytes`,
      });
    }
    if (this.driver.setMacAddress === undefined) throw unsupported(this.#who, 'another MAC address');
    this.driver.setMacAddress(address);
  }

  /** Whether frames for other addresses are received too (DPDK: `rte_eth_promiscuous_get`, `_enable`, `_disable`). */
  get promiscuous(): boolean {
    return this.#promiscuous;
  }

  set promiscuous(on: boolean) {
    this.#alive();
    this.driver.setPromiscuous?.(on);
    this.#promiscuous = on;
  }

  /** Whether frames for any group are received (DPDK: `rte_eth_allmulticast_get`, `_enable`, `_disable`). */
  get allMulticast(): boolean {
    return this.#allMulticast;
  }

  set allMulticast(on: boolean) {
    this.#alive();
    this.driver.setAllMulticast?.(on);
    this.#allMulticast = on;
  }

  /** Bytes that a frame may have behind its Ethernet header (DPDK: `rte_eth_dev_get_mtu`). */
  get mtu(): number {
    this.#alive();
    return this.#configuration?.mtu ?? DEFAULT_MTU;
  }

  /**
   * Changes it (DPDK: `rte_eth_dev_set_mtu`).
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_MTU` (EINVAL), `ERR_PORT_UNSUPPORTED` (ENOTSUP)
   */
  setMtu(mtu: number): void {
    const configuration = this.#configured();
    const { minMtu, maxMtu } = this.driver.info;
    checkLimit('ERR_PORT_MTU', `${this.#who} cannot have this MTU`, mtu, minMtu, maxMtu);
    if (this.driver.setMtu === undefined) throw unsupported(this.#who, 'another MTU');
    this.driver.setMtu(mtu);
    this.#configuration = { ...configuration, mtu };
  }

  /**
   * RSS as it is set up, with a copy of the key; undefined where there is none (DPDK: `rte_eth_dev_rss_hash_conf_get`).
   */
  get rss(): Required<RssConfiguration> | undefined {
    this.#alive();
    return this.#rss.configuration;
  }

  /**
   * Changes what is hashed and with which key; without a key that stays (DPDK: `rte_eth_dev_rss_hash_update`).
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_RSS` (EINVAL), `ERR_PORT_UNSUPPORTED` (ENOTSUP)
   */
  setRss(configuration: RssConfiguration): void {
    this.#configured();
    this.#rss.configure(configuration);
  }

  /**
   * A copy of the redirection table: the queue of each value of the hash's lowest bits; undefined where there is none
   * (DPDK: `rte_eth_dev_rss_reta_query`).
   */
  get redirectionTable(): Uint16Array | undefined {
    this.#alive();
    return this.#rss.table;
  }

  /**
   * Writes the whole redirection table (DPDK: `rte_eth_dev_rss_reta_update`). It stays until the port is configured anew.
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_RSS` (EINVAL), `ERR_PORT_UNSUPPORTED` (ENOTSUP)
   */
  setRedirectionTable(table: ArrayLike<number>): void {
    const { rxQueues } = this.#configured();
    this.#rss.writeTable(table, rxQueues);
  }

  /**
   * Has frames of a VLAN received, or not any more (DPDK: `rte_eth_dev_vlan_filter`). Frames without a tag come in any case.
   *
   * @throws SetupError `ERR_PORT_NOT_CONFIGURED`, `ERR_PORT_VLAN` (EINVAL), `ERR_PORT_UNSUPPORTED` (ENOTSUP: not a port
   * with RX_OFFLOAD_VLAN_FILTER)
   */
  vlanFilter(vlan: number, on: boolean): void {
    const { rxOffloads } = this.#configured();
    if (this.driver.setVlanFilter === undefined || (rxOffloads & RX_OFFLOAD_VLAN_FILTER) === 0) {
      throw unsupported(this.#who, 'VLANs to let in');
    }
    checkLimit('ERR_PORT_VLAN', `${this.#who} cannot filter this VLAN`, vlan, 0, 4095);
    this.driver.setVlanFilter(vlan, on);
  }

  /** Packet types that it tells; when empty, software must parse (DPDK: `rte_eth_dev_get_supported_ptypes`). */
  get packetTypes(): readonly number[] {
    return this.driver.packetTypes ?? [];
  }

  /** Its context for inline security, if it can do that (DPDK: `rte_eth_dev_get_sec_ctx`). */
  get securityContext(): SecurityContext | undefined {
    return this.driver.security;
  }

  /**
   * Tells whether {@link flowCreate} would work now, by throwing if not; it changes nothing (DPDK: `rte_flow_validate`).
   *
   * @throws SetupError `ERR_FLOW_…`
   */
  flowValidate(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): void {
    this.#alive();
    this.#flows.validate(attributes, pattern, actions, this.#configuration?.rxQueues ?? 0);
  }

  /**
   * Makes a rule (DPDK: `rte_flow_create`).
   *
   * @throws SetupError `ERR_FLOW_…`
   */
  flowCreate(attributes: FlowAttributes, pattern: readonly FlowItem[], actions: readonly FlowAction[]): FlowHandle {
    this.#alive();
    return this.#flows.create(attributes, pattern, actions, this.#configuration?.rxQueues ?? 0);
  }

  /**
   * Takes a rule off (DPDK: `rte_flow_destroy`).
   *
   * @throws SetupError `ERR_FLOW_HANDLE` (EINVAL) when the port has no such rule
   */
  flowDestroy(handle: FlowHandle): void {
    this.#alive();
    this.#flows.destroy(handle);
  }

  /** Takes all rules off (DPDK: `rte_flow_flush`). */
  flowFlush(): void {
    this.#alive();
    this.#flows.flush();
  }

  /** The rules that it has. */
  get flows(): FlowHandle[] {
    return this.#flows.handles;
  }

  /**
   * What the `count` action of a rule has counted (DPDK: `rte_flow_query`).
   *
   * @param reset lets it begin again at 0
   * @throws SetupError `ERR_FLOW_HANDLE`, `ERR_FLOW_ACTION` (EINVAL: the rule has no such action; ENOTSUP)
   */
  flowQuery(handle: FlowHandle, reset = false): FlowCount {
    this.#alive();
    return this.#flows.query(handle, reset);
  }

  /**
   * On: nothing comes in but what a rule lets in (DPDK: `rte_flow_isolate`).
   *
   * @throws SetupError `ERR_FLOW_UNSPECIFIED` (ENOSYS)
   */
  flowIsolate(on: boolean): void {
    this.#alive();
    this.#flows.isolate(on);
  }

  #endTraffic(): void {
    this.#rxLive = 0;
    this.#txLive = 0;
    if (this.#state === 'started') this.#state = 'stopped';
    if (this.driver.info.keepsFlowRules !== true && this.#flows.count > 0) this.flowFlush();
  }

  #statistics(): EthStatistics {
    const now = emptyStatistics();
    this.driver.readStatistics(now);
    return now;
  }

  #losses(): PortLosses {
    return this.driver.readLosses?.() ?? plainLosses(this.#statistics());
  }

  get #who(): string {
    return `port ${this.id} (${this.name})`;
  }

  #alive(): void {
    if (this.#state === 'closed') throw noSuchPort(this.id);
  }

  #configured(): EthConfiguration {
    this.#alive();
    if (this.#configuration !== undefined) return this.#configuration;
    throw new SetupError({
      code: 'ERR_PORT_NOT_CONFIGURED',
      errno: 'EINVAL',
      message: `${this.#who} is not configured`,
      remedy: 'call configure first',
    });
  }

  #notStarted(what: string): void {
    if (this.#state !== 'started') return;
    throw new SetupError({
      code: 'ERR_PORT_STARTED',
      errno: 'EBUSY',
      message: `${this.#who} cannot be ${what} while it runs`,
      remedy: 'stop it first',
    });
  }

  #hasQueue(who: string, queue: number, count: number): void {
    checkLimit('ERR_PORT_QUEUE', `${who} does not exist`, queue, 0, count - 1);
  }

  #allReady(side: string, ready: readonly boolean[]): void {
    const missing = ready.indexOf(false);
    if (missing < 0) return;
    throw new SetupError({
      code: 'ERR_PORT_QUEUE_MISSING',
      errno: 'EINVAL',
      message: `${side} queue ${missing} of ${this.#who} is not set up`,
      remedy: 'set up every queue that it was configured for before start',
    });
  }
}

/** The error of whatever is asked of a port that is not there. */
export function noSuchPort(id: number): SetupError {
  return new SetupError({ code: 'ERR_PORT_UNKNOWN', errno: 'ENODEV', message: `Invalid port_id=${id}` });
}
