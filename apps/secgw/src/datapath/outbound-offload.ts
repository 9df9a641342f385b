import type { Memory } from '@inline-ipsec/eal/memory';
import type { InlineEgress } from '@inline-ipsec/ipsec/inline-egress';
import { BURST_HEADER, BURST_L3, BURST_LENGTH, BURST_MBUF, type PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
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
  readonly #describe: (burst: PacketBurst, first: number, end: number) => void;

  constructor(memory: Memory, contexts: OutboundOffload) {
    this.#memory = memory;
    this.#contexts = contexts;
    this.#describe = describeLoop(memory);
  }

  request(burst: PacketBurst, first: number, end: number, sa: number): void {
    const { u32 } = this.#memory;
    const port = u32[(sa + SA_PORT) >> 2];
    this.#describe(burst, first, end);
    this.#contexts[port]?.setPacketMetadataBurst(u32[(sa + SA_SESSION) >> 2], burst.mbuf, first, end);
    burst.setPort(first, end, port);
  }
}

/** Tells the mbufs where the packets lie: a driver reads the ESP trailer, so an mbuf must end where its packet does. */
function describeLoop({ u16, i32 }: Memory): (burst: PacketBurst, first: number, end: number) => void {
  return (burst: PacketBurst, first: number, end: number): void => {
    const base = burst.position | 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const word = i32[r + BURST_MBUF] >> 2;
      const header = i32[r + BURST_HEADER];
      const length = i32[r + BURST_LENGTH];
      const version = (i32[header >> 2] & 0xf0) === 0x40 ? TX_IPV4_HI : TX_IPV6_HI;
      u16[(word << 1) + (MBUF_DATA_OFF >> 1)] = header - i32[word + (MBUF_BUF_ADDR >> 2)];
      u16[(word << 1) + (MBUF_DATA_LEN >> 1)] = length;
      i32[word + (MBUF_PKT_LEN >> 2)] = length;
      i32[word + (MBUF_TX_OFFLOAD_LO >> 2)] = ETHERNET_BYTES | (i32[r + BURST_L3] << L2_LEN_BITS);
      i32[word + (MBUF_OL_FLAGS_HI >> 2)] |= TX_SEC_OFFLOAD_HI | version;
    }
  };
}
