/**
 * The straight path of engine ipsec-mb: bursts in which every job is what nearly every job is, AES-GCM of one shape (key,
 * tag, direction), with a message and AAD, all of it where it may be. Keys may differ from job to job.
 *
 * Its loops call nothing and know one view and constants only, for which the compiler makes code without a look at
 * anything twice. They are made for their memory: as long as a thread has one engine, the compiler takes what they are
 * closed over for constants as well, down to the address of the view. So a burst is either taken as a whole or, before anything has been submitted, left as a whole to the
 * way that can do every job.
 */
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  STATUS_AUTH_FAILED,
  STATUS_ERROR,
  STATUS_SUCCESS,
} from '../job.ts';
import {
  JOB_COMPLETED,
  SLOT_BYTES,
  SLOT_CIPHER_LENGTH,
  SLOT_DEC_KEYS,
  SLOT_DESTINATION,
  SLOT_ENC_KEYS,
  SLOT_HASH_FIELDS,
  SLOT_IV,
  SLOT_LAYOUT,
  SLOT_SOURCE,
  SLOT_STATUS,
  SLOT_TAG,
} from './_ipsec-mb-layout.ts';
import { type JobQueue, TAG_ROOM } from './_ipsec-mb-queue.ts';
import {
  FLAG_ENCRYPT,
  FLAG_RELEASE,
  ROW_ENC_KEYS,
  ROW_FLAGS,
  ROW_IV_BYTES,
  ROW_SHIFT,
  ROW_STRAIGHT,
  type SessionRows,
} from './_ipsec-mb-rows.ts';

/** The length of tag that is compared here, in words. */
export const STRAIGHT_TAG_BYTES = 16;

export class StraightBursts {
  readonly #memory: Memory;
  readonly #queue: JobQueue;
  readonly #rows: SessionRows;
  readonly #loops: StraightLoops;
  /** Whether the library keeps its jobs as the constants have it, and all addresses have the same upper half. */
  readonly #possible: boolean;

  constructor(memory: Memory, queue: JobQueue, rows: SessionRows) {
    this.#memory = memory;
    this.#queue = queue;
    this.#rows = rows;
    this.#loops = straightLoops(memory, queue, rows);
    const { job } = queue.manager.layout;
    const known = (Object.keys(SLOT_LAYOUT) as (keyof typeof SLOT_LAYOUT)[]).every(
      (field) => job[field] === SLOT_LAYOUT[field],
    );
    this.#possible = known && queue.boundary >= memory.bytes;
  }

  /**
   * Does a burst, of not more jobs than there are slots.
   *
   * @returns how many jobs succeeded; −1 when it is not such a burst, and nothing was done
   */
  run(jobs: number, count: number): number {
    if (!this.#possible) return -1;
    const { i32 } = this.#memory;
    const rows = this.#rows;
    const session = i32[(jobs + JOB_SESSION) >> 2];
    if (session >>> 0 >= rows.count) return -1;
    const row = (rows.position + (session << ROW_SHIFT)) >> 2;
    const shape = i32[row + ROW_STRAIGHT];
    if (shape === 0) return -1;
    this.#queue.dressFirst(count, shape);
    const encrypt = (i32[row + ROW_FLAGS] & FLAG_ENCRYPT) !== 0;
    const { fill, sealed, opened } = this.#loops;
    if (!fill(jobs, count, shape, encrypt, i32[row + ROW_IV_BYTES])) return -1;
    this.#queue.run(count);
    if (encrypt) return sealed(jobs, count);
    const succeeded = opened(jobs, count);
    if (succeeded !== count) this.#refuse(jobs, count);
    return succeeded;
  }

  /** Says of the jobs that did not succeed why, and wipes what they deciphered. */
  #refuse(jobs: number, count: number): void {
    const { i32 } = this.#memory;
    const rows = this.#rows;
    for (let i = 0; i < count; i++) {
      const at = (jobs + i * JOB_BYTES) >> 2;
      if (i32[at + (JOB_STATUS >> 2)] === STATUS_SUCCESS) continue;
      const completed = i32[this.#queue.firstWord + ((i * SLOT_BYTES + SLOT_STATUS) >> 2)] === JOB_COMPLETED;
      const session = i32[at + (JOB_SESSION >> 2)];
      const released = session >>> 0 < rows.count && (rows.at(session, ROW_FLAGS) & FLAG_RELEASE) !== 0;
      i32[at + (JOB_STATUS >> 2)] = refuse(this.#memory, at << 2, completed, released);
    }
  }
}

type StraightLoops = ReturnType<typeof straightLoops>;

/** The loops over a memory. What never changes is a constant that they are closed over. */
function straightLoops(memory: Memory, queue: JobQueue, sessionRows: SessionRows) {
  const { i32 } = memory;
  const low = queue.low | 0;
  const bytes = memory.bytes >>> 0;
  const firstSlot = (queue.firstWord << 2) | 0;
  const tags = queue.tags | 0;

  /** Writes the jobs into the first slots; false when there is one of another kind, or unsound. */
  function fill(jobs: number, count: number, shape: number, encrypt: boolean, ivBytes: number): boolean {
    const ivEnd = (bytes - ivBytes) >>> 0;
    // Where the tag is compared, a word is read that may begin where it ends.
    const tagEnd = (bytes - STRAIGHT_TAG_BYTES - (encrypt ? 0 : 4)) >>> 0;
    // More sessions may have come, and their rows have moved.
    const rows = sessionRows.position | 0;
    const sessions = sessionRows.count >>> 0;
    const end = (jobs + count * JOB_BYTES) | 0;
    let slot = firstSlot;
    let session = 0;
    let keys = 0;
    for (let job = jobs | 0; job < end; job = (job + JOB_BYTES) | 0) {
      const at = job >>> 2;
      const to = slot >>> 2;
      const wanted = i32[at + (JOB_SESSION >> 2)];
      if (wanted !== session) {
        session = wanted;
        if (session >>> 0 >= sessions) return false;
        const row = (rows + (session << ROW_SHIFT)) >>> 2;
        if (i32[row + ROW_STRAIGHT] !== shape) return false;
        keys = (low + i32[row + ROW_ENC_KEYS]) | 0;
      }
      const source = i32[at + (JOB_SOURCE >> 2)];
      const destination = i32[at + (JOB_DESTINATION >> 2)];
      const offset = i32[at + (JOB_CIPHER_OFFSET >> 2)];
      const length = i32[at + (JOB_CIPHER_LENGTH >> 2)];
      const iv = i32[at + (JOB_IV >> 2)];
      const aad = i32[at + (JOB_AAD >> 2)];
      const aadLength = i32[at + (JOB_AAD_LENGTH >> 2)];
      const tag = i32[at + (JOB_TAG >> 2)];
      // As an unsigned number 0 or less is great when 1 is taken from it, and so is a sum that runs over. A length is looked
      // at before it is taken from anything.
      if ((length - 1) >>> 0 >= bytes || (aadLength - 1) >>> 0 >= bytes) return false;
      const start = (source + offset) | 0;
      const target = (destination + offset) | 0;
      const room = (bytes - length) >>> 0;
      const ahead = (tag - (encrypt ? target : start)) | 0;
      if (
        ((source - 1) | (destination - 1) | offset) < 0 ||
        start >>> 0 > room ||
        target >>> 0 > room ||
        (iv - 1) >>> 0 >= ivEnd ||
        (tag - 1) >>> 0 >= tagEnd ||
        (ahead < length && ahead > -STRAIGHT_TAG_BYTES) ||
        (aad - 1) >>> 0 >= (bytes - aadLength) >>> 0
      ) {
        return false;
      }
      if (source !== destination) {
        const apart = (source - destination) | 0;
        if (apart < length && apart > -length) return false;
      }
      i32[to + (SLOT_ENC_KEYS >> 2)] = keys;
      i32[to + (SLOT_DEC_KEYS >> 2)] = keys;
      i32[to + (SLOT_SOURCE >> 2)] = (low + start) | 0;
      i32[to + (SLOT_DESTINATION >> 2)] = (low + target) | 0;
      i32[to + (SLOT_CIPHER_LENGTH >> 2)] = length;
      i32[to + (SLOT_IV >> 2)] = (low + iv) | 0;
      if (encrypt) i32[to + (SLOT_TAG >> 2)] = (low + tag) | 0;
      i32[to + (SLOT_HASH_FIELDS >> 2)] = (low + aad) | 0;
      i32[to + (SLOT_HASH_FIELDS >> 2) + 2] = aadLength;
      i32[to + (SLOT_STATUS >> 2)] = 0;
      slot = (slot + SLOT_BYTES) | 0;
    }
    return true;
  }

  /** Writes the statuses of jobs that were enciphered. */
  function sealed(jobs: number, count: number): number {
    const end = (jobs + count * JOB_BYTES) | 0;
    let slot = firstSlot;
    let succeeded = 0;
    for (let job = jobs | 0; job < end; job = (job + JOB_BYTES) | 0) {
      const at = job >>> 2;
      const to = slot >>> 2;
      const done = i32[to + (SLOT_STATUS >> 2)] === JOB_COMPLETED;
      i32[at + (JOB_STATUS >> 2)] = done ? STATUS_SUCCESS : STATUS_ERROR;
      succeeded = (succeeded + (done ? 1 : 0)) | 0;
      slot = (slot + SLOT_BYTES) | 0;
    }
    return succeeded;
  }

  /** Compares the tags of jobs that were deciphered with those that the library has made, and writes their statuses. */
  function opened(jobs: number, count: number): number {
    const end = (jobs + count * JOB_BYTES) | 0;
    let slot = firstSlot;
    let own = tags;
    let succeeded = 0;
    for (let job = jobs | 0; job < end; job = (job + JOB_BYTES) | 0) {
      const at = job >>> 2;
      const to = slot >>> 2;
      const made = own >>> 2;
      const tag = i32[at + (JOB_TAG >> 2)];
      const word = tag >>> 2;
      // A tag may begin at any byte of a word: each of its words is put together of two.
      const right = (tag & 3) << 3;
      const left = 31 - right;
      const b = i32[word + 1];
      const c = i32[word + 2];
      const d = i32[word + 3];
      const difference =
        (((i32[word] >>> right) | ((b << 1) << left)) ^ i32[made]) |
        (((b >>> right) | ((c << 1) << left)) ^ i32[made + 1]) |
        (((c >>> right) | ((d << 1) << left)) ^ i32[made + 2]) |
        (((d >>> right) | ((i32[word + 4] << 1) << left)) ^ i32[made + 3]) |
        (i32[to + (SLOT_STATUS >> 2)] ^ JOB_COMPLETED);
      i32[at + (JOB_STATUS >> 2)] = difference === 0 ? STATUS_SUCCESS : STATUS_ERROR;
      succeeded = (succeeded + (difference === 0 ? 1 : 0)) | 0;
      slot = (slot + SLOT_BYTES) | 0;
      own = (own + TAG_ROOM) | 0;
    }
    return succeeded;
  }

  return { fill, sealed, opened };
}

/**
 * Wipes what a job has deciphered, unless it is to be handed on all the same; gives its status.
 *
 * @param completed whether the library has done it, so that it is the tag which does not fit
 */
export function refuse({ i32, u8 }: Memory, job: number, completed: boolean, released: boolean): number {
  const at = job >> 2;
  const length = i32[at + (JOB_CIPHER_LENGTH >> 2)];
  if (length !== 0 && !(completed && released)) {
    const to = i32[at + (JOB_DESTINATION >> 2)] + i32[at + (JOB_CIPHER_OFFSET >> 2)];
    u8.fill(0, to, to + length);
  }
  return completed ? STATUS_AUTH_FAILED : STATUS_ERROR;
}
