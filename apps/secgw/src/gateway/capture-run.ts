import type { SimulatedEnvironment } from '@inline-ipsec/eal/environment';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import type { Gateway } from './gateway.ts';
import { type Platform, type StartOptions, startGateway } from './start-gateway.ts';

/** Rounds without anything to do after which nothing more will happen. */
const QUIET_ROUNDS = 4;
/** Rounds after which a run that does not end is a fault. */
const MOST_ROUNDS = 1_000_000;

/**
 * A gateway in memory alone: configuration and captures are byte arrays, time stands still but for the polls, and one
 * thread plays all lcores. For tests, demonstrations and pages.
 */
export class CaptureRun {
  readonly environment: SimulatedEnvironment = simulatedEnvironment(1, 1_528_971_660_000);
  /** Captures and configurations by path: put there what is to be read, find there what was written. */
  readonly files: MemoryCaptureFiles = new MemoryCaptureFiles();
  readonly #engines: Platform['engines'];

  constructor(engines: Platform['engines'] = {}) {
    this.#engines = engines;
  }

  /**
   * Starts a gateway from a command line.
   *
   * @throws SetupError as {@link startGateway} does
   */
  start(argv: readonly string[], options: StartOptions = {}): Gateway {
    const platform: Platform = {
      environment: this.environment,
      files: this.files,
      readFile: (path) => this.#read(path),
      ...(this.#engines === undefined ? {} : { engines: this.#engines }),
    };
    const gateway = startGateway(['ipsec-secgw', ...argv], platform, options);
    if (gateway === undefined) throw new RangeError('the command line asks for help only');
    return gateway;
  }

  /** Polls until all input is used up and all is sent. */
  finish(gateway: Gateway): void {
    for (let round = 0, quiet = 0; round < MOST_ROUNDS; round++) {
      this.environment.advance(1_000_000);
      quiet = gateway.poll() > 0 ? 0 : quiet + 1;
      if (quiet < QUIET_ROUNDS) continue;
      gateway.drain();
      if (gateway.idle) return;
    }
    throw new RangeError(`the gateway is still at work after ${MOST_ROUNDS} rounds`);
  }

  #read(path: string): Uint8Array {
    const bytes = this.files.files.get(path);
    if (bytes !== undefined) return bytes.slice();
    throw new SetupError({ code: 'ERR_CONFIG_FILE', errno: 'ENOENT', message: `invalid file descriptor ${path}` });
  }
}
