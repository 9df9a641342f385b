import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { describe, expect, it } from 'vitest';
import { CARD_ARGUMENTS, cardOptionsOf } from './card-arguments.ts';
import { CARD_OPTIONS, cardChoices } from './silicon/options.ts';
import { cardArgumentPage } from './testing/card-argument-page.ts';

const options = (words: string) => cardOptionsOf(parseDeviceArguments(`0000:06:00.0,wire=null${words}`));
const ROWS = Object.entries(CARD_OPTIONS).map(([name, row]) => ({ name, ...row }));

describe('what a device can be told about its card', () => {
  it('leaves open what is not there', () => {
    expect(options('')).toEqual({});
    expect(cardChoices(options(''))).toEqual({ lanId: 0, ...Object.fromEntries(ROWS.map((r) => [r.name, r.initial])) });
  });

  it.each(ROWS.map((row) => [row.argument, row] as const))(
    '%s: every value is taken, and no other',
    (argument, row) => {
      const { name, initial } = row;
      const values: readonly (string | number | boolean)[] =
        'values' in row && row.values !== undefined ? row.values : [0, 250];
      expect(values[0]).toBe(initial);
      for (const value of values) {
        const word = typeof value === 'boolean' ? Number(value) : value;
        expect(options(`,${argument}=${word}`)).toEqual({ [name]: value });
        expect(cardChoices(options(`,${argument}=${word}`))).toMatchObject({ [name]: value });
      }
      for (const bad of ['perhaps', '-1', '1.5']) {
        expect(() => options(`,${argument}=${bad}`)).toThrow(
          expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_VALUE', got: JSON.stringify(bad) }),
        );
      }
    },
  );

  it('has a name of its own for each, as device arguments are written', () => {
    expect(new Set(CARD_ARGUMENTS).size).toBe(ROWS.length);
    for (const name of CARD_ARGUMENTS) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it('takes a switch that stands alone as on', () => {
    expect(options(',strict,idle-ready,vlan-security=off')).toEqual({
      strict: true,
      idleReady: true,
      vlanSecurity: false,
    });
  });

  // Run with -u, this writes the file anew.
  it('is written out in docs/card-arguments.md', async () => {
    await expect(cardArgumentPage()).toMatchFileSnapshot('../../../docs/card-arguments.md');
  });
});
