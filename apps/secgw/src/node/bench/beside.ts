import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchEngine } from '../../bench/engines.ts';
import { frameMix } from '../../bench/frame-mix.ts';
import { captureFor } from '../../bench/gateway-subject.ts';
import type { Row, Table } from '../../bench/report.ts';
import { type BenchDirection, commandLine, configurationOf, ONE, type Scenario } from '../../bench/scenario.ts';
import type { BenchSetting } from '../../bench/setting.ts';
import { median } from '../../bench/subject.ts';
import { type GatewayMeasurement, measureGateway, unbuffered } from './gateway-process.ts';

/** How gateways are measured as processes. */
export interface ProcessOptions {
  /** Our own command: program and first words. */
  readonly ours: readonly string[];
  /** Turns of each gateway. */
  readonly turns: number;
  /** Seconds between two statistics screens. */
  readonly interval: number;
}

export const BESIDE: Table = {
  id: 'beside',
  title: 'Whole gateway beside DPDK’s',
  method:
    'The same command line for both, on one core, as processes, in turn. Rates are differences of `Packets sent:` after the first screen; medians.',
  columns: [
    { field: 'direction', title: 'way' },
    { field: 'size', title: 'frame bytes' },
    { field: 'ourCrypto', title: 'ours with' },
    { field: 'ours', title: 'ours, Mpps', digits: 3 },
    { field: 'peerCrypto', title: 'DPDK with' },
    { field: 'peer', title: 'DPDK, Mpps', digits: 3 },
    { field: 'ratio', title: 'ratio', digits: 2 },
  ],
};

export const MEMORY: Table = {
  id: 'memory',
  title: 'Resident memory',
  method: 'Our gateway as a process under full load, default pools.',
  columns: [
    { field: 'engine', title: 'engine' },
    { field: 'mpps', title: 'Mpps', digits: 3 },
    { field: 'residentMiB', title: 'resident, MiB', digits: 0 },
  ],
};

/** As many frames as are replayed; DPDK keeps them in its mbuf pool. */
const FRAMES = 1024;
/** DPDK's vdev of the fastest library it has for the algorithm. */
const PEER_CRYPTO = 'crypto_aesni_gcm0';
/** What a gateway may need besides its screens, in seconds: to start, and to end. */
const START_SECONDS = 30;

/** Measures DPDK's gateway and ours in one cell of the table. */
export async function besideRow(
  setting: BenchSetting,
  engine: BenchEngine,
  peer: string,
  direction: BenchDirection,
  size: string,
  options: ProcessOptions,
): Promise<Row> {
  const scenario: Scenario = { engine: engine.name, direction, frames: frameMix(size), ports: 'null', ...ONE };
  return withFiles(setting, scenario, engine, async (folder) => {
    const run = (name: string, program: readonly string[], crypto: string) =>
      runOnce(name, program, scenario, crypto, folder, options);
    const ours: number[] = [];
    const peers: number[] = [];
    for (let turn = 0; turn < options.turns; turn++) {
      peers.push((await run('the peer', unbuffered(peer), PEER_CRYPTO)).packetsPerSecond);
      ours.push((await run('ipsec-secgw', options.ours, engine.vdev)).packetsPerSecond);
    }
    return {
      direction,
      size,
      ourCrypto: engine.vdev,
      ours: median(ours) / 1e6,
      peerCrypto: PEER_CRYPTO,
      peer: median(peers) / 1e6,
      ratio: median(ours) / median(peers),
    };
  });
}

/** Measures what our gateway takes of the machine's memory. */
export function memoryRow(setting: BenchSetting, engine: BenchEngine, options: ProcessOptions): Promise<Row> {
  const scenario: Scenario = {
    engine: engine.name,
    direction: 'out',
    frames: frameMix('1420'),
    ports: 'null',
    ...ONE,
  };
  return withFiles(setting, scenario, engine, async (folder) => {
    const run = await runOnce('ipsec-secgw', options.ours, scenario, engine.vdev, folder, options);
    return { engine: engine.name, mpps: run.packetsPerSecond / 1e6, residentMiB: run.residentMiB };
  });
}

async function withFiles(
  setting: BenchSetting,
  scenario: Scenario,
  { create }: BenchEngine,
  use: (folder: string) => Promise<Row>,
): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'ipsec-secgw-bench-'));
  try {
    writeFileSync(join(folder, 'bench.cfg'), configurationOf(scenario));
    writeFileSync(join(folder, 'bench.pcap'), captureFor(setting, scenario, create, FRAMES));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runOnce(
  name: string,
  program: readonly string[],
  scenario: Scenario,
  crypto: string,
  folder: string,
  { interval }: ProcessOptions,
): Promise<GatewayMeasurement> {
  const words = commandLine(scenario, {
    configuration: 'bench.cfg',
    capture: 'bench.pcap',
    crypto,
    // The first processor has the rest of the machine.
    lcore: availableParallelism() > 1 ? 1 : 0,
    statisticsSeconds: interval,
  });
  return measureGateway({ name, program, words, folder, screens: 1, patience: (2 * interval + START_SECONDS) * 1e3 });
}
