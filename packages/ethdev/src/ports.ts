import { SetupError } from '@inline-ipsec/eal/errors';
import type { Wire } from '@inline-ipsec/wire/wire';
import type { EthDriver } from './driver.ts';
import { EthPort, noSuchPort } from './port.ts';

/**
 * The ports of a program, by id and by name. Drivers add theirs when they are probed; cards come before virtual devices,
 * so they have the lower ids.
 */

/** Most ports that there can be at once (DPDK: `RTE_MAX_ETHPORTS`). */
export const MAX_ETH_PORTS = 32;

/** The registry (DPDK: the array behind port ids). One a program. */
export class EthPorts implements Iterable<EthPort> {
  readonly #ports: (EthPort | undefined)[] = [];

  /**
   * Makes a port of a driver; its id is the lowest that is free (DPDK: `rte_eth_dev_allocate`).
   *
   * @param name of the device, unique: `0000:06:00.0`, `net_pcap0`
   * @param wires what it is plugged into, see {@link EthPort.wires}
   * @throws SetupError `ERR_PORT_EXISTS` (EEXIST), `ERR_PORT_LIMIT` (ENOSPC), `ERR_PORT_NAME` (EINVAL)
   */
  add(driver: EthDriver, name: string, wires: readonly Wire[] = []): EthPort {
    if (name === '' || name.length > 63) {
      throw new SetupError({
        code: 'ERR_PORT_NAME',
        errno: 'EINVAL',
        message: 'a port cannot have this name',
        expected: '1 to 63 characters',
        got: JSON.stringify(name),
      });
    }
    if (this.byName(name) !== undefined) {
      throw new SetupError({ code: 'ERR_PORT_EXISTS', errno: 'EEXIST', message: `there is a port ${name} already` });
    }
    let id = 0;
    while (this.#ports[id] !== undefined) id++;
    if (id === MAX_ETH_PORTS) {
      throw new SetupError({
        code: 'ERR_PORT_LIMIT',
        errno: 'ENOSPC',
        message: `port ${name} is one too many`,
        expected: `at most ${MAX_ETH_PORTS}`,
      });
    }
    const port = new EthPort(id, name, driver, wires, () => {
      this.#ports[id] = undefined;
    });
    this.#ports[id] = port;
    return port;
  }

  /**
   * The port of that id.
   *
   * @throws SetupError `ERR_PORT_UNKNOWN` (ENODEV)
   */
  byId(id: number): EthPort {
    const port = this.#ports[id];
    if (port === undefined) throw noSuchPort(id);
    return port;
  }

  /** Whether there is a port of that id (DPDK: `rte_eth_dev_is_valid_port`). */
  has(id: number): boolean {
    return this.#ports[id] !== undefined;
  }

  /** The port of that name, or undefined (DPDK: `rte_eth_dev_get_port_by_name`). */
  byName(name: string): EthPort | undefined {
    return this.#ports.find((port) => port?.name === name);
  }

  /** How many there are (DPDK: `rte_eth_dev_count_avail`). */
  get count(): number {
    return this.#ports.reduce((count, port) => (port === undefined ? count : count + 1), 0);
  }

  /** All of them, lowest id first (DPDK: `RTE_ETH_FOREACH_DEV`). */
  *[Symbol.iterator](): Iterator<EthPort> {
    for (const port of this.#ports) if (port !== undefined) yield port;
  }
}
