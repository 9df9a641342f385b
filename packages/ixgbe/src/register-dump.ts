import { type RegisterRow, registerOffset } from './register-row.ts';
import { REGISTER_TABLE } from './register-table.ts';

/**
 * Registers as text: `IPSRXIDX[08e00]:00000001 {IPS_RX_EN=1}`. A register of an array has its index, `RDT(3)[010d8]`; fields
 * that are 0 are left out, and what holds a key shows no value.
 */

/** A register that the table has, found by its offset. */
export interface FoundRegister {
  readonly row: RegisterRow;
  readonly index: number;
}

/** The register at a byte offset of BAR0, an alias included; undefined for an offset that the table does not have. */
export function findRegister(offset: number): FoundRegister | undefined {
  places ??= everyPlace();
  return places.get(offset);
}

/** Byte offset → register; built when it is first asked for. */
let places: ReadonlyMap<number, FoundRegister> | undefined;

function everyPlace(): ReadonlyMap<number, FoundRegister> {
  const map = new Map<number, FoundRegister>();
  for (const row of REGISTER_TABLE) {
    for (let index = 0; index < row.count; index++) map.set(registerOffset(row, index), { row, index });
    const { alias } = row;
    if (alias === undefined) continue;
    for (let i = 0; i < alias.count; i++) map.set(alias.offset + i * alias.stride, { row, index: alias.first + i });
  }
  return map;
}

/** A register's name, with its index if it is one of several: `RDT(3)`. */
export function registerName({ row, index }: FoundRegister): string {
  return row.count === 1 ? row.name : `${row.name}(${index})`;
}

/** One register as text; `value` is unsigned. */
export function formatRegister(offset: number, value: number): string {
  const place = offset.toString(16).padStart(5, '0');
  const found = findRegister(offset);
  if (found === undefined) return `?[${place}]:${hex(value)}`;
  const { row } = found;
  const name = registerName(found);
  if (row.secret === true) return `${name}[${place}]:${value === 0 ? hex(0) : '********'}`;
  const fields = formatFields(row, value);
  return `${name}[${place}]:${hex(value)}${fields === '' ? '' : ` {${fields}}`}`;
}

function formatFields(row: RegisterRow, value: number): string {
  return Object.entries(registerFields(row, value))
    .map(([name, part]) => `${name}=${part < 10 ? part : `0x${part.toString(16)}`}`)
    .join(' ');
}

/** The fields of a register that are not 0, by name; `value` is unsigned. */
export function registerFields(row: RegisterRow, value: number): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const { name, bit, width } of row.fields) {
    const part = Math.floor(value / 2 ** bit) % 2 ** width;
    if (part !== 0) fields[name] = part;
  }
  return fields;
}

/** What {@link dumpRegisters} shows. */
export interface DumpOptions {
  /** Registers that are 0 as well. Default false. */
  readonly zeros?: boolean;
  /** Only registers whose names begin with this, such as `IPS`. */
  readonly prefix?: string;
}

/**
 * All registers of a table of words, a line each, in the order of their offsets.
 *
 * @param registers BAR0, 131,072 words
 */
export function dumpRegisters(registers: Uint32Array, options: DumpOptions = {}): string {
  const { zeros = false, prefix = '' } = options;
  const offsets: number[] = [];
  for (const row of REGISTER_TABLE) {
    if (!row.name.startsWith(prefix)) continue;
    for (let i = 0; i < row.count; i++) {
      const offset = registerOffset(row, i);
      if (zeros || registers[offset >> 2] !== 0) offsets.push(offset);
    }
  }
  offsets.sort((a, b) => a - b);
  return offsets.map((offset) => `${formatRegister(offset, registers[offset >> 2])}\n`).join('');
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
