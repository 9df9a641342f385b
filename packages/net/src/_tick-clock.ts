/**
 * Time stamps of pcapng: 64-bit counts of ticks, whose length an interface says in one byte (`if_tsresol`): a negative power
 * of 10, or of 2 when the high bit is set. Exact, and without BigInt.
 */
export class TickClock {
  /** Of the last {@link convert}: seconds since 1970, a whole number. */
  seconds = 0;
  /** Of the last {@link convert}: 0 to 999,999,999, rounded down. */
  nanoseconds = 0;
  readonly #binary: boolean;
  readonly #exponent: number;
  readonly #perSecond: number;
  readonly #nanosecondsEach: number;
  readonly #offset: number;

  /**
   * @param resolution the byte of `if_tsresol`; 6, microseconds, when the interface does not say
   * @param offsetSeconds `if_tsoffset`
   */
  constructor(resolution: number, offsetSeconds: number) {
    this.#binary = (resolution & 0x80) !== 0;
    this.#exponent = resolution & 0x7f;
    this.#perSecond = 10 ** Math.min(this.#exponent, 9);
    this.#nanosecondsEach = 10 ** (9 - Math.min(this.#exponent, 9));
    this.#offset = offsetSeconds;
  }

  /**
   * Writes {@link seconds} and {@link nanoseconds} for a count of ticks.
   *
   * @param hi the high word, as a signed number; an unsigned one would be made into an object by a call
   * @param lo the low word, as a signed number
   */
  convert(hi: number, lo: number): void {
    if (this.#binary) this.#convertBinary(hi >>> 0, lo >>> 0);
    else if (this.#exponent > 9) this.#convertFine(hi >>> 0, lo >>> 0);
    else if (this.#exponent > 3) this.#convertDecimal(hi, lo);
    else this.#convertCoarse(hi >>> 0, lo >>> 0);
    this.seconds += this.#offset;
  }

  /** For 10^4 to 10^9 ticks a second; the words may be signed. */
  #convertDecimal(hi: number, lo: number): void {
    const perSecond = this.#perSecond;
    // The quotient is below 2^53 and off by at most one; the low words alone say the remainder, which tells.
    let seconds = Math.floor(((hi >>> 0) * 0x1_0000_0000 + (lo >>> 0)) / perSecond);
    let ticks = (lo - Math.imul(seconds, perSecond)) | 0;
    if (ticks < 0) {
      seconds--;
      ticks += perSecond;
    } else if (ticks >= perSecond) {
      seconds++;
      ticks -= perSecond;
    }
    this.seconds = seconds;
    this.nanoseconds = ticks * this.#nanosecondsEach;
  }

  /** For 1 to 1000 ticks a second; seconds beyond 2^53 lose their last digits. */
  #convertCoarse(hi: number, lo: number): void {
    const perSecond = this.#perSecond;
    const carried = (hi % perSecond) * 0x1_0000_0000 + lo;
    this.seconds = Math.floor(hi / perSecond) * 0x1_0000_0000 + Math.floor(carried / perSecond);
    this.nanoseconds = (carried % perSecond) * this.#nanosecondsEach;
  }

  /** For more than 10^9 ticks a second: first to nanoseconds, by long division in halves of words. */
  #convertFine(hi: number, lo: number): void {
    for (let left = this.#exponent - 9; left > 0; left -= 9) {
      const divisor = 10 ** Math.min(left, 9);
      const middle = (hi % divisor) * 0x1_0000 + (lo >>> 16);
      const low = (middle % divisor) * 0x1_0000 + (lo & 0xffff);
      hi = Math.floor(hi / divisor);
      lo = Math.floor(middle / divisor) * 0x1_0000 + Math.floor(low / divisor);
    }
    this.#convertDecimal(hi, lo);
  }

  /** A fraction f of n bits is f · 5^9 / 2^(n−9) nanoseconds; every product here stays below 2^53. */
  #convertBinary(hi: number, lo: number): void {
    const bits = this.#exponent;
    if (bits <= 32) {
      const unit = 2 ** bits;
      this.seconds = hi * 2 ** (32 - bits) + Math.floor(lo / unit);
      this.nanoseconds = Math.floor((lo % unit) * FIVE_9 * 2 ** (9 - bits));
    } else if (bits <= 64) {
      const high = bits - 32;
      const fraction = hi % 2 ** high;
      this.seconds = Math.floor(hi / 2 ** high);
      this.nanoseconds =
        high < 9
          ? fraction * FIVE_9 * 2 ** (9 - high) + Math.floor((lo * FIVE_9) / 2 ** (high + 23))
          : Math.floor((fraction * FIVE_9 + Math.floor((lo * FIVE_9) / 0x1_0000_0000)) / 2 ** (high - 9));
    } else {
      // Less than a second in all; finer than any clock.
      this.seconds = 0;
      this.nanoseconds = Math.floor(((hi * 0x1_0000_0000 + lo) / 2 ** bits) * 1e9);
    }
  }
}

const FIVE_9 = 1_953_125;
