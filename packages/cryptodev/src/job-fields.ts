/** Jobs written and read by name: for tests, examples and set-up. The data path writes the words of `job` itself. */
import type { Memory } from '@inline-ipsec/eal/memory';
import {
  JOB_AAD,
  JOB_AAD_LENGTH,
  JOB_AUTH_LENGTH,
  JOB_AUTH_OFFSET,
  JOB_CIPHER_LENGTH,
  JOB_CIPHER_OFFSET,
  JOB_DESTINATION,
  JOB_IV,
  JOB_SESSION,
  JOB_SOURCE,
  JOB_STATUS,
  JOB_TAG,
  JOB_USER,
  STATUS_NOT_PROCESSED,
} from './job.ts';

/** What a job asks for; see the `JOB_` constants of `job`. What is left out is 0. */
export interface JobFields {
  readonly session: number;
  readonly source: number;
  /** Default: the source, for work in place. */
  readonly destination?: number;
  readonly cipherOffset?: number;
  readonly cipherLength?: number;
  readonly authOffset?: number;
  readonly authLength?: number;
  readonly iv?: number;
  readonly aad?: number;
  readonly aadLength?: number;
  readonly tag?: number;
  readonly user?: number;
}

/** Writes a job to position `job`, a multiple of 4, with the status `STATUS_NOT_PROCESSED`. */
export function writeJob({ u32 }: Memory, job: number, fields: JobFields): void {
  const at = job >>> 2;
  u32[at + (JOB_SESSION >> 2)] = fields.session;
  u32[at + (JOB_STATUS >> 2)] = STATUS_NOT_PROCESSED;
  u32[at + (JOB_SOURCE >> 2)] = fields.source;
  u32[at + (JOB_DESTINATION >> 2)] = fields.destination ?? fields.source;
  u32[at + (JOB_CIPHER_OFFSET >> 2)] = fields.cipherOffset ?? 0;
  u32[at + (JOB_CIPHER_LENGTH >> 2)] = fields.cipherLength ?? 0;
  u32[at + (JOB_AUTH_OFFSET >> 2)] = fields.authOffset ?? 0;
  u32[at + (JOB_AUTH_LENGTH >> 2)] = fields.authLength ?? 0;
  u32[at + (JOB_IV >> 2)] = fields.iv ?? 0;
  u32[at + (JOB_AAD >> 2)] = fields.aad ?? 0;
  u32[at + (JOB_AAD_LENGTH >> 2)] = fields.aadLength ?? 0;
  u32[at + (JOB_TAG >> 2)] = fields.tag ?? 0;
  u32[at + (JOB_USER >> 2)] = fields.user ?? 0;
}

/** The status of the job at position `job`. */
export function jobStatus({ u32 }: Memory, job: number): number {
  return u32[(job + JOB_STATUS) >>> 2];
}
