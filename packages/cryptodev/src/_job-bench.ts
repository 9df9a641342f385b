import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { hexOf } from './_hex.ts';
import { unsupported } from './capabilities.ts';
import type { CryptoDirection, CryptoTransform, Engine } from './engine.ts';
import { JOB_BYTES, JOB_USER, STATUS_AUTH_FAILED, STATUS_SUCCESS } from './job.ts';
import { jobStatus, writeJob } from './job-fields.ts';
import type { AeadVector, AuthVector, CipherVector, Vector } from './vector.ts';

const EMPTY = new Uint8Array(0);
const IV_AT = JOB_BYTES;
const TAG_AT = IV_AT + 16;
const AAD_AT = 256;
const AAD_ROOM = 3840;
const SOURCE_AT = AAD_AT + AAD_ROOM;
const ROOM = 12 * 1024;
const DESTINATION_AT = SOURCE_AT + ROOM;
const BENCH_BYTES = DESTINATION_AT + ROOM;
/** A little before each buffer and behind it is kept to see whether it is touched. */
const MARGIN = 32;
const MARK = 0xa5;
const USER = 0x7573_6572;

/** One message to be put through an engine. */
export interface BenchMessage {
  readonly source: Uint8Array;
  readonly cipherOffset?: number;
  readonly cipherLength?: number;
  readonly authOffset?: number;
  readonly authLength?: number;
  readonly iv?: Uint8Array;
  readonly aad?: Uint8Array;
  /** Read when decrypting. */
  readonly tag?: Uint8Array;
  /** Written elsewhere than where it is read. Default: in place. */
  readonly apart?: boolean;
  /** Bytes that the buffers are moved by, to see every alignment. */
  readonly shift?: number;
}

/** What came of it. */
export interface BenchResult {
  readonly status: number;
  /** The destination, as long as the source. */
  readonly output: Uint8Array;
  readonly tag: Uint8Array;
}

/** A place in the memory where single jobs are tried. Everything about it may throw: it is for tests and set-up. */
export class JobBench {
  readonly engine: Engine;
  readonly #memory: Memory;
  readonly #zone: Memzone;

  constructor(engine: Engine) {
    this.engine = engine;
    this.#memory = engine.memory;
    this.#zone = reserveBench(engine.memory);
  }

  close(): void {
    this.#memory.free(this.#zone);
  }

  /** Does one job with a session of `transform` and looks for bytes that changed and should not have. */
  once(transform: CryptoTransform, message: BenchMessage): BenchResult {
    const session = this.engine.createSession(transform);
    try {
      return this.run(session, message, transform.kind === 'aead' ? transform.tagBytes : transform.auth.tagBytes);
    } finally {
      this.engine.destroySession(session);
    }
  }

  /** Does one job with a session that is there. */
  run(session: number, message: BenchMessage, tagBytes: number): BenchResult {
    const { u8, u32 } = this.#memory;
    const base = this.#zone.position;
    const { source, iv = EMPTY, aad = EMPTY, tag = EMPTY, apart = false, shift = 0 } = message;
    const { cipherOffset = 0, cipherLength = source.length - cipherOffset } = message;
    const { authOffset = 0, authLength = source.length - authOffset } = message;
    if (source.length > ROOM - 3 * MARGIN || aad.length > AAD_ROOM) throw new RangeError('the message is too long');
    const window = source.length + 2 * MARGIN + 4;
    u8.fill(MARK, base + IV_AT, base + AAD_AT);
    u8.fill(MARK, base + SOURCE_AT, base + SOURCE_AT + window);
    u8.fill(MARK, base + DESTINATION_AT, base + DESTINATION_AT + window);
    const sourceAt = base + SOURCE_AT + MARGIN + shift;
    const destinationAt = apart ? base + DESTINATION_AT + MARGIN + shift : sourceAt;
    u8.set(iv, base + IV_AT);
    u8.set(tag, base + TAG_AT);
    u8.set(aad, base + AAD_AT);
    u8.set(source, sourceAt);
    writeJob(this.#memory, base, {
      session,
      source: sourceAt,
      destination: destinationAt,
      cipherOffset,
      cipherLength,
      authOffset,
      authLength,
      iv: base + IV_AT,
      aad: base + AAD_AT,
      aadLength: aad.length,
      tag: base + TAG_AT,
      user: USER,
    });
    const succeeded = this.engine.process(base, 1);
    const status = jobStatus(this.#memory, base);
    const output = u8.slice(destinationAt, destinationAt + source.length);
    const result = { status, output, tag: u8.slice(base + TAG_AT, base + TAG_AT + tagBytes) };
    if (succeeded !== (status === STATUS_SUCCESS ? 1 : 0))
      throw new Error(`process returned ${succeeded} of 1, status ${status}`);
    if (u32[(base + JOB_USER) >>> 2] !== USER) throw new Error('the user field of the job was changed');
    const from = destinationAt + cipherOffset;
    this.#unchanged('before the destination', destinationAt - MARGIN, apart ? from : destinationAt);
    this.#unchanged(
      'behind the destination',
      apart ? from + cipherLength : sourceAt + source.length,
      destinationAt + source.length + MARGIN,
    );
    const kept = apart ? 0 : cipherOffset;
    same('what lies before the cipher range', output.subarray(0, kept), source.subarray(0, kept));
    if (apart) same('the source after work out of place', u8.slice(sourceAt, sourceAt + source.length), source);
    this.#unchanged('behind the tag', base + TAG_AT + Math.max(tagBytes, tag.length), base + AAD_AT);
    return result;
  }

  /**
   * Puts a vector through the engine: both directions, in place and apart, and decryption again with the tag spoiled.
   *
   * @returns why the engine cannot do this vector, or undefined when it has
   * @throws Error when an answer is wrong
   */
  answer(vector: Vector): string | undefined {
    const reason = unsupported(this.engine, transformOf(vector, 'encrypt'));
    if (reason !== undefined) return reason.message;
    if (vector.kind === 'aead') this.#answerAead(vector);
    else if (vector.kind === 'cipher') this.#answerCipher(vector);
    else if (vector.message.length === 0) return 'a job authenticates at least one byte';
    else this.#answerAuth(vector);
    return undefined;
  }

  #answerAead(vector: AeadVector): void {
    const { iv, aad, plaintext, ciphertext, tag } = vector;
    for (const apart of [false, true]) {
      if (plaintext !== undefined) {
        const sealed = this.once(transformOf(vector, 'encrypt'), { source: plaintext, iv, aad, apart });
        expectStatus(sealed.status, STATUS_SUCCESS);
        same('ciphertext', sealed.output, ciphertext);
        same('tag', sealed.tag, tag);
      }
      const opened = this.once(transformOf(vector, 'decrypt'), { source: ciphertext, iv, aad, tag, apart });
      expectStatus(opened.status, plaintext === undefined ? STATUS_AUTH_FAILED : STATUS_SUCCESS);
      same('plaintext', opened.output, plaintext ?? new Uint8Array(ciphertext.length));
    }
    const spoiled = this.once(transformOf(vector, 'decrypt'), { source: ciphertext, iv, aad, tag: spoil(tag) });
    if (plaintext !== undefined) expectStatus(spoiled.status, STATUS_AUTH_FAILED);
  }

  #answerCipher(vector: CipherVector): void {
    const { iv, plaintext, ciphertext } = vector;
    for (const apart of [false, true]) {
      const enciphered = this.once(transformOf(vector, 'encrypt'), { source: plaintext, iv, apart });
      expectStatus(enciphered.status, STATUS_SUCCESS);
      same('ciphertext', enciphered.output, ciphertext);
      const deciphered = this.once(transformOf(vector, 'decrypt'), { source: ciphertext, iv, apart });
      expectStatus(deciphered.status, STATUS_SUCCESS);
      same('plaintext', deciphered.output, plaintext);
    }
  }

  #answerAuth(vector: AuthVector): void {
    const { iv, message: source, tag } = vector;
    const made = this.once(transformOf(vector, 'encrypt'), { source, cipherLength: 0, iv });
    expectStatus(made.status, STATUS_SUCCESS);
    same('tag', made.tag, tag);
    const good = this.once(transformOf(vector, 'decrypt'), { source, cipherLength: 0, iv, tag });
    expectStatus(good.status, STATUS_SUCCESS);
    const bad = this.once(transformOf(vector, 'decrypt'), { source, cipherLength: 0, iv, tag: spoil(tag) });
    expectStatus(bad.status, STATUS_AUTH_FAILED);
  }

  #unchanged(where: string, from: number, to: number): void {
    const { u8 } = this.#memory;
    for (let i = from; i < to; i++) if (u8[i] !== MARK) throw new Error(`a byte ${where} was changed`);
  }
}

/** The session that a vector needs. */
export function transformOf(vector: Vector, direction: CryptoDirection): CryptoTransform {
  const { key, iv } = vector;
  if (vector.kind === 'aead') {
    return {
      kind: 'aead',
      direction,
      algorithm: vector.algorithm,
      key,
      ivBytes: iv.length,
      tagBytes: vector.tag.length,
    };
  }
  if (vector.kind === 'cipher') {
    return {
      kind: 'chain',
      direction,
      cipher: { algorithm: vector.algorithm, key, ivBytes: iv.length },
      auth: { algorithm: 'null', key: EMPTY, tagBytes: 0 },
    };
  }
  return {
    kind: 'chain',
    direction,
    cipher: { algorithm: 'null', key: EMPTY, ivBytes: 0 },
    auth: { algorithm: vector.algorithm, key, tagBytes: vector.tag.length },
  };
}

/** @throws Error when two runs of bytes differ; it shows both */
export function same(what: string, got: Uint8Array, expected: Uint8Array): void {
  if (got.length === expected.length && got.every((byte, i) => byte === expected[i])) return;
  throw new Error(`${what}: expected ${hexOf(expected) || 'nothing'}, got ${hexOf(got) || 'nothing'}`);
}

/** @throws Error when a job has another status */
export function expectStatus(got: number, expected: number): void {
  if (got !== expected) throw new Error(`status: expected ${expected}, got ${got}`);
}

/** A copy with its last bit turned over. */
export function spoil(tag: Uint8Array): Uint8Array {
  const copy = new Uint8Array(tag);
  copy[copy.length - 1] ^= 1;
  return copy;
}

/** Threads that open engines at the same time take different names. */
function reserveBench(memory: Memory): Memzone {
  for (let n = 0; ; n++) {
    try {
      return memory.reserve(`CRYPTO_BENCH_${n}`, BENCH_BYTES);
    } catch (error) {
      if (!(error instanceof SetupError && error.code === 'ERR_MEMZONE_EXISTS')) throw error;
    }
  }
}
