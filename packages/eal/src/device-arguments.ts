/**
 * The arguments of a device: `net_tap0,iface=dtap0,mac=fixed` (DPDK: devargs and `rte_kvargs`).
 *
 * Not read: the `bus=…/class=…` form of DPDK's newer devargs.
 */
import { didYouMean } from './closest-word.ts';
import { SetupError } from './errors.ts';

/** One `key=value`; a key that stands alone has the value ''. */
export interface DeviceArgument {
  readonly key: string;
  readonly value: string;
}

/** A device by its name, and what was said about it. */
export class DeviceArguments {
  /** The name, up to the first comma. */
  readonly name: string;
  /** All that stands behind it, in the order given; keys may come more than once. */
  readonly entries: readonly DeviceArgument[];

  constructor(name: string, entries: readonly DeviceArgument[] = []) {
    this.name = name;
    this.entries = entries;
  }

  /** The device as it is written on a command line. */
  get text(): string {
    const words = this.entries.map(({ key, value }) => (value === '' ? key : `${key}=${value}`));
    return [this.name, ...words].join(',');
  }

  /** True when the key is there, with or without a value. */
  has(key: string): boolean {
    return this.entries.some((entry) => entry.key === key);
  }

  /** The first value of a key (DPDK: `rte_kvargs_get`), or undefined. */
  get(key: string): string | undefined {
    return this.entries.find((entry) => entry.key === key)?.value;
  }

  /** Every value of a key, in order (DPDK: `rte_kvargs_process`). */
  all(key: string): string[] {
    return this.entries.filter((entry) => entry.key === key).map(({ value }) => value);
  }

  /**
   * The value of a key as a whole number, decimal or with 0x; undefined when the key is not there.
   *
   * @throws SetupError `ERR_DEVICE_ARGUMENT_VALUE` (EINVAL) when it is none from `least` to `most`
   */
  integer(key: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    const number = /^(\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw this.#badValue(key, value, `a number from ${least} to ${most}`);
  }

  /**
   * The value of a key as a switch: `1`, `yes`, `on`, `true` and the key alone are true; `0`, `no`, `off`, `false` and
   * no key at all are false.
   *
   * @throws SetupError `ERR_DEVICE_ARGUMENT_VALUE` (EINVAL) for any other value
   */
  flag(key: string): boolean {
    const value = this.get(key);
    if (value === undefined || /^(0|no|off|false)$/.test(value)) return false;
    if (/^(1|yes|on|true|)$/.test(value)) return true;
    throw this.#badValue(key, value, '0 or 1');
  }

  /**
   * The value of a key as one of a few words; undefined when the key is not there.
   *
   * @throws SetupError `ERR_DEVICE_ARGUMENT_VALUE` (EINVAL) for any other word
   */
  choice<const Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    const word = words.find((known) => known === value);
    if (word === undefined) throw this.#badValue(key, value, words.join(', '));
    return word;
  }

  /**
   * The value of a key that a driver cannot do without.
   *
   * @throws SetupError `ERR_DEVICE_ARGUMENT_MISSING` (EINVAL) when it is missing or empty
   */
  require(key: string): string {
    const value = this.get(key);
    if (value !== undefined && value !== '') return value;
    throw new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_MISSING',
      errno: 'EINVAL',
      message: `device ${this.name} lacks an argument`,
      expected: `${key}=…`,
      got: this.text,
    });
  }

  /**
   * Refuses keys that `who` does not know, as DPDK's drivers do.
   *
   * @param who the driver, for the message
   * @throws SetupError `ERR_DEVICE_ARGUMENT_UNKNOWN` (EINVAL)
   */
  requireKnown(keys: readonly string[], who: string): void {
    for (const { key } of this.entries) {
      if (keys.includes(key)) continue;
      throw new SetupError({
        code: 'ERR_DEVICE_ARGUMENT_UNKNOWN',
        errno: 'EINVAL',
        message: `${who} does not know this argument of device ${this.name}`,
        expected: keys.length === 0 ? 'no arguments' : keys.join(', '),
        got: key,
        remedy: didYouMean(key, keys),
      });
    }
  }

  #badValue(key: string, value: string, expected: string): SetupError {
    return new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_VALUE',
      errno: 'EINVAL',
      message: `device ${this.name} cannot have this ${key}`,
      expected,
      got: JSON.stringify(value),
    });
  }
}

/**
 * Reads `name[,key[=value]]…`. A value in square brackets may contain commas: `rx=[a,b]`. Empty pieces between commas
 * mean nothing.
 *
 * @throws SetupError `ERR_DEVICE_ARGUMENTS` (EINVAL) without a name, with a value without a key, or with an open bracket
 */
export function parseDeviceArguments(text: string): DeviceArguments {
  const [name = '', ...words] = pieces(text);
  if (name === '' || name.includes('=')) throw malformed(text, 'a device name first');
  const entries = words
    .filter((word) => word !== '')
    .map((word) => {
      const equals = word.indexOf('=');
      if (equals === 0) throw malformed(text, 'a key before each =');
      return equals < 0 ? { key: word, value: '' } : { key: word.slice(0, equals), value: word.slice(equals + 1) };
    });
  return new DeviceArguments(name, entries);
}

/** Splits at the commas, but for those of a value that begins with a bracket. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '[' && text[at - 1] === '=') {
      at = text.indexOf(']', at);
      if (at < 0) throw malformed(text, 'a ] after the [');
    } else if (text[at] === ',') {
      found.push(text.slice(start, at));
      start = at + 1;
    }
  }
  found.push(text.slice(start));
  return found.map((piece) => piece.trim());
}

function malformed(text: string, expected: string): SetupError {
  return new SetupError({
    code: 'ERR_DEVICE_ARGUMENTS',
    errno: 'EINVAL',
    message: 'this describes no device',
    expected,
    got: JSON.stringify(text),
    remedy: 'write it as name,key=value,key=value',
  });
}
