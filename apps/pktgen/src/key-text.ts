import { SetupError } from '@inline-ipsec/eal/errors';

/**
 * Keys as text: two hexadecimal digits a byte, with or without colons between bytes, as in the gateway's configuration.
 * Space and line ends may surround it. The text is read as bytes, so that no string of it stays behind.
 */

const COLON = 0x3a;

/**
 * The bytes that a text names, 256 at most.
 *
 * @throws SetupError `ERR_PKTGEN_KEY` (EINVAL), which says where the text is wrong and not what stands there
 */
export function parseKeyText(text: Uint8Array): Uint8Array {
  let at = 0;
  let end = text.length;
  while (at < end && isSpace(text[at])) at++;
  while (end > at && isSpace(text[end - 1])) end--;
  const bytes = new Uint8Array(256);
  let count = 0;
  while (at < end && count < bytes.length) {
    if (count > 0 && text[at] === COLON) at++;
    const high = at < end ? hexDigit(text[at]) : -1;
    const low = at + 1 < end ? hexDigit(text[at + 1]) : -1;
    if (high < 0 || low < 0) {
      bytes.fill(0);
      throw new SetupError({
        code: 'ERR_PKTGEN_KEY',
        errno: 'EINVAL',
        message: `the key is not written in hexadecimal at byte ${at + (high < 0 ? 0 : 1)} of its text`,
        expected: 'two digits a byte, with or without colons between bytes',
      });
    }
    bytes[count++] = (high << 4) | low;
    at += 2;
  }
  const key = bytes.slice(0, count);
  bytes.fill(0);
  return key;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
