import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { MBUF_BUF_ADDR, MBUF_DATA_OFF, MBUF_OL_FLAGS_HI, MBUF_TX_OFFLOAD_LO } from '@inline-ipsec/mbuf/layout';
import { TX_IP_CKSUM_HI, TX_IPV4_HI, TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';

const ETHERNET_BYTES = 14;
const L2_LEN_BITS = 7;

/**
 * Has a port fill in the IPv4 checksum of every clear packet that it sends, over a checksum field that still holds the
 * old one. Gateways of 2018 did so, and a card sums the whole header as it finds it: the result is wrong, in a way that
 * can be told to the last bit.
 */
export function requestStaleChecksum(memory: Memory, port: EthPort): void {
  const { u8, u16, u32 } = memory;
  for (let queue = 0; queue < (port.configuration?.txQueues ?? 0); queue++) {
    port.addTxCallback(queue, (table, count) => {
      for (let i = 0; i < count; i++) {
        const m = table[i];
        const header = u32[(m + MBUF_BUF_ADDR) >> 2] + u16[(m + MBUF_DATA_OFF) >> 1] + ETHERNET_BYTES;
        const flags = (m + MBUF_OL_FLAGS_HI) >> 2;
        if (u8[header] >>> 4 !== 4 || (u32[flags] & TX_SEC_OFFLOAD_HI) !== 0) continue;
        u32[flags] |= TX_IP_CKSUM_HI | TX_IPV4_HI;
        u32[(m + MBUF_TX_OFFLOAD_LO) >> 2] = ETHERNET_BYTES | (((u8[header] & 0xf) * 4) << L2_LEN_BITS);
      }
      return count;
    });
  }
}
