import type { PacketBurst } from './packet-burst.ts';

/**
 * What outbound ESP asks of a port that enciphers by itself: the packet in row `row` is complete but for cipher and ICV.
 * The implementation marks the mbuf (DPDK: `rte_security_set_pkt_metadata` and `RTE_MBUF_F_TX_SEC_OFFLOAD`) and sets the
 * row's port to that of the SA.
 */
export interface InlineEgress {
  request(burst: PacketBurst, row: number, sa: number): void;
}
