import type { Environment } from '@inline-ipsec/eal/environment';
import { PcapngWriter, PcapWriter } from '@inline-ipsec/net/pcap';
import type { CaptureFiles, CaptureTarget } from '@inline-ipsec/wire/capture-files';

/** Where the generator's frames go. */
export interface FrameTarget {
  readonly kind: 'interface' | 'file';
  /** The interface, or the path of the file. */
  readonly name: string;
  /** The interface's own address, 6 bytes; undefined where there is none. */
  readonly macAddress: Uint8Array | undefined;
  /**
   * Sends a frame, without frame check sequence; its bytes are the caller's again afterwards.
   *
   * @throws SetupError when it cannot be sent
   */
  send(frame: Uint8Array): void;
  /** Sends what is still kept back, and ends. */
  close(): void;
}

/**
 * A capture file as the target: pcapng when its name ends so, else pcap, both with nanoseconds. A frame has the time at
 * which it was given.
 */
export class CaptureTargetFile implements FrameTarget {
  readonly kind = 'file';
  readonly name: string;
  readonly macAddress: undefined;
  readonly #environment: Environment;
  readonly #file: CaptureTarget;
  readonly #writer: PcapWriter | PcapngWriter;
  readonly #began: number;
  readonly #wallClock: number;

  /** @throws SetupError `ERR_CAPTURE_FILE` when the file cannot be written */
  constructor(path: string, files: CaptureFiles, environment: Environment) {
    this.name = path;
    this.#environment = environment;
    this.#file = files.write(path);
    this.#writer = path.endsWith('.pcapng')
      ? new PcapngWriter(this.#file, { application: 'inline-ipsec-pktgen' })
      : new PcapWriter(this.#file);
    this.#began = environment.now();
    this.#wallClock = environment.wallClock();
  }

  send(frame: Uint8Array): void {
    // The time of day counts milliseconds only; what passed since the beginning is known better.
    const passed = this.#environment.now() - this.#began;
    const begin = Math.floor(this.#wallClock / 1000);
    const nanoseconds = Math.floor((this.#wallClock - begin * 1000) * 1e6 + passed);
    const seconds = Math.floor(nanoseconds / 1e9);
    this.#writer.write(frame, 0, frame.length, begin + seconds, nanoseconds - seconds * 1e9);
  }

  close(): void {
    try {
      this.#writer.flush();
    } finally {
      this.#file.close?.();
    }
  }
}
