import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  noSystemCalls,
  O_CLOEXEC,
  O_NONBLOCK,
  type SystemCalls,
  systemCalls,
} from '@inline-ipsec/eal/linux/system-calls';
import { LINK_UP_10G, type Wire } from '@inline-ipsec/wire/wire';
import { describe, expect, it } from 'vitest';
import { ControlWords } from './control-words.ts';
import { IdleWait } from './idle-wait.ts';

const missing = noSystemCalls();
const skipped = missing === undefined ? '' : ` (skipped: ${missing.message})`;

function wire(more: Partial<Wire>): Wire {
  return {
    name: 'test',
    link: LINK_UP_10G,
    done: false,
    endless: undefined,
    receive: () => 0,
    transmit: () => 0,
    flush: () => {},
    close: () => {},
    ...more,
  };
}

function milliseconds(work: () => void): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

/** Runs a statement of `control` on another thread, after so many milliseconds. */
function later(control: ControlWords, statement: string, after: number): Promise<unknown> {
  const source = `
    const { workerData } = require('node:worker_threads');
    const words = new Int32Array(workerData.buffer);
    Atomics.store(words, 2, 99);
    setTimeout(() => { ${statement} }, ${after});`;
  const worker = new Worker(source, { eval: true, workerData: { buffer: control.buffer } });
  // It has started: only then its time runs.
  while (control.status !== 99) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  return new Promise((resolve) => worker.once('exit', resolve));
}

describe('a sleep of the lcores', () => {
  it('is long when nothing can come any more', () => {
    const wait = new IdleWait([wire({ done: true })], new ControlWords());
    expect(milliseconds(() => wait.sleep())).toBeGreaterThan(50);
  });

  it('ends when the lcores shall', async () => {
    const control = new ControlWords();
    const wait = new IdleWait([wire({ done: true })], control);
    const over = later(control, 'Atomics.store(words, 0, 2); Atomics.notify(words, 0);', 20);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(90);
    expect(control.stop).toBe(2);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(50);
    await over;
  });

  it('is a nap when a wire must be looked after, and naps grow until packets come', () => {
    const wait = new IdleWait([wire({ done: true }), wire({})], new ControlWords());
    const first = milliseconds(() => wait.sleep());
    for (let i = 0; i < 10; i++) wait.sleep();
    const naps = () => milliseconds(() => Array.from({ length: 20 }, () => wait.sleep()));
    const grown = naps() / 20;
    expect(first).toBeLessThan(20);
    expect(grown).toBeGreaterThan(0.9);
    expect(grown).toBeLessThan(20);
    wait.reset();
    expect(milliseconds(() => wait.sleep())).toBeLessThan(0.9 + 20);
  });
});

describe('the request to stop', () => {
  it('has the reason that came first', () => {
    const control = new ControlWords();
    control.requestStop(15);
    control.requestStop(2);
    expect(new ControlWords(control.buffer).stop).toBe(15);
  });
});

describe.skipIf(missing !== undefined)(`a sleep on descriptors${skipped}`, () => {
  const calls = missing === undefined ? systemCalls() : (undefined as unknown as SystemCalls);
  const event = () => calls.eventfd(0, O_NONBLOCK | O_CLOEXEC);
  const ONE = new BigUint64Array([1n]);

  it('is long when none is ready, and none at all when one is', () => {
    const descriptor = event();
    const wait = new IdleWait([wire({ descriptor }), wire({ done: true })], new ControlWords());
    expect(milliseconds(() => wait.sleep())).toBeGreaterThan(50);
    writeSync(descriptor, ONE);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(50);
    calls.close(descriptor);
  });

  it('ends as soon as one is ready', async () => {
    const descriptor = event();
    const control = new ControlWords();
    const wait = new IdleWait([wire({ descriptor })], control);
    const statement = `require('node:fs').writeSync(${descriptor}, new BigUint64Array([1n]));`;
    const over = later(control, statement, 20);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(90);
    await over;
    calls.close(descriptor);
  });

  it('ends when the lcores shall', async () => {
    const descriptor = event();
    const control = new ControlWords();
    const wait = new IdleWait([wire({ descriptor })], control);
    const statement = `
      Atomics.store(words, 0, 2);
      require('node:fs').writeSync(Atomics.load(words, 1) - 1, new BigUint64Array([1n]));`;
    const over = later(control, statement, 20);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(90);
    expect(milliseconds(() => wait.sleep())).toBeLessThan(50);
    await over;
    calls.close(descriptor);
  });

  it('naps while one is ready that gives nothing', () => {
    const descriptor = event();
    writeSync(descriptor, ONE);
    const wait = new IdleWait([wire({ descriptor })], new ControlWords());
    for (let i = 0; i < 10; i++) wait.sleep();
    expect(milliseconds(() => Array.from({ length: 20 }, () => wait.sleep()))).toBeGreaterThan(8);
    calls.close(descriptor);
  });

  it('is short when a wire without one must be looked after', () => {
    const descriptor = event();
    const wait = new IdleWait([wire({ descriptor }), wire({})], new ControlWords());
    expect(milliseconds(() => wait.sleep())).toBeLessThan(50);
    calls.close(descriptor);
  });
});
