import { SetupError } from './errors.ts';

/**
 * The one memory that all data-path state lives in, as DPDK's lives in hugepages, and its memzones: named pieces of it.
 *
 * A place in it is a *position*: an unsigned number of bytes from the beginning, where 0 is null. The segment is at
 * most 2 GiB − 64 KiB, so that a position is always a small integer and shifts of it stay positive. The directory of
 * memzones lies in the segment itself, so that any thread that is given the buffer finds every memzone by its name.
 *
 * What this does not do: grow, move, or give memory back to the operating system.
 */

/** The largest segment, in bytes. */
export const MEMORY_MAX_BYTES: number = 0x8000_0000 - 0x1_0000;

/** Memzones are at least this aligned, and their lengths are rounded up to it (DPDK: `RTE_CACHE_LINE_SIZE`). */
export const CACHE_LINE_BYTES = 64;

/** The number of memzones that a segment can have at once (DPDK: `RTE_MAX_MEMZONE`). */
export const MAX_MEMZONES = 2560;

const NAME_BYTES = 32;
const MAGIC = 0x4c4e4953;
const HEADER = 64;
const MAGIC_AT = HEADER;
const LOCK_AT = HEADER + 4;
const TOP_AT = HEADER + 8;
const ENTRIES_AT = HEADER + 12;
const DIRECTORY = 128;
const ENTRY_BYTES = 48;
const ENTRY_POSITION = 32;
const ENTRY_BYTES_AT = 36;
const ENTRY_STATE = 40;
const STATE_EMPTY = 0;
const STATE_FREE = 1;
const STATE_USED = 2;
/** Has its place, and not yet its name. */
const STATE_CLAIMED = 3;
const FIRST_ZONE = alignUp(DIRECTORY + MAX_MEMZONES * ENTRY_BYTES, 4096);

/** A named piece of the memory (DPDK: `struct rte_memzone`). */
export interface Memzone {
  readonly name: string;
  /** Where it begins: a position, aligned as it was asked for. */
  readonly position: number;
  /** Its length in bytes: what was asked for, rounded up to a whole number of cache lines. */
  readonly bytes: number;
}

/** What another thread needs to see the same memory: post it to a worker and call {@link Memory.attach}. */
export interface MemoryHandle {
  readonly buffer: ArrayBufferLike;
  readonly address: number;
}

/** How {@link Memory.create} makes a segment. */
export interface MemoryOptions {
  /** Length in bytes; the operating system gives pages only as they are touched. Default 256 MiB. */
  readonly bytes?: number;
  /**
   * Whether other threads shall see it; default true. Memory of one thread only is copied faster by the platform, most of
   * all between places that are not equal modulo 8.
   */
  readonly shared?: boolean;
  /** Foreign memory to use instead, with the address at which native code sees it. It must be zero. */
  readonly over?: MemoryHandle;
}

/** A segment of memory, seen as bytes and as words. All views begin at position 0. */
export class Memory {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** Length of the segment in bytes. */
  readonly bytes: number;
  /** Whether it is a SharedArrayBuffer, which the platform copies more slowly. */
  readonly shared: boolean;
  /** Where native code sees position 0, or 0 when native code cannot see this memory. */
  readonly address: number;
  readonly #buffer: ArrayBufferLike;

  private constructor({ buffer, address }: MemoryHandle) {
    this.#buffer = buffer;
    this.address = address;
    this.bytes = buffer.byteLength;
    this.shared = typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /**
   * Makes a new segment with an empty directory.
   *
   * @throws SetupError `ERR_MEMORY_SIZE` when the size is no multiple of 64 KiB between 256 KiB and {@link MEMORY_MAX_BYTES}
   */
  static create(options: MemoryOptions = {}): Memory {
    const bytes = options.over?.buffer.byteLength ?? options.bytes ?? 256 * 1024 * 1024;
    checkMemorySize(bytes);
    const memory = new Memory(options.over ?? { buffer: newBuffer(bytes, options.shared ?? true), address: 0 });
    memory.u32[MAGIC_AT >> 2] = MAGIC;
    memory.u32[TOP_AT >> 2] = FIRST_ZONE;
    memory.u32[ENTRIES_AT >> 2] = 0;
    return memory;
  }

  /**
   * The same memory, seen from another thread.
   *
   * @throws SetupError `ERR_MEMORY_FOREIGN` when the buffer was not made by {@link Memory.create}
   */
  static attach(handle: MemoryHandle): Memory {
    const memory = new Memory(handle);
    if (memory.u32[MAGIC_AT >> 2] !== MAGIC) {
      throw new SetupError({
        code: 'ERR_MEMORY_FOREIGN',
        errno: 'EINVAL',
        message: 'this buffer holds no memory directory',
        expected: 'the handle of a Memory',
      });
    }
    return memory;
  }

  /** What another thread needs to {@link Memory.attach | attach}. */
  get handle(): MemoryHandle {
    return { buffer: this.#buffer, address: this.address };
  }

  /**
   * Reserves a zeroed memzone (DPDK: `rte_memzone_reserve_aligned`).
   *
   * @param name 1 to 31 ASCII characters, unique in this memory
   * @param bytes its length, more than 0; rounded up to cache lines
   * @param align a power of two in bytes, at least {@link CACHE_LINE_BYTES} (the default)
   * @throws SetupError `ERR_MEMZONE_NAME` (EINVAL, ENAMETOOLONG), `ERR_MEMZONE_EXISTS` (EEXIST), `ERR_MEMZONE_SIZE` or
   * `ERR_MEMZONE_ALIGN` (EINVAL), `ERR_MEMORY_FULL` (ENOMEM), `ERR_MEMZONE_LIMIT` (ENOSPC)
   */
  reserve(name: string, bytes: number, align: number = CACHE_LINE_BYTES): Memzone {
    checkName(name);
    if (!Number.isInteger(bytes) || bytes <= 0 || bytes > MEMORY_MAX_BYTES) {
      throw new SetupError({
        code: 'ERR_MEMZONE_SIZE',
        errno: 'EINVAL',
        message: `memzone ${name} cannot have this length`,
        expected: `1 to ${MEMORY_MAX_BYTES} bytes`,
        got: String(bytes),
      });
    }
    if (!Number.isInteger(align) || align < CACHE_LINE_BYTES || (align & (align - 1)) !== 0) {
      throw new SetupError({
        code: 'ERR_MEMZONE_ALIGN',
        errno: 'EINVAL',
        message: `memzone ${name} cannot be aligned so`,
        expected: `a power of two from ${CACHE_LINE_BYTES} on`,
        got: String(align),
      });
    }
    return this.#locked(() => {
      if (this.#find(name) !== 0) {
        throw new SetupError({
          code: 'ERR_MEMZONE_EXISTS',
          errno: 'EEXIST',
          message: `memzone ${name} exists already`,
          remedy: 'look it up, or choose another name',
        });
      }
      const length = alignUp(bytes, CACHE_LINE_BYTES);
      const entry = this.#carve(length, align) || this.#extend(name, length, align);
      this.#writeName(entry, name);
      this.#setState(entry, STATE_USED);
      return this.#zone(entry);
    });
  }

  /** The memzone of that name, or undefined (DPDK: `rte_memzone_lookup`). */
  lookup(name: string): Memzone | undefined {
    const entry = this.#find(name);
    return entry === 0 ? undefined : this.#zone(entry);
  }

  /**
   * Gives a memzone back, its bytes wiped (DPDK: `rte_memzone_free`).
   *
   * @throws SetupError `ERR_MEMZONE_UNKNOWN` (EINVAL) when there is none of that name at that position
   */
  free(zone: Memzone): void {
    this.#locked(() => {
      const entry = this.#find(zone.name);
      if (entry === 0 || this.u32[(entry + ENTRY_POSITION) >> 2] !== zone.position) {
        throw new SetupError({
          code: 'ERR_MEMZONE_UNKNOWN',
          errno: 'EINVAL',
          message: `memzone ${zone.name} is not reserved`,
          remedy: 'free a memzone once, by the object that reserve gave',
        });
      }
      const position = this.u32[(entry + ENTRY_POSITION) >> 2];
      const bytes = this.u32[(entry + ENTRY_BYTES_AT) >> 2];
      this.#setState(entry, STATE_EMPTY);
      this.u8.fill(0, entry, entry + NAME_BYTES);
      this.u8.fill(0, position, position + bytes);
      this.#giveBack(position, bytes);
    });
  }

  /** All memzones, in the order of the directory (DPDK: `rte_memzone_walk`). */
  memzones(): Memzone[] {
    const zones: Memzone[] = [];
    for (let entry = DIRECTORY; entry < this.#directoryEnd(); entry += ENTRY_BYTES) {
      if (this.#state(entry) === STATE_USED) zones.push(this.#zone(entry));
    }
    return zones;
  }

  /** The bytes of a piece of this memory, as a view that shares them. */
  view(position: number, bytes: number): Uint8Array {
    return this.u8.subarray(position, position + bytes);
  }

  #directoryEnd(): number {
    return DIRECTORY + Atomics.load(this.u32, ENTRIES_AT >> 2) * ENTRY_BYTES;
  }

  // A look-up takes no lock: whoever sees the state USED must see the name and the place as well.
  #state(entry: number): number {
    return Atomics.load(this.u32, (entry + ENTRY_STATE) >> 2);
  }

  #setState(entry: number, state: number): void {
    Atomics.store(this.u32, (entry + ENTRY_STATE) >> 2, state);
  }

  #find(name: string): number {
    for (let entry = DIRECTORY; entry < this.#directoryEnd(); entry += ENTRY_BYTES) {
      if (this.#state(entry) === STATE_USED && this.#readName(entry) === name) return entry;
    }
    return 0;
  }

  /** Takes `bytes` out of the smallest free piece that has room for them; 0 when none has. */
  #carve(bytes: number, align: number): number {
    const { u32 } = this;
    let best = 0;
    let bestBytes = MEMORY_MAX_BYTES + 1;
    for (let entry = DIRECTORY; entry < this.#directoryEnd(); entry += ENTRY_BYTES) {
      if (this.#state(entry) !== STATE_FREE) continue;
      const position = u32[(entry + ENTRY_POSITION) >> 2];
      const has = u32[(entry + ENTRY_BYTES_AT) >> 2];
      if (has < bestBytes && alignUp(position, align) + bytes <= position + has) {
        best = entry;
        bestBytes = has;
      }
    }
    if (best === 0) return 0;
    const from = u32[(best + ENTRY_POSITION) >> 2];
    const position = alignUp(from, align);
    this.#setState(best, STATE_EMPTY);
    u32[(best + ENTRY_POSITION) >> 2] = position;
    u32[(best + ENTRY_BYTES_AT) >> 2] = bytes;
    this.#setState(best, STATE_CLAIMED);
    this.#giveBack(from, position - from);
    const rest = from + bestBytes - position - bytes;
    // With a full directory the memzone keeps what cannot be written down.
    if (!this.#giveBack(position + bytes, rest)) u32[(best + ENTRY_BYTES_AT) >> 2] = bytes + rest;
    return best;
  }

  /** Takes `bytes` from what was never used. */
  #extend(name: string, bytes: number, align: number): number {
    const { u32 } = this;
    const top = u32[TOP_AT >> 2];
    const position = alignUp(top, align);
    if (position + bytes > this.bytes) {
      throw new SetupError({
        code: 'ERR_MEMORY_FULL',
        errno: 'ENOMEM',
        message: `memzone ${name} does not fit into the memory`,
        expected: `${bytes} free bytes in one piece`,
        got: String(Math.max(0, this.bytes - position)),
        remedy: 'use a larger memory (EAL option -m, in MiB) or fewer mbufs',
      });
    }
    const entry = this.#slot();
    if (entry === 0) {
      throw new SetupError({
        code: 'ERR_MEMZONE_LIMIT',
        errno: 'ENOSPC',
        message: `memzone ${name} has no place in the directory`,
        expected: `at most ${MAX_MEMZONES} memzones`,
      });
    }
    u32[(entry + ENTRY_POSITION) >> 2] = position;
    u32[(entry + ENTRY_BYTES_AT) >> 2] = bytes;
    this.#setState(entry, STATE_CLAIMED);
    u32[TOP_AT >> 2] = position + bytes;
    this.#giveBack(top, position - top);
    return entry;
  }

  /**
   * Adds a zeroed piece to the free ones and joins it with its neighbours, so that no two free pieces touch.
   * False when the directory has no room to remember it.
   */
  #giveBack(position: number, bytes: number): boolean {
    if (bytes === 0) return true;
    const { u32 } = this;
    let end = position + bytes;
    for (let entry = DIRECTORY; entry < this.#directoryEnd(); entry += ENTRY_BYTES) {
      if (this.#state(entry) !== STATE_FREE) continue;
      const from = u32[(entry + ENTRY_POSITION) >> 2];
      const to = from + u32[(entry + ENTRY_BYTES_AT) >> 2];
      if (to !== position && from !== end) continue;
      this.#setState(entry, STATE_EMPTY);
      if (to === position) position = from;
      else end = to;
    }
    if (end === u32[TOP_AT >> 2]) {
      u32[TOP_AT >> 2] = position;
      return true;
    }
    const entry = this.#slot();
    if (entry === 0) return false;
    u32[(entry + ENTRY_POSITION) >> 2] = position;
    u32[(entry + ENTRY_BYTES_AT) >> 2] = end - position;
    this.#setState(entry, STATE_FREE);
    return true;
  }

  /** An entry of the directory that holds nothing, or 0 when it is full. */
  #slot(): number {
    const end = this.#directoryEnd();
    for (let entry = DIRECTORY; entry < end; entry += ENTRY_BYTES) {
      if (this.#state(entry) === STATE_EMPTY) return entry;
    }
    const entries = this.u32[ENTRIES_AT >> 2];
    if (entries === MAX_MEMZONES) return 0;
    Atomics.store(this.u32, ENTRIES_AT >> 2, entries + 1);
    return end;
  }

  #zone(entry: number): Memzone {
    return {
      name: this.#readName(entry),
      position: this.u32[(entry + ENTRY_POSITION) >> 2],
      bytes: this.u32[(entry + ENTRY_BYTES_AT) >> 2],
    };
  }

  #readName(entry: number): string {
    let name = '';
    for (let i = 0; i < NAME_BYTES && this.u8[entry + i] !== 0; i++) {
      name += String.fromCharCode(this.u8[entry + i]);
    }
    return name;
  }

  #writeName(entry: number, name: string): void {
    for (let i = 0; i < NAME_BYTES; i++) this.u8[entry + i] = i < name.length ? name.charCodeAt(i) : 0;
  }

  #locked<T>(work: () => T): T {
    while (Atomics.compareExchange(this.i32, LOCK_AT >> 2, 0, 1) !== 0);
    try {
      return work();
    } finally {
      Atomics.store(this.i32, LOCK_AT >> 2, 0);
    }
  }
}

/**
 * Checks the length of a memory to be.
 *
 * @throws SetupError `ERR_MEMORY_SIZE` when it is no multiple of 64 KiB between 256 KiB and {@link MEMORY_MAX_BYTES}
 */
export function checkMemorySize(bytes: number): void {
  if (!Number.isInteger(bytes) || bytes % 0x10000 !== 0 || bytes < 0x40000 || bytes > MEMORY_MAX_BYTES) {
    throw new SetupError({
      code: 'ERR_MEMORY_SIZE',
      errno: 'EINVAL',
      message: 'the memory cannot have this size',
      expected: `a multiple of 65536 bytes from 262144 to ${MEMORY_MAX_BYTES}`,
      got: String(bytes),
    });
  }
}

/** `value` rounded up to a multiple of `align`, which is a power of two (DPDK: `RTE_ALIGN_CEIL`). */
export function alignUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}

function newBuffer(bytes: number, shared: boolean): ArrayBufferLike {
  // A page that is not cross-origin isolated has no SharedArrayBuffer; one thread needs none.
  return shared && typeof SharedArrayBuffer !== 'undefined' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

function checkName(name: string): void {
  if (name.length >= NAME_BYTES) {
    throw new SetupError({
      code: 'ERR_MEMZONE_NAME',
      errno: 'ENAMETOOLONG',
      message: 'the name of a memzone is too long',
      expected: `at most ${NAME_BYTES - 1} characters`,
      got: `${name} (${name.length})`,
    });
  }
  if (name === '' || /[^\x20-\x7e]/.test(name)) {
    throw new SetupError({
      code: 'ERR_MEMZONE_NAME',
      errno: 'EINVAL',
      message: 'a memzone must have a name of printable ASCII characters',
      got: JSON.stringify(name),
    });
  }
}
