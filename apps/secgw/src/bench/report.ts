/** What the benchmark measured, as data and as text. */

/** One measurement: fields by name. Null where there is nothing to say. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A column of a table. */
export interface Column {
  /** The field of the row. */
  readonly field: string;
  /** With the unit. */
  readonly title: string;
  /** Digits behind the point, for numbers. */
  readonly digits?: number;
}

/** Measurements of one kind. */
export interface Table {
  readonly id: string;
  readonly title: string;
  /** How it was measured, for a reader who was not there. */
  readonly method: string;
  readonly columns: readonly Column[];
}

/** Whether one of the goals is reached. */
export interface TargetRow {
  readonly what: string;
  readonly target: string;
  /** What was measured, or why nothing was. */
  readonly reached: string;
  readonly verdict: 'yes' | 'no' | 'not measured';
}

/** All of a run. */
export interface Report {
  readonly machine: string;
  readonly command: string;
  readonly tables: readonly { readonly table: Table; readonly rows: readonly Row[] }[];
  /** Rows that could not be measured, one sentence each. */
  readonly leftOut: readonly string[];
  readonly targets: readonly TargetRow[];
}

/** The heading of a table in Markdown, one string a line. */
export function tableHead({ title, method, columns }: Table): string[] {
  const rule = columns.map(({ digits }) => (digits === undefined ? '---' : '---:'));
  return [
    `## ${title}`,
    '',
    method,
    '',
    `| ${columns.map((column) => column.title).join(' | ')} |`,
    `|${rule.join('|')}|`,
  ];
}

/** A row of it. */
export function tableLine({ columns }: Table, row: Row): string {
  return `| ${columns.map((column) => cell(column, row[column.field])).join(' | ')} |`;
}

function cell({ digits = 0 }: Column, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'number' ? value.toFixed(digits) : value;
}

/** The table of goals in Markdown. */
export function targetLines(targets: readonly TargetRow[]): string[] {
  return [
    '## Targets',
    '',
    '| what | target | measured | reached |',
    '|---|---|---|---|',
    ...targets.map(({ what, target, reached, verdict }) => `| ${what} | ${target} | ${reached} | ${verdict} |`),
  ];
}

/**
 * The whole report in Markdown.
 *
 * @param plots titles and file names of plots that lie beside it
 */
export function reportText(
  report: Report,
  plots: readonly { readonly title: string; readonly file: string }[],
): string {
  const parts = [
    ['# Benchmark', '', `${report.machine}.`, '', `    ${report.command}`],
    ...report.tables
      .filter(({ rows }) => rows.length > 0)
      .map(({ table, rows }) => [...tableHead(table), ...rows.map((row) => tableLine(table, row))]),
    ...plots.map(({ title, file }) => [`![${title}](${file})`]),
    ...(report.targets.length > 0 ? [targetLines(report.targets)] : []),
    ...(report.leftOut.length > 0 ? [['## Left out', '', ...report.leftOut.map((line) => `- ${line}`)]] : []),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The whole report as JSON. */
export function reportJson({ machine, command, tables, leftOut, targets }: Report): string {
  const byTable = Object.fromEntries(tables.map(({ table, rows }) => [table.id, rows]));
  return `${JSON.stringify({ machine, command, tables: byTable, targets, leftOut }, null, 2)}\n`;
}
