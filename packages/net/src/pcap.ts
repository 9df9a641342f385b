import { SetupError } from '@inline-ipsec/eal/errors';
import { unknownFormat } from './_capture-errors.ts';
import { type CaptureFields, MAX_FRAME_BYTES } from './_capture-fields.ts';
import { CaptureInput } from './_capture-input.ts';
import { CaptureOutput, type PlaceInArray } from './_capture-output.ts';
import {
  PCAP_HEADER_BYTES,
  PCAP_MAGIC_MICROSECONDS,
  PCAP_MAGIC_NANOSECONDS,
  PCAP_RECORD_BYTES,
  PcapRecords,
} from './_pcap-records.ts';
import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_INTERFACE,
  BLOCK_SECTION,
  BYTE_ORDER_MAGIC,
  type CaptureInterface,
  ENHANCED_PACKET_BYTES,
  OPTION_IF_NAME,
  OPTION_IF_TSRESOL,
  PcapngBlocks,
} from './_pcapng-blocks.ts';
import { encodeUtf8 } from './_utf8.ts';
import { type ByteSink, type ByteSource, BytesSink, bytesSource } from './byte-stream.ts';
import { LINKTYPE_EN10MB } from './link-type.ts';

export type { PlaceInArray } from './_capture-output.ts';
export type { CaptureInterface } from './_pcapng-blocks.ts';
export type { ByteSink, ByteSource } from './byte-stream.ts';

/**
 * Capture files: a reader of pcap and pcapng that tells them apart itself, and a writer of each. Micro- and nanoseconds,
 * both byte orders (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
 *
 * Frames stream: the reader shows each frame where it lies in its buffer, the writers copy each into theirs, and neither
 * allocates anything for it. What is opened wrongly throws; what goes wrong on the way is told by a field.
 *
 * Not here: compressed files, the modified pcap of 1999, and of pcapng the names, statistics, secrets, comments and custom
 * blocks, all of which the reader passes over.
 */

/** The longest frame in a capture, in bytes, as libpcap and Wireshark have it. */
export const MAX_CAPTURE_FRAME_BYTES: number = MAX_FRAME_BYTES;

const OPTION_SHB_USERAPPL = 4;
const DEFAULT_BUFFER_BYTES = 512 * 1024;

/** A frame with its bytes for itself: comfortable, and not for the data path. */
export interface CaptureFrame {
  /** Since 1970 (UTC), a whole number. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
  /** What was captured. */
  readonly data: Uint8Array;
  /** Bytes of the frame on the wire: more than `data` has when the capture cut it. */
  readonly originalLength: number;
  /** A `LINKTYPE_` number. */
  readonly linkType: number;
  /** Which interface of its section it came by; 0 in a pcap file. */
  readonly interfaceId: number;
}

/** How a {@link CaptureReader} reads. */
export interface CaptureReaderOptions {
  /** Bytes read at once. The buffer grows when a frame or block is longer. Default 524,288. */
  readonly bufferBytes?: number;
}

/**
 * Reads a capture frame by frame. When `next()` has said true, the fields describe the frame, which is `bytes[at]` to
 * `bytes[at + length - 1]` until `next()` is called again. All fields are for reading only.
 *
 * @example
 * ```ts
 * const reader = new CaptureReader(source);
 * while (reader.next()) count(reader.bytes, reader.at, reader.length);
 * if (reader.error !== undefined) complain(reader.error.message);
 * ```
 */
export class CaptureReader implements CaptureFields {
  readonly format: 'pcap' | 'pcapng';
  /** The buffer that the frame lies in. It may be another one after each `next()`. */
  bytes: Uint8Array;
  at = 0;
  /** Bytes captured. */
  length = 0;
  /** Bytes on the wire. */
  originalLength = 0;
  /** Since 1970 (UTC). 0 for frames without a time (simple packet blocks). */
  seconds = 0;
  /** 0 to 999,999,999. */
  nanoseconds = 0;
  /** Of the frame; before the first one of the first interface, or −1 when the file has none before it. */
  linkType = -1;
  /** Which interface of its section the frame came by; 0 in a pcap file. */
  interfaceId = 0;
  /** Whole frames given so far. */
  frames = 0;
  /** Bytes of frame check sequence at the end of each frame, when a pcap file says that there are some; else 0. */
  readonly fcsBytes: number;
  /**
   * Why `next()` said false before the good end of the file: `ERR_CAPTURE_TRUNCATED` (EIO) when the file ends in the
   * middle of something, `ERR_CAPTURE_MALFORMED` (EINVAL) when it cannot be so. The message has the byte and what was
   * expected there.
   */
  error: SetupError | undefined = undefined;

  readonly #records: PcapRecords | PcapngBlocks;
  readonly #interfaces: readonly CaptureInterface[];
  #ended = false;

  /**
   * Opens a capture: reads its header, and of pcapng what lies before the first interface and its description.
   *
   * @throws SetupError `ERR_CAPTURE_FORMAT`, `ERR_CAPTURE_MALFORMED` (EINVAL) or `ERR_CAPTURE_TRUNCATED` (EIO) when it does
   * not begin as a capture
   */
  constructor(source: ByteSource, options: CaptureReaderOptions = {}) {
    const input = new CaptureInput(source, Math.max(options.bufferBytes ?? DEFAULT_BUFFER_BYTES, 64));
    this.bytes = input.bytes;
    this.format = formatOf(input);
    if (this.format === 'pcap') {
      const records = new PcapRecords(input, this);
      records.open();
      this.#records = records;
      this.#interfaces = [{ linkType: this.linkType, snapLength: records.snapLength, name: '' }];
      this.fcsBytes = records.fcsBytes;
    } else {
      const blocks = new PcapngBlocks(input, this);
      blocks.open();
      this.#records = blocks;
      this.#interfaces = [];
      this.fcsBytes = 0;
    }
    if (this.error !== undefined) throw this.error;
  }

  /** The interfaces described so far in the section that the frame is in, by their ids; one in a pcap file. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#records instanceof PcapngBlocks ? this.#records.interfaces : this.#interfaces;
  }

  /** Whether the file ended in the middle of something. */
  get truncated(): boolean {
    return this.error?.code === 'ERR_CAPTURE_TRUNCATED';
  }

  /**
   * Goes on to the next frame. It throws nothing but what the source throws.
   *
   * @returns false at the end, and where {@link error} says that there is something else
   */
  next(): boolean {
    if (this.#ended) return false;
    if (this.#records.next()) return true;
    this.#ended = true;
    this.length = 0;
    return false;
  }

  /** The frame as a copy. */
  frame(): CaptureFrame {
    return {
      seconds: this.seconds,
      nanoseconds: this.nanoseconds,
      data: this.bytes.slice(this.at, this.at + this.length),
      originalLength: this.originalLength,
      linkType: this.linkType,
      interfaceId: this.interfaceId,
    };
  }
}

/** What the writers have in common. */
export interface CaptureWriterOptions {
  /** Default `nanosecond`, as DPDK's own capture files have it. */
  readonly resolution?: 'microsecond' | 'nanosecond';
  /** Default `little`. */
  readonly byteOrder?: 'little' | 'big';
  /** The most bytes kept of a frame: 1 to {@link MAX_CAPTURE_FRAME_BYTES} (the default). */
  readonly snapLength?: number;
  /** Bytes collected before the sink gets them; never less than two of the longest frames. Default 524,288. */
  readonly bufferBytes?: number;
  /**
   * Where to collect them: a place with room for {@link captureBufferBytes} in the very array that frames come from. A
   * burst is then copied by the platform within that array, which is quick if the array is not shared between threads.
   */
  readonly within?: PlaceInArray;
}

/** Bytes that a writer with these options collects. */
export function captureBufferBytes(options: CaptureWriterOptions = {}): number {
  const least = 2 * (checkSnapLength(options.snapLength) + ENHANCED_PACKET_BYTES + 4);
  return Math.max(options.bufferBytes ?? DEFAULT_BUFFER_BYTES, least);
}

/** How a {@link PcapWriter} writes. */
export interface PcapWriterOptions extends CaptureWriterOptions {
  /** A `LINKTYPE_` number. Default {@link LINKTYPE_EN10MB}. */
  readonly linkType?: number;
}

/**
 * Writes a pcap file. What is written collects in a buffer until that is full or {@link flush} is called.
 *
 * What the sink throws goes through; the bytes that it was given are gone then.
 */
export class PcapWriter {
  /** Frames written so far. */
  frames = 0;
  readonly #output: CaptureOutput;
  readonly #littleEndian: boolean;
  readonly #nanosecondsEach: number;
  readonly #snapLength: number;

  /**
   * Begins a file: its header is the first thing in the buffer.
   *
   * @throws SetupError `ERR_CAPTURE_SNAP_LENGTH`, `ERR_CAPTURE_LINK_TYPE` (EINVAL)
   */
  constructor(sink: ByteSink, options: PcapWriterOptions = {}) {
    const linkType = checkLinkType(options.linkType);
    this.#snapLength = checkSnapLength(options.snapLength);
    this.#output = newOutput(sink, options);
    this.#littleEndian = options.byteOrder !== 'big';
    const micro = options.resolution === 'microsecond';
    this.#nanosecondsEach = micro ? 1000 : 1;
    const little = this.#littleEndian;
    const { view } = this.#output;
    view.setUint32(0, micro ? PCAP_MAGIC_MICROSECONDS : PCAP_MAGIC_NANOSECONDS, little);
    view.setUint16(4, 2, little);
    view.setUint16(6, 4, little);
    view.setUint32(16, this.#snapLength, little);
    view.setUint32(20, linkType, little);
    this.#output.commit(PCAP_HEADER_BYTES);
  }

  /**
   * Writes a frame: the `length` bytes from `u8[at]` on, all of which must be there, or as many of them as the snap length
   * allows. For the data path.
   *
   * @param seconds since 1970 (UTC), a whole number; the file has 32 bits for it
   * @param nanoseconds 0 to 999,999,999
   * @param originalLength bytes of the frame on the wire, when these are not all
   */
  write(
    u8: Uint8Array,
    at: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    originalLength: number = length,
  ): void {
    const output = this.#output;
    const little = this.#littleEndian;
    const captured = Math.min(length, this.#snapLength);
    const to = output.reserve(PCAP_RECORD_BYTES + captured);
    const { view } = output;
    view.setUint32(to, seconds, little);
    view.setUint32(to + 4, nanoseconds / this.#nanosecondsEach, little);
    view.setUint32(to + 8, captured, little);
    view.setUint32(to + 12, originalLength, little);
    output.copy(u8, at, captured, to + PCAP_RECORD_BYTES);
    output.commit(to + PCAP_RECORD_BYTES + captured);
    this.frames++;
  }

  /**
   * Writes the frames of a burst, which all have the same time: frame i is the `lengths[i]` bytes from `u8[at[i]]` on.
   * What does not change from frame to frame is worked out once. For the data path.
   */
  writeBurst(
    u8: Uint8Array,
    at: Uint32Array,
    lengths: Uint32Array,
    n: number,
    seconds: number,
    nanoseconds: number,
  ): void {
    if (!this.#littleEndian) {
      for (let i = 0; i < n; i++) this.write(u8, at[i], lengths[i], seconds, nanoseconds);
      return;
    }
    const fraction = Math.floor(nanoseconds / this.#nanosecondsEach) | 0;
    this.#output.appendRecords(u8, at, lengths, n, seconds | 0, fraction, this.#snapLength);
    this.frames += n;
  }

  /** Gives the sink what was collected. */
  flush(): void {
    this.#output.flush();
  }
}

/** An interface to be described in a pcapng file. */
export interface PcapngInterface {
  /** A `LINKTYPE_` number. Default {@link LINKTYPE_EN10MB}. */
  readonly linkType?: number;
  /** Such as `net_tap0`. Default none. */
  readonly name?: string;
}

/** How a {@link PcapngWriter} writes. */
export interface PcapngWriterOptions extends CaptureWriterOptions {
  /** The interfaces, which have the ids 0, 1, … Default: one Ethernet without a name. */
  readonly interfaces?: readonly PcapngInterface[];
  /** The program that writes the file (`shb_userappl`). Default none. */
  readonly application?: string;
}

/** Writes a pcapng file of one section; as {@link PcapWriter}, for frames of several interfaces. */
export class PcapngWriter {
  /** Frames written so far. */
  frames = 0;
  readonly #output: CaptureOutput;
  readonly #littleEndian: boolean;
  readonly #nanosecondsEach: number;
  readonly #snapLength: number;
  #interfaces = 0;

  /**
   * Begins a file: section and interfaces are the first things in the buffer.
   *
   * @throws SetupError `ERR_CAPTURE_SNAP_LENGTH`, `ERR_CAPTURE_LINK_TYPE` (EINVAL)
   */
  constructor(sink: ByteSink, options: PcapngWriterOptions = {}) {
    this.#snapLength = checkSnapLength(options.snapLength);
    this.#output = newOutput(sink, options);
    this.#littleEndian = options.byteOrder !== 'big';
    this.#nanosecondsEach = options.resolution === 'microsecond' ? 1000 : 1;
    const application = encodeUtf8(options.application ?? '');
    const body = new DataView(new ArrayBuffer(16));
    body.setUint32(0, BYTE_ORDER_MAGIC, this.#littleEndian);
    body.setUint16(4, 1, this.#littleEndian);
    // The length of the section is not known: −1.
    body.setInt32(8, -1, this.#littleEndian);
    body.setInt32(12, -1, this.#littleEndian);
    this.#block(BLOCK_SECTION, body, application.length === 0 ? [] : [[OPTION_SHB_USERAPPL, application]]);
    for (const description of options.interfaces ?? [{}]) this.addInterface(description);
  }

  /**
   * Describes one more interface; frames may have been written before.
   *
   * @returns its id
   * @throws SetupError `ERR_CAPTURE_LINK_TYPE` (EINVAL)
   */
  addInterface(description: PcapngInterface = {}): number {
    const body = new DataView(new ArrayBuffer(8));
    body.setUint16(0, checkLinkType(description.linkType), this.#littleEndian);
    body.setUint32(4, this.#snapLength, this.#littleEndian);
    const options: [number, Uint8Array][] = [];
    if (description.name) options.push([OPTION_IF_NAME, encodeUtf8(description.name)]);
    options.push([OPTION_IF_TSRESOL, Uint8Array.of(this.#nanosecondsEach === 1 ? 9 : 6)]);
    this.#block(BLOCK_INTERFACE, body, options);
    return this.#interfaces++;
  }

  /**
   * Writes a frame as {@link PcapWriter.write} does. For the data path.
   *
   * @param interfaceId of an interface described before; else no reader will take the file
   */
  write(
    u8: Uint8Array,
    at: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    originalLength: number = length,
    interfaceId = 0,
  ): void {
    const output = this.#output;
    const little = this.#littleEndian;
    const captured = Math.min(length, this.#snapLength);
    const bytes = ENHANCED_PACKET_BYTES + ((captured + 3) & ~3);
    const to = output.reserve(bytes);
    const { view } = output;
    // Ticks in 64 bits. The low word is exact; their sum as a whole is not, but far closer than half a high word.
    const each = this.#nanosecondsEach;
    const perSecond = each === 1 ? 1e9 : 1e6;
    const fraction = each === 1 ? nanoseconds : Math.floor(nanoseconds / 1000);
    const ticks = seconds * perSecond + fraction;
    const low = (Math.imul(seconds, perSecond) + fraction) >>> 0;
    const high = Math.round((ticks - low) / 0x1_0000_0000);

    // What fills the last word of the frame is zero. The rest is written over it, the lengths of an empty frame too.
    view.setUint32(to + bytes - 8, 0);
    view.setUint32(to, BLOCK_ENHANCED_PACKET, little);
    view.setUint32(to + 4, bytes, little);
    view.setUint32(to + 8, interfaceId, little);
    view.setUint32(to + 12, high, little);
    view.setUint32(to + 16, low, little);
    view.setUint32(to + 20, captured, little);
    view.setUint32(to + 24, originalLength, little);
    output.copy(u8, at, captured, to + 28);
    view.setUint32(to + bytes - 4, bytes, little);
    output.commit(to + bytes);
    this.frames++;
  }

  /** Gives the sink what was collected. */
  flush(): void {
    this.#output.flush();
  }

  #block(type: number, body: DataView, options: readonly [number, Uint8Array][]): void {
    const little = this.#littleEndian;
    const optionBytes = options.reduce((sum, [, value]) => sum + 4 + ((value.length + 3) & ~3), 0);
    const bytes = 12 + body.byteLength + (options.length === 0 ? 0 : optionBytes + 4);
    const begin = this.#output.reserve(bytes);
    const { view, bytes: buffer } = this.#output;
    // Padding and the option that ends a list are zeros.
    buffer.fill(0, begin, begin + bytes);
    view.setUint32(begin, type, little);
    view.setUint32(begin + 4, bytes, little);
    view.setUint32(begin + bytes - 4, bytes, little);
    for (let i = 0; i < body.byteLength; i++) buffer[begin + 8 + i] = body.getUint8(i);
    let to = begin + 8 + body.byteLength;
    for (const [code, value] of options) {
      view.setUint16(to, code, little);
      view.setUint16(to + 2, value.length, little);
      buffer.set(value, to + 4);
      to += 4 + ((value.length + 3) & ~3);
    }
    this.#output.commit(begin + bytes);
  }
}

/** How {@link readCapture} takes a bad file. */
export interface ReadCaptureOptions {
  /** Is told of a cut or damaged file, whose whole frames are given nevertheless. Default: it is thrown. */
  readonly onError?: (error: SetupError) => void;
}

/** What {@link writePcap} needs of a frame; times are 0 and the frame is whole when it does not say otherwise. */
export type FrameToWrite = Pick<CaptureFrame, 'data'> & Partial<CaptureFrame>;

/**
 * All frames of a pcap or pcapng file that lies in memory.
 *
 * @throws SetupError as the constructor of {@link CaptureReader}, and its `error` when nobody else is told
 */
export function readCapture(bytes: Uint8Array, options: ReadCaptureOptions = {}): CaptureFrame[] {
  const reader = new CaptureReader(bytesSource(bytes));
  const frames: CaptureFrame[] = [];
  while (reader.next()) frames.push(reader.frame());
  if (reader.error !== undefined) {
    if (options.onError === undefined) throw reader.error;
    options.onError(reader.error);
  }
  return frames;
}

/** The bytes of a pcap file with these frames. */
export function writePcap(frames: readonly FrameToWrite[], options: PcapWriterOptions = {}): Uint8Array {
  const sink = new BytesSink();
  const writer = new PcapWriter(sink, options);
  for (const { data, seconds = 0, nanoseconds = 0, originalLength = data.length } of frames) {
    writer.write(data, 0, data.length, seconds, nanoseconds, originalLength);
  }
  writer.flush();
  return sink.bytes();
}

/** The bytes of a pcapng file with these frames, each by the interface of its `interfaceId`, or by interface 0. */
export function writePcapng(frames: readonly FrameToWrite[], options: PcapngWriterOptions = {}): Uint8Array {
  const sink = new BytesSink();
  const writer = new PcapngWriter(sink, options);
  for (const { data, seconds = 0, nanoseconds = 0, originalLength = data.length, interfaceId = 0 } of frames) {
    writer.write(data, 0, data.length, seconds, nanoseconds, originalLength, interfaceId);
  }
  writer.flush();
  return sink.bytes();
}

function formatOf(input: CaptureInput): 'pcap' | 'pcapng' {
  if (input.need(4)) {
    const little = input.view.getUint32(0, true);
    const big = input.view.getUint32(0, false);
    if (big === BLOCK_SECTION) return 'pcapng';
    for (const magic of [PCAP_MAGIC_MICROSECONDS, PCAP_MAGIC_NANOSECONDS]) {
      if (little === magic || big === magic) return 'pcap';
    }
  }
  throw unknownFormat(input.bytes, input.available);
}

function newOutput(sink: ByteSink, options: CaptureWriterOptions): CaptureOutput {
  return new CaptureOutput(sink, captureBufferBytes(options), options.within);
}

function checkSnapLength(snapLength: number = MAX_CAPTURE_FRAME_BYTES): number {
  if (Number.isInteger(snapLength) && snapLength >= 1 && snapLength <= MAX_CAPTURE_FRAME_BYTES) return snapLength;
  throw new SetupError({
    code: 'ERR_CAPTURE_SNAP_LENGTH',
    errno: 'EINVAL',
    message: 'a capture cannot keep so much of a frame',
    expected: `1 to ${MAX_CAPTURE_FRAME_BYTES} bytes`,
    got: String(snapLength),
  });
}

function checkLinkType(linkType: number = LINKTYPE_EN10MB): number {
  if (Number.isInteger(linkType) && linkType >= 0 && linkType <= 0xffff) return linkType;
  throw new SetupError({
    code: 'ERR_CAPTURE_LINK_TYPE',
    errno: 'EINVAL',
    message: 'there is no such link type',
    expected: '0 to 65535',
    got: String(linkType),
  });
}
