import { availableParallelism, cpus } from 'node:os';
import { type BenchEngine, benchEngines, whyClosed } from '../../bench/engines.ts';
import { type Report, type Row, type Table, tableHead, tableLine, targetLines } from '../../bench/report.ts';
import { type Choice, measureRow, type RowSpec, SECTIONS, type Section, specName } from '../../bench/sections.ts';
import type { BenchSetting } from '../../bench/setting.ts';
import { median } from '../../bench/subject.ts';
import { targetsOf } from '../../bench/targets.ts';
import { BESIDE, besideRow, MEMORY, memoryRow } from './beside.ts';
import { CRYPTO_PERF, cryptoPerfRow, hasCryptoPerf } from './crypto-perf.ts';

/** Sections whose rows are processes. */
export const PROCESS_SECTIONS: readonly Table[] = [MEMORY, BESIDE, CRYPTO_PERF];

/** All that a run of the benchmark is told. */
export interface BenchRunOptions {
  readonly setting: BenchSetting;
  /** Ids of {@link SECTIONS} and {@link PROCESS_SECTIONS}. */
  readonly sections: readonly string[];
  /** Engines by name. Default: the one without crypto, and those of the platform but for the slow one. */
  readonly engines: readonly string[];
  readonly sizes: readonly string[];
  /** DPDK's gateway, for the section `beside`. */
  readonly peer: string | undefined;
  /** Our own command: program and first words. */
  readonly ours: readonly string[];
  readonly turns: number;
  readonly interval: number;
  /** Measures a row of one of the {@link SECTIONS}, wherever. Default: in this thread. */
  readonly measure?: (spec: RowSpec) => Promise<Row>;
  /** True: the table of targets is printed. */
  readonly targets: boolean;
  readonly command: string;
  /** Gets the report line by line, as it comes into being. */
  readonly print: (line: string) => void;
}

/** Runs the benchmark, row by row; one that cannot be measured is left out with its reason. */
export async function runBench(options: BenchRunOptions): Promise<Report> {
  const { setting, print, sections, sizes, turns, interval, ours, peer } = options;
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} processors, Node ${process.version}`;
  const leftOut: string[] = [];
  const leaveOut = (what: string, why: string) => {
    leftOut.push(`${what}: ${why}`);
    print(`(left out: ${what}: ${why})`);
  };
  print(`${machine}\n`);

  const engines = openEngines(options, leaveOut);
  const named = (name: string) => engines.find((engine) => engine.name === name) ?? engines[0];
  const names = engines.map(({ name }) => name);
  const choice: Choice = { engines: names, best: names.find((name) => name !== 'null') ?? names[0] ?? 'null', sizes };
  const tables: { table: Table; rows: Row[] }[] = [];

  const fill = async (table: Table, jobs: readonly { readonly name: string; readonly row: () => Promise<Row> }[]) => {
    const rows: Row[] = [];
    for (const job of jobs) {
      try {
        const row = await job.row();
        if (rows.length === 0) print(tableHead(table).join('\n'));
        print(tableLine(table, row));
        rows.push(row);
      } catch (error) {
        leaveOut(job.name, error instanceof Error ? error.message : String(error));
      }
    }
    if (rows.length > 0) print('');
    tables.push({ table, rows });
  };

  if (engines.length > 0) {
    const measure = options.measure ?? ((spec: RowSpec) => measureRow(setting, named(spec.engine), spec));
    for (const section of SECTIONS) {
      if (!sections.includes(section.id)) continue;
      const specs = section.specs(choice);
      await fill(
        section,
        specs.map((spec) => ({ name: specName(spec), row: () => besideOther(section, spec, measure, turns) })),
      );
    }
    const processes = { ours, turns, interval };
    const best = named(choice.best);
    if (sections.includes('memory')) {
      await fill(MEMORY, [{ name: 'memory', row: () => memoryRow(setting, best, processes) }]);
    }
    if (sections.includes('beside') && peer === undefined) leaveOut('beside', 'no peer was named, by --beside PATH');
    if (sections.includes('beside') && peer !== undefined) {
      const cells = (['out', 'in'] as const).flatMap((direction) => sizes.map((size) => ({ direction, size })));
      await fill(
        BESIDE,
        cells.map(({ direction, size }) => ({
          name: `beside ${direction} ${size}`,
          row: () => besideRow(setting, best, peer, direction, size, processes),
        })),
      );
    }
    if (sections.includes('crypto-perf')) {
      const cells = names.filter(hasCryptoPerf).flatMap((name) => [64, 1408].map((bytes) => ({ name, bytes })));
      await fill(
        CRYPTO_PERF,
        cells.map(({ name, bytes }) => ({
          name: `crypto-perf ${name} ${bytes}`,
          row: () => cryptoPerfRow(setting, named(name), bytes, turns),
        })),
      );
    }
  }
  const targets = targetsOf(Object.fromEntries(tables.map(({ table, rows }) => [table.id, rows])));
  if (options.targets) print(`${targetLines(targets).join('\n')}\n`);
  return { machine, command: options.command, tables, leftOut, targets };
}

/** A row, and what it is compared with, in turn: the medians of both count. */
async function besideOther(
  { beside }: Section,
  spec: RowSpec,
  measure: (spec: RowSpec) => Promise<Row>,
  turns: number,
): Promise<Row> {
  if (beside === undefined) return measure(spec);
  const timeOf = ({ nanoseconds }: Row) => Number(nanoseconds);
  const rows: Row[] = [];
  const others: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    others.push(timeOf(await measure(beside.other(spec))));
    rows.push(await measure(spec));
  }
  const middle = rows.sort((one, other) => timeOf(one) - timeOf(other))[rows.length >> 1];
  const other = median(others);
  return { ...middle, [beside.field]: other, [beside.share]: other / timeOf(middle) };
}

function openEngines(
  { setting, engines }: BenchRunOptions,
  leaveOut: (what: string, why: string) => void,
): BenchEngine[] {
  const all = benchEngines(setting.platform);
  return engines.flatMap((name) => {
    const engine = all.find((one) => one.name === name);
    const why =
      engine === undefined
        ? `there are ${all.map((one) => one.name).join(', ')}`
        : whyClosed(engine, setting.memory(SCRATCH));
    if (why !== undefined) leaveOut(`engine ${name}`, why);
    return engine === undefined || why !== undefined ? [] : [engine];
  });
}

/** Bytes that an engine is opened in to see whether it opens. */
const SCRATCH = 16 << 20;
