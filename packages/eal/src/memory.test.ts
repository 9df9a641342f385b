import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNativeMemory, nativeMemoryHandle } from './linux/native-memory.ts';
import { noSystemCalls } from './linux/system-calls.ts';
import { alignUp, CACHE_LINE_BYTES, MAX_MEMZONES, MEMORY_MAX_BYTES, Memory, type Memzone } from './memory.ts';

const SIZE = 512 * 1024;

/** Where the first memzone of an empty memory lies. */
const FIRST = Memory.create({ bytes: SIZE }).reserve('first', 1).position;

/** Memory of any origin is the same. What the operating system gave stays until the process ends. */
const KINDS = [
  { kind: 'portable', create: (bytes: number) => Memory.create({ bytes }) },
  { kind: 'native', create: (bytes: number) => createNativeMemory({ bytes, hugepages: false }).memory },
].filter(({ kind }) => kind === 'portable' || noSystemCalls() === undefined);

function withCode(code: string, errno: string) {
  return expect.objectContaining({ name: 'SetupError', code, errno });
}

describe('a memory', () => {
  it('has the size asked for, in multiples of 64 KiB', () => {
    expect(Memory.create({ bytes: SIZE }).bytes).toBe(SIZE);
    for (const bytes of [0, 0x30000, SIZE + 1, -SIZE, Number.NaN, MEMORY_MAX_BYTES + 0x10000]) {
      expect(() => Memory.create({ bytes })).toThrow(withCode('ERR_MEMORY_SIZE', 'EINVAL'));
    }
  });

  it('can lie over foreign memory, whose address it keeps', () => {
    const memory = Memory.create({ over: { buffer: new ArrayBuffer(SIZE), address: 0x7f00_0000_0000 } });
    memory.reserve('a', 1);
    expect(Memory.attach(memory.handle).address).toBe(0x7f00_0000_0000);
    expect(Memory.attach(memory.handle).lookup('a')).toEqual(memory.lookup('a'));
  });

  it('is not attached to where there is none', () => {
    expect(() => Memory.attach({ buffer: new ArrayBuffer(SIZE), address: 0 })).toThrow(
      withCode('ERR_MEMORY_FOREIGN', 'EINVAL'),
    );
  });

  it('shows the same bytes in all its views', () => {
    const memory = Memory.create({ bytes: SIZE });
    const { position } = memory.reserve('a', 64);
    memory.f64[position >> 3] = 1;
    expect([memory.u32[(position + 4) >> 2], memory.i32[(position + 4) >> 2]]).toEqual([0x3ff0_0000, 0x3ff0_0000]);
    expect([memory.u16[(position + 6) >> 1], memory.u8[position + 7]]).toEqual([0x3ff0, 0x3f]);
    memory.view(position, 8).fill(0);
    expect(memory.f64[position >> 3]).toBe(0);
  });
});

describe.each(KINDS)('a memzone of $kind memory', ({ create }) => {
  const memory = create(SIZE);

  it('never begins at position 0', () => {
    expect(FIRST).toBeGreaterThan(0);
  });

  it('has a name of 1 to 31 printable characters that no other has', () => {
    const zone = memory.reserve('x'.repeat(31), 1);
    expect(memory.lookup('x'.repeat(31))).toEqual(zone);
    expect(() => memory.reserve('x'.repeat(32), 1)).toThrow(withCode('ERR_MEMZONE_NAME', 'ENAMETOOLONG'));
    expect(() => memory.reserve('', 1)).toThrow(withCode('ERR_MEMZONE_NAME', 'EINVAL'));
    expect(() => memory.reserve('a\nb', 1)).toThrow(withCode('ERR_MEMZONE_NAME', 'EINVAL'));
    expect(() => memory.reserve('x'.repeat(31), 1)).toThrow(withCode('ERR_MEMZONE_EXISTS', 'EEXIST'));
    expect(memory.lookup('')).toBeUndefined();
  });

  it('has a length', () => {
    for (const bytes of [0, -1, 1.5, Number.NaN, MEMORY_MAX_BYTES + 1]) {
      expect(() => memory.reserve('n', bytes)).toThrow(withCode('ERR_MEMZONE_SIZE', 'EINVAL'));
    }
  });

  it('is aligned to a power of two that is a cache line at least', () => {
    for (const align of [0, 1, 32, 96, 64.5, Number.NaN]) {
      expect(() => memory.reserve('n', 1, align)).toThrow(withCode('ERR_MEMZONE_ALIGN', 'EINVAL'));
    }
    expect(memory.reserve('n', 1, 0x10000).position % 0x10000).toBe(0);
  });

  it('is freed once', () => {
    const zone = memory.reserve('once', 1);
    memory.free(zone);
    expect(() => memory.free(zone)).toThrow(withCode('ERR_MEMZONE_UNKNOWN', 'EINVAL'));
    memory.reserve('other', 1);
    const again = memory.reserve('once', 1);
    expect(() => memory.free({ ...again, position: again.position + 64 })).toThrow(
      withCode('ERR_MEMZONE_UNKNOWN', 'EINVAL'),
    );
  });

  it('is refused, with what would help, when the memory is full', () => {
    expect(() => memory.reserve('much', SIZE)).toThrow(withCode('ERR_MEMORY_FULL', 'ENOMEM'));
    expect(() => memory.reserve('much', SIZE)).toThrow(/got \d+; use a larger memory \(EAL option -m/);
    expect(memory.lookup('much')).toBeUndefined();
  });

  it('is refused when the directory is full, and has place again when another goes', () => {
    const full = create(SIZE);
    for (let i = 0; i < MAX_MEMZONES; i++) full.reserve(`zone ${i}`, 64);
    expect(() => full.reserve('one more', 64)).toThrow(withCode('ERR_MEMZONE_LIMIT', 'ENOSPC'));
    full.free(full.memzones()[1000]);
    full.reserve('one more', 64);
    expect(full.memzones()).toHaveLength(MAX_MEMZONES);
  });
});

describe.each(KINDS)('memzones of $kind memory against a model', ({ create }) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const operation = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('reserve' as const),
        name: fc.constantFrom(...names),
        bytes: fc.integer({ min: 1, max: 150_000 }),
        align: fc.integer({ min: 6, max: 15 }).map((power) => 2 ** power),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('free' as const), name: fc.constantFrom(...names) }) },
  );

  /** The pieces between the memzones. */
  function gaps(zones: Iterable<Memzone>): { from: number; to: number }[] {
    const found: { from: number; to: number }[] = [];
    let from = FIRST;
    for (const { position, bytes } of [...zones].sort((a, b) => a.position - b.position)) {
      expect(position).toBeGreaterThanOrEqual(from);
      found.push({ from, to: position });
      from = position + bytes;
    }
    expect(from).toBeLessThanOrEqual(SIZE);
    return [...found, { from, to: SIZE }];
  }

  it('are aligned, zeroed and apart, are found by name, and fit wherever there is room', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const memory = create(SIZE);
        const model = new Map<string, Memzone>();
        for (const step of operations) {
          const held = model.get(step.name);
          if (step.kind === 'free') {
            if (held === undefined) continue;
            // What was written stays as long as the memzone does.
            expect(memory.u8[held.position]).toBe(step.name.charCodeAt(0));
            expect(memory.u8[held.position + held.bytes - 1]).toBe(step.name.charCodeAt(0));
            memory.free(held);
            model.delete(step.name);
          } else {
            const { name, bytes, align } = step;
            if (held !== undefined) {
              expect(() => memory.reserve(name, bytes, align)).toThrow(withCode('ERR_MEMZONE_EXISTS', 'EEXIST'));
              continue;
            }
            const length = alignUp(bytes, CACHE_LINE_BYTES);
            if (!gaps(model.values()).some(({ from, to }) => alignUp(from, align) + length <= to)) {
              expect(() => memory.reserve(name, bytes, align)).toThrow(withCode('ERR_MEMORY_FULL', 'ENOMEM'));
              continue;
            }
            const zone = memory.reserve(name, bytes, align);
            expect(zone).toEqual({ name, position: alignUp(zone.position, align), bytes: length });
            expect(memory.view(zone.position, zone.bytes).every((byte) => byte === 0)).toBe(true);
            memory.view(zone.position, zone.bytes).fill(name.charCodeAt(0));
            model.set(name, zone);
            gaps(model.values());
          }
        }
        const attached = Memory.attach(memory.handle);
        for (const name of names) expect(attached.lookup(name)).toEqual(model.get(name));
        expect(attached.memzones()).toHaveLength(model.size);
        for (const zone of model.values()) attached.free(zone);
        // Nothing is lost: all of it can be had in one piece, and all of it is wiped.
        const all = memory.reserve('all', SIZE - FIRST);
        expect(memory.view(all.position, all.bytes).every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(KINDS)('$kind memory that threads share', ({ create }) => {
  const folder = fileURLToPath(new URL('../node_modules/.compiled/', import.meta.url));

  // A thread of its own understands no TypeScript.
  beforeAll(() => {
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const project = fileURLToPath(new URL('../tsconfig.build.json', import.meta.url));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    spawnSync(process.execPath, [tsc, '-p', project, '--outDir', folder]);
  });

  /** Runs the body of an asynchronous function of `Memory`, `memory`, `data` and gives what it returns. */
  function inThread(memory: Memory, body: string, data: unknown = undefined): Promise<unknown> {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { portable, native, data } = workerData;
      import(workerData.module).then(async ({ Memory, attachNativeMemory }) => {
        const memory = native === undefined ? Memory.attach(portable) : attachNativeMemory(native);
        parentPort.postMessage(await (async () => { ${body} })());
      });`;
    const native = nativeMemoryHandle(memory);
    const module = pathToFileURL(join(folder, native === undefined ? 'memory.js' : 'linux/native-memory.js')).href;
    const portable = native === undefined ? memory.handle : undefined;
    const worker = new Worker(source, { eval: true, workerData: { module, portable, native, data } });
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }

  it('shows its memzones and their bytes to another thread', async () => {
    const memory = create(SIZE);
    const zone = memory.reserve('from here', 100);
    memory.u8[zone.position] = 42;
    const seen = await inThread(
      memory,
      `const zone = memory.lookup('from here');
       const byte = memory.u8[zone.position];
       memory.u32[memory.reserve('from there', 4).position >> 2] = 0xcafe;
       return { zone, byte };`,
    );
    expect(seen).toEqual({ zone, byte: 42 });
    expect(memory.u32[(memory.lookup('from there')?.position ?? 0) >> 2]).toBe(0xcafe);
  });

  it('counts exactly when threads add to one word', async () => {
    const memory = create(SIZE);
    const zone = memory.reserve('sum', 4);
    const body = `
      const at = memory.lookup('sum').position >> 2;
      for (let i = 0; i < 100_000; i++) Atomics.add(memory.u32, at, 1);
      return memory.bytes;`;
    expect(await Promise.all([1, 2, 3].map(() => inThread(memory, body)))).toEqual([SIZE, SIZE, SIZE]);
    expect(memory.u32[zone.position >> 2]).toBe(300_000);
  });

  it('gives every thread memzones of its own when they reserve and free at the same time', async () => {
    const memory = create(4 * SIZE);
    const body = `
      for (let i = 0; i < 300; i++) {
        const zone = memory.reserve(data + i, 1 + (i * 97) % 3000);
        memory.view(zone.position, zone.bytes).fill(data.charCodeAt(0));
        if (i % 3 === 2) memory.free(memory.lookup(data + (i - 1)));
      }
      return 'done';`;
    expect(await Promise.all(['a', 'b', 'c'].map((name) => inThread(memory, body, name)))).toEqual([
      'done',
      'done',
      'done',
    ]);
    const zones = memory.memzones().sort((a, b) => a.position - b.position);
    expect(zones).toHaveLength(600);
    for (const [i, zone] of zones.entries()) {
      expect(zone.position + zone.bytes).toBeLessThanOrEqual(zones[i + 1]?.position ?? memory.bytes);
      const mark = zone.name.charCodeAt(0);
      expect(memory.view(zone.position, zone.bytes).every((byte) => byte === mark)).toBe(true);
    }
  });
});
