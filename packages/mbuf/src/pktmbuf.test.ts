import { SetupError } from '@inline-ipsec/eal/errors';
import { enterLcore, LCORE_ID_ANY } from '@inline-ipsec/eal/lcore';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Mbuf } from './cursor.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_BUF_LEN,
  MBUF_BYTES,
  MBUF_DATA_LEN,
  MBUF_DYNFIELDS,
  MBUF_HASH_RSS,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_POOL,
  MBUF_PRIV_SIZE,
  MBUF_REFCNT,
  PKTMBUF_HEADROOM,
} from './layout.ts';
import { pktmbufCheck } from './mbuf-check.ts';
import { Mempool, mempoolGetBulk } from './mempool.ts';
import {
  PktmbufPool,
  type PktmbufPoolOptions,
  pktmbufAdj,
  pktmbufAppend,
  pktmbufChain,
  pktmbufData,
  pktmbufFree,
  pktmbufFreeBulk,
  pktmbufFreeSegment,
  pktmbufHeadroom,
  pktmbufIsContiguous,
  pktmbufLastSegment,
  pktmbufLinearize,
  pktmbufPrepend,
  pktmbufPriv,
  pktmbufRead,
  pktmbufRefcnt,
  pktmbufRefcntUpdate,
  pktmbufReset,
  pktmbufTailroom,
  pktmbufTrim,
} from './pktmbuf.ts';

const create = (options: Partial<PktmbufPoolOptions> = {}, name = 'pool', memory?: Memory): PktmbufPool =>
  PktmbufPool.create(memory ?? Memory.create({ bytes: 4 * 1024 * 1024 }), name, {
    count: 63,
    poison: true,
    ...options,
  });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return `${error.code} ${error.errno}`;
    throw error;
  }
  return 'no error';
}

/** All is back in the pool, and nothing was done to it meanwhile. */
function expectWhole(pool: PktmbufPool): void {
  expect(pool.inUseCount).toBe(0);
  pool.audit();
}

/** A packet of so many segments of so many bytes each, which count up. */
function makeChain(pool: PktmbufPool, segments: number, bytes: number): number {
  const { memory } = pool;
  let head = 0;
  for (let s = 0; s < segments; s++) {
    const m = pool.alloc();
    expect(m).not.toBe(0);
    const at = pktmbufAppend(memory, m, bytes);
    for (let i = 0; i < bytes; i++) memory.u8[at + i] = s * bytes + i;
    if (head === 0) head = m;
    else expect(pktmbufChain(memory, head, m)).toBe(true);
  }
  return head;
}

const counting = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i);

afterEach(() => {
  enterLcore(LCORE_ID_ANY);
});

describe('a pool of mbufs', () => {
  it.each<[string, Partial<PktmbufPoolOptions>]>([
    ['ERR_PKTMBUF_PRIV EINVAL', { privBytes: 4 }],
    ['ERR_PKTMBUF_PRIV EINVAL', { privBytes: 65536 }],
    ['ERR_PKTMBUF_DATA_ROOM EINVAL', { dataRoom: 65536 }],
    ['ERR_PKTMBUF_DATA_ROOM EINVAL', { dataRoom: -1 }],
    ['ERR_MEMPOOL_CACHE EINVAL', { cacheSize: 64 }],
    ['ERR_MEMPOOL_COUNT EINVAL', { count: 0 }],
  ])('cannot be: %s for %j', (code, options) => {
    expect(codeOf(() => create(options))).toBe(code);
  });

  it('is found by its name, as what it is', () => {
    const pool = create({ privBytes: 16, dataRoom: 1000, cacheSize: 4 });
    const view = PktmbufPool.lookup(Memory.attach(pool.memory.handle), 'pool');
    expect(view).toMatchObject({ position: pool.position, name: 'pool', dataRoom: 1000, privBytes: 16, cacheSize: 4 });
    Mempool.create(pool.memory, 'other', { count: 1, elementBytes: 8 });
    expect(PktmbufPool.lookup(pool.memory, 'other')).toBeUndefined();
    expect(PktmbufPool.lookup(pool.memory, 'none')).toBeUndefined();
    expect(codeOf(() => PktmbufPool.at(pool.memory, Mempool.lookup(pool.memory, 'other')?.position ?? 0))).toBe(
      'ERR_MEMPOOL_UNKNOWN ENOENT',
    );
  });

  it.each([
    [0, 2176],
    [8, 2176],
    [64, 300],
    [16, 65535],
    [0, 100],
    [0, 0],
  ])('with %i private bytes and buffers of %i has IP headers aligned behind Ethernet', (privBytes, dataRoom) => {
    const pool = create({ count: 7, privBytes, dataRoom });
    const { memory } = pool;
    const table = new Uint32Array(7);
    expect(pool.allocBulk(table, 0, 7)).toBe(true);
    for (const m of table) {
      const buffer = memory.u32[(m + MBUF_BUF_ADDR) >>> 2];
      expect(m % 64).toBe(0);
      expect(buffer % 4).toBe(2);
      expect(buffer).toBe(m + MBUF_BYTES + privBytes + 2);
      expect(pktmbufPriv(m)).toBe(m + MBUF_BYTES);
      expect(memory.u16[(m + MBUF_BUF_LEN) >>> 1]).toBe(dataRoom);
      expect(memory.u16[(m + MBUF_PRIV_SIZE) >>> 1]).toBe(privBytes);
      expect(pktmbufHeadroom(memory, m)).toBe(Math.min(128, dataRoom));
      if (dataRoom >= 128) expect((pktmbufData(memory, m) + 14) % 4).toBe(0);
      // Every byte of the buffer is the mbuf's own.
      pktmbufPrepend(memory, m, pktmbufHeadroom(memory, m));
      pktmbufAppend(memory, m, pktmbufTailroom(memory, m));
      memory.u8.fill(0xff, buffer, buffer + dataRoom);
    }
    pktmbufFreeBulk(memory, table, 0, 7);
    expectWhole(pool);
  });

  it.each([0, 32])('gives all its mbufs, then none, twice (caches of %i)', (cacheSize) => {
    enterLcore(0);
    const pool = create({ cacheSize });
    const { memory } = pool;
    for (let round = 0; round < 2; round++) {
      const all: number[] = [];
      for (let m = pool.alloc(); m !== 0; m = pool.alloc()) all.push(m);
      expect(new Set(all).size).toBe(63);
      for (const m of all) {
        const mbuf = new Mbuf(memory).at(m);
        expect(mbuf).toMatchObject({ dataLength: 0, packetLength: 0, segments: 1, refcnt: 1, port: 0xffff, next: 0 });
        expect(mbuf.dataPosition).toBe(mbuf.bufferPosition + PKTMBUF_HEADROOM);
        expect(pktmbufCheck(memory, m, true)).toBeUndefined();
        mbuf.setBytes(counting(100)).prepend(counting(14));
        mbuf.port = 3;
        mbuf.olFlagsLo = 0xffff;
        mbuf.olFlagsHi = 0x1fff_ffff;
        mbuf.packetType = 0x11;
        mbuf.vlanTci = 5;
        mbuf.vlanTciOuter = 6;
        mbuf.txOffload = { l2: 14, l3: 20, outerL2: 14 };
      }
      for (const m of all) pktmbufFree(memory, m);
      expectWhole(pool);
    }
    const m = new Mbuf(memory).at(pool.alloc());
    expect(m).toMatchObject({
      olFlagsLo: 0,
      olFlagsHi: 0,
      packetType: 0,
      vlanTci: 0,
      vlanTciOuter: 0,
      dataOffset: 128,
    });
    expect(m.txOffload).toEqual({ l2: 0, l3: 0, l4: 0, tsoSegment: 0, outerL3: 0, outerL2: 0 });
    m.free();
  });

  it('gives a bulk whole or not at all', () => {
    const pool = create();
    const table = new Uint32Array(64);
    for (let n = 0; n <= 63; n++) {
      expect(pool.allocBulk(table, 0, n)).toBe(true);
      expect(pool.inUseCount).toBe(n);
      pktmbufFreeBulk(pool.memory, table, 0, n);
    }
    for (const n of [64, 1_000_000, 0xffff_ffff]) expect(pool.allocBulk(table, 0, n)).toBe(false);
    expectWhole(pool);
  });

  it('leaves hash and dynamic fields as their last user left them', () => {
    const pool = create({ count: 1 });
    const { memory } = pool;
    const m = pool.alloc();
    for (const field of [MBUF_HASH_RSS, MBUF_HASH_RSS + 4, MBUF_DYNFIELDS, MBUF_BYTES - 4]) {
      memory.u32[(m + field) >>> 2] = 0x1234;
    }
    pktmbufFree(memory, m);
    expect(pool.alloc()).toBe(m);
    for (const field of [MBUF_HASH_RSS, MBUF_HASH_RSS + 4, MBUF_DYNFIELDS, MBUF_BYTES - 4]) {
      expect(memory.u32[(m + field) >>> 2]).toBe(0x1234);
    }
  });
});

describe('one mbuf', () => {
  it('grows and shrinks at both ends, and says no when it cannot', () => {
    const pool = create({ dataRoom: 1000 });
    const { memory } = pool;
    const m = pool.alloc();
    const mbuf = new Mbuf(memory).at(m);
    const lengths = (): number[] => [mbuf.headroom, mbuf.dataLength, mbuf.packetLength, mbuf.tailroom];
    const data = mbuf.dataPosition;
    expect(pktmbufAppend(memory, m, 50)).toBe(data);
    expect(pktmbufAppend(memory, m, 16)).toBe(data + 50);
    expect(lengths()).toEqual([128, 66, 66, 806]);
    expect(pktmbufAppend(memory, m, 807)).toBe(0);
    expect(pktmbufTrim(memory, m, 16)).toBe(true);
    expect(pktmbufTrim(memory, m, 51)).toBe(false);
    expect(lengths()).toEqual([128, 50, 50, 822]);
    expect(pktmbufPrepend(memory, m, 14)).toBe(data - 14);
    expect(pktmbufPrepend(memory, m, 20)).toBe(data - 34);
    expect(pktmbufPrepend(memory, m, 95)).toBe(0);
    expect(lengths()).toEqual([94, 84, 84, 822]);
    expect(pktmbufAdj(memory, m, 34)).toBe(data);
    expect(pktmbufAdj(memory, m, 51)).toBe(0);
    expect(lengths()).toEqual([128, 50, 50, 822]);
    expect(pktmbufAppend(memory, m, 822)).toBe(data + 50);
    expect(pktmbufPrepend(memory, m, 128)).toBe(mbuf.bufferPosition);
    expect(lengths()).toEqual([0, 1000, 1000, 0]);
    pktmbufReset(memory, m);
    expect(lengths()).toEqual([128, 0, 0, 872]);
    pktmbufFree(memory, m);
    expectWhole(pool);
  });

  it('of which 0 is none, is not freed', () => {
    const pool = create();
    pktmbufFree(pool.memory, 0);
    pktmbufFreeSegment(pool.memory, 0);
    pktmbufFreeBulk(pool.memory, Uint32Array.of(0, 0), 0, 2);
    expectWhole(pool);
  });
});

describe('freeing many mbufs', () => {
  it('puts each into its own pool, whatever it looks like, and skips what is none', () => {
    const memory = Memory.create({ bytes: 8 * 1024 * 1024 });
    const pools = [create({ cacheSize: 8 }, 'a', memory), create({ privBytes: 8, dataRoom: 256 }, 'b', memory)];
    // 0 none, 1 plain, 2 a chain, 3 held twice, 4 a chain over both pools
    const property = fc.property(
      fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 4 })), { maxLength: 16 }),
      fc.constantFrom(0, 1, LCORE_ID_ANY),
      (kinds, lcore) => {
        enterLcore(lcore);
        const still: number[] = [];
        const table = Uint32Array.from(kinds, ([which, kind]) => {
          if (kind === 0) return 0;
          const pool = pools[which];
          const m = makeChain(pool, kind === 2 ? 3 : 1, 8);
          if (kind === 3) {
            pktmbufRefcntUpdate(memory, m, 1);
            still.push(m);
          }
          if (kind === 4) pktmbufChain(memory, m, makeChain(pools[1 - which], 1, 8));
          return m;
        });
        const before = Uint32Array.from(table);
        pktmbufFreeBulk(memory, table, 0, table.length);
        expect(table).toEqual(before);
        expect(pools[0].inUseCount + pools[1].inUseCount).toBe(still.length);
        for (const m of still) expect(pktmbufRefcnt(memory, m)).toBe(1);
        pktmbufFreeBulk(memory, Uint32Array.from(still), 0, still.length);
        for (const pool of pools) {
          // The caches of small pools would keep others from them in the next run.
          pool.mempool.flushCaches();
          expectWhole(pool);
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  it('frees more than fit into a burst, chains too', () => {
    const pool = create({ count: 500, dataRoom: 64 });
    const table = Uint32Array.from({ length: 150 }, () => makeChain(pool, 3, 4));
    pktmbufFreeBulk(pool.memory, table, 0, 150);
    expectWhole(pool);
  });
});

describe('packets of several segments', () => {
  it('are chained, with the sums of lengths and segments', () => {
    const pool = create();
    const { memory } = pool;
    const head = makeChain(pool, 2, 100);
    const tail = makeChain(pool, 3, 50);
    expect(pktmbufIsContiguous(memory, head)).toBe(false);
    expect(pktmbufChain(memory, head, tail)).toBe(true);
    expect(new Mbuf(memory).at(head)).toMatchObject({ segments: 5, packetLength: 350, dataLength: 100 });
    expect(memory.u16[(pktmbufLastSegment(memory, head) + MBUF_DATA_LEN) >>> 1]).toBe(50);
    expect(pktmbufCheck(memory, head, true)).toBeUndefined();
    // At the end it is the last segment that grows and shrinks.
    pktmbufAppend(memory, head, 10);
    expect(pktmbufTrim(memory, head, 61)).toBe(false);
    expect(pktmbufTrim(memory, head, 60)).toBe(true);
    expect(new Mbuf(memory).at(head).packetLength).toBe(300);
    pktmbufFree(memory, head);
    expectWhole(pool);
  });

  it('are not chained when they would be too many', () => {
    const pool = create();
    const { memory } = pool;
    const [head, tail] = [pool.alloc(), pool.alloc()];
    memory.u16[(head + MBUF_NB_SEGS) >>> 1] = 65535;
    expect(pktmbufChain(memory, head, tail)).toBe(false);
    expect(memory.u32[(head + MBUF_NEXT) >>> 2]).toBe(0);
    pktmbufFree(memory, head);
    pktmbufFree(memory, tail);
    expectWhole(pool);
  });

  it('can be freed segment by segment', () => {
    const pool = create();
    const { memory } = pool;
    let m = makeChain(pool, 4, 10);
    for (let left = 4; left > 0; left--) {
      expect(pool.inUseCount).toBe(left);
      const next = memory.u32[(m + MBUF_NEXT) >>> 2];
      pktmbufFreeSegment(memory, m);
      m = next;
    }
    expectWhole(pool);
  });

  it('leave no segment with a next or a count behind in the pool', () => {
    const pool = create({ count: 3 });
    const { memory } = pool;
    const table = new Uint32Array(3);
    for (const split of [false, true]) {
      const head = makeChain(pool, 3, 10);
      if (split) {
        // The second segment is made the head of a packet of its own, in the middle of the first one's free.
        const second = memory.u32[(head + MBUF_NEXT) >>> 2];
        memory.u16[(second + MBUF_NB_SEGS) >>> 1] = 2;
        memory.u32[(head + MBUF_NEXT) >>> 2] = 0;
        pktmbufFree(memory, second);
      }
      pktmbufFree(memory, head);
      expect(mempoolGetBulk(memory, pool.position, table, 0, 3)).toBe(true);
      for (const m of table) {
        expect(memory.u32[(m + MBUF_NEXT) >>> 2]).toBe(0);
        expect(memory.u16[(m + MBUF_NB_SEGS) >>> 1]).toBe(1);
        expect(memory.u16[(m + MBUF_REFCNT) >>> 1]).toBe(1);
        expect(memory.u32[(m + MBUF_POOL) >>> 2]).toBe(pool.position);
      }
      pool.mempool.putBulk(table, 0, 3);
    }
    expectWhole(pool);
  });

  it.each([
    [128, 1],
    [64, 64],
    [512, 10],
    [250, 11],
    [123, 8],
    [0, 3],
  ])('of %i bytes in each of %i segments are made one, with the same bytes', (bytes, segments) => {
    const pool = create({ count: 64, dataRoom: 128 + 64 * 128 });
    const { memory } = pool;
    const m = makeChain(pool, segments, bytes);
    const mbuf = new Mbuf(memory).at(m);
    const before = mbuf.bytes();
    expect(before).toEqual(counting(bytes * segments));
    expect(pktmbufLinearize(memory, m)).toBe(true);
    expect(mbuf).toMatchObject({ segments: 1, next: 0, dataLength: bytes * segments, packetLength: bytes * segments });
    expect(mbuf.bytes()).toEqual(before);
    expect(pool.inUseCount).toBe(1);
    mbuf.free();
    expectWhole(pool);
  });

  it('are left as they are when the first segment cannot take them', () => {
    const pool = create({ dataRoom: 228 });
    const { memory } = pool;
    const m = makeChain(pool, 2, 51);
    expect(pktmbufLinearize(memory, m)).toBe(false);
    expect(new Mbuf(memory).at(m)).toMatchObject({ segments: 2, packetLength: 102 });
    pktmbufTrim(memory, m, 2);
    expect(pktmbufLinearize(memory, m)).toBe(true);
    pktmbufFree(memory, m);
    expectWhole(pool);
  });

  it('are read in place where the bytes lie together, and gathered where they do not', () => {
    const pool = create();
    const { memory } = pool;
    const scratch = memory.reserve('scratch', 512).position;
    const first = makeChain(pool, 1, 100);
    const empty = pool.alloc();
    const last = pool.alloc();
    new Mbuf(memory).at(last).setBytes(counting(200).subarray(100));
    pktmbufChain(memory, first, empty);
    pktmbufChain(memory, first, last);
    const read = (offset: number, length: number): number => pktmbufRead(memory, first, offset, length, scratch);
    expect(read(0, 100)).toBe(pktmbufData(memory, first));
    expect(read(99, 1)).toBe(pktmbufData(memory, first) + 99);
    expect(read(100, 100)).toBe(pktmbufData(memory, last));
    expect(read(150, 50)).toBe(pktmbufData(memory, last) + 50);
    expect(read(200, 0)).toBe(pktmbufData(memory, last) + 100);
    expect(read(90, 20)).toBe(scratch);
    expect(memory.u8.slice(scratch, scratch + 20)).toEqual(counting(110).subarray(90));
    expect(read(0, 200)).toBe(scratch);
    expect(memory.u8.slice(scratch, scratch + 200)).toEqual(counting(200));
    expect(read(0, 201)).toBe(0);
    expect(read(201, 0)).toBe(0);
    pktmbufFree(memory, first);
    expectWhole(pool);
  });
});

describe('with poison on', () => {
  const audit = (pool: PktmbufPool): string => {
    try {
      pool.audit();
    } catch (error) {
      return String(error);
    }
    return 'well';
  };

  it('freed buffers hold the pattern, to both their ends', () => {
    const pool = create({ dataRoom: 301 });
    const { memory } = pool;
    const m = pool.alloc();
    const mbuf = new Mbuf(memory).at(m).setBytes(counting(100));
    const { bufferPosition } = mbuf;
    mbuf.free();
    expect(memory.u8.slice(bufferPosition, bufferPosition + 301).every((byte) => byte === 0xdb)).toBe(true);
    // Nobody can take the packet for a good one.
    expect(pktmbufCheck(memory, m, true)).toBeDefined();
  });

  it.each([0, 150, 300])('a write to byte %i of a freed buffer is found', (offset) => {
    const pool = create({ dataRoom: 301 });
    const { memory } = pool;
    const mbuf = new Mbuf(memory).at(pool.alloc());
    const { bufferPosition } = mbuf;
    mbuf.free();
    expect(audit(pool)).toBe('well');
    memory.u8[bufferPosition + offset] = 1;
    expect(audit(pool)).toContain('1 written after free');
    pool.allocBulk(new Uint32Array(63), 0, 63);
    expect(audit(pool)).toContain('1 written after free, found when taken');
  });

  it.each(['one by one', 'in bulk', 'as a chain'])(
    'what is freed twice, %s, is found and is in the pool once',
    (how) => {
      const pool = create();
      const { memory } = pool;
      const m = makeChain(pool, how === 'as a chain' ? 2 : 1, 10);
      if (how === 'in bulk') {
        pktmbufFreeBulk(memory, Uint32Array.of(m, m), 0, 2);
      } else {
        pktmbufFree(memory, m);
        pktmbufFree(memory, m);
      }
      expect(pool.inUseCount).toBe(0);
      expect(audit(pool)).toContain('1 free twice');
    },
  );

  it('a reference to a freed mbuf, or a segment behind it, is found', () => {
    const pool = create();
    const { memory } = pool;
    const m = pool.alloc();
    pktmbufFree(memory, m);
    pktmbufRefcntUpdate(memory, m, 1);
    expect(audit(pool)).toContain('1 with other references, segments or a next');
    pktmbufRefcntUpdate(memory, m, -1);
    expect(audit(pool)).toBe('well');
    memory.u32[(m + MBUF_NEXT) >>> 2] = pool.alloc();
    expect(audit(pool)).toContain('1 with other references, segments or a next');
  });
});

describe('on the data path', () => {
  it('a million mbufs cost no memory of JavaScript', () => {
    enterLcore(0);
    const pool = create({ count: 127, cacheSize: 64, poison: false });
    const { memory } = pool;
    const table = new Uint32Array(32);
    const bursts = (n: number): number => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < n; i++) {
        pool.allocBulk(table, 0, 32);
        for (let m = 0; m < 32; m++) pktmbufAppend(memory, table[m], 60);
        pktmbufFreeBulk(memory, table, 0, 32);
      }
      return process.memoryUsage().heapUsed - before;
    };
    bursts(10_000);
    // The smallest of several: the test runner uses some meanwhile. An object a packet would be 1.6 MB at least.
    const growth = Math.min(...Array.from({ length: 10 }, () => bursts(3_125)).filter((bytes) => bytes >= 0));
    expect(growth).toBeLessThan(400_000);
    expect(pool.inUseCount).toBe(0);
  });

  it('one thread needs no memory that is shared', () => {
    const memory = Memory.create({ over: { buffer: new ArrayBuffer(0x40000), address: 0 } });
    const pool = create({ count: 31, cacheSize: 8 }, 'pool', memory);
    for (const lcore of [0, LCORE_ID_ANY]) {
      enterLcore(lcore);
      const table = Uint32Array.from({ length: 5 }, () => makeChain(pool, 2, 10));
      pktmbufFreeBulk(memory, table, 0, 5);
      expectWhole(pool);
    }
  });
});
