import type { EthDeviceInfo } from '@inline-ipsec/ethdev/driver';
import * as offload from '@inline-ipsec/ethdev/offloads';
import { IXGBE_RSS, RSS_QUEUES } from './rss.ts';
import { RX_BUFFER_STEP, RX_DESCRIPTORS } from './rx-queue.ts';
import { TX_QUEUES } from './transmit-unit.ts';
import { TX_DESCRIPTORS } from './tx-queue.ts';

/** Bytes around an MTU: two addresses, a type, the FCS. */
export const FRAME_OVERHEAD = 18;
/** The longest frame that the card can do, in bytes with FCS. */
export const LONGEST_FRAME = 15872;
const FCS = 4;
/** The longest frame, in bytes with FCS, that it can store and forward, which inline IPsec needs: 9.5 KiB. */
export const LONGEST_SECURE_FRAME = 9728;

/**
 * The longest frame that it can send, in bytes without FCS.
 *
 * @param secure whether it is set up for inline IPsec, whatever the frame
 */
export function longestSent(secure: boolean): number {
  return (secure ? LONGEST_SECURE_FRAME : LONGEST_FRAME) - FCS;
}

/** What the card and this driver can do; a part whose security block is fused off lacks that. */
export function ixgbeDeviceInfo(security: boolean): EthDeviceInfo {
  return {
    driverName: 'net_ixgbe',
    maxRxQueues: RSS_QUEUES,
    maxTxQueues: TX_QUEUES,
    rxDescriptors: RX_DESCRIPTORS,
    txDescriptors: TX_DESCRIPTORS,
    rxQueueOffloads: offload.RX_OFFLOAD_VLAN_STRIP,
    rxOffloads:
      offload.RX_OFFLOAD_VLAN_STRIP |
      offload.RX_OFFLOAD_VLAN_FILTER |
      offload.RX_OFFLOAD_IPV4_CKSUM |
      offload.RX_OFFLOAD_UDP_CKSUM |
      offload.RX_OFFLOAD_TCP_CKSUM |
      offload.RX_OFFLOAD_SCATTER |
      offload.RX_OFFLOAD_RSS_HASH |
      (security ? offload.RX_OFFLOAD_SECURITY : 0),
    txOffloads:
      offload.TX_OFFLOAD_VLAN_INSERT |
      offload.TX_OFFLOAD_IPV4_CKSUM |
      offload.TX_OFFLOAD_UDP_CKSUM |
      offload.TX_OFFLOAD_TCP_CKSUM |
      offload.TX_OFFLOAD_TCP_TSO |
      offload.TX_OFFLOAD_MULTI_SEGS |
      (security ? offload.TX_OFFLOAD_SECURITY : 0),
    minRxBufferBytes: 1024,
    rxBufferStep: RX_BUFFER_STEP,
    maxFrameBytes: LONGEST_FRAME,
    minMtu: 68,
    maxMtu: LONGEST_FRAME - FRAME_OVERHEAD,
    keepsFlowRules: true,
    rss: IXGBE_RSS,
  };
}
