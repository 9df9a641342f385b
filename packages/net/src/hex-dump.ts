import { SetupError } from '@inline-ipsec/eal/errors';

/**
 * Hex dumps in the form of `tcpdump -X`, to the bit, and back again.
 *
 * A line is a tab, the offset, a colon, two spaces, up to eight groups of four hex digits, two spaces, and the bytes as
 * ASCII with a dot for what cannot be seen; a short last line is filled with spaces so that its ASCII stands in its column.
 */

const LINE_BYTES = 16;
// Eight groups of four digits, each behind a space.
const HEX_COLUMNS = 40;

/**
 * Bytes as `tcpdump -X` prints them: lines with a line feed between them and none at the end. No bytes, no lines.
 *
 * @example
 * ```ts
 * hexDump(new Uint8Array([0x45, 0x00, 0x00])); // '\t0x0000:  4500 00                                  E..'
 * ```
 */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += LINE_BYTES) {
    let hex = '';
    let ascii = '';
    const end = Math.min(offset + LINE_BYTES, bytes.length);
    for (let i = offset; i < end; i++) {
      if (i % 2 === 0) hex += ' ';
      hex += hexDigits(bytes[i], 2);
      ascii += bytes[i] > 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : '.';
    }
    lines.push(`\t0x${hexDigits(offset, 4)}: ${hex.padEnd(HEX_COLUMNS)}  ${ascii}`);
  }
  return lines.join('\n');
}

/**
 * The bytes of a dump: of {@link hexDump}, of `tcpdump -x` or `-X`, indented or not, with or without the ASCII. Lines that
 * begin with no offset, such as tcpdump's own line about the packet, are passed over.
 *
 * @throws SetupError `ERR_HEX_DUMP` (EINVAL) when an offset does not continue the line before, or a line has no bytes
 */
export function parseHexDump(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const match = /^\s*0x([0-9a-f]{4,}):(.*)$/i.exec(line);
    if (match === null) continue;
    const [, offset, rest] = match;
    if (Number.parseInt(offset, 16) !== bytes.length) {
      throw new SetupError({
        code: 'ERR_HEX_DUMP',
        errno: 'EINVAL',
        message: `line ${index + 1} of the hex dump does not continue the line before`,
        expected: `offset 0x${hexDigits(bytes.length, 4)}`,
        got: `0x${offset}`,
      });
    }
    // Groups stand one space apart and the ASCII two, so it is never taken for a group.
    const groups = /^ {1,2}((?:[0-9a-f]{4} ){0,7}[0-9a-f]{2}(?:[0-9a-f]{2})?)(?= {2}|\s*$)/i.exec(rest);
    if (groups === null) {
      throw new SetupError({
        code: 'ERR_HEX_DUMP',
        errno: 'EINVAL',
        message: `line ${index + 1} of the hex dump has no bytes`,
        expected: 'one to eight groups of four hex digits, the last of two or four',
        got: JSON.stringify(rest),
      });
    }
    for (const pair of groups[1].replaceAll(' ', '').match(/../g) ?? []) bytes.push(Number.parseInt(pair, 16));
  }
  return Uint8Array.from(bytes);
}

function hexDigits(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
