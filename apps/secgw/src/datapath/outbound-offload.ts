import type { Memory } from '@inline-ipsec/eal/memory';
import type { InlineEgress } from '@inline-ipsec/ipsec/inline-egress';
import type { PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { SA_PORT, SA_SESSION } from '@inline-ipsec/ipsec/sa-layout';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_OL_FLAGS_HI,
  MBUF_PKT_LEN,
  MBUF_TX_OFFLOAD_LO,
} from '@inline-ipsec/mbuf/layout';
import { TX_IPV4_HI, TX_IPV6_HI, TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';
import type { PortSecurity } from '@inline-ipsec/security/port-security';

/** The security contexts of the ports, by port id. */
export type OutboundOffload = readonly (PortSecurity | undefined)[];

const ETHERNET_BYTES = 14;
/** Bits of l2_len in an mbuf's tx_offload; l3_len lies behind them. */
const L2_LEN_BITS = 7;

/** Marks packets that their port shall encipher, with all that a driver asks of an mbuf for that. */
export class OutboundOffloadRequest implements InlineEgress {
  readonly #memory: Memory;
  readonly #contexts: OutboundOffload;

  constructor(memory: Memory, contexts: OutboundOffload) {
    this.#memory = memory;
    this.#contexts = contexts;
  }

  request(burst: PacketBurst, row: number, sa: number): void {
    const { u8, u16, u32 } = this.#memory;
    const m = burst.mbuf[row];
    const header = burst.header[row];
    const port = u32[(sa + SA_PORT) >> 2];
    // The driver reads the ESP trailer, so the mbuf must end where the packet does.
    u16[(m + MBUF_DATA_OFF) >> 1] = header - u32[(m + MBUF_BUF_ADDR) >> 2];
    u16[(m + MBUF_DATA_LEN) >> 1] = burst.length[row];
    u32[(m + MBUF_PKT_LEN) >> 2] = burst.length[row];
    u32[(m + MBUF_TX_OFFLOAD_LO) >> 2] = ETHERNET_BYTES | (burst.l3[row] << L2_LEN_BITS);
    u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI | (u8[header] >>> 4 === 4 ? TX_IPV4_HI : TX_IPV6_HI);
    this.#contexts[port]?.setPacketMetadata(u32[(sa + SA_SESSION) >> 2], m);
    burst.setPort(row, port);
  }
}
