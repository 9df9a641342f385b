import { wrapText } from './wrap-text.ts';

/** A stretch of a packet that means one thing. */
export interface PacketField {
  /** First byte, and the first byte behind. */
  readonly from: number;
  readonly to: number;
  readonly name: string;
  /** Why our bytes are others than the article's; left out where they are the same. */
  readonly why?: string;
}

/** One stretch of two packets side by side. */
export interface ComparedField extends PacketField {
  readonly same: boolean;
  readonly ours: string;
  readonly article: string;
  /** The bytes are the same where they should be, and differ where there is a reason. */
  readonly asExpected: boolean;
}

/** Compares two packets field by field. A length that differs is as unexpected as a byte that does. */
export function compareFields(
  ours: Uint8Array,
  article: Uint8Array,
  fields: readonly PacketField[],
): readonly ComparedField[] {
  return fields.map((field) => {
    const a = hex(ours.subarray(field.from, field.to));
    const b = hex(article.subarray(field.from, field.to));
    const same = a === b && ours.length === article.length;
    return { ...field, same, ours: a, article: b, asExpected: same === (field.why === undefined) };
  });
}

/** A comparison as lines of text: one a field, and for those that differ both values and the reason. */
export function comparisonLines(fields: readonly ComparedField[]): string[] {
  const width = Math.max(...fields.map(({ name }) => name.length));
  return fields.flatMap(({ from, to, name, same, ours, article, why, asExpected }) => {
    const place = `${position(from)}–${position(to - 1)}  ${String(to - from).padStart(3)} ${to - from === 1 ? 'byte ' : 'bytes'}`;
    const line = `  ${place}  ${name.padEnd(width)}  ${same ? 'same' : 'DIFFERENT'}${asExpected ? '' : ' (not as expected)'}`;
    if (same) return [line];
    return [
      line,
      `      article ${article}`,
      `      here    ${ours}`,
      ...wrapText(why ?? '', 90).map((text) => `      ${text}`),
    ];
  });
}

function position(at: number): string {
  return `0x${at.toString(16).padStart(4, '0')}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The fields of the article's decrypted packet. */
export const DECRYPTED_FIELDS: readonly PacketField[] = [
  { from: 0, to: 10, name: 'IPv4 header up to its checksum: TTL 63' },
  {
    from: 10,
    to: 12,
    name: 'header checksum',
    why:
      '0x2844 is right for TTL 63. The software of 2018 left the checksum of TTL 64 (0x2744) in the field and asked the ' +
      'card to fill it in; the card sums the header as it finds it: ~(0xd7bb + 0x2744) = 0x0100.',
  },
  { from: 12, to: 20, name: 'addresses' },
  { from: 20, to: 84, name: 'payload, |-> to <-|' },
];

/** The fields of the article's encrypted packet. */
export const ENCRYPTED_FIELDS: readonly PacketField[] = [
  { from: 0, to: 20, name: 'outer IPv4 header' },
  { from: 20, to: 28, name: 'SPI 1005, sequence number 32' },
  { from: 28, to: 36, name: 'IV: the sequence number' },
  { from: 36, to: 46, name: 'encrypted: inner header up to its checksum' },
  {
    from: 46,
    to: 47,
    name: 'encrypted: first byte of the inner checksum',
    why:
      'The inner TTL went down to 63, so its checksum is 0x2844. The software of 2018 left 0x2744, that of TTL 64. ' +
      'GCM enciphers byte by byte: one byte inside, one byte outside.',
  },
  { from: 47, to: 120, name: 'encrypted: the rest of the inner packet' },
  {
    from: 120,
    to: 122,
    name: 'encrypted: two bytes of padding',
    why: 'RFC 4303 wants 1, 2. The software of 2018 left 0, 0.',
  },
  { from: 122, to: 124, name: 'encrypted: pad length 2, next header 4' },
  {
    from: 124,
    to: 140,
    name: 'ICV',
    why: 'The ICV is over all of it: three bytes inside that differ make another one.',
  },
];
