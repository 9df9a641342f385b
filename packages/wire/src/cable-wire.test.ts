import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { CABLE_BYTES, CableWire } from './cable-wire.ts';

const ROOM = 10_000;
const SLOTS = 40;

/** A module for a worker, with all that it imports in it: Node 20 runs no TypeScript, so vitest's own bundler helps. */
async function bundled(source: string): Promise<string> {
  const fromVitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'));
  const vite = await import(/* @vite-ignore */ pathToFileURL(fromVitest.resolve('vite')).href);
  const entry = fileURLToPath(new URL('./worker-of-the-test.ts', import.meta.url));
  const [output] = await vite.build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@inline-ipsec/source'] },
    build: {
      write: false,
      minify: false,
      lib: { entry, formats: ['es'], fileName: 'worker' },
      rolldownOptions: { external: [/^node:/] },
    },
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === entry ? id : undefined),
        load: (id: string) => (id === entry ? source : undefined),
      },
    ],
  });
  return output.output[0].code;
}

let memory: Memory;
let at: Uint32Array;
let lengths: Uint32Array;

beforeEach(() => {
  memory = Memory.create({ bytes: 4 * 1024 * 1024 });
  const zone = memory.reserve('slots', SLOTS * (ROOM + 12));
  at = Uint32Array.from({ length: SLOTS }, (_, i) => zone.position + 2 + i * (ROOM + 12));
  lengths = new Uint32Array(SLOTS);
});

/** Sends frames whose bytes are all the low byte of their number; returns how many were taken. */
function send(wire: CableWire, frames: readonly { number: number; length: number }[]): number {
  frames.forEach(({ number, length }, i) => {
    memory.u8.fill(number, at[i], at[i] + length);
    lengths[i] = length;
  });
  return wire.transmit(at, lengths, frames.length);
}

function take(wire: CableWire, n = SLOTS, room = ROOM): { number: number; length: number }[] {
  const count = wire.receive(at, room, lengths, n);
  return Array.from({ length: count }, (_, i) => {
    const bytes = memory.view(at[i], Math.min(lengths[i], room));
    if (bytes.some((byte) => byte !== bytes[0])) throw new Error(`frame ${i} is torn`);
    return { number: bytes[0], length: lengths[i] };
  });
}

describe('CableWire', () => {
  it('has a link only while both ends are plugged in', () => {
    const a = CableWire.plug(memory, 'c0');
    expect(a.link).toEqual({ up: false, speedMbps: 0 });
    const b = CableWire.plug(memory, 'c0');
    expect(a.link).toEqual({ up: true, speedMbps: 10_000 });
    expect(b.link.up).toBe(true);
    b.close();
    expect(a.link.up).toBe(false);
    expect(b.link.up).toBe(false);
  });

  it('takes nothing while nobody has the other end', () => {
    const a = CableWire.plug(memory, 'c0');
    expect(send(a, [{ number: 1, length: 60 }])).toBe(0);
  });

  it('refuses a third end by the name of the cable', () => {
    CableWire.plug(memory, 'c0');
    CableWire.plug(memory, 'c0');
    expect(() => CableWire.plug(memory, 'c0')).toThrow(expect.objectContaining({ code: 'ERR_CABLE_ENDS' }));
    expect(() => CableWire.plug(memory, 'c0')).toThrow(/cable c0/);
  });

  it('refuses names that a memzone cannot have', () => {
    for (const name of ['', 'with space', 'x'.repeat(26)]) {
      expect(() => CableWire.plug(memory, name)).toThrow(expect.objectContaining({ code: 'ERR_CABLE_NAME' }));
    }
  });

  it('carries frames both ways, in order, and gives their true length when it cuts them', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    const there = [
      { number: 1, length: 60 },
      { number: 2, length: 9728 },
      { number: 3, length: 1 },
    ];
    expect(send(a, there)).toBe(3);
    expect(send(b, [{ number: 9, length: 61 }])).toBe(1);
    expect(take(b)).toEqual(there);
    expect(take(a, SLOTS, 20)).toEqual([{ number: 9, length: 61 }]);
    expect(take(a)).toEqual([]);
  });

  it('is done while nothing is on its way to it', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    expect([a.done, b.done]).toEqual([true, true]);
    send(a, [{ number: 1, length: 60 }]);
    expect([a.done, b.done]).toEqual([true, false]);
    take(b);
    expect(b.done).toBe(true);
    expect(b.endless).toBeUndefined();
  });

  it('takes whole frames until it is full, and goes on when there is room', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    let sent = 0;
    for (let took = 1; took === 1; sent += took) took = send(a, [{ number: sent, length: 9000 }]);
    expect(sent).toBe(Math.floor(CABLE_BYTES / (9000 + 8)));
    const got = take(b, 1);
    expect(got).toEqual([{ number: 0, length: 9000 }]);
    expect(send(a, [{ number: 77, length: 8000 }])).toBe(1);
    let last = got;
    for (let more = take(b); more.length > 0; more = take(b)) last = more;
    expect(last.at(-1)).toEqual({ number: 77, length: 8000 });
  });

  it('is one queue each way, whatever the lengths and bursts', () => {
    const frame = fc.record({
      number: fc.nat(255),
      length: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: ROOM })),
    });
    const step = fc.record({ end: fc.nat(1), frames: fc.array(frame, { maxLength: SLOTS }), n: fc.nat(SLOTS) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ends = [CableWire.plug(memory, 'm'), CableWire.plug(memory, 'm')];
        const queues: { number: number; length: number }[][] = [[], []];
        for (const { end, frames, n } of steps) {
          const took = send(ends[end], frames);
          queues[end].push(...frames.slice(0, took));
          const waiting = queues[1 - end];
          expect(take(ends[end], n)).toEqual(waiting.splice(0, n));
        }
        for (const end of ends) end.close();
      }),
      { numRuns: 60 },
    );
  });

  it('goes on when its byte counts pass 2^31 and 2^32', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    const zone = memory.lookup('cable_c0');
    const indices = ((zone?.position ?? 0) + 64) >> 2;
    for (const start of [0x7fff_fff0, 0xffff_fff0]) {
      memory.u32[indices] = start;
      memory.u32[indices + 16] = start;
      for (let i = 0; i < 200; i++) {
        expect(send(a, [{ number: i, length: 61 + i }])).toBe(1);
        expect(take(b)).toEqual([{ number: i & 0xff, length: 61 + i }]);
      }
      let sent = 0;
      while (send(a, [{ number: sent, length: 9000 }]) === 1) sent++;
      // The last piece before the ring's end may be too short for one more.
      expect(sent).toBeGreaterThanOrEqual(28);
      const got: { number: number; length: number }[] = [];
      for (let more = take(b); more.length > 0; more = take(b)) got.push(...more);
      expect(got).toEqual(Array.from({ length: sent }, (_, number) => ({ number, length: 9000 })));
    }
  });

  it('gives an end that was plugged in again nothing of what the one before missed', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    send(a, [{ number: 1, length: 60 }]);
    b.close();
    const c = CableWire.plug(memory, 'c0');
    expect(take(c)).toEqual([]);
    send(a, [{ number: 2, length: 60 }]);
    expect(take(c)).toEqual([{ number: 2, length: 60 }]);
  });

  it('gives its memory back with its last end', () => {
    const [a, b] = [CableWire.plug(memory, 'c0'), CableWire.plug(memory, 'c0')];
    a.close();
    expect(memory.lookup('cable_c0')).toBeDefined();
    b.close();
    b.close();
    expect(memory.lookup('cable_c0')).toBeUndefined();
  });

  it('can be attached to by name where an end is plugged in, and only there', () => {
    const a = CableWire.plug(memory, 'c0');
    expect(() => CableWire.attach(memory, 'c0', 1)).toThrow(expect.objectContaining({ code: 'ERR_CABLE_UNKNOWN' }));
    expect(() => CableWire.attach(memory, 'c1', 0)).toThrow(expect.objectContaining({ code: 'ERR_CABLE_UNKNOWN' }));
    CableWire.plug(memory, 'c0');
    const other = CableWire.attach(Memory.attach(memory.handle), 'c0', 1);
    send(a, [{ number: 5, length: 100 }]);
    expect(take(other)).toEqual([{ number: 5, length: 100 }]);
  });

  it('joins two threads: nothing is lost, torn or out of order', async () => {
    const a = CableWire.plug(memory, 'threads');
    CableWire.plug(memory, 'threads');
    const FRAMES = 20_000;
    // The other thread sends back what it gets.
    const code = await bundled(`
      import { workerData } from 'node:worker_threads';
      import { Memory } from '@inline-ipsec/eal/memory';
      import { CableWire } from './cable-wire.ts';
      const memory = Memory.attach(workerData.handle);
      const wire = CableWire.attach(memory, 'threads', 1);
      const zone = memory.reserve('worker slots', 8 * 2048);
      const at = Uint32Array.from({ length: 8 }, (_, i) => zone.position + 2 + i * 2048);
      const lengths = new Uint32Array(8);
      for (let seen = 0; seen < workerData.frames; ) {
        const count = wire.receive(at, 2000, lengths, 8);
        for (let sent = 0; sent < count; ) {
          sent += wire.transmit(at.subarray(sent), lengths.subarray(sent), count - sent);
        }
        seen += count;
      }
    `);
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: { handle: memory.handle, frames: FRAMES },
    });
    const ended = once(worker, 'exit');
    const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
    failed.catch(() => {});
    const pump = (async () => {
      let sent = 0;
      let back = 0;
      const word = (i: number) => (at[i] + 2) >> 2;
      while (back < FRAMES) {
        let n = 0;
        for (; n < 8 && sent + n < FRAMES; n++) {
          lengths[n] = 64 + ((sent + n) % 1400);
          memory.u32[word(n)] = sent + n;
          memory.u32[(at[n] + 2 + ((lengths[n] - 6) & ~3)) >> 2] = sent + n;
        }
        sent += a.transmit(at, lengths, n);
        const count = a.receive(at, ROOM, lengths, SLOTS);
        for (let i = 0; i < count; i++, back++) {
          const last = memory.u32[(at[i] + 2 + ((lengths[i] - 6) & ~3)) >> 2];
          if (memory.u32[word(i)] !== back || last !== back || lengths[i] !== 64 + (back % 1400)) {
            throw new Error(`frame ${back} came as ${memory.u32[word(i)]}/${last} with ${lengths[i]} bytes`);
          }
        }
        if (count === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(back).toBe(FRAMES);
    })();
    await Promise.race([pump, failed]);
    await ended;
  });
});
