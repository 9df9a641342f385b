import { SetupError } from '@inline-ipsec/eal/errors';
import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import { Memory } from '@inline-ipsec/eal/memory';
import { benchEngines } from '../bench/engines.ts';
import { DEFAULT_SIZES, frameMix } from '../bench/frame-mix.ts';
import { captureFor } from '../bench/gateway-subject.ts';
import { reportJson } from '../bench/report.ts';
import type { Scenario } from '../bench/scenario.ts';
import { measureRow, type RowSpec, SECTIONS } from '../bench/sections.ts';
import type { BenchSetting } from '../bench/setting.ts';
import { PROCESS_SECTIONS, runBench } from './bench/bench-run.ts';
import { watchGarbage } from './bench/garbage-watch.ts';
import { writeReport } from './bench/report-files.ts';
import { captureInProcess, rowInProcess } from './bench/row-process.ts';
import { nodePlatform } from './platform.ts';

/** What `ipsec-secgw bench` was asked for. */
export interface BenchOptions {
  readonly only?: readonly string[];
  readonly engines?: readonly string[];
  readonly sizes?: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly packets?: number;
  readonly beside?: string;
  readonly turns: number;
  readonly interval: number;
  readonly targets: boolean;
  readonly report?: string;
  readonly json: boolean;
  /** One row for the process that asks for it, as JSON. */
  readonly row?: string;
  /** A capture for the process that asks for it: its scenario, as JSON. */
  readonly capture?: string;
}

/** What is measured when nothing in particular is asked for. */
export const DEFAULT_SECTIONS: readonly string[] = ['engine', 'path', 'capture', 'inline', 'stages'];
export const DEFAULT_ENGINES: readonly string[] = ['null', 'ipsec-mb', 'openssl'];
/** All that can be measured. */
export const ALL_SECTIONS: readonly string[] = [...SECTIONS, ...PROCESS_SECTIONS].map(({ id }) => id);
/** What the table of targets needs no row of. */
const WITHOUT_TARGET = ['batch'];

/** Runs the benchmark and prints every row as soon as there is one, or with `--json` one document at the end. */
export async function benchCommand(options: BenchOptions): Promise<void> {
  const { seconds, rounds, packets = Number.POSITIVE_INFINITY, json } = options;
  const platform = nodePlatform();
  const ours = [process.execPath, ...process.execArgv, process.argv[1]];
  const setting: BenchSetting = { platform, memory: benchMemory, budget: { rounds, seconds, packets }, watchGarbage };
  const engineOf = (wanted: string) => {
    const engine = benchEngines(platform).find(({ name }) => name === wanted);
    if (engine === undefined) throw new RangeError(`there is no engine ${wanted}`);
    return engine;
  };
  if (options.capture !== undefined) {
    const scenario = JSON.parse(options.capture) as Scenario;
    process.stdout.write(captureFor(setting, scenario, engineOf(scenario.engine).create, packets));
    return;
  }
  if (options.row !== undefined) {
    const spec = JSON.parse(options.row) as RowSpec;
    const captureOf: BenchSetting['captureOf'] = (scenario, least) => captureInProcess(ours, scenario, least);
    console.log(JSON.stringify(await measureRow({ ...setting, captureOf }, engineOf(spec.engine), spec)));
    return;
  }
  const sizes = options.sizes ?? DEFAULT_SIZES;
  for (const size of sizes) frameMix(size);
  const report = await runBench({
    setting,
    sections: sectionsOf(options),
    engines: options.engines ?? DEFAULT_ENGINES,
    sizes,
    peer: options.beside,
    ours,
    turns: options.turns,
    interval: options.interval,
    measure: (spec) => rowInProcess(ours, spec, setting.budget),
    targets: options.targets,
    command: ['ipsec-secgw', ...process.argv.slice(2)].join(' '),
    print: json ? () => {} : (line) => console.log(line),
  });
  if (options.report !== undefined) writeReport(options.report, report);
  if (json) process.stdout.write(reportJson(report));
}

function sectionsOf({ only, targets, beside }: BenchOptions): readonly string[] {
  if (only === undefined) {
    if (targets) return ALL_SECTIONS.filter((id) => !WITHOUT_TARGET.includes(id));
    return beside === undefined ? DEFAULT_SECTIONS : ['beside', 'crypto-perf'];
  }
  if (only.includes('all')) return ALL_SECTIONS;
  const unknown = only.find((id) => !ALL_SECTIONS.includes(id));
  if (unknown === undefined) return only;
  throw new SetupError({
    code: 'ERR_BENCH_SECTION',
    errno: 'EINVAL',
    message: 'the benchmark has no such section',
    expected: ['all', ...ALL_SECTIONS].join(', '),
    got: unknown,
  });
}

/** The operating system's memory where it can be had, as the gateway has it; without huge pages, as it runs beside DPDK's. */
function benchMemory(bytes: number): Memory {
  try {
    return createNativeMemory({ bytes, hugepages: false }).memory;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return Memory.create({ bytes, shared: false });
  }
}
