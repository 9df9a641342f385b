/**
 * The virtual crypto devices of the command line: `--vdev crypto_openssl0`. `crypto_null`, `crypto_openssl`,
 * `crypto_aesni_mb` and `crypto_aesni_gcm` are DPDK's names; `crypto_noble` is ours.
 *
 * Known argument: `max_nb_queue_pairs`. DPDK's `socket_id`, `max_nb_sessions` and `name` are read over: there are no NUMA
 * nodes, sessions need no pool, and a device has one name.
 */
import type { DeviceDriver } from '@inline-ipsec/eal/bus';
import { SetupError } from '@inline-ipsec/eal/errors';
import { DEFAULT_MAX_QUEUE_PAIRS } from './crypto-device.ts';
import type { CryptoDevices } from './crypto-devices.ts';
import type { EngineFactory } from './engine.ts';
import { absentEngine } from './engine-choice.ts';
import { createNobleEngine } from './noble-engine.ts';
import { createNullEngine } from './null-engine.ts';

/** The engines that an application brings along, because they need more than a browser has. */
export interface PlatformEngines {
  /** From `@inline-ipsec/cryptodev/openssl`. */
  readonly openssl?: EngineFactory;
  /** From `@inline-ipsec/cryptodev/ipsec-mb`. */
  readonly ipsecMb?: EngineFactory;
}

/**
 * The drivers of all virtual crypto devices. A device whose engine is not brought along is known and refused with the
 * reason, so that a command line of DPDK's fails in words.
 *
 * @param devices where the devices go
 */
export function cryptoDrivers(devices: CryptoDevices, engines: PlatformEngines = {}): DeviceDriver[] {
  const { openssl = absentEngine('openssl').create, ipsecMb = absentEngine('ipsec-mb').create } = engines;
  return [
    cryptoDriver('crypto_null', createNullEngine, devices),
    cryptoDriver('crypto_noble', createNobleEngine, devices),
    cryptoDriver('crypto_openssl', openssl, devices),
    cryptoDriver('crypto_aesni_mb', ipsecMb, devices),
    cryptoDriver('crypto_aesni_gcm', ipsecMb, devices),
  ];
}

/** A driver that makes a crypto device of every name that begins with its own. */
export function cryptoDriver(name: string, createEngine: EngineFactory, devices: CryptoDevices): DeviceDriver {
  return {
    name,
    match: (device) => device.startsWith(name),
    probe: (device, { memory }) => {
      try {
        device.requireKnown(['max_nb_queue_pairs', 'max_nb_sessions', 'socket_id', 'name'], name);
        const maxQueuePairs = device.integer('max_nb_queue_pairs', 1, 0xffff) ?? DEFAULT_MAX_QUEUE_PAIRS;
        devices.add({ name: device.name, driver: name, memory, createEngine, maxQueuePairs });
      } catch (error) {
        // The bus only says so and goes on; an application may want to stop.
        if (error instanceof SetupError) devices.refuse(device.name, error);
        throw error;
      }
    },
    remove: (device) => devices.remove(device.name),
  };
}
