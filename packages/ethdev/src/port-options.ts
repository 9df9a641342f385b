import type { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import type { RssConfiguration } from './rss.ts';

/** What a program asks of a port and its queues. */

/** What `EthPort.configure` takes; everything has a default. */
export interface PortOptions {
  /** 0 of both kinds of queues: what the driver prefers. Default 1. */
  readonly rxQueues?: number;
  readonly txQueues?: number;
  /** Offload masks as in `offloads`. Default none. */
  readonly rxOffloads?: number;
  readonly txOffloads?: number;
  /** Bytes behind the Ethernet header. 0, the default, is 1500. */
  readonly mtu?: number;
  /**
   * How packets are spread over receive queues (DPDK: `rx_adv_conf.rss_conf`). Left out, a port of several queues spreads by
   * all that its driver can hash; DPDK does not without `RTE_ETH_MQ_RX_RSS`, for which `{ functions: 0 }` stands here.
   */
  readonly rss?: RssConfiguration;
}

/** What `EthPort.rxQueueSetup` takes. */
export interface RxQueueOptions {
  /** 0, the default: what the driver prefers, else 512. */
  readonly descriptors?: number;
  /** Where the mbufs of received packets come from. */
  readonly pool: PktmbufPool;
  /** Offloads of this queue besides the port's. Default none. */
  readonly offloads?: number;
}

/** What `EthPort.txQueueSetup` takes. */
export interface TxQueueOptions {
  readonly descriptors?: number;
  readonly offloads?: number;
}
