/**
 * The way to a card's registers: what a driver is given, and what the silicon, a trace, a recorder or mapped hardware
 * implements. Offsets are bytes into BAR0, multiples of 4; values are unsigned 32-bit numbers in host order.
 */
export interface RegisterPort {
  /** Reads one register. Reading a statistics register clears it. */
  read(offset: number): number;
  /** Writes one register. It stores and marks; what it sets in motion happens when the card is next stepped. */
  write(offset: number, value: number): void;
}
