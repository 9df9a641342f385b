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
/** What the whole receive side is set up for. */
export interface ReceiveSetup {
  /** The card looks at TCP and UDP checksums too. */
  readonly layer4Checksums: boolean;
}

/** A ring as the card is told of it. */
export interface RingSetup {
  /** Position of the ring; bus addresses are positions. */
  readonly ring: number;
  readonly descriptors: number;
}

/** What it is told besides of a receive ring. */
export interface RxRingSetup extends RingSetup {
  /** Bytes of each buffer, a multiple of 1024. */
  readonly bufferBytes: number;
  /** VLAN tags are taken off. */
  readonly vlanStrip: boolean;
  /** How many of its descriptors, from the first on, are filled. */
  readonly firstDepth: number;
}

/** Sets up what all receive queues share. Receive is off. */
export function initializeReceive(hardware: Hardware, { layer4Checksums }: ReceiveSetup): void {
  for (let i = 0; i < PACKET_BUFFERS; i++) {
    hardware.write(reg.rxpbsize(i), i === 0 ? PACKET_BUFFER_KIB << field.RXPBSIZE_SIZE_SHIFT : 0);
  }
  // The CRC is taken off by both or by none, and IPsec needs it off.
  hardware.set(REG.HLREG0, field.HLREG0_RXCRCSTRP);
  hardware.update(REG.RDRXCTL, field.RDRXCTL_RSCFRSTSIZE, field.RDRXCTL_CRCSTRIP | field.RDRXCTL_RSCACKC);
  hardware.set(REG.RFCTL, field.RFCTL_RSC_DIS);
  hardware.update(REG.RXCSUM, field.RXCSUM_IPPCSE, layer4Checksums ? field.RXCSUM_IPPCSE : 0);
}

/**
 * Gives the card a receive ring whose first descriptors are filled, and enables the queue (section 4.6.7.1). All of these
 * but one are the card's then: head and tail that are equal mean none.
 *
 * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
 */
export function enableRxQueue(hardware: Hardware, queue: number, setup: RxRingSetup): void {
  const { ring, descriptors, bufferBytes, vlanStrip, firstDepth } = setup;
  hardware.write(reg.rdbal(queue), ring);
  hardware.write(reg.rdbah(queue), 0);
  hardware.write(reg.rdlen(queue), descriptors * 16);
  hardware.write(reg.srrctl(queue), SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | (bufferBytes >>> 10));
  hardware.clear(reg.rscctl(queue), field.RSCCTL_RSCEN);
  // Set after a reset, and to be cleared: payloads are corrupted otherwise (ixy, Snabb).
  hardware.clear(reg.dcaRxctrl(queue), field.DCA_RXCTRL_HDR_WRO);
  hardware.write(reg.rdh(queue), 0);
  hardware.write(reg.rdt(queue), 0);
  hardware.update(reg.rxdctl(queue), field.RXDCTL_VME, vlanStrip ? field.RXDCTL_VME : 0);
  hardware.set(reg.rxdctl(queue), field.RXDCTL_ENABLE);
  const enabled = field.RXDCTL_ENABLE;
  hardware.wait(reg.rxdctl(queue), enabled, enabled, `receive queue ${queue} does not start (RXDCTL.ENABLE)`);
  hardware.settle();
  hardware.write(reg.rdt(queue), firstDepth - 1);
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
