import type { CryptoDevice } from '@inline-ipsec/cryptodev/crypto-device';
import { CryptoDevices } from '@inline-ipsec/cryptodev/crypto-devices';
import { cryptoDrivers, type PlatformEngines } from '@inline-ipsec/cryptodev/crypto-drivers';
import { Eal, type EalInit } from '@inline-ipsec/eal/eal';
import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { softwareDevices } from '@inline-ipsec/ethdev/software-devices';
import { ixgbeDevice } from '@inline-ipsec/ixgbe/ixgbe-device';
import type { Card82599 } from '@inline-ipsec/ixgbe/silicon/card';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { pcapWireKind } from '@inline-ipsec/wire/pcap-wire';
import type { WireKind } from '@inline-ipsec/wire/wire';
import { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { consumeConfiguration } from '../configuration/configuration.ts';
import { parseApplicationOptions } from '../options/application-options.ts';
import { usage } from '../options/usage.ts';
import { CryptoService } from './crypto-service.ts';
import { engineCandidates } from './engine-candidates.ts';
import { Gateway } from './gateway.ts';
import { KeyZone } from './key-zone.ts';
import type { Peculiarities2018 } from './security-associations.ts';

/** What the gateway takes from the machine that it runs on. */
export interface Platform {
  readonly environment: Environment;
  /** Where captures are. */
  readonly files: CaptureFiles;
  /** What makes TAP interfaces, where there are any. */
  readonly tap?: WireKind;
  /** Reads the whole configuration file, into bytes that are the caller's to wipe. */
  readonly readFile: (path: string) => Uint8Array;
  /** Engines beyond those of portable code. */
  readonly engines?: PlatformEngines;
  /** Makes the memory. Default: one that only this thread sees. */
  readonly memory?: EalInit['memory'] | undefined;
}

/** How {@link startGateway} may differ from a plain start. */
export interface StartOptions {
  readonly peculiarities?: Peculiarities2018;
  readonly memory?: EalInit['memory'];
  /** Sees every modelled card, before its driver does. */
  readonly onCard?: (card: Card82599) => void;
}

/** An EAL with the devices that its options name. */
export interface StartedEal {
  readonly eal: Eal;
  readonly ports: EthPorts;
  readonly devices: CryptoDevices;
}

/**
 * Starts the EAL with all drivers that a platform has: what the gateway stands on.
 *
 * @param argv the words of the command line, program name first
 * @param onCard is told each modelled card
 * @throws SetupError as `Eal.init`
 */
export function startEal(
  argv: readonly string[],
  { environment, files, tap, engines = {}, memory }: Platform,
  onCard?: StartOptions['onCard'],
): StartedEal {
  const ports = new EthPorts();
  const devices = new CryptoDevices();
  const wires = new WireKinds().add(pcapWireKind(files));
  if (tap !== undefined) wires.add(tap);
  const eal = Eal.init({
    argv,
    environment,
    drivers: [
      ixgbeDevice({ ports, wires, engines: engineCandidates(engines), ...(onCard === undefined ? {} : { onCard }) }),
      ...softwareDevices(ports, files, tap),
      ...cryptoDrivers(devices, engines),
    ],
    // One thread plays all lcores, and its own memory is copied quicker than shared memory is.
    memory: memory ?? ((bytes) => Memory.create({ bytes, shared: false })),
    version: 'ipsec-secgw',
  });
  return { eal, ports, devices };
}

/**
 * Starts a gateway from DPDK's own command line: EAL options, `--`, the options of ipsec-secgw.
 *
 * @param argv the words of the command line, program name first
 * @returns undefined when only help was asked for
 * @throws SetupError for whatever is wrong with the line, the configuration or the devices: `ERR_DEVICE_REFUSED` (the errno
 * of its cause) for one that was asked for and cannot be had
 */
export function startGateway(
  argv: readonly string[],
  platform: Platform,
  { peculiarities = {}, memory, onCard }: StartOptions = {},
): Gateway | undefined {
  const { environment, readFile, engines = {} } = platform;
  const { eal, ports, devices } = startEal(argv, { ...platform, memory: memory ?? platform.memory }, onCard);
  if (eal.options.help) {
    environment.write('stdout', usage(argv[0] ?? 'ipsec-secgw'));
    return undefined;
  }
  const options = parseApplicationOptions(eal.applicationArgv.slice(1));
  requireCryptoDevices(devices);
  requireDevices(eal);
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

/**
 * A device that was asked for and cannot be had ends the start with the reason. DPDK's gateway goes on without it, with
 * other numbers for the ports behind it, up to whatever they no longer fit.
 */
function requireDevices({ refused }: Eal): void {
  for (const { device, cause } of refused) {
    throw new SetupError({
      code: 'ERR_DEVICE_REFUSED',
      errno: cause.errno,
      message: `device ${device.name} cannot be had: ${cause.message}`,
      cause,
    });
  }
}

/** A crypto vdev that was asked for and cannot be had is no reason to take another engine in silence. */
function requireCryptoDevices({ refused }: CryptoDevices): void {
  for (const [name, cause] of refused) {
    throw new SetupError({
      code: 'ERR_CRYPTODEV_REFUSED',
      errno: cause.errno,
      message: `crypto device ${name} cannot be had: ${cause.message}`,
      remedy: `leave --vdev ${name} out`,
      cause,
    });
  }
}

/** The devices that `--cryptodev_mask` leaves. */
function serving(devices: CryptoDevices, mask: number): CryptoDevice[] {
  return devices.all().filter(({ id }) => id > 31 || ((mask >>> id) & 1) === 1);
}

/** The crypto driver whose devices an engine makes. */
const DRIVER_OF: Readonly<Record<string, string>> = {
  'ipsec-mb': 'crypto_aesni_mb',
  openssl: 'crypto_openssl',
  noble: 'crypto_noble',
};

/** Without crypto vdevs the best engine that opens serves; a line says which, and why not the better ones. */
function addBestDevice(devices: CryptoDevices, { memory, log }: Eal, engines: PlatformEngines): void {
  const lines = log.type('CRYPTODEV', 'lib.cryptodev');
  const refused: string[] = [];
  for (const { name, create } of engineCandidates(engines)) {
    try {
      const driver = DRIVER_OF[name];
      devices.add({ name: `${driver}_default`, driver, memory, createEngine: create });
      lines.notice(['no crypto vdev given: engine', name, 'serves', ...refused].join(' '));
      return;
    } catch (error) {
      refused.push(`and not ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
