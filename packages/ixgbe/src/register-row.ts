/**
 * What a row of the register table says: one register, or an array of like ones. Registers are 32 bits wide and
 * little-endian, at byte offsets into BAR0.
 */

/**
 * How a register answers to software: `rw` read and write · `ro` read only · `wo` reads as 0 · `rc` read only and cleared
 * by reading · `w1c` a written 1 clears the bit · `rc-w1c` that, and cleared by reading as well · `w1s` a written 1 sets it.
 */
export type RegisterAccess = 'rw' | 'ro' | 'wo' | 'rc' | 'w1c' | 'rc-w1c' | 'w1s';

/**
 * Where a field differs from its register: `ro` read only · `sc` cleared by the hardware when it is done · `rs` set by
 * reading, cleared by writing 0.
 */
export type FieldAccess = 'ro' | 'sc' | 'rs';

/** A field of a register. */
export interface RegisterField {
  readonly name: string;
  /** Its lowest bit. */
  readonly bit: number;
  /** Its width in bits. */
  readonly width: number;
  readonly access?: FieldAccess;
  /** `REGISTER.FIELD` that makes this field read-only zero while it is 1. */
  readonly zeroWhile?: string;
}

/** A second place of some registers of a row. */
export interface RegisterRange {
  /** The index of the first register that lies there. */
  readonly first: number;
  readonly offset: number;
  readonly stride: number;
  readonly count: number;
}

/** One register, or an array of like ones. */
export interface RegisterRow {
  /** The datasheet's name. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Byte offset of the first one in BAR0. */
  readonly offset: number;
  /** Bytes from one to the next; 0 for a single register. */
  readonly stride: number;
  readonly count: number;
  readonly access: RegisterAccess;
  /** Its value after a reset. */
  readonly reset: number;
  readonly fields: readonly RegisterField[];
  /** Where offset and bits are from. */
  readonly source: string;
  /** It holds a key: dumps and traces do not show its value. */
  readonly secret?: boolean;
  /** Bits that read as 0 whatever is written. */
  readonly zero?: number;
  /** `REGISTER.FIELD`, of the same index, that makes the register read only while it is 1. */
  readonly readOnlyWhile?: string;
  /** The registers from index `first` on lie here and not at `offset`. */
  readonly continued?: RegisterRange;
  /** Some of the registers are to be had here as well. */
  readonly alias?: RegisterRange;
  /** Reset values of single registers of an array that differ from `reset`. */
  readonly resets?: readonly { readonly index: number; readonly value: number }[];
  /** The model keeps what is written, and nothing hangs on it: a part of the card that is not modelled. */
  readonly storage?: boolean;
}

/** Source of rows: the base code that Intel's drivers share has offset and bits. */
export const BASE = 'DPDK 22.11 drivers/net/ixgbe/base/ixgbe_type.h';
/** Source of rows: as {@link BASE}, with the reset value of a later part. */
export const BASE_RESET: string = `${BASE}; reset: Intel X550 datasheet 333369 8.2.2`;
/** Source of rows: the security block as the later part's datasheet has it. */
export const X550 = 'Intel X550 datasheet 333369 8.2.2 (security block), offsets as in DPDK and Linux';

/** What a row may have beyond what each has. */
export type RowExtra = Omit<Partial<RegisterRow>, 'name' | 'title' | 'offset' | 'access' | 'fields'>;

/** A field of one bit. */
export function bit(name: string, at: number, access?: FieldAccess): RegisterField {
  return access === undefined ? { name, bit: at, width: 1 } : { name, bit: at, width: 1, access };
}

/** A field given as the datasheet gives it: highest bit, lowest bit. */
export function bits(name: string, high: number, low: number, access?: FieldAccess): RegisterField {
  const field = { name, bit: low, width: high - low + 1 };
  return access === undefined ? field : { ...field, access };
}

/** A row of a single register. */
export function one(
  name: string,
  title: string,
  offset: number,
  access: RegisterAccess,
  fields: readonly RegisterField[] = [],
  extra: RowExtra = {},
): RegisterRow {
  return { name, title, offset, stride: 0, count: 1, access, reset: 0, fields, source: BASE, ...extra };
}

/** A row of an array of registers. */
export function many(
  name: string,
  title: string,
  offset: number,
  stride: number,
  count: number,
  access: RegisterAccess,
  fields: readonly RegisterField[] = [],
  extra: RowExtra = {},
): RegisterRow {
  return { name, title, offset, stride, count, access, reset: 0, fields, source: BASE, ...extra };
}

/** Rows of parts of the card that are not modelled: {@link RegisterRow.storage}. */
export function storage(...rows: readonly RegisterRow[]): readonly RegisterRow[] {
  return rows.map((row) => ({ ...row, storage: true }));
}

/**
 * Where register `index` of a row lies: a byte offset into BAR0.
 *
 * @throws RangeError when the row has no such register
 */
export function registerOffset(row: RegisterRow, index = 0): number {
  if (!Number.isInteger(index) || index < 0 || index >= row.count) {
    throw new RangeError(`${row.name} has registers 0 to ${row.count - 1}, not ${index}`);
  }
  const { continued } = row;
  if (continued !== undefined && index >= continued.first) {
    return continued.offset + (index - continued.first) * continued.stride;
  }
  return row.offset + index * row.stride;
}

/** The bits of a field in its register, as an unsigned mask. */
export function fieldMask(field: RegisterField): number {
  const ones = field.width === 32 ? 0xffffffff : 2 ** field.width - 1;
  return (ones << field.bit) >>> 0;
}
