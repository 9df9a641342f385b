/**
 * The basic statistics of a port. All are counts since the port was added or they were reset; bytes are those of frames
 * without FCS.
 */
export interface EthStatistics {
  /** Packets received (DPDK: `ipackets`). */
  ipackets: number;
  /** Packets sent (DPDK: `opackets`). */
  opackets: number;
  /** Bytes received (DPDK: `ibytes`). */
  ibytes: number;
  /** Bytes sent (DPDK: `obytes`). */
  obytes: number;
  /** Packets that were lost because there was no descriptor or nobody polled (DPDK: `imissed`). */
  imissed: number;
  /** Packets that came with an error, or longer than a buffer (DPDK: `ierrors`). */
  ierrors: number;
  /** Packets that could not be sent although the port took them (DPDK: `oerrors`). */
  oerrors: number;
  /** How often packets had to wait, or were lost, because the pool had no mbuf for them (DPDK: `rx_nombuf`). */
  rxNombuf: number;
}

/**
 * Packets that a port has lost, by reason: those of `imissed`, `ierrors` and `oerrors` of {@link EthStatistics} together
 * (DPDK: the names of `rte_eth_xstats_get` that end in `_errors`). The names are the driver's.
 */
export type PortLosses = Readonly<Record<string, number>>;

/** The names of {@link EthStatistics}, in the order in which programs print them. */
export const ETH_STATISTICS: readonly (keyof EthStatistics)[] = [
  'ipackets',
  'opackets',
  'ibytes',
  'obytes',
  'imissed',
  'ierrors',
  'oerrors',
  'rxNombuf',
];

/** Statistics that are all 0. */
export function emptyStatistics(): EthStatistics {
  return {
    ipackets: 0,
    opackets: 0,
    ibytes: 0,
    obytes: 0,
    imissed: 0,
    ierrors: 0,
    oerrors: 0,
    rxNombuf: 0,
  };
}

/** What a driver that tells no reasons has lost. */
export function plainLosses({ imissed, ierrors, oerrors }: EthStatistics): PortLosses {
  return { rxMissed: imissed, rxErrors: ierrors, txErrors: oerrors };
}

/** `now` − `before`, reason by reason. */
export function lossesSince(now: PortLosses, before: PortLosses): PortLosses {
  return Object.fromEntries(Object.entries(now).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]));
}

/** `now` − `before`, counter by counter. */
export function statisticsSince(now: EthStatistics, before: EthStatistics): EthStatistics {
  const since = emptyStatistics();
  for (const name of ETH_STATISTICS) since[name] = now[name] - before[name];
  return since;
}

/**
 * Counters of one queue in the memory: float64 slots at these offsets in bytes, with one writer, the lcore that polls
 * the queue. A receive queue counts in one such block and a transmit queue in another.
 */
export const QUEUE_PACKETS = 0;
/** Bytes of the packets at {@link QUEUE_PACKETS}. */
export const QUEUE_BYTES = 8;
/** Packets with errors: `ierrors` of a receive queue, `oerrors` of a transmit queue. */
export const QUEUE_ERRORS = 16;
/** Receive queue: how often the pool had no mbuf. */
export const QUEUE_NOMBUF = 24;
/** Receive queue: packets missed. */
export const QUEUE_MISSED = 32;
/** Bytes of a block: one cache line, so that two lcores never write the same one. */
export const QUEUE_STATISTICS_BYTES = 64;
