import { SetupError } from '@inline-ipsec/eal/errors';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_IPV4_CKSUM, TX_OFFLOAD_SECURITY } from '@inline-ipsec/ethdev/offloads';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { RSS_IP, RSS_SCTP, RSS_TCP, RSS_UDP } from '@inline-ipsec/ethdev/rss';
import { PKTMBUF_HEADROOM } from '@inline-ipsec/mbuf/layout';
import type { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import { formatMac } from '@inline-ipsec/net/ethernet';
import type { GatewayConfiguration } from '../configuration/rules.ts';

/** Descriptors of each queue, where the port can have so many (DPDK's gateway: `IPSEC_SECGW_RX_DESC_DEFAULT`). */
const DESCRIPTORS = 1024;

/** Bytes of the header in front of an IP packet. */
const ETHERNET_BYTES = 14;

/** What packets are spread over queues by, where the port can (DPDK's gateway: `rss_hf`). */
const HASH_FUNCTIONS = RSS_IP | RSS_UDP | RSS_TCP | RSS_SCTP;

/** What a port of the gateway is set up for. */
export interface PortSetup {
  /** Queue numbers from 0 on, and the lcore that polls each. */
  readonly rxLcores: readonly number[];
  /** The lcores in the order of their transmit queues: each has one of its own. */
  readonly txLcores: readonly number[];
  readonly pool: PktmbufPool;
  readonly mtu: number;
  readonly promiscuous: boolean;
  /** Offloads that may be used, as masks (`--rxoffload`, `--txoffload`). */
  readonly rxOffloadMask: number;
  readonly txOffloadMask: number;
  /** The port shall be able to fill in IPv4 checksums. */
  readonly checksumOffload: boolean;
}

/**
 * Configures a port and its queues, with the lines that DPDK's gateway prints (`port_init`). It is not started yet.
 *
 * @throws SetupError as the port's functions do
 */
export function setUpPort(
  port: EthPort,
  setup: PortSetup,
  configuration: GatewayConfiguration,
  print: (line: string) => void,
): void {
  const info = port.info();
  const rxQueues = setup.rxLcores.length;
  const txQueues = Math.min(setup.txLcores.length, info.maxTxQueues);
  if (info.driverName === 'net_tap' && rxQueues > info.maxRxQueues) throw queuesLater(port, rxQueues);
  print(`Configuring device port ${port.id}:`);
  print(`Address: ${formatMac(port.macAddress).toUpperCase()}`);
  print(`Creating queues: nb_rx_queue=${rxQueues} nb_tx_queue=${txQueues}...`);

  const wants = (direction: 'in' | 'out') =>
    configuration.sas.some(
      (sa) => sa.port === port.id && sa.direction === direction && sa.type === 'inline-crypto-offload',
    );
  // What the port lacks is not asked for: the SA that wants it is refused by name, at its own line.
  let rxOffloads = wants('in') ? RX_OFFLOAD_SECURITY : 0;
  let txOffloads = wants('out') ? TX_OFFLOAD_SECURITY : 0;
  if (setup.checksumOffload) txOffloads |= TX_OFFLOAD_IPV4_CKSUM;
  rxOffloads &= info.rxOffloads & setup.rxOffloadMask;
  txOffloads &= info.txOffloads & setup.txOffloadMask;
  print(
    `port ${port.id} configuring rx_offloads=0x${(rxOffloads >>> 0).toString(16)}, tx_offloads=0x${(txOffloads >>> 0).toString(16)}`,
  );
  const functions = HASH_FUNCTIONS & (info.rss?.functions ?? 0);
  // DPDK's gateway says so of every port; here it is said where it makes a difference.
  if (rxQueues > 1 && functions !== HASH_FUNCTIONS) {
    print(
      `Port ${port.id} modified RSS hash function based on hardware support,requested:0x${HASH_FUNCTIONS.toString(16)} configured:0x${functions.toString(16)}`,
    );
  }
  const offloads = { rxOffloads: rxOffloads >>> 0, txOffloads: txOffloads >>> 0 };
  port.configure({ rxQueues, txQueues, ...offloads, mtu: setup.mtu, ...(rxQueues > 1 ? { rss: { functions } } : {}) });
  checkBuffers(port, setup);

  const descriptors = port.adjustDescriptors(DESCRIPTORS, DESCRIPTORS);
  setup.txLcores.slice(0, txQueues).forEach((lcore, queue) => {
    print(`Setup txq=${lcore},${queue},0`);
    port.txQueueSetup(queue, { descriptors: descriptors.tx });
  });
  setup.rxLcores.forEach((_lcore, queue) => {
    print(`Setup rxq=${port.id},${queue},0`);
    port.rxQueueSetup(queue, { descriptors: descriptors.rx, pool: setup.pool });
  });
  port.promiscuous = setup.promiscuous;
}

/**
 * A card fills buffers in steps, so that a frame can need two of them although its bytes would fit one.
 *
 * @throws SetupError `ERR_NOT_YET` (ENOTSUP)
 */
function checkBuffers(port: EthPort, { mtu, pool }: PortSetup): void {
  const { rxBufferStep = 1 } = port.info();
  const usable = pool.dataRoom - PKTMBUF_HEADROOM;
  const frame = mtu + ETHERNET_BYTES;
  if (frame <= usable - (usable % rxBufferStep)) return;
  const needed = Math.ceil(frame / rxBufferStep) * rxBufferStep + PKTMBUF_HEADROOM;
  throw new SetupError({
    code: 'ERR_NOT_YET',
    errno: 'ENOTSUP',
    message: `port ${port.id} (${port.name}) fills buffers in steps of ${rxBufferStep} bytes, so a packet of the mtu (--mtu) would lie in two; that comes later`,
    expected: `-j ${needed} or more`,
    got: `-j ${pool.dataRoom}`,
  });
}

/** DPDK's net_tap has several queues, so whoever asks for them is not wrong. */
function queuesLater({ id, name }: EthPort, queues: number): SetupError {
  return new SetupError({
    code: 'ERR_NOT_YET',
    errno: 'ENOTSUP',
    message: `port ${id} (${name}): a TAP interface with several queues comes later`,
    expected: 'one queue in --config',
    got: String(queues),
  });
}
