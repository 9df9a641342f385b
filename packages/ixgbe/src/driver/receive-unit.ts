import { SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER } from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * The receive side's set-up: 82599 datasheet, section 4.6.7. Queues are polled; there is no RSC, which the security block
 * does not go with, no header split and no DCB.
 */

/** Bytes of the one receive packet buffer, in KiB. */
const PACKET_BUFFER_KIB = 512;
const PACKET_BUFFERS = 8;
/** Queues that a redirection table can name: its entries have four bits. */
export const RSS_QUEUES = 16;
const REDIRECTION_ENTRIES = 128;
/** MRQC.MRQE: RSS and nothing else. */
const MRQE_RSS = 1;
/** MRQC, bits 16, 17 and 20 to 23: TCP and UDP by addresses and ports, other packets by addresses. */
const RSS_FIELDS = 0x00f3_0000;

/** The hash key that Microsoft's specification of RSS verifies with; any other would do. */
const RSS_KEY = Uint8Array.of(
  ...[0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca],
  ...[0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b],
  ...[0xbe, 0xac, 0x01, 0xfa],
);

/** What the whole receive side is set up for. */
export interface ReceiveSetup {
  readonly queues: number;
  /** The card looks at TCP and UDP checksums too. */
  readonly layer4Checksums: boolean;
}

/** A receive ring as the card is told of it. */
export interface RingSetup {
  /** Position of the ring; bus addresses are positions. */
  readonly ring: number;
  readonly descriptors: number;
}

/** Sets up what all receive queues share. Receive is off. */
export function initializeReceive(hardware: Hardware, { queues, layer4Checksums }: ReceiveSetup): void {
  for (let i = 0; i < PACKET_BUFFERS; i++) {
    hardware.write(reg.rxpbsize(i), i === 0 ? PACKET_BUFFER_KIB << field.RXPBSIZE_SIZE_SHIFT : 0);
  }
  // The CRC is taken off by both or by none, and IPsec needs it off.
  hardware.set(REG.HLREG0, field.HLREG0_RXCRCSTRP);
  hardware.update(REG.RDRXCTL, field.RDRXCTL_RSCFRSTSIZE, field.RDRXCTL_CRCSTRIP | field.RDRXCTL_RSCACKC);
  hardware.set(REG.RFCTL, field.RFCTL_RSC_DIS);
  hardware.update(REG.RXCSUM, field.RXCSUM_IPPCSE, layer4Checksums ? field.RXCSUM_IPPCSE : 0);
  initializeRss(hardware, queues);
}

/** Section 4.6.10.1.1: spreads packets over the queues by hash, if there are several. */
function initializeRss(hardware: Hardware, queues: number): void {
  if (queues < 2) {
    hardware.write(REG.MRQC, 0);
    return;
  }
  hardware.set(REG.RXCSUM, field.RXCSUM_PCSD);
  for (let i = 0; i < RSS_KEY.length / 4; i++) {
    const at = 4 * i;
    const word = RSS_KEY[at] | (RSS_KEY[at + 1] << 8) | (RSS_KEY[at + 2] << 16) | (RSS_KEY[at + 3] << 24);
    hardware.write(reg.rssrk(i), word >>> 0);
  }
  for (let i = 0; i < REDIRECTION_ENTRIES; i += 4) {
    let entry = 0;
    for (let n = 0; n < 4; n++) entry |= ((i + n) % queues) << (8 * n);
    hardware.write(reg.reta(i / 4), entry >>> 0);
  }
  hardware.write(REG.MRQC, MRQE_RSS | RSS_FIELDS);
}

/**
 * Gives the card a receive ring whose descriptors are filled, and enables the queue (section 4.6.7.1). All descriptors but
 * one are the card's then: head and tail that are equal mean none.
 *
 * @param bufferBytes of each buffer, a multiple of 1024
 * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
 */
export function enableRxQueue(hardware: Hardware, queue: number, setup: RingSetup, bufferBytes: number): void {
  const { ring, descriptors } = setup;
  hardware.write(reg.rdbal(queue), ring);
  hardware.write(reg.rdbah(queue), 0);
  hardware.write(reg.rdlen(queue), descriptors * 16);
  hardware.write(reg.srrctl(queue), SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | (bufferBytes >>> 10));
  hardware.clear(reg.rscctl(queue), field.RSCCTL_RSCEN);
  // Set after a reset, and to be cleared: payloads are corrupted otherwise (ixy, Snabb).
  hardware.clear(reg.dcaRxctrl(queue), field.DCA_RXCTRL_HDR_WRO);
  hardware.write(reg.rdh(queue), 0);
  hardware.write(reg.rdt(queue), 0);
  hardware.set(reg.rxdctl(queue), field.RXDCTL_ENABLE);
  const enabled = field.RXDCTL_ENABLE;
  hardware.wait(reg.rxdctl(queue), enabled, enabled, `receive queue ${queue} does not start (RXDCTL.ENABLE)`);
  hardware.settle();
  hardware.write(reg.rdt(queue), descriptors - 1);
}

/** Section 4.6.7.1.2: stops a queue. Its buffers are software's again. */
export function disableRxQueue(hardware: Hardware, queue: number): void {
  hardware.clear(reg.rxdctl(queue), field.RXDCTL_ENABLE);
  hardware.settles(reg.rxdctl(queue), field.RXDCTL_ENABLE, 0);
  hardware.settle();
}

/**
 * Turns receive on or off. The path from the MAC is shut meanwhile: traffic that comes in just then can hang the DMA unit
 * (82599 erratum; DPDK: `ixgbe_enable_rx_dma_82599`).
 *
 * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
 */
export function switchReceive(hardware: Hardware, on: boolean): void {
  hardware.set(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
  const ready = field.SECRXSTAT_SECRX_RDY;
  hardware.wait(REG.SECRXSTAT, ready, ready, 'the receive path does not drain (SECRXSTAT.SECRX_RDY)');
  if (on) hardware.set(REG.RXCTRL, field.RXCTRL_RXEN);
  else hardware.clear(REG.RXCTRL, field.RXCTRL_RXEN);
  hardware.clear(REG.SECRXCTRL, field.SECRXCTRL_RX_DIS);
}
