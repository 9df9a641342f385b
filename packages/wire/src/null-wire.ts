import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { copyFrame, HEADER_BYTES, zeroHeader } from './frame-copy.ts';
import { Pacer } from './pacer.ts';
import { LINK_UP_10G, MAX_FRAME_BYTES, type Wire, type WireContext, type WireKind, type WireLink } from './wire.ts';

/**
 * Endless frames of zeros in, nothing out: what is left of a port when the outside costs nothing (DPDK: net_null).
 */

/** How a {@link NullWire} behaves; the names are those of DPDK's arguments. */
export interface NullWireOptions {
  /** Length of every frame in bytes. Default 64. */
  readonly size?: number;
  /** True: frames are written whole when received, and read whole when sent. Default false: only their first 64 bytes. */
  readonly copy?: boolean;
  /** True: nothing is ever received. Default false. */
  readonly noRx?: boolean;
  /** Frames a second; others are lost when nobody takes them. Default: as many as are asked for. */
  readonly pace?: number | undefined;
}

/** A wire that gives frames of zeros for ever and swallows what is sent. */
export class NullWire implements Wire {
  readonly name = 'null';
  readonly link: WireLink = LINK_UP_10G;
  readonly done: boolean;
  readonly endless: string | undefined;
  readonly #memory: Memory;
  readonly #size: number;
  readonly #noRx: boolean;
  readonly #pacer: Pacer | undefined;
  readonly #copy: boolean;
  readonly #sink: Memzone | undefined;
  #closed = false;

  /** @param name of the device, for the memzone that `copy` needs */
  constructor(context: WireContext, name: string, options: NullWireOptions = {}) {
    const { size = 64, copy = false, noRx = false, pace } = options;
    this.#memory = context.memory;
    this.#size = size;
    this.#noRx = noRx;
    this.#copy = copy;
    this.#pacer = pace === undefined ? undefined : new Pacer(context.environment, pace);
    this.#sink = copy ? context.memory.reserve(`null_${name}`, MAX_FRAME_BYTES) : undefined;
    this.done = noRx;
    this.endless = noRx ? undefined : 'a null wire gives frames for ever; no-rx=1 keeps it silent';
  }

  get missed(): number {
    return this.#pacer?.missed ?? 0;
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    if (this.#noRx || this.#closed) return 0;
    const pacer = this.#pacer;
    if (pacer !== undefined) {
      pacer.poll();
      if (n > pacer.available) n = pacer.available;
      pacer.take(n);
    }
    const { u8, u16, i32, f64 } = this.#memory;
    const size = this.#size;
    const there = Math.min(size, room);
    // What reads headers shall find zeros and no old packet, so the beginning of a frame is always written.
    const whole = this.#copy || there < HEADER_BYTES;
    for (let i = 0; i < n; i++) {
      if (whole) u8.fill(0, at[i], at[i] + there);
      else zeroHeader(u8, u16, i32, f64, at[i]);
      lengths[i] = size;
    }
    return n;
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    if (this.#closed) return 0;
    if (this.#sink === undefined) return n;
    const { u8, u16, i32 } = this.#memory;
    const sink = this.#sink.position + 2;
    for (let i = 0; i < n; i++) copyFrame(u8, u16, i32, sink, at[i], lengths[i]);
    return n;
  }

  flush(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#sink !== undefined) this.#memory.free(this.#sink);
  }
}

/** `wire=null[,size=64][,no-rx=1][,copy=1][,pace=PPS]` */
export const NULL_WIRE_KIND: WireKind = {
  name: 'null',
  keys: ['size', 'copy', 'no-rx', 'pace'],
  open: (context, device) => [
    new NullWire(context, device.name, {
      size: device.integer('size', 1, MAX_FRAME_BYTES) ?? 64,
      copy: device.flag('copy'),
      noRx: device.flag('no-rx'),
      pace: device.integer('pace', 1, 1e9),
    }),
  ],
};
