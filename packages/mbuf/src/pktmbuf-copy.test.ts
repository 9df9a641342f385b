import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { Mbuf } from './cursor.ts';
import { registerDynfield } from './dynfield.ts';
import { pktmbufAttachExternal, SHARED_INFO_BYTES, sharedInfoInit, sharedInfoRefcnt } from './external-buffer.ts';
import { pktmbufCheck } from './mbuf-check.ts';
import { MBUF_EXTERNAL_HI, MBUF_INDIRECT_HI, RX_SEC_OFFLOAD, TX_SEC_OFFLOAD_HI } from './offload-flags.ts';
import {
  PktmbufPool,
  pktmbufAttach,
  pktmbufChain,
  pktmbufClone,
  pktmbufCopy,
  pktmbufData,
  pktmbufDetach,
  pktmbufDirect,
  pktmbufFree,
  pktmbufFreeBulk,
  pktmbufPrefreeSegment,
  pktmbufRefcnt,
  pktmbufRefcntSet,
  pktmbufRefcntUpdate,
  pktmbufRefcntUpdateAll,
} from './pktmbuf.ts';
import { Ring } from './ring.ts';

interface Stage {
  readonly memory: Memory;
  readonly pool: PktmbufPool;
  /** Other private bytes, smaller buffers. */
  readonly small: PktmbufPool;
  readonly mbuf: (position: number) => Mbuf;
  readonly packet: (bytes: number, segments?: number) => number;
}

function setUp(): Stage {
  const memory = Memory.create({ bytes: 2 * 1024 * 1024 });
  const pool = PktmbufPool.create(memory, 'pool', { count: 31, poison: true });
  const small = PktmbufPool.create(memory, 'small', { count: 31, poison: true, privBytes: 24, dataRoom: 228 });
  const mbuf = (position: number): Mbuf => new Mbuf(memory).at(position);
  const packet = (bytes: number, segments = 1): number => {
    const table = Array.from({ length: segments }, (_, s) =>
      mbuf(pool.alloc()).setBytes(Uint8Array.from({ length: bytes }, (_unused, i) => s * bytes + i)),
    );
    for (const tail of table.slice(1)) pktmbufChain(memory, table[0].position, tail.position);
    return table[0].position;
  };
  return { memory, pool, small, mbuf, packet };
}

function expectWhole(...pools: PktmbufPool[]): void {
  for (const pool of pools) {
    expect(pool.inUseCount).toBe(0);
    pool.audit();
  }
}

describe('a clone', () => {
  it('shares the data with the packet, and a clone of it shares them with the packet too', () => {
    const { memory, pool, small, mbuf, packet } = setUp();
    const m = packet(100);
    mbuf(m).port = 4;
    mbuf(m).olFlagsLo = RX_SEC_OFFLOAD;
    mbuf(m).olFlagsHi = TX_SEC_OFFLOAD_HI;
    mbuf(m).txOffload = { l2: 14, l3: 20 };
    const field = registerDynfield(memory, { name: 'mark', bytes: 4, align: 4 });
    memory.u32[(m + field) >>> 2] = 77;

    const clone = pktmbufClone(memory, m, small.position);
    expect(pktmbufRefcnt(memory, m)).toBe(2);
    expect(pktmbufData(memory, clone)).toBe(pktmbufData(memory, m));
    expect(pktmbufDirect(memory, clone)).toBe(m);
    expect(mbuf(clone)).toMatchObject({ packetLength: 100, dataLength: 100, port: 4, olFlagsLo: RX_SEC_OFFLOAD });
    expect(mbuf(clone).olFlagsHi).toBe((TX_SEC_OFFLOAD_HI | MBUF_INDIRECT_HI) >>> 0);
    expect(mbuf(clone).txOffload).toMatchObject({ l2: 14, l3: 20 });
    expect(memory.u32[(clone + field) >>> 2]).toBe(77);
    expect(pktmbufCheck(memory, clone, true)).toBeUndefined();

    const second = pktmbufClone(memory, clone, pool.position);
    expect(pktmbufRefcnt(memory, m)).toBe(3);
    expect(pktmbufRefcnt(memory, clone)).toBe(1);
    expect(mbuf(second).bytes()).toEqual(mbuf(m).bytes());

    pktmbufFree(memory, m);
    expect(pktmbufRefcnt(memory, m)).toBe(2);
    pktmbufFree(memory, clone);
    expect(mbuf(second).bytes()).toEqual(Uint8Array.from({ length: 100 }, (_, i) => i));
    pktmbufFree(memory, second);
    expectWhole(pool, small);
  });

  it('of a chain is a chain, segment by segment', () => {
    const { memory, pool, small, mbuf, packet } = setUp();
    const m = packet(50, 3);
    const clone = pktmbufClone(memory, m, small.position);
    expect(mbuf(clone)).toMatchObject({ segments: 3, packetLength: 150, dataLength: 50 });
    expect(small.inUseCount).toBe(3);
    for (let s = m; s !== 0; s = mbuf(s).next) expect(pktmbufRefcnt(memory, s)).toBe(2);
    expect(mbuf(clone).bytes()).toEqual(mbuf(m).bytes());
    pktmbufFreeBulk(memory, Uint32Array.of(m, clone), 0, 2);
    expectWhole(pool, small);
  });

  it('is not made when the pool has not enough', () => {
    const { memory, pool, small, packet } = setUp();
    const table = new Uint32Array(29);
    small.allocBulk(table, 0, 29);
    const m = packet(50, 3);
    expect(pktmbufClone(memory, m, small.position)).toBe(0);
    expect(pktmbufRefcnt(memory, m)).toBe(1);
    pktmbufFreeBulk(memory, table, 0, 29);
    pktmbufFree(memory, m);
    expectWhole(pool, small);
  });
});

describe('an mbuf attached to one of another pool', () => {
  it('has its own buffer back when it is detached', () => {
    const { memory, pool, small, mbuf, packet } = setUp();
    const m = packet(1000);
    const other = small.alloc();
    const own = mbuf(other).bufferPosition;
    pktmbufAttach(memory, other, m);
    expect(mbuf(other)).toMatchObject({ bufferLength: 2176, dataLength: 1000 });
    const third = pool.alloc();
    pktmbufAttach(memory, third, other);
    expect(pktmbufRefcnt(memory, m)).toBe(3);

    pktmbufDetach(memory, other);
    expect(mbuf(other)).toMatchObject({ bufferPosition: own, bufferLength: 228, dataOffset: 128, dataLength: 0 });
    expect(mbuf(other).olFlagsHi).toBe(0);
    expect(pktmbufRefcnt(memory, m)).toBe(2);
    pktmbufFree(memory, m);
    // The last one that refers to it puts it into its pool.
    expect(pool.inUseCount).toBe(2);
    pktmbufDetach(memory, third);
    expect(mbuf(third)).toMatchObject({ bufferLength: 2176, dataLength: 0 });
    expect(pool.inUseCount).toBe(1);
    pktmbufFree(memory, third);
    pktmbufFree(memory, other);
    expectWhole(pool, small);
  });
});

describe('a copy', () => {
  it('has bytes of its own, and what tells about the packet', () => {
    const { memory, pool, mbuf, packet } = setUp();
    const m = packet(100);
    mbuf(m).port = 2;
    mbuf(m).olFlagsLo = RX_SEC_OFFLOAD;
    const clone = pktmbufClone(memory, m, pool.position);
    const copy = pktmbufCopy(memory, clone, pool.position, 0, 0xffff_ffff);
    expect(mbuf(copy)).toMatchObject({
      packetLength: 100,
      segments: 1,
      port: 2,
      olFlagsLo: RX_SEC_OFFLOAD,
      olFlagsHi: 0,
    });
    memory.u8[pktmbufData(memory, m)] = 99;
    expect(mbuf(copy).bytes()[0]).toBe(0);
    expect(pktmbufRefcnt(memory, m)).toBe(2);
    for (const each of [m, clone, copy]) pktmbufFree(memory, each);
    expectWhole(pool);
  });

  it.each([
    [0, 1000],
    [0, 150],
    [10, 20],
    [49, 2],
    [50, 50],
    [149, 5],
    [150, 5],
    [0, 0],
  ])('from byte %i, of %i bytes at most, is that part of a chain', (offset, length) => {
    const { memory, pool, mbuf, packet } = setUp();
    const m = packet(50, 3);
    const copy = pktmbufCopy(memory, m, pool.position, offset, length);
    expect(mbuf(copy).bytes()).toEqual(
      mbuf(m)
        .bytes()
        .subarray(offset, offset + length),
    );
    expect(mbuf(copy).segments).toBe(1);
    expect(pktmbufCheck(memory, copy, true)).toBeUndefined();
    pktmbufFree(memory, m);
    pktmbufFree(memory, copy);
    expectWhole(pool);
  });

  it('is not made from beyond the end', () => {
    const { memory, pool, packet } = setUp();
    const m = packet(50);
    expect(pktmbufCopy(memory, m, pool.position, 51, 1)).toBe(0);
    expect(pool.inUseCount).toBe(1);
    pktmbufFree(memory, m);
    expectWhole(pool);
  });

  it('takes as many segments as smaller buffers need, or none', () => {
    const { memory, pool, small, mbuf, packet } = setUp();
    const m = packet(500, 2);
    const copy = pktmbufCopy(memory, m, small.position, 0, 1000);
    expect(mbuf(copy)).toMatchObject({ segments: 10, packetLength: 1000, dataLength: 100 });
    expect(mbuf(copy).bytes()).toEqual(mbuf(m).bytes());
    const rest = pktmbufCopy(memory, m, small.position, 0, 1000);
    const third = pktmbufCopy(memory, m, small.position, 0, 1000);
    expect(pktmbufCopy(memory, m, small.position, 0, 1000)).toBe(0);
    expect(small.inUseCount).toBe(30);
    const none = PktmbufPool.create(memory, 'none', { count: 3, dataRoom: 128, poison: true });
    expect(pktmbufCopy(memory, m, none.position, 0, 1)).toBe(0);
    for (const each of [m, copy, rest, third]) pktmbufFree(memory, each);
    expectWhole(pool, small, none);
  });
});

describe('references', () => {
  it('are counted, for one mbuf or all of a packet', () => {
    const { memory, pool, mbuf, packet } = setUp();
    const m = packet(10, 2);
    expect(pktmbufRefcntUpdate(memory, m, 1)).toBe(2);
    expect(pktmbufRefcntUpdate(memory, m, 3)).toBe(5);
    expect(pktmbufRefcntUpdate(memory, m, -4)).toBe(1);
    pktmbufRefcntUpdateAll(memory, m, 1);
    expect([pktmbufRefcnt(memory, m), mbuf(mbuf(m).next).refcnt]).toEqual([2, 2]);
    // What lies beside the count stays.
    expect(mbuf(m).dataOffset).toBe(128);
    pktmbufFree(memory, m);
    expect(mbuf(m)).toMatchObject({ refcnt: 1, segments: 2, packetLength: 20 });
    pktmbufRefcntSet(memory, m, 7);
    expect(pktmbufPrefreeSegment(memory, m)).toBe(0);
    pktmbufRefcntSet(memory, m, 1);
    pktmbufFree(memory, m);
    expectWhole(pool);
  });
});

describe('an external buffer', () => {
  it('serves an mbuf and its clones, and its owner is told once when the last of them goes', () => {
    const { memory, pool, mbuf } = setUp();
    const ring = Ring.create(memory, 'returned', 4);
    const buffer = memory.reserve('buffer', 1024).position;
    const info = memory.reserve('info', SHARED_INFO_BYTES).position;
    sharedInfoInit(memory, info, ring.position, 4711);
    const m = pool.alloc();
    const own = mbuf(m).bufferPosition;
    pktmbufAttachExternal(memory, m, buffer, 1024, info);
    expect(mbuf(m)).toMatchObject({ bufferPosition: buffer, headroom: 0, tailroom: 1024, packetLength: 0 });
    expect(mbuf(m).olFlagsHi).toBe(MBUF_EXTERNAL_HI);
    mbuf(m).setBytes(Uint8Array.of(1, 2, 3));

    const clone = pktmbufClone(memory, m, pool.position);
    const second = pktmbufClone(memory, clone, pool.position);
    expect(sharedInfoRefcnt(memory, info)).toBe(3);
    expect(pktmbufRefcnt(memory, m)).toBe(1);
    pktmbufFree(memory, m);
    pktmbufFreeBulk(memory, Uint32Array.of(clone), 0, 1);
    expect(ring.isEmpty).toBe(true);
    expect(mbuf(second).bytes()).toEqual(Uint8Array.of(1, 2, 3));
    pktmbufFree(memory, second);
    expect([ring.dequeue(), ring.dequeue()]).toEqual([4711, 0]);
    expectWhole(pool);

    const table = new Uint32Array(31);
    pool.allocBulk(table, 0, 31);
    expect(mbuf(m)).toMatchObject({ bufferPosition: own, bufferLength: 2176, dataOffset: 128, olFlagsHi: 0 });
    pktmbufFreeBulk(memory, table, 0, 31);
  });

  it('can be detached, and need not tell anybody', () => {
    const { memory, pool, mbuf } = setUp();
    const buffer = memory.reserve('buffer', 64).position;
    const info = memory.reserve('info', SHARED_INFO_BYTES).position;
    sharedInfoInit(memory, info, 0, 1);
    const m = pool.alloc();
    pktmbufAttachExternal(memory, m, buffer, 64, info);
    pktmbufDetach(memory, m);
    expect(sharedInfoRefcnt(memory, info)).toBe(0);
    expect(mbuf(m)).toMatchObject({ bufferLength: 2176, olFlagsHi: 0 });
    pktmbufFree(memory, m);
    expectWhole(pool);
  });
});
