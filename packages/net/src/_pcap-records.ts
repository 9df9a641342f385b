import { type CaptureFields, endDamaged, endOfInput, MAX_FRAME_BYTES } from './_capture-fields.ts';
import type { CaptureInput } from './_capture-input.ts';

/** The pcap format (draft-ietf-opsawg-pcap): a header, then records of a header and a frame. */

export const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;
export const PCAP_HEADER_BYTES = 24;
export const PCAP_RECORD_BYTES = 16;

const HAS_FCS_LENGTH = 0x0400_0000;

/** Reads the records of a pcap file into the fields of a reader. */
export class PcapRecords {
  /** Bytes of frame check sequence at the end of each frame. */
  fcsBytes = 0;
  snapLength = 0;
  readonly #input: CaptureInput;
  readonly #fields: CaptureFields;
  readonly #littleEndian: boolean;
  readonly #nanosecondsEach: number;

  constructor(input: CaptureInput, fields: CaptureFields) {
    const magic = input.view.getUint32(input.at, true);
    this.#input = input;
    this.#fields = fields;
    this.#littleEndian = magic === PCAP_MAGIC_MICROSECONDS || magic === PCAP_MAGIC_NANOSECONDS;
    this.#nanosecondsEach = input.view.getUint32(input.at, this.#littleEndian) === PCAP_MAGIC_NANOSECONDS ? 1 : 1000;
  }

  /** Reads the header of the file. */
  open(): boolean {
    const input = this.#input;
    const little = this.#littleEndian;
    if (!input.need(PCAP_HEADER_BYTES)) return endOfInput(this.#fields, input, 'the file header', PCAP_HEADER_BYTES);
    const { view } = input;
    const major = view.getUint16(4, little);
    const minor = view.getUint16(6, little);
    // Before 2.4 the two lengths of a frame stood in another order; no program of this century writes that.
    if (major !== 2 || minor !== 4) {
      return endDamaged(this.#fields, input, 4, 'the version', '2.4', `${major}.${minor}`);
    }
    const link = view.getUint32(20, little);
    this.#fields.linkType = link & 0xffff;
    this.snapLength = view.getUint32(16, little);
    // The length of the check sequence is counted in units of 16 bits.
    this.fcsBytes = (link & HAS_FCS_LENGTH) === 0 ? 0 : (link >>> 28) * 2;
    input.at += PCAP_HEADER_BYTES;
    return true;
  }

  /** Goes on to the next frame. */
  next(): boolean {
    const input = this.#input;
    const fields = this.#fields;
    const little = this.#littleEndian;
    if (input.end - input.at < PCAP_RECORD_BYTES && !input.need(PCAP_RECORD_BYTES)) {
      return endOfInput(fields, input, 'a frame', PCAP_RECORD_BYTES);
    }
    const length = input.view.getUint32(input.at + 8, little);
    if (length > MAX_FRAME_BYTES) {
      return endDamaged(fields, input, 8, 'a captured length', `at most ${MAX_FRAME_BYTES}`, length);
    }
    const bytes = PCAP_RECORD_BYTES + length;
    if (input.end - input.at < bytes && !input.need(bytes)) return endOfInput(fields, input, 'a frame', bytes);
    const { view, at } = input;
    fields.seconds = view.getUint32(at, little);
    fields.nanoseconds = view.getUint32(at + 4, little) * this.#nanosecondsEach;
    if (fields.nanoseconds > 999_999_999) {
      // Some programs let the fraction run over a second.
      fields.seconds += Math.floor(fields.nanoseconds / 1e9);
      fields.nanoseconds %= 1e9;
    }
    fields.originalLength = view.getUint32(at + 12, little);
    fields.bytes = input.bytes;
    fields.at = at + PCAP_RECORD_BYTES;
    fields.length = length;
    fields.frames++;
    input.at = at + bytes;
    return true;
  }
}
