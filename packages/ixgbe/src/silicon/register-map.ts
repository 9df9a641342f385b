import { SetupError } from '@inline-ipsec/eal/errors';
import { findRegister, registerName } from '../register-dump.ts';
import { fieldMask, type RegisterRow, registerOffset } from '../register-row.ts';
import { REGISTER_TABLE } from '../register-table.ts';
import { REG } from '../registers.ts';
import * as layout from './_layout.ts';

/**
 * What the register table makes of an access: for each of the 131,072 words of BAR0 its row, and for each row what a
 * write keeps, what reads as zero, and what it marks for the next step. It is built once a process, and constant.
 */

/** Bytes of BAR0. */
export const BAR0_BYTES = 0x80000;

/** How a row takes an access. */
export const KIND_STORE = 0;
/** A tail: stored, and nothing else, so that any lcore may write its own queue's. */
export const KIND_TAIL = 1;
/** Read only while the bit that {@link RegisterMap.gate} names is 1. */
export const KIND_GATED = 2;
/** A write is a mistake. */
export const KIND_READ_ONLY = 3;
/** Cleared by reading; a write is a mistake. */
export const KIND_CLEAR_ON_READ = 4;
/** A written 1 clears the bit. */
export const KIND_CLEAR_BITS = 5;
/** A written 1 sets the bit, here or in the register that {@link RegisterMap.target} names. */
export const KIND_SET_BITS = 6;
/** A written 1 clears the bit in the register that {@link RegisterMap.target} names; reads as 0. */
export const KIND_CLEAR_ELSEWHERE = 7;
/** SECTXCTRL, SECRXCTRL: fused bits, and the enable bit that hangs on them. */
export const KIND_SECURITY_CONTROL = 8;
/** IPSTXIDX, IPSRXIDX: an enable bit that is zero while the block is off, and commands. */
export const KIND_SECURITY_INDEX = 9;
/** Interrupt causes: a written 1 clears the bit, and so does reading. */
export const KIND_CAUSES = 10;
/** Some of its bits are set by reading: {@link RegisterMap.setByReading}. */
export const KIND_SEMAPHORE = 11;
/** Address or length of a ring: bits that it cannot have are a mistake. */
export const KIND_RING = 12;
/** RSCCTL: RSC goes not together with IPsec. */
export const KIND_RSC = 13;

/** The table, by word and by row. */
export interface RegisterMap {
  /** Word of BAR0 → row + 1, or 0 for a word that the table does not have. */
  readonly rows: Uint16Array;
  /** Word of an alias → the word that holds the register. */
  readonly aliases: ReadonlyMap<number, number>;
  /** Of a row: a KIND_. */
  readonly kinds: Uint8Array;
  /** Of a row: bits that a write leaves as they are. */
  readonly keep: Uint32Array;
  /** Of a row: bits that a write cannot make 1. */
  readonly zero: Uint32Array;
  /** Of a row: MARK_ bits that a write sets. */
  readonly marks: Uint32Array;
  /** Of a row: bytes from its registers to the ones that it sets and clears bits of, if those are others. */
  readonly target: Int32Array;
  /** Of a row that is read only at times: bytes from its registers to the ones that say when. */
  readonly gate: Int32Array;
  /** Of such a row: the bit that says it. */
  readonly gateMask: Uint32Array;
  /** Of a row: bits that reading sets. */
  readonly setByReading: Uint32Array;
  readonly table: readonly RegisterRow[];
}

/** The bit of {@link RegisterMap.rows} that says: an alias. */
export const ROW_ALIAS = 0x8000;

const MARKS_BY_NAME: ReadonlyMap<string, number> = new Map([
  ['CTRL', layout.MARK_CONTROL],
  ['EERD', layout.MARK_EEPROM],
  ['IPSTXIDX', layout.MARK_TX_TABLE],
  ['IPSRXIDX', layout.MARK_RX_TABLE],
  ['SECTXCTRL', layout.MARK_SECURITY],
  ['SECRXCTRL', layout.MARK_SECURITY],
  ['AUTOC', layout.MARK_LINK],
  ['MACC', layout.MARK_LINK],
  ...['MRQC', 'RSSRK', 'ETQF'].map((name): [string, number] => [name, layout.MARK_STEERING]),
  ...['HLREG0', 'MAXFRS', 'RXPBSIZE'].map((name): [string, number] => [name, layout.MARK_LIMITS]),
  ...['RAL', 'RAH'].map((name): [string, number] => [name, layout.MARK_FILTERS]),
  ...['RDBAL', 'RDBAH', 'RDLEN', 'RXDCTL', 'SRRCTL', 'RQSMR', 'IVAR'].map((name): [string, number] => [
    name,
    layout.MARK_QUEUES,
  ]),
  ...['TDBAL', 'TDBAH', 'TDLEN', 'TXDCTL', 'TQSM'].map((name): [string, number] => [name, layout.MARK_QUEUES]),
]);

const SPECIAL_KINDS: ReadonlyMap<string, number> = new Map([
  ['RDT', KIND_TAIL],
  ['TDT', KIND_TAIL],
  ...['RDBAL', 'RDLEN', 'TDBAL', 'TDLEN'].map((name): [string, number] => [name, KIND_RING]),
  ['RSCCTL', KIND_RSC],
  ['SECTXCTRL', KIND_SECURITY_CONTROL],
  ['SECRXCTRL', KIND_SECURITY_CONTROL],
  ['IPSTXIDX', KIND_SECURITY_INDEX],
  ['IPSRXIDX', KIND_SECURITY_INDEX],
]);

const KINDS_BY_ACCESS = {
  rw: KIND_STORE,
  ro: KIND_READ_ONLY,
  rc: KIND_CLEAR_ON_READ,
  w1c: KIND_CLEAR_BITS,
  'rc-w1c': KIND_CAUSES,
  w1s: KIND_SET_BITS,
  wo: KIND_CLEAR_ELSEWHERE,
} as const;

const TARGETS: ReadonlyMap<string, number> = new Map([
  ['EICS', REG.EICR - REG.EICS],
  ['EIMC', REG.EIMS - REG.EIMC],
  ['EIMC_EX', -0x10],
]);

let shared: RegisterMap | undefined;

/** The map of {@link REGISTER_TABLE}. */
export function registerMap(): RegisterMap {
  shared ??= build(REGISTER_TABLE);
  return shared;
}

function build(table: readonly RegisterRow[]): RegisterMap {
  const rows = new Uint16Array(BAR0_BYTES / 4);
  const aliases = new Map<number, number>();
  const kinds = new Uint8Array(table.length);
  const keep = new Uint32Array(table.length);
  const zero = new Uint32Array(table.length);
  const marks = new Uint32Array(table.length);
  const target = new Int32Array(table.length);
  const gate = new Int32Array(table.length);
  const gateMask = new Uint32Array(table.length);
  const setByReading = new Uint32Array(table.length);
  for (const [number, row] of table.entries()) {
    kinds[number] = kindOf(row);
    zero[number] = row.zero ?? 0;
    marks[number] = MARKS_BY_NAME.get(row.name) ?? 0;
    target[number] = TARGETS.get(row.name) ?? 0;
    for (const field of row.fields) {
      if (field.access === 'ro') keep[number] |= fieldMask(field);
      if (field.access === 'rs') setByReading[number] |= fieldMask(field);
      // What nobody is told of is done at once.
      if (field.access === 'sc' && marks[number] === 0) zero[number] |= fieldMask(field);
    }
    if (row.readOnlyWhile !== undefined) {
      const { offset, mask } = fieldPlace(table, row.readOnlyWhile);
      gate[number] = offset - row.offset;
      gateMask[number] = mask;
    }
    for (let i = 0; i < row.count; i++) rows[registerOffset(row, i) >> 2] = number + 1;
    if (row.alias === undefined) continue;
    const { first, offset, stride, count } = row.alias;
    for (let i = 0; i < count; i++) {
      const word = (offset + i * stride) >> 2;
      rows[word] = (number + 1) | ROW_ALIAS;
      aliases.set(word, registerOffset(row, first + i) >> 2);
    }
  }
  return { rows, aliases, kinds, keep, zero, marks, target, gate, gateMask, setByReading, table };
}

function kindOf(row: RegisterRow): number {
  const special = SPECIAL_KINDS.get(row.name);
  if (special !== undefined) return special;
  if (row.readOnlyWhile !== undefined) return KIND_GATED;
  return row.fields.some(({ access }) => access === 'rs') ? KIND_SEMAPHORE : KINDS_BY_ACCESS[row.access];
}

/** Where `REGISTER.FIELD` is: the offset of its first register, and its bits. */
function fieldPlace(table: readonly RegisterRow[], path: string): { offset: number; mask: number } {
  const [name, fieldName] = path.split('.');
  const row = table.find((candidate) => candidate.name === name);
  const field = row?.fields.find((candidate) => candidate.name === fieldName);
  if (row === undefined || field === undefined) throw new RangeError(`the register table has no ${path}`);
  return { offset: row.offset, mask: fieldMask(field) };
}

/** Puts every register of the table at its reset value, and every other word at 0. */
export function resetRegisters(registers: Uint32Array): void {
  registers.fill(0);
  for (const row of REGISTER_TABLE) {
    if (row.reset !== 0) for (let i = 0; i < row.count; i++) registers[registerOffset(row, i) >> 2] = row.reset;
    for (const { index, value } of row.resets ?? []) registers[registerOffset(row, index) >> 2] = value;
  }
}

/** The error of a strict card: an access that the table does not allow. */
export function accessError(what: string, offset: number): SetupError {
  const found = findRegister(offset);
  return new SetupError({
    code: 'ERR_CARD_REGISTER',
    errno: 'EINVAL',
    message: `${what} of ${found === undefined ? 'no register' : 'a register that does not allow it'}`,
    expected: 'an offset and an access of the register table',
    got: `0x${offset.toString(16)}${found === undefined ? '' : ` (${registerName(found)}, ${found.row.access})`}`,
    remedy: 'look at the driver, or leave out the option strict to have it counted',
  });
}
