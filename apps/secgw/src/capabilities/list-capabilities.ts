import { SetupError } from '@inline-ipsec/eal/errors';
import { parsePciAddress } from '@inline-ipsec/eal/pci-address';
import { type Platform, startEal } from '../gateway/start-gateway.ts';
import { type PortCapabilities, portCapabilities } from './port-capabilities.ts';

/** What {@link listCapabilities} found. */
export interface CapabilityList {
  readonly ports: readonly PortCapabilities[];
  /** Devices that were named and cannot be had; the log says why. */
  readonly missing: readonly string[];
}

/**
 * What the ports can do that a command line of the gateway names. The ports are made, looked at, and gone again; captures
 * that they would write stay as they are.
 *
 * @param words the EAL's options, as for the gateway; what stands behind `--` is passed over
 * @returns undefined when only help was asked for
 * @throws SetupError `ERR_CAPABILITIES_PORTS` (EINVAL) when no port is named, and as `Eal.init`
 */
export function listCapabilities(words: readonly string[], platform: Platform): CapabilityList | undefined {
  const files: Platform['files'] = { read: (path) => platform.files.read(path), write: () => ({ write: () => {} }) };
  const { eal, ports } = startEal(['ipsec-secgw', ...words], { ...platform, files });
  try {
    if (eal.options.help) return undefined;
    const there = new Set(eal.buses.flatMap(({ devices }) => devices.map(({ name }) => name)));
    const { allow, vdevs } = eal.options;
    const missing = [...allow, ...vdevs].map(({ name }) => name).filter((name) => !isThere(there, name));
    const list = [...ports].map(portCapabilities);
    if (list.length > 0 || missing.length > 0) return { ports: list, missing };
    throw new SetupError({
      code: 'ERR_CAPABILITIES_PORTS',
      errno: 'EINVAL',
      message: 'no port is named',
      expected: '-a or --vdev, as for the gateway',
      remedy: 'for a card and a software port: ipsec-secgw capabilities -a 06:00.0 --vdev net_null0',
    });
  } finally {
    eal.cleanup();
  }
}

/** A PCI address may be written without its domain. */
function isThere(there: ReadonlySet<string>, name: string): boolean {
  return there.has(name) || there.has(parsePciAddress(name) ?? name);
}
