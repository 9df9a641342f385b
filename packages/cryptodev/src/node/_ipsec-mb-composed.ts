/**
 * Jobs that the library cannot do as one, done one part after the other: CCM with a key of 24 bytes, with a long AAD or a
 * long message (SP 800-38C, from the library's CTR and CBC), a counter that runs over its lower 32 bits, and chains that
 * are enciphered from one place to another. Rare in ESP, and slower.
 */
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { tagsEqual } from '../_scratch.ts';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_AUTH_LENGTH,
  JOB_AUTH_OFFSET,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SOURCE,
  JOB_TAG,
  STATUS_AUTH_FAILED,
  STATUS_ERROR,
  STATUS_SUCCESS,
} from '../job.ts';
import { MAX_LANE_BYTES } from './_ipsec-mb-layout.ts';
import type { JobQueue } from './_ipsec-mb-queue.ts';
import type { IpsecMbSession } from './_ipsec-mb-sessions.ts';

const BLOCK = 16;
/** What is gathered before it is authenticated: as much as one job takes, in whole blocks. */
const GATHER_BYTES = Math.floor(MAX_LANE_BYTES / BLOCK) * BLOCK;
const GATHER_ROOM = GATHER_BYTES + 64;
const COUNTER = GATHER_ROOM;
const MAC = COUNTER + BLOCK;
const TAG = MAC + BLOCK;
const WORK_BYTES = TAG + 64;

export class ComposedJobs {
  readonly #memory: Memory;
  readonly #queue: JobQueue;
  readonly #zone: Memzone;
  /** Bytes gathered and not yet authenticated. */
  #gathered = 0;
  /** Whether the library has failed since the job began. */
  #failed = false;

  constructor(memory: Memory, queue: JobQueue, reserve: (bytes: number) => Memzone) {
    this.#memory = memory;
    this.#queue = queue;
    this.#zone = reserve(WORK_BYTES);
  }

  /** Does a job that has been checked; gives its status. */
  run(job: number, session: IpsecMbSession): number {
    this.#failed = false;
    const status = session.aead ? this.#ccm(job, session) : this.#chain(job, session);
    if (!this.#failed) return status;
    if (!session.encrypt) this.#wipe(job);
    return STATUS_ERROR;
  }

  #ccm(job: number, session: IpsecMbSession): number {
    const { u8, u32 } = this.#memory;
    const at = job >> 2;
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const from = u32[at + (JOB_SOURCE >> 2)] + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const tag = u32[at + (JOB_TAG >> 2)];
    const { encrypt, shape, release } = session;
    const counter = this.#zone.position + COUNTER;
    const mac = this.#zone.position + MAC;
    if (encrypt) this.#ccmMac(job, session, from, length);
    this.#ccmCounter(job, session, 1);
    if (length !== 0) this.#cipher(session, from, to, length, counter);
    if (!encrypt) this.#ccmMac(job, session, to, length);
    this.#ccmCounter(job, session, 0);
    this.#cipher(session, mac, mac, BLOCK, counter);
    if (encrypt) {
      u8.copyWithin(tag, mac, mac + shape.tagBytes);
      return STATUS_SUCCESS;
    }
    if (tagsEqual(u8.subarray(mac, mac + BLOCK), u8, tag, shape.tagBytes)) return STATUS_SUCCESS;
    if (length !== 0 && !release) u8.fill(0, to, to + length);
    return STATUS_AUTH_FAILED;
  }

  /** The counter block of that number (SP 800-38C section A.3). */
  #ccmCounter(job: number, { shape }: IpsecMbSession, number: number): void {
    const { u8, u32 } = this.#memory;
    const counter = this.#zone.position + COUNTER;
    const iv = u32[(job + JOB_IV) >> 2];
    u8.fill(0, counter, counter + BLOCK);
    u8[counter] = 14 - shape.ivBytes;
    u8.copyWithin(counter + 1, iv, iv + shape.ivBytes);
    u8[counter + BLOCK - 1] = number;
  }

  /** Leaves the CBC-MAC over nonce, AAD and plaintext in the workspace (SP 800-38C section A.2). */
  #ccmMac(job: number, session: IpsecMbSession, plaintext: number, length: number): void {
    const { u8, u32 } = this.#memory;
    const { ivBytes, tagBytes } = session.shape;
    const aadLength = u32[(job + JOB_AAD_LENGTH) >> 2];
    const iv = u32[(job + JOB_IV) >> 2];
    const first = this.#zone.position;
    const mac = this.#zone.position + MAC;
    u8.fill(0, mac, mac + BLOCK);
    u8.fill(0, first, first + BLOCK);
    u8[first] = (aadLength === 0 ? 0 : 0x40) | ((tagBytes - 2) << 2) | (14 - ivBytes);
    u8.copyWithin(first + 1, iv, iv + ivBytes);
    for (let i = BLOCK - 1, rest = length; i > ivBytes && rest > 0; i--, rest = Math.floor(rest / 256)) {
      u8[first + i] = rest;
    }
    this.#gathered = BLOCK;
    if (aadLength !== 0) {
      let next = first + BLOCK;
      if (aadLength >= 0xff00) {
        u8[next++] = 0xff;
        u8[next++] = 0xfe;
        u8[next++] = aadLength >>> 24;
        u8[next++] = aadLength >>> 16;
      }
      u8[next++] = aadLength >>> 8;
      u8[next++] = aadLength;
      this.#gathered = next - first;
      this.#absorb(session, u32[(job + JOB_AAD) >> 2], aadLength);
      this.#fillUp();
    }
    this.#absorb(session, plaintext, length);
    this.#fillUp();
    this.#authenticate(session);
  }

  #absorb(session: IpsecMbSession, position: number, length: number): void {
    const { u8 } = this.#memory;
    const gather = this.#zone.position;
    for (let done = 0; done < length; ) {
      if (this.#gathered === GATHER_BYTES) this.#authenticate(session);
      const part = Math.min(length - done, GATHER_BYTES - this.#gathered);
      u8.copyWithin(gather + this.#gathered, position + done, position + done + part);
      this.#gathered += part;
      done += part;
    }
  }

  /** Zeros to a whole block. */
  #fillUp(): void {
    const gather = this.#zone.position;
    const whole = Math.ceil(this.#gathered / BLOCK) * BLOCK;
    this.#memory.u8.fill(0, gather + this.#gathered, gather + whole);
    this.#gathered = whole;
  }

  /** Carries the MAC on over what is gathered. */
  #authenticate(session: IpsecMbSession): void {
    const length = this.#gathered;
    this.#gathered = 0;
    if (length === 0) return;
    const gather = this.#zone.position;
    const mac = gather + MAC;
    const { encKeys, decKeys } = session.keys;
    this.#do({ shape: session.tagging, encKeys, decKeys, source: gather, cipherLength: length, iv: mac });
    this.#memory.u8.copyWithin(mac, gather + length - BLOCK, gather + length);
  }

  #chain(job: number, session: IpsecMbSession): number {
    const { u8, u32 } = this.#memory;
    const at = job >> 2;
    const source = u32[at + (JOB_SOURCE >> 2)];
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const iv = u32[at + (JOB_IV >> 2)];
    const tag = u32[at + (JOB_TAG >> 2)];
    const from = source + offset;
    const to = u32[at + (JOB_DESTINATION >> 2)] + offset;
    const { encrypt, shape } = session;
    const { tagBytes } = shape;
    if (encrypt) {
      this.#cipherChain(session, from, to, length, iv);
      if (session.tagging === 0) return STATUS_SUCCESS;
      this.#gather(job, from, to, length);
      const made = this.#tag(session, this.#zone.position, u32[at + (JOB_AUTH_LENGTH >> 2)], iv);
      u8.copyWithin(tag, made, made + tagBytes);
      return STATUS_SUCCESS;
    }
    if (session.tagging !== 0) {
      const authFrom = source + u32[at + (JOB_AUTH_OFFSET >> 2)];
      const made = this.#tag(session, authFrom, u32[at + (JOB_AUTH_LENGTH >> 2)], iv);
      if (!tagsEqual(u8.subarray(made, made + tagBytes), u8, tag, tagBytes)) {
        if (length !== 0) u8.fill(0, to, to + length);
        return STATUS_AUTH_FAILED;
      }
    }
    this.#cipherChain(session, from, to, length, iv);
    return STATUS_SUCCESS;
  }

  #cipherChain(session: IpsecMbSession, from: number, to: number, length: number, iv: number): void {
    const { u8 } = this.#memory;
    if (length === 0) return;
    if (session.ciphering === 0) {
      if (from !== to) u8.copyWithin(to, from, from + length);
      return;
    }
    const before = session.counter ? BLOCK * blocksBeforeCarry(u8, iv) : length;
    if (before >= length) {
      this.#cipher(session, from, to, length, iv);
      return;
    }
    const counter = this.#zone.position + COUNTER;
    u8.copyWithin(counter, iv, iv + BLOCK);
    this.#cipher(session, from, to, before, counter);
    u8.fill(0, counter + 12, counter + BLOCK);
    for (let i = 11; i >= 0; i--) {
      u8[counter + i]++;
      if (u8[counter + i] !== 0) break;
    }
    this.#cipher(session, from + before, to + before, length - before, counter);
  }

  /** Puts together what is authenticated: the source, with what was enciphered from the destination. */
  #gather(job: number, from: number, to: number, length: number): void {
    const { u8, u32 } = this.#memory;
    const gather = this.#zone.position;
    const authLength = u32[(job + JOB_AUTH_LENGTH) >> 2];
    const authFrom = u32[(job + JOB_SOURCE) >> 2] + u32[(job + JOB_AUTH_OFFSET) >> 2];
    u8.copyWithin(gather, authFrom, authFrom + authLength);
    const begin = Math.max(authFrom, from);
    const end = Math.min(authFrom + authLength, from + length);
    if (begin < end) u8.copyWithin(gather + begin - authFrom, to + begin - from, to + end - from);
  }

  /** Makes a tag, and says where it lies. */
  #tag(session: IpsecMbSession, position: number, length: number, iv: number): number {
    const own = this.#zone.position + TAG;
    const { hashKeys } = session.keys;
    const hashFields = session.gmac ? [...hashKeys, iv] : hashKeys;
    this.#do({ shape: session.tagging, source: position, hashLength: length, tag: own, hashFields });
    return session.ownTag ? this.#queue.loneTag : own;
  }

  #cipher(session: IpsecMbSession, from: number, to: number, length: number, iv: number): void {
    const { encKeys, decKeys } = session.keys;
    this.#do({ shape: session.ciphering, encKeys, decKeys, source: from, destination: to, cipherLength: length, iv });
  }

  #do(job: Parameters<JobQueue['alone']>[0]): void {
    if (!this.#queue.alone(job)) this.#failed = true;
  }

  #wipe(job: number): void {
    const { u8, u32 } = this.#memory;
    const to = u32[(job + JOB_DESTINATION) >> 2] + u32[(job + JOB_CIPHER_OFFSET) >> 2];
    const length = u32[(job + JOB_CIPHER_LENGTH) >> 2];
    if (length !== 0) u8.fill(0, to, to + length);
  }
}

/** How many blocks a counter block can count before its lower 32 bits run over. */
export function blocksBeforeCarry(u8: Uint8Array, iv: number): number {
  const low = u8[iv + 12] * 0x100_0000 + ((u8[iv + 13] << 16) | (u8[iv + 14] << 8) | u8[iv + 15]);
  return 0x1_0000_0000 - low;
}
