import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_AUTH_LENGTH,
  JOB_AUTH_OFFSET,
  JOB_BYTES,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  STATUS_NOT_PROCESSED,
  STATUS_SUCCESS,
} from '@inline-ipsec/cryptodev/job';
import type { Memory } from '@inline-ipsec/eal/memory';
import { ESP_HEADER_BYTES } from '@inline-ipsec/net/esp';
import { BURST_HEADER, BURST_L3, BURST_LENGTH, BURST_SA, type PacketBurst } from './packet-burst.ts';
import * as layout from './sa-layout.ts';

const PLAIN_OR_INLINE = layout.SA_FLAG_PLAIN | layout.SA_FLAG_INLINE;
/** Bytes from ESP to what is enciphered, where the IV has 8. */
const PLAIN_OFFSET: number = ESP_HEADER_BYTES + 8;
/** Bytes kept for the nonce of each job. */
const NONCE_BYTES = 16;
/** The block counter that follows nonce and IV (RFC 3686 section 4), as its bytes lie in memory. */
const FIRST_BLOCK = 0x0100_0000;

/**
 * The crypto jobs of one lcore's burst: a table in the memory, and behind it a place for the nonce of each job. An ESP
 * packet looks the same to an engine on its way out and in, so one function makes the jobs of both.
 */
export class EspJobs {
  /** Position of the first job. */
  readonly position: number;
  readonly #memory: Memory;
  readonly #nonces: number;
  /** Position of a table of the SA that each job was last written for: what does not change from packet to packet is there. */
  readonly #shapes: number;
  /** What to add to the number of each job for its row. */
  readonly #shifts: Int8Array;
  readonly #fillPlain: (burst: PacketBurst, first: number, index: number) => number;
  /** Whether any of those is not 0. */
  #shifted = false;
  #count = 0;

  /** The table of that name in the memory, made with room for `capacity` jobs if it is not there yet. */
  constructor(memory: Memory, name: string, capacity: number) {
    const zone = memory.lookup(name) ?? memory.reserve(name, capacity * (JOB_BYTES + NONCE_BYTES + 4));
    this.#memory = memory;
    this.position = zone.position;
    this.#nonces = zone.position + capacity * JOB_BYTES;
    this.#shapes = this.#nonces + capacity * NONCE_BYTES;
    this.#shifts = new Int8Array(capacity);
    this.#fillPlain = fillPlainLoop(memory, this.position, this.#nonces, this.#shapes);
  }

  /** Jobs in the table. */
  get count(): number {
    return this.#count;
  }

  /** Empties the table. */
  clear(): void {
    this.#count = 0;
    if (this.#shifted) this.#shifts.fill(0);
    this.#shifted = false;
  }

  /**
   * Appends a job for each row from `first` on, up to one whose SA is not plain or inline.
   *
   * @returns that row
   */
  appendPlain(burst: PacketBurst, first: number): number {
    const row = this.#fillPlain(burst, first, this.#count);
    this.#claim(first, row);
    return row;
  }

  /** The next jobs are those of rows `first` to `end` - 1. */
  #claim(first: number, end: number): void {
    const index = this.#count;
    this.#count = index + end - first;
    if (first === index) return;
    this.#shifted = true;
    this.#shifts.fill(first - index, index, this.#count);
  }

  /** Appends a job for each of the rows `first` to `end` - 1, which are complete ESP packets of one SA. */
  append(burst: PacketBurst, first: number, end: number, sa: number): void {
    const { i32 } = this.#memory;
    const base = burst.position | 0;
    const flags = i32[(sa + layout.SA_FLAGS) >> 2];
    const ivInPacket = i32[(sa + layout.SA_NONCE) >> 2] === layout.NONCE_IN_PACKET;
    const outboundCbc = ivInPacket && (flags & layout.SA_FLAG_INBOUND) === 0;
    const cipherOffset = outboundCbc ? ESP_HEADER_BYTES : ESP_HEADER_BYTES + i32[(sa + layout.SA_IV_BYTES) >> 2];
    const notCiphered = (cipherOffset + i32[(sa + layout.SA_ICV_BYTES) >> 2]) | 0;
    const index = this.#count;
    const behind = index + end - first;
    this.#claim(first, end);
    this.#shapeRun(index, behind, sa, cipherOffset);
    let jobAt = (this.position + index * JOB_BYTES) | 0;
    let nonceAt = (this.#nonces + index * NONCE_BYTES) | 0;
    for (let at = base + (first << 2), stop = base + (end << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const l3 = i32[r + BURST_L3];
      const esp = (i32[r + BURST_HEADER] + l3) | 0;
      const ciphered = (i32[r + BURST_LENGTH] - l3 - notCiphered) | 0;
      const word = esp >> 2;
      const job = jobAt >> 2;
      const nonce = nonceAt >> 2;
      // The IV of the packet. An outbound CBC packet's own IV field is enciphered under a nonce that changes with the
      // sequence number, early in it, for a block may be 8 bytes only.
      i32[nonce + 1] = i32[word + (outboundCbc ? 1 : 2)];
      i32[nonce + 2] = outboundCbc ? 0 : i32[word + 3];
      i32[job + (JOB_SOURCE >> 2)] = esp;
      i32[job + (JOB_DESTINATION >> 2)] = esp;
      i32[job + (JOB_CIPHER_LENGTH >> 2)] = ciphered;
      i32[job + (JOB_AAD >> 2)] = esp;
      i32[job + (JOB_TAG >> 2)] = (esp + cipherOffset + ciphered) | 0;
      jobAt = (jobAt + JOB_BYTES) | 0;
      nonceAt = (nonceAt + NONCE_BYTES) | 0;
    }
    if ((flags & layout.SA_FLAG_AEAD) === 0)
      this.#completeChains(index, behind, cipherOffset, ivInPacket && !outboundCbc);
  }

  /** What a cipher with an integrity algorithm needs besides: the authenticated part, and the place of its IV. */
  #completeChains(index: number, behind: number, cipherOffset: number, ivInPacket: boolean): void {
    const { u32 } = this.#memory;
    for (; index < behind; index++) {
      const job = (this.position + index * JOB_BYTES) >> 2;
      u32[job + (JOB_AUTH_LENGTH >> 2)] = cipherOffset + u32[job + (JOB_CIPHER_LENGTH >> 2)];
      if (ivInPacket) u32[job + (JOB_IV >> 2)] = u32[job + (JOB_SOURCE >> 2)] + ESP_HEADER_BYTES;
    }
  }

  /** Makes the jobs `index` to `behind` - 1 such as are fit for an SA; most were before. */
  #shapeRun(index: number, behind: number, sa: number, cipherOffset: number): void {
    const { i32 } = this.#memory;
    const shapes = this.#shapes >> 2;
    while (index < behind && i32[shapes + index] === sa) index++;
    for (; index < behind; index++) this.#shape(index, sa, cipherOffset);
  }

  /** Writes what all jobs of an SA have in common. */
  #shape(index: number, sa: number, cipherOffset: number): void {
    const { u32 } = this.#memory;
    const job = (this.position + index * JOB_BYTES) >> 2;
    const nonce = this.#nonces + index * NONCE_BYTES;
    u32[(this.#shapes >> 2) + index] = sa;
    u32[nonce >> 2] = u32[(sa + layout.SA_SALT) >> 2];
    u32[(nonce >> 2) + 3] = FIRST_BLOCK;
    u32[job + (JOB_SESSION >> 2)] = u32[(sa + layout.SA_SESSION) >> 2];
    u32[job + (JOB_CIPHER_OFFSET >> 2)] = cipherOffset;
    u32[job + (JOB_AUTH_OFFSET >> 2)] = 0;
    u32[job + (JOB_IV >> 2)] = u32[(sa + layout.SA_NONCE) >> 2] === layout.NONCE_CCM ? nonce + 1 : nonce;
    u32[job + (JOB_AAD_LENGTH >> 2)] = ESP_HEADER_BYTES;
  }

  /**
   * The status of job number `index`, a `STATUS_` value.
   *
   * @param succeeded what the engine returned for all jobs: after 0 no status means success, as the engine may have
   * refused to look at any job
   */
  status(index: number, succeeded: number): number {
    const status = this.#memory.u32[(this.position + index * JOB_BYTES + JOB_STATUS) >> 2];
    return succeeded === 0 && status === STATUS_SUCCESS ? STATUS_NOT_PROCESSED : status;
  }

  /** The row that job number `index` was made for. */
  row(index: number): number {
    return index + this.#shifts[index];
  }
}

/**
 * Writes the jobs from number `index` on for the rows from `first` on, up to one whose SA is not plain or inline. Returns
 * that row.
 */
function fillPlainLoop(
  { i32 }: Memory,
  jobs: number,
  nonces: number,
  shapes: number,
): (burst: PacketBurst, first: number, index: number) => number {
  return (burst: PacketBurst, first: number, index: number): number => {
    const base = burst.position | 0;
    let jobAt = (jobs + index * JOB_BYTES) | 0;
    let nonceAt = (nonces + index * NONCE_BYTES) | 0;
    let shapeAt = (shapes + 4 * index) | 0;
    let owner = 0;
    let notCiphered = 0;
    let at = base + (first << 2);
    for (const stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const sa = i32[r + BURST_SA];
      if (sa !== owner) {
        if ((i32[(sa + layout.SA_FLAGS) >> 2] & PLAIN_OR_INLINE) !== layout.SA_FLAG_PLAIN) break;
        owner = sa;
        notCiphered = (PLAIN_OFFSET + i32[(sa + layout.SA_ICV_BYTES) >> 2]) | 0;
      }
      const job = jobAt >> 2;
      const nonce = nonceAt >> 2;
      if (i32[shapeAt >> 2] !== sa) {
        i32[shapeAt >> 2] = sa;
        i32[nonce] = i32[(sa + layout.SA_SALT) >> 2];
        i32[job + (JOB_SESSION >> 2)] = i32[(sa + layout.SA_SESSION) >> 2];
        i32[job + (JOB_CIPHER_OFFSET >> 2)] = PLAIN_OFFSET;
        i32[job + (JOB_IV >> 2)] = nonceAt;
        i32[job + (JOB_AAD_LENGTH >> 2)] = ESP_HEADER_BYTES;
      }
      const l3 = i32[r + BURST_L3];
      const esp = (i32[r + BURST_HEADER] + l3) | 0;
      const ciphered = (i32[r + BURST_LENGTH] - l3 - notCiphered) | 0;
      const word = esp >> 2;
      i32[nonce + 1] = i32[word + 2];
      i32[nonce + 2] = i32[word + 3];
      i32[job + (JOB_SOURCE >> 2)] = esp;
      i32[job + (JOB_DESTINATION >> 2)] = esp;
      i32[job + (JOB_CIPHER_LENGTH >> 2)] = ciphered;
      i32[job + (JOB_AAD >> 2)] = esp;
      i32[job + (JOB_TAG >> 2)] = (esp + PLAIN_OFFSET + ciphered) | 0;
      jobAt = (jobAt + JOB_BYTES) | 0;
      nonceAt = (nonceAt + NONCE_BYTES) | 0;
      shapeAt = (shapeAt + 4) | 0;
    }
    return (at - base) >> 2;
  };
}
