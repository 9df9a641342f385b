import type { Memory } from '@inline-ipsec/eal/memory';
import { mpc, qbrcH, qbrcL, qprc, qprdc, REG } from '../registers.ts';
import type { Hardware } from './hardware.ts';

/**
 * The card's statistics, added up where they do not go round. The registers are cleared by reading, so everybody who wants
 * them reads them here. Counts of frames are 32 bits wide and counts of bytes 36: at 10 Gb/s bytes go round in 55 seconds,
 * so they should be read more often than that.
 */

const SETS = 16;
const PACKET_BUFFERS = 8;
const FCS = 4;

// float64 each, bytes from the beginning.
const IPACKETS = 0;
const OPACKETS = 8;
const IBYTES = 16;
const OBYTES = 24;
const IMISSED = 32;
/** The first of {@link RX_ERRORS}, in their order. */
const IERRORS = 40;
/** Bytes that the sums take: two cache lines. */
export const STATISTICS_BYTES = 128;

/** What can be wrong with a frame, so that the card does not receive it. */
export const RX_ERRORS = [
  'rxCrc',
  'rxIllegalByte',
  'rxErrorByte',
  'rxLengthDiffers',
  'rxUndersize',
  'rxFragment',
  'rxOversize',
  'rxJabber',
] as const;

/** One of {@link RX_ERRORS}. */
export type RxError = (typeof RX_ERRORS)[number];

/** The register that counts each (82599 datasheet 8.2.3.23). */
const ERROR_REGISTERS: Readonly<Record<RxError, number>> = {
  rxCrc: REG.CRCERRS,
  rxIllegalByte: REG.ILLERRC,
  rxErrorByte: REG.ERRBC,
  rxLengthDiffers: REG.RLEC,
  rxUndersize: REG.RUC,
  rxFragment: REG.RFC,
  rxOversize: REG.ROC,
  rxJabber: REG.RJC,
};

/** The sums of one card. */
export class CardStatistics {
  readonly #memory: Memory;
  readonly #position: number;
  readonly #hardware: Hardware;

  /** @param position of {@link STATISTICS_BYTES} zeroed bytes */
  constructor(memory: Memory, hardware: Hardware, position: number) {
    this.#memory = memory;
    this.#position = position;
    this.#hardware = hardware;
  }

  /** Adds what the registers have counted since they were read last (82599 datasheet 8.2.3.23). */
  collect(): void {
    const hardware = this.#hardware;
    let ipackets = 0;
    let ibytes = 0;
    let imissed = 0;
    // GPRC counts missed frames too (an erratum), so the queues' counters are taken.
    for (let set = 0; set < SETS; set++) {
      ipackets += hardware.read(qprc(set));
      ibytes += hardware.read(qbrcL(set)) + (hardware.read(qbrcH(set)) & 0xf) * 2 ** 32;
      imissed += hardware.read(qprdc(set));
    }
    for (let buffer = 0; buffer < PACKET_BUFFERS; buffer++) imissed += hardware.read(mpc(buffer));
    RX_ERRORS.forEach((error, i) => {
      this.#add(IERRORS + 8 * i, hardware.read(ERROR_REGISTERS[error]));
    });
    const opackets = hardware.read(REG.GPTC);
    // The FCS is in it.
    const obytes = hardware.read(REG.GOTCL) + (hardware.read(REG.GOTCH) & 0xf) * 2 ** 32 - opackets * FCS;
    this.#add(IPACKETS, ipackets);
    this.#add(IBYTES, ibytes);
    this.#add(IMISSED, imissed);
    this.#add(OPACKETS, opackets);
    this.#add(OBYTES, obytes);
  }

  get ipackets(): number {
    return this.#get(IPACKETS);
  }

  get opackets(): number {
    return this.#get(OPACKETS);
  }

  /** Bytes received, without FCS. */
  get ibytes(): number {
    return this.#get(IBYTES);
  }

  /** Bytes sent, without FCS. */
  get obytes(): number {
    return this.#get(OBYTES);
  }

  get imissed(): number {
    return this.#get(IMISSED);
  }

  /** Frames that were not received because this was wrong with them. */
  errors(error: RxError): number {
    return this.#get(IERRORS + 8 * RX_ERRORS.indexOf(error));
  }

  /** Frames that were not received because anything was wrong with them. */
  get ierrors(): number {
    return RX_ERRORS.reduce((sum, error) => sum + this.errors(error), 0);
  }

  #get(slot: number): number {
    return this.#memory.f64[(this.#position + slot) >> 3];
  }

  #add(slot: number, value: number): void {
    this.#memory.f64[(this.#position + slot) >> 3] += value;
  }
}
