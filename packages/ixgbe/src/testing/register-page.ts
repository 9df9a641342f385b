import { BASE, type RegisterField, type RegisterRange, type RegisterRow } from '../register-row.ts';
import { REGISTER_BLOCKS, REGISTER_TABLE } from '../register-table.ts';

/** `docs/registers.md` as text: the register table, block by block. A test compares the page with it. */
export function registerPage(): string {
  const modelled = REGISTER_TABLE.filter(({ storage }) => storage !== true);
  const lines = [
    '# The registers of the 82599',
    '',
    '<!-- Written from the register table by `npx vitest run packages/ixgbe/src/register-table.test.ts -u`. -->',
    '',
    'BAR0 as the model and the driver know it, from the table in `packages/ixgbe/src/register-blocks`. Registers are 32 bits',
    'wide and little-endian. An access to an offset that is not here, or one that the register does not allow, is counted',
    '(`unknownReads`, `unknownWrites`, `readOnlyWrites`, `writeOnlyReads`), and is an error on a card that is `strict`.',
    '',
    '| access | what it means |',
    '| --- | --- |',
    '| `rw` | read and write |',
    '| `ro` | read only: a write changes nothing and is counted |',
    '| `wo` | write only: reads as 0, and the read is counted |',
    '| `rc` | read only, and cleared by reading |',
    '| `w1c` | a written 1 clears the bit |',
    '| `rc-w1c` | a written 1 clears the bit, and so does reading |',
    '| `w1s` | a written 1 sets the bit |',
    '',
    'A field is as its register, unless it says: `ro` read only; `sc` cleared by the card when it is done; `rs` set by reading;',
    '`0 while …` read-only 0 while that bit is 1. Bits that no field names are kept as they are written.',
    '',
    `Of ${REGISTER_TABLE.length} rows ${modelled.length} are modelled. A row in *italics* is storage: it keeps what is`,
    'written, and nothing hangs on it. Where a reset value is not in the sources it is 0.',
  ];
  for (const { title, rows } of REGISTER_BLOCKS) {
    lines.push(
      '',
      `## ${title}`,
      '',
      '| register | offset | access | reset | what it is, fields |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const row of [...rows].sort((a, b) => a.offset - b.offset)) lines.push(tableRow(row));
  }
  lines.push('', '## Sources', '', ...sources());
  return `${lines.join('\n')}\n`;
}

function tableRow(row: RegisterRow): string {
  const name = row.count === 1 ? row.name : `${row.name}(0–${row.count - 1})`;
  const access = row.readOnlyWhile === undefined ? row.access : `${row.access}, \`ro\` while ${row.readOnlyWhile}`;
  const about = [row.title, ...row.fields.map(fieldText)].join('; ');
  const secret = row.secret === true ? '; a key, never shown' : '';
  const cells = [row.storage === true ? `*${name}*` : `**${name}**`, places(row), access, resets(row), about + secret];
  return `| ${cells.join(' | ')} |`;
}

function places(row: RegisterRow): string {
  const { offset, stride, count, continued, alias } = row;
  const first = continued === undefined ? count : continued.first;
  const parts = [range({ first: 0, offset, stride, count: first })];
  if (continued !== undefined) parts.push(`${range(continued)} from ${continued.first}`);
  if (alias !== undefined) parts.push(`alias ${range(alias)}${alias.count < count ? ` up to ${alias.count - 1}` : ''}`);
  return parts.join(', ');
}

function range({ offset, stride, count }: RegisterRange): string {
  return count === 1 ? hex(offset, 5) : `${hex(offset, 5)}+${stride === 4 ? 4 : hex(stride, 1)}n`;
}

function resets(row: RegisterRow): string {
  const special = (row.resets ?? []).map(({ index, value }) => `(${index}) ${hex(value, 1)}`);
  return [row.reset === 0 ? '0' : hex(row.reset, 1), ...special].join(', ');
}

function fieldText(field: RegisterField): string {
  const high = field.bit + field.width - 1;
  const place = field.width === 1 ? `${high}` : `${high}:${field.bit}`;
  const access = field.access === undefined ? '' : ` \`${field.access}\``;
  const gate = field.zeroWhile === undefined ? '' : ` \`0 while ${field.zeroWhile}\``;
  return `${place} ${field.name}${access}${gate}`;
}

/** Each source with the registers that have it, the usual one last and without a list. */
function sources(): string[] {
  const names = new Map<string, string[]>();
  for (const { name, source } of REGISTER_TABLE) {
    const list = names.get(source) ?? [];
    names.set(source, list);
    list.push(name);
  }
  const lines: string[] = [];
  for (const [source, list] of names) if (source !== BASE) lines.push(`- ${source}: ${list.join(', ')}`);
  return [...lines, `- ${BASE}: all others`];
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
