import { SetupError } from '@inline-ipsec/eal/errors';
import type { RegisterPort } from '../register-port.ts';

/** What a driver is joined to a card by, besides descriptor rings and buffers in the memory. */
export interface HardwareParts {
  readonly registers: RegisterPort;
  /**
   * Lets the card work off what it was told, while the driver waits for a bit (DPDK: the delay between two polls). A
   * modelled card does its register commands in it, and moves no frame; with real hardware it is a short delay.
   */
  readonly settle: () => void;
}

/** How often a register is looked at before a card counts as dead: with a modelled card some 20 ms. */
const MOST_LOOKS = 200_000;

/** The registers of a card, with what the datasheet's procedures are written in (DPDK: `struct ixgbe_hw`). */
export class Hardware implements RegisterPort {
  readonly #registers: RegisterPort;
  readonly #settle: () => void;

  constructor({ registers, settle }: HardwareParts) {
    this.#registers = registers;
    this.#settle = settle;
  }

  read(offset: number): number {
    return this.#registers.read(offset);
  }

  write(offset: number, value: number): void {
    this.#registers.write(offset, value);
  }

  /** Sets the bits of a mask, and leaves the others. */
  set(offset: number, mask: number): void {
    this.#registers.write(offset, (this.#registers.read(offset) | mask) >>> 0);
  }

  /** Clears the bits of a mask, and leaves the others. */
  clear(offset: number, mask: number): void {
    this.#registers.write(offset, (this.#registers.read(offset) & ~mask) >>> 0);
  }

  /** Gives the bits of a mask this value, and leaves the others. */
  update(offset: number, mask: number, value: number): void {
    this.#registers.write(offset, ((this.#registers.read(offset) & ~mask) | value) >>> 0);
  }

  /** Gives the card time. */
  settle(): void {
    this.#settle();
  }

  /** Whether the bits of a mask come to have a value, within the time that a card has for that. */
  settles(offset: number, mask: number, value: number): boolean {
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      if ((this.#registers.read(offset) & mask) >>> 0 === value) return true;
      this.#settle();
    }
    return false;
  }

  /**
   * Waits until the bits of a mask have a value.
   *
   * @param what the register and bits, for the message
   * @throws SetupError `ERR_IXGBE_TIMEOUT` (EIO)
   */
  wait(offset: number, mask: number, value: number, what: string): void {
    if (this.settles(offset, mask, value)) return;
    throw new SetupError({
      code: 'ERR_IXGBE_TIMEOUT',
      errno: 'EIO',
      message: `the 82599 does not answer: ${what}`,
      expected: `0x${value.toString(16)} in the bits 0x${mask.toString(16)} of register 0x${offset.toString(16)}`,
      got: `0x${((this.#registers.read(offset) & mask) >>> 0).toString(16)}`,
    });
  }
}
