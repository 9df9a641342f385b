/**
 * The two buses, on which the EAL's options place devices and drivers find them (DPDK: `rte_bus`, `rte_bus_pci`,
 * `rte_bus_vdev`).
 *
 * A device named like a PCI address is on the PCI bus, any other on the virtual one. The PCI bus is probed first and
 * each bus in the order given, so that PCI ports come before virtual ones. A modelled card needs no hardware: every
 * `-a` makes one. `-a` with the name of a virtual device makes that one, before those of `--vdev`.
 */
import { didYouMean } from './closest-word.ts';
import { DeviceArguments } from './device-arguments.ts';
import type { Eal } from './eal.ts';
import { SetupError } from './errors.ts';
import type { LogType } from './log.ts';
import type { EalOptions } from './options.ts';
import { parsePciAddress } from './pci-address.ts';

/** What makes devices of a kind work (DPDK: `rte_pci_driver`, `rte_vdev_driver`). */
export interface DeviceDriver {
  /** As DPDK has it: `net_ixgbe`, `net_tap`, `crypto_null`. */
  readonly name: string;
  /** True for the names of its devices: its prefix and anything behind it, or a full PCI address (`0000:06:00.0`). */
  match(name: string): boolean;
  /**
   * Makes a device work, for instance as a port.
   *
   * @param device its name, a PCI address in full, and its arguments
   * @throws SetupError when it cannot; this is logged and the start goes on without the device
   */
  probe(device: DeviceArguments, eal: Eal): void;
  /** Undoes {@link probe}, when the EAL is cleaned up. */
  remove?(device: DeviceArguments, eal: Eal): void;
  /** Names of devices that are there without being asked for; they are probed unless blocked, or others are allowed. */
  scan?(): readonly string[];
}

/** A PCI address that every driver for any PCI device matches. */
const SAMPLE_PCI_ADDRESS = '0000:00:00.0';

interface Slot {
  device: DeviceArguments;
  readonly driver: DeviceDriver;
  state: 'new' | 'probed' | 'failed';
  /** Why its driver refused it. */
  refusal?: SetupError;
}

/** A device that its driver refused. */
export interface RefusedDevice {
  readonly device: DeviceArguments;
  readonly cause: SetupError;
}

/** One bus: its devices in the order of their probing. */
export class Bus {
  readonly name: 'pci' | 'vdev';
  readonly #slots: Slot[] = [];

  constructor(name: 'pci' | 'vdev') {
    this.name = name;
  }

  /** The devices that work, in the order of their probing. */
  get devices(): DeviceArguments[] {
    return this.#slots.filter(({ state }) => state === 'probed').map(({ device }) => device);
  }

  /** The devices that were refused, in the order of their probing. */
  get refused(): RefusedDevice[] {
    return this.#slots.flatMap(({ device, refusal }) => (refusal === undefined ? [] : [{ device, cause: refusal }]));
  }

  /** Puts a device on the bus. One that is there already keeps its place and gets the new arguments: then false. */
  plug(device: DeviceArguments, driver: DeviceDriver): boolean {
    const known = this.#slots.find((slot) => slot.device.name === device.name);
    if (known !== undefined) known.device = device;
    else this.#slots.push({ device, driver, state: 'new' });
    return known === undefined;
  }

  /**
   * Probes the devices that no one has tried yet (DPDK: `rte_bus_probe`).
   *
   * @returns how many of them failed; each is logged
   */
  probe(eal: Eal, log: LogType): number {
    let failed = 0;
    for (const slot of this.#slots) {
      if (slot.state !== 'new') continue;
      const { device, driver } = slot;
      if (this.name === 'pci') log.info(`Probe PCI driver: ${driver.name} device: ${device.name}`);
      try {
        driver.probe(device, eal);
        slot.state = 'probed';
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        slot.state = 'failed';
        slot.refusal = error;
        failed++;
        log.error(`${device.name}: ${error.message}`);
      }
    }
    if (failed > 0) log.error(`Bus (${this.name}) probe failed.`);
    return failed;
  }

  /** Removes the devices that work, the last one first. */
  remove(eal: Eal): void {
    for (const slot of this.#slots.splice(0).reverse()) {
      if (slot.state === 'probed') slot.driver.remove?.(slot.device, eal);
    }
  }
}

/**
 * Places the devices that the options name on the buses, PCI first.
 *
 * @throws SetupError (EINVAL) `ERR_DEVICE_UNKNOWN` for a name that is no PCI address and that no driver knows
 */
export function plugDevices(options: EalOptions, drivers: readonly DeviceDriver[], log: LogType): Bus[] {
  const pci = new Bus('pci');
  const vdev = new Bus('vdev');
  const blocked = new Set(options.block.map((device) => known(device, '-b', drivers).name));

  const plug = (device: DeviceArguments, option: string): void => {
    const { name, driver, isPci } = known(device, option, drivers);
    if (isPci && !options.pci) {
      log.warning(`Device ${name} is not probed: there is no PCI bus (--no-pci)`);
    } else if (driver === undefined) {
      log.warning(`Device ${name} is not probed: no driver takes it`);
    } else if (!(isPci ? pci : vdev).plug(new DeviceArguments(name, device.entries), driver)) {
      log.warning(`Device ${name} is given twice: its last arguments count`);
    }
  };

  for (const device of options.allow) plug(device, '-a');
  if (options.allow.length === 0 && options.autoProbing) {
    for (const driver of drivers) {
      for (const found of driver.scan?.() ?? []) {
        const address = parsePciAddress(found);
        const name = address ?? found;
        if (blocked.has(name) || (address !== undefined && !options.pci)) continue;
        (address === undefined ? vdev : pci).plug(new DeviceArguments(name), driver);
      }
    }
  }
  for (const device of options.vdevs) plug(device, '--vdev');
  return [pci, vdev];
}

/** The full name of a device, and the driver that takes it: undefined for a PCI device that none takes. */
function known(
  device: DeviceArguments,
  option: string,
  drivers: readonly DeviceDriver[],
): { name: string; driver: DeviceDriver | undefined; isPci: boolean } {
  const address = option === '--vdev' ? undefined : parsePciAddress(device.name);
  const name = address ?? device.name;
  const driver = drivers.find((candidate) => candidate.match(name));
  if (driver !== undefined || address !== undefined) return { name, driver, isPci: address !== undefined };
  const names = drivers.filter((candidate) => !candidate.match(SAMPLE_PCI_ADDRESS)).map((candidate) => candidate.name);
  const kinds = names.length === 0 ? 'no virtual devices here' : `a name that begins with ${names.join(', ')}`;
  throw new SetupError({
    code: 'ERR_DEVICE_UNKNOWN',
    errno: 'EINVAL',
    message: `option ${option} names a device that no bus knows`,
    expected: option === '--vdev' ? kinds : `a PCI address such as 06:00.0, or ${kinds}`,
    got: device.name,
    remedy: didYouMean(device.name.replace(/\d+$/, ''), names),
  });
}
