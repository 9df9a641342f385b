import type { Environment } from '@inline-ipsec/eal/environment';
import { enterLcore } from '@inline-ipsec/eal/lcore';
import type { Steppable } from '@inline-ipsec/eal/step-list';
import { EspInbound } from '@inline-ipsec/ipsec/esp-inbound';
import { EspJobs } from '@inline-ipsec/ipsec/esp-jobs';
import { EspOutbound } from '@inline-ipsec/ipsec/esp-outbound';
import { BURST_MAX, PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import { type Classes, ClassifyStage } from '../datapath/classify.ts';
import { COUNTER, lcoreCounters } from '../datapath/counters.ts';
import { FULL_BURSTS_A_STEP, type LcoreLoop, type LcoreResources, STEP_BUDGET } from '../datapath/lcore-loop.ts';
import { OutboundOffloadRequest } from '../datapath/outbound-offload.ts';
import { PolicyStage } from '../datapath/policy.ts';
import { RouteStage } from '../datapath/route.ts';
import { TransmitStage } from '../datapath/transmit.ts';
import { clockCost } from './engine-share.ts';
import type { BenchEngine } from './engines.ts';
import type { FrameMix } from './frame-mix.ts';
import { GatewaySubject } from './gateway-subject.ts';
import { type BenchDirection, type BenchPorts, ONE, type Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import { median } from './subject.ts';
import { type EngineTime, timedEngine } from './timed-engine.ts';

/**
 * The stages of either way, in their order. What a way does not have costs 0. A card's time is that without its engine, which
 * is in `crypto` as the lookaside engine's is.
 */
export const STAGES = [
  'rxCard',
  'receive',
  'classify',
  'sad',
  'policy',
  'esp',
  'crypto',
  'finish',
  'route',
  'transmit',
  'txCard',
] as const;

/** A stage by its name. */
export type Stage = (typeof STAGES)[number];

/** Nanoseconds a packet by stage. */
export type StageRow = { readonly [stage in Stage]: number } & {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly ports: BenchPorts;
  readonly sum: number;
  /** From the wire to the driver's receive burst: a card and its driver. */
  readonly fromWire: number;
  /** From the driver's transmit burst, and the header before it, to the wire. */
  readonly toWire: number;
};

const BURSTS_AT_ONCE = 64;

/**
 * Times the stages one by one: the lcore's way, composed once more, with a look at the clock behind each stage of a burst,
 * less what the clock costs. Stages that the compiler would make one of are apart here, so their sum is above the path's time.
 */
export function stageRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  ports: BenchPorts,
): StageRow {
  const { budget, platform } = setting;
  const { environment } = platform;
  const scenario: Scenario = { engine: name, direction, frames, ports, ...ONE };
  const engineTime: EngineTime = { nanoseconds: 0, calls: 0 };
  // The engines of cards are called where nobody else sees it.
  const seen = ports === 'cards' ? timedEngine(create, environment, engineTime) : create;
  const subject = new GatewaySubject(setting, scenario, { create: seen });
  const loop = subject.gateway.loops[0];
  const path = direction === 'out' ? new TimedOutbound(loop, engineTime) : new TimedInbound(loop, engineTime);
  const before = enterLcore(loop.lcore);
  keepGoing(path, environment, budget.seconds * 0.5e9, budget.packets / 2);
  const rounds: number[][] = [];
  for (let round = 0; round < budget.rounds; round++) {
    path.times.fill(0);
    const packets = keepGoing(
      path,
      environment,
      (budget.seconds * 1e9) / budget.rounds,
      budget.packets / budget.rounds,
    );
    rounds.push(Array.from(path.times, (nanoseconds) => nanoseconds / packets));
  }
  path.end();
  enterLcore(before);
  subject.close();
  // Every stage is followed by one look at the clock for each burst.
  const clock = clockCost(environment) / BURST_MAX;
  // A timed engine looks once more, in the time of its card, and a card's does more than one burst at once.
  const engineCard = ports !== 'cards' ? undefined : direction === 'out' ? AT.txCard : AT.rxCard;
  const medians = STAGES.map((_, stage) =>
    Math.max(
      0,
      median(rounds.map((times) => times[stage])) - (stage === engineCard ? clock + clock / FULL_BURSTS_A_STEP : clock),
    ),
  );
  const times = Object.fromEntries(STAGES.map((stage, i) => [stage, medians[i]])) as Record<Stage, number>;
  const sum = medians.reduce((total, time) => total + time, 0);
  const fromWire = times.rxCard + times.receive;
  const toWire = times.transmit + times.txCard;
  return { engine: name, direction, size: frames.name, ports, ...times, sum, fromWire, toWire };
}

function keepGoing(path: TimedPath, { now }: Environment, nanoseconds: number, most: number): number {
  const start = now();
  let packets = 0;
  do {
    for (let i = 0; i < BURSTS_AT_ONCE; i++) packets += path.poll();
  } while (now() - start < nanoseconds && packets < most);
  return packets;
}

const AT = Object.fromEntries(STAGES.map((stage, i) => [stage, i])) as Record<Stage, number>;

/** One lcore's way with a clock in it. */
abstract class TimedPath {
  /** Nanoseconds of each of the {@link STAGES}. */
  readonly times = new Float64Array(STAGES.length);
  protected readonly resources: LcoreResources;
  protected readonly classes: Classes;
  protected readonly jobs: EspJobs;
  protected readonly loop: LcoreLoop;
  protected readonly counters: number;
  readonly #table = new Uint32Array(BURST_MAX);
  readonly #classify: ClassifyStage;
  readonly #route: RouteStage;
  readonly #transmit: TransmitStage;
  readonly #now: () => number;
  readonly #clock = new Float64Array(1);
  readonly #engineTime: EngineTime;
  /** The cards, in the order of the ports: one receives, the other sends. */
  readonly #cards: readonly Steppable[];
  /** Full bursts since the cards were stepped; as many as there may be, when they are due. */
  #bursts = FULL_BURSTS_A_STEP;

  constructor(loop: LcoreLoop, engineTime: EngineTime) {
    const { lcore, drops, resources } = loop;
    const { memory, tables, transmit } = resources;
    this.loop = loop;
    this.resources = resources;
    this.counters = lcoreCounters(memory, lcore);
    this.classes = { ipv4: this.burst('ipv4'), ipv6: this.burst('ipv6'), esp: this.burst('esp') };
    this.jobs = new EspJobs(memory, `BENCH_JOBS_${lcore}`, BURST_MAX);
    this.#classify = new ClassifyStage(memory, drops);
    this.#route = new RouteStage(memory, tables.routes4, tables.routes6, drops);
    this.#transmit = new TransmitStage(memory, transmit, this.counters, drops);
    this.#now = resources.environment.now;
    this.#engineTime = engineTime;
    this.#cards = resources.steps.devices();
  }

  /** A burst of its own, beside those of the lcore. */
  protected burst(name: string): PacketBurst {
    return new PacketBurst(this.resources.memory, `BENCH_BURST_${name}`);
  }

  /** The burst in the middle of its way: through the policies and ESP; returns it as it goes on. */
  protected abstract protect(): PacketBurst;

  poll(): number {
    const { port, queue } = this.resources.receive[0];
    this.#clock[0] = this.#now();
    this.#step(0, AT.rxCard);
    if (this.#bursts === FULL_BURSTS_A_STEP) this.#bursts = 0;
    const count = port.rxBurst(queue, this.#table, BURST_MAX);
    this.after(AT.receive);
    if (count > 0) {
      this.#classify.sort(this.#table, count, this.classes);
      this.after(AT.classify);
      const burst = this.protect();
      this.#route.assign(burst);
      this.after(AT.route);
      this.#transmit.send(burst);
      this.after(AT.transmit);
    }
    this.#bursts = count === BURST_MAX ? this.#bursts + 1 : FULL_BURSTS_A_STEP;
    this.#step(1, AT.txCard);
    return count;
  }

  /** Lets a card work, if there is one and cards are due. What its engine takes is the time of `crypto`. */
  #step(card: number, stage: number): void {
    const engine = this.#engineTime.nanoseconds;
    if (this.#bursts === FULL_BURSTS_A_STEP) this.#cards[card]?.step(STEP_BUDGET);
    this.after(stage);
    const spent = this.#engineTime.nanoseconds - engine;
    this.times[stage] -= spent;
    this.times[AT.crypto] += spent;
  }

  /** What passed since the last look at the clock is the time of this stage. */
  protected after(stage: number): void {
    const now = this.#now();
    this.times[stage] += now - this.#clock[0];
    this.#clock[0] = now;
  }

  protected crypt(): number {
    const { position, count } = this.jobs;
    return count === 0 ? 0 : this.resources.crypto.process(position, count);
  }

  end(): void {
    this.#transmit.flush();
  }
}

class TimedOutbound extends TimedPath {
  readonly #clear: PacketBurst;
  readonly #policy: PolicyStage;
  readonly #esp: EspOutbound;

  constructor(loop: LcoreLoop, engineTime: EngineTime) {
    super(loop, engineTime);
    const { memory, tables, offload } = this.resources;
    const counters = this.counters + (COUNTER.outbound4 >> 3);
    this.#clear = this.burst('clear');
    this.#policy = new PolicyStage(memory, tables.outbound4, counters, loop.drops, tables.singleSa);
    this.#esp = new EspOutbound(memory, this.jobs, loop.drops, new OutboundOffloadRequest(memory, offload));
  }

  protected protect(): PacketBurst {
    const burst = this.classes.ipv4;
    this.#policy.protect(burst, this.#clear);
    this.after(AT.policy);
    this.#esp.encapsulate(burst);
    this.after(AT.esp);
    const succeeded = this.crypt();
    this.after(AT.crypto);
    this.#esp.finish(burst, succeeded);
    this.after(AT.finish);
    return burst;
  }
}

class TimedInbound extends TimedPath {
  readonly #policy: PolicyStage;
  readonly #esp: EspInbound;

  constructor(loop: LcoreLoop, engineTime: EngineTime) {
    super(loop, engineTime);
    const { memory, tables } = this.resources;
    const counters = this.counters + (COUNTER.inbound4 >> 3);
    this.#policy = new PolicyStage(memory, tables.inbound4, counters, loop.drops);
    this.#esp = new EspInbound(memory, this.jobs, loop.drops);
  }

  protected protect(): PacketBurst {
    const burst = this.classes.esp;
    this.resources.tables.sad?.assign(burst, this.loop.drops);
    this.after(AT.sad);
    this.#esp.prepare(burst);
    this.after(AT.esp);
    const succeeded = this.crypt();
    this.after(AT.crypto);
    this.#esp.decapsulate(burst, succeeded);
    this.after(AT.finish);
    this.#policy.check(burst);
    this.after(AT.policy);
    return burst;
  }
}
