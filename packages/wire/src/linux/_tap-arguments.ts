import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { SetupError } from '@inline-ipsec/eal/errors';
import { parseMac } from '@inline-ipsec/net/ethernet';
import { INTERFACE_NAME_MAX } from './_interface-control.ts';

/** The arguments of a TAP device, with the names that DPDK's net_tap gives them. */

/** The name of an interface that nobody named. */
const DEFAULT_PATTERN = 'dtap%d';

/** Arguments that net_tap has in DPDK and that are not read yet. */
const LATER: readonly string[] = ['remote', 'persist'];

/** What the arguments ask for. */
export interface TapRequest {
  /** The interface's name, perhaps with `%d` for a number of the kernel's choice. */
  readonly pattern: string;
  /** 6 bytes; undefined: any. */
  readonly macAddress: Uint8Array | undefined;
}

/** Reads arguments, and counts how often `mac=fixed` was asked for. */
export class TapArguments {
  /** All that may be written, so that what comes later is told apart from what is wrong. */
  static readonly KEYS: readonly string[] = ['iface', 'mac', ...LATER];
  #fixed = 0;

  /** @throws SetupError `ERR_DEVICE_ARGUMENT_VALUE` (EINVAL, ENAMETOOLONG), `ERR_NOT_YET` (ENOTSUP) */
  read(device: DeviceArguments): TapRequest {
    for (const key of LATER) {
      if (!device.has(key)) continue;
      throw new SetupError({
        code: 'ERR_NOT_YET',
        errno: 'ENOTSUP',
        message: `device ${device.name} cannot have ${key}: that comes later`,
        remedy: `leave ${key} out`,
      });
    }
    return { pattern: patternOf(device), macAddress: this.#macAddress(device) };
  }

  #macAddress(device: DeviceArguments): Uint8Array | undefined {
    const text = device.get('mac');
    if (text === undefined) return undefined;
    // "dtap0" and on, as addresses that no manufacturer gave.
    if (text.toLowerCase() === 'fixed') return Uint8Array.of(0x02, 0x64, 0x74, 0x61, 0x70, 0x30 + this.#fixed++);
    const address = parseMac(text);
    if (address !== undefined && (address[0] & 1) === 0 && address.some((byte) => byte !== 0)) return address;
    throw new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_VALUE',
      errno: 'EINVAL',
      message: `device ${device.name} cannot have this mac`,
      expected: 'fixed, or the address of one station, such as 02:00:00:00:00:01',
      got: JSON.stringify(text),
    });
  }
}

function patternOf(device: DeviceArguments): string {
  const name = device.get('iface') ?? DEFAULT_PATTERN;
  const refuse = (errno: 'EINVAL' | 'ENAMETOOLONG', expected: string): SetupError =>
    new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_VALUE',
      errno,
      message: `device ${device.name} cannot have this iface`,
      expected,
      got: name.length > INTERFACE_NAME_MAX ? `${JSON.stringify(name)} (${name.length})` : JSON.stringify(name),
    });
  if (name.length > INTERFACE_NAME_MAX) throw refuse('ENAMETOOLONG', `at most ${INTERFACE_NAME_MAX} characters`);
  // What the kernel takes (dev_valid_name), less what no shell likes.
  const number = name.indexOf('%d');
  const plain = number < 0 ? name : name.slice(0, number) + name.slice(number + 2);
  if (!/^[\x21-\x7e]+$/.test(name) || /[/:%]/.test(plain) || name === '.' || name === '..') {
    throw refuse('EINVAL', 'printable characters but / and :, and perhaps one %d, for a number of the kernel’s choice');
  }
  return name;
}
