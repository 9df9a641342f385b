import type { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import type { FlowOperations } from './flow.ts';
import type { EthLink } from './link.ts';
import type { RssCapabilities, RssConfiguration } from './rss.ts';
import type { SecurityContext } from './security-context.ts';
import type { EthStatistics, PortLosses } from './statistics.ts';

/**
 * What a driver of a port (a PMD) implements. Programs do not use it: they use the `EthPort` around it, which checks
 * arguments and states first. So a driver can rely on the order of calls: `attach`, then `configure`, queue set-ups,
 * `start`, bursts, `stop`, `close`; queue numbers, descriptor counts and offloads lie within its {@link EthDeviceInfo}.
 */

/** How many descriptors a queue can have. */
export interface DescriptorLimits {
  readonly min: number;
  readonly max: number;
  /** Counts must be a multiple of this. */
  readonly align: number;
  /** What a queue gets when the program asks for none in particular. */
  readonly preferred?: number;
}

/** What a device is and can do (DPDK: `struct rte_eth_dev_info`). */
export interface EthDeviceInfo {
  /** The name of its driver, such as `net_ixgbe` or `net_pcap`. */
  readonly driverName: string;
  readonly maxRxQueues: number;
  readonly maxTxQueues: number;
  /** Queues of a port that is configured with 0 of both. Default 1. */
  readonly preferredRxQueues?: number;
  readonly preferredTxQueues?: number;
  readonly rxDescriptors: DescriptorLimits;
  readonly txDescriptors: DescriptorLimits;
  /** Rx offloads that it can do: a mask as in `offloads`. */
  readonly rxOffloads: number;
  /** Tx offloads that it can do. */
  readonly txOffloads: number;
  /** Of {@link rxOffloads}, those that each queue can have by itself. Default none. */
  readonly rxQueueOffloads?: number;
  /** Of {@link txOffloads}, those that each queue can have by itself. Default none. */
  readonly txQueueOffloads?: number;
  /** The smallest buffer, without headroom, that a receive queue takes, in bytes. */
  readonly minRxBufferBytes: number;
  /**
   * What it fills of a receive buffer is a multiple of so many bytes; a frame that is longer lies in several. Default 1
   * (DPDK tells the outcome, as `rx_buf_size` of `rte_eth_rx_queue_info_get`).
   */
  readonly rxBufferStep?: number;
  /** The longest frame in bytes, FCS included (DPDK: `max_rx_pktlen`). */
  readonly maxFrameBytes: number;
  readonly minMtu: number;
  readonly maxMtu: number;
  /** How many MAC addresses it can have. Default 1. */
  readonly maxMacAddresses?: number;
  /** Flow rules survive a stop of the port. Default false. */
  readonly keepsFlowRules?: boolean;
  /** What it can do of RSS. Left out: nothing. */
  readonly rss?: RssCapabilities;
  /** Queues can be set up while the port runs. Default false. */
  readonly runtimeQueueSetup?: boolean;
}

/** What a port was configured for; everything is filled in. */
export interface EthConfiguration {
  readonly rxQueues: number;
  readonly txQueues: number;
  readonly rxOffloads: number;
  readonly txOffloads: number;
  readonly mtu: number;
  /** RSS as it was asked for; left out, a driver that can spreads over its queues in its own way. */
  readonly rss?: RssConfiguration;
}

/** What a receive queue was set up for. */
export interface RxQueueConfiguration {
  readonly descriptors: number;
  /** Where its mbufs come from. */
  readonly pool: PktmbufPool;
  /** Offloads of the port and of the queue together. */
  readonly offloads: number;
}

/** What a transmit queue was set up for. */
export interface TxQueueConfiguration {
  readonly descriptors: number;
  readonly offloads: number;
}

/** A driver. Set-up functions throw SetupError; bursts and what they use never throw. */
export interface EthDriver {
  readonly info: EthDeviceInfo;
  /** 6 bytes: the address that it has now. Asked for at set-up, not per packet. */
  readonly macAddress: Uint8Array;
  readonly link: EthLink;

  /** The port's id, to be stamped on every mbuf that comes in. Called once, first. */
  attach(portId: number): void;
  configure(configuration: EthConfiguration): void;
  /** Sets a queue up; one that was set up before is released first. */
  rxQueueSetup(queue: number, configuration: RxQueueConfiguration): void;
  /** Sets a queue up; one that was set up before is released first. */
  txQueueSetup(queue: number, configuration: TxQueueConfiguration): void;
  start(): void;
  /** Ends all traffic. What it holds for sending is sent or freed. */
  stop(): void;
  /** Gives all mbufs and memory back. */
  close(): void;
  /**
   * Resets the device, started or not, and takes back what it held; `start` brings it up again. Left out: it cannot be reset.
   */
  reset?(): void;

  /**
   * Receives up to `n` packets into `table[0]` and on (DPDK: `rte_eth_rx_burst`). Called only while the port runs.
   *
   * @returns how many; fewer than `n` does not mean that there are no more
   */
  rxBurst(queue: number, table: Uint32Array, n: number): number;
  /**
   * Sends `table[0]` to `table[n − 1]` (DPDK: `rte_eth_tx_burst`). Called only while the port runs.
   *
   * @returns how many it took, from the first on. Those it frees some time later; the rest stay the caller's
   */
  txBurst(queue: number, table: Uint32Array, n: number): number;

  /** Counts since the driver was made, summed over queues, written into `into`. Counters never go back. */
  readStatistics(into: EthStatistics): void;
  /**
   * Packets that were lost, by reason, since the driver was made: `imissed`, `ierrors` and `oerrors` taken apart. Every reason
   * that it knows is there, with 0 as well. Left out: it knows no more than those three tell.
   */
  readLosses?(): PortLosses;

  /** Makes this its address. Left out: it cannot be changed. */
  setMacAddress?(address: Uint8Array): void;
  /** Left out: the port always receives everything, and saying so changes nothing. */
  setPromiscuous?(on: boolean): void;
  /** As {@link setPromiscuous}, for frames to groups only. */
  setAllMulticast?(on: boolean): void;
  /** Called with an MTU within the limits; also before `configure` returns. Left out: it cannot be changed. */
  setMtu?(mtu: number): void;

  /** RSS as it is set up now, or will be at the next start, with the key. Left out: it has none. */
  readonly rss?: Required<RssConfiguration>;
  /** Called between `configure` and `close`, with functions and a key that the device can have. */
  setRss?(configuration: RssConfiguration): void;
  /** The queue of each entry of the redirection table. Left out: it has none. */
  readonly redirectionTable?: Uint16Array;
  /** Called between `configure` and `close`, with a queue that there is for each entry. */
  setRedirectionTable?(table: Uint16Array): void;
  /** Receives frames of a VLAN, or does so no more; only with RX_OFFLOAD_VLAN_FILTER. Left out: it has no such filter. */
  setVlanFilter?(vlan: number, on: boolean): void;

  /** Packet types that it tells (`PTYPE_` values). Left out or empty: it tells none, software must parse. */
  readonly packetTypes?: readonly number[];
  /** Left out: no flow rules. */
  readonly flow?: FlowOperations;
  /** Left out: no inline security. */
  readonly security?: SecurityContext | undefined;
  /**
   * Lets a modelled device work for a while: up to `budget` units, packets as a rule. Left out: there is nothing to step.
   *
   * @returns how many units were used
   */
  step?(budget: number): number;
}
