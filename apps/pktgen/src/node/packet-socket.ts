import { type Errno, SetupError } from '@inline-ipsec/eal/errors';
import type { FrameTarget } from '../frame-target.ts';

/**
 * A Linux network interface as the target: an AF_PACKET socket, raw and for sending only (packet(7)). The system calls
 * are libc's, through koffi, which is asked for when an interface is opened and not before.
 *
 * What it does not do: receive, rings shared with the kernel (PACKET_MMAP), checksum or segmentation offload.
 */

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;

// struct sockaddr_ll, the link-layer address of a packet socket.
const SLL_BYTES = 20;
const SLL_FAMILY = 0;
const SLL_IFINDEX = 4;
const SLL_HATYPE = 8;
const SLL_HALEN = 11;
const SLL_ADDRESS = 12;

/** Interfaces whose frames have an Ethernet header: Ethernet itself, and the loop. */
const ETHERNET_TYPES = [1, 772];

/** How long the kernel may say that it has no room before it is believed. */
const NO_ROOM_MILLISECONDS = 2000;

/** What is used of koffi. */
export interface ForeignFunctions {
  load(path: null): { func(definition: string): (...args: (string | number | Uint8Array)[]) => number };
  errno(): number;
  readonly os: { readonly errno: Record<string, number> };
}

interface SystemCalls {
  readonly if_nametoindex: (name: string) => number;
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (descriptor: number, address: Uint8Array, bytes: number) => number;
  readonly getsockname: (descriptor: number, address: Uint8Array, bytes: Uint8Array) => number;
  readonly send: (descriptor: number, frame: Uint8Array, bytes: number, flags: number) => number;
  readonly close: (descriptor: number) => number;
  /** The name of the last call's error: `EPERM`. */
  readonly errno: () => string;
}

/** Sends frames by a network interface. */
export class PacketSocket implements FrameTarget {
  readonly kind = 'interface';
  readonly name: string;
  readonly macAddress: Uint8Array;
  readonly #calls: SystemCalls;
  readonly #descriptor: number;
  #sent = 0;

  private constructor(name: string, macAddress: Uint8Array, calls: SystemCalls, descriptor: number) {
    this.name = name;
    this.macAddress = macAddress;
    this.#calls = calls;
    this.#descriptor = descriptor;
  }

  /**
   * Opens an interface by its name in the network namespace of this process.
   *
   * @param importKoffi gives koffi, or fails when it is not installed
   * @throws SetupError `ERR_PKTGEN_PLATFORM` (ENOTSUP), `ERR_PKTGEN_KOFFI` (ENOTSUP), `ERR_PKTGEN_INTERFACE` (ENODEV, or
   * ENOTSUP for one without Ethernet headers), `ERR_PKTGEN_PRIVILEGE` (EPERM), `ERR_PKTGEN_SOCKET` (EIO)
   */
  static async open(
    name: string,
    importKoffi: () => Promise<ForeignFunctions> = async () => (await import('koffi')).default,
  ): Promise<PacketSocket> {
    const calls = await systemCalls(name, importKoffi);
    const index = calls.if_nametoindex(name);
    if (index === 0) {
      throw new SetupError({
        code: 'ERR_PKTGEN_INTERFACE',
        errno: 'ENODEV',
        message: `there is no network interface ${name}`,
        remedy: 'name one that `ip link` lists with -i, or write to a pcap file with -o',
      });
    }
    const descriptor = calls.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (descriptor < 0) throw socketError(name, calls.errno());
    try {
      return new PacketSocket(name, bind(name, index, calls, descriptor), calls, descriptor);
    } catch (error) {
      calls.close(descriptor);
      throw error;
    }
  }

  /** @throws SetupError `ERR_PKTGEN_SEND` (EMSGSIZE, ENOBUFS, EIO), which says how many frames were sent before */
  send(frame: Uint8Array): void {
    for (let waited = 0; this.#calls.send(this.#descriptor, frame, frame.length, 0) < 0; ) {
      const errno = this.#calls.errno();
      if (errno === 'EINTR') continue;
      if (errno !== 'ENOBUFS' || waited >= NO_ROOM_MILLISECONDS) throw this.#sendError(errno, frame.length);
      // The interface's queue is full: it empties itself.
      sleep(1);
      waited++;
    }
    this.#sent++;
  }

  close(): void {
    this.#calls.close(this.#descriptor);
  }

  #sendError(errno: string, bytes: number): SetupError {
    const what: Record<string, [Errno, string, string]> = {
      EMSGSIZE: [
        'EMSGSIZE',
        `a frame of ${bytes} bytes is too long for it`,
        'make it shorter with -s, or raise its MTU',
      ],
      ENETDOWN: ['EIO', 'it is down', `set it up: ip link set ${this.name} up`],
      ENXIO: ['ENODEV', 'it is gone', 'name one that `ip link` lists'],
      ENODEV: ['ENODEV', 'it is gone', 'name one that `ip link` lists'],
      ENOBUFS: ['ENOBUFS', 'its queue stays full', 'see whether its cable is plugged in: ip link'],
    };
    const [code, reason, remedy] = what[errno] ?? ['EIO', `the kernel says ${errno}`, undefined];
    return new SetupError({
      code: 'ERR_PKTGEN_SEND',
      errno: code,
      message: `interface ${this.name} does not send, after ${this.#sent} frames: ${reason}`,
      remedy,
    });
  }
}

/** Binds a socket to an interface and gives the interface's address. */
function bind(name: string, index: number, calls: SystemCalls, descriptor: number): Uint8Array {
  const address = new Uint8Array(SLL_BYTES);
  const words = new DataView(address.buffer);
  words.setUint16(SLL_FAMILY, AF_PACKET, LITTLE_ENDIAN);
  words.setInt32(SLL_IFINDEX, index, LITTLE_ENDIAN);
  if (calls.bind(descriptor, address, SLL_BYTES) < 0) throw socketError(name, calls.errno());
  const bytes = new Uint8Array(Uint32Array.of(SLL_BYTES).buffer);
  if (calls.getsockname(descriptor, address, bytes) < 0) throw socketError(name, calls.errno());
  const type = words.getUint16(SLL_HATYPE, LITTLE_ENDIAN);
  if (!ETHERNET_TYPES.includes(type) || address[SLL_HALEN] !== 6) {
    throw new SetupError({
      code: 'ERR_PKTGEN_INTERFACE',
      errno: 'ENOTSUP',
      message: `interface ${name} has no Ethernet headers`,
      expected: 'an Ethernet interface',
      got: `hardware type ${type}`,
    });
  }
  return address.slice(SLL_ADDRESS, SLL_ADDRESS + 6);
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

async function systemCalls(name: string, importKoffi: () => Promise<ForeignFunctions>): Promise<SystemCalls> {
  if (process.platform !== 'linux') {
    throw new SetupError({
      code: 'ERR_PKTGEN_PLATFORM',
      errno: 'ENOTSUP',
      message: `cannot send by interface ${name} here`,
      expected: 'Linux, for its AF_PACKET sockets',
      got: process.platform,
      remedy: 'write to a pcap file with -o',
    });
  }
  const koffi = await loaded(name, importKoffi);
  const names = new Map(Object.entries(koffi.os.errno).map(([errno, number]) => [number, errno]));
  // The process itself has libc's functions, whichever libc it is.
  const libc = koffi.load(null);
  return {
    if_nametoindex: libc.func('unsigned int if_nametoindex(const char *name)'),
    socket: libc.func('int socket(int family, int type, int protocol)'),
    bind: libc.func('int bind(int descriptor, const void *address, uint32_t bytes)'),
    getsockname: libc.func('int getsockname(int descriptor, void *address, void *bytes)'),
    send: libc.func('intptr_t send(int descriptor, const void *frame, size_t bytes, int flags)'),
    close: libc.func('int close(int descriptor)'),
    errno: () => names.get(koffi.errno()) ?? `error ${koffi.errno()}`,
  };
}

async function loaded(name: string, importKoffi: () => Promise<ForeignFunctions>): Promise<ForeignFunctions> {
  try {
    return await importKoffi();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new SetupError({
      code: 'ERR_PKTGEN_KOFFI',
      errno: 'ENOTSUP',
      message: `cannot send by interface ${name}, because the package koffi, which makes system calls, cannot be loaded`,
      got: code === 'ERR_MODULE_NOT_FOUND' ? undefined : message,
      remedy: 'install it (npm install koffi), or write to a pcap file with -o',
      cause,
    });
  }
}

function socketError(name: string, errno: string): SetupError {
  if (errno === 'EPERM' || errno === 'EACCES') {
    return new SetupError({
      code: 'ERR_PKTGEN_PRIVILEGE',
      errno: 'EPERM',
      message: `this process may not send raw frames by interface ${name}`,
      expected: 'the capability CAP_NET_RAW',
      remedy: 'run as root, or write to a pcap file with -o',
    });
  }
  return new SetupError({
    code: 'ERR_PKTGEN_SOCKET',
    errno: 'EIO',
    message: `cannot open a packet socket on interface ${name}`,
    got: errno,
    remedy: 'write to a pcap file with -o',
  });
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
