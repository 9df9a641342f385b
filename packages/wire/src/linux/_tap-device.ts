import { SetupError } from '@inline-ipsec/eal/errors';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR, type SystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { InterfaceControl, InterfaceRequest } from './_interface-control.ts';

/**
 * Makes a TAP interface (the kernel's Documentation/networking/tuntap.rst): a descriptor on which frames are read and
 * written, and an interface that lives as long as the descriptor does, unless an administrator made it before.
 *
 * Frames come bare, without packet information or a virtio header before them: nothing is offloaded either way, so they are
 * whole and their checksums are right.
 */

const CLONE_DEVICE = '/dev/net/tun';
const TUNSETIFF = 0x4004_54ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;

/** Time between two looks whether a name is free now, in milliseconds. */
const LOOK_MILLISECONDS = 10;

/** What {@link openTapDevice} takes from its platform. */
export interface TapPlatform {
  readonly calls: SystemCalls;
  /** Lets the thread rest. */
  readonly sleep: (milliseconds: number) => void;
}

/** An open TAP. */
export interface TapDevice {
  /** Does not block, and is closed in programs that are started from here. */
  readonly descriptor: number;
  readonly control: InterfaceControl;
}

/**
 * Opens the TAP interface of a name, which is made if it is not there.
 *
 * A gateway that was told to end a moment ago may still hold the name; whoever starts the next one at once means that
 * name and no other. So a name in use is waited for.
 *
 * @param pattern the name; with `%d` in it the kernel chooses the lowest number that is free
 * @param wanted the name that the pattern should become. When it is not to be had in time, another one will do
 * @param patience how long to wait for a name in use, in milliseconds
 * @throws SetupError `ERR_TAP_MISSING` (ENOENT) without /dev/net/tun, `ERR_TAP_PRIVILEGE` (EPERM), `ERR_TAP_NAME` (EBUSY
 * when another program has that interface, EEXIST when it is no TAP), `ERR_TAP_OPEN` (EIO)
 */
export function openTapDevice(platform: TapPlatform, pattern: string, wanted: string, patience: number): TapDevice {
  const { calls, sleep } = platform;
  const descriptor = calls.open(CLONE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) throw openError(calls.errno(), pattern);
  let control: InterfaceControl | undefined;
  try {
    if (wanted !== pattern) waitUntilGone(platform, wanted, patience);
    const request = new InterfaceRequest(pattern);
    request.word = IFF_TAP | IFF_NO_PI;
    for (let waited = 0; calls.ioctl(descriptor, TUNSETIFF, request.bytes) < 0; waited += LOOK_MILLISECONDS) {
      const errno = calls.errno();
      if (errno !== 'EBUSY' || waited >= patience) throw createError(errno, pattern);
      sleep(LOOK_MILLISECONDS);
    }
    control = new InterfaceControl(calls, request.name);
    return { descriptor, control };
  } catch (error) {
    control?.close();
    calls.close(descriptor);
    throw error;
  }
}

/** Waits until no interface has that name, or patience is over. */
function waitUntilGone({ calls, sleep }: TapPlatform, name: string, patience: number): void {
  const control = new InterfaceControl(calls, name);
  for (let waited = 0; control.exists && waited < patience; waited += LOOK_MILLISECONDS) sleep(LOOK_MILLISECONDS);
  control.close();
}

function openError(errno: string, name: string): SetupError {
  if (errno === 'EPERM' || errno === 'EACCES') return privilegeError(name);
  const missing = errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENXIO';
  return new SetupError({
    code: missing ? 'ERR_TAP_MISSING' : 'ERR_TAP_OPEN',
    errno: missing ? 'ENOENT' : 'EIO',
    message: `TAP interface ${name} cannot be made, for ${CLONE_DEVICE} ${missing ? 'is not there' : 'cannot be opened'}`,
    got: missing ? undefined : errno,
    remedy: missing ? 'load the kernel module tun (modprobe tun), or give the container that device' : undefined,
  });
}

function createError(errno: string, name: string): SetupError {
  switch (errno) {
    case 'EPERM':
    case 'EACCES':
      return privilegeError(name);
    case 'EBUSY':
      return new SetupError({
        code: 'ERR_TAP_NAME',
        errno: 'EBUSY',
        message: `TAP interface ${name} is in use by another program`,
        remedy: 'end that one, or choose another name with iface=',
      });
    case 'EINVAL':
      return new SetupError({
        code: 'ERR_TAP_NAME',
        errno: 'EEXIST',
        message: `interface ${name} is there already, and is no TAP interface with one queue`,
        remedy: 'choose another name with iface=',
      });
    default:
      return new SetupError({
        code: 'ERR_TAP_OPEN',
        errno: 'EIO',
        message: `TAP interface ${name} cannot be made`,
        got: errno,
      });
  }
}

function privilegeError(name: string): SetupError {
  return new SetupError({
    code: 'ERR_TAP_PRIVILEGE',
    errno: 'EPERM',
    message: `this process may not make TAP interface ${name}`,
    expected: 'the capability CAP_NET_ADMIN',
    remedy: 'run as root, or have root make it for you: ip tuntap add NAME mode tap user YOU',
  });
}
