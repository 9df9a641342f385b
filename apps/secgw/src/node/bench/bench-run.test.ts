import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Memory } from '@inline-ipsec/eal/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report, Row } from '../../bench/report.ts';
import { SECTIONS } from '../../bench/sections.ts';
import { nodePlatform } from '../platform.ts';
import { type BenchRunOptions, runBench } from './bench-run.ts';
import { cryptoPerfRate } from './crypto-perf.ts';
import { watchGarbage } from './garbage-watch.ts';
import { writeReport } from './report-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipsec-secgw-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines: string[] = [];
const OPTIONS: BenchRunOptions = {
  setting: {
    platform: nodePlatform(),
    memory: (bytes) => Memory.create({ bytes, shared: false }),
    budget: { rounds: 3, seconds: 0.02, packets: 3000 },
    watchGarbage,
  },
  sections: SECTIONS.map(({ id }) => id),
  engines: ['null', 'openssl', 'nobody'],
  sizes: ['64', 'imix'],
  peer: undefined,
  ours: [],
  turns: 2,
  interval: 1,
  targets: true,
  command: 'ipsec-secgw bench',
  print: (line) => lines.push(line),
};

/** A program that prints the statistics screens of a gateway that sends a thousand packets a millisecond. */
const GATEWAY = `
const start = Date.now();
process.on('SIGINT', () => process.exit(0));
console.log(process.argv.slice(2).join(' '));
setInterval(() => {
  console.log('Packets sent: ' + 1000 * (Date.now() - start) + '\\nTotal packets sent: 1');
}, 250);
`;

describe('a run of the benchmark', () => {
  let report: Report;
  const rowsOf = (id: string): readonly Row[] => report.tables.find(({ table }) => table.id === id)?.rows ?? [];

  beforeAll(async () => {
    report = await runBench(OPTIONS);
  });

  it('has rows in every table, every number of them finite and none below 0 but for differences', () => {
    for (const { table, rows } of report.tables) {
      expect(rows.length, table.id).toBeGreaterThan(0);
      for (const row of rows) {
        for (const { field } of table.columns) {
          expect(row, table.id).toHaveProperty(field);
          if (typeof row[field] !== 'number') continue;
          expect(Number.isFinite(row[field]), `${table.id} ${field}`).toBe(true);
          if (!/outsideEngine|nanosecondsFew|nanosecondsMany|ratio/.test(field)) {
            expect(row[field], `${table.id} ${field}`).toBeGreaterThanOrEqual(0);
          }
        }
      }
    }
  });

  it('measures every engine that opens, both ways, at every size, and says why others are left out', () => {
    const cells = rowsOf('path').map(({ engine, direction, size }) => `${engine} ${direction} ${size}`);
    expect(cells.sort()).toEqual(
      ['null', 'openssl'].flatMap((engine) =>
        ['in', 'out'].flatMap((way) => ['64', 'imix'].map((size) => `${engine} ${way} ${size}`)),
      ),
    );
    expect(report.leftOut).toContain('engine nobody: there are null, ipsec-mb, openssl, noble');
  });

  it('takes what is not about engines with the best one', () => {
    for (const id of ['inline', 'scale', 'batch', 'latency', 'garbage']) {
      expect(new Set(rowsOf(id).map(({ engine }) => engine)), id).toEqual(new Set(['openssl']));
    }
  });

  it('goes up to a thousand SAs and ten thousand policies', () => {
    const counts = rowsOf('scale').map(({ direction, sas, policies }) => `${direction} ${sas} ${policies}`);
    for (const way of ['out', 'in']) {
      expect(counts).toContain(`${way} 1000 1000`);
      expect(counts).toContain(`${way} 1 10000`);
    }
  });

  it('orders percentiles of the latency', () => {
    for (const row of rowsOf('latency')) {
      const { median, p99, p999, p999All, max } = row as Record<string, number>;
      for (const order of [
        [median, p99, p999, max],
        [p999All, max],
      ]) {
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }
    }
  });

  it('prints rows as they come, and the targets in the end', () => {
    expect(lines.filter((line) => line.startsWith('| null | out | 64 |')).length).toBeGreaterThan(0);
    expect(lines.at(-1)).toContain('## Targets');
    expect(report.targets.find(({ what }) => what.includes('DPDK’s'))?.verdict).toBe('not measured');
  });

  it('is written as Markdown, JSON and plots', () => {
    writeReport(join(folder, 'report'), report);
    expect(readdirSync(join(folder, 'report')).sort()).toEqual([
      'rate-batch.svg',
      'rate-size.svg',
      'report.json',
      'report.md',
    ]);
    const json = JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8'));
    expect(Object.keys(json.tables)).toEqual(SECTIONS.map(({ id }) => id));
    expect(readFileSync(join(folder, 'report', 'report.md'), 'utf8')).toContain('![');
  });
});

describe('gateways as processes', () => {
  it('are measured in turn by what they print, with one command line', async () => {
    const program = join(folder, 'gateway.mjs');
    writeFileSync(program, `#!${process.execPath}\n${GATEWAY}`, { mode: 0o755 });
    const report = await runBench({
      ...OPTIONS,
      sections: ['beside', 'memory'],
      engines: ['openssl'],
      sizes: ['64'],
      peer: program,
      ours: [process.execPath, program],
    });
    const [memory, beside] = report.tables;
    expect(report.leftOut).toEqual([]);
    expect(beside.rows.map(({ direction, size }) => [direction, size])).toEqual([
      ['out', '64'],
      ['in', '64'],
    ]);
    for (const row of beside.rows) {
      const { ours, peer, ratio } = row as Record<string, number>;
      // A million packets a second: what they print does not depend on how quick the machine is.
      expect(ours).toBeCloseTo(1, 0);
      expect(peer).toBeCloseTo(1, 0);
      expect(ratio).toBeCloseTo(ours / peer);
    }
    expect((memory.rows[0] as Record<string, number>)['residentMiB']).toBeGreaterThanOrEqual(0);
  });

  it('that end at once are left out with what they said', async () => {
    const report = await runBench({
      ...OPTIONS,
      sections: ['beside'],
      engines: ['openssl'],
      sizes: ['64'],
      peer: '/bin/false',
      ours: ['/bin/false'],
    });
    expect(report.leftOut).toHaveLength(2);
    expect(report.leftOut[0]).toMatch(/beside out 64: .*too few statistics screens/);
  });
});

describe('cryptoPerfRate', () => {
  it('reads the throughput out of what dpdk-test-crypto-perf prints', () => {
    const text = `Allocated pool "sess_mp_0" on socket 0
#lcore id,Buffer Size(B),Burst Size,Enqueued,Dequeued,Failed Enq,Failed Deq,Ops(Millions),Throughput(Gbps),Cycles/Buf

1,64,32,3000000,3000000,0,0,16.422,8.408,158.327
`;
    expect(cryptoPerfRate(text)).toBe(16.422);
    expect(cryptoPerfRate('EAL: no such device')).toBeUndefined();
  });
});
