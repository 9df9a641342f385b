import { CTRL_LRST, CTRL_RST, RXCTRL_RXEN, RXDCTL_ENABLE, TXDCTL_ENABLE } from '../register-fields.ts';
import { REG, rdt, rxdctl, tdt, txdctl } from '../registers.ts';
import { QUEUES } from './_layout.ts';
import { barWords } from './bar-words.ts';
import type { Card82599 } from './card.ts';
import { BAR0_BYTES } from './register-map.ts';

/**
 * A front end for a driver that is another program: it has BAR0 mapped as plain memory, so its writes are stores, and its
 * reads cannot be seen. The poller compares that memory with what it last showed there, has the card do what was
 * written, and shows what the card's registers hold then.
 *
 * What changed is dispatched in an order that makes sense of stores seen late: first all that is only stored, then what
 * sets something in motion (`bar-words.ts`). Stores of one processor become visible in their order, so whoever sees a
 * doorbell finds everything there that was written before it. A register that both sides change at once keeps what the
 * driver wrote, until the next look.
 *
 * A driver gives a reset some 10 µs to clear its own bit. So that is answered before anything else, and then done.
 *
 * What cannot be had: what a read would do (statistics are not cleared, SWSM.SMBI is not set), and a write of the value
 * that is there already (a 1 written to EICR where the bit is 1).
 */

const RESET_BITS: number = CTRL_RST | CTRL_LRST;
/** Words of the table that are compared in one poll. */
const KNOWN_STEP = 512;
/** Words of all of BAR0 that are compared in one poll, for registers that the table does not have. */
const ALL_STEP = 512;
const WORDS: number = BAR0_BYTES / 4;

/** Single registers that are looked at in every poll. Somebody waits for an answer to each, or a unit depends on it. */
const URGENT: readonly number[] = [
  REG.EERD,
  REG.SECTXCTRL,
  REG.SECRXCTRL,
  REG.IPSTXIDX,
  REG.IPSRXIDX,
  REG.DMATXCTL,
  REG.RXCTRL,
].map((offset) => offset >> 2);

/** Plays a card for a program that has its BAR0 mapped. */
export class BarPoller {
  readonly card: Card82599;
  /** What the program sees. */
  readonly #bar: Int32Array;
  /** What was last seen or shown there. */
  readonly #shadow = new Int32Array(WORDS);
  /** The card's registers. */
  readonly #registers: Int32Array;
  readonly #words = barWords();
  /** What was found in the doorbells of one look. */
  readonly #rung: Int32Array;
  /** Words of the queues that run, to be looked at in every poll: RXDCTL, TXDCTL, RDT, TDT. */
  readonly #controls = new Int32Array(2 * QUEUES);
  readonly #tails = new Int32Array(2 * QUEUES);
  #running = 0;
  #knownAt = 0;
  #allAt = 0;
  #writes = 0;
  #tailWrites = 0;
  #resets = 0;

  /**
   * Shows the card's registers. The program must not write before.
   *
   * @param card its registers are not `bar`
   * @param bar BAR0 as the program maps it: 131,072 words
   */
  constructor(card: Card82599, bar: Int32Array) {
    const { registers } = card;
    this.card = card;
    this.#bar = bar;
    this.#registers = new Int32Array(registers.buffer, registers.byteOffset, registers.length);
    this.#rung = new Int32Array(this.#words.doorbells.length);
    for (let word = 0; word < WORDS; word++) {
      const value = this.#registers[this.#words.sources[word]];
      this.#shadow[word] = value;
      Atomics.store(bar, word, value);
    }
    this.#listRunning();
  }

  /** Words that were seen to be written, tails included. Several writes between two looks are one. */
  get writes(): number {
    return this.#writes;
  }

  /** {@link writes} but for tails of queues that run. */
  get controlWrites(): number {
    return this.#writes - this.#tailWrites;
  }

  /** Resets that were seen. */
  get resets(): number {
    return this.#resets;
  }

  /** Whether the driver has receive on. While it has not, it may be about to reset the card. */
  get receiving(): boolean {
    return (this.#registers[REG.RXCTRL >> 2] & RXCTRL_RXEN) !== 0;
  }

  /**
   * One look, and a step of the card.
   *
   * @param budget as for {@link Card82599.step}
   * @returns how many frames were moved, and writes seen: 0 when nothing happened
   */
  poll(budget: number): number {
    const before = this.#writes;
    this.answerReset();
    if (this.#urgent()) this.#takeAll();
    else this.#takeTails();
    const moved = this.card.step(budget);
    if (this.#sweep()) this.#takeAll();
    return moved + this.#writes - before;
  }

  /** Looks for a reset, and nothing else. */
  answerReset(): void {
    const value = Atomics.load(this.#bar, REG.CTRL >> 2);
    if (value === this.#shadow[REG.CTRL >> 2]) return;
    if ((value & RESET_BITS) !== 0) {
      Atomics.compareExchange(this.#bar, REG.CTRL >> 2, value, value & ~RESET_BITS);
      this.#resets++;
    }
    this.#shadow[REG.CTRL >> 2] = value & ~RESET_BITS;
    this.#take();
    this.#writes++;
    this.card.write(REG.CTRL, value >>> 0);
    this.#settle();
  }

  #urgent(): boolean {
    const bar = this.#bar;
    const shadow = this.#shadow;
    const controls = this.#controls;
    for (let i = 0; i < URGENT.length; i++) if (bar[URGENT[i]] !== shadow[URGENT[i]]) return true;
    for (let i = 0; i < this.#running; i++) if (bar[controls[i]] !== shadow[controls[i]]) return true;
    return false;
  }

  #takeTails(): void {
    const bar = this.#bar;
    const shadow = this.#shadow;
    const tails = this.#tails;
    for (let i = 0; i < this.#running; i++) {
      const word = tails[i];
      const value = bar[word];
      if (value === shadow[word]) continue;
      shadow[word] = value;
      this.#writes++;
      this.#tailWrites++;
      this.card.write(word << 2, value >>> 0);
    }
  }

  /** Compares a part of the words. What the card changed is shown; true says that there is something to be taken. */
  #sweep(): boolean {
    const { known, sources, unknown } = this.#words;
    const bar = this.#bar;
    const shadow = this.#shadow;
    const registers = this.#registers;
    let written = false;
    const knownEnd = Math.min(known.length, this.#knownAt + KNOWN_STEP);
    for (let i = this.#knownAt; i < knownEnd; i++) {
      const word = known[i];
      if (bar[word] !== shadow[word]) written = true;
      else if (registers[sources[word]] !== shadow[word]) this.#show(word);
    }
    this.#knownAt = knownEnd === known.length ? 0 : knownEnd;
    const allEnd = this.#allAt + ALL_STEP;
    for (let word = this.#allAt; word < allEnd; word++) {
      if (bar[word] === shadow[word]) continue;
      if (unknown[word] !== 0) this.#dispatch(word, bar[word]);
      else written = true;
    }
    this.#allAt = allEnd === WORDS ? 0 : allEnd;
    return written;
  }

  #takeAll(): void {
    this.#take();
    this.#settle();
  }

  /** Takes over all that was written to registers of the table, but CTRL. */
  #take(): void {
    const { states, doorbells } = this.#words;
    const bar = this.#bar;
    const shadow = this.#shadow;
    const rung = this.#rung;
    let any = false;
    for (let i = 0; i < doorbells.length; i++) {
      rung[i] = bar[doorbells[i]];
      if (rung[i] !== shadow[doorbells[i]]) any = true;
    }
    for (let i = 0; i < states.length; i++) {
      const word = states[i];
      if (bar[word] !== shadow[word]) this.#dispatch(word, bar[word]);
    }
    if (!any) return;
    for (let i = 0; i < doorbells.length; i++) {
      if (rung[i] !== shadow[doorbells[i]]) this.#dispatch(doorbells[i], rung[i]);
    }
  }

  #dispatch(word: number, value: number): void {
    this.#shadow[word] = value;
    this.#writes++;
    this.card.write(word << 2, value >>> 0);
  }

  /** Has the card do what was written, and shows what it holds then. */
  #settle(): void {
    this.card.settle();
    const { known, sources } = this.#words;
    const shadow = this.#shadow;
    const registers = this.#registers;
    for (let i = 0; i < known.length; i++) {
      const word = known[i];
      if (registers[sources[word]] !== shadow[word]) this.#show(word);
    }
    this.#listRunning();
  }

  /** Shows what the card holds, unless the driver has written there meanwhile: that is seen by the next look. */
  #show(word: number): void {
    const shown = this.#shadow[word];
    const value = this.#registers[this.#words.sources[word]];
    if (Atomics.compareExchange(this.#bar, word, shown, value) === shown) this.#shadow[word] = value;
  }

  #listRunning(): void {
    const registers = this.#registers;
    let n = 0;
    for (let q = 0; q < QUEUES; q++) {
      if ((registers[rxdctl(q) >> 2] & RXDCTL_ENABLE) !== 0) {
        this.#controls[n] = rxdctl(q) >> 2;
        this.#tails[n++] = rdt(q) >> 2;
      }
      if ((registers[txdctl(q) >> 2] & TXDCTL_ENABLE) !== 0) {
        this.#controls[n] = txdctl(q) >> 2;
        this.#tails[n++] = tdt(q) >> 2;
      }
    }
    this.#running = n;
  }
}
