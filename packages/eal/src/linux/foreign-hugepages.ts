/**
 * The hugepages of another program, mapped into the one memory, so that every byte of them is a position as well. A DPDK
 * program with `--huge-dir D --file-prefix P` has its memory in files `D/Pmap_*`, and gives devices physical addresses
 * (`RTE_IOVA_PA`), also of what spans pages that follow each other there. Which physical page a file is, the kernel tells
 * root in /proc/self/pagemap.
 *
 * Only hugepages of 2 MiB are known.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statfsSync } from 'node:fs';
import { SetupError } from '../errors.ts';
import type { Memory, Memzone } from '../memory.ts';
import { PagePlaces } from './_page-places.ts';
import * as linux from './system-calls.ts';

/** Bytes of the pages that are mapped. */
export const FOREIGN_PAGE_BYTES: number = 2 * 1024 * 1024;

const READ_WRITE: number = linux.PROT_READ | linux.PROT_WRITE;
const ZONE = 'FOREIGN_HUGEPAGES';
/** What /proc/self/pagemap counts in. */
const SMALL_PAGE_BYTES = 4096;
/** Bits 54:0 of its entries are the number of a page, in pages of 4 KiB: the lower word and these of the upper. */
const PAGE_NUMBER_UPPER = 0x7f_ffff;
const SMALL_PER_PAGE: number = FOREIGN_PAGE_BYTES / SMALL_PAGE_BYTES;

/** Whose pages, and how many at most. */
export interface ForeignHugepagesOptions {
  /** The mounted hugetlbfs that has the files (DPDK: `--huge-dir`). */
  readonly folder: string;
  /** What their names begin with, before `map_` (DPDK: `--file-prefix`; `rte` where nothing is said). */
  readonly prefix: string;
  /** How many pages have room in the memory. */
  readonly pages: number;
}

/** A hole in the memory into which files are mapped as they appear. */
export class ForeignHugepages {
  readonly #memory: Memory;
  readonly #folder: string;
  readonly #start: string;
  readonly #zone: Memzone;
  readonly #pagemap: number;
  /** Files that are mapped: the physical addresses of their pages over 2 MiB. */
  readonly #files = new Map<string, readonly number[]>();
  /** Files that were there already when the hole was made. */
  readonly #before = new Set<string>();
  readonly #places: PagePlaces;
  /** New files of the last {@link watch}. */
  #appeared = '';
  /** Pages for which there was no room. */
  #refused = 0;

  private constructor(memory: Memory, options: ForeignHugepagesOptions, zone: Memzone, pagemap: number) {
    this.#memory = memory;
    this.#folder = options.folder;
    this.#start = `${options.prefix}map_`;
    this.#zone = zone;
    this.#pagemap = pagemap;
    this.#places = new PagePlaces(options.pages);
    this.#look((identity) => void this.#before.add(identity));
  }

  /**
   * Reserves the hole. Nothing is mapped yet.
   *
   * @param memory the operating system's; it must be larger than all the pages
   * @throws SetupError `ERR_FOREIGN_MEMORY` (EINVAL) for another memory; `ERR_HUGE_FOLDER` (ENOENT, ENOTSUP) when the
   * folder is no hugetlbfs of 2 MiB pages; `ERR_PAGEMAP` (EACCES) without the right to see physical addresses; what
   * `Memory.reserve` throws
   */
  static create(memory: Memory, options: ForeignHugepagesOptions): ForeignHugepages {
    if (memory.address === 0 || memory.address % FOREIGN_PAGE_BYTES !== 0) {
      throw new SetupError({
        code: 'ERR_FOREIGN_MEMORY',
        errno: 'EINVAL',
        message: "pages of another program can be mapped into the operating system's memory only",
        remedy: 'make it with createNativeMemory',
      });
    }
    checkFolder(options.folder);
    const pagemap = openPagemap(memory);
    try {
      // The one behind all others is where a page is mapped to learn its number.
      const zone = memory.reserve(ZONE, (options.pages + 1) * FOREIGN_PAGE_BYTES, FOREIGN_PAGE_BYTES);
      return new ForeignHugepages(memory, options, zone, pagemap);
    } catch (error) {
      closeSync(pagemap);
      throw error;
    }
  }

  /** Pages that are mapped. */
  get pages(): number {
    return this.#places.pages;
  }

  /** Pages that were there at the last scan and had no room in the hole. They are tried again with the next one. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Where a page lies.
   *
   * @param number its physical address over 2 MiB
   * @returns a position, or 0 for a page that is not mapped (yet)
   */
  position(number: number): number {
    const place = this.#places.placeOf(number);
    return place === undefined ? 0 : this.#positionOf(place);
  }

  /**
   * Maps files that are new, once no more appear between two calls: only pages that are all there can be placed in their
   * physical order. What was there before the hole was made may be left over from an earlier program; EAL removes such
   * files, and would miss the pages if they were held here.
   */
  watch(): void {
    const isNew = (identity: string) => !this.#before.has(identity);
    const appeared: string[] = [];
    this.#look((identity) => {
      if (!this.#files.has(identity) && isNew(identity)) appeared.push(identity);
    });
    const now = appeared.sort().join();
    if (now !== '' && now === this.#appeared) this.#renew(isNew);
    this.#appeared = now;
  }

  /** Maps all files, those that may be left over as well, and lets go of those that are gone. */
  scan(): void {
    this.#renew(() => true);
  }

  #renew(wanted: (identity: string) => boolean): void {
    const seen = new Set<string>();
    this.#look((identity) => seen.add(identity));
    // First of all there is room for the new ones: a program that is started again may need all of it.
    for (const [identity, numbers] of this.#files) {
      if (seen.has(identity)) continue;
      this.#unmap(numbers);
      this.#files.delete(identity);
    }
    const found = new Map<string, readonly number[]>();
    let room = this.#places.free;
    this.#refused = 0;
    this.#look((identity, descriptor, pages) => {
      if (this.#files.has(identity) || !wanted(identity)) return;
      const numbers = pages <= room ? this.#numbersOf(descriptor, pages) : undefined;
      if (numbers === undefined) this.#refused += pages;
      else {
        found.set(identity, numbers);
        room -= pages;
      }
    });
    this.#places.take([...found.values()].flat());
    this.#look((identity, descriptor) => {
      const numbers = found.get(identity);
      if (numbers === undefined) return;
      found.delete(identity);
      this.#files.set(identity, numbers);
      for (const [page, number] of numbers.entries()) {
        if (!this.#mapPage(this.position(number), descriptor, page)) this.#places.release(number);
      }
    });
    // They went between two looks.
    for (const numbers of found.values()) for (const number of numbers) this.#places.release(number);
  }

  /** Shows each file that has pages. */
  #look(show: (identity: string, descriptor: number, pages: number) => void): void {
    for (const name of this.#names()) {
      const descriptor = openOrNothing(`${this.#folder}/${name}`);
      if (descriptor < 0) continue;
      try {
        const { ino, size } = fstatSync(descriptor);
        const pages = Math.floor(size / FOREIGN_PAGE_BYTES);
        // A file is empty at first; looking behind its end would be fatal.
        if (pages > 0) show(`${ino}:${pages}`, descriptor, pages);
      } finally {
        closeSync(descriptor);
      }
    }
  }

  /** Lets go of all pages. The hole stays reserved, and is empty memory of this process. */
  close(): void {
    for (const numbers of this.#files.values()) this.#unmap(numbers);
    this.#files.clear();
    closeSync(this.#pagemap);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.startsWith(this.#start));
    } catch {
      return [];
    }
  }

  /** Physical addresses over 2 MiB of a file's pages; undefined when they cannot be mapped. */
  #numbersOf(descriptor: number, pages: number): readonly number[] | undefined {
    const position = this.#positionOf(this.#zone.bytes / FOREIGN_PAGE_BYTES - 1);
    const numbers: number[] = [];
    while (numbers.length < pages && this.#mapPage(position, descriptor, numbers.length)) {
      // A page has its place in physical memory when it was touched.
      Atomics.load(this.#memory.u32, position >> 2);
      numbers.push(Math.floor(physicalPage(this.#pagemap, this.#memory.address + position) / SMALL_PER_PAGE));
    }
    this.#clear(position);
    return numbers.length === pages ? numbers : undefined;
  }

  #positionOf(place: number): number {
    return this.#zone.position + place * FOREIGN_PAGE_BYTES;
  }

  #mapPage(position: number, descriptor: number, page: number): boolean {
    const address = this.#memory.address + position;
    const flags = linux.MAP_SHARED | linux.MAP_FIXED;
    const offset = page * FOREIGN_PAGE_BYTES;
    return linux.systemCalls().mmap(address, FOREIGN_PAGE_BYTES, READ_WRITE, flags, descriptor, offset) >= 0;
  }

  #unmap(numbers: readonly number[]): void {
    for (const number of numbers) {
      const position = this.position(number);
      if (position !== 0) this.#clear(position);
      this.#places.release(number);
    }
  }

  /** Leaves empty memory of this process where a page was. */
  #clear(position: number): void {
    const flags = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS | linux.MAP_FIXED;
    linux.systemCalls().mmap(this.#memory.address + position, FOREIGN_PAGE_BYTES, READ_WRITE, flags, -1, 0);
  }
}

function checkFolder(folder: string): void {
  let bytes: number;
  let kind: number;
  try {
    ({ bsize: bytes, type: kind } = statfsSync(folder));
  } catch (cause) {
    throw new SetupError({
      code: 'ERR_HUGE_FOLDER',
      errno: 'ENOENT',
      message: 'there is no such folder for hugepages',
      got: folder,
      remedy: `mkdir -p ${folder} && mount -t hugetlbfs -o pagesize=2M none ${folder}`,
      cause,
    });
  }
  if (kind === HUGETLBFS_MAGIC && bytes === FOREIGN_PAGE_BYTES) return;
  throw new SetupError({
    code: 'ERR_HUGE_FOLDER',
    errno: 'ENOTSUP',
    message: 'this folder has no hugepages of 2 MiB',
    expected: 'a mounted hugetlbfs',
    got: kind === HUGETLBFS_MAGIC ? `${folder} with pages of ${bytes} bytes` : folder,
    remedy: `mount -t hugetlbfs -o pagesize=2M none ${folder}`,
  });
}

function openPagemap(memory: Memory): number {
  let got: string;
  try {
    const pagemap = openSync('/proc/self/pagemap', 'r');
    // The first page has the directory, so it was touched.
    if (physicalPage(pagemap, memory.address) !== 0) return pagemap;
    closeSync(pagemap);
    got = 'page numbers that are 0';
  } catch (error) {
    got = (error as Error).message;
  }
  throw new SetupError({
    code: 'ERR_PAGEMAP',
    errno: 'EACCES',
    message: 'physical addresses cannot be learnt from /proc/self/pagemap',
    got,
    remedy: 'run it as root (CAP_SYS_ADMIN)',
  });
}

/** What statfs(2) says of a hugetlbfs. */
const HUGETLBFS_MAGIC = 0x958458f6;

function openOrNothing(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch {
    // It went between two looks.
    return -1;
  }
}

/** Number of the physical page of 4 KiB at an address of this process; 0 when it has none or it may not be known. */
function physicalPage(pagemap: number, address: number): number {
  const entry = new DataView(new ArrayBuffer(8));
  const at = (address / SMALL_PAGE_BYTES) * 8;
  if (readSync(pagemap, new Uint8Array(entry.buffer), 0, 8, at) !== 8) return 0;
  return (entry.getUint32(4, true) & PAGE_NUMBER_UPPER) * 0x1_0000_0000 + entry.getUint32(0, true);
}
