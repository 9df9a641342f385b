import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import { LINKTYPE_EN10MB, LINKTYPE_IPV4, LINKTYPE_IPV6, LINKTYPE_RAW, linkTypeName } from '@inline-ipsec/net/link-type';
import { CaptureReader } from '@inline-ipsec/net/pcap';
import type { CaptureFiles, CaptureSource } from './capture-files.ts';
import { CapturePacer } from './capture-pacer.ts';
import { CaptureSink } from './capture-sink.ts';
import { copyForeignFrame } from './frame-copy.ts';
import { FrameReplay } from './frame-replay.ts';
import { Pacer, type Schedule } from './pacer.ts';
import { LINK_UP_10G, type Wire, type WireContext, type WireKind, type WireLink } from './wire.ts';

/**
 * A capture file in, a capture file out (DPDK: net_pcap with `rx_pcap=` and `tx_pcap=`). Frames come as fast as they are
 * taken, and none is lost, unless the wire is paced: by a number, or by the times of the file. Frame check sequences that a
 * file says it has are left out, and so are empty frames. A frame that the capture cut comes as short as it is there.
 *
 * What this does not do: live interfaces, filters.
 */

/** How a {@link PcapWire} is made. All of it may be missing: nothing comes then. */
export interface PcapWireOptions {
  /** What is received: a pcap or pcapng file with Ethernet frames. */
  readonly source?: CaptureSource | undefined;
  /** Its path, for messages. */
  readonly sourceName?: string | undefined;
  /** True: the frames come again and again (DPDK: `infinite_rx=1`). All of them are read into a memzone now. */
  readonly infinite?: boolean;
  /** Name of that memzone. Default `replay`. */
  readonly zoneName?: string;
  /**
   * Frames a second, or `capture`: when they came into the file, all of which is read into a memzone now. They are lost when
   * nobody takes them. Default: as many as are asked for.
   */
  readonly pace?: number | 'capture' | undefined;
}

/** A wire over capture files. */
export class PcapWire implements Wire {
  readonly name = 'pcap';
  readonly link: WireLink = LINK_UP_10G;
  readonly endless: string | undefined;
  readonly #memory: Memory;
  readonly #source: CaptureSource | undefined;
  readonly #sourceName: string;
  #sink: CaptureSink | undefined;
  #pacer: Schedule | undefined;
  #reader: CaptureReader | undefined;
  #replay: FrameReplay | undefined;
  #failure: SetupError | undefined;
  #closed = false;
  // The reader has a frame that nobody has taken yet.
  #ahead = false;
  readonly #view: DataView;
  // The reader's buffer, and what copies see of it.
  #bytes: Uint8Array = new Uint8Array(0);
  #bytesView: DataView;

  /**
   * Opens the capture and reads its first frame.
   *
   * @throws SetupError `ERR_CAPTURE_FORMAT`, `ERR_CAPTURE_TRUNCATED`, `ERR_CAPTURE_MALFORMED` when it is no capture or, with
   * `infinite`, not a whole one; `ERR_WIRE_LINK_TYPE` (EINVAL) when its frames are not Ethernet; `ERR_REPLAY_EMPTY` (EINVAL)
   */
  constructor(context: WireContext, options: PcapWireOptions = {}) {
    const { source, sourceName = 'the capture', infinite = false, zoneName = 'replay', pace } = options;
    this.#memory = context.memory;
    this.#view = new DataView(context.memory.u8.buffer);
    this.#bytesView = this.#view;
    this.#source = source;
    this.#sourceName = sourceName;
    if (typeof pace === 'number') this.#pacer = new Pacer(context.environment, pace);
    this.endless = infinite ? `${sourceName} is received again and again (infinite_rx=1)` : undefined;
    if (source === undefined) return;
    this.#reader = openReader(source, sourceName);
    if (this.#reader.linkType >= 0) this.#checkLinkType(this.#reader.linkType);
    this.#ahead = this.#next();
    if (this.#failure?.code === 'ERR_WIRE_LINK_TYPE') throw this.#failure;
    if (!infinite && pace !== 'capture') return;
    const { frames, times } = this.#readAll();
    if (pace === 'capture') {
      // A file without frames is over at once.
      if (frames.length === 0) return;
      this.#pacer = new CapturePacer(context.environment, times);
    }
    this.#replay = this.#keep(zoneName, frames);
  }

  /** From now on what is sent goes into `sink`, which is closed with the wire. Before, it is thrown away. */
  sendInto(sink: CaptureSink): void {
    this.#sink = sink;
  }

  /** True at the end of the file. */
  get done(): boolean {
    if (this.#closed || this.#pacer?.over) return true;
    return this.#reader === undefined && this.#replay === undefined;
  }

  get missed(): number {
    return this.#pacer?.missed ?? 0;
  }

  get failure(): SetupError | undefined {
    return this.#failure ?? this.#sink?.failure;
  }

  lend(at: Uint32Array, lengths: Uint32Array, n: number): number {
    const replay = this.#replay;
    if (replay === undefined) return -1;
    const due = this.#due(n);
    replay.lend(at, lengths, due);
    return due;
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    if (this.done) return 0;
    n = this.#due(n);
    if (this.#replay !== undefined) {
      this.#replay.receive(at, room, lengths, n);
      return n;
    }
    const reader = this.#reader;
    if (reader === undefined) return 0;
    const view = this.#view;
    const { fcsBytes } = reader;
    let count = 0;
    while (count < n && (this.#ahead || this.#next())) {
      this.#ahead = false;
      const { bytes } = reader;
      if (bytes !== this.#bytes) this.#see(bytes);
      const length = reader.length - fcsBytes;
      copyForeignFrame(view, at[count], this.#bytesView, reader.at, Math.min(length, room));
      lengths[count++] = length;
    }
    return count;
  }

  /** How many of `n` frames the pace lets come now; those count as taken. */
  #due(n: number): number {
    const pacer = this.#pacer;
    if (pacer === undefined) return n;
    const lost = pacer.poll();
    if (lost > 0) this.#skip(lost);
    const due = Math.min(n, pacer.available);
    pacer.take(due);
    return due;
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    if (this.#closed) return 0;
    return this.#sink === undefined ? n : this.#sink.write(at, lengths, n);
  }

  flush(): void {
    this.#sink?.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    this.#replay?.free();
    this.#replay = undefined;
    this.#sink?.close();
  }

  /** Goes on to the next frame that is not empty. At the end of the file it lets go of it. */
  #next(): boolean {
    const reader = this.#reader;
    if (reader === undefined) return false;
    try {
      while (reader.next()) {
        if (reader.linkType !== LINKTYPE_EN10MB) {
          this.#failure = linkTypeError(this.#sourceName, reader.linkType);
          this.#end();
          return false;
        }
        if (reader.length > reader.fcsBytes) return true;
      }
      if (reader.error !== undefined) this.#failure = named(this.#sourceName, reader.error);
    } catch (error) {
      this.#failure = new SetupError({
        code: 'ERR_CAPTURE_READ',
        errno: 'EIO',
        message: `capture file ${this.#sourceName} cannot be read further`,
        got: error instanceof Error ? error.message : String(error),
        cause: error,
      });
    }
    this.#end();
    return false;
  }

  #end(): void {
    if (this.#reader === undefined) return;
    this.#reader = undefined;
    this.#ahead = false;
    try {
      this.#source?.close?.();
    } catch {
      // All was read; there is nothing to lose.
    }
  }

  #skip(frames: number): void {
    if (this.#replay !== undefined) {
      this.#replay.skip(frames);
      return;
    }
    for (; frames > 0 && (this.#ahead || this.#next()); frames--) this.#ahead = false;
  }

  #see(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#bytesView = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** All frames, and when each came, in nanoseconds. */
  #readAll(): { readonly frames: readonly Uint8Array[]; readonly times: readonly number[] } {
    const frames: Uint8Array[] = [];
    const times: number[] = [];
    let epoch = 0;
    for (let reader = this.#reader; reader !== undefined && (this.#ahead || this.#next()); ) {
      this.#ahead = false;
      // Nanoseconds since 1970 are beyond what a number holds to the last one.
      if (frames.length === 0) epoch = reader.seconds;
      times.push((reader.seconds - epoch) * 1e9 + reader.nanoseconds);
      frames.push(reader.bytes.slice(reader.at, reader.at + reader.length - reader.fcsBytes));
    }
    // What is repeated for ever, or comes in its time, should be the whole file.
    if (this.#failure !== undefined) throw this.#failure;
    return { frames, times };
  }

  #keep(zoneName: string, frames: readonly Uint8Array[]): FrameReplay {
    try {
      return FrameReplay.create(this.#memory, zoneName, frames);
    } catch (error) {
      throw error instanceof SetupError ? named(this.#sourceName, error) : error;
    }
  }

  #checkLinkType(linkType: number): void {
    if (linkType !== LINKTYPE_EN10MB) throw linkTypeError(this.#sourceName, linkType);
  }
}

/**
 * The wire `wire=pcap[,rx_pcap=FILE]…[,tx_pcap=FILE]…[,infinite_rx=1][,pace=PPS]`: a queue for each `rx_pcap`. There is one
 * `tx_pcap` for all queues, or one for each. `pace` is that of all queues together. `pace=capture` keeps the times of each file.
 */
export function pcapWireKind(files: CaptureFiles): WireKind {
  return {
    name: 'pcap',
    keys: ['rx_pcap', 'tx_pcap', 'infinite_rx', 'pace'],
    open: (context, device) => openWires(files, context, device),
  };
}

function openWires(files: CaptureFiles, context: WireContext, device: DeviceArguments): Wire[] {
  const rx = device.all('rx_pcap');
  const tx = device.all('tx_pcap');
  const queues = Math.max(rx.length, tx.length);
  const infinite = device.flag('infinite_rx');
  const pace = paceOf(device, infinite);
  if (queues === 0 || [...rx, ...tx].includes('')) {
    throw new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_MISSING',
      errno: 'EINVAL',
      message: `device ${device.name} lacks a capture file`,
      expected: 'rx_pcap=FILE or tx_pcap=FILE, or both',
      got: device.text,
    });
  }
  if (tx.length > 1 && tx.length !== queues) {
    throw new SetupError({
      code: 'ERR_DEVICE_ARGUMENT_VALUE',
      errno: 'EINVAL',
      message: `device ${device.name} has another number of tx_pcap than of rx_pcap`,
      expected: `one tx_pcap, or ${queues}`,
      got: String(tx.length),
    });
  }
  const sources: CaptureSource[] = [];
  const sinks: CaptureSink[] = [];
  const wires: PcapWire[] = [];
  try {
    // Everything is read before anything is written, so that a wrong name costs no file.
    for (const path of rx) sources.push(files.read(path));
    for (let queue = 0; queue < queues; queue++) {
      const options: PcapWireOptions = {
        source: sources[queue],
        sourceName: rx[queue],
        infinite: infinite && queue < rx.length,
        zoneName: `replay_${device.name}_${queue}`,
        pace: queue >= rx.length ? undefined : typeof pace === 'number' ? pace / rx.length : pace,
      };
      wires.push(new PcapWire(context, options));
    }
    for (const path of tx) sinks.push(new CaptureSink(context.memory, context.environment, files.write(path), path));
    wires.forEach((wire, queue) => {
      const own = sinks.length > 1 || queue === 0;
      if (sinks.length > 0) wire.sendInto(own ? sinks[queue] : sinks[0].share());
    });
    return wires;
  } catch (error) {
    for (const wire of wires) wire.close();
    for (const sink of sinks) sink.close();
    for (const source of sources) source.close?.();
    throw error;
  }
}

/** Packets a second, or the times of the capture, which are those of one time through it. */
function paceOf(device: DeviceArguments, infinite: boolean): number | 'capture' | undefined {
  if (device.get('pace') !== 'capture') return device.integer('pace', 1, 1e9);
  if (!infinite) return 'capture';
  throw new SetupError({
    code: 'ERR_DEVICE_ARGUMENT_VALUE',
    errno: 'EINVAL',
    message: `device ${device.name} cannot keep the times of a capture that comes again and again`,
    expected: 'pace=capture without infinite_rx=1, or infinite_rx=1 with a number',
    got: device.text,
  });
}

function openReader(source: CaptureSource, name: string): CaptureReader {
  try {
    return new CaptureReader(source);
  } catch (error) {
    throw error instanceof SetupError ? named(name, error) : error;
  }
}

/** The same error, with the name of the file. */
function named(name: string, error: SetupError): SetupError {
  const { code, errno } = error;
  return new SetupError({ code, errno, message: `${name}: ${error.message}`, cause: error });
}

function linkTypeError(name: string, linkType: number): SetupError {
  const bareIp = linkType === LINKTYPE_RAW || linkType === LINKTYPE_IPV4 || linkType === LINKTYPE_IPV6;
  return new SetupError({
    code: 'ERR_WIRE_LINK_TYPE',
    errno: 'EINVAL',
    message: `${name} holds no Ethernet frames`,
    expected: 'link type EN10MB (1)',
    got: `${linkTypeName(linkType)} (${linkType})`,
    remedy: bareIp
      ? 'its packets begin with the IP header: put an Ethernet header before each, for instance with tcprewrite --dlt=enet'
      : 'capture on one Ethernet interface, or convert the file',
  });
}
