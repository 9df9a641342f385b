import { EngineShare } from './engine-share.ts';
import { EngineSubject, payloadsOf } from './engine-subject.ts';
import type { BenchEngine } from './engines.ts';
import { averageBytes, type FrameMix } from './frame-mix.ts';
import { GatewaySubject } from './gateway-subject.ts';
import { type BenchDirection, type BenchPorts, ONE, type Scenario } from './scenario.ts';
import type { BenchSetting } from './setting.ts';
import { takeTurns } from './subject.ts';
import { limitBursts } from './wire-tap.ts';

/** Million packets a second, and gigabits of clear frames a second. */
export interface Rate {
  readonly mpps: number;
  readonly gbps: number;
  /** Nanoseconds a packet. */
  readonly nanoseconds: number;
}

function rate(nanoseconds: number, bytes: number): Rate {
  return { mpps: 1e3 / nanoseconds, gbps: (8 * bytes) / nanoseconds, nanoseconds };
}

/** The whole path beside the engine alone. */
export interface PathRow extends Rate {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly packets: number;
  /** Nanoseconds a packet in the crypto library and in what wraps it. */
  readonly inEngine: number;
  /** All the rest: wires, ports, classification, policy, ESP, routes. */
  readonly outsideEngine: number;
  /** Nanoseconds a job of the engine's own loop, with the same payloads. */
  readonly loop: number;
  /** The path's rate as a share of that of the engine's loop. */
  readonly ofLoop: number;
}

/** The whole path, lookaside, with one SA, one policy and one route. */
export function pathRow(
  setting: BenchSetting,
  engine: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  ports: BenchPorts = 'null',
): PathRow {
  const { name, create } = engine;
  const scenario: Scenario = { engine: name, direction, frames, ports, ...ONE };
  const [path, loop] = takeTurns(
    [
      new GatewaySubject(setting, scenario, { create }),
      new EngineSubject(setting, { create, bare: name === 'null', payloads: payloadsOf(frames) }),
    ],
    setting.budget,
  );
  // Behind the others: a second kind of engine would cost the path what the compiler knows of the first.
  const [share] = takeTurns([new EngineShare(setting, scenario, create)], setting.budget);
  return {
    engine: name,
    direction,
    size: frames.name,
    packets: path.packets,
    ...rate(path.nanoseconds, averageBytes(frames)),
    inEngine: share.nanoseconds,
    outsideEngine: path.nanoseconds - share.nanoseconds,
    loop: loop.nanoseconds,
    ofLoop: loop.nanoseconds / path.nanoseconds,
  };
}

/** The rate of the whole path. */
export interface RateRow extends Rate {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
}

/** The whole path, by its ports alone. */
export function rateRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  ports: BenchPorts,
): RateRow {
  const scenario: Scenario = { engine: name, direction, frames, ports, ...ONE };
  const [{ nanoseconds }] = takeTurns([new GatewaySubject(setting, scenario, { create })], setting.budget);
  return { engine: name, direction, size: frames.name, ...rate(nanoseconds, averageBytes(frames)) };
}

/** The rate with many SAs, policies and routes. */
export interface ScaleRow extends Rate {
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly size: string;
  readonly sas: number;
  readonly policies: number;
  readonly routes: number;
}

/** Numbers of SAs, policies and routes. */
export type Counts = Pick<Scenario, 'sas' | 'policies' | 'routes'>;

/** The whole path with so many SAs, policies and routes; packets take them in turn. */
export function scaleRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  direction: BenchDirection,
  frames: FrameMix,
  counts: Counts,
): ScaleRow {
  const scenario: Scenario = { engine: name, direction, frames, ports: 'null', policed: true, ...counts };
  const [{ nanoseconds }] = takeTurns([new GatewaySubject(setting, scenario, { create })], setting.budget);
  return { engine: name, direction, size: frames.name, ...counts, ...rate(nanoseconds, averageBytes(frames)) };
}

/** The path and the engine alone, with so many packets a burst. */
export interface BatchRow extends Rate {
  readonly engine: string;
  readonly size: string;
  readonly batch: number;
  /** Million jobs a second of the engine's loop, so many a call. */
  readonly loopMjobs: number;
}

/** The whole path outbound when no more than `batch` packets come at once. */
export function batchRow(
  setting: BenchSetting,
  { name, create }: BenchEngine,
  frames: FrameMix,
  batch: number,
): BatchRow {
  const scenario: Scenario = { engine: name, direction: 'out', frames, ports: 'null', ...ONE };
  const path = new GatewaySubject(setting, scenario, { create });
  limitBursts(path.gateway.port(0).wires, batch);
  const loop = new EngineSubject(setting, {
    create,
    bare: name === 'null',
    payloads: payloadsOf(frames),
    burst: batch,
  });
  const [whole, alone] = takeTurns([path, loop], setting.budget);
  return {
    engine: name,
    size: frames.name,
    batch,
    ...rate(whole.nanoseconds, averageBytes(frames)),
    loopMjobs: 1e3 / alone.nanoseconds,
  };
}

/** An engine alone. */
export interface EngineRow {
  readonly engine: string;
  /** Bytes that are enciphered. */
  readonly bytes: number;
  readonly mjobs: number;
  readonly gbps: number;
  readonly nanoseconds: number;
}

/** The engine's own loop, 32 jobs a call. */
export function engineRow(setting: BenchSetting, { name, create }: BenchEngine, bytes: number): EngineRow {
  const [{ nanoseconds }] = takeTurns(
    [new EngineSubject(setting, { create, bare: name === 'null', payloads: [bytes] })],
    setting.budget,
  );
  return { engine: name, bytes, mjobs: 1e3 / nanoseconds, gbps: (8 * bytes) / nanoseconds, nanoseconds };
}
