import { describe, expect, it } from 'vitest';
import { type Environment, platformEnvironment, simulatedEnvironment } from './environment.ts';
import { nodeEnvironment } from './node/node-environment.ts';

describe.each<[string, Environment]>([
  ['the environment of the platform', platformEnvironment()],
  ['the environment of Node', nodeEnvironment()],
])('%s', (_name, environment) => {
  it('has a clock in nanoseconds that never goes back', () => {
    const first = environment.now();
    const start = Date.now();
    while (Date.now() < start + 5);
    const passed = environment.now() - first;
    expect(passed).toBeGreaterThan(3e6);
    expect(passed).toBeLessThan(5e9);
  });

  it('knows the time of day', () => {
    expect(Math.abs(environment.wallClock() - Date.now())).toBeLessThan(5000);
  });

  it('fills as much as is asked for with random bytes, in shared memory too', () => {
    const into = new Uint8Array(new SharedArrayBuffer(200_000));
    environment.random(into.subarray(0, 190_000));
    for (const at of [0, 65_536, 131_072, 180_000]) {
      expect(into.subarray(at, at + 10_000).filter((byte) => byte === 0).length).toBeLessThan(200);
    }
    expect(into.subarray(190_000).every((byte) => byte === 0)).toBe(true);
  });
});

describe('the environment of the platform', () => {
  it('writes with what it was given, and else nowhere', () => {
    const written: string[] = [];
    platformEnvironment((stream, text) => written.push(`${stream} ${text}`)).write('stderr', 'hello');
    platformEnvironment().write('stderr', 'lost');
    expect(written).toEqual(['stderr hello']);
  });
});

describe('the environment of Node', () => {
  it('knows how many processors there are', () => {
    expect(nodeEnvironment().processors).toBeGreaterThan(0);
  });
});

describe('a simulated environment', () => {
  it('lets time pass only when told to', () => {
    const environment = simulatedEnvironment(1, 1_000);
    expect([environment.now(), environment.wallClock()]).toEqual([0, 1_000]);
    environment.advance(2_500_000);
    expect([environment.now(), environment.wallClock()]).toEqual([2_500_000, 1_002.5]);
  });

  it('gives the same chance for the same seed', () => {
    const bytes = (seed: number) => {
      const into = new Uint8Array(32);
      simulatedEnvironment(seed).random(into);
      return into;
    };
    expect(bytes(7)).toEqual(bytes(7));
    expect(bytes(7)).not.toEqual(bytes(8));
    expect(bytes(0).some((byte) => byte !== 0)).toBe(true);
  });

  it('keeps what was written, by stream', () => {
    const environment = simulatedEnvironment();
    environment.write('stdout', 'a');
    environment.write('stderr', 'b');
    environment.write('stdout', 'c');
    expect(environment.written).toEqual({ stdout: 'ac', stderr: 'b' });
  });
});
