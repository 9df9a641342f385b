import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { CARD_OPTION_ROWS, type CardOptionRow, type CardOptions } from './silicon/options.ts';

/** What a device's arguments say about its card: each of {@link CARD_OPTION_ROWS} by its name there. */

/** The names of the arguments. */
export const CARD_ARGUMENTS: readonly string[] = CARD_OPTION_ROWS.map(([, { argument }]) => argument);

/**
 * Reads them. What is not there is left open.
 *
 * @throws SetupError `ERR_DEVICE_ARGUMENT_VALUE` (EINVAL) for a value that is none of the argument's
 */
export function cardOptionsOf(device: DeviceArguments): CardOptions {
  const told = CARD_OPTION_ROWS.filter(([, { argument }]) => device.has(argument));
  return Object.fromEntries(told.map(([name, row]) => [name, read(device, row)]));
}

function read(device: DeviceArguments, { argument, values }: CardOptionRow<string | number | boolean>): unknown {
  if (values === undefined) return device.integer(argument);
  if (typeof values[0] === 'boolean') return device.flag(argument);
  return device.choice(argument, values.map(String));
}
