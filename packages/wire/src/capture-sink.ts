import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { LINKTYPE_EN10MB } from '@inline-ipsec/net/link-type';
import { PcapWriter } from '@inline-ipsec/net/pcap';
import type { CaptureTarget } from './capture-files.ts';

/**
 * A pcap file that frames are sent into (microseconds, Ethernet), as several queues of one port may share it. All frames of
 * a burst have the time of day of that burst.
 */
export class CaptureSink {
  readonly #memory: Memory;
  readonly #environment: Environment;
  readonly #target: CaptureTarget;
  readonly #writer: PcapWriter;
  readonly #label: string;
  #users = 1;
  #failure: SetupError | undefined;

  /** @param label the path, for messages */
  constructor(memory: Memory, environment: Environment, target: CaptureTarget, label: string) {
    this.#memory = memory;
    this.#environment = environment;
    this.#target = target;
    this.#writer = new PcapWriter(target, { resolution: 'microsecond', linkType: LINKTYPE_EN10MB });
    this.#label = label;
  }

  /** What went wrong when it was written; from then on it takes nothing. */
  get failure(): SetupError | undefined {
    return this.#failure;
  }

  /** One more wire writes here, and will {@link close} it. */
  share(): this {
    this.#users++;
    return this;
  }

  /** As `transmit` of a wire. */
  write(at: Uint32Array, lengths: Uint32Array, n: number): number {
    if (this.#failure !== undefined) return 0;
    const milliseconds = this.#environment.wallClock();
    const seconds = Math.floor(milliseconds / 1000);
    const nanoseconds = Math.floor((milliseconds - seconds * 1000) * 1e6);
    const { u8 } = this.#memory;
    const writer = this.#writer;
    let count = 0;
    try {
      for (; count < n; count++) writer.write(u8, at[count], lengths[count], seconds, nanoseconds);
    } catch (error) {
      this.#fail(error);
    }
    return count;
  }

  flush(): void {
    if (this.#failure !== undefined) return;
    try {
      this.#writer.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Flushes; the last wire that uses it closes the file. */
  close(): void {
    this.flush();
    this.#users--;
    if (this.#users !== 0) return;
    try {
      this.#target.close?.();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= new SetupError({
      code: 'ERR_CAPTURE_WRITE',
      errno: 'EIO',
      message: `capture file ${this.#label} cannot be written further`,
      got: error instanceof Error ? error.message : String(error),
      remedy: 'see whether the disk is full',
      cause: error,
    });
  }
}
