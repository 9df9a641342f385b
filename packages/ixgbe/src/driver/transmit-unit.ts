import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';
import type { RingSetup } from './receive-unit.ts';

/**
 * The transmit side's set-up: 82599 datasheet, section 4.6.8. One packet buffer, no DCB, no virtual functions: 64 queues.
 */

/** Queues without DCB and virtualization (MTQC: 64 queues, one packet buffer). */
export const TX_QUEUES = 64;
/** Bytes of the one transmit packet buffer, in KiB. */
const PACKET_BUFFER_KIB = 160;
const PACKET_BUFFERS = 8;
/** Bytes in flight to the packet buffer, in units of 256 bytes: the largest value, as there is no DCB. */
const MOST_BYTES_REQUESTED = 0xfff;
/** Descriptors are prefetched when fewer than so many are left. */
const PREFETCH_THRESHOLD = 32;

/** Sets up what all transmit queues share, and turns the transmit side on. */
export function initializeTransmit(hardware: Hardware): void {
  hardware.set(REG.HLREG0, field.HLREG0_TXCRCEN | field.HLREG0_TXPADEN);
  hardware.set(REG.RTTDCS, field.RTTDCS_ARBDIS);
  for (let i = 0; i < PACKET_BUFFERS; i++) {
    hardware.write(reg.txpbsize(i), i === 0 ? PACKET_BUFFER_KIB << field.TXPBSIZE_SIZE_SHIFT : 0);
    hardware.write(reg.txpbthresh(i), i === 0 ? PACKET_BUFFER_KIB - 10 : 0);
  }
  hardware.write(REG.DTXMXSZRQ, MOST_BYTES_REQUESTED);
  hardware.write(REG.MTQC, 0);
  hardware.clear(REG.RTTDCS, field.RTTDCS_ARBDIS);
  hardware.set(REG.DMATXCTL, field.DMATXCTL_TE);
}

/** Turns the whole transmit side off. */
export function stopTransmit(hardware: Hardware): void {
  hardware.clear(REG.DMATXCTL, field.DMATXCTL_TE);
}

/**
 * Gives the card an empty transmit ring and enables the queue (section 4.6.8.1).
 *
 * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
 */
export function enableTxQueue(hardware: Hardware, queue: number, { ring, descriptors }: RingSetup): void {
  hardware.write(reg.tdbal(queue), ring);
  hardware.write(reg.tdbah(queue), 0);
  hardware.write(reg.tdlen(queue), descriptors * 16);
  // Descriptors are reported done in the ring, not by the head.
  hardware.write(reg.tdwbal(queue), 0);
  hardware.write(reg.tdwbah(queue), 0);
  hardware.write(reg.tdh(queue), 0);
  hardware.write(reg.tdt(queue), 0);
  // WTHRESH must be 0 where not every descriptor asks for a report.
  hardware.write(reg.txdctl(queue), PREFETCH_THRESHOLD);
  hardware.set(reg.txdctl(queue), field.TXDCTL_ENABLE);
  const enabled = field.TXDCTL_ENABLE;
  hardware.wait(reg.txdctl(queue), enabled, enabled, `transmit queue ${queue} does not start (TXDCTL.ENABLE)`);
  hardware.settle();
}

/** Section 4.6.8.1.1: stops a queue. What it has not sent is software's again. */
export function disableTxQueue(hardware: Hardware, queue: number): void {
  hardware.clear(reg.txdctl(queue), field.TXDCTL_ENABLE);
  hardware.settles(reg.txdctl(queue), field.TXDCTL_ENABLE, 0);
  hardware.settle();
}
