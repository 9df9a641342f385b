import { type Environment, readClock } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import { PACE_BACKLOG } from '@inline-ipsec/wire/pacer';
import type { BenchEngine } from './engines.ts';
import type { FrameMix } from './frame-mix.ts';
import { GatewaySubject, paceOf } from './gateway-subject.ts';
import { type BenchDirection, type BenchPorts, ONE, type Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import { median } from './subject.ts';
import { tapWires, type WireTap } from './wire-tap.ts';

/** Latencies in microseconds, at a fixed offered load. */
export interface LatencyRow {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly ports: BenchPorts;
  /** Million packets a second that were offered, half of what the same path takes at most. */
  readonly offeredMpps: number;
  readonly packets: number;
  /** Packets that waited too long on the wire and were lost there. */
  readonly missed: number;
  /** Percentiles: medians of the rounds, as everywhere. */
  readonly median: number;
  readonly p99: number;
  readonly p999: number;
  /** The 99.9th percentile of all rounds together, and the longest of all. */
  readonly p999All: number;
  readonly max: number;
  /** 99.9th percentile over median, of a round. */
  readonly tail: number;
  /** The 99.9th percentile of a loop that does nothing but look at the clock: what the machine itself keeps waiting. */
  readonly machine: number;
}

/** Percent of what the path takes at most. */
const LOAD = 50;
/** How long the path is under this load before anything is timed, in times of the budget. */
const WARM_UP = 3;
/** Packets that can be between the two wires. */
const IN_FLIGHT = 0x4000;
const MOST_SAMPLES = 4_000_000;

/**
 * Times packets from wire to wire: from the moment at which a frame falls due on the wire, taken then or not, to the moment
 * at which it is on the other wire. Packets neither overtake each other nor are they dropped, or the measurement fails.
 */
export function latencyRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  ports: BenchPorts,
): LatencyRow {
  const { budget, platform } = setting;
  const scenario: Scenario = { engine: name, direction, frames, ports, ...ONE };
  const pace = paceOf(setting, scenario, create, LOAD);
  const subject = new GatewaySubject(setting, scenario, { create, pace });
  const stamps = new Stamps(platform.environment, pace, Math.min(budget.packets, MOST_SAMPLES));
  tapWires(subject.gateway.port(0).wires[0], subject.gateway.port(1).wires[0], stamps);
  // Half a load brings out what a full one never does, which the compiler has to learn first.
  subject.round({ nanoseconds: budget.seconds * WARM_UP * 1e9, packets: budget.packets });
  stamps.measure();
  subject.round({ nanoseconds: budget.seconds * 1e9, packets: budget.packets });
  const { samples, missed } = stamps;
  subject.close();
  if (samples.length === 0) throw tooShort();
  const rounds = roundsOf(samples, budget.rounds);
  const at = (share: number) => median(rounds.map((round) => percentile(round, share))) / 1e3;
  const sorted = samples.sort();
  return {
    engine: name,
    direction,
    size: frames.name,
    ports,
    offeredMpps: pace / 1e6,
    packets: sorted.length,
    missed,
    median: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    p999All: percentile(sorted, 0.999) / 1e3,
    max: percentile(sorted, 1) / 1e3,
    tail: at(0.999) / at(0.5),
    machine: percentile(idleLatencies(platform.environment, pace, sorted.length), 0.999) / 1e3,
  };
}

/** Equal parts of the samples in the order in which they came, each sorted. */
function roundsOf(samples: Float64Array, rounds: number): Float64Array[] {
  const each = Math.max(1, Math.floor(samples.length / rounds));
  const count = Math.min(rounds, samples.length);
  return Array.from({ length: count }, (_, i) => samples.slice(i * each, (i + 1) * each).sort());
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * What frames would wait, at the same pace, for somebody who has nothing else to do than to take them; sorted. As on a wire,
 * those are lost that would wait behind too many others.
 */
function idleLatencies(environment: Environment, pace: number, count: number): Float64Array {
  const interval = 1e9 / pace;
  const samples = touched(count);
  const clock = new Float64Array(1);
  readClock(environment, clock);
  const start = clock[0];
  let lost = 0;
  for (let i = 0; i < count; ) {
    readClock(environment, clock);
    const passed = clock[0] - start - lost * interval;
    const late = Math.floor(passed / interval) - i - PACE_BACKLOG;
    if (late > 0) lost += late;
    const waited = late > 0 ? passed - late * interval : passed;
    for (; i < count && i * interval <= waited; i++) samples[i] = waited - i * interval;
  }
  return samples.sort();
}

/**
 * Room for so many samples, all of it written once: the system gives memory when it is first written, megabytes at a time,
 * and whoever writes waits for it a tenth of a millisecond or two.
 */
function touched(count: number): Float64Array {
  return new Float64Array(count).fill(1);
}

function tooShort(): SetupError {
  return new SetupError({
    code: 'ERR_BENCH_SHORT',
    errno: 'EAGAIN',
    message: 'no packet came through in the time that was given',
    remedy: 'give the measurement more seconds or packets',
  });
}

const NOW = 0;
const BEGIN = 1;
const NEXT = 2;

/** When each packet between the two wires fell due, and how long those took that came out. */
class Stamps implements WireTap {
  readonly #environment: Environment;
  readonly #interval: number;
  /** Nanoseconds from the beginning of the wire's schedule. */
  readonly #due = new Float64Array(IN_FLIGHT);
  readonly #samples: Float64Array;
  // Numbers beyond 32 bits, which as fields could be allocated anew with every change.
  readonly #state = Float64Array.of(0, Number.POSITIVE_INFINITY, 0);
  #in = 0;
  #out = 0;
  #count = 0;
  #missed = 0;
  #measuring = false;

  constructor(environment: Environment, pace: number, samples: number) {
    this.#environment = environment;
    this.#interval = 1e9 / pace;
    this.#samples = touched(samples);
  }

  received(count: number, missed: number): void {
    if (count === 0) return;
    const due = this.#due;
    const interval = this.#interval;
    const state = this.#state;
    this.#missed += missed;
    let next = state[NEXT] + missed;
    let to = this.#in;
    for (let i = 0; i < count; i++) {
      due[to] = next++ * interval;
      to = (to + 1) & (IN_FLIGHT - 1);
    }
    this.#in = to;
    state[NEXT] = next;
    // Nothing comes before it is due. The packets that come at once, of which there are many, say when the schedule began.
    readClock(this.#environment, state);
    const latest = state[NOW] - (next - 1) * interval;
    if (latest < state[BEGIN]) state[BEGIN] = latest;
  }

  sent(count: number): void {
    const due = this.#due;
    const samples = this.#samples;
    const state = this.#state;
    readClock(this.#environment, state);
    const passed = state[NOW] - state[BEGIN];
    let from = this.#out;
    let at = this.#count;
    const measuring = this.#measuring;
    for (let i = 0; i < count; i++) {
      if (measuring && at < samples.length) samples[at++] = passed - due[from];
      from = (from + 1) & (IN_FLIGHT - 1);
    }
    this.#out = from;
    this.#count = at;
  }

  /** From now on packets count. */
  measure(): void {
    this.#measuring = true;
    this.#missed = 0;
  }

  get missed(): number {
    return this.#missed;
  }

  /** All latencies in nanoseconds, in the order in which packets went out. */
  get samples(): Float64Array {
    return this.#samples.subarray(0, this.#count);
  }
}
