import { type LinePlot, linePlot, type Series } from './line-plot.ts';
import type { Report, Row } from './report.ts';

/** A plot as a file. */
export interface PlotFile {
  readonly title: string;
  readonly file: string;
  readonly svg: string;
}

/** The plots that a report has rows for: rate against size, rate against the packets of a burst. */
export function plotsOf({ tables }: Pick<Report, 'tables'>): PlotFile[] {
  const rows = (id: string) => tables.find(({ table }) => table.id === id)?.rows ?? [];
  const sizes = [
    ...series(rows('path'), 'size', 'mpps', ({ engine, direction }) => `${engine}, ${direction}`),
    ...series(rows('inline'), 'size', 'mpps', ({ engine, direction }) => `${engine}, ${direction}, inline`),
    ...series(rows('beside'), 'size', 'peer', ({ direction }) => `DPDK, ${direction}`),
  ];
  const batches = series(rows('batch'), 'batch', 'mpps', ({ engine, size }) => `${engine}, ${size} bytes`);
  const plots: (LinePlot & { file: string })[] = [
    {
      file: 'rate-size.svg',
      title: 'Packet rate against frame size, one lcore',
      xLabel: 'clear frame, bytes without FCS',
      yLabel: 'million packets a second',
      series: sizes,
    },
    {
      file: 'rate-batch.svg',
      title: 'Packet rate against packets of a burst, one lcore',
      xLabel: 'packets of a burst, at most',
      yLabel: 'million packets a second',
      doubling: true,
      series: batches,
    },
  ];
  return plots
    .filter((plot) => plot.series.length > 0)
    .map((plot) => ({ title: plot.title, file: plot.file, svg: linePlot(plot) }));
}

/** Lines of rows that are named alike; rows whose x is no number, such as IMIX, are no points. */
function series(rows: readonly Row[], x: string, y: string, nameOf: (row: Row) => string): Series[] {
  const lines = new Map<string, { x: number; y: number }[]>();
  for (const row of rows) {
    const point = { x: Number(row[x]), y: Number(row[y]) };
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) continue;
    const name = nameOf(row);
    lines.set(name, [...(lines.get(name) ?? []), point]);
  }
  return [...lines].map(([name, points]) => ({ name, points: points.sort((one, other) => one.x - other.x) }));
}
