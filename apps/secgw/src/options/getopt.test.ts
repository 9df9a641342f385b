import { describe, expect, it } from 'vitest';
import { getopt, type LongOption } from './getopt.ts';

const LONG: readonly LongOption[] = [
  { name: 'mtu', argument: true },
  { name: 'vector-size', argument: true },
  { name: 'vector-tmo', argument: true },
  { name: 'event', argument: false },
  { name: 'event-vector', argument: false },
  { name: 'single-sa', argument: true },
  { name: 'strict', argument: false, ours: true },
  { name: 'until-idle', argument: false, ours: true },
];

/** `name=argument` of each option, and the rest. */
function met(...argv: string[]): { options: string[]; rest: readonly string[] } {
  const { options, rest } = getopt(argv, 'lp:Pu:', LONG);
  return { options: options.map(({ name, argument }) => `${name}=${argument}`), rest };
}

const refused = (...argv: string[]) => expect(() => met(...argv));

describe('short options', () => {
  it('may be bundled, the last one with its argument', () => {
    expect(met('-Pl').options).toEqual(['P=', 'l=']);
    expect(met('-Plp', '3').options).toEqual(['P=', 'l=', 'p=3']);
    expect(met('-Pp3l').options).toEqual(['P=', 'p=3l']);
  });

  it('take the next word, whatever it looks like', () => {
    expect(met('-p', '-P').options).toEqual(['p=-P']);
    expect(met('-p', '--').options).toEqual(['p=--']);
  });

  it('that are unknown or lack their argument are errors', () => {
    refused('-x').toThrow(expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN', message: "invalid option -- 'x'" }));
    refused('-:').toThrow("invalid option -- ':'");
    refused('-P', '-p').toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_ARGUMENT', message: "option requires an argument -- 'p'" }),
    );
  });
});

describe('long options', () => {
  it('have their argument behind = or in the next word', () => {
    expect(met('--mtu=1400', '--mtu', '1500', '--mtu=').options).toEqual(['mtu=1400', 'mtu=1500', 'mtu=']);
  });

  it('may be abbreviated as far as they stay unambiguous', () => {
    expect(met('--mt', '9', '--vector-s=3', '--unti').options).toEqual(['mtu=9', 'vector-size=3', 'until-idle=']);
    refused('--vec', '1').toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_AMBIGUOUS',
        message: "option '--vec' is ambiguous: expected one of --vector-size, --vector-tmo",
      }),
    );
  });

  it('that are whole win over those they begin', () => {
    expect(met('--event').options).toEqual(['event=']);
  });

  it("that are abbreviated mean DPDK's before ours", () => {
    expect(met('--s', '0').options).toEqual(['single-sa=0']);
    expect(met('--st').options).toEqual(['strict=']);
  });

  it('that are unknown are errors, with the nearest', () => {
    refused('--untill-idle').toThrow("unrecognized option '--untill-idle'; did you mean --until-idle?");
    refused('--library').toThrow(expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN' }));
  });

  it('with too much or too little are errors', () => {
    refused('--strict=1').toThrow("option '--strict' doesn't allow an argument");
    refused('--mtu').toThrow("option '--mtu' requires an argument");
  });
});

describe('other words', () => {
  it('may stand anywhere', () => {
    expect(met('a', '-P', 'b', '-', '-l')).toEqual({ options: ['P=', 'l='], rest: ['a', 'b', '-'] });
  });

  it('are all behind --', () => {
    expect(met('-P', '--', '-l', '--mtu')).toEqual({ options: ['P='], rest: ['-l', '--mtu'] });
  });
});
