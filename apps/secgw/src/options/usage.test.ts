import { expect, it } from 'vitest';
import { LONG_OPTIONS, SHORT_OPTIONS } from './application-options.ts';
import { usage } from './usage.ts';

it('the usage names the program and every option', () => {
  const text = usage('ipsec-secgw');
  expect(text.startsWith('ipsec-secgw [EAL options] -- -p PORTMASK')).toBe(true);
  for (const letter of SHORT_OPTIONS.replaceAll(':', '')) expect(text).toMatch(new RegExp(`^  -${letter} `, 'm'));
  for (const { name, argument } of LONG_OPTIONS) {
    expect(text).toMatch(new RegExp(`^  --${name} ${argument ? '[(A-Z]' : ' '}`, 'm'));
  }
});

it('no line of it is wider than a terminal of 120 columns', () => {
  for (const line of usage('ipsec-secgw').split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});
