import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { MBUF_DATA_LEN, MBUF_OL_FLAGS_HI, MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { rxOffloadFlagNames, txOffloadFlagNames } from '@inline-ipsec/mbuf/offload-flags';
import { pktmbufData } from '@inline-ipsec/mbuf/pktmbuf';

/** What an mbuf held when it passed between a port and the gateway's software. */
export interface ObservedPacket {
  /** From the IP header on. */
  readonly bytes: Uint8Array;
  /** Names of its offload flags, such as `RX_SEC_OFFLOAD`. */
  readonly flags: readonly string[];
}

const ETHERNET_BYTES = 14;

/** Has all packets that software receives from queues of a port written down. */
export function observeReceived(memory: Memory, port: EthPort): ObservedPacket[] {
  const seen: ObservedPacket[] = [];
  for (let queue = 0; queue < (port.configuration?.rxQueues ?? 0); queue++) {
    port.addRxCallback(queue, (table, count) => {
      for (let i = 0; i < count; i++) seen.push(observe(memory, table[i], 'rx'));
      return count;
    });
  }
  return seen;
}

/** Has all packets that software hands to a port written down. */
export function observeSent(memory: Memory, port: EthPort): ObservedPacket[] {
  const seen: ObservedPacket[] = [];
  for (let queue = 0; queue < (port.configuration?.txQueues ?? 0); queue++) {
    port.addTxCallback(queue, (table, count) => {
      for (let i = 0; i < count; i++) seen.push(observe(memory, table[i], 'tx'));
      return count;
    });
  }
  return seen;
}

function observe(memory: Memory, m: number, side: 'rx' | 'tx'): ObservedPacket {
  const at = pktmbufData(memory, m);
  const lo = memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2];
  const hi = memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2];
  return {
    bytes: memory.u8.slice(at + ETHERNET_BYTES, at + memory.u16[(m + MBUF_DATA_LEN) >> 1]),
    flags: side === 'rx' ? rxOffloadFlagNames(lo, hi) : txOffloadFlagNames(lo, hi),
  };
}
