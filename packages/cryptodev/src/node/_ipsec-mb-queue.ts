/**
 * The library's queue of jobs, written from here. A burst always begins at its first job, since the queue is empty between
 * bursts: so few cache lines are used, and a job finds most of its fields written already.
 */
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { JOB_COMPLETED, type JobLayout, MAX_BURST } from './_ipsec-mb-layout.ts';
import type { IpsecMbLibrary, IpsecMbManager } from './_ipsec-mb-library.ts';
import { JobShapes } from './_ipsec-mb-shapes.ts';

/** How many jobs are submitted at once: enough to fill the lanes of every algorithm, few enough to stay in the cache. */
export const BURST = 64;
/** The slot of a job that is done alone. */
const ALONE = BURST;
const SLOTS = BURST + 1;
/** Room for the longest tag that the library writes. */
export const TAG_ROOM = 64;

/** The fields of a job by index of their first u32, from the job's beginning. */
export type JobWords = { readonly [field in keyof JobLayout]: number };

/** What a job that is done alone is about; all of them positions and lengths. */
export interface LoneJob {
  readonly shape: number;
  readonly encKeys?: number;
  readonly decKeys?: number;
  /** Where the ranges begin. */
  readonly source: number;
  readonly destination?: number;
  readonly cipherLength?: number;
  readonly hashLength?: number;
  readonly iv?: number;
  readonly tag?: number;
  readonly hashFields?: readonly number[];
}

export class JobQueue {
  readonly memory: Memory;
  readonly manager: IpsecMbManager;
  readonly shapes: JobShapes;
  readonly words: JobWords;
  /** Index of the first u32 of the first job. */
  readonly firstWord: number;
  /** u32s from one job to the next. */
  readonly stride: number;
  /** The tags that the library writes when it is not to write them into the packet, one for each slot. */
  readonly tags: number;
  /** The lower half of the memory's address, as a signed number: added to a position it gives an address's lower half. */
  readonly low: number;
  readonly high: number;
  /** Position from which on the upper half of addresses is one more; beyond the memory when there is none. */
  readonly boundary: number;
  /** What each slot was last written as. */
  readonly #worn: Int32Array = new Int32Array(SLOTS);
  /** How many slots, from the first on, were all last written as one shape, and which; there may be more of them. */
  #alike = 0;
  #alikeShape = 0;
  /** Indices of two words of the manager. */
  readonly #nextJob: number;
  readonly #earliestJob: number;
  /**
   * What the library's calls are given: the manager, the pointers to the jobs, room for pointers, the pointer to the lone
   * job. They are kept among things that are no numbers, where a number this large is an object already: else each call
   * would make it one anew.
   */
  readonly #addresses: [manager: number, pointers: number, returned: number, lone: number, unused: undefined];

  constructor(memory: Memory, library: IpsecMbLibrary, reserve: (bytes: number) => Memzone) {
    this.memory = memory;
    const { layout } = library;
    const managerBytes = Math.ceil(layout.managerBytes / 64) * 64;
    const pointerBytes = Math.ceil((8 * SLOTS) / 64) * 64;
    const { position } = reserve(managerBytes + pointerBytes + 8 * MAX_BURST + SLOTS * TAG_ROOM);
    const pointers = position + managerBytes;
    const returned = pointers + pointerBytes;
    this.tags = returned + 8 * MAX_BURST;
    this.#nextJob = (position + layout.nextJob) >> 2;
    this.#earliestJob = (position + layout.earliestJob) >> 2;
    const { address } = memory;
    this.#addresses = [
      address + position,
      address + pointers,
      address + returned,
      address + pointers + 8 * ALONE,
      undefined,
    ];
    this.low = memory.address | 0;
    this.high = Math.floor(memory.address / 0x1_0000_0000);
    this.boundary = 0x1_0000_0000 - (this.low >>> 0);
    this.shapes = new JobShapes(layout, this.high);
    this.manager = library.manager(memory, position);
    this.firstWord = (position + layout.jobs) >> 2;
    this.stride = layout.job.bytes >> 2;
    this.words = Object.fromEntries(
      Object.entries(layout.job).map(([field, offset]) => [field, offset >> 2]),
    ) as unknown as JobWords;
    for (let slot = 0; slot < SLOTS; slot++) {
      this.pointer((pointers + 8 * slot) >> 2, position + layout.jobs + slot * layout.job.bytes);
    }
  }

  /** Writes the address of a position to two words. */
  pointer(word: number, position: number): void {
    const { i32 } = this.memory;
    i32[word] = (this.low + position) | 0;
    i32[word + 1] = position >= this.boundary ? this.high + 1 : this.high;
  }

  /** Position of a slot's own tag. */
  tagOf(slot: number): number {
    return this.tags + slot * TAG_ROOM;
  }

  /** Position of the own tag of a job that was done alone. */
  get loneTag(): number {
    return this.tagOf(ALONE);
  }

  /** Makes sure that a slot is written as this shape; one that was another is written as a whole. */
  dress(slot: number, shape: number): void {
    if (this.#worn[slot] !== shape) this.#dressAnew(slot, shape);
  }

  /** The same for the first `count` slots, at the cost of one comparison when they are so already. */
  dressFirst(count: number, shape: number): void {
    if (shape === this.#alikeShape && count <= this.#alike) return;
    for (let slot = 0; slot < count; slot++) this.dress(slot, shape);
    this.#alike = count;
    this.#alikeShape = shape;
  }

  #dressAnew(slot: number, shape: number): void {
    if (slot < this.#alike) this.#alike = slot;
    const { i32 } = this.memory;
    const template = this.shapes.templates[shape];
    const word = this.firstWord + slot * this.stride;
    for (let i = 0; i < template.length; i++) i32[word + i] = template[i];
    if (this.shapes.ownTags[shape]) this.pointer(word + this.words.tag, this.tagOf(slot));
    this.#worn[slot] = shape;
  }

  /**
   * Has the library do the jobs in the first `count` slots; their status tells what came of each.
   *
   * A queue that is not empty afterwards is set up anew: what is stuck in it has failed.
   */
  run(count: number): void {
    const { manager } = this;
    const { i32 } = this.memory;
    const [managerAt, pointersAt, returnedAt] = this.#addresses;
    i32[this.#nextJob] = 0;
    let done = manager.submit(managerAt, count, pointersAt);
    if (done !== count) done += manager.flush(managerAt, count - done, returnedAt);
    if (done !== count || i32[this.#earliestJob] >= 0) this.#restart();
  }

  #restart(): void {
    this.#worn.fill(0);
    this.#alike = 0;
    // What had been done stays so.
    const { i32 } = this.memory;
    const status = this.firstWord + this.words.status;
    const statuses = Array.from({ length: SLOTS }, (_, slot) => i32[status + slot * this.stride]);
    this.manager.initialize();
    statuses.forEach((value, slot) => {
      i32[status + slot * this.stride] = value;
    });
  }

  /** Does one job at once; no other slot may be waiting then. */
  alone(job: LoneJob): boolean {
    const { words, memory } = this;
    const { i32 } = memory;
    this.dress(ALONE, job.shape);
    const word = this.firstWord + ALONE * this.stride;
    this.pointer(word + words.encKeys, job.encKeys ?? 0);
    this.pointer(word + words.decKeys, job.decKeys ?? 0);
    this.pointer(word + words.source, job.source);
    this.pointer(word + words.destination, job.destination ?? job.source);
    this.pointer(word + words.iv, job.iv ?? 0);
    if (!this.shapes.ownTags[job.shape]) this.pointer(word + words.tag, job.tag ?? 0);
    i32[word + words.cipherLength] = job.cipherLength ?? 0;
    i32[word + words.hashLength] = job.hashLength ?? 0;
    const { hashFields = [] } = job;
    for (let i = 0; i < hashFields.length; i++) this.pointer(word + words.hashFields + 2 * i, hashFields[i]);
    i32[word + words.status] = 0;
    const { manager } = this;
    const [managerAt, , returnedAt, pointerAt] = this.#addresses;
    i32[this.#nextJob] = ALONE * manager.layout.job.bytes;
    let done = manager.submit(managerAt, 1, pointerAt);
    if (done !== 1) done += manager.flush(managerAt, 1 - done, returnedAt);
    if (done !== 1 || i32[this.#earliestJob] >= 0) this.#restart();
    return i32[word + words.status] === JOB_COMPLETED;
  }
}
