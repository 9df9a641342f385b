import type { BenchEngine } from './engines.ts';
import { frameMix } from './frame-mix.ts';
import { garbageRow } from './garbage.ts';
import { latencyRow } from './latency.ts';
import { type LookupTable, lookupRow } from './lookup.ts';
import { batchRow, engineRow, pathRow, rateRow, scaleRow } from './path-rows.ts';
import type { Column, Row, Table } from './report.ts';
import type { BenchDirection, BenchPorts } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import { STAGES, stageRow } from './stages.ts';

/** What a row is to be measured of; which fields matter depends on its section. */
export interface RowSpec {
  readonly section: string;
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly ports: BenchPorts;
  /** SAs, policies, routes; packets of a burst; bytes of a job; rules of a table. */
  readonly counts: readonly number[];
  readonly table: LookupTable;
}

/** What may be measured. */
export interface Choice {
  /** Engines that open, in the order in which they are wanted. */
  readonly engines: readonly string[];
  /** The best engine with crypto, which what is not about engines is measured with. */
  readonly best: string;
  readonly sizes: readonly string[];
}

/** A kind of measurement: its table, which rows there are, and how one is made. */
export interface Section extends Table {
  specs(choice: Choice): RowSpec[];
  measure(setting: BenchSetting, engine: BenchEngine, spec: RowSpec): object | Promise<object>;
  /**
   * What a row is compared with: measured in turn with it, but never in the same process, where the compiler would have
   * made code for both. Both have a rate, in nanoseconds a packet.
   */
  readonly beside?: {
    other(spec: RowSpec): RowSpec;
    /** The fields of the other's nanoseconds, and of this rate's share of the other. */
    readonly field: string;
    readonly share: string;
  };
}

const DIRECTIONS: readonly BenchDirection[] = ['out', 'in'];
const ENGINE: Column = { field: 'engine', title: 'engine' };
const WAY: Column = { field: 'direction', title: 'way' };
const SIZE: Column = { field: 'size', title: 'frame bytes' };
const PORTS: Column = { field: 'ports', title: 'ports' };
const RATE: readonly Column[] = [
  { field: 'mpps', title: 'Mpps', digits: 3 },
  { field: 'gbps', title: 'Gb/s', digits: 2 },
  { field: 'nanoseconds', title: 'ns/packet', digits: 1 },
];
const PLAIN = { direction: 'out', size: '64', ports: 'null', counts: [], table: 'policies' } as const;
const ONE_LCORE =
  'One lcore, one SA, one policy, one route, AES-128-GCM in an IPv4 tunnel, frames replayed from memory.';

const PATH_COLUMNS: readonly Column[] = [
  ENGINE,
  WAY,
  SIZE,
  ...RATE,
  { field: 'inEngine', title: 'in the engine', digits: 1 },
  { field: 'outsideEngine', title: 'outside it', digits: 1 },
  { field: 'loop', title: "engine's loop", digits: 1 },
  { field: 'ofLoop', title: 'of the loop', digits: 2 },
];

/** All kinds of measurements that are made in this thread, in the order of the report. */
export const SECTIONS: readonly Section[] = [
  {
    id: 'engine',
    title: 'Engines alone',
    method: 'AES-128-GCM, 32 jobs a call, written once, in place, 8 bytes of AAD; no packets.',
    columns: [
      ENGINE,
      { field: 'bytes', title: 'bytes', digits: 0 },
      { field: 'mjobs', title: 'million jobs/s', digits: 2 },
      { field: 'gbps', title: 'Gb/s', digits: 2 },
      { field: 'nanoseconds', title: 'ns/job', digits: 1 },
    ],
    specs: ({ engines }) =>
      engines.flatMap((engine) =>
        [64, 88, 512, 1408].map((bytes) => ({ ...PLAIN, section: 'engine', engine, counts: [bytes] })),
      ),
    measure: (setting, engine, { counts }) => engineRow(setting, engine, counts[0]),
  },
  {
    id: 'path',
    title: 'Whole path, lookaside',
    method: `${ONE_LCORE} What is sent is thrown away. Engine \`null\` is the path without crypto.`,
    columns: PATH_COLUMNS,
    specs: (choice) => everyWay('path', choice.engines, choice.sizes),
    measure: (setting, engine, { direction, size }) => pathRow(setting, engine, direction, frameMix(size)),
  },
  {
    id: 'capture',
    title: 'From capture to capture',
    method: `${ONE_LCORE} What is sent is formatted as a capture and thrown away.`,
    columns: PATH_COLUMNS,
    specs: ({ engines, sizes }) => everyWay('capture', [engines.includes('null') ? 'null' : engines[0]], sizes),
    measure: (setting, engine, { direction, size }) => pathRow(setting, engine, direction, frameMix(size), 'capture'),
  },
  {
    id: 'inline',
    title: 'Inline, through two modelled cards',
    method: `${ONE_LCORE} The cards encipher and decipher; both wires are as above.`,
    columns: [
      ENGINE,
      WAY,
      SIZE,
      ...RATE,
      { field: 'lookaside', title: 'ns/packet lookaside', digits: 1 },
      { field: 'ofLookaside', title: 'of lookaside', digits: 2 },
    ],
    specs: ({ best, sizes }) =>
      best === 'null' ? [] : everyWay('inline', [best], sizes).map((spec) => ({ ...spec, ports: 'cards' as const })),
    measure: (setting, engine, { direction, size, ports }) =>
      rateRow(setting, engine, direction, frameMix(size), ports),
    beside: { other: (spec) => ({ ...spec, ports: 'null' }), field: 'lookaside', share: 'ofLookaside' },
  },
  {
    id: 'stages',
    title: 'Stages',
    method:
      'Nanoseconds a packet in each stage of a burst of 32, by a look at the clock behind each, whose cost is taken off. ' +
      '`esp` is ESP on, or the checks before deciphering; `finish` the tags, or ESP off; `rxCard` and `txCard` are the ' +
      'modelled cards without their engines, which are in `crypto`. `fromWire` and `toWire` are a card with its driver.',
    columns: [
      ENGINE,
      WAY,
      PORTS,
      SIZE,
      ...[...STAGES, 'sum', 'fromWire', 'toWire'].map((field) => ({ field, title: field, digits: 1 })),
    ],
    specs: ({ best, sizes, engines }) => {
      const with64 = sizes.slice(0, 1);
      const bare = engines.includes('null') && best !== 'null' ? everyWay('stages', ['null'], with64) : [];
      const lookaside = everyWay('stages', [best], with64);
      const inline = best === 'null' ? [] : lookaside.map((spec) => ({ ...spec, ports: 'cards' as const }));
      return [...bare, ...lookaside, ...inline];
    },
    measure: (setting, engine, { direction, size, ports }) =>
      stageRow(setting, engine, direction, frameMix(size), ports),
  },
  {
    id: 'scale',
    title: 'Many SAs, policies and routes',
    method:
      'The whole path, lookaside; packets take SAs, policies and routes in turn. The share is that of the rate with one of each.',
    columns: [
      ENGINE,
      WAY,
      SIZE,
      { field: 'sas', title: 'SAs', digits: 0 },
      { field: 'policies', title: 'policies', digits: 0 },
      { field: 'routes', title: 'routes', digits: 0 },
      ...RATE,
      { field: 'ofOne', title: 'of one', digits: 2 },
    ],
    specs: ({ best, sizes }) =>
      everyWay('scale', [best], sizes.slice(0, 1)).flatMap((spec) =>
        [
          [100, 100, 100],
          [1000, 1000, 1],
          [1000, 1000, 1000],
          [1, 100, 1],
          [1, 1000, 1],
          [1, 10_000, 1],
          [1, 10_000, 1000],
        ].map((counts) => ({ ...spec, counts })),
      ),
    measure: (setting, engine, { direction, size, counts: [sas, policies, routes] }) =>
      scaleRow(setting, engine, direction, frameMix(size), { sas, policies, routes }),
    beside: { other: (spec) => ({ ...spec, counts: [1, 1, 1] }), field: 'one', share: 'ofOne' },
  },
  {
    id: 'lookup',
    title: 'Look-ups alone',
    method:
      '65,536 flows, no two alike, spread over all rules; no flow cache. What it costs to write the headers is taken off.',
    columns: [
      { field: 'table', title: 'table' },
      { field: 'few', title: 'rules', digits: 0 },
      { field: 'nanosecondsFew', title: 'ns/look-up', digits: 1 },
      { field: 'many', title: 'rules', digits: 0 },
      { field: 'nanosecondsMany', title: 'ns/look-up', digits: 1 },
      { field: 'ratio', title: 'ratio', digits: 2 },
    ],
    specs: ({ best }) =>
      (['policies', 'routes'] as const).flatMap((table) =>
        [
          [1, 100],
          [100, 1000],
          [100, 10_000],
        ].map((counts) => ({ ...PLAIN, section: 'lookup', engine: best, table, counts })),
      ),
    measure: (setting, _engine, { table, counts: [few, many] }) => lookupRow(setting, table, few, many),
  },
  {
    id: 'batch',
    title: 'Packets of a burst',
    method:
      'The whole path outbound, lookaside, when no more packets come at once; and the engine alone, so many jobs a call.',
    columns: [
      ENGINE,
      SIZE,
      { field: 'batch', title: 'packets a burst', digits: 0 },
      ...RATE,
      { field: 'loopMjobs', title: 'engine alone, million jobs/s', digits: 2 },
    ],
    specs: ({ best, sizes }) =>
      sizes
        .filter((size) => size !== 'imix')
        .flatMap((size) =>
          [1, 2, 4, 8, 16, 32].map((batch) => ({ ...PLAIN, section: 'batch', engine: best, size, counts: [batch] })),
        ),
    measure: (setting, engine, { size, counts }) => batchRow(setting, engine, frameMix(size), counts[0]),
  },
  {
    id: 'latency',
    title: 'Latency from wire to wire',
    method:
      'At half the load that the same path takes at most, from when a frame falls due on the wire to when it is on the other one. ' +
      'Microseconds; percentiles are medians of the rounds. An idle loop does nothing but look at the clock.',
    columns: [
      ENGINE,
      WAY,
      PORTS,
      SIZE,
      { field: 'offeredMpps', title: 'offered, Mpps', digits: 3 },
      { field: 'packets', title: 'packets', digits: 0 },
      { field: 'missed', title: 'lost', digits: 0 },
      { field: 'median', title: '50 %', digits: 1 },
      { field: 'p99', title: '99 %', digits: 1 },
      { field: 'p999', title: '99.9 %', digits: 1 },
      { field: 'tail', title: '99.9 % over 50 %', digits: 1 },
      { field: 'p999All', title: '99.9 % of all rounds', digits: 1 },
      { field: 'machine', title: 'the same of an idle loop', digits: 1 },
      { field: 'max', title: 'max', digits: 1 },
    ],
    specs: ({ best, sizes }) => {
      const lookaside = everyWay('latency', [best], sizes);
      return best === 'null'
        ? lookaside
        : [...lookaside, ...lookaside.map((spec) => ({ ...spec, ports: 'cards' as const }))];
    },
    measure: (setting, engine, { direction, size, ports }) =>
      latencyRow(setting, engine, direction, frameMix(size), ports),
  },
  {
    id: 'garbage',
    title: 'Garbage collections on the thread that polls',
    method:
      'The whole path, once it is warm, over 20 million packets, or for half a minute. Load is in percent of what it takes at most.',
    columns: [
      ENGINE,
      WAY,
      PORTS,
      SIZE,
      { field: 'load', title: 'load', digits: 0 },
      { field: 'packets', title: 'packets', digits: 0 },
      { field: 'scavenges', title: 'scavenges', digits: 0 },
      { field: 'markCompacts', title: 'mark-compacts', digits: 0 },
    ],
    specs: ({ best, sizes }) => {
      const lookaside = everyWay('garbage', [best], sizes.slice(0, 1));
      const inline = best === 'null' ? [] : lookaside.map((spec) => ({ ...spec, ports: 'cards' as const }));
      return [...lookaside, ...inline].flatMap((spec) => [100, 50].map((load) => ({ ...spec, counts: [load] })));
    },
    measure: (setting, engine, { direction, size, ports, counts: [load] }) =>
      garbageRow(setting, engine, direction, frameMix(size), ports, load),
  },
];

function everyWay(section: string, engines: readonly string[], sizes: readonly string[]): RowSpec[] {
  return engines.flatMap((engine) =>
    DIRECTIONS.flatMap((direction) => sizes.map((size) => ({ ...PLAIN, section, engine, direction, size }))),
  );
}

/** Measures a row of one of the {@link SECTIONS}. */
export async function measureRow(setting: BenchSetting, engine: BenchEngine, spec: RowSpec): Promise<Row> {
  const section = SECTIONS.find(({ id }) => id === spec.section);
  if (section === undefined) throw new RangeError(`there is no section ${spec.section}`);
  return { ...(await section.measure(setting, engine, spec)) } as Row;
}

/** A row's name for messages. */
export function specName({ section, engine, direction, size, ports, counts, table }: RowSpec): string {
  const rules = section === 'lookup' ? [table] : [engine, direction, size, ports];
  return [section, ...rules, ...counts].join(' ');
}
