import { cpus } from 'node:os';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { createNullEngine } from '@inline-ipsec/cryptodev/null-engine';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { type BenchDirection, benchPcapPath, type PcapPathRow } from '../bench/pcap-path.ts';

/** What `ipsec-secgw bench` was asked for. */
export interface BenchOptions {
  /** Packets a row; fewer under the slower engines. */
  readonly packets: number;
  readonly json: boolean;
}

const ENGINES = [
  { engine: 'null', create: createNullEngine, share: 1 },
  { engine: 'openssl', create: createOpensslEngine, share: 0.1 },
  { engine: 'noble', create: createNobleEngine, share: 0.02 },
] as const;
const SIZES = [64, 512, 1420];
const DIRECTIONS: readonly BenchDirection[] = ['out', 'in'];

/** Runs the benchmark and prints a row as soon as there is one: Markdown, or with `--json` one document at the end. */
export function benchCommand({ packets, json }: BenchOptions): void {
  const environment = nodeEnvironment();
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
  const rows: PcapPathRow[] = [];
  if (!json) {
    console.log(`Pcap path, one lcore, one SA, replayed from memory; the median of 15 rounds. ${machine}\n`);
    console.log('| engine | way | frame bytes | Mpps | Gb/s | ns/packet | in the engine | outside it |');
    console.log('|---|---|---:|---:|---:|---:|---:|---:|');
  }
  for (const { engine, create, share } of ENGINES) {
    for (const direction of DIRECTIONS) {
      for (const frameBytes of SIZES) {
        const row = benchPcapPath({
          environment,
          engine,
          create,
          direction,
          frameBytes,
          packets: Math.max(1024, Math.round(packets * share)),
        });
        rows.push(row);
        if (!json) console.log(markdownRow(row));
      }
    }
  }
  if (json) console.log(JSON.stringify({ machine, rows }, null, 2));
}

function markdownRow(row: PcapPathRow): string {
  const cells = [
    row.engine,
    row.direction,
    row.frameBytes,
    row.mpps.toFixed(2),
    row.gbps.toFixed(2),
    row.total.toFixed(1),
    row.inEngine.toFixed(1),
    row.outsideEngine.toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}
