import { supports } from '@inline-ipsec/cryptodev/capabilities';
import type { CryptoDevice } from '@inline-ipsec/cryptodev/crypto-device';
import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { JOB_BYTES, JOB_SESSION } from '@inline-ipsec/cryptodev/job';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { JobProcessor } from '../datapath/job-processor.ts';

/** Bits of a session number that are its device's own; the device's place in the list lies above them. */
const DEVICE_SHIFT = 20;
const SESSION_MASK = (1 << DEVICE_SHIFT) - 1;

/**
 * Who serves the lookaside SAs: the crypto devices that the user chose or, without any, the one that was opened for them.
 * An SA goes to the first device that has its algorithm.
 */
export class CryptoService {
  readonly devices: readonly CryptoDevice[];
  readonly #memory: Memory;
  readonly #chosen: boolean;
  readonly #sessions: number[] = [];

  /** @param chosen whether the user chose the devices, by `--vdev` */
  constructor(memory: Memory, devices: readonly CryptoDevice[], chosen: boolean) {
    this.#memory = memory;
    this.devices = devices;
    this.#chosen = chosen;
  }

  /** Gives every lcore a queue pair on every device, before there are sessions. */
  start(lcores: number, descriptors: number): void {
    for (const device of this.devices) {
      device.configure({ queuePairs: lcores });
      for (let pair = 0; pair < lcores; pair++) device.queuePairSetup(pair, { descriptors });
      device.start();
    }
  }

  /**
   * Makes a session for an SA.
   *
   * @param who what is said of the algorithm, such as `aes-128-gcm`
   * @throws SetupError `ERR_SA_UNSERVED` (ENOTSUP) when no device has it
   */
  createSession(transform: CryptoTransform, who: string): number {
    const index = this.devices.findIndex((device) => {
      const { engine, capabilities } = device.info();
      return supports({ name: engine, capabilities }, transform);
    });
    if (index < 0) throw this.#unserved(who);
    const session = (index << DEVICE_SHIFT) | this.devices[index].symSessionCreate(transform);
    this.#sessions.push(session);
    return session;
  }

  /** What does the jobs of lcore number `pair`, counted from 0. */
  processorOf(pair: number): JobProcessor {
    const { devices } = this;
    if (devices.length > 1) return new SortedProcessor(this.#memory, devices, pair);
    const device = devices[0];
    return { process: (jobs, count) => (device === undefined ? 0 : device.process(pair, jobs, count)) };
  }

  /** Ends all sessions, their keys wiped, and closes the devices. */
  close(): void {
    for (const session of this.#sessions.splice(0)) {
      this.devices[session >>> DEVICE_SHIFT].symSessionFree(session & SESSION_MASK);
    }
    for (const device of this.devices) {
      device.stop();
      device.close();
    }
  }

  #unserved(who: string): SetupError {
    return new SetupError({
      code: 'ERR_SA_UNSERVED',
      errno: 'ENOTSUP',
      message: `No cores found to handle SA: no crypto device has ${who}`,
      got: this.devices.map(({ name }) => name).join(', ') || 'no crypto device',
      remedy: this.#chosen
        ? 'add --vdev crypto_openssl0, or leave all crypto vdevs out'
        : 'choose another algorithm for the SA',
    });
  }
}

/** Several devices: runs of jobs for one of them go to it together. */
class SortedProcessor implements JobProcessor {
  readonly #memory: Memory;
  readonly #devices: readonly CryptoDevice[];
  readonly #pair: number;

  constructor(memory: Memory, devices: readonly CryptoDevice[], pair: number) {
    this.#memory = memory;
    this.#devices = devices;
    this.#pair = pair;
  }

  process(jobs: number, count: number): number {
    const { u32 } = this.#memory;
    let succeeded = 0;
    for (let first = 0; first < count; ) {
      const index = u32[(jobs + first * JOB_BYTES + JOB_SESSION) >> 2] >>> DEVICE_SHIFT;
      let end = first;
      for (; end < count; end++) {
        const at = (jobs + end * JOB_BYTES + JOB_SESSION) >> 2;
        if (u32[at] >>> DEVICE_SHIFT !== index) break;
        u32[at] &= SESSION_MASK;
      }
      succeeded += this.#devices[index].process(this.#pair, jobs + first * JOB_BYTES, end - first);
      // A job keeps its session from burst to burst: it must be found as it was.
      for (let i = first; i < end; i++) u32[(jobs + i * JOB_BYTES + JOB_SESSION) >> 2] |= index << DEVICE_SHIFT;
      first = end;
    }
    return succeeded;
  }
}
