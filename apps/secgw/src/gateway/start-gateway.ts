import type { CryptoDevice } from '@inline-ipsec/cryptodev/crypto-device';
import { CryptoDevices } from '@inline-ipsec/cryptodev/crypto-devices';
import { cryptoDrivers, type PlatformEngines } from '@inline-ipsec/cryptodev/crypto-drivers';
import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { Eal, type EalInit } from '@inline-ipsec/eal/eal';
import type { Environment } from '@inline-ipsec/eal/environment';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { softwareDevices } from '@inline-ipsec/ethdev/software-devices';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { consumeConfiguration } from '../configuration/configuration.ts';
import { parseApplicationOptions } from '../options/application-options.ts';
import { usage } from '../options/usage.ts';
import { CryptoService } from './crypto-service.ts';
import { Gateway } from './gateway.ts';
import { KeyZone } from './key-zone.ts';
import type { Peculiarities2018 } from './security-associations.ts';

/** What the gateway takes from the machine that it runs on. */
export interface Platform {
  readonly environment: Environment;
  /** Where captures are. */
  readonly files: CaptureFiles;
  /** Reads the whole configuration file, into bytes that are the caller's to wipe. */
  readonly readFile: (path: string) => Uint8Array;
  /** Engines beyond those of portable code. */
  readonly engines?: PlatformEngines;
}

/** How {@link startGateway} may differ from a plain start. */
export interface StartOptions {
  readonly peculiarities?: Peculiarities2018;
  readonly memory?: EalInit['memory'];
}

/**
 * Starts a gateway from DPDK's own command line: EAL options, `--`, the options of ipsec-secgw.
 *
 * @param argv the words of the command line, program name first
 * @returns undefined when only help was asked for
 * @throws SetupError for whatever is wrong with the line, the configuration or the devices
 */
export function startGateway(
  argv: readonly string[],
  platform: Platform,
  { peculiarities = {}, memory }: StartOptions = {},
): Gateway | undefined {
  const { environment, files, readFile, engines = {} } = platform;
  const ports = new EthPorts();
  const devices = new CryptoDevices();
  const eal = Eal.init({
    argv,
    environment,
    drivers: [...softwareDevices(ports, files), ...cryptoDrivers(devices, engines)],
    ...(memory === undefined ? {} : { memory }),
    version: 'ipsec-secgw',
  });
  if (eal.options.help) {
    environment.write('stdout', usage(argv[0] ?? 'ipsec-secgw'));
    return undefined;
  }
  const options = parseApplicationOptions(eal.applicationArgv.slice(1));
  const chosen = devices.count > 0;
  if (!chosen) addBestDevice(devices, eal, engines);

  const bytes = readFile(options.configurationFile);
  const keys = new KeyZone(eal.memory, bytes.length);
  try {
    const configuration = consumeConfiguration(bytes, {
      file: options.configurationFile,
      keys,
      library: options.library,
    });
    const crypto = new CryptoService(eal.memory, serving(devices, options.cryptodevMask.lo), chosen);
    return Gateway.start({ eal, ports, options, configuration, crypto, peculiarities });
  } finally {
    // Engines and ports have copies of their own by now.
    keys.free();
  }
}

/** The devices that `--cryptodev_mask` leaves. */
function serving(devices: CryptoDevices, mask: number): CryptoDevice[] {
  return devices.all().filter(({ id }) => id > 31 || ((mask >>> id) & 1) === 1);
}

/** Without crypto vdevs the best engine that opens serves; a line says which, and why not the better ones. */
function addBestDevice(devices: CryptoDevices, { memory, log }: Eal, { ipsecMb, openssl }: PlatformEngines): void {
  const lines = log.type('CRYPTODEV', 'lib.cryptodev');
  const candidates: [name: string, driver: string, create: EngineFactory | undefined][] = [
    ['crypto_aesni_mb', 'ipsec-mb', ipsecMb],
    ['crypto_openssl', 'openssl', openssl],
    ['crypto_noble', 'noble', createNobleEngine],
  ];
  for (const [name, engine, createEngine] of candidates) {
    if (createEngine === undefined) continue;
    try {
      devices.add({ name: `${name}_default`, driver: name, memory, createEngine });
      lines.notice(`no crypto vdev given: engine ${engine} serves`);
      return;
    } catch (error) {
      lines.notice(`engine ${engine} is not used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
