import {
  DESCRIPTOR_BYTES,
  TXD_ADDRESS_HI,
  TXD_ADDRESS_LO,
  TXD_COMMAND,
  TXD_DEXT,
  TXD_DTALEN,
  TXD_DTYP,
  TXD_DTYP_DATA,
  TXD_EOP,
} from '../descriptors.ts';
import { type CardCore, count } from './_core.ts';
import * as layout from './_layout.ts';
import { counterSlot } from './counters.ts';
import { move } from './move.ts';

/**
 * A packet as it lies in host memory: a buffer for each of its descriptors. It is looked at as a whole first; then its
 * bytes are read from the first one on.
 */

const BAD_ADDRESS = counterSlot('txBadAddress');
const BAD_TYPE = counterSlot('txBadDescriptorType');
const ZERO_LENGTH = counterSlot('txZeroLength');
const WITHOUT_END = counterSlot('txWithoutEnd');

/** The packet that is being taken. One is enough for all cards, because nothing of it outlives that. */
export class TransmitPacket {
  /** Its descriptors. */
  used = 0;
  /** Its bytes, over all segments. */
  length = 0;
  /** False when it lies outside memory, or has no end. */
  whole = false;
  /** Where its bytes lie, when they lie in one buffer; else 0. */
  host = 0;
  // Its ring, and where the next byte is to be read.
  #ring = 0;
  #size = 0;
  #first = 0;
  #number = 0;
  #left = 0;
  #offset = 0;

  /**
   * Looks at the packet that begins with descriptor `first`. What is wrong with it is counted.
   *
   * @param tail the first descriptor that is not the card's
   * @returns false when its last descriptor is not there yet
   */
  find(core: CardCore, queue: number, first: number, tail: number): boolean {
    const { u32 } = core.memory;
    this.#ring = u32[(queue + layout.QUEUE_RING) >> 2];
    this.#size = u32[(queue + layout.QUEUE_COUNT) >> 2];
    this.#first = first;
    this.used = 0;
    this.length = 0;
    this.host = 0;
    this.whole = true;
    const kind = u32[this.#descriptor(first) + (TXD_COMMAND >> 2)] & TXD_DEXT;
    for (let number = first; ; ) {
      const at = this.#descriptor(number);
      const command = u32[at + (TXD_COMMAND >> 2)];
      const bytes = command & TXD_DTALEN;
      this.used++;
      this.length += bytes;
      if ((command & TXD_DEXT) !== kind || (kind !== 0 && (command & TXD_DTYP) !== TXD_DTYP_DATA)) {
        if (this.whole) count(core, BAD_TYPE);
        this.whole = false;
      } else if (bytes === 0) count(core, ZERO_LENGTH);
      else if (this.whole) {
        const host = core.dma.position(u32[at + (TXD_ADDRESS_HI >> 2)], u32[at + (TXD_ADDRESS_LO >> 2)], bytes);
        if (host === 0) {
          count(core, BAD_ADDRESS);
          this.whole = false;
        } else if (bytes === this.length && (command & TXD_EOP) !== 0) this.host = host;
      }
      if ((command & TXD_EOP) !== 0) break;
      number = number + 1 === this.#size ? 0 : number + 1;
      if (number !== tail) continue;
      if (this.used < this.#size - 1) return false;
      // The whole ring without an end: it would never come.
      count(core, WITHOUT_END);
      this.whole = false;
      break;
    }
    this.seek(core, 0);
    return true;
  }

  /** Makes the byte with this number the next one to be read. */
  seek(core: CardCore, offset: number): void {
    const { u32 } = core.memory;
    this.#number = this.#first;
    this.#left = this.used;
    this.#offset = offset;
    while (this.#left > 1) {
      const bytes = u32[this.#descriptor(this.#number) + (TXD_COMMAND >> 2)] & TXD_DTALEN;
      if (this.#offset < bytes) break;
      this.#offset -= bytes;
      this.#next();
    }
  }

  /**
   * Copies the next bytes of the packet.
   *
   * @returns false when there are not so many any more, or not where the card may read: software has changed descriptors
   * that were the card's
   */
  read(core: CardCore, to: number, bytes: number): boolean {
    const { u32 } = core.memory;
    let missing = bytes;
    while (missing > 0) {
      if (this.#left === 0) return false;
      const at = this.#descriptor(this.#number);
      const length = u32[at + (TXD_COMMAND >> 2)] & TXD_DTALEN;
      const part = Math.min(missing, length - this.#offset);
      if (part > 0) {
        const host = core.dma.position(u32[at + (TXD_ADDRESS_HI >> 2)], u32[at + (TXD_ADDRESS_LO >> 2)], length);
        if (host === 0) {
          count(core, BAD_ADDRESS);
          return false;
        }
        move(core, to + bytes - missing, host + this.#offset, part);
        this.#offset += part;
        missing -= part;
      }
      if (missing === 0) break;
      this.#offset = 0;
      this.#next();
    }
    return true;
  }

  #descriptor(number: number): number {
    return (this.#ring + number * DESCRIPTOR_BYTES) >> 2;
  }

  #next(): void {
    this.#number = this.#number + 1 === this.#size ? 0 : this.#number + 1;
    this.#left--;
  }
}
