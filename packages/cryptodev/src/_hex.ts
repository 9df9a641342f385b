/** The bytes of a text of hexadecimal digits, two a byte. */
export function bytesOf(hex: string): Uint8Array {
  if (!/^([\da-f]{2})*$/i.test(hex))
    throw new TypeError(`expected pairs of hexadecimal digits, got ${JSON.stringify(hex)}`);
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Bytes as hexadecimal digits in lower case. */
export function hexOf(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}
