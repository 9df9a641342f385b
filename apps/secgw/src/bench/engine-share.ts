import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { GatewaySubject } from './gateway-subject.ts';
import type { Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import type { Round, Subject } from './subject.ts';
import { type EngineTime, timedEngine } from './timed-engine.ts';

/**
 * The time that a gateway spends in its engine. It is a gateway of its own, which looks at the clock before and after each
 * burst: the clock costs as much as some packets do, so the path is measured without it.
 */
export class EngineShare implements Subject {
  readonly #time: EngineTime = { nanoseconds: 0, calls: 0 };
  readonly #clock: number;
  readonly #gateway: GatewaySubject;

  constructor(setting: BenchSetting, scenario: Scenario, create: EngineFactory) {
    const { environment } = setting.platform;
    this.#clock = clockCost(environment);
    this.#gateway = new GatewaySubject(setting, scenario, { create: timedEngine(create, environment, this.#time) });
  }

  /** The nanoseconds of the round are those in the engine. */
  round(limit: { readonly nanoseconds: number; readonly packets: number }): Round {
    this.#time.nanoseconds = 0;
    this.#time.calls = 0;
    const { packets } = this.#gateway.round(limit);
    return { packets, nanoseconds: Math.max(0, this.#time.nanoseconds - this.#time.calls * this.#clock) };
  }

  close(): void {
    this.#gateway.close();
  }
}

/** What an interval of nothing measures, in nanoseconds. */
export function clockCost(environment: Environment): number {
  const looks = 100_000;
  let sum = 0;
  for (let i = 0; i < looks; i++) {
    const before = environment.now();
    sum += environment.now() - before;
  }
  return sum / looks;
}
