import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { SetupError } from '@inline-ipsec/eal/errors';
import { EngineSubject } from '../../bench/engine-subject.ts';
import type { BenchEngine } from '../../bench/engines.ts';
import type { Row, Table } from '../../bench/report.ts';
import type { BenchSetting } from '../../bench/setting.ts';
import { median } from '../../bench/subject.ts';
import { bindThread } from '../processor-affinity.ts';

export const CRYPTO_PERF: Table = {
  id: 'crypto-perf',
  title: 'Engines beside dpdk-test-crypto-perf',
  method:
    'AES-128-GCM, 32 operations a burst, encipher in place, one core, in turn; medians. DPDK’s program drives its own device over the same library.',
  columns: [
    { field: 'engine', title: 'engine' },
    { field: 'bytes', title: 'bytes', digits: 0 },
    { field: 'ours', title: 'ours, million jobs/s', digits: 2 },
    { field: 'device', title: 'DPDK’s device' },
    { field: 'peer', title: 'DPDK, million ops/s', digits: 2 },
    { field: 'ratio', title: 'ratio', digits: 2 },
  ],
};

/** DPDK's devices over the library of an engine. */
const DEVICE_OF: Readonly<Record<string, string>> = { 'ipsec-mb': 'crypto_aesni_gcm', openssl: 'crypto_openssl' };
const OPERATIONS = 6_000_000;
const run = promisify(execFile);

/** Engines that DPDK has a device for. */
export function hasCryptoPerf(engine: string): boolean {
  return DEVICE_OF[engine] !== undefined;
}

/** Measures an engine's loop and DPDK's device with the same length. */
export async function cryptoPerfRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  bytes: number,
  turns: number,
): Promise<Row> {
  const { seconds, packets } = setting.budget;
  const device = DEVICE_OF[name];
  const loop = new EngineSubject(setting, { create, bare: false, payloads: [bytes] });
  try {
    loop.round({ nanoseconds: seconds * 1e9, packets });
    const ours: number[] = [];
    const peers: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      peers.push(await peerRate(device, bytes));
      const round = onItsProcessor(() => loop.round({ nanoseconds: seconds * 1e9, packets }));
      ours.push((round.packets * 1e3) / round.nanoseconds);
    }
    const [own, peer] = [median(ours), median(peers)];
    return { engine: name, bytes, ours: own, device, peer, ratio: own / peer };
  } finally {
    loop.close();
  }
}

/** Where DPDK's program does its work; the first processor has the rest of the machine. */
const PROCESSOR = availableParallelism() > 1 ? 1 : 0;

/** What is compared must have had the same of the machine, so it runs on the same processor. Afterwards it may run on all. */
function onItsProcessor<Result>(work: () => Result): Result {
  bindThread([PROCESSOR]);
  try {
    return work();
  } finally {
    bindThread(Array.from(cpus(), (_, processor) => processor));
  }
}

/** Million operations a second of one of DPDK's devices. */
async function peerRate(device: string, bytes: number): Promise<number> {
  const words = [
    ...['-l', PROCESSOR === 0 ? '0' : `0,${PROCESSOR}`, '--no-huge', '-m', '1024', '--no-pci'],
    // Another run on this machine has another one.
    ...['--file-prefix', `cp${process.pid}`],
    ...['--vdev', `${device}0`, '--', '--ptest', 'throughput', '--devtype', device, '--optype', 'aead'],
    ...['--aead-algo', 'aes-gcm', '--aead-op', 'encrypt', '--aead-key-sz', '16', '--aead-iv-sz', '12'],
    ...['--aead-aad-sz', '8', '--digest-sz', '16', '--burst-sz', '32', '--buffer-sz', String(bytes)],
    ...['--total-ops', String(OPERATIONS), '--silent', '--csv-friendly'],
  ];
  try {
    const { stdout } = await run('dpdk-test-crypto-perf', words, { timeout: 60_000 });
    const rate = cryptoPerfRate(stdout);
    if (rate !== undefined) return rate;
    throw new RangeError('it printed no throughput');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SetupError({
      code: 'ERR_BENCH_CRYPTO_PERF',
      errno: code === 'ENOENT' ? 'ENOENT' : 'EIO',
      message: 'dpdk-test-crypto-perf cannot be run',
      got: message.split('\n')[0],
      remedy: 'on Debian: apt install dpdk-dev',
    });
  }
}

/** Reads million operations a second out of what the program prints with `--csv-friendly`. */
export function cryptoPerfRate(text: string): number | undefined {
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith('#lcore id,'));
  if (head < 0) return undefined;
  const column = lines[head].split(',').indexOf('Ops(Millions)');
  const row = lines.slice(head + 1).find((line) => /^\s*\d+,/.test(line));
  const rate = Number(row?.split(',')[column]);
  return Number.isFinite(rate) ? rate : undefined;
}
