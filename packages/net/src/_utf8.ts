/** UTF-8 for the few names in capture files, where the platform's coders are not to be had. */

/** The bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f));
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}

/** The text of bytes, up to a zero byte if there is one; what is no UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length && bytes[i] !== 0; ) {
    const first = bytes[i];
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    let code = more < 1 ? first : first & (0x3f >> more);
    let seen = 1;
    for (; seen <= more && (bytes[i + seen] & 0xc0) === 0x80; seen++) code = (code << 6) | (bytes[i + seen] & 0x3f);
    const whole = more >= 0 && seen === more + 1;
    const canonical = code >= [0, 0x80, 0x800, 0x10000][Math.max(more, 0)] && code <= 0x10ffff;
    text += whole && canonical && (code & ~0x7ff) !== 0xd800 ? String.fromCodePoint(code) : '\ufffd';
    i += seen;
  }
  return text;
}
