import { type Errno, SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { MBUF_BYTES, MBUF_DYNFIELDS } from './layout.ts';

/**
 * Dynamic fields and flags: places in the mbuf's header that libraries and applications get by name (DPDK:
 * `rte_mbuf_dyn`). Whoever asks for the same name gets the same place. The registry lies in the memory, in memzone
 * {@link REGISTRY}, so that every thread sees it. A field is never given back.
 *
 * Bytes {@link MBUF_DYNFIELDS} up to the header's end are given out, and offload flags 23 to 40.
 */

/** The longest name of a field or flag in characters. */
export const DYN_NAME_MAX = 63;

/** The first flag bit that is given out (DPDK: `RTE_MBUF_F_FIRST_FREE`). */
export const DYNFLAG_FIRST = 23;

/** The last one (DPDK: `RTE_MBUF_F_LAST_FREE`). */
export const DYNFLAG_LAST = 40;

/** What is asked for (DPDK: `struct rte_mbuf_dynfield`). */
export interface DynfieldOptions {
  readonly name: string;
  /** Its length in bytes. */
  readonly bytes: number;
  /** A power of two that its offset is a multiple of. Default 1. */
  readonly align?: number;
  /** The offset that it must have (DPDK: `rte_mbuf_dynfield_register_offset`). */
  readonly offset?: number;
}

/** A field that is registered. */
export interface Dynfield {
  readonly name: string;
  readonly bytes: number;
  readonly align: number;
  /** Bytes from the mbuf's position. */
  readonly offset: number;
}

/** What is asked for (DPDK: `struct rte_mbuf_dynflag`). */
export interface DynflagOptions {
  readonly name: string;
  /** The bit that it must have (DPDK: `rte_mbuf_dynflag_register_bitnum`). */
  readonly bit?: number;
}

const REGISTRY = 'MBUF_dynamic';
const LOCK = 0;
const ENTRIES = 4;
const FIRST_ENTRY = 64;
const ENTRY_BYTES = 80;
const ENTRY_KIND = 64;
const ENTRY_PLACE = 68;
const ENTRY_LENGTH = 72;
const ENTRY_ALIGN = 76;
const KIND_FIELD = 1;
const KIND_FLAG = 2;
// Every entry takes a byte or a bit at least.
const MAX_ENTRIES = MBUF_BYTES - MBUF_DYNFIELDS + DYNFLAG_LAST - DYNFLAG_FIRST + 1;

/**
 * Registers a dynamic field, or finds the one of that name.
 *
 * @returns its offset in bytes from the mbuf's position
 * @throws SetupError `ERR_DYNFIELD` with errno EINVAL (length, alignment or offset), ENAMETOOLONG, EEXIST (the name is
 * known with other parameters), ENOENT (no room is left) or EBUSY (the offset is taken)
 */
export function registerDynfield(memory: Memory, options: DynfieldOptions): number {
  const { name, bytes, align = 1, offset } = options;
  checkName(name);
  if (!Number.isInteger(bytes) || bytes < 1 || bytes >= MBUF_BYTES) {
    throw dynError('EINVAL', `field ${name} cannot have this length`, `1 to ${MBUF_BYTES - 1} bytes`, String(bytes));
  }
  if (!Number.isInteger(align) || align < 1 || (align & (align - 1)) !== 0) {
    throw dynError('EINVAL', `field ${name} cannot be aligned so`, 'a power of two', String(align));
  }
  if (offset !== undefined && (!Number.isInteger(offset) || offset < 0 || offset + bytes > MBUF_BYTES)) {
    throw dynError('EINVAL', `field ${name} does not lie in the header`, `0 to ${MBUF_BYTES - bytes}`, String(offset));
  }
  if (offset !== undefined && offset % align !== 0) {
    throw dynError('EINVAL', `field ${name} cannot be there`, `a multiple of ${align}`, String(offset));
  }
  return locked(memory, (registry) => {
    const known = find(memory, registry, name, KIND_FIELD);
    if (known !== 0) {
      const field = fieldOf(memory, known);
      if (field.bytes !== bytes || field.align !== align || (offset !== undefined && field.offset !== offset)) {
        const has = `${field.bytes} bytes, alignment ${field.align}, offset ${field.offset}`;
        throw dynError('EEXIST', `field ${name} is registered otherwise`, has, JSON.stringify(options));
      }
      return field.offset;
    }
    const taken = takenBytes(memory, registry);
    const isFree = (at: number): boolean => taken.subarray(at, at + bytes).every((byte) => byte === 0);
    if (offset !== undefined) {
      if (!isFree(offset))
        throw dynError('EBUSY', `field ${name} has no place at its offset`, 'free bytes', `${offset}`);
      add(memory, registry, name, KIND_FIELD, offset, bytes, align);
      return offset;
    }
    for (let at = Math.ceil(MBUF_DYNFIELDS / align) * align; at + bytes <= MBUF_BYTES; at += align) {
      if (!isFree(at)) continue;
      add(memory, registry, name, KIND_FIELD, at, bytes, align);
      return at;
    }
    throw dynError('ENOENT', `field ${name} finds no place`, `${bytes} free bytes aligned to ${align}`);
  });
}

/** The field of that name, or undefined (DPDK: `rte_mbuf_dynfield_lookup`). */
export function lookupDynfield(memory: Memory, name: string): Dynfield | undefined {
  const registry = memory.lookup(REGISTRY);
  const entry = registry === undefined ? 0 : find(memory, registry.position, name, KIND_FIELD);
  return entry === 0 ? undefined : fieldOf(memory, entry);
}

/**
 * Registers a dynamic flag, or finds the one of that name (DPDK: `rte_mbuf_dynflag_register`).
 *
 * @returns its bit in the 64 offload flags, {@link DYNFLAG_FIRST} to {@link DYNFLAG_LAST}; see {@link dynflagLo}
 * @throws SetupError `ERR_DYNFLAG` with errno EINVAL (bit), ENAMETOOLONG, EEXIST (the name is known with another bit),
 * ENOENT (no bit is left) or EBUSY (the bit is taken)
 */
export function registerDynflag(memory: Memory, options: DynflagOptions): number {
  const { name, bit } = options;
  checkName(name);
  if (bit !== undefined && (!Number.isInteger(bit) || bit < 0 || bit > 63)) {
    throw dynError('EINVAL', `flag ${name} cannot have this bit`, '0 to 63', String(bit), 'ERR_DYNFLAG');
  }
  return locked(memory, (registry) => {
    const known = find(memory, registry, name, KIND_FLAG);
    if (known !== 0) {
      const has = memory.u32[(known + ENTRY_PLACE) >>> 2];
      if (bit !== undefined && bit !== has) {
        throw dynError('EEXIST', `flag ${name} is registered otherwise`, `bit ${has}`, `bit ${bit}`, 'ERR_DYNFLAG');
      }
      return has;
    }
    const taken = takenBits(memory, registry);
    if (bit !== undefined && taken[bit] !== 0) {
      throw dynError('EBUSY', `flag ${name} cannot have its bit`, 'a free bit', `bit ${bit}`, 'ERR_DYNFLAG');
    }
    const found = bit ?? taken.indexOf(0);
    if (found === -1) throw dynError('ENOENT', `flag ${name} finds no bit`, 'a free bit', undefined, 'ERR_DYNFLAG');
    add(memory, registry, name, KIND_FLAG, found, 1, 1);
    return found;
  });
}

/** The bit of the flag of that name, or undefined (DPDK: `rte_mbuf_dynflag_lookup`). */
export function lookupDynflag(memory: Memory, name: string): number | undefined {
  const registry = memory.lookup(REGISTRY);
  const entry = registry === undefined ? 0 : find(memory, registry.position, name, KIND_FLAG);
  return entry === 0 ? undefined : memory.u32[(entry + ENTRY_PLACE) >>> 2];
}

/** What a flag bit is in `MBUF_OL_FLAGS_LO`: 0 for the bits from 32 on. */
export function dynflagLo(bit: number): number {
  return bit < 32 ? (1 << bit) >>> 0 : 0;
}

/** What a flag bit is in `MBUF_OL_FLAGS_HI`: 0 for the bits below 32. */
export function dynflagHi(bit: number): number {
  return bit < 32 ? 0 : (1 << (bit - 32)) >>> 0;
}

/** All fields and flags in words, for people (DPDK: `rte_mbuf_dyn_dump`). */
export function dumpDynamic(memory: Memory): string {
  const registry = memory.lookup(REGISTRY);
  const lines: string[] = [];
  const count = registry === undefined ? 0 : memory.u32[(registry.position + ENTRIES) >>> 2];
  for (let i = 0; registry !== undefined && i < count; i++) {
    const entry = registry.position + FIRST_ENTRY + i * ENTRY_BYTES;
    const { name, bytes, align, offset } = fieldOf(memory, entry);
    const isField = memory.u32[(entry + ENTRY_KIND) >>> 2] === KIND_FIELD;
    lines.push(isField ? `field ${name} offset=${offset} bytes=${bytes} align=${align}` : `flag ${name} bit=${offset}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function takenBytes(memory: Memory, registry: number): Uint8Array {
  const taken = new Uint8Array(MBUF_BYTES).fill(1, 0, MBUF_DYNFIELDS);
  const count = memory.u32[(registry + ENTRIES) >>> 2];
  for (let i = 0; i < count; i++) {
    const entry = registry + FIRST_ENTRY + i * ENTRY_BYTES;
    if (memory.u32[(entry + ENTRY_KIND) >>> 2] !== KIND_FIELD) continue;
    const { offset, bytes } = fieldOf(memory, entry);
    taken.fill(1, offset, offset + bytes);
  }
  return taken;
}

function takenBits(memory: Memory, registry: number): Uint8Array {
  const taken = new Uint8Array(64).fill(1).fill(0, DYNFLAG_FIRST, DYNFLAG_LAST + 1);
  const count = memory.u32[(registry + ENTRIES) >>> 2];
  for (let i = 0; i < count; i++) {
    const entry = registry + FIRST_ENTRY + i * ENTRY_BYTES;
    if (memory.u32[(entry + ENTRY_KIND) >>> 2] === KIND_FLAG) taken[memory.u32[(entry + ENTRY_PLACE) >>> 2]] = 1;
  }
  return taken;
}

function find(memory: Memory, registry: number, name: string, kind: number): number {
  const count = memory.u32[(registry + ENTRIES) >>> 2];
  for (let i = 0; i < count; i++) {
    const entry = registry + FIRST_ENTRY + i * ENTRY_BYTES;
    if (memory.u32[(entry + ENTRY_KIND) >>> 2] === kind && readName(memory, entry) === name) return entry;
  }
  return 0;
}

function add(
  memory: Memory,
  registry: number,
  name: string,
  kind: number,
  place: number,
  bytes: number,
  align: number,
): void {
  const { u8, u32 } = memory;
  const count = u32[(registry + ENTRIES) >>> 2];
  const entry = registry + FIRST_ENTRY + count * ENTRY_BYTES;
  for (let i = 0; i < name.length; i++) u8[entry + i] = name.charCodeAt(i);
  u32[(entry + ENTRY_KIND) >>> 2] = kind;
  u32[(entry + ENTRY_PLACE) >>> 2] = place;
  u32[(entry + ENTRY_LENGTH) >>> 2] = bytes;
  u32[(entry + ENTRY_ALIGN) >>> 2] = align;
  // Last, for those who look it up without the lock.
  Atomics.store(u32, (registry + ENTRIES) >>> 2, count + 1);
}

function fieldOf(memory: Memory, entry: number): Dynfield {
  const { u32 } = memory;
  return {
    name: readName(memory, entry),
    offset: u32[(entry + ENTRY_PLACE) >>> 2],
    bytes: u32[(entry + ENTRY_LENGTH) >>> 2],
    align: u32[(entry + ENTRY_ALIGN) >>> 2],
  };
}

function readName(memory: Memory, entry: number): string {
  let name = '';
  for (let i = 0; i <= DYN_NAME_MAX && memory.u8[entry + i] !== 0; i++) {
    name += String.fromCharCode(memory.u8[entry + i]);
  }
  return name;
}

function locked<T>(memory: Memory, work: (registry: number) => T): T {
  const registry = reach(memory);
  while (Atomics.compareExchange(memory.i32, (registry + LOCK) >>> 2, 0, 1) !== 0);
  try {
    return work(registry);
  } finally {
    Atomics.store(memory.i32, (registry + LOCK) >>> 2, 0);
  }
}

/** Makes the registry when there is none. Two threads may try at once: one of them finds the other's. */
function reach(memory: Memory): number {
  const zone = memory.lookup(REGISTRY);
  if (zone !== undefined) return zone.position;
  try {
    return memory.reserve(REGISTRY, FIRST_ENTRY + MAX_ENTRIES * ENTRY_BYTES).position;
  } catch (error) {
    const late = memory.lookup(REGISTRY);
    if (late !== undefined) return late.position;
    throw error;
  }
}

function checkName(name: string): void {
  if (name === '' || /[^\x20-\x7e]/.test(name)) {
    throw dynError('EINVAL', 'a field or flag must have a name of printable ASCII', undefined, JSON.stringify(name));
  }
  if (name.length > DYN_NAME_MAX) {
    throw dynError('ENAMETOOLONG', 'the name is too long', `at most ${DYN_NAME_MAX} characters`, String(name.length));
  }
}

function dynError(
  errno: Errno,
  message: string,
  expected?: string,
  got?: string,
  code: 'ERR_DYNFIELD' | 'ERR_DYNFLAG' = 'ERR_DYNFIELD',
): SetupError {
  return new SetupError({ code, errno, message, expected, got });
}
