import { type FieldAccess, fieldMask, type RegisterField, type RegisterRow } from '../register-row.ts';
import { REGISTER_TABLE } from '../register-table.ts';

/**
 * `registers.ts` and `register-fields.ts` as text: the register table written out as constants, so that compilers and
 * editors can see them. A test compares the files with it, and rewrites them when it is run with `-u`.
 */

/** The name of an array's offset function: `QBRC_L` → `qbrcL`. */
export function offsetFunctionName(row: RegisterRow): string {
  return row.name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The text of `registers.ts`. */
export function registersFile(): string {
  const singles = REGISTER_TABLE.filter(({ stride }) => stride === 0);
  const arrays = REGISTER_TABLE.filter(({ stride }) => stride !== 0);
  const lines = [
    '/**',
    " * The 82599's registers as constants: offsets of the single ones in {@link REG}, and a function for each array of",
    ' * registers, named like it in camelCase. Their fields are in `register-fields.ts`.',
    ' *',
    ' * They are the table of `register-table.ts` written out, so that compilers and editors can see them; a test holds the two',
    ' * together, and writes this file when it is run with `-u`.',
    ' */',
    '',
    '/** Byte offsets of the single registers in BAR0. */',
    'export const REG = {',
    ...singles.map((row) => `  ${row.name}: ${offset(row.offset)},`),
    '} as const;',
  ];
  for (const row of arrays) lines.push('', ...offsetFunction(row));
  return `${lines.join('\n')}\n`;
}

function offsetFunction(row: RegisterRow): string[] {
  const index = isPerQueue(row) ? 'queue' : 'index';
  const comment = `/** Byte offset of ${row.name}(${index}), ${index} 0 to ${row.count - 1}: ${row.title}. */`;
  const head = `export function ${offsetFunctionName(row)}(${index}: number): number {`;
  const { continued } = row;
  const lower = sum(row.offset, row.stride, index);
  if (continued === undefined) return [comment, head, `  return ${lower};`, '}'];
  const upper = sum(continued.offset, continued.stride, `(${index} - ${continued.first})`);
  return [comment, head, `  return ${index} < ${continued.first} ? ${lower} : ${upper};`, '}'];
}

/** Descriptor queues are 0x40 bytes apart, 128 of them. */
function isPerQueue({ stride, count }: RegisterRow): boolean {
  return stride === 0x40 && count === 128;
}

function sum(from: number, stride: number, index: string): string {
  return `${offset(from)} + ${stride === 0x40 ? '0x40' : stride} * ${index}`;
}

function offset(value: number): string {
  return `0x${value.toString(16).padStart(5, '0')}`;
}

/** The text of `register-fields.ts`. */
export function registerFieldsFile(): string {
  const lines = [
    '/**',
    " * The fields of the 82599's registers as unsigned masks, named `REGISTER_FIELD`; a field of several bits has a `_SHIFT`",
    ' * as well. They are the table of `register-table.ts` written out; a test holds the two together, and writes this file',
    ' * when it is run with `-u`.',
    ' */',
    '',
  ];
  for (const row of REGISTER_TABLE) for (const field of row.fields) lines.push(...fieldConstants(row, field));
  return `${lines.join('\n')}\n`;
}

const ACCESS_TEXT: Readonly<Record<FieldAccess, string>> = {
  ro: 'read only',
  sc: 'clears itself',
  rs: 'set by reading',
};

function fieldConstants(row: RegisterRow, field: RegisterField): string[] {
  const name = `${row.name}_${field.name}`;
  const high = field.bit + field.width - 1;
  const place = field.width === 1 ? `bit ${high}` : `bits ${high}:${field.bit}`;
  const access = field.access === undefined ? '' : `, ${ACCESS_TEXT[field.access]}`;
  const gate = field.zeroWhile === undefined ? '' : `, read-only 0 while ${field.zeroWhile} is 1`;
  const lines = [`/** ${row.name}, ${place}${access}${gate}. */`, `export const ${name} = ${mask(fieldMask(field))};`];
  if (field.width > 1) {
    lines.push(`/** The lowest bit of {@link ${name}}. */`, `export const ${name}_SHIFT = ${field.bit};`);
  }
  return lines;
}

/** Long numbers in groups of four digits. */
function mask(value: number): string {
  const digits = value.toString(16);
  return digits.length <= 4 ? `0x${digits}` : `0x${digits.padStart(8, '0').replace(/^(....)/, '$1_')}`;
}
