import type { BenchEngine } from './engines.ts';
import type { FrameMix } from './frame-mix.ts';
import { GatewaySubject, paceOf } from './gateway-subject.ts';
import { type BenchDirection, type BenchPorts, ONE, type Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';

/** Garbage collections on the thread that polls. */
export interface GarbageRow {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly ports: BenchPorts;
  /** Percent of what the same path takes at most. */
  readonly load: number;
  /** Packets that were watched. */
  readonly packets: number;
  readonly scavenges: number;
  readonly markCompacts: number;
}

/** Packets that the target speaks of. */
export const WATCHED_PACKETS = 20_000_000;
/** A slow engine is watched for this long at most, in seconds. */
const MOST_SECONDS = 30;

/** Counts collections over 20 million packets, or as many as there are in half a minute; fewer with a smaller budget. */
export async function garbageRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  ports: BenchPorts,
  load: number,
): Promise<GarbageRow> {
  const { budget, watchGarbage } = setting;
  if (watchGarbage === undefined) throw new RangeError('this platform does not tell of garbage collections');
  const scenario: Scenario = { engine: name, direction, frames, ports, ...ONE };
  const pace = load < 100 ? paceOf(setting, scenario, create, load) : undefined;
  const subject = new GatewaySubject(setting, scenario, { create, pace });
  subject.round({ nanoseconds: budget.seconds * 0.5e9, packets: budget.packets });
  const watch = watchGarbage();
  try {
    await watch.read();
    const limit = { nanoseconds: MOST_SECONDS * 1e9, packets: Math.min(WATCHED_PACKETS, budget.packets) };
    const { packets } = subject.round(limit);
    const { scavenges, markCompacts } = await watch.read();
    return { engine: name, direction, size: frames.name, ports, load, packets, scavenges, markCompacts };
  } finally {
    watch.close();
    subject.close();
  }
}
