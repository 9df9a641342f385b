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
} from './job.ts';

/** What a session asks of its jobs: all that can be checked without looking at the packet. Lengths in bytes. */
export interface JobShape {
  readonly aead: boolean;
  readonly encrypt: boolean;
  /** What the cipher length is a multiple of: 16 or 8 for CBC, otherwise 1. */
  readonly block: number;
  /** The least cipher length: 1 for a cipher without AEAD, since there it would do nothing. */
  readonly cipherMin: number;
  /** The greatest cipher length that the algorithm can count. */
  readonly cipherMax: number;
  /** What is read from the IV's position; 0 when the algorithm takes no IV. */
  readonly ivBytes: number;
  /** A chain with an integrity algorithm, whose auth range must not be empty: a tag over nothing protects nothing. */
  readonly auth: boolean;
  /** What is written to, or read from, the tag's position; 0 for none. */
  readonly tagBytes: number;
}

/**
 * True when every position and length of a job can be used: all ranges lie in the memory and not at position 0, source
 * and destination are the same or apart, the tag is not among the bytes that are enciphered.
 *
 * @param bytes length of the memory
 */
export function jobIsSound(u32: Uint32Array, bytes: number, job: number, shape: JobShape): boolean {
  const at = job >> 2;
  const source = u32[at + (JOB_SOURCE >> 2)];
  const offset = u32[at + (JOB_CIPHER_OFFSET >> 2)];
  const length = u32[at + (JOB_CIPHER_LENGTH >> 2)];
  if (source === 0 || length < shape.cipherMin || length > shape.cipherMax || length % shape.block !== 0) return false;
  let written = 0;
  if (length !== 0) {
    const destination = u32[at + (JOB_DESTINATION >> 2)];
    written = destination + offset;
    // Sums of three u32 are exact in a double.
    if (destination === 0 || written + length > bytes || source + offset + length > bytes) return false;
    const apart = source > destination ? source - destination : destination - source;
    if (apart !== 0 && apart < length) return false;
  }
  if (shape.ivBytes !== 0) {
    const iv = u32[at + (JOB_IV >> 2)];
    if (iv === 0 || iv + shape.ivBytes > bytes) return false;
  }
  if (shape.aead) {
    const aadLength = u32[at + (JOB_AAD_LENGTH >> 2)];
    const aad = u32[at + (JOB_AAD >> 2)];
    if (aadLength !== 0 && (aad === 0 || aad + aadLength > bytes)) return false;
  } else if (shape.auth) {
    const authLength = u32[at + (JOB_AUTH_LENGTH >> 2)];
    if (authLength === 0 || source + u32[at + (JOB_AUTH_OFFSET >> 2)] + authLength > bytes) return false;
  }
  if (shape.tagBytes !== 0) {
    const tag = u32[at + (JOB_TAG >> 2)];
    if (tag === 0 || tag + shape.tagBytes > bytes) return false;
    const from = shape.encrypt ? written : source + offset;
    if (length !== 0 && tag < from + length && tag + shape.tagBytes > from) return false;
  }
  return true;
}
