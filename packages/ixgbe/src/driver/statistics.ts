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
const IERRORS = 40;
/** Bytes that the sums take: a cache line. */
export const STATISTICS_BYTES = 64;

/** Frames with errors: bad CRC, illegal byte, bad symbol, wrong length, too short, fragment, too long, jabber. */
const ERRORS: readonly number[] = [REG.CRCERRS, REG.ILLERRC, REG.ERRBC, REG.RLEC, REG.RUC, REG.RFC, REG.ROC, REG.RJC];

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
    let ierrors = 0;
    // GPRC counts missed frames too (an erratum), so the queues' counters are taken.
    for (let set = 0; set < SETS; set++) {
      ipackets += hardware.read(qprc(set));
      ibytes += hardware.read(qbrcL(set)) + (hardware.read(qbrcH(set)) & 0xf) * 2 ** 32;
      imissed += hardware.read(qprdc(set));
    }
    for (let buffer = 0; buffer < PACKET_BUFFERS; buffer++) imissed += hardware.read(mpc(buffer));
    for (const register of ERRORS) ierrors += hardware.read(register);
    const opackets = hardware.read(REG.GPTC);
    // The FCS is in it.
    const obytes = hardware.read(REG.GOTCL) + (hardware.read(REG.GOTCH) & 0xf) * 2 ** 32 - opackets * FCS;
    this.#add(IPACKETS, ipackets);
    this.#add(IBYTES, ibytes);
    this.#add(IMISSED, imissed);
    this.#add(IERRORS, ierrors);
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

  get ierrors(): number {
    return this.#get(IERRORS);
  }

  #get(slot: number): number {
    return this.#memory.f64[(this.#position + slot) >> 3];
  }

  #add(slot: number, value: number): void {
    this.#memory.f64[(this.#position + slot) >> 3] += value;
  }
}
