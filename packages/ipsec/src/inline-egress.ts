import type { PacketBurst } from './packet-burst.ts';

/**
 * What outbound ESP asks of a port that enciphers by itself: the packets in rows `first` to `end` - 1, all of one SA, are
 * complete but for cipher and ICV. The implementation marks the mbufs (DPDK: `rte_security_set_pkt_metadata` and
 * `RTE_MBUF_F_TX_SEC_OFFLOAD`) and sets the rows' port to that of the SA.
 */
export interface InlineEgress {
  request(burst: PacketBurst, first: number, end: number, sa: number): void;
}
