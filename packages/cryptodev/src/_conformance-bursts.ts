import type { Memory } from '@inline-ipsec/eal/memory';
import { type ConformanceCase, engineCase, noise, type Sample, samplesOf } from './_conformance-case.ts';
import { expectStatus, type JobBench, same } from './_job-bench.ts';
import type { Engine } from './engine.ts';
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
  JOB_SOURCE,
  JOB_TAG,
  STATUS_AUTH_FAILED,
  STATUS_INVALID_ARGS,
  STATUS_INVALID_SESSION,
  STATUS_SUCCESS,
} from './job.ts';
import { jobStatus, writeJob } from './job-fields.ts';

const HEADER = 16;
const PAYLOAD = 80;
/** A packet's place: header and payload, then tag, IV, and where it is written when that is elsewhere. */
const TAG_AT = 128;
const IV_AT = 192;
const APART_AT = 256;
const SLOT = 512;
const BAD_TAG = 'a spoiled tag';

type Spoiler = readonly [name: string, spoil: (job: number, u32: Uint32Array, bytes: number) => void];

/** What no engine may take, whatever the algorithm. */
const ALWAYS_WRONG: readonly Spoiler[] = [
  ['source at 0', (job, u32) => set(u32, job, JOB_SOURCE, 0)],
  ['source outside', (job, u32, bytes) => set(u32, job, JOB_SOURCE, bytes - HEADER - 8)],
  ['source far outside', (job, u32) => set(u32, job, JOB_SOURCE, 0xffff_fff0)],
  ['destination at 0', (job, u32) => set(u32, job, JOB_DESTINATION, 0)],
  ['destination outside', (job, u32, bytes) => set(u32, job, JOB_DESTINATION, bytes - HEADER - 8)],
  ['destination a little behind the source', (job, u32) => add(u32, job, JOB_DESTINATION, 16)],
  ['destination a little before the source', (job, u32) => add(u32, job, JOB_DESTINATION, -16)],
  ['cipher offset outside', (job, u32) => set(u32, job, JOB_CIPHER_OFFSET, 0xffff_ff00)],
  ['cipher length outside', (job, u32, bytes) => set(u32, job, JOB_CIPHER_LENGTH, bytes)],
  ['cipher length far outside', (job, u32) => set(u32, job, JOB_CIPHER_LENGTH, 0xffff_fff0)],
];

/** What is wrong for this algorithm. */
function spoilersOf({ encrypt, block, tagBytes, mayBeEmpty, iv }: Sample): Spoiler[] {
  const spoilers = [...ALWAYS_WRONG];
  if (iv.length > 0) {
    spoilers.push(['IV at 0', (job, u32) => set(u32, job, JOB_IV, 0)]);
    spoilers.push(['IV outside', (job, u32, bytes) => set(u32, job, JOB_IV, bytes - 4)]);
  }
  if (tagBytes > 0) {
    spoilers.push(['tag at 0', (job, u32) => set(u32, job, JOB_TAG, 0)]);
    spoilers.push(['tag outside', (job, u32, bytes) => set(u32, job, JOB_TAG, bytes - tagBytes + 1)]);
    spoilers.push(['tag among the enciphered', (job, u32) => add(u32, job, JOB_TAG, PAYLOAD + HEADER - TAG_AT - 1)]);
  }
  if (block > 1) spoilers.push(['part of a block', (job, u32) => set(u32, job, JOB_CIPHER_LENGTH, PAYLOAD - 1)]);
  if (!mayBeEmpty) spoilers.push(['nothing to encipher', (job, u32) => set(u32, job, JOB_CIPHER_LENGTH, 0)]);
  if (encrypt.kind === 'aead') {
    spoilers.push(['AAD at 0', (job, u32) => set(u32, job, JOB_AAD, 0)]);
    spoilers.push(['AAD outside', (job, u32, bytes) => set(u32, job, JOB_AAD, bytes - 4)]);
    spoilers.push(['AAD too long', (job, u32) => set(u32, job, JOB_AAD_LENGTH, 0xffff_ffff)]);
  } else if (encrypt.auth.algorithm !== 'null') {
    spoilers.push(['nothing to authenticate', (job, u32) => set(u32, job, JOB_AUTH_LENGTH, 0)]);
    spoilers.push(['auth length outside', (job, u32, bytes) => set(u32, job, JOB_AUTH_LENGTH, bytes)]);
    spoilers.push(['auth offset outside', (job, u32) => set(u32, job, JOB_AUTH_OFFSET, 0xffff_fff0)]);
  }
  return spoilers;
}

function set(u32: Uint32Array, job: number, field: number, value: number): void {
  u32[(job + field) >>> 2] = value;
}

function add(u32: Uint32Array, job: number, field: number, difference: number): void {
  u32[(job + field) >>> 2] += difference;
}

interface Planned {
  readonly name: string;
  readonly session: number;
  readonly source: Uint8Array;
  readonly tag: Uint8Array;
  readonly iv: Uint8Array;
  readonly apart: boolean;
  readonly status: number;
  /** What must lie in the destination then; undefined: what lay there before. */
  readonly output: Uint8Array | undefined;
  /** What must lie at the tag's place then. */
  readonly tagAfter: Uint8Array;
  readonly spoil: Spoiler | undefined;
}

const mixed = engineCase(
  'one burst may mix all algorithms, both directions and bad jobs, and one bad job fails alone',
  (engine, bench) => {
    const planned = planOf(engine, bench);
    const { memory } = engine;
    const zone = memory.reserve('CRYPTO_BURST', planned.length * (JOB_BYTES + SLOT));
    try {
      const slots = zone.position + planned.length * JOB_BYTES;
      for (let i = 0; i < planned.length; i++) lay(memory, zone.position + i * JOB_BYTES, slots + i * SLOT, planned[i]);
      const succeeded = engine.process(zone.position, planned.length);
      const expected = planned.filter(({ status }) => status === STATUS_SUCCESS).length;
      if (succeeded !== expected) throw new Error(`process: expected ${expected}, got ${succeeded}`);
      for (let i = 0; i < planned.length; i++) {
        try {
          look(memory, zone.position + i * JOB_BYTES, slots + i * SLOT, planned[i]);
        } catch (cause) {
          throw new Error(`${planned[i].name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
        }
      }
    } finally {
      memory.free(zone);
    }
    return planned.length;
  },
);

/** Good and bad jobs of all samples, in an order in which hardly two neighbours are alike. */
function planOf(engine: Engine, bench: JobBench): Planned[] {
  const samples = samplesOf(engine);
  const rounds: Planned[][] = [];
  const put = (round: number, job: Planned): void => {
    rounds[round] ??= [];
    rounds[round].push(job);
  };
  for (const sample of samples) {
    const { name, iv, tagBytes } = sample;
    const sealing = engine.createSession(sample.encrypt);
    const opening = engine.createSession(sample.decrypt);
    const clear = noise(HEADER + PAYLOAD, tagBytes);
    const ranges = { cipherOffset: HEADER, cipherLength: PAYLOAD, authOffset: 0, authLength: HEADER + PAYLOAD };
    const sealed = bench.run(sealing, { source: clear, iv, aad: clear.subarray(0, 8), ...ranges }, tagBytes);
    expectStatus(sealed.status, STATUS_SUCCESS);
    const noTag = new Uint8Array(tagBytes);
    const enciphered = sealed.output.subarray(HEADER);
    const common = { iv, spoil: undefined, status: STATUS_SUCCESS };
    const seal = { ...common, session: sealing, source: clear, tag: noTag, output: enciphered, tagAfter: sealed.tag };
    const open = { ...common, session: opening, source: sealed.output, tag: sealed.tag, tagAfter: sealed.tag };
    const opened = { ...open, output: clear.subarray(HEADER) };
    put(0, { ...seal, name: `${name}: seal`, apart: false });
    put(1, { ...opened, name: `${name}: open`, apart: false });
    put(2, { ...seal, name: `${name}: seal apart`, apart: true });
    put(3, { ...opened, name: `${name}: open apart`, apart: true });
    put(4, {
      ...seal,
      name: `${name}: no such session`,
      apart: false,
      session: 0xffff,
      status: STATUS_INVALID_SESSION,
      output: undefined,
      tagAfter: noTag,
    });
    if (tagBytes > 0) {
      const wrong = new Uint8Array(sealed.tag);
      wrong[0] ^= 0x80;
      put(5, {
        ...open,
        name: `${name}: ${BAD_TAG}`,
        apart: true,
        tag: wrong,
        status: STATUS_AUTH_FAILED,
        output: new Uint8Array(PAYLOAD),
        tagAfter: wrong,
      });
    }
    spoilersOf(sample).forEach((spoil, i) => {
      const job = i % 2 === 0 ? seal : open;
      put(6 + i, {
        ...job,
        name: `${name}: ${spoil[0]}`,
        apart: false,
        status: STATUS_INVALID_ARGS,
        output: undefined,
        tagAfter: job.tag,
        spoil,
      });
    });
  }
  return rounds.flat();
}

function lay(memory: Memory, job: number, slot: number, { session, source, tag, iv, apart, spoil }: Planned): void {
  const { u8, u32, bytes } = memory;
  u8.set(source, slot);
  u8.set(tag, slot + TAG_AT);
  u8.set(iv, slot + IV_AT);
  writeJob(memory, job, {
    session,
    source: slot,
    destination: apart ? slot + APART_AT : slot,
    cipherOffset: HEADER,
    cipherLength: PAYLOAD,
    authLength: HEADER + PAYLOAD,
    iv: slot + IV_AT,
    aad: slot,
    aadLength: 8,
    tag: slot + TAG_AT,
  });
  spoil?.[1](job, u32, bytes);
}

function look(memory: Memory, job: number, slot: number, planned: Planned): void {
  const { u8 } = memory;
  expectStatus(jobStatus(memory, job), planned.status);
  const at = (planned.apart ? slot + APART_AT : slot) + HEADER;
  const before = planned.apart ? new Uint8Array(PAYLOAD) : planned.source.subarray(HEADER);
  same('destination', u8.slice(at, at + PAYLOAD), planned.output ?? before);
  same('tag', u8.slice(slot + TAG_AT, slot + TAG_AT + planned.tag.length), planned.tagAfter);
  if (planned.apart) same('source', u8.slice(slot, slot + HEADER + PAYLOAD), planned.source);
}

const table = engineCase('a table of jobs that does not lie in the memory is not touched', (engine) => {
  const { bytes } = engine.memory;
  for (const [jobs, count] of [
    [0, 1],
    [bytes, 1],
    [bytes - JOB_BYTES, 2],
    [bytes - JOB_BYTES + 4, 1],
    [JOB_BYTES + 2, 1],
    [JOB_BYTES, 0],
  ]) {
    const done = engine.process(jobs, count);
    if (done !== 0) throw new Error(`${count} jobs from ${jobs} on: expected 0, got ${done}`);
  }
  return 6;
});

export const BURST_CASES: readonly ConformanceCase[] = [mixed, table];
