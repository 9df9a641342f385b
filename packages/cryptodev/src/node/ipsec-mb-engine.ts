/**
 * The engine `ipsec-mb`: Intel's libIPSec_MB, the library under DPDK's crypto_aesni_mb and crypto_aesni_gcm, called
 * through koffi once a burst.
 *
 * The library's manager lies in the one memory, so that its jobs are written from here as all other state is: most fields
 * stay as they are from burst to burst. It needs native memory, x86-64, and a version of the library whose layout is
 * known. The library does not check jobs that are submitted this way; each is checked here before.
 *
 * Keys: expanded keys lie in memzones of the engine and are zeroed when their session goes.
 */
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { jobIsSound } from '../_job-check.ts';
import { AES_AND_HMAC_CAPABILITIES, DES_CAPABILITIES } from '../_library-capabilities.ts';
import { SessionTable } from '../_session-table.ts';
import type { CryptoTransform, Engine, EngineCapability, EngineOptions } from '../engine.ts';
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
  STATUS_ERROR,
  STATUS_INVALID_ARGS,
  STATUS_INVALID_SESSION,
  STATUS_SUCCESS,
} from '../job.ts';
import { blocksBeforeCarry, ComposedJobs } from './_ipsec-mb-composed.ts';
import { IpsecMbKeys } from './_ipsec-mb-keys.ts';
import { JOB_COMPLETED } from './_ipsec-mb-layout.ts';
import { IpsecMbLibrary } from './_ipsec-mb-library.ts';
import { BURST, JobQueue } from './_ipsec-mb-queue.ts';
import {
  FLAG_ENCRYPT,
  FLAG_OWN_TAG,
  FLAG_RELEASE,
  KIND_AEAD,
  KIND_CHAIN,
  KIND_NONE,
  ROW_AAD_MAX,
  ROW_DEC_KEYS,
  ROW_ENC_KEYS,
  ROW_FLAGS,
  ROW_IV_BYTES,
  ROW_KIND,
  ROW_LENGTH_MAX,
  ROW_SHAPE,
  ROW_SHIFT,
  ROW_TAG_BYTES,
  SessionRows,
} from './_ipsec-mb-rows.ts';
import { type IpsecMbSession, sessionOf } from './_ipsec-mb-sessions.ts';
import { refuse, StraightBursts } from './_ipsec-mb-straight.ts';
import { loadKoffi } from './_koffi.ts';

/**
 * Makes the engine `ipsec-mb`.
 *
 * @param memory native memory, in which its jobs and their buffers lie; it takes about half a megabyte of it
 * @throws SetupError `ERR_CRYPTO_MEMORY` (ENOTSUP) for memory that native code cannot see, `ERR_CRYPTO_KOFFI`,
 * `ERR_IPSEC_MB_ABSENT` or `ERR_IPSEC_MB_START` (ENODEV), `ERR_IPSEC_MB_VERSION` (ENOTSUP)
 */
export function createIpsecMbEngine(memory: Memory, options: EngineOptions = {}): Engine {
  // What has to be installed is said before anything else.
  const library = new IpsecMbLibrary(loadKoffi());
  requireNative(memory);
  return new IpsecMbEngine(memory, library, options);
}

function requireNative({ address }: Memory): void {
  if (address !== 0) return;
  throw new SetupError({
    code: 'ERR_CRYPTO_MEMORY',
    errno: 'ENOTSUP',
    message: 'libIPSec_MB cannot see memory that has no address',
    expected: 'native memory',
    got: 'portable memory',
    remedy: 'on Linux with koffi use native memory, or use another engine',
  });
}

/** What {@link IpsecMbEngine} has done with a job beyond a status. */
const IN_SLOT = -1;
const COMPOSE = -2;

/** The engine over a library that has been loaded. */
export class IpsecMbEngine implements Engine {
  readonly name = 'ipsec-mb';
  readonly memory: Memory;
  readonly capabilities: readonly EngineCapability[] = [...AES_AND_HMAC_CAPABILITIES, ...DES_CAPABILITIES];
  readonly #queue: JobQueue;
  readonly #keys: IpsecMbKeys;
  readonly #composed: ComposedJobs;
  readonly #sessions: SessionTable<IpsecMbSession>;
  readonly #rows: SessionRows;
  readonly #straight: StraightBursts;
  /** The job in each slot. */
  readonly #slotJobs: Int32Array = new Int32Array(BURST);
  /** Its session where the tag is the slot's own, otherwise 0. */
  readonly #slotSessions: Int32Array = new Int32Array(BURST);
  readonly #zones: Memzone[] = [];

  constructor(memory: Memory, library: IpsecMbLibrary, options: EngineOptions = {}) {
    this.memory = memory;
    const reserve = (bytes: number): Memzone => {
      const zone = reserveZone(memory, bytes);
      this.#zones.push(zone);
      return zone;
    };
    try {
      this.#queue = new JobQueue(memory, library, reserve);
      this.#keys = new IpsecMbKeys(memory, this.#queue.manager, reserve);
      this.#composed = new ComposedJobs(memory, this.#queue, reserve);
      this.#rows = new SessionRows(memory, reserve, (zone) => {
        this.#zones.splice(this.#zones.indexOf(zone), 1);
        memory.free(zone);
      });
      this.#straight = new StraightBursts(memory, this.#queue, this.#rows);
    } catch (error) {
      this.#freeZones();
      throw error;
    }
    this.#sessions = new SessionTable(this, options.maxSessions);
  }

  createSession(transform: CryptoTransform): number {
    return this.#sessions.add(transform, (number) => {
      const session = sessionOf(transform, this.#keys.expand(number, transform), this.#queue.shapes);
      this.#rows.write(number, session);
      return session;
    });
  }

  destroySession(session: number): void {
    this.#sessions.remove(session);
    this.#rows.wipe(session);
    this.#keys.wipe(session);
  }

  close(): void {
    this.#sessions.close(() => {});
    this.#freeZones();
  }

  /** Memzones are wiped when they are given back. */
  #freeZones(): void {
    for (const zone of this.#zones.splice(0)) this.memory.free(zone);
  }

  process(jobs: number, count: number): number {
    if (jobs === 0 || (jobs & 3) !== 0 || jobs + count * JOB_BYTES > this.memory.bytes) return 0;
    let succeeded = 0;
    for (let first = 0; first < count; first += BURST) {
      const part = Math.min(BURST, count - first);
      const straight = this.#straight.run(jobs + first * JOB_BYTES, part);
      succeeded += straight >= 0 ? straight : this.#burst(jobs + first * JOB_BYTES, part);
    }
    return succeeded;
  }

  /** Puts jobs into slots, has them done, and writes their statuses. */
  #burst(jobs: number, count: number): number {
    const { i32, bytes } = this.memory;
    const queue = this.#queue;
    const { low, words, stride, firstWord } = queue;
    const { encKeys, decKeys, source, destination, cipherLength, hashLength, iv, tag, hashFields, status } = words;
    const split = queue.boundary < bytes;
    const { position: rows, count: rowCount } = this.#rows;
    const slotJobs = this.#slotJobs;
    const slotSessions = this.#slotSessions;
    const end = jobs + count * JOB_BYTES;
    let succeeded = 0;
    let slots = 0;
    let word = firstWord;
    let session = 0;
    let kind = KIND_NONE;
    let shape = 0;
    let encrypt = false;
    let ownTag = 0;
    let encKeysAt = 0;
    let decKeysAt = 0;
    let tagBytes = 0;
    let ivLimit = 0;
    let tagLimit = 0;
    let lengthMax = 0;
    let aadMax = 0;
    for (let job = jobs; job < end; job += JOB_BYTES) {
      const at = job >> 2;
      const wanted = i32[at + (JOB_SESSION >> 2)];
      if (wanted !== session) {
        session = wanted;
        if (session >>> 0 >= rowCount) {
          kind = KIND_NONE;
        } else {
          const row = (rows + (session << ROW_SHIFT)) >> 2;
          kind = i32[row + ROW_KIND];
          shape = i32[row + ROW_SHAPE];
          const flags = i32[row + ROW_FLAGS];
          encrypt = (flags & FLAG_ENCRYPT) !== 0;
          ownTag = (flags & FLAG_OWN_TAG) !== 0 ? session : 0;
          encKeysAt = i32[row + ROW_ENC_KEYS];
          decKeysAt = i32[row + ROW_DEC_KEYS];
          tagBytes = i32[row + ROW_TAG_BYTES];
          ivLimit = bytes - i32[row + ROW_IV_BYTES];
          tagLimit = bytes - tagBytes;
          lengthMax = i32[row + ROW_LENGTH_MAX];
          aadMax = i32[row + ROW_AAD_MAX];
        }
      }
      let outcome = STATUS_INVALID_SESSION;
      if (kind === KIND_AEAD) {
        const from = i32[at + (JOB_SOURCE >> 2)];
        const to = i32[at + (JOB_DESTINATION >> 2)];
        const offset = i32[at + (JOB_CIPHER_OFFSET >> 2)];
        const length = i32[at + (JOB_CIPHER_LENGTH >> 2)];
        const ivAt = i32[at + (JOB_IV >> 2)];
        const aad = i32[at + (JOB_AAD >> 2)];
        const aadLength = i32[at + (JOB_AAD_LENGTH >> 2)];
        const tagAt = i32[at + (JOB_TAG >> 2)];
        const start = (from + offset) | 0;
        const target = (to + offset) | 0;
        const covered = encrypt ? target : start;
        // What nearly every job is: nothing empty, all ranges in the memory, in place or apart, the tag outside. As
        // unsigned numbers 0 and negative ones are great when 1 is taken from them. The others are looked at one by one.
        if (
          (length - 1) >>> 0 < lengthMax &&
          from > 0 &&
          offset >= 0 &&
          start >>> 0 <= bytes - length &&
          (from === to || (to > 0 && target >>> 0 <= bytes - length && (from - to >= length || to - from >= length))) &&
          (ivAt - 1) >>> 0 < ivLimit &&
          (tagAt - 1) >>> 0 < tagLimit &&
          (tagAt - covered >= length || covered - tagAt >= tagBytes) &&
          (aadLength - 1) >>> 0 < aadMax &&
          (aad - 1) >>> 0 < bytes - aadLength
        ) {
          queue.dress(slots, shape);
          i32[word + encKeys] = (low + encKeysAt) | 0;
          i32[word + decKeys] = (low + decKeysAt) | 0;
          i32[word + source] = (low + start) | 0;
          i32[word + destination] = (low + target) | 0;
          i32[word + cipherLength] = length;
          i32[word + hashLength] = length;
          i32[word + iv] = (low + ivAt) | 0;
          if (ownTag === 0) i32[word + tag] = (low + tagAt) | 0;
          i32[word + hashFields] = (low + aad) | 0;
          i32[word + hashFields + 2] = aadLength;
          i32[word + status] = 0;
          if (split) this.#aeadPointers(word, session, start, target, ivAt, tagAt, aad);
          outcome = IN_SLOT;
        } else outcome = this.#unusualAead(job, session, slots);
      } else if (kind === KIND_CHAIN) outcome = this.#chain(job, session, slots);

      if (outcome === COMPOSE) {
        succeeded += this.#finish(slots);
        slots = 0;
        word = firstWord;
        outcome = this.#compose(job, session);
      }
      if (outcome === IN_SLOT) {
        slotJobs[slots] = job;
        slotSessions[slots] = ownTag;
        slots++;
        word += stride;
      } else {
        i32[at + (JOB_STATUS >> 2)] = outcome;
        if (outcome === STATUS_SUCCESS) succeeded++;
      }
    }
    return succeeded + this.#finish(slots);
  }

  /** Has the jobs in the first slots done, and writes their statuses. */
  #finish(slots: number): number {
    if (slots === 0) return 0;
    const { i32 } = this.memory;
    const queue = this.#queue;
    queue.run(slots);
    let succeeded = 0;
    let word = queue.firstWord + queue.words.status;
    for (let slot = 0; slot < slots; slot++, word += queue.stride) {
      const job = this.#slotJobs[slot];
      const session = this.#slotSessions[slot];
      let status = i32[word] === JOB_COMPLETED ? STATUS_SUCCESS : STATUS_ERROR;
      if (session !== 0) status = this.#tag(slot, job, session, status);
      i32[(job + JOB_STATUS) >> 2] = status;
      if (status === STATUS_SUCCESS) succeeded++;
    }
    return succeeded;
  }

  /** Copies or compares the tag that the library has written to a slot's own place. */
  #tag(slot: number, job: number, number: number, status: number): number {
    const { i32, u8 } = this.memory;
    const tagBytes = this.#rows.at(number, ROW_TAG_BYTES);
    const flags = this.#rows.at(number, ROW_FLAGS);
    const own = this.#queue.tagOf(slot);
    const tagAt = i32[(job + JOB_TAG) >> 2];
    if ((flags & FLAG_ENCRYPT) !== 0) {
      if (status === STATUS_SUCCESS) for (let i = 0; i < tagBytes; i++) u8[tagAt + i] = u8[own + i];
      return status;
    }
    let difference = 0;
    if (((tagAt | tagBytes) & 3) === 0) {
      const [a, b] = [own >> 2, tagAt >> 2];
      for (let i = 0; i < tagBytes >> 2; i++) difference |= i32[a + i] ^ i32[b + i];
    } else for (let i = 0; i < tagBytes; i++) difference |= u8[own + i] ^ u8[tagAt + i];
    if (difference === 0 && status === STATUS_SUCCESS) return status;
    return refuse(this.memory, job, status === STATUS_SUCCESS, (flags & FLAG_RELEASE) !== 0);
  }

  /** An AEAD's job with no message, no AAD, or something wrong with it. */
  #unusualAead(job: number, number: number, slot: number): number {
    const { i32, u32, bytes } = this.memory;
    const session = this.#sessions.entries[number];
    if (session === undefined || !jobIsSound(u32, bytes, job, session.shape)) return STATUS_INVALID_ARGS;
    const at = job >> 2;
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const aadLength = u32[at + (JOB_AAD_LENGTH >> 2)];
    if (length > session.lengthMax || aadLength > session.aadMax) return COMPOSE;
    const queue = this.#queue;
    const { words } = queue;
    const word = queue.firstWord + slot * queue.stride;
    const tagAt = u32[at + (JOB_TAG >> 2)];
    const ivAt = u32[at + (JOB_IV >> 2)];
    const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
    // What is empty may lie anywhere, so it is put to a place that is there.
    const from = length === 0 ? tagAt : u32[at + (JOB_SOURCE >> 2)] + offset;
    const to = length === 0 ? tagAt : u32[at + (JOB_DESTINATION >> 2)] + offset;
    const aad = aadLength === 0 ? ivAt : u32[at + (JOB_AAD >> 2)];
    queue.dress(slot, session.whole);
    i32[word + words.cipherLength] = length;
    i32[word + words.hashLength] = length;
    i32[word + words.hashFields + 2] = aadLength;
    i32[word + words.status] = 0;
    this.#aeadPointers(word, number, from, to, ivAt, tagAt, aad);
    return IN_SLOT;
  }

  /** Writes all pointers of an AEAD's job, both halves of each. */
  #aeadPointers(
    word: number,
    number: number,
    from: number,
    to: number,
    ivAt: number,
    tagAt: number,
    aad: number,
  ): void {
    const queue = this.#queue;
    const { words } = queue;
    queue.pointer(word + words.encKeys, this.#rows.at(number, ROW_ENC_KEYS));
    queue.pointer(word + words.decKeys, this.#rows.at(number, ROW_DEC_KEYS));
    queue.pointer(word + words.source, from);
    queue.pointer(word + words.destination, to);
    queue.pointer(word + words.iv, ivAt);
    if ((this.#rows.at(number, ROW_FLAGS) & FLAG_OWN_TAG) === 0) queue.pointer(word + words.tag, tagAt);
    queue.pointer(word + words.hashFields, aad);
  }

  /** A job of a cipher with an integrity algorithm, or of one of the two. */
  #chain(job: number, number: number, slot: number): number {
    const { i32, u8, u32, bytes } = this.memory;
    const session = this.#sessions.entries[number];
    if (session === undefined || !jobIsSound(u32, bytes, job, session.shape)) return STATUS_INVALID_ARGS;
    const at = job >> 2;
    const { encrypt, keys, whole, gmac, ownTag } = session;
    const from = u32[at + (JOB_SOURCE >> 2)];
    const to = u32[at + (JOB_DESTINATION >> 2)];
    const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
    const authLength = session.tagging === 0 ? 0 : u32[at + (JOB_AUTH_LENGTH >> 2)];
    const ivAt = u32[at + (JOB_IV >> 2)];
    if (authLength > session.authMax) return STATUS_INVALID_ARGS;
    const ciphers = session.ciphering !== 0;
    // NULL moves bytes, and is not the library's work.
    if (whole === 0 || (!ciphers && from !== to && length !== 0)) return COMPOSE;
    if (ciphers && encrypt && authLength !== 0 && from !== to) return COMPOSE;
    if (session.counter && u8[ivAt + 12] === 0xff && 16 * blocksBeforeCarry(u8, ivAt) < length) return COMPOSE;
    const queue = this.#queue;
    const { words } = queue;
    const word = queue.firstWord + slot * queue.stride;
    const offset = ciphers ? u32[at + (JOB_CIPHER_OFFSET >> 2)] : 0;
    queue.dress(slot, whole);
    queue.pointer(word + words.encKeys, keys.encKeys);
    queue.pointer(word + words.decKeys, keys.decKeys);
    queue.pointer(word + words.source, from);
    queue.pointer(word + words.destination, ciphers ? to + offset : from);
    queue.pointer(word + words.iv, ivAt);
    if (!ownTag) queue.pointer(word + words.tag, u32[at + (JOB_TAG >> 2)]);
    i32[word + words.cipherOffset] = offset;
    i32[word + words.cipherLength] = ciphers ? length : 0;
    i32[word + words.hashOffset] = authLength === 0 ? 0 : u32[at + (JOB_AUTH_OFFSET >> 2)];
    i32[word + words.hashLength] = authLength;
    const { hashKeys } = keys;
    for (let i = 0; i < hashKeys.length; i++) queue.pointer(word + words.hashFields + 2 * i, hashKeys[i]);
    if (gmac) queue.pointer(word + words.hashFields + 2, ivAt);
    i32[word + words.status] = 0;
    return IN_SLOT;
  }

  #compose(job: number, number: number): number {
    const session = this.#sessions.entries[number];
    return session === undefined ? STATUS_INVALID_SESSION : this.#composed.run(job, session);
  }
}

/** Threads that open engines at the same time take different names. */
function reserveZone(memory: Memory, bytes: number): Memzone {
  for (let n = 0; ; n++) {
    try {
      return memory.reserve(`IPSEC_MB_${n}`, bytes);
    } catch (error) {
      if (!(error instanceof SetupError && error.code === 'ERR_MEMZONE_EXISTS')) throw error;
    }
  }
}
