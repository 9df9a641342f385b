import { truncated } from './_capture-errors.ts';
import { type CaptureFields, endDamaged, endOfInput, MAX_FRAME_BYTES } from './_capture-fields.ts';
import type { CaptureInput } from './_capture-input.ts';
import { TickClock } from './_tick-clock.ts';
import { decodeUtf8 } from './_utf8.ts';

/** The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each with its length in front and behind. */

export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
/** Obsolete, and written by nobody since 2010, but there are such files. */
const BLOCK_PACKET = 2;
const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Bytes of a block with neither content nor options. */
const BLOCK_BYTES = 12;
const SECTION_BYTES = 28;
const INTERFACE_BYTES = 20;
export const ENHANCED_PACKET_BYTES = 32;
const SIMPLE_PACKET_BYTES = 16;
/** A block that is read as a whole is no longer than this (Wireshark's limit); one that is passed over may be. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

const OPTION_END = 0;
export const OPTION_IF_NAME = 2;
export const OPTION_IF_TSRESOL = 9;
const OPTION_IF_TSOFFSET = 14;

/** An interface as a capture file describes it. */
export interface CaptureInterface {
  /** A `LINKTYPE_` number. */
  readonly linkType: number;
  /** The most bytes kept of a frame, 0 for no limit. */
  readonly snapLength: number;
  /** `if_name`, empty when the file does not say. */
  readonly name: string;
}

/** Reads the blocks of a pcapng file into the fields of a reader. */
export class PcapngBlocks {
  interfaces: CaptureInterface[] = [];
  readonly #input: CaptureInput;
  readonly #fields: CaptureFields;
  #littleEndian = true;
  #clocks: TickClock[] = [];

  constructor(input: CaptureInput, fields: CaptureFields) {
    this.#input = input;
    this.#fields = fields;
  }

  /** Reads on to the first interface, so that the link type is known before the first frame; frames are left for later. */
  open(): boolean {
    if (!this.#section()) return false;
    const input = this.#input;
    while (this.interfaces.length === 0 && input.need(BLOCK_BYTES)) {
      const type = input.view.getUint32(input.at, this.#littleEndian);
      if (type === BLOCK_ENHANCED_PACKET || type === BLOCK_PACKET || type === BLOCK_SIMPLE_PACKET) return true;
      if (!this.#otherBlock()) return false;
    }
    return true;
  }

  /** Goes on to the next frame. */
  next(): boolean {
    const input = this.#input;
    for (;;) {
      if (input.end - input.at < BLOCK_BYTES && !input.need(BLOCK_BYTES)) {
        return endOfInput(this.#fields, input, 'a block', BLOCK_BYTES);
      }
      switch (input.view.getUint32(input.at, this.#littleEndian)) {
        case BLOCK_ENHANCED_PACKET:
          return this.#packet(false);
        case BLOCK_PACKET:
          return this.#packet(true);
        case BLOCK_SIMPLE_PACKET:
          return this.#simplePacket();
        default:
          if (!this.#otherBlock()) return false;
      }
    }
  }

  /** An enhanced packet block, or the older packet block, which has a short interface id and a count of drops. */
  #packet(old: boolean): boolean {
    const bytes = this.#wholeBlock(ENHANCED_PACKET_BYTES);
    if (bytes === 0) return false;
    const { view, at } = this.#input;
    const little = this.#littleEndian;
    const id = old ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    if (id >= this.#clocks.length) return this.#unknownInterface(id);
    const length = view.getUint32(at + 20, little);
    if (length > bytes - ENHANCED_PACKET_BYTES || length > MAX_FRAME_BYTES) {
      const room = Math.min(bytes - ENHANCED_PACKET_BYTES, MAX_FRAME_BYTES);
      return this.#damaged(20, 'a captured length', `at most ${room}`, length);
    }
    const fields = this.#fields;
    const clock = this.#clocks[id];
    clock.convert(view.getInt32(at + 12, little), view.getInt32(at + 16, little));
    fields.seconds = clock.seconds;
    fields.nanoseconds = clock.nanoseconds;
    fields.originalLength = view.getUint32(at + 24, little);
    this.#give(id, at + 28, length, bytes);
    return true;
  }

  /** A simple packet block: of interface 0, without time, its captured length to be found out. */
  #simplePacket(): boolean {
    const bytes = this.#wholeBlock(SIMPLE_PACKET_BYTES);
    if (bytes === 0) return false;
    if (this.interfaces.length === 0) return this.#unknownInterface(0);
    const { view, at } = this.#input;
    const originalLength = view.getUint32(at + 8, this.#littleEndian);
    const length = Math.min(originalLength, this.interfaces[0].snapLength || MAX_FRAME_BYTES, MAX_FRAME_BYTES);
    if (length > bytes - SIMPLE_PACKET_BYTES) {
      return this.#damaged(8, 'a length', `at most ${bytes - SIMPLE_PACKET_BYTES}`, length);
    }
    const fields = this.#fields;
    fields.seconds = 0;
    fields.nanoseconds = 0;
    fields.originalLength = originalLength;
    this.#give(0, at + 12, length, bytes);
    return true;
  }

  #give(id: number, at: number, length: number, blockBytes: number): void {
    const fields = this.#fields;
    fields.interfaceId = id;
    fields.linkType = this.interfaces[id].linkType;
    fields.bytes = this.#input.bytes;
    fields.at = at;
    fields.length = length;
    fields.frames++;
    this.#input.at += blockBytes;
  }

  /** Sees to it that the block is here as a whole and its two lengths agree. Says its length, 0 after an error. */
  #wholeBlock(least: number): number {
    const input = this.#input;
    const little = this.#littleEndian;
    const bytes = input.view.getUint32(input.at + 4, little);
    if (bytes < least || bytes > MAX_BLOCK_BYTES || (bytes & 3) !== 0) {
      this.#damaged(4, 'a block length', `a multiple of 4 from ${least} to ${MAX_BLOCK_BYTES}`, bytes);
      return 0;
    }
    if (input.end - input.at < bytes && !input.need(bytes)) {
      endOfInput(this.#fields, input, 'a block', bytes);
      return 0;
    }
    const again = input.view.getUint32(input.at + bytes - 4, little);
    if (again !== bytes) {
      this.#damaged(bytes - 4, 'the length at the end of a block', `${bytes} as at its beginning`, again);
      return 0;
    }
    return bytes;
  }

  /** Passes a block that holds no frame. */
  #otherBlock(): boolean {
    const input = this.#input;
    const type = input.view.getUint32(input.at, this.#littleEndian);
    if (type === BLOCK_SECTION) return this.#section();
    if (type === BLOCK_INTERFACE) return this.#interface();
    const bytes = input.view.getUint32(input.at + 4, this.#littleEndian);
    if (bytes < BLOCK_BYTES || (bytes & 3) !== 0) {
      return this.#damaged(4, 'a block length', `a multiple of 4 from ${BLOCK_BYTES}`, bytes);
    }
    const { offset } = input;
    if (!input.skip(bytes - 4) || !input.need(4)) {
      const got = input.offset + input.available - offset;
      this.#fields.error = truncated(this.#fields.frames, offset, 'a block', bytes, got);
      return false;
    }
    const again = input.view.getUint32(input.at, this.#littleEndian);
    if (again !== bytes) {
      return this.#damaged(0, 'the length at the end of a block', `${bytes} as at its beginning`, again);
    }
    input.at += 4;
    return true;
  }

  /** A section header: it says the byte order of what follows, and all interfaces before it are forgotten. */
  #section(): boolean {
    const input = this.#input;
    if (!input.need(SECTION_BYTES)) return endOfInput(this.#fields, input, 'a section header', SECTION_BYTES);
    const magic = input.view.getUint32(input.at + 8, false);
    this.#littleEndian = input.view.getUint32(input.at + 8, true) === BYTE_ORDER_MAGIC;
    if (!this.#littleEndian && magic !== BYTE_ORDER_MAGIC) {
      const got = magic.toString(16).padStart(8, '0');
      return this.#damaged(8, 'the byte order of a section', '1a2b3c4d or 4d3c2b1a', got);
    }
    const bytes = this.#wholeBlock(SECTION_BYTES);
    if (bytes === 0) return false;
    const major = input.view.getUint16(input.at + 12, this.#littleEndian);
    if (major !== 1) return this.#damaged(12, 'the version of a section', '1', major);
    this.interfaces = [];
    this.#clocks = [];
    input.at += bytes;
    return true;
  }

  #interface(): boolean {
    const bytes = this.#wholeBlock(INTERFACE_BYTES);
    if (bytes === 0) return false;
    const input = this.#input;
    const little = this.#littleEndian;
    const { view } = input;
    let name = '';
    let resolution = 6;
    let offsetSeconds = 0;
    const end = input.at + bytes - 4;
    for (let at = input.at + 16; at + 4 <= end; ) {
      const code = view.getUint16(at, little);
      const length = view.getUint16(at + 2, little);
      if (code === OPTION_END) break;
      const value = at + 4;
      if (value + length > end) {
        return this.#damaged(at + 2 - input.at, 'the length of an option', `at most ${end - value}`, length);
      }
      if (code === OPTION_IF_NAME) name = decodeUtf8(input.bytes.subarray(value, value + length));
      if (code === OPTION_IF_TSRESOL && length >= 1) resolution = input.bytes[value];
      if (code === OPTION_IF_TSOFFSET && length >= 8) {
        const low = view.getUint32(value + (little ? 0 : 4), little);
        offsetSeconds = view.getInt32(value + (little ? 4 : 0), little) * 0x1_0000_0000 + low;
      }
      at = value + ((length + 3) & ~3);
    }
    const linkType = view.getUint16(input.at + 8, little);
    if (this.#fields.frames === 0 && this.#fields.linkType < 0) this.#fields.linkType = linkType;
    this.interfaces.push({ linkType, snapLength: view.getUint32(input.at + 12, little), name });
    this.#clocks.push(new TickClock(resolution, offsetSeconds));
    input.at += bytes;
    return true;
  }

  #unknownInterface(id: number): false {
    const known = this.interfaces.length;
    const expected = known === 0 ? 'the description of an interface before it' : `a number from 0 to ${known - 1}`;
    return this.#damaged(8, 'the interface of a frame', expected, id);
  }

  #damaged(at: number, what: string, expected: string, got: string | number): false {
    return endDamaged(this.#fields, this.#input, at, what, expected, got);
  }
}
