/**
 * The bytes of a 32-bit number turned round: host to network order and back. The result is signed, so that it is never an
 * object on the heap; `>>> 0` makes it a number to compare with.
 */
export function swap32(value: number): number {
  return (value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24);
}
