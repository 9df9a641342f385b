/**
 * The one memory as the operating system gives it: pages from mmap(2) at an address that native code can be told, huge
 * pages when there are any (DPDK: the segments of `rte_eal_memory`). It is a {@link Memory} like any other.
 *
 * All of it lies in one window of 4 GiB, so that the upper word of every address in it is the same, and begins at a
 * multiple of 2 MiB. Where there is room it lies below 2 GiB: an address there is a small integer of JavaScript, which can
 * be passed to native code without making an object of it. Pages come as they are touched. All threads of the process see it at that address; processes that
 * are started from this one do not, nor does a core dump.
 *
 * JavaScript cannot know when the last thread has let go of a view, so this memory is never given back by itself:
 * {@link NativeMemory.free} does it, or the end of the process.
 */
import { SetupError } from '../errors.ts';
import { alignUp, checkMemorySize, Memory } from '../memory.ts';
import * as linux from './system-calls.ts';

const MIB = 1024 * 1024;
const HUGE_PAGE_BYTES = 2 * MIB;
const WINDOW_BYTES = 0x1_0000_0000;
/** Where addresses stop to be small integers, and from where on we take what is before: below are the program and its heap. */
const LOW_END = 0x8000_0000;
const LOW_BEGIN = 512 * MIB;
const READ_WRITE: number = linux.PROT_READ | linux.PROT_WRITE;
const PRIVATE: number = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS;

/** How {@link createNativeMemory} makes a segment. */
export interface NativeMemoryOptions {
  /** Its length, as {@link Memory.create} has it. */
  readonly bytes: number;
  /** Whether huge pages of the system's pool are tried (`--no-huge`: they are not). Default true. */
  readonly hugepages?: boolean;
}

/** What another thread needs to see the same memory: post it to a worker and call {@link attachNativeMemory}. */
export interface NativeMemoryHandle {
  /** Where it begins, in this process. */
  readonly address: number;
  readonly bytes: number;
}

/** The kinds of pages that a memory can have. */
export type PageKind =
  /** Of the system's pool of huge pages, 2 MiB each (`vm.nr_hugepages`). */
  | 'huge'
  /** Ordinary ones, which the kernel was asked to join into huge ones where it can. */
  | 'transparent'
  /** Ordinary ones; this kernel joins none. */
  | 'ordinary';

/** A memory of the operating system and what is known of it. */
export interface NativeMemory {
  readonly memory: Memory;
  readonly pages: PageKind;
  /** For people: `256 MiB in huge pages of 2 MiB`. */
  readonly description: string;
  /** Why it has no pages of the system's pool although they were wanted, for people. */
  readonly noHugePages: string | undefined;
  /**
   * Gives it back to the operating system. Only when no thread uses it any more, and no native code: what looks at it
   * afterwards, by whatever view, ends the process. A second call does nothing.
   */
  free(): void;
}

/**
 * Takes a new segment from the operating system, with an empty directory.
 *
 * @throws SetupError `ERR_NOT_LINUX`, `ERR_KOFFI` (ENOTSUP), `ERR_MEMORY_SIZE` (EINVAL), `ERR_MEMORY_MAP` (ENOMEM)
 */
export function createNativeMemory({ bytes, hugepages = true }: NativeMemoryOptions): NativeMemory {
  const calls = linux.systemCalls();
  checkMemorySize(bytes);
  const length = alignUp(bytes, HUGE_PAGE_BYTES);
  let noHugePages: string | undefined;
  let pages: PageKind = 'huge';
  let address = hugepages ? mapHugePages(calls, length) : -1;
  if (address < 0) {
    noHugePages = hugepages ? whyNot(calls.errno(), length) : undefined;
    address = mapPages(calls, length);
    pages = calls.madvise(address, length, linux.MADV_HUGEPAGE) === 0 ? 'transparent' : 'ordinary';
  }
  // A program that this one starts needs no copy of the page tables, and keys belong into no core dump.
  calls.madvise(address, length, linux.MADV_DONTFORK);
  calls.madvise(address, length, linux.MADV_DONTDUMP);

  const buffer = calls.view(address, bytes);
  let freed = false;
  const free = () => {
    if (freed) return;
    freed = true;
    calls.munmap(address, length);
  };
  const memory = Memory.create({ over: { buffer, address } });
  return { memory, pages, description: describe(bytes, pages), noHugePages, free };
}

/** What another thread needs to see this memory; undefined when it is not the operating system's. */
export function nativeMemoryHandle({ address, bytes }: Memory): NativeMemoryHandle | undefined {
  return address === 0 ? undefined : { address, bytes };
}

/**
 * The same memory, seen from another thread of the process that made it.
 *
 * @throws SetupError `ERR_NOT_LINUX`, `ERR_KOFFI` (ENOTSUP), `ERR_MEMORY_FOREIGN` (EINVAL) when there is none. An address
 * at which nothing is mapped ends the process.
 */
export function attachNativeMemory({ address, bytes }: NativeMemoryHandle): Memory {
  return Memory.attach({ buffer: linux.systemCalls().view(address, bytes), address });
}

/** A free place of `length` bytes that begins at a huge page and crosses no multiple of 4 GiB. It is reserved, not usable. */
function reservePlace(calls: linux.SystemCalls, length: number): number {
  // Twice the length has such a place before the boundary in it or behind.
  const room = 2 * length + HUGE_PAGE_BYTES;
  const start = calls.mmap(0, room, linux.PROT_NONE, PRIVATE | linux.MAP_NORESERVE, -1, 0);
  if (start < 0) throw cannotMap(room, calls.errno());
  const first = alignUp(start, HUGE_PAGE_BYTES);
  const place = fitsWindow(first, length) ? first : alignUp(first, WINDOW_BYTES);
  if (place > start) calls.munmap(start, place - start);
  const end = start + room;
  if (end > place + length) calls.munmap(place + length, end - place - length);
  return place;
}

/** The kernel sets as many pages aside as there must be, or refuses: none can be missing when it is touched. −1: there are none. */
function mapHugePages(calls: linux.SystemCalls, length: number): number {
  const flags = PRIVATE | linux.MAP_HUGETLB | linux.MAP_HUGE_2MB;
  const low = mapLow(calls, length, length, flags);
  if (low >= 0) return low;
  const anywhere = calls.mmap(0, length, READ_WRITE, flags, -1, 0);
  if (anywhere < 0 || fitsWindow(anywhere, length)) return anywhere;
  calls.munmap(anywhere, length);
  // A refusal may leave a hole in the reservation, which another thread may have filled: so it is not used again.
  return calls.mmap(reservePlace(calls, length), length, READ_WRITE, flags | linux.MAP_FIXED, -1, 0);
}

function mapPages(calls: linux.SystemCalls, length: number): number {
  const low = mapLow(calls, length, length + HUGE_PAGE_BYTES, PRIVATE);
  if (low >= 0) return low;
  const address = calls.mmap(reservePlace(calls, length), length, READ_WRITE, PRIVATE | linux.MAP_FIXED, -1, 0);
  if (address < 0) throw cannotMap(length, calls.errno());
  return address;
}

/**
 * Maps `length` bytes below 2 GiB from a multiple of 2 MiB on; −1 when that cannot be.
 *
 * @param room how many bytes have such a place in them wherever the kernel puts them
 */
function mapLow(calls: linux.SystemCalls, length: number, room: number, flags: number): number {
  // The kernel looks in the upper GiB only.
  const start = calls.mmap(0, room, READ_WRITE, flags | linux.MAP_32BIT, -1, 0);
  const place = alignUp(start, HUGE_PAGE_BYTES);
  if (start >= 0 && place + length <= LOW_END) {
    if (place > start) calls.munmap(start, place - start);
    if (start + room > place + length) calls.munmap(place + length, start + room - place - length);
    return place;
  }
  if (start >= 0) calls.munmap(start, room);
  const wanted = LOW_END - length;
  if (wanted < LOW_BEGIN) return -1;
  const fixed = calls.mmap(wanted, length, READ_WRITE, flags | linux.MAP_FIXED_NOREPLACE, -1, 0);
  if (fixed === wanted) return fixed;
  if (fixed >= 0) calls.munmap(fixed, length);
  return -1;
}

function fitsWindow(address: number, length: number): boolean {
  return address + length <= alignUp(address + 1, WINDOW_BYTES);
}

function whyNot(errno: string, length: number): string {
  const wanted = length / HUGE_PAGE_BYTES;
  if (errno === 'ENOMEM') return `fewer than ${wanted} huge pages of 2 MiB are free (sysctl vm.nr_hugepages=${wanted})`;
  return `huge pages of 2 MiB cannot be had (${errno})`;
}

function describe(bytes: number, pages: PageKind): string {
  const size = bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`;
  if (pages === 'huge') return `${size} in huge pages of 2 MiB`;
  return `${size} in ordinary pages${pages === 'transparent' ? ', joined into huge ones where the kernel can' : ''}`;
}

function cannotMap(bytes: number, got: string): SetupError {
  return new SetupError({
    code: 'ERR_MEMORY_MAP',
    errno: 'ENOMEM',
    message: `the operating system gives no ${bytes} bytes of memory`,
    got,
    remedy: 'use a smaller memory (EAL option -m, in MiB), or see the limits of this process (ulimit -v)',
  });
}
