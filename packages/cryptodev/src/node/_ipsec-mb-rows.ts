/**
 * What most jobs need of their session: a row of numbers for each, one cache line long, in the one memory, so that the
 * loop over a burst reads sessions, jobs and the library's queue through one view.
 */
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import type { IpsecMbSession } from './_ipsec-mb-sessions.ts';

/** Rows are found by shifting a session's number. */
export const ROW_SHIFT = 6;

/** Indices into a row. */
export const ROW_KIND = 0;
/** The shape of a job that the straight path may take; 0 when it may not. */
export const ROW_STRAIGHT = 1;
export const ROW_SHAPE = 2;
export const ROW_FLAGS = 3;
export const ROW_ENC_KEYS = 4;
export const ROW_DEC_KEYS = 5;
export const ROW_TAG_BYTES = 6;
export const ROW_IV_BYTES = 7;
export const ROW_LENGTH_MAX = 8;
export const ROW_AAD_MAX = 9;

/** Kinds. A row of zeros is that of a session which does not exist. */
export const KIND_NONE = 0;
export const KIND_AEAD = 1;
export const KIND_CHAIN = 2;

/** Flags. */
export const FLAG_ENCRYPT = 1;
/** The library writes the tag to the slot's own place. */
export const FLAG_OWN_TAG = 2;
/** After a failed tag the deciphered bytes are handed on. */
export const FLAG_RELEASE = 4;

const FIRST_COUNT = 64;

export class SessionRows {
  /** Where row 0 begins; it changes when there are more sessions than there is room for. */
  position: number;
  /** No session has this number or a greater one. */
  count: number = FIRST_COUNT;
  readonly #memory: Memory;
  readonly #reserve: (bytes: number) => Memzone;
  readonly #release: (zone: Memzone) => void;
  #zone: Memzone;

  /** @param release gives a memzone back, wiped */
  constructor(memory: Memory, reserve: (bytes: number) => Memzone, release: (zone: Memzone) => void) {
    this.#memory = memory;
    this.#reserve = reserve;
    this.#release = release;
    this.#zone = reserve(FIRST_COUNT << ROW_SHIFT);
    this.position = this.#zone.position;
  }

  write(number: number, session: IpsecMbSession): void {
    while (number >= this.count) this.#grow();
    const { i32, bytes } = this.#memory;
    const { shape, keys } = session;
    const row = this.#row(number);
    i32[row + ROW_KIND] = session.aead ? KIND_AEAD : KIND_CHAIN;
    i32[row + ROW_STRAIGHT] = session.straight ? session.whole : 0;
    i32[row + ROW_SHAPE] = session.whole;
    i32[row + ROW_FLAGS] =
      (session.encrypt ? FLAG_ENCRYPT : 0) | (session.ownTag ? FLAG_OWN_TAG : 0) | (session.release ? FLAG_RELEASE : 0);
    i32[row + ROW_ENC_KEYS] = keys.encKeys;
    i32[row + ROW_DEC_KEYS] = keys.decKeys;
    i32[row + ROW_TAG_BYTES] = shape.tagBytes;
    i32[row + ROW_IV_BYTES] = shape.ivBytes;
    // Not more than the memory has, and 0 where no job does all of it.
    i32[row + ROW_LENGTH_MAX] = Math.max(0, Math.min(session.lengthMax, shape.cipherMax, bytes));
    i32[row + ROW_AAD_MAX] = Math.max(0, Math.min(session.aadMax, bytes));
  }

  /** Zeroes the row of a session. */
  wipe(number: number): void {
    const row = this.#row(number);
    this.#memory.i32.fill(0, row, row + (1 << (ROW_SHIFT - 2)));
  }

  /** A number of a row. */
  at(number: number, index: number): number {
    return this.#memory.i32[this.#row(number) + index];
  }

  #row(number: number): number {
    return (this.position + (number << ROW_SHIFT)) >> 2;
  }

  #grow(): void {
    const { u8 } = this.#memory;
    const old = this.#zone;
    const zone = this.#reserve((2 * this.count) << ROW_SHIFT);
    u8.copyWithin(zone.position, old.position, old.position + old.bytes);
    this.#zone = zone;
    this.position = zone.position;
    this.count *= 2;
    this.#release(old);
  }
}
