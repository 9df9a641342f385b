import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import { type SystemCalls, systemCalls } from '@inline-ipsec/eal/linux/system-calls';
import type { Memory } from '@inline-ipsec/eal/memory';
import { copyForeignFrame } from '../frame-copy.ts';
import type { NetworkInterface } from '../network-interface.ts';
import {
  LINK_DOWN,
  LINK_UP_10G,
  MAX_FRAME_BYTES,
  type Wire,
  type WireContext,
  type WireKind,
  type WireLink,
} from '../wire.ts';
import type { InterfaceControl } from './_interface-control.ts';
import { TapArguments } from './_tap-arguments.ts';
import { openTapDevice, type TapDevice, type TapPlatform } from './_tap-device.ts';

/**
 * A TAP interface of Linux (DPDK: net_tap): what the kernel sends by the interface is received, and what is sent comes to
 * the kernel as if the interface had received it. The interface is there as long as the wire is open.
 *
 * One system call moves one frame. In memory that native code sees, the kernel writes it where it belongs; in other memory
 * it goes through a buffer of the wire's own.
 *
 * While the interface is down its link is down: nothing comes, and nothing is taken. As with DPDK's driver what was to be
 * sent then stays the caller's. A frame that the kernel does not want, because it is shorter than an Ethernet header, is
 * taken and lost, as on a cable: it would be in the way of all others for ever.
 *
 * What this does not do: several queues, interfaces that stay, mirroring from another interface, offloads.
 */

/** How long what is known of the link is believed, in nanoseconds. */
const LINK_NANOSECONDS = 50e6;

/** What a frame has around an MTU at most: addresses and type, and one VLAN tag, which no MTU counts. */
const AROUND_MTU = 18;

/** A wire that is a TAP interface. */
export class TapWire implements Wire {
  readonly name = 'tap';
  readonly endless: string;
  readonly networkInterface: NetworkInterface;
  readonly #memory: Memory;
  readonly #environment: Environment;
  readonly #calls: SystemCalls;
  readonly #control: InterfaceControl;
  readonly #onClose: () => void;
  // −1 when it is closed, or when the interface is gone.
  #descriptor: number;
  // The same until it is closed.
  #held: number;
  // Where frames of memory that the kernel does not see pass through, and long ones that may have to be cut.
  readonly #buffer: Uint8Array = new Uint8Array(MAX_FRAME_BYTES + 1);
  readonly #bufferView = new DataView(this.#buffer.buffer);
  readonly #bufferAddress: number;
  readonly #view: DataView;
  #link: WireLink = LINK_UP_10G;
  #linkUntil = 0;
  #refused = 0;
  #failure: SetupError | undefined;

  /** Use {@link tapWireKind}. It owns the device; `onClose` is called when it has been closed. */
  constructor({ memory, environment }: WireContext, calls: SystemCalls, device: TapDevice, onClose: () => void) {
    this.#memory = memory;
    this.#environment = environment;
    this.#calls = calls;
    this.#control = device.control;
    this.networkInterface = device.control;
    this.#descriptor = device.descriptor;
    this.#held = device.descriptor;
    this.#onClose = onClose;
    this.#view = new DataView(memory.u8.buffer);
    this.#bufferAddress = calls.addressOf(this.#buffer);
    this.#control.readMtu();
    this.endless = `the kernel may send by TAP interface ${device.control.name} at any time`;
  }

  /** Up while the interface is: looked up now and then, and known at once when something was sent in vain. */
  get link(): WireLink {
    if (this.#descriptor < 0) return LINK_DOWN;
    const now = this.#environment.now();
    if (now >= this.#linkUntil) {
      this.#linkUntil = now + LINK_NANOSECONDS;
      // One that was moved to another namespace works all the same, and is not asked.
      this.#link = this.#control.running === false ? LINK_DOWN : LINK_UP_10G;
    }
    return this.#link;
  }

  /** True when somebody took the interface away. */
  get done(): boolean {
    return this.#descriptor < 0;
  }

  get descriptor(): number | undefined {
    return this.#descriptor < 0 ? undefined : this.#descriptor;
  }

  /** Set when somebody took the interface away, which ends the wire. */
  get failure(): SetupError | undefined {
    return this.#failure;
  }

  /** Frames that the kernel did not want. */
  get refused(): number {
    return this.#refused;
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    if (this.#descriptor < 0) return 0;
    const { address } = this.#memory;
    // The kernel does not tell that it cut a frame, so one that might be longer than its place is not read there.
    const direct = address !== 0 && room >= longestFrame(this.#control.mtu);
    const calls = this.#calls;
    const descriptor = this.#descriptor;
    let count = 0;
    while (count < n) {
      const got = direct
        ? calls.read(descriptor, address + at[count], room)
        : calls.read(descriptor, this.#bufferAddress, MAX_FRAME_BYTES + 1);
      if (got <= 0) {
        if (got < 0) this.#readFailed();
        break;
      }
      if (!direct) copyForeignFrame(this.#view, at[count], this.#bufferView, 0, Math.min(got, room));
      lengths[count++] = direct && got === room ? this.#lengthOfFull(room) : got;
    }
    return count;
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    const descriptor = this.#descriptor;
    if (descriptor < 0) return 0;
    const calls = this.#calls;
    const { address } = this.#memory;
    for (let i = 0; i < n; i++) {
      const length = lengths[i];
      let from = address + at[i];
      if (address === 0) {
        copyForeignFrame(this.#bufferView, 0, this.#view, at[i], length);
        from = this.#bufferAddress;
      }
      if (calls.write(descriptor, from, length) < 0 && !this.#writeFailed()) return i;
    }
    return n;
  }

  flush(): void {}

  close(): void {
    if (this.#held < 0) return;
    this.#calls.close(this.#held);
    this.#held = -1;
    this.#descriptor = -1;
    this.#control.close();
    this.#onClose();
  }

  /**
   * The length of a frame that fills its place: that, or more if somebody has raised the MTU meanwhile. From then on frames
   * come through the buffer, which has room for all.
   */
  #lengthOfFull(room: number): number {
    return longestFrame(this.#control.readMtu()) > room ? room + 1 : room;
  }

  /** With nothing to read, which is no failure, it is EAGAIN; EIO while the interface is down. */
  #readFailed(): void {
    const errno = this.#calls.errno();
    if (errno === 'EBADFD') this.#end();
  }

  /** Whether to go on with the next frame, because this one is lost. */
  #writeFailed(): boolean {
    switch (this.#calls.errno()) {
      case 'EIO':
        this.#link = LINK_DOWN;
        this.#linkUntil = this.#environment.now() + LINK_NANOSECONDS;
        return false;
      case 'EBADFD':
        this.#end();
        return false;
      case 'EAGAIN':
      case 'EINTR':
      case 'ENOBUFS':
      case 'ENOMEM':
        return false;
      default:
        this.#refused++;
        return true;
    }
  }

  /** The interface is gone: the descriptor is good for nothing but being closed, and poll(2) would not wait on it. */
  #end(): void {
    this.#descriptor = -1;
    this.#failure = new SetupError({
      code: 'ERR_TAP_GONE',
      errno: 'ENODEV',
      message: `TAP interface ${this.#control.name} was deleted by somebody else`,
    });
  }
}

/** The longest frame that the kernel sends with an MTU. */
function longestFrame(mtu: number | undefined): number {
  return mtu === undefined ? MAX_FRAME_BYTES : mtu + AROUND_MTU;
}

/** How {@link tapWireKind} reaches its operating system; for tests. */
export interface TapWireKindOptions {
  readonly calls?: () => SystemCalls;
  /** Lets the thread rest. */
  readonly sleep?: (milliseconds: number) => void;
}

/** How long a name that is in use is waited for, in milliseconds. */
const PATIENCE_MILLISECONDS = 1000;

/**
 * `wire=tap[,iface=NAME][,mac=fixed|XX:XX:XX:XX:XX:XX]`. The name is `dtap%d` by default, where the kernel puts the lowest
 * number that is free in place of `%d`. The interface is set up, and gone when the wire is closed, or the process ends in
 * whatever way; one that an administrator made before (`ip tuntap add`) stays.
 *
 * `fixed` is 02:64:74:61:70:30 ("dtap0") for the first of a process, and one more for each that follows. Without `mac` the
 * kernel makes an address up. A software port has the same address as its interface, as in DPDK; a card has its own.
 *
 * A process has one such kind, which counts. koffi, which it needs, is asked for when the first wire is opened.
 */
export function tapWireKind(options: TapWireKindOptions = {}): WireKind {
  const { calls = systemCalls, sleep = sleepHere } = options;
  const tapArguments = new TapArguments();
  const taken = new Set<string>();
  let patience = PATIENCE_MILLISECONDS;

  const open = (context: WireContext, device: DeviceArguments): readonly Wire[] => {
    const { pattern, macAddress } = tapArguments.read(device);
    const platform: TapPlatform = { calls: calls(), sleep };
    const wanted = lowestName(pattern, taken);
    const tap = openTapDevice(platform, pattern, wanted, patience);
    const { control, descriptor } = tap;
    try {
      // Somebody keeps that name for good, and the names after it are not waited for.
      if (control.name !== wanted) patience = 0;
      if (macAddress !== undefined) control.setMacAddress(macAddress);
      control.setUp(true);
      const wire = new TapWire(context, platform.calls, tap, () => taken.delete(control.name));
      taken.add(control.name);
      return [wire];
    } catch (error) {
      control.close();
      platform.calls.close(descriptor);
      throw error;
    }
  };
  return { name: 'tap', keys: TapArguments.KEYS, open };
}

/** The name with the lowest number that is not one of ours. */
function lowestName(pattern: string, taken: ReadonlySet<string>): string {
  let number = 0;
  while (taken.has(pattern.replace('%d', String(number))) && pattern.includes('%d')) number++;
  return pattern.replace('%d', String(number));
}

function sleepHere(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
