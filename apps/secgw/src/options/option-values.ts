/** Numbers as the options of DPDK's gateway write them. Each function gives undefined for what is no such number. */

/** A mask of 64 bits as two u32 words. */
export interface Mask64 {
  readonly lo: number;
  readonly hi: number;
}

/** All 64 bits. */
export const ALL_BITS: Mask64 = { lo: 0xffff_ffff, hi: 0xffff_ffff };

/** Decimal digits, at most `max` (DPDK: `parse_decimal`). */
export function parseDecimal(text: string, max: number): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

/** Hexadecimal digits with or without `0x`, of at most 64 bits (DPDK: `parse_portmask`). */
export function parseHexMask(text: string): Mask64 | undefined {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text)?.[1];
  return digits === undefined ? undefined : split(BigInt(`0x${digits}`));
}

/** Hexadecimal with `0x`, octal with a leading 0, otherwise decimal; of at most 64 bits (DPDK: `parse_mask`). */
export function parseMask(text: string): Mask64 | undefined {
  const hexadecimal = /^0x([0-9a-f]+)$/i.exec(text)?.[1];
  if (hexadecimal !== undefined) return split(BigInt(`0x${hexadecimal}`));
  if (/^0[0-7]+$/.test(text)) return split(BigInt(`0o${text}`));
  return /^(?:0|[1-9]\d*)$/.test(text) ? split(BigInt(text)) : undefined;
}

/** A number in the same three notations, at most `max`. */
export function parseNumber(text: string, max: number): number | undefined {
  const mask = parseMask(text);
  return mask === undefined || mask.hi !== 0 || mask.lo > max ? undefined : mask.lo;
}

function split(value: bigint): Mask64 | undefined {
  if (value > 0xffff_ffff_ffff_ffffn) return undefined;
  return { lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
}
