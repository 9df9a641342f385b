/** The crypto devices of an application, by number and by name. */
import { SetupError } from '@inline-ipsec/eal/errors';
import { CryptoDevice, type CryptoDeviceParts } from './crypto-device.ts';

/** The registry of crypto devices (DPDK: the `rte_cryptodevs` table). */
export class CryptoDevices {
  readonly #refused: Map<string, SetupError> = new Map();
  readonly #devices: (CryptoDevice | undefined)[] = [];

  /** How many there are (DPDK: `rte_cryptodev_count`). */
  get count(): number {
    return this.all().length;
  }

  /** Them all, in the order of their numbers. */
  all(): CryptoDevice[] {
    return this.#devices.filter((device) => device !== undefined);
  }

  /**
   * Makes a device under the smallest free number.
   *
   * @throws SetupError `ERR_CRYPTODEV_EXISTS` (EEXIST) when there is one of this name, and what its engine throws
   */
  add(parts: Omit<CryptoDeviceParts, 'id'>): CryptoDevice {
    if (this.byName(parts.name) !== undefined) {
      throw new SetupError({
        code: 'ERR_CRYPTODEV_EXISTS',
        errno: 'EEXIST',
        message: `there is a crypto device ${parts.name} already`,
        remedy: 'give it another number at the end of its name',
      });
    }
    const free = this.#devices.indexOf(undefined);
    const id = free < 0 ? this.#devices.length : free;
    const device = new CryptoDevice({ ...parts, id });
    this.#devices[id] = device;
    return device;
  }

  /**
   * Stops and closes a device and takes it out (DPDK: `rte_cryptodev_pmd_destroy`).
   *
   * @throws SetupError `ERR_CRYPTODEV_UNKNOWN` (ENODEV) when there is none of this name
   */
  remove(name: string): void {
    const device = this.byName(name);
    if (device === undefined) {
      throw new SetupError({
        code: 'ERR_CRYPTODEV_UNKNOWN',
        errno: 'ENODEV',
        message: `there is no crypto device ${name}`,
        expected:
          this.all()
            .map((known) => known.name)
            .join(', ') || 'none, there are no crypto devices',
      });
    }
    device.stop();
    device.close();
    this.#devices[device.id] = undefined;
  }

  /** Notes that a device that was asked for cannot be had. */
  refuse(name: string, reason: SetupError): void {
    this.#refused.set(name, reason);
  }

  /** The devices that were asked for and cannot be had, by name, with the reason. */
  get refused(): ReadonlyMap<string, SetupError> {
    return this.#refused;
  }

  byId(id: number): CryptoDevice | undefined {
    return this.#devices[id];
  }

  /** DPDK: `rte_cryptodev_get_dev_id`, which gives -1 for an unknown name. */
  byName(name: string): CryptoDevice | undefined {
    return this.#devices.find((device) => device?.name === name);
  }

  /** How many belong to a driver (DPDK: `rte_cryptodev_device_count_by_driver`). */
  countByDriver(driver: string): number {
    return this.all().filter((device) => device.driver === driver).length;
  }
}
