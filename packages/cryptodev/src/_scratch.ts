import type { Memory } from '@inline-ipsec/eal/memory';

/** Bytes that can be read as words too: the memory, or a {@link Scratch}. Words are little-endian, as on every host here. */
export interface ByteSpace {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
}

/** A buffer of an engine's own that grows when a longer packet than ever comes, and is used again for every job. */
export class Scratch implements ByteSpace {
  u8: Uint8Array;
  u32: Uint32Array;

  constructor(bytes: number) {
    this.u8 = new Uint8Array(Math.ceil(bytes / 16) * 16);
    this.u32 = new Uint32Array(this.u8.buffer);
  }

  /** Makes room for `bytes`; what was in it is lost when it grows. */
  ensure(bytes: number): void {
    if (bytes <= this.u8.length) return;
    this.wipe();
    this.u8 = new Uint8Array(Math.ceil(Math.max(bytes, 2 * this.u8.length) / 16) * 16);
    this.u32 = new Uint32Array(this.u8.buffer);
  }

  wipe(): void {
    this.u8.fill(0);
  }
}

/** What the sessions of one engine share: one job is worked on at a time. */
export class Workspace {
  readonly memory: Memory;
  /** The bytes of a packet, in whole blocks. */
  readonly data: Scratch = new Scratch(16 * 1024);
  /** What a tag is computed over when it does not lie in one piece in the memory. */
  readonly gathered: Scratch = new Scratch(64);
  /** An IV, a nonce, or a counter block. */
  readonly iv: Scratch = new Scratch(16);
  /** A tag as it is computed, before it is cut to length. */
  readonly tag: Scratch = new Scratch(64);

  constructor(memory: Memory) {
    this.memory = memory;
  }
}

/**
 * Copies `length` bytes to the beginning of a scratch buffer, and fills up to a whole block of 16 with zeros.
 *
 * @returns how many blocks lie in the scratch buffer now
 */
export function copyIn(from: ByteSpace, at: number, length: number, scratch: Scratch): number {
  const blocks = (length + 15) >>> 4;
  scratch.ensure(blocks << 4);
  const { u8, u32 } = scratch;
  const source = from.u8;
  let i = 0;
  if ((at & 3) === 0) {
    const words = length >>> 2;
    const source32 = from.u32;
    for (let w = 0, s = at >>> 2; w < words; w++) u32[w] = source32[s + w];
    i = words << 2;
  }
  for (; i < length; i++) u8[i] = source[at + i];
  for (let z = length; z < blocks << 4; z++) u8[z] = 0;
  return blocks;
}

/** Copies the first `length` bytes of a scratch buffer to index `at` of the memory. */
export function copyOut(scratch: Scratch, memory: ByteSpace, at: number, length: number): void {
  const { u8, u32 } = scratch;
  const target = memory.u8;
  let i = 0;
  if ((at & 3) === 0) {
    const words = length >>> 2;
    const target32 = memory.u32;
    for (let w = 0, d = at >>> 2; w < words; w++) target32[d + w] = u32[w];
    i = words << 2;
  }
  for (; i < length; i++) target[at + i] = u8[i];
}

/** Compares two tags in a time that does not depend on where they differ. */
export function tagsEqual(computed: Uint8Array, memory: Uint8Array, at: number, tagBytes: number): boolean {
  let difference = 0;
  for (let i = 0; i < tagBytes; i++) difference |= computed[i] ^ memory[at + i];
  return difference === 0;
}

/** Writes the first `tagBytes` of a tag. */
export function writeTag(computed: Uint8Array, memory: Uint8Array, at: number, tagBytes: number): void {
  for (let i = 0; i < tagBytes; i++) memory[at + i] = computed[i];
}
