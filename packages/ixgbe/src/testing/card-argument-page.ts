import { CARD_OPTION_ROWS, type CardOptionRow } from '../silicon/options.ts';

/** `docs/card-arguments.md` as text. A test compares the page with it. */
export function cardArgumentPage(): string {
  return `${[
    '# What a modelled card can be told',
    '',
    '<!-- Written from the table of options by `npx vitest run packages/ixgbe/src/card-arguments.test.ts -u`. -->',
    '',
    'The sources leave things open about the 82599, and some are the model’s own. Each is an argument of a device, wherever',
    'one is named: for the gateway, `trace`, `capabilities` and `silicon`, such as `-a 06:00.0,wire=…,vlan-security=0`. By',
    'API they are `CardOptions`.',
    'The default is what the datasheet’s text, or a driver that is known to work, makes most likely.',
    '',
    '| argument | default | or | what it decides | source |',
    '| --- | --- | --- | --- | --- |',
    ...CARD_OPTION_ROWS.map(([, row]) => line(row)),
  ].join('\n')}\n`;
}

function line({ argument, values, initial, decides, source }: CardOptionRow<string | number | boolean>): string {
  const others =
    values === undefined
      ? 'nanoseconds'
      : values
          .filter((value) => value !== initial)
          .map(code)
          .join(', ');
  const what = values === undefined ? `nanoseconds ${decides}` : decides;
  return `| \`${argument}=\` | ${code(initial)} | ${others} | ${what} | ${source} |`;
}

/** As it is written: a switch is 0 or 1. */
function code(value: string | number | boolean): string {
  return `\`${typeof value === 'boolean' ? Number(value) : value}\``;
}
