/**
 * System calls of Linux, by koffi, for what Node has no function for: memory, devices, waiting on descriptors.
 *
 * Each is the call of its manual page (section 2), through the C library that the process has already. They answer as
 * there: −1 is an error, and {@link SystemCalls.errno} names it if nothing was called in between. Nothing throws.
 * A call through koffi costs some 100 ns besides the kernel's part, and more when a buffer is passed than when a number
 * is: so what a data path calls takes addresses. An address is a number of bytes: user space ends at 2^47, or 2^52 at
 * most, and a double holds it exactly.
 *
 * Every thread gets a table of its own.
 */
import { SetupError } from '../errors.ts';
import { foreignFunctions } from './_foreign-functions.ts';

/** The calls. */
export interface SystemCalls {
  /** Maps memory (mmap(2)). `address` 0 leaves the choice to the kernel. Gives the address, or −1. */
  mmap(address: number, bytes: number, protection: number, flags: number, descriptor: number, offset: number): number;
  /** Unmaps memory (munmap(2)). Whoever looks at it afterwards is killed. */
  munmap(address: number, bytes: number): number;
  /** Says how memory will be used (madvise(2)). */
  madvise(address: number, bytes: number, advice: number): number;
  /** Opens a file (open(2)). `mode` counts with {@link O_CREAT} only. */
  open(path: string, flags: number, mode?: number): number;
  close(descriptor: number): number;
  /** Reads up to `bytes` to an address (read(2)). */
  read(descriptor: number, address: number, bytes: number): number;
  /** Writes up to `bytes` from an address (write(2)). */
  write(descriptor: number, address: number, bytes: number): number;
  /** ioctl(2) with a structure, which the kernel may change. */
  ioctl(descriptor: number, request: number, structure: Uint8Array): number;
  /** ioctl(2) with a number. */
  ioctlNumber(descriptor: number, request: number, argument: number): number;
  /** fcntl(2) with a number. */
  fcntl(descriptor: number, command: number, argument: number): number;
  /** A socket (socket(2)); interfaces are configured by ioctl on one. */
  socket(domain: number, type: number, protocol: number): number;
  /**
   * Waits until something is ready (poll(2)).
   *
   * @param list two words a descriptor, as {@link pollList} makes them
   * @param milliseconds at most; −1 is for ever, and then nothing else on this thread runs
   */
  poll(list: Int32Array, descriptors: number, milliseconds: number): number;
  /** A counter to wait for and to wake by (eventfd(2)). */
  eventfd(initial: number, flags: number): number;
  /** A file that has a descriptor and no name (memfd_create(2)); it is gone with its last descriptor and mapping. */
  memfdCreate(name: string, flags: number): number;
  /** Writes a clock's time to an address, as a struct timespec (clock_gettime(2)). */
  clockGettime(clock: number, address: number): number;
  /** Lets others run on this thread's processor first (sched_yield(2)). */
  schedYield(): number;
  /** Binds a thread to processors (sched_setaffinity(2)); thread 0 is the one that calls. Bit n of the mask is processor n. */
  schedSetaffinity(thread: number, mask: Uint8Array): number;
  /** The processors that a thread may run on (sched_getaffinity(3)). A mask too short for the machine is refused. */
  schedGetaffinity(thread: number, mask: Uint8Array): number;
  /** The name of the last call's error on this thread: `ENOENT`. */
  errno(): string;
  /** The bytes at an address, without a copy. They are gone when they are unmapped, whatever still shows them. */
  view(address: number, bytes: number): ArrayBuffer;
  /** Where native code sees these bytes. It holds for an array outside the heap of JavaScript that is kept alive. */
  addressOf(bytes: Uint8Array): number;
}

// mmap(2)
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
/** Only below 2 GiB; x86-64 has it, others pass over it. */
export const MAP_32BIT = 0x40;
export const MAP_NORESERVE = 0x4000;
export const MAP_HUGETLB = 0x4_0000;
/** As {@link MAP_FIXED}, but refused where something lies already; a kernel before 4.17 chooses another place. */
export const MAP_FIXED_NOREPLACE = 0x10_0000;
/** Huge pages of 2 MiB: the logarithm of their size, in the upper bits of the flags. */
export const MAP_HUGE_2MB: number = 21 << 26;

// madvise(2)
export const MADV_DONTFORK = 10;
export const MADV_HUGEPAGE = 14;
export const MADV_DONTDUMP = 16;

// open(2), fcntl(2), eventfd(2), memfd_create(2); the same on x86-64 and on 64-bit Arm
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o200_0000;
export const MFD_CLOEXEC = 1;
export const F_GETFL = 3;
export const F_SETFL = 4;

// poll(2)
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;

// clock_gettime(2)
export const CLOCK_MONOTONIC = 1;

let table: SystemCalls | undefined;

/**
 * The system calls of this thread.
 *
 * @throws SetupError `ERR_NOT_LINUX`, `ERR_KOFFI` (ENOTSUP) when there are none
 */
export function systemCalls(): SystemCalls {
  table ??= load();
  return table;
}

/** Why there are no system calls here; undefined when there are. */
export function noSystemCalls(): SetupError | undefined {
  try {
    systemCalls();
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
}

/** The list of poll(2) for these descriptors, each to be waited for until it can be read. */
export function pollList(descriptors: readonly number[]): Int32Array {
  // struct pollfd: int fd; short events; short revents.
  const list = new Int32Array(descriptors.length * 2);
  const halves = new Int16Array(list.buffer);
  descriptors.forEach((descriptor, i) => {
    list[i * 2] = descriptor;
    halves[i * 4 + 2] = POLLIN;
  });
  return list;
}

/** What poll(2) said of descriptor `i` of a list: `POLLIN` and its like, 0 for nothing. */
export function pollResult(list: Int32Array, i: number): number {
  return new Int16Array(list.buffer, list.byteOffset)[i * 4 + 3];
}

function load(): SystemCalls {
  const koffi = foreignFunctions();
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  // The process itself has the functions of its C library, whichever that is.
  const libc = koffi.load(null);
  const mmap = libc.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const open = libc.func('open', 'int', ['str', 'int', 'unsigned int']);
  const setaffinity = libc.func('sched_setaffinity', 'int', ['int', 'size_t', 'void *']);
  const getaffinity = libc.func('sched_getaffinity', 'int', ['int', 'size_t', 'void *']);
  return {
    mmap: (address, bytes, protection, flags, descriptor, offset) =>
      Number(mmap(address, bytes, protection, flags, descriptor, offset)),
    munmap: libc.func('munmap', 'int', ['uintptr_t', 'size_t']),
    madvise: libc.func('madvise', 'int', ['uintptr_t', 'size_t', 'int']),
    open: (path, flags, mode = 0) => open(path, flags, mode),
    close: libc.func('close', 'int', ['int']),
    read: libc.func('read', 'intptr_t', ['int', 'uintptr_t', 'size_t']),
    write: libc.func('write', 'intptr_t', ['int', 'uintptr_t', 'size_t']),
    ioctl: libc.func('ioctl', 'int', ['int', 'unsigned long', 'void *']),
    ioctlNumber: libc.func('ioctl', 'int', ['int', 'unsigned long', 'uintptr_t']),
    fcntl: libc.func('fcntl', 'int', ['int', 'int', 'intptr_t']),
    socket: libc.func('socket', 'int', ['int', 'int', 'int']),
    poll: libc.func('poll', 'int', ['void *', 'unsigned long', 'int']),
    eventfd: libc.func('eventfd', 'int', ['unsigned int', 'int']),
    memfdCreate: libc.func('memfd_create', 'int', ['str', 'unsigned int']),
    clockGettime: libc.func('clock_gettime', 'int', ['int', 'uintptr_t']),
    schedYield: libc.func('sched_yield', 'int', []),
    schedSetaffinity: (thread, mask) => setaffinity(thread, mask.length, mask),
    schedGetaffinity: (thread, mask) => getaffinity(thread, mask.length, mask),
    errno: () => names.get(koffi.errno()) ?? `error ${koffi.errno()}`,
    view: (address, bytes) => koffi.view(address, bytes),
    addressOf: (bytes) => Number(koffi.address(bytes)),
  };
}
