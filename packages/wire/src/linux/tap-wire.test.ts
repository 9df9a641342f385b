import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { type SimulatedEnvironment, simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { SystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { Memory } from '@inline-ipsec/eal/memory';
import { formatMac } from '@inline-ipsec/net/ethernet';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Wire } from '../wire.ts';
import { tapWireKind } from './tap-wire.ts';

/** A TAP wire over a kernel of our own, which does what it is told and remembers it. */

interface FakeInterface {
  name: string;
  mtu: number;
  flags: number;
  address: Uint8Array;
  /** The descriptor that holds it, 0 when another program does. */
  holder: number;
}

const IFF_UP = 1;
const IFF_RUNNING = 0x40;

class FakeKernel {
  readonly interfaces = new Map<string, FakeInterface>();
  readonly descriptors = new Map<number, string>();
  /** What `read` finds, and what it says when there is nothing. */
  frames: Uint8Array[] = [];
  empty = 'EAGAIN';
  /** What was written, and what `write` says of it by its length. */
  written: Uint8Array[] = [];
  verdict: (bytes: number) => string | undefined = () => undefined;
  /** What `open` and TUNSETIFF fail with. */
  openError: string | undefined;
  createError: string | undefined;
  /** Nothing may be changed. */
  denied = false;
  /** Flags of an interface at first. */
  flags = 0x1002;
  asked: string[] = [];
  errno = '';
  /** Native memory by address. */
  readonly #native = new Map<number, Uint8Array>();
  #next = 3;

  has(name: string, holder = 0): FakeInterface {
    const made = { name, mtu: 1500, flags: this.flags, address: Uint8Array.of(0x0a, 1, 2, 3, 4, 5), holder };
    this.interfaces.set(name, made);
    return made;
  }

  get calls(): SystemCalls {
    const calls: Partial<SystemCalls> = {
      open: (path) => (this.openError === undefined ? this.#descriptor(path) : this.#fail(this.openError)),
      socket: () => this.#descriptor('socket'),
      close: (descriptor) => {
        this.descriptors.delete(descriptor);
        for (const { name, holder } of this.interfaces.values())
          if (holder === descriptor) this.interfaces.delete(name);
        return 0;
      },
      ioctl: (descriptor, request, structure) => this.#ioctl(descriptor, request, structure),
      read: (_descriptor, address, bytes) => {
        const frame = this.frames.shift();
        if (frame === undefined) return this.#fail(this.empty);
        const got = Math.min(frame.length, bytes);
        this.#at(address, got).set(frame.subarray(0, got));
        return got;
      },
      write: (_descriptor, address, bytes) => {
        const verdict = this.verdict(bytes);
        if (verdict !== undefined) return this.#fail(verdict);
        this.written.push(this.#at(address, bytes).slice());
        return bytes;
      },
      errno: () => this.errno,
      addressOf: (bytes) => this.map(bytes),
    };
    return calls as SystemCalls;
  }

  /** Gives bytes an address. */
  map(bytes: Uint8Array): number {
    const address = 0x7f00_0000_0000 + this.#native.size * 0x1_0000_0000;
    this.#native.set(address, bytes);
    return address;
  }

  #at(address: number, bytes: number): Uint8Array {
    for (const [start, all] of this.#native) {
      const at = address - start;
      if (at >= 0 && at + bytes <= all.length) return all.subarray(at, at + bytes);
    }
    throw new Error(`segmentation fault at ${address}`);
  }

  #descriptor(what: string): number {
    this.descriptors.set(this.#next, what);
    return this.#next++;
  }

  #fail(errno: string): number {
    this.errno = errno;
    return -1;
  }

  #ioctl(descriptor: number, request: number, structure: Uint8Array): number {
    const view = new DataView(structure.buffer);
    const name = String.fromCharCode(...structure.subarray(0, structure.indexOf(0)));
    if (request === 0x4004_54ca) return this.#create(descriptor, name, structure, view.getUint16(16, true));
    this.asked.push(name);
    const found = this.interfaces.get(name);
    if (found === undefined) return this.#fail('ENODEV');
    if (this.denied && [0x8914, 0x8922, 0x8924].includes(request)) return this.#fail('EPERM');
    switch (request) {
      case 0x8913:
        view.setUint16(16, found.flags, true);
        return 0;
      case 0x8914:
        found.flags = view.getUint16(16, true);
        found.flags = (found.flags & IFF_UP) !== 0 ? found.flags | IFF_RUNNING : found.flags & ~IFF_RUNNING;
        return 0;
      case 0x8921:
        view.setInt32(16, found.mtu, true);
        return 0;
      case 0x8922:
        found.mtu = view.getInt32(16, true);
        return 0;
      case 0x8924:
        expect(view.getUint16(16, true)).toBe(1);
        found.address = structure.slice(18, 24);
        return 0;
      case 0x8927:
        structure.set(found.address, 18);
        return 0;
      case 0x8933:
        return 0;
      default:
        return this.#fail('ENOTTY');
    }
  }

  #create(descriptor: number, pattern: string, structure: Uint8Array, flags: number): number {
    expect(flags).toBe(0x1002);
    if (this.createError !== undefined) return this.#fail(this.createError);
    let name = pattern;
    for (let n = 0; pattern.includes('%d') && (n === 0 || this.interfaces.has(name)); n++) {
      name = pattern.replace('%d', String(n));
    }
    if (this.interfaces.has(name)) return this.#fail('EBUSY');
    this.has(name, descriptor);
    structure.fill(0, 0, 16);
    for (let i = 0; i < name.length; i++) structure[i] = name.charCodeAt(i);
    return 0;
  }
}

let kernel: FakeKernel;
let environment: SimulatedEnvironment;
let memory: Memory;
let at: Uint32Array;
let slept: number;
let whileAsleep: () => void;
const lengths = new Uint32Array(8);
let kind: ReturnType<typeof tapWireKind>;

beforeEach(() => {
  kernel = new FakeKernel();
  environment = simulatedEnvironment();
  slept = 0;
  whileAsleep = () => {};
  const calls = kernel.calls;
  const sleep = (milliseconds: number) => {
    slept += milliseconds;
    whileAsleep();
  };
  kind = tapWireKind({ calls: () => calls, sleep });
  useMemory(Memory.create({ bytes: 1024 * 1024 }));
});

function useMemory(chosen: Memory): void {
  memory = chosen;
  const zone = memory.reserve('slots', 8 * 2048);
  at = Uint32Array.from({ length: 8 }, (_, i) => zone.position + 2 + i * 2048);
  memory.u8.fill(0xee, zone.position, zone.position + 8 * 2048);
}

/** Memory that the kernel sees. */
function useNativeMemory(): void {
  const buffer = new ArrayBuffer(1024 * 1024);
  useMemory(Memory.create({ over: { buffer, address: kernel.map(new Uint8Array(buffer)) } }));
}

function open(text = 'net_tap0'): Wire {
  return kind.open({ memory, environment }, parseDeviceArguments(text))[0];
}

function refusal(text = 'net_tap0'): SetupError {
  try {
    open(text);
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const frame = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => i * 7 + bytes);
const addressOf = (wire: Wire) => formatMac(wire.networkInterface?.macAddress ?? new Uint8Array(6));

describe('a TAP interface', () => {
  it('is dtap0, dtap1 and on, up, with an address that the kernel chose', () => {
    const [first, second] = [open('net_tap0'), open('net_tap1')];
    expect([...kernel.interfaces.keys()]).toEqual(['dtap0', 'dtap1']);
    expect((kernel.interfaces.get('dtap0')?.flags ?? 0) & IFF_UP).toBe(IFF_UP);
    expect(addressOf(first)).toBe('0a:01:02:03:04:05');
    expect(second.networkInterface?.name).toBe('dtap1');
    expect(first.descriptor).toBeGreaterThan(2);
    expect(second.descriptor).not.toBe(first.descriptor);
    expect(first.link.up).toBe(true);
    expect(first.done).toBe(false);
    expect(first.endless).toMatch(/TAP interface dtap0/);
  });

  it('has the address and the name that it is given', () => {
    const fixed = ['net_tap0,mac=fixed', 'net_tap1,mac=FIXED,iface=left', 'net_tap2,mac=fixed'].map(open);
    expect(fixed.map(addressOf)).toEqual(['02:64:74:61:70:30', '02:64:74:61:70:31', '02:64:74:61:70:32']);
    expect([...kernel.interfaces.keys()]).toEqual(['dtap0', 'left', 'dtap1']);
    expect(addressOf(open('net_tap3,mac=02:aa:bb:cc:dd:ee,iface=vpn%d'))).toBe('02:aa:bb:cc:dd:ee');
    expect(kernel.interfaces.has('vpn0')).toBe(true);
  });

  it('is gone when the wire is closed, and nothing is left open', () => {
    const [first, second] = [open('net_tap0'), open('net_tap1')];
    first.close();
    first.close();
    expect([...kernel.interfaces.keys()]).toEqual(['dtap1']);
    expect(open('net_tap2').networkInterface?.name).toBe('dtap0');
    expect(slept).toBe(0);
    second.close();
    expect(second.descriptor).toBeUndefined();
    expect(second.link.up).toBe(false);
    expect([second.receive(at, 2000, lengths, 1), second.transmit(at, lengths, 1)]).toEqual([0, 0]);
    expect(kernel.descriptors.size).toBe(2);
  });

  it('hands on what a port is told', () => {
    const { networkInterface } = open();
    const made = kernel.interfaces.get('dtap0');
    networkInterface?.setMtu(1400);
    networkInterface?.setPromiscuous(true);
    networkInterface?.setAllMulticast(true);
    networkInterface?.setMacAddress(Uint8Array.of(2, 0, 0, 0, 0, 9));
    expect(made).toMatchObject({ mtu: 1400, address: Uint8Array.of(2, 0, 0, 0, 0, 9) });
    expect((made?.flags ?? 0) & 0x301).toBe(0x301);
    networkInterface?.setUp(false);
    networkInterface?.setPromiscuous(false);
    networkInterface?.setAllMulticast(false);
    expect((made?.flags ?? 0) & 0x301).toBe(0);
  });

  it('that an administrator made and set up needs no privilege', () => {
    kernel.denied = true;
    kernel.flags |= IFF_UP | IFF_RUNNING;
    const { networkInterface } = open('net_tap0,iface=vpn');
    networkInterface?.setMtu(1500);
    expect(() => networkInterface?.setMtu(1400)).toThrow(/interface vpn cannot have an MTU of 1400: .*CAP_NET_ADMIN/);
  });
});

describe('a name in use', () => {
  it('is waited for, since a gateway that is ending has it', () => {
    kernel.has('dtap0');
    whileAsleep = () => slept >= 50 && kernel.interfaces.delete('dtap0');
    expect(open().networkInterface?.name).toBe('dtap0');
    expect(slept).toBe(50);
    kernel.has('vpn');
    whileAsleep = () => slept >= 90 && kernel.interfaces.delete('vpn');
    expect(open('net_tap1,iface=vpn').networkInterface?.name).toBe('vpn');
    expect(slept).toBe(90);
  });

  it('is passed over when it stays in use, and waited for once only', () => {
    kernel.has('dtap0');
    kernel.has('dtap1');
    expect(open('net_tap0').networkInterface?.name).toBe('dtap2');
    expect(slept).toBe(1000);
    expect(open('net_tap1').networkInterface?.name).toBe('dtap3');
    expect(slept).toBe(1000);
  });

  it('is refused when no other will do', () => {
    kernel.has('vpn');
    expect(refusal('net_tap0,iface=vpn')).toMatchObject({
      code: 'ERR_TAP_NAME',
      errno: 'EBUSY',
      message: 'TAP interface vpn is in use by another program; end that one, or choose another name with iface=',
    });
    expect(kernel.descriptors.size).toBe(0);
  });
});

describe('what cannot be is told', () => {
  it.each([
    ['open', 'ENOENT', 'ERR_TAP_MISSING', 'ENOENT', /\/dev\/net\/tun is not there; load the kernel module tun/],
    ['open', 'ENODEV', 'ERR_TAP_MISSING', 'ENOENT', /\/dev\/net\/tun is not there/],
    ['open', 'EACCES', 'ERR_TAP_PRIVILEGE', 'EPERM', /may not make TAP interface dtap%d.*CAP_NET_ADMIN; run as root/],
    ['open', 'EMFILE', 'ERR_TAP_OPEN', 'EIO', /cannot be opened: got EMFILE/],
    ['create', 'EPERM', 'ERR_TAP_PRIVILEGE', 'EPERM', /may not make TAP interface dtap%d.*CAP_NET_ADMIN; run as root/],
    ['create', 'EINVAL', 'ERR_TAP_NAME', 'EEXIST', /is there already, and is no TAP interface/],
    ['create', 'ENFILE', 'ERR_TAP_OPEN', 'EIO', /cannot be made: got ENFILE/],
  ])('%s fails with %s', (call, errno, code, named, message) => {
    if (call === 'open') kernel.openError = errno;
    else kernel.createError = errno;
    expect(refusal()).toMatchObject({ code, errno: named, message: expect.stringMatching(message) });
    expect(kernel.descriptors.size).toBe(0);
  });

  it.each([
    ['iface=a-name-that-is-much-too-long', 'ENAMETOOLONG', /at most 15 characters/],
    ['iface=', 'EINVAL', /cannot have this iface/],
    ['iface=a/b', 'EINVAL', /cannot have this iface/],
    ['iface=a:b', 'EINVAL', /cannot have this iface/],
    ['iface=a b', 'EINVAL', /cannot have this iface/],
    ['iface=..', 'EINVAL', /cannot have this iface/],
    ['iface=d%dt%d', 'EINVAL', /cannot have this iface/],
    ['iface=d%s', 'EINVAL', /cannot have this iface/],
    ['mac=fix', 'EINVAL', /cannot have this mac: expected fixed, or/],
    ['mac=', 'EINVAL', /cannot have this mac/],
    ['mac=01:00:5e:00:00:01', 'EINVAL', /cannot have this mac/],
    ['mac=00:00:00:00:00:00', 'EINVAL', /cannot have this mac/],
    ['remote=eth0', 'ENOTSUP', /net_tap0 cannot have remote: that comes later/],
    ['persist', 'ENOTSUP', /net_tap0 cannot have persist: that comes later/],
  ])('%s', (text, errno, message) => {
    expect(refusal(`net_tap0,${text}`)).toMatchObject({ errno, message: expect.stringMatching(message) });
    expect(kernel.descriptors.size).toBe(0);
  });

  it('no koffi, no Linux', () => {
    const missing = new SetupError({ code: 'ERR_KOFFI', errno: 'ENOTSUP', message: 'no koffi' });
    kind = tapWireKind({
      calls: () => {
        throw missing;
      },
    });
    expect(refusal()).toBe(missing);
  });

  it('an interface that may not be configured', () => {
    kernel.denied = true;
    expect(refusal()).toMatchObject({ code: 'ERR_INTERFACE', errno: 'EPERM' });
    expect([kernel.descriptors.size, kernel.interfaces.size]).toEqual([0, 0]);
  });
});

describe.each([
  ['memory that the kernel sees', () => useNativeMemory()],
  ['memory that it does not see', () => {}],
])('frames, in %s', (_what, prepare) => {
  beforeEach(prepare);

  it('come as long as they are, until there are no more', () => {
    const wire = open();
    kernel.frames = [14, 60, 61, 1514, 1518].map(frame);
    expect(wire.receive(at, 1600, lengths, 8)).toBe(5);
    expect([...lengths.subarray(0, 5)]).toEqual([14, 60, 61, 1514, 1518]);
    for (let i = 0; i < 5; i++) {
      expect(memory.view(at[i], lengths[i])).toEqual(frame(lengths[i]));
      expect(memory.u8[at[i] + lengths[i]]).toBe(0xee);
    }
    expect(wire.receive(at, 1600, lengths, 8)).toBe(0);
    expect(wire.failure).toBeUndefined();
  });

  it('wait when not all are asked for', () => {
    const wire = open();
    kernel.frames = [60, 61, 62].map(frame);
    expect(wire.receive(at, 1600, lengths, 2)).toBe(2);
    expect(wire.receive(at, 1600, lengths, 2)).toBe(1);
    expect(lengths[0]).toBe(62);
  });

  it('are cut where there is no room, and told to be longer', () => {
    const wire = open();
    kernel.frames = [100, 64, 65].map(frame);
    expect(wire.receive(at, 64, lengths, 3)).toBe(3);
    expect([...lengths.subarray(0, 3)]).toEqual([100, 64, 65]);
    expect(memory.view(at[0], 64)).toEqual(frame(100).subarray(0, 64));
    expect(memory.u8[at[0] + 64]).toBe(0xee);
  });

  it('are told to be longer also when the MTU was raised since', () => {
    const wire = open();
    const made = kernel.interfaces.get('dtap0');
    kernel.frames = [frame(1600)];
    wire.receive(at, 1600, lengths, 1);
    expect(lengths[0]).toBe(1600);
    if (made !== undefined) made.mtu = 9000;
    kernel.frames = [5000, 4000, 1600].map(frame);
    expect(wire.receive(at, 1600, lengths, 3)).toBe(3);
    expect(lengths[0]).toBeGreaterThan(1600);
    expect(memory.u8[at[0] + 1600]).toBe(0xee);
    expect(wire.receive(at, 1600, lengths, 3)).toBe(0);
    kernel.frames = [4000, 1600].map(frame);
    expect(wire.receive(at, 1600, lengths, 3)).toBe(2);
    expect([...lengths.subarray(0, 2)]).toEqual([4000, 1600]);
  });

  it('go out in order, and the places are free again', () => {
    const wire = open();
    const sizes = [14, 60, 61, 1514];
    sizes.forEach((bytes, i) => {
      memory.u8.set(frame(bytes), at[i]);
      lengths[i] = bytes;
    });
    expect(wire.transmit(at, lengths, 4)).toBe(4);
    expect(kernel.written).toEqual(sizes.map(frame));
  });

  it('stay the caller’s when the kernel has no room, or the interface is down', () => {
    const wire = open();
    for (const errno of ['EAGAIN', 'ENOBUFS', 'ENOMEM', 'EINTR', 'EIO']) {
      kernel.verdict = (bytes) => (bytes === 62 ? errno : undefined);
      lengths.set([60, 61, 62, 63]);
      kernel.written = [];
      expect(wire.transmit(at, lengths, 4)).toBe(2);
      expect(kernel.written.map(({ length }) => length)).toEqual([60, 61]);
    }
    expect(wire.failure).toBeUndefined();
  });

  it('are lost when the kernel does not want them, so that others can go', () => {
    const wire = open();
    kernel.verdict = (bytes) => (bytes < 14 ? 'EINVAL' : undefined);
    lengths.set([60, 13, 1, 61]);
    expect(wire.transmit(at, lengths, 4)).toBe(4);
    expect(kernel.written.map(({ length }) => length)).toEqual([60, 61]);
    expect((wire as Wire & { refused: number }).refused).toBe(2);
    expect(wire.failure).toBeUndefined();
  });
});

describe('the link', () => {
  it('is that of the interface, looked up now and then', () => {
    const wire = open();
    const made = kernel.interfaces.get('dtap0');
    expect(wire.link).toEqual({ up: true, speedMbps: 10_000 });
    if (made !== undefined) made.flags = 0x1002;
    kernel.asked = [];
    expect(wire.link.up).toBe(true);
    expect(kernel.asked).toEqual([]);
    environment.advance(50e6);
    expect(wire.link.up).toBe(false);
    if (made !== undefined) made.flags |= IFF_UP | IFF_RUNNING;
    environment.advance(50e6);
    expect(wire.link.up).toBe(true);
  });

  it('is down at once when something was sent in vain', () => {
    const wire = open();
    expect(wire.link.up).toBe(true);
    kernel.verdict = () => 'EIO';
    lengths[0] = 60;
    expect(wire.transmit(at, lengths, 1)).toBe(0);
    expect(wire.link).toEqual({ up: false, speedMbps: 0 });
  });

  it('stays up when the interface was moved to another namespace', () => {
    const wire = open();
    kernel.interfaces.delete('dtap0');
    environment.advance(1e9);
    expect(wire.link.up).toBe(true);
    expect(wire.done).toBe(false);
    expect(() => wire.networkInterface?.setUp(false)).toThrow(
      /dtap0 cannot be set down: got no such interface any more/,
    );
  });
});

describe('an interface that somebody deletes', () => {
  it.each(['read', 'write'])('ends the wire, seen by a %s', (how) => {
    const wire = open();
    kernel.empty = 'EBADFD';
    kernel.verdict = () => 'EBADFD';
    lengths[0] = 60;
    if (how === 'read') expect(wire.receive(at, 1600, lengths, 1)).toBe(0);
    else expect(wire.transmit(at, lengths, 1)).toBe(0);
    expect(wire.failure).toMatchObject({ code: 'ERR_TAP_GONE', errno: 'ENODEV' });
    expect(wire.failure?.message).toMatch(/dtap0/);
    expect([wire.done, wire.descriptor, wire.link.up]).toEqual([true, undefined, false]);
    expect([wire.receive(at, 1600, lengths, 1), wire.transmit(at, lengths, 1)]).toEqual([0, 0]);
    wire.close();
    expect(kernel.descriptors.size).toBe(0);
  });
});
