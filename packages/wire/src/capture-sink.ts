import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { LINKTYPE_EN10MB } from '@inline-ipsec/net/link-type';
import { captureBufferBytes, PcapWriter } from '@inline-ipsec/net/pcap';
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
  // What is collected lies in the memory where that makes copies quicker.
  readonly #zone: Memzone | undefined;
  #users = 1;
  #failure: SetupError | undefined;

  /** @param label the path, for messages */
  constructor(memory: Memory, environment: Environment, target: CaptureTarget, label: string) {
    this.#memory = memory;
    this.#environment = environment;
    this.#target = target;
    const options = { resolution: 'microsecond', linkType: LINKTYPE_EN10MB } as const;
    if (!memory.shared) this.#zone = reserveBuffer(memory, captureBufferBytes(options));
    this.#writer = new PcapWriter(target, {
      ...options,
      ...(this.#zone === undefined ? {} : { within: { u8: memory.u8, at: this.#zone.position } }),
    });
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
    try {
      this.#writer.writeBurst(this.#memory.u8, at, lengths, n, seconds, nanoseconds);
    } catch (error) {
      this.#fail(error);
      return 0;
    }
    return n;
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
    if (this.#zone !== undefined) this.#memory.free(this.#zone);
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

/** A place for the buffer of one more capture. */
function reserveBuffer(memory: Memory, bytes: number): Memzone {
  let number = 0;
  while (memory.lookup(`CAPTURE_${number}`) !== undefined) number++;
  return memory.reserve(`CAPTURE_${number}`, bytes);
}
