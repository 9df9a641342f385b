/** The link of a port (DPDK: `struct rte_eth_link`). */
export interface EthLink {
  readonly up: boolean;
  /** Megabits per second; 0 when the link is down. */
  readonly speedMbps: number;
  readonly fullDuplex: boolean;
  /** True when the speed was negotiated, false when it is fixed. */
  readonly autoneg: boolean;
}

/**
 * The link as DPDK's programs print it: `Link up at 10 Gbps FDX Autoneg`, or `Link down` (DPDK: `rte_eth_link_to_str`).
 */
export function linkToText(link: EthLink): string {
  if (!link.up) return 'Link down';
  return `Link up at ${speedToText(link.speedMbps)} ${link.fullDuplex ? 'FDX' : 'HDX'} ${link.autoneg ? 'Autoneg' : 'Fixed'}`;
}

/** A link speed as DPDK prints it: `10 Gbps`, `100 Mbps`, `2.5 Gbps` (DPDK: `rte_eth_link_speed_to_str`). */
export function speedToText(mbps: number): string {
  if (mbps === 0) return 'None';
  return mbps < 1000 ? `${mbps} Mbps` : `${mbps / 1000} Gbps`;
}
