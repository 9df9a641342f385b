import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { COUNTER, lcoreCounters } from '../datapath/counters.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { startGateway } from '../gateway/start-gateway.ts';
import { commandLine, configurationOf, type Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import { type Round, type Subject, takeTurns } from './subject.ts';
import { clearCapture } from './traffic.ts';

const LEAST_FRAMES = 256;
const POLLS_AT_ONCE = 64;

/** How {@link GatewaySubject} may differ from a plain run of its scenario. */
export interface GatewaySubjectOptions {
  readonly create: EngineFactory;
  /** Frames a second that come in. Default: as many as are taken. */
  readonly pace?: number | undefined;
}

/** A whole gateway in this thread: one lcore, frames replayed from memory, what it sends thrown away. */
export class GatewaySubject implements Subject {
  readonly gateway: Gateway;
  readonly #now: () => number;
  readonly #received: number;

  constructor(setting: BenchSetting, scenario: Scenario, options: GatewaySubjectOptions) {
    const files = new BenchFiles(captureFor(setting, scenario, options.create));
    this.gateway = startScenario(setting, scenario, options, files, true);
    this.#now = setting.platform.environment.now;
    this.#received = lcoreCounters(this.gateway.memory, this.gateway.loops[0].lcore) + (COUNTER.received >> 3);
  }

  round(limit: { readonly nanoseconds: number; readonly packets: number }): Round {
    const { gateway } = this;
    const { f64 } = gateway.memory;
    const before = f64[this.#received];
    const start = this.#now();
    let nanoseconds = 0;
    do {
      for (let i = 0; i < POLLS_AT_ONCE; i++) gateway.poll();
      nanoseconds = this.#now() - start;
    } while (nanoseconds < limit.nanoseconds && f64[this.#received] - before < limit.packets);
    return { packets: f64[this.#received] - before, nanoseconds };
  }

  /** @throws SetupError `ERR_BENCH_DROPS` (EIO) when packets were dropped: what was measured was something else */
  close(): void {
    const drops = this.gateway.drops();
    this.gateway.stop();
    const reasons = Object.entries(drops).map(([name, count]) => `${count} as ${name}`);
    if (reasons.length === 0) return;
    throw new SetupError({
      code: 'ERR_BENCH_DROPS',
      errno: 'EIO',
      message: 'the gateway under measurement dropped packets',
      got: reasons.join(', '),
    });
  }
}

/** So many packets a second are `load` percent of what a scenario takes at most. */
export function paceOf(setting: BenchSetting, scenario: Scenario, create: EngineFactory, load: number): number {
  const [full] = takeTurns([new GatewaySubject(setting, scenario, { create })], setting.budget);
  return Math.max(1, Math.round((load * 1e7) / full.nanoseconds));
}

/**
 * What comes in: clear frames, or what an outbound gateway of the same scenario makes of them.
 *
 * @param least frames that there are at least
 */
export function captureFor(
  setting: BenchSetting,
  scenario: Scenario,
  create: EngineFactory,
  least: number = LEAST_FRAMES,
): Uint8Array {
  const { frames, direction, policies } = scenario;
  // Every flow and every size comes as often as any other.
  const unit = lcm(frames.pattern.length, policies);
  const count = unit * Math.ceil(least / unit);
  const clear = clearCapture(frames, count, policies);
  if (direction === 'out') return clear;
  return setting.captureOf?.(scenario, least) ?? encrypted(setting, scenario, create, clear);
}

function encrypted(setting: BenchSetting, scenario: Scenario, create: EngineFactory, clear: Uint8Array): Uint8Array {
  const written = new MemoryCaptureFiles();
  const outbound: Scenario = { ...scenario, direction: 'out', ports: 'capture' };
  const gateway = startScenario(setting, outbound, { create }, new BenchFiles(clear, written), false);
  for (let quiet = 0; quiet < 4; ) quiet = gateway.poll() > 0 ? 0 : quiet + 1;
  gateway.stop();
  return writePcap(readCapture(written.files.get('sent.pcap') ?? new Uint8Array()));
}

function lcm(one: number, other: number): number {
  let a = one;
  for (let b = other; b !== 0; ) [a, b] = [b, a % b];
  return (one / a) * other;
}

function startScenario(
  { platform, memory }: BenchSetting,
  scenario: Scenario,
  { create, pace }: GatewaySubjectOptions,
  files: CaptureFiles,
  endless: boolean,
): Gateway {
  const words = commandLine(scenario, {
    configuration: 'bench.cfg',
    capture: 'capture.pcap',
    endless,
    pace,
    megabytes: 256,
  });
  const configuration = configurationOf(scenario);
  const gateway = startGateway(
    ['ipsec-secgw', '--log-level', 'error', ...words],
    {
      ...platform,
      environment: { ...platform.environment, write: () => {} },
      files,
      readFile: () => Uint8Array.from(configuration, (letter) => letter.charCodeAt(0)),
      // Without crypto vdevs this is the one that serves, whatever it wraps; a card takes it too.
      engines: { openssl: create },
    },
    { memory },
  );
  if (gateway === undefined) throw new RangeError('the benchmark asks for no help');
  return gateway;
}

/** One capture to read; what is written is kept, or thrown away once it has been formatted. */
class BenchFiles implements CaptureFiles {
  readonly #source = new MemoryCaptureFiles();
  readonly #written: MemoryCaptureFiles | undefined;

  constructor(capture: Uint8Array, written?: MemoryCaptureFiles) {
    this.#source.files.set('capture.pcap', capture);
    this.#written = written;
  }

  read(path: string) {
    return this.#source.read(path);
  }

  write(path: string) {
    return this.#written?.write(path) ?? { write: () => {} };
  }
}
