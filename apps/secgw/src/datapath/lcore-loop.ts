import type { AclTable } from '@inline-ipsec/acl/acl-table';
import { type Environment, readClock } from '@inline-ipsec/eal/environment';
import { enterLcore } from '@inline-ipsec/eal/lcore';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { StepList } from '@inline-ipsec/eal/step-list';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import { DROP } from '@inline-ipsec/ipsec/drop-reason';
import { Drops } from '@inline-ipsec/ipsec/drops';
import { EspInbound } from '@inline-ipsec/ipsec/esp-inbound';
import { EspJobs } from '@inline-ipsec/ipsec/esp-jobs';
import { EspOutbound } from '@inline-ipsec/ipsec/esp-outbound';
import { BURST_MAX, PacketBurst } from '@inline-ipsec/ipsec/packet-burst';
import type { Sad } from '@inline-ipsec/ipsec/sad';
import type { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import type { Lpm6 } from '@inline-ipsec/lpm/lpm6';
import { type Classes, ClassifyStage } from './classify.ts';
import { COUNTER, lcoreCounters } from './counters.ts';
import type { JobProcessor } from './job-processor.ts';
import { type OutboundOffload, OutboundOffloadRequest } from './outbound-offload.ts';
import { PolicyStage } from './policy.ts';
import { RouteStage } from './route.ts';
import { TransmitStage, type TransmitTarget } from './transmit.ts';

/** Packets wait at most this long for a full burst (DPDK's gateway: `BURST_TX_DRAIN_US`). */
const DRAIN_NANOSECONDS = 100_000;

/**
 * So many full bursts are worked on before modelled devices are stepped again, which then move as much at once: each of
 * their procedures costs least by the frame when it gets many. Whenever bursts are not full, nothing waits for more.
 */
export const FULL_BURSTS_A_STEP = 2;
/** Frames that a device may move in a step. */
export const STEP_BUDGET: number = FULL_BURSTS_A_STEP * BURST_MAX;

/** A receive queue that an lcore polls. */
export interface ReceiveQueue {
  readonly port: EthPort;
  readonly queue: number;
  /** ESP arrives here; otherwise clear packets do. */
  readonly unprotected: boolean;
}

/** The look-up tables that all lcores share; a missing one is none configured. */
export interface GatewayTables {
  readonly sad: Sad | undefined;
  readonly outbound4: AclTable | undefined;
  readonly outbound6: AclTable | undefined;
  readonly inbound4: AclTable | undefined;
  readonly inbound6: AclTable | undefined;
  readonly routes4: Lpm4 | undefined;
  readonly routes6: Lpm6 | undefined;
  /** The SA that protects everything outbound, where there are no outbound policies; 0 for none. */
  readonly singleSa: number;
}

/** What an lcore works with. */
export interface LcoreResources {
  readonly lcore: number;
  readonly memory: Memory;
  readonly environment: Environment;
  readonly steps: StepList;
  readonly receive: readonly ReceiveQueue[];
  readonly transmit: readonly TransmitTarget[];
  readonly tables: GatewayTables;
  /** Serves the lookaside SAs of this lcore. */
  readonly crypto: JobProcessor;
  readonly offload: OutboundOffload;
}

/**
 * What one lcore does: the gateway's whole data path. A packet's way is, from top to bottom,
 *
 * ```
 * receive → classify → [unprotected] SAD → decrypt → ESP off → policy check ┐
 *                    → [protected]   policy → ESP on → encrypt             ├→ route → transmit
 * ```
 *
 * and each step is a stage over a burst. {@link LcoreLoop.poll} goes round once.
 */
export class LcoreLoop {
  readonly lcore: number;
  readonly drops: Drops;
  readonly #resources: LcoreResources;
  readonly #memory: Memory;
  readonly #counters: number;
  readonly #table = new Uint32Array(BURST_MAX);
  readonly #classes: Classes;
  readonly #clear: PacketBurst;
  readonly #jobs: EspJobs;
  readonly #outbound: EspOutbound;
  readonly #inbound: EspInbound;
  readonly #classify: ClassifyStage;
  readonly #outbound4: PolicyStage;
  readonly #outbound6: PolicyStage;
  readonly #inbound4: PolicyStage;
  readonly #inbound6: PolicyStage;
  readonly #route: RouteStage;
  readonly #transmit: TransmitStage;
  /** Nanoseconds: when it was last looked at, and when packets that waited were last sent. */
  readonly #clock = new Float64Array(2);
  /** Full bursts since devices were last stepped. */
  #fullBursts = 0;

  constructor(resources: LcoreResources) {
    const { lcore, memory, tables } = resources;
    this.lcore = lcore;
    this.#resources = resources;
    this.#memory = memory;
    this.#counters = lcoreCounters(memory, lcore);
    this.drops = new Drops(memory, lcore);
    this.#classify = new ClassifyStage(memory, this.drops);
    const burst = (name: string) => new PacketBurst(memory, `BURST_${lcore}_${name}`);
    this.#classes = { ipv4: burst('ipv4'), ipv6: burst('ipv6'), esp: burst('esp') };
    this.#clear = burst('clear');
    this.#jobs = new EspJobs(memory, `JOBS_${lcore}`, BURST_MAX);
    this.#outbound = new EspOutbound(
      memory,
      this.#jobs,
      this.drops,
      new OutboundOffloadRequest(memory, resources.offload),
    );
    this.#inbound = new EspInbound(memory, this.#jobs, this.drops);
    const policy = (table: AclTable | undefined, counters: number) =>
      new PolicyStage(memory, table, this.#counters + (counters >> 3), this.drops, tables.singleSa);
    this.#outbound4 = policy(tables.outbound4, COUNTER.outbound4);
    this.#outbound6 = policy(tables.outbound6, COUNTER.outbound6);
    this.#inbound4 = policy(tables.inbound4, COUNTER.inbound4);
    this.#inbound6 = policy(tables.inbound6, COUNTER.inbound6);
    this.#route = new RouteStage(memory, tables.routes4, tables.routes6, this.drops);
    this.#transmit = new TransmitStage(memory, resources.transmit, this.#counters, this.drops);
  }

  /** What it works with. */
  get resources(): LcoreResources {
    return this.#resources;
  }

  /** Packets that this lcore holds between receive and transmit. */
  get inFlight(): number {
    return this.#transmit.waiting;
  }

  /**
   * One round over all receive queues of this lcore.
   *
   * @returns how many packets came, and how many units of work the modelled devices did
   */
  poll(): number {
    const { receive, steps } = this.#resources;
    const before = enterLcore(this.lcore);
    const fullBursts = this.#fullBursts;
    let work = 0;
    for (let i = 0; i < receive.length; i++) work += this.#pollQueue(receive[i]);
    if (this.#transmit.waiting > 0) this.#drain();
    this.drops.flush();
    if (this.#fullBursts === fullBursts || this.#fullBursts >= FULL_BURSTS_A_STEP) {
      this.#fullBursts = 0;
      work += steps.stepAll(this.lcore, STEP_BUDGET);
    }
    this.#memory.f64[this.#counters + (COUNTER.polls >> 3)] += 1;
    enterLcore(before);
    return work;
  }

  /** Sends what waits for a full burst, without waiting for its time. */
  drain(): void {
    const before = enterLcore(this.lcore);
    this.#transmit.flush();
    this.drops.flush();
    this.#resources.steps.stepAll(this.lcore, STEP_BUDGET);
    enterLcore(before);
  }

  /** Sends what has waited long enough for a full burst. */
  #drain(): void {
    const clock = this.#clock;
    readClock(this.#resources.environment, clock);
    const waited = clock[0] - clock[1];
    if (waited >= 0 && waited <= DRAIN_NANOSECONDS) return;
    this.#transmit.flush();
    clock[1] = clock[0];
  }

  #pollQueue(queue: ReceiveQueue): number {
    const { f64 } = this.#memory;
    const count = queue.port.rxBurst(queue.queue, this.#table, BURST_MAX);
    if (count === 0) return 0;
    f64[this.#counters + (COUNTER.received >> 3)] += count;
    f64[this.#counters + (COUNTER.rxCalls >> 3)] += 1;
    if (count === BURST_MAX) {
      f64[this.#counters + (COUNTER.fullBursts >> 3)] += 1;
      this.#fullBursts++;
    }
    this.#classify.sort(this.#table, count, this.#classes);
    if (queue.unprotected) this.#fromUnprotected();
    else this.#fromProtected();
    return count;
  }

  /** Clear packets on their way out: policy, ESP on, encryption. */
  #fromProtected(): void {
    const { ipv4, ipv6, esp } = this.#classes;
    const clear = this.#clear;
    clear.clear();
    dropAll(esp, DROP.esp_on_protected, this.drops);
    this.#outbound4.protect(ipv4, clear);
    this.#outbound6.protect(ipv6, clear);
    this.#encrypt(ipv4);
    this.#encrypt(ipv6);
    this.#forward(clear);
  }

  #encrypt(burst: PacketBurst): void {
    if (burst.count === 0) return;
    this.#outbound.encapsulate(burst);
    this.#outbound.finish(burst, this.#crypt());
    this.#forward(burst);
  }

  /** ESP on its way in: SAD, decryption, ESP off; then the policies look at everything. */
  #fromUnprotected(): void {
    const { ipv4, ipv6, esp } = this.#classes;
    this.#decrypt(esp);
    // What came out of ESP is one family as a rule, and then needs no sorting.
    if (esp.family === 4) this.#admit(esp, this.#inbound4);
    else splitFamilies(this.#memory, esp, ipv4, ipv6);
    this.#admit(ipv4, this.#inbound4);
    this.#admit(ipv6, this.#inbound6);
  }

  #admit(burst: PacketBurst, policies: PolicyStage): void {
    policies.check(burst);
    this.#forward(burst);
  }

  #decrypt(esp: PacketBurst): void {
    if (esp.count === 0) return;
    const { sad } = this.#resources.tables;
    if (sad === undefined) dropAll(esp, DROP.sa_unknown, this.drops);
    else sad.assign(esp, this.drops);
    this.#inbound.prepare(esp);
    this.#inbound.decapsulate(esp, this.#crypt());
  }

  /** Has the lookaside engine work through all jobs; returns how many succeeded. */
  #crypt(): number {
    const { position, count } = this.#jobs;
    return count === 0 ? 0 : this.#resources.crypto.process(position, count);
  }

  /** The way out, the same for all: route and transmit. */
  #forward(burst: PacketBurst): void {
    if (burst.count === 0) return;
    this.#route.assign(burst);
    this.#transmit.send(burst);
  }
}

function dropAll(burst: PacketBurst, reason: number, drops: Drops): void {
  for (let row = 0; row < burst.count; row++) drops.drop(burst.mbuf[row], reason, 0);
  burst.count = 0;
}

function splitFamilies(memory: Memory, burst: PacketBurst, ipv4: PacketBurst, ipv6: PacketBurst): void {
  const { u8 } = memory;
  for (let row = 0; row < burst.count; row++) {
    const family = u8[burst.header[row]] >>> 4 === 4 ? ipv4 : ipv6;
    family.take(burst, row);
  }
  ipv4.family = 4;
  ipv6.family = 6;
}
