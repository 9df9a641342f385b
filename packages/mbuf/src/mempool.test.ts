import { SetupError } from '@inline-ipsec/eal/errors';
import { enterLcore, LCORE_ID_ANY, MAX_LCORE } from '@inline-ipsec/eal/lcore';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { CACHE_LENGTH, CACHE_OBJECTS } from './_mempool-layout.ts';
import {
  Mempool,
  type MempoolOptions,
  mempoolDefaultCache,
  mempoolFromObject,
  mempoolGenericGet,
  mempoolGenericPut,
} from './mempool.ts';
import { MempoolCache } from './mempool-cache.ts';

const newMemory = (): Memory => Memory.create({ bytes: 4 * 1024 * 1024 });

const create = (options: Partial<MempoolOptions> = {}): Mempool =>
  Mempool.create(newMemory(), 'pool', { count: 63, elementBytes: 40, debug: true, ...options });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return `${error.code} ${error.errno}`;
    throw error;
  }
  return 'no error';
}

/** What this lcore's cache holds, oldest first. */
function cached(pool: Mempool): number[] {
  const { u32 } = pool.memory;
  const cache = mempoolDefaultCache(pool.memory, pool.position);
  const length = u32[(cache + CACHE_LENGTH) >>> 2];
  return [...u32.subarray((cache + CACHE_OBJECTS) >>> 2, ((cache + CACHE_OBJECTS) >>> 2) + length)];
}

afterEach(() => {
  enterLcore(LCORE_ID_ANY);
});

describe('what a mempool cannot be', () => {
  it.each<[string, Partial<MempoolOptions>]>([
    ['ERR_MEMPOOL_COUNT EINVAL', { count: 0 }],
    ['ERR_MEMPOOL_COUNT EINVAL', { count: 1.5 }],
    ['ERR_MEMPOOL_ELEMENT EINVAL', { elementBytes: 0 }],
    ['ERR_MEMPOOL_ELEMENT EINVAL', { privateBytes: -1 }],
    ['ERR_MEMPOOL_CACHE EINVAL', { cacheSize: 64 }],
    ['ERR_MEMPOOL_CACHE EINVAL', { count: 1023, cacheSize: 513 }],
    ['ERR_MEMPOOL_CACHE EINVAL', { cacheSize: -1 }],
    ['ERR_MEMPOOL_POISON EINVAL', { poison: [{ from: 36, bytes: 8 }] }],
    ['ERR_MEMPOOL_POISON EINVAL', { poison: [{ from: 2, bytes: 8 }] }],
    ['ERR_MEMORY_FULL ENOMEM', { count: 1_000_000 }],
  ])('%s for %j', (code, options) => {
    expect(codeOf(() => create(options))).toBe(code);
  });

  it('two of one name, or of a name of 26 characters', () => {
    const memory = newMemory();
    const options = { count: 1, elementBytes: 8 };
    Mempool.create(memory, 'n'.repeat(25), options);
    expect(codeOf(() => Mempool.create(memory, 'n'.repeat(25), options))).toBe('ERR_MEMPOOL_EXISTS EEXIST');
    expect(codeOf(() => Mempool.create(memory, 'n'.repeat(26), options))).toBe('ERR_MEMPOOL_NAME ENAMETOOLONG');
  });

  it('half made: when its ring finds no room, its memzone is given back', () => {
    const memory = newMemory();
    const zones = memory.memzones().length;
    // The elements fit exactly, and then nothing else does.
    const count = Math.floor((memory.bytes - 200_000) / 64);
    expect(codeOf(() => Mempool.create(memory, 'p', { count, elementBytes: 4, cacheAlign: false }))).toBe(
      'ERR_MEMORY_FULL ENOMEM',
    );
    expect(memory.memzones().length).toBe(zones);
  });

  it('of an option that there is not, says the compiler', () => {
    // @ts-expect-error a misspelt option
    const options: MempoolOptions = { count: 1, elementBytes: 8, cachesize: 1 };
    expect(options.count).toBe(1);
  });
});

describe('a mempool in the memory', () => {
  it('is found by its name, and from any of its objects', () => {
    const pool = create({ cacheSize: 8, privateBytes: 100 });
    const view = Mempool.lookup(Memory.attach(pool.memory.handle), 'pool');
    expect(view).toMatchObject({ position: pool.position, count: 63, elementBytes: 40, cacheSize: 8 });
    expect(Mempool.lookup(pool.memory, 'other')).toBeUndefined();
    const object = pool.get();
    expect(Mempool.at(pool.memory, mempoolFromObject(pool.memory, object)).name).toBe('pool');
    expect(codeOf(() => Mempool.at(pool.memory, pool.position + 64))).toBe('ERR_MEMPOOL_UNKNOWN ENOENT');
    pool.put(object);
    pool.audit();
  });

  it('has objects on cache lines, an odd number of lines apart', () => {
    for (const elementBytes of [1, 64, 65, 128, 2306]) {
      const pool = create({ elementBytes });
      expect((pool.strideBytes / 64) % 2).toBe(1);
      expect(pool.strideBytes).toBeGreaterThanOrEqual(elementBytes + 64);
      pool.forEach((object) => {
        expect(object % 64).toBe(0);
      });
    }
    expect(create({ elementBytes: 64, spread: false }).strideBytes).toBe(128);
    expect(create({ elementBytes: 65, cacheAlign: false })).toMatchObject({ elementBytes: 72, strideBytes: 136 });
  });

  it('visits every object once, and its private bytes are its own', () => {
    const pool = create({ privateBytes: 64 });
    pool.memory.u8.fill(0xaa, pool.privatePosition, pool.privatePosition + 64);
    const seen: number[] = [];
    pool.forEach((object, index) => {
      seen.push(object, index);
    });
    expect(new Set(seen.filter((_, i) => i % 2 === 0)).size).toBe(63);
    expect(seen.at(-1)).toBe(62);
    pool.audit();
  });

  it('can be freed, and made anew', () => {
    const pool = create();
    const { memory } = pool;
    const zones = memory.memzones().length;
    pool.free();
    expect(memory.memzones().length).toBe(zones - 2);
    expect(codeOf(() => pool.free())).toBe('ERR_MEMPOOL_UNKNOWN EINVAL');
    expect(Mempool.create(memory, 'pool', { count: 63, elementBytes: 40 }).isFull).toBe(true);
  });

  it('is told in a dump', () => {
    const pool = create({ cacheSize: 8 });
    pool.get();
    expect(pool.dump()).toContain('mempool <pool>');
    expect(pool.dump()).toContain('in use=1');
  });
});

describe.each<[string, Partial<MempoolOptions>, number]>([
  ['without caches', {}, 0],
  ['with caches', { cacheSize: 16 }, 0],
  ['with caches of one object', { cacheSize: 1 }, 0],
  ['with caches, on a thread that is no lcore', { cacheSize: 16 }, LCORE_ID_ANY],
  ['for one that puts and one that gets', { singlePut: true, singleGet: true }, 0],
  ['with caches and without debugging', { cacheSize: 16, debug: false }, MAX_LCORE - 1],
])('a mempool %s', (_, options, lcore) => {
  const start = (): Mempool => {
    enterLcore(lcore);
    return create({
      ...options,
      initElement: (memory, object, index) => {
        memory.u32[object >>> 2] = index;
      },
    });
  };

  it('has one less when one is taken, and all again when it is put back', () => {
    const pool = start();
    expect(pool).toMatchObject({ availCount: 63, inUseCount: 0, isFull: true, isEmpty: false });
    const first = pool.get();
    expect(pool).toMatchObject({ availCount: 62, inUseCount: 1, isFull: false });
    const second = pool.get();
    expect(second).not.toBe(first);
    pool.put(second);
    pool.put(first);
    expect(pool.isFull).toBe(true);
    pool.audit();
  });

  it('gives every object once until there is none, with the contents that it was made with', () => {
    const pool = start();
    for (let round = 0; round < 3; round++) {
      const objects: number[] = [];
      for (let object = pool.get(); object !== 0; object = pool.get()) objects.push(object);
      expect(objects.length).toBe(63);
      expect(pool.isEmpty).toBe(true);
      const { u32 } = pool.memory;
      expect(objects.map((object) => u32[object >>> 2]).sort((a, b) => a - b)).toEqual([...Array(63).keys()]);
      for (const object of objects)
        expect([...u32.subarray((object >>> 2) + 1, (object >>> 2) + 10)]).toEqual(Array(9).fill(0));
      for (const object of objects) pool.put(object);
      expect(pool.isFull).toBe(true);
      pool.audit();
    }
  });

  it('gives a bulk whole or not at all', () => {
    const pool = start();
    const table = new Uint32Array(64);
    expect(pool.getBulk(table, 0, 0)).toBe(true);
    for (const n of [64, 100_000, 0xffff_ffff]) expect(pool.getBulk(table, 0, n)).toBe(false);
    expect(pool.availCount).toBe(63);
    expect(pool.getBulk(table, 1, 63)).toBe(true);
    expect(new Set(table).size).toBe(64);
    expect(pool.getBulk(table, 0, 1)).toBe(false);
    pool.putBulk(table, 1, 63);
    expect(pool.isFull).toBe(true);
    pool.audit();
  });

  it('is a set of objects, whatever is done with it', () => {
    const operation = fc.record({ get: fc.boolean(), n: fc.integer({ min: 0, max: 24 }) });
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      enterLcore(lcore);
      const pool = create({ ...options });
      const held: number[] = [];
      const table = new Uint32Array(32);
      for (const { get, n } of operations) {
        if (get) {
          const got = pool.getBulk(table, 3, n);
          expect(got).toBe(n <= 63 - held.length);
          if (got) held.push(...table.subarray(3, 3 + n));
          expect(new Set(held).size).toBe(held.length);
        } else {
          const back = held.splice(0, n);
          table.set(back, 5);
          pool.putBulk(table, 5, back.length);
        }
        expect(pool.inUseCount).toBe(held.length);
      }
      pool.audit();
    });
    fc.assert(property, { numRuns: 40 });
  });
});

describe.each([true, false])('the cache of an lcore (debug %s)', (debug) => {
  /** A pool of 20 with caches of 8, and all its objects in the order in which the ring gives them. */
  const start = (): { pool: Mempool; all: number[]; table: Uint32Array } => {
    enterLcore(LCORE_ID_ANY);
    const pool = create({ count: 20, cacheSize: 8, debug });
    const table = new Uint32Array(20);
    pool.getBulk(table, 0, 20);
    const all = [...table];
    enterLcore(3);
    return { pool, all, table };
  };

  it('takes what fits, and gives the newest first', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 0, 8);
    expect(cached(pool)).toEqual(all.slice(0, 8));
    expect(pool.ring.count).toBe(0);
    expect(pool.getBulk(table, 0, 3)).toBe(true);
    expect([...table.subarray(0, 3)]).toEqual([all[7], all[6], all[5]]);
    expect(cached(pool)).toEqual(all.slice(0, 5));
  });

  it('gives half its size, the oldest, to the ring when a small put does not fit', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 0, 7);
    pool.putBulk(table, 7, 4);
    expect(cached(pool)).toEqual([...all.slice(4, 7), ...all.slice(7, 11)]);
    expect(pool.ring.count).toBe(4);
    const ring = new Uint32Array(4);
    pool.ring.dequeueBulk(ring, 0, 4);
    expect([...ring]).toEqual(all.slice(0, 4));
  });

  it('leaves a put of more than half its size that does not fit to the ring', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 0, 4);
    pool.putBulk(table, 4, 5);
    expect(cached(pool)).toEqual(all.slice(0, 4));
    expect(pool.ring.count).toBe(5);
    pool.putBulk(table, 9, 9);
    expect(pool.ring.count).toBe(14);
  });

  it('gives all that it has first, then fetches half its size from the ring for a small rest', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 8, 10);
    pool.putBulk(table, 0, 2);
    expect(pool.getBulk(table, 0, 5)).toBe(true);
    expect([...table.subarray(0, 5)]).toEqual([all[1], all[0], all[11], all[10], all[9]]);
    expect(cached(pool)).toEqual([all[8]]);
    expect(pool.ring.count).toBe(6);
  });

  it('fetches half its size for a rest of half its size too, and is empty then', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 8, 10);
    pool.putBulk(table, 0, 2);
    expect(pool.getBulk(table, 0, 6)).toBe(true);
    expect([...table.subarray(0, 6)]).toEqual([all[1], all[0], all[11], all[10], all[9], all[8]]);
    expect(cached(pool)).toEqual([]);
  });

  it('asks the ring for exactly the rest when that is more than half its size', () => {
    const { pool, all, table } = start();
    pool.putBulk(table, 8, 10);
    pool.putBulk(table, 0, 2);
    expect(pool.getBulk(table, 0, 8)).toBe(true);
    expect([...table.subarray(0, 8)]).toEqual([all[1], all[0], ...all.slice(8, 14)]);
    expect(cached(pool)).toEqual([]);
    expect(pool.ring.count).toBe(4);
  });

  it('asks the ring for exactly the rest when it has not half the size', () => {
    const { pool, all, table } = start();
    enterLcore(LCORE_ID_ANY);
    pool.putBulk(table, 8, 3);
    enterLcore(3);
    pool.putBulk(table, 0, 2);
    expect(pool.getBulk(table, 0, 5)).toBe(true);
    expect([...table.subarray(0, 5)]).toEqual([all[1], all[0], all[8], all[9], all[10]]);
  });

  it('is as before when a get fails', () => {
    const { pool, all, table } = start();
    enterLcore(LCORE_ID_ANY);
    pool.putBulk(table, 8, 2);
    enterLcore(3);
    pool.putBulk(table, 0, 2);
    const out = new Uint32Array(20);
    expect(pool.getBulk(out, 0, 5)).toBe(false);
    expect(pool.getBulk(out, 0, 12)).toBe(false);
    expect(cached(pool)).toEqual(all.slice(0, 2));
    expect(pool.availCount).toBe(4);
    expect(pool.getBulk(out, 0, 4)).toBe(true);
  });

  it('keeps its objects from other lcores, until it is flushed', () => {
    const { pool, table } = start();
    pool.putBulk(table, 0, 8);
    enterLcore(4);
    expect(pool.availCount).toBe(8);
    expect(pool.get()).toBe(0);
    pool.flushCaches();
    expect(pool.get()).not.toBe(0);
  });
});

describe('a cache that its user owns', () => {
  it('serves a thread that is no lcore', () => {
    const pool = create();
    const { memory, position } = pool;
    const cache = MempoolCache.create(memory, 'mine', 16);
    const table = new Uint32Array(16);
    expect(mempoolGenericGet(memory, position, table, 0, 3, cache.position)).toBe(true);
    expect(cache.length).toBe(5);
    expect(pool.ring.count).toBe(63 - 8);
    mempoolGenericPut(memory, position, table, 0, 3, cache.position);
    expect(cache.length).toBe(8);
    expect(codeOf(() => cache.free())).toBe('ERR_MEMPOOL_CACHE EINVAL');
    cache.flush(position);
    expect(pool.isFull).toBe(true);
    cache.free();
    expect(codeOf(() => cache.free())).toBe('ERR_MEMPOOL_CACHE EINVAL');
    pool.audit();
  });

  it.each([0, 513, 1.5])('cannot have a size of %s', (size) => {
    expect(codeOf(() => MempoolCache.create(newMemory(), 'c', size))).toBe('ERR_MEMPOOL_CACHE EINVAL');
  });
});

describe('an audit', () => {
  const audit = (pool: Mempool): string => {
    try {
      pool.audit();
    } catch (error) {
      return String(error);
    }
    return 'well';
  };

  it('finds an object that was put twice, which a debugged pool leaves out', () => {
    const pool = create();
    const object = pool.get();
    const table = Uint32Array.of(object, pool.get(), object);
    pool.putBulk(table, 0, 3);
    expect(pool.isFull).toBe(true);
    expect(audit(pool)).toContain(`1 free twice (the last at 0x${object.toString(16)})`);
    expect(codeOf(() => pool.audit())).toBe('ERR_MEMPOOL_AUDIT EINVAL');
  });

  it('finds it in any other pool when it looks through it', () => {
    const pool = create({ debug: false });
    const object = pool.get();
    pool.get();
    pool.put(object);
    pool.put(object);
    expect(audit(pool)).toContain('1 objects in the pool twice');
    pool.put(object);
    expect(audit(pool)).toContain('1 times more put than taken');
  });

  it('finds what is no object of the pool', () => {
    const pool = create();
    pool.put(pool.get() + 8);
    pool.put(0);
    pool.put(0xffff_fff0);
    expect(audit(pool)).toContain('3 freed into the wrong pool');
    const plain = create({ debug: false });
    plain.put(plain.get() + 8);
    expect(audit(plain)).toContain('1 entries that are no object of the pool');
  });

  it('finds a header that the object before it ran over', () => {
    const pool = create({ debug: false });
    const objects: number[] = [];
    pool.forEach((object) => {
      objects.push(object);
    });
    pool.memory.u8.fill(1, objects[0], objects[1]);
    expect(audit(pool)).toContain('1 headers overwritten');
  });

  it('finds what was written to a free object where it is poisoned, at rest and when it is taken', () => {
    const poison = [
      { from: 0, bytes: 4 },
      { from: 16, bytes: 24 },
    ];
    const pool = create({ poison, debug: false });
    const object = pool.get();
    pool.memory.u8.fill(7, object, object + 40);
    pool.put(object);
    expect(audit(pool)).toBe('well');
    pool.memory.u8[object + 4] = 1;
    expect(audit(pool)).toBe('well');
    pool.memory.u8[object + 39] = 1;
    expect(audit(pool)).toContain(`1 written after free (the last at 0x${(object + 36).toString(16)})`);
    pool.getBulk(new Uint32Array(63), 0, 63);
    expect(audit(pool)).toContain('1 written after free, found when taken');
  });

  it('finds a cache that says it holds more than it can', () => {
    enterLcore(0);
    const pool = create({ cacheSize: 8 });
    pool.memory.u32[(mempoolDefaultCache(pool.memory, pool.position) + CACHE_LENGTH) >>> 2] = 9;
    expect(audit(pool)).toContain('cache of lcore 0 longer than its size');
  });
});
