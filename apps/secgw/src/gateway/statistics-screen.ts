import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { DROP_REASONS } from '@inline-ipsec/ipsec/drop-reason';
import { allDrops, Drops } from '@inline-ipsec/ipsec/drops';
import { BURST_MAX } from '@inline-ipsec/ipsec/packet-burst';
import { COUNTER, lcoreCounters } from '../datapath/counters.ts';

/** What one lcore has done since the start. */
export interface LcoreStatistics {
  readonly lcore: number;
  readonly received: number;
  readonly sent: number;
  readonly dropped: number;
  /** Share of the receive calls that gave a full burst, in percent. */
  readonly burstPercent: number;
  readonly packetsPerRxCall: number;
  readonly packetsPerTxCall: number;
}

/** Reads the counters of an lcore, from any thread. */
export function lcoreStatistics(memory: Memory, lcore: number): LcoreStatistics {
  const base = lcoreCounters(memory, lcore);
  const at = (counter: number) => memory.f64[base + (counter >> 3)];
  const received = at(COUNTER.received);
  const rxCalls = at(COUNTER.rxCalls);
  const sent = at(COUNTER.sent);
  const txCalls = at(COUNTER.txCalls);
  const dropped = Object.values(new Drops(memory, lcore).counts()).reduce((sum, count) => sum + count, 0);
  return {
    lcore,
    received,
    sent,
    dropped,
    burstPercent: received === 0 ? 0 : (at(COUNTER.fullBursts) * BURST_MAX * 100) / received,
    packetsPerRxCall: rxCalls === 0 ? 0 : received / rxCalls,
    packetsPerTxCall: txCalls === 0 ? 0 : sent / txCalls,
  };
}

/** All that is printed at once: the screen, and the reasons for drops behind it. It needs the memory alone, on any thread. */
export function statisticsText(memory: Memory, lcores: readonly number[]): string {
  const rows = lcores.map((lcore) => lcoreStatistics(memory, lcore));
  return `${[...statisticsScreen(rows), ...dropLines(memory)].join('\n')}\n`;
}

/** The statistics screen (DPDK's gateway: `print_stats_cb`), one string a line. */
export function statisticsScreen(lcores: readonly LcoreStatistics[]): string[] {
  const lines: string[] = [''];
  for (const row of lcores) {
    lines.push(
      `Statistics for core ${row.lcore} ------------------------------`,
      `Packets received: ${count(row.received)}`,
      `Packets sent: ${count(row.sent, 24)}`,
      `Packets dropped: ${count(row.dropped, 21)}`,
      `Burst percent: ${row.burstPercent.toFixed(2).padStart(23)}`,
      `Packets per Rx call: ${row.packetsPerRxCall.toFixed(2).padStart(17)}`,
      `Packets per Tx call: ${row.packetsPerTxCall.toFixed(2).padStart(17)}`,
    );
  }
  const sum = (field: 'received' | 'sent' | 'dropped') => lcores.reduce((total, row) => total + row[field], 0);
  lines.push(
    'Aggregate statistics ===============================',
    `Total packets received: ${count(sum('received'), 14)}`,
    `Total packets sent: ${count(sum('sent'), 18)}`,
    `Total packets dropped: ${count(sum('dropped'), 15)}`,
    '====================================================',
  );
  return lines;
}

/** Every reason for which something was dropped, one string a line; none when nothing was. */
export function dropLines(memory: Memory): string[] {
  const drops = allDrops(memory);
  return DROP_REASONS.filter(({ name }) => drops[name] !== undefined).map(
    ({ name, text }) => `Dropped as ${name}: ${drops[name]} (${text})`,
  );
}

/** Every reason for which a port itself has lost something, one string a line; none when nothing was. Not from any thread: the driver reads it. */
export function portLossLines(ports: readonly EthPort[]): string[] {
  return ports.flatMap((port) =>
    Object.entries(port.losses())
      .filter(([, lost]) => lost > 0)
      .map(([reason, lost]) => `Dropped by port ${port.id} as ${reason}: ${lost}`),
  );
}

function count(value: number, width = 20): string {
  return String(value).padStart(width);
}
