import { describe, expect, it } from 'vitest';
import { linePlot } from './line-plot.ts';
import { plotsOf } from './plots.ts';
import { type Report, reportJson, reportText, type Table } from './report.ts';
import { targetsOf } from './targets.ts';

const PATH: Table = {
  id: 'path',
  title: 'Whole path',
  method: 'So and so.',
  columns: [
    { field: 'engine', title: 'engine' },
    { field: 'mpps', title: 'Mpps', digits: 2 },
  ],
};
const ROWS = ['64', '512', 'imix'].map((size, i) => ({ engine: 'null', direction: 'out', size, mpps: 3 - i }));
const REPORT: Report = {
  machine: 'a machine',
  command: 'ipsec-secgw bench',
  tables: [{ table: PATH, rows: ROWS }],
  leftOut: ['engine x: not here'],
  targets: targetsOf({ path: ROWS }),
};

/** Opens and closes every element in turn; throws where a document is not well-formed. */
function elementsOf(svg: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<]*")*)(\/?)>/g, (_all, end, name, _words, single) => {
    if (end === '/') {
      if (open.pop() !== name) throw new Error(`${name} ends what did not begin`);
      return '';
    }
    names.push(name);
    if (single !== '/') open.push(name);
    return '';
  });
  if (open.length > 0) throw new Error(`${open.join()} does not end`);
  if (/[<>]|&(?!amp;|lt;|gt;|quot;)/.test(rest)) throw new Error(`text that is not escaped: ${rest}`);
  return names;
}

describe('plots', () => {
  it('are well-formed, with titles, labels, a legend and a point for each number', () => {
    const svg = linePlot({
      title: 'a < b & "c"',
      xLabel: 'bytes',
      yLabel: 'Mpps',
      series: [
        {
          name: 'one',
          points: [
            { x: 64, y: 6.5 },
            { x: 512, y: 4 },
          ],
        },
        { name: 'two', points: [{ x: 64, y: 0.1 }] },
      ],
    });
    const elements = elementsOf(svg);
    expect(elements[0]).toBe('svg');
    expect(elements.filter((name) => name === 'circle')).toHaveLength(3);
    expect(elements.filter((name) => name === 'polyline')).toHaveLength(2);
    for (const words of ['a &lt; b &amp; &quot;c&quot;', 'bytes', 'Mpps', 'one', 'two', '>512<']) {
      expect(svg).toContain(words);
    }
  });

  it('are drawn of what there are rows for; IMIX is no size', () => {
    const plots = plotsOf(REPORT);
    expect(plots.map(({ file }) => file)).toEqual(['rate-size.svg']);
    expect(elementsOf(plots[0].svg).filter((name) => name === 'circle')).toHaveLength(2);
    expect(plotsOf({ tables: [] })).toEqual([]);
  });

  it('of nothing at all, or of zeros, are still documents', () => {
    for (const series of [[], [{ name: 'none', points: [] }], [{ name: 'zero', points: [{ x: 1, y: 0 }] }]]) {
      const svg = linePlot({ title: 't', xLabel: 'x', yLabel: 'y', doubling: true, series });
      expect(elementsOf(svg)[0]).toBe('svg');
      expect(svg).not.toMatch(/NaN|Infinity/);
    }
  });
});

describe('reports', () => {
  it('have the tables, the plots, the targets and what was left out', () => {
    const text = reportText(REPORT, [{ title: 'rates', file: 'rate-size.svg' }]);
    for (const line of ['## Whole path', '| null | 3.00 |', '![rates](rate-size.svg)', '- engine x: not here']) {
      expect(text).toContain(line);
    }
    const json = JSON.parse(reportJson(REPORT));
    expect(json.tables.path).toEqual(ROWS);
    expect(json.targets).toHaveLength(REPORT.targets.length);
  });
});

describe('targets', () => {
  const verdict = (tables: Parameters<typeof targetsOf>[0], what: RegExp) =>
    targetsOf(tables).find((target) => what.test(target.what));

  it('are not measured without rows', () => {
    expect(new Set(targetsOf({}).map((target) => target.verdict))).toEqual(new Set(['not measured']));
  });

  it('are judged by the worst row', () => {
    const ratios = (...all: number[]) => ({ beside: all.map((ratio) => ({ ratio })) });
    expect(verdict(ratios(1.2, 0.96), /DPDK’s/)?.verdict).toBe('yes');
    expect(verdict(ratios(1.2, 0.9), /DPDK’s/)).toMatchObject({ verdict: 'no', reached: '0.90 (least)' });
  });

  it('of several parts need all of them', () => {
    const at = (bytes: number, ratio: number) => ({ engine: 'openssl', bytes, ratio });
    const of = (...rows: ReturnType<typeof at>[]) => verdict({ 'crypto-perf': rows }, /openssl beside/)?.verdict;
    expect(of(at(64, 0.3))).toBe('not measured');
    expect(of(at(64, 0.3), at(1408, 0.6))).toBe('yes');
    expect(of(at(64, 0.3), at(1408, 0.5))).toBe('no');
  });

  it('of inline packets are those of the one engine and size, by the slower way', () => {
    const row = (direction: string, mpps: number, more = {}) => ({
      ...{ engine: 'ipsec-mb', direction, size: '512', mpps },
      ...more,
    });
    const of = (...inline: ReturnType<typeof row>[]) => verdict({ inline }, /inline.*512/);
    expect(of(row('out', 2.13), row('in', 3))).toMatchObject({ verdict: 'yes', reached: '2.13 (Mpps)' });
    expect(of(row('out', 2.12), row('in', 3))).toMatchObject({ verdict: 'no', reached: '2.12 (Mpps)' });
    const others = [row('out', 1, { engine: 'openssl' }), row('out', 1, { size: '1420' })];
    expect(of(...others)?.verdict).toBe('not measured');
    expect(of(...others, row('out', 2.5))?.verdict).toBe('yes');
  });

  it('of latencies are told beside what the machine itself keeps waiting', () => {
    const latency = [
      { tail: 8, machine: 10, median: 5 },
      { tail: 30, machine: 150, median: 6 },
    ];
    const target = verdict({ latency }, /latency/);
    expect(target).toMatchObject({ verdict: 'no', reached: '30.0 (an idle loop of this machine: 25.0)' });
  });

  it('allow one scavenge in 20 million packets and no mark-compact', () => {
    const of = (packets: number, scavenges: number, markCompacts: number) =>
      verdict({ garbage: [{ packets, scavenges, markCompacts }] }, /garbage/)?.verdict;
    expect(of(20_000_000, 1, 0)).toBe('yes');
    expect(of(20_000_000, 2, 0)).toBe('no');
    expect(of(40_000_000, 2, 0)).toBe('yes');
    expect(of(20_000_000, 0, 1)).toBe('no');
  });
});
