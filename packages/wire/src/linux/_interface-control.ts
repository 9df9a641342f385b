import { type Errno, SetupError } from '@inline-ipsec/eal/errors';
import type { SystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { formatMac } from '@inline-ipsec/net/ethernet';
import type { NetworkInterface } from '../network-interface.ts';

/**
 * An interface as ioctl(2) configures it (netdevice(7)). The requests go to a socket of any kind; one of AF_UNIX needs no
 * protocol to be there.
 */

/** Characters that the name of an interface has at most (the kernel's IFNAMSIZ less the NUL). */
export const INTERFACE_NAME_MAX = 15;

// struct ifreq: the name, and what depends on the request.
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;
const REQUEST_AT = 16;
/** Of a struct sockaddr: the family, then the address. */
const ADDRESS_AT = REQUEST_AT + 2;

const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const SIOCGIFMTU = 0x8921;
const SIOCSIFMTU = 0x8922;
const SIOCSIFHWADDR = 0x8924;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_PROMISC = 0x100;
const IFF_ALLMULTI = 0x200;

/** Hardware type of Ethernet. */
const ARPHRD_ETHER = 1;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o200_0000;

/** A request about an interface: its name, and zeros behind it. */
export class InterfaceRequest {
  readonly bytes: Uint8Array = new Uint8Array(REQUEST_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  /** @param name at most {@link INTERFACE_NAME_MAX} characters of ASCII */
  constructor(name: string) {
    for (let i = 0; i < name.length; i++) this.bytes[i] = name.charCodeAt(i);
  }

  /** The name, which the kernel may have filled in. */
  get name(): string {
    let name = '';
    for (let i = 0; i < NAME_BYTES && this.bytes[i] !== 0; i++) name += String.fromCharCode(this.bytes[i]);
    return name;
  }

  /** The 16-bit word behind the name: flags, or an address's family. */
  get word(): number {
    return this.#view.getUint16(REQUEST_AT, LITTLE_ENDIAN);
  }

  set word(value: number) {
    this.#view.setUint16(REQUEST_AT, value, LITTLE_ENDIAN);
  }

  /** The 32-bit number behind the name: an MTU. */
  get number(): number {
    return this.#view.getInt32(REQUEST_AT, LITTLE_ENDIAN);
  }

  set number(value: number) {
    this.#view.setInt32(REQUEST_AT, value, LITTLE_ENDIAN);
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Configures one interface. It keeps a socket until it is closed. */
export class InterfaceControl implements NetworkInterface {
  readonly name: string;
  readonly #calls: SystemCalls;
  readonly #request: InterfaceRequest;
  #socket: number;
  #mtu: number | undefined;

  /**
   * Of an interface, or of a name that may become one.
   *
   * @throws SetupError `ERR_INTERFACE` (EIO) when there is no socket to be had
   */
  constructor(calls: SystemCalls, name: string) {
    this.#calls = calls;
    this.name = name;
    this.#request = new InterfaceRequest(name);
    this.#socket = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (this.#socket < 0) throw this.#error('be configured');
  }

  /** Whether there is an interface of that name. */
  get exists(): boolean {
    return this.#ask(SIOCGIFINDEX);
  }

  /**
   * Whether it is up and has a carrier. Undefined when it is not in this network namespace, into which it can come back.
   * To be asked now and then: it makes a system call.
   */
  get running(): boolean | undefined {
    if (!this.#ask(SIOCGIFFLAGS)) return undefined;
    const both = IFF_UP | IFF_RUNNING;
    return (this.#request.word & both) === both;
  }

  /** The most bytes behind an Ethernet header, as of the last {@link readMtu} or {@link setMtu}; undefined when not known. */
  get mtu(): number | undefined {
    return this.#mtu;
  }

  /** Asks the kernel for {@link mtu}. */
  readMtu(): number | undefined {
    this.#mtu = this.#ask(SIOCGIFMTU) ? this.#request.number : undefined;
    return this.#mtu;
  }

  get macAddress(): Uint8Array {
    if (!this.#ask(SIOCGIFHWADDR)) throw this.#error('tell its address');
    return this.#request.bytes.slice(ADDRESS_AT, ADDRESS_AT + 6);
  }

  setMacAddress(address: Uint8Array): void {
    this.#request.word = ARPHRD_ETHER;
    this.#request.bytes.set(address, ADDRESS_AT);
    if (!this.#ask(SIOCSIFHWADDR)) throw this.#error(`have the address ${formatMac(address)}`);
  }

  setMtu(mtu: number): void {
    if (this.readMtu() === mtu) return;
    this.#request.number = mtu;
    if (!this.#ask(SIOCSIFMTU)) throw this.#error(`have an MTU of ${mtu}`);
    this.#mtu = mtu;
  }

  setUp(up: boolean): void {
    this.#setFlag(IFF_UP, up, `be set ${up ? 'up' : 'down'}`);
  }

  setPromiscuous(on: boolean): void {
    this.#setFlag(IFF_PROMISC, on, 'be made promiscuous');
  }

  setAllMulticast(on: boolean): void {
    this.#setFlag(IFF_ALLMULTI, on, 'take all groups');
  }

  /** Lets go of the socket. The interface stays as it is. */
  close(): void {
    if (this.#socket >= 0) this.#calls.close(this.#socket);
    this.#socket = -1;
  }

  #setFlag(flag: number, on: boolean, what: string): void {
    if (!this.#ask(SIOCGIFFLAGS)) throw this.#error(what);
    const before = this.#request.word;
    const after = on ? before | flag : before & ~flag;
    // Who may not configure it may still use one that is as it should be.
    if (after === before) return;
    this.#request.word = after;
    if (!this.#ask(SIOCSIFFLAGS)) throw this.#error(what);
  }

  #ask(request: number): boolean {
    return this.#calls.ioctl(this.#socket, request, this.#request.bytes) >= 0;
  }

  #error(what: string): SetupError {
    const errno = this.#calls.errno();
    const denied = errno === 'EPERM' || errno === 'EACCES';
    const gone = errno === 'ENODEV' || errno === 'ENXIO';
    const known: Errno = denied ? 'EPERM' : gone ? 'ENODEV' : errno === 'EINVAL' ? 'EINVAL' : 'EIO';
    return new SetupError({
      code: 'ERR_INTERFACE',
      errno: known,
      message: `interface ${this.name} cannot ${what}`,
      expected: denied ? 'the capability CAP_NET_ADMIN' : undefined,
      got: gone ? 'no such interface any more' : errno,
      remedy: denied ? 'run as root' : undefined,
    });
  }
}
