import { WATCHED_PACKETS } from './garbage.ts';
import type { Row, TargetRow } from './report.ts';

/** Rows of a run by the table that they are in. */
export type RowsByTable = Readonly<Record<string, readonly Row[] | undefined>>;

/** The engine that the goals are set for, and the one that comes with Node. */
const NATIVE = 'ipsec-mb';
const EMBEDDED = 'openssl';

type Wanted = Readonly<Record<string, string | number>>;

/** The goals, each with what a run has measured of it. */
export function targetsOf(tables: RowsByTable): TargetRow[] {
  const rows = (table: string, wanted: Wanted = {}): readonly Row[] =>
    (tables[table] ?? []).filter((row) => Object.entries(wanted).every(([field, value]) => row[field] === value));
  const sizes = (table: string, wanted: Wanted, field: string, least: Readonly<Record<string, number>>) =>
    Object.entries(least).map(([size, value]) => atLeast(rows(table, { ...wanted, size }), field, value, size));
  const perf = (engine: string, least: Readonly<Record<number, number>>) =>
    Object.entries(least).map(([bytes, value]) =>
      atLeast(rows('crypto-perf', { engine, bytes: Number(bytes) }), 'ratio', value, `${bytes} bytes`),
    );
  return [
    judge('whole gateway beside DPDK’s, lookaside, every size and way', '1.0 of its rate (0.95 is noise)', [
      atLeast(rows('beside'), 'ratio', 0.95, 'least'),
    ]),
    judge(`engine ${NATIVE}, its own loop, 88 bytes`, '7.0 million jobs/s', [
      atLeast(rows('engine', { engine: NATIVE, bytes: 88 }), 'mjobs', 7, ''),
    ]),
    judge(
      `engine ${NATIVE} beside dpdk-test-crypto-perf`,
      '0.38 of it at 64 bytes, 0.75 at 1408',
      perf(NATIVE, { 64: 0.38, 1408: 0.75 }),
    ),
    judge(
      `engine ${EMBEDDED} beside dpdk-test-crypto-perf`,
      '0.28 of it at 64 bytes, 0.55 at 1408',
      perf(EMBEDDED, { 64: 0.28, 1408: 0.55 }),
    ),
    judge(
      `whole gateway with ${NATIVE}, of the engine's loop`,
      '0.80 / 0.70 / 0.75 at 64 / 512 / 1420 bytes',
      sizes('path', { engine: NATIVE }, 'ofLoop', { 64: 0.8, 512: 0.7, 1420: 0.75 }),
    ),
    judge(`whole gateway with ${EMBEDDED}`, '0.7 Mpps at 64 bytes, 6 Gb/s at 1420', [
      atLeast(rows('path', { engine: EMBEDDED, size: '64' }), 'mpps', 0.7, 'Mpps'),
      atLeast(rows('path', { engine: EMBEDDED, size: '1420' }), 'gbps', 6, 'Gb/s'),
    ]),
    judge(
      'inline, both ports modelled 82599',
      '0.6 of lookaside at 64 bytes, 0.70 at 1420',
      sizes('inline', {}, 'ofLookaside', { 64: 0.6, 1420: 0.7 }),
    ),
    judge(`inline, both ports modelled 82599, engine ${NATIVE}, 512 bytes`, '2.13 million tunnel packets/s', [
      atLeast(rows('inline', { engine: NATIVE, size: '512' }), 'mpps', 2.13, 'Mpps'),
    ]),
    judge('a modelled card with its driver, outside the engine, 64 bytes', 'at most 60 ns each way', [
      below(rows('stages', { ports: 'cards', size: '64' }), 'fromWire', 60.05, 'ns from the wire'),
      below(rows('stages', { ports: 'cards', size: '64' }), 'toWire', 60.05, 'ns to the wire'),
    ]),
    judge('1,000 SAs and 1,000 policies, in turn', '0.85 of the rate with one', [
      atLeast(rows('scale', { sas: 1000, policies: 1000, routes: 1 }), 'ofOne', 0.85, ''),
    ]),
    judge('look-up among 10,000 routes or policies', 'less than 1.5 times that among 100', [
      below(rows('lookup', { table: 'policies', few: 100, many: 10_000 }), 'ratio', 1.5, 'policies'),
      below(rows('lookup', { table: 'routes', few: 100, many: 10_000 }), 'ratio', 1.5, 'routes'),
    ]),
    judge(
      'garbage collections on the lcore’s thread',
      'one scavenge in 20 million packets, no mark-compact',
      garbage(rows('garbage')),
    ),
    judge('latency wire to wire at half load, 99.9th percentile', 'below 10 times the median', [
      latency(rows('latency')),
    ]),
    judge('resident memory, default pools', 'below 400 MiB', [below(rows('memory'), 'residentMiB', 400, 'MiB')]),
    judge('path outside the engine, capture to capture, 64 bytes', 'below 120 ns', [
      below(rows('capture', { size: '64' }), 'outsideEngine', 120, 'ns'),
    ]),
  ];
}

/** A part of a goal: what was found, undefined when nothing was, and whether it will do. */
interface Finding {
  readonly text: string | undefined;
  readonly good: boolean;
}

function judge(what: string, target: string, findings: readonly Finding[]): TargetRow {
  const found = findings.filter(({ text }) => text !== undefined);
  const reached = found.map(({ text }) => text).join(', ');
  if (found.some(({ good }) => !good)) return { what, target, reached, verdict: 'no' };
  if (found.length < findings.length) return { what, target, reached: reached || '–', verdict: 'not measured' };
  return { what, target, reached, verdict: 'yes' };
}

/** The worst row decides. */
function atLeast(rows: readonly Row[], field: string, least: number, unit: string): Finding {
  const worst = Math.min(...values(rows, field));
  return { text: finding(worst, unit), good: worst >= least };
}

function below(rows: readonly Row[], field: string, limit: number, unit: string): Finding {
  const worst = Math.max(...values(rows, field));
  return { text: finding(worst, unit), good: worst < limit };
}

function garbage(rows: readonly Row[]): Finding[] {
  const shares = rows.map((row) => {
    const [packets] = values([row], 'packets');
    const [scavenges] = values([row], 'scavenges');
    // Of a slow engine fewer packets were watched, and no fraction of a scavenge is allowed for.
    const allowed = Math.max(1, Math.floor(packets / WATCHED_PACKETS));
    const text = `${scavenges} scavenges in ${(packets / 1e6).toFixed(1)} million`;
    return { text, good: scavenges <= allowed, scavenges };
  });
  const [worst] = shares.sort((one, other) => other.scavenges - one.scavenges);
  const compacts = Math.max(...values(rows, 'markCompacts'));
  return [worst ?? { text: undefined, good: true }, { text: finding(compacts, 'mark-compacts'), good: compacts === 0 }];
}

/** Beside it stands what the machine itself keeps a loop waiting that has nothing else to do, in the same row. */
function latency(rows: readonly Row[]): Finding {
  const worst = [...rows].sort((one, other) => values([other], 'tail')[0] - values([one], 'tail')[0])[0];
  if (worst === undefined) return { text: undefined, good: true };
  const [tail, machine, median] = ['tail', 'machine', 'median'].map((field) => values([worst], field)[0]);
  const idle = (machine / median).toFixed(1);
  return { text: `${tail.toFixed(1)} (an idle loop of this machine: ${idle})`, good: tail < 10 };
}

function values(rows: readonly Row[], field: string): number[] {
  return rows.map((row) => Number(row[field])).filter(Number.isFinite);
}

function finding(value: number, unit: string): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const number = value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
  return unit === '' ? number : `${number} (${unit})`;
}
