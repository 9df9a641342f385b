/** What is constant in a job of libIPSec_MB for all jobs of one kind: modes, lengths of key, IV and tag. */
import type { IpsecMbLayout } from './_ipsec-mb-layout.ts';
import { AUTH_NULL, CIPHER_NULL, DIRECTION_DECRYPT, DIRECTION_ENCRYPT } from './_ipsec-mb-layout.ts';

/** One kind of job. */
export interface JobKind {
  readonly encrypt: boolean;
  readonly order: number;
  readonly cipherMode?: number;
  readonly keyBytes?: number;
  readonly ivBytes?: number;
  readonly hashAlgorithm?: number;
  /** What the library writes. */
  readonly tagBytes?: number;
  /** The tag is written to the slot's own place and not to the job's. */
  readonly ownTag?: boolean;
  /** An AEAD, whose second hash field is the length of the AAD. */
  readonly aead?: boolean;
  /** The third of the hash algorithm's fields, where it is a length. */
  readonly hashIvBytes?: number;
}

/** The kinds that an engine has met, by small numbers from 1 on. */
export class JobShapes {
  /** The words of a whole job, for each kind. */
  readonly templates: Int32Array[] = [new Int32Array(0)];
  readonly ownTags: boolean[] = [false];
  readonly #layout: IpsecMbLayout;
  readonly #high: number;
  readonly #known: Map<string, number> = new Map();

  /** @param high the upper half of every address in the memory */
  constructor(layout: IpsecMbLayout, high: number) {
    this.#layout = layout;
    this.#high = high;
  }

  /** The number of a kind. */
  of(kind: JobKind): number {
    const { ownTag = false } = kind;
    const name = [
      kind.encrypt,
      kind.order,
      kind.cipherMode,
      kind.keyBytes,
      kind.ivBytes,
      kind.hashAlgorithm,
      kind.tagBytes,
      ownTag,
    ].join();
    let shape = this.#known.get(name);
    if (shape === undefined) {
      shape = this.templates.length;
      this.templates.push(this.#template(kind));
      this.ownTags.push(ownTag);
      this.#known.set(name, shape);
    }
    return shape;
  }

  #template(kind: JobKind): Int32Array {
    const { job } = this.#layout;
    const words = new Int32Array(job.bytes >> 2);
    const set = (offset: number, value: number): void => {
      words[offset >> 2] = value;
    };
    const pointers = [job.encKeys, job.decKeys, job.source, job.destination, job.iv, job.tag];
    const hashPointers = kind.aead === true ? [0] : kind.hashIvBytes === undefined ? [0, 8, 16] : [0, 8];
    for (const offset of pointers) set(offset + 4, this.#high);
    for (const offset of hashPointers) set(job.hashFields + offset + 4, this.#high);
    if (kind.hashIvBytes !== undefined) set(job.hashFields + 16, kind.hashIvBytes);
    set(job.keyLength, kind.keyBytes ?? 0);
    set(job.ivLength, kind.ivBytes ?? 0);
    set(job.tagLength, kind.tagBytes ?? 0);
    set(job.cipherMode, kind.cipherMode ?? CIPHER_NULL);
    set(job.hashAlgorithm, kind.hashAlgorithm ?? AUTH_NULL);
    set(job.direction, kind.encrypt ? DIRECTION_ENCRYPT : DIRECTION_DECRYPT);
    set(job.chainOrder, kind.order);
    return words;
  }
}
