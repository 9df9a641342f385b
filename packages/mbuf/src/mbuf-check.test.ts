import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { Mbuf } from './cursor.ts';
import {
  MBUF_BUF_ADDR,
  MBUF_DATA_LEN,
  MBUF_DATA_OFF,
  MBUF_NB_SEGS,
  MBUF_NEXT,
  MBUF_PKT_LEN,
  MBUF_POOL,
  MBUF_REFCNT,
} from './layout.ts';
import { pktmbufCheck, pktmbufSanityCheck } from './mbuf-check.ts';
import { PktmbufPool, pktmbufChain } from './pktmbuf.ts';

function setUp(): { memory: Memory; m: number; second: number } {
  const memory = Memory.create({ bytes: 0x40000 });
  const pool = PktmbufPool.create(memory, 'pool', { count: 7 });
  const [m, second] = [pool.alloc(), pool.alloc()];
  new Mbuf(memory).at(m).setBytes(new Uint8Array(60));
  new Mbuf(memory).at(second).setBytes(new Uint8Array(40));
  pktmbufChain(memory, m, second);
  return { memory, m, second };
}

describe('a check of an mbuf', () => {
  it('has nothing to say about a good one', () => {
    const { memory, m, second } = setUp();
    expect(pktmbufCheck(memory, m, true)).toBeUndefined();
    expect(pktmbufCheck(memory, second, false)).toBeUndefined();
    pktmbufSanityCheck(memory, m, true);
  });

  it('says that none is none, and that what is elsewhere is no mbuf', () => {
    const { memory } = setUp();
    expect(pktmbufCheck(memory, 0, true)).toBe('mbuf is NULL');
    expect(pktmbufCheck(memory, memory.bytes - 64, true)).toBe('mbuf is outside of the memory');
    expect(pktmbufCheck(memory, 1001, true)).toBe('mbuf is outside of the memory');
  });

  type Damage = (memory: Memory, m: number) => void;
  const set16 = (field: number, value: number): Damage => {
    return ({ u16 }, m) => {
      u16[(m + field) >>> 1] = value;
    };
  };
  const set32 = (field: number, value: number): Damage => {
    return ({ u32 }, m) => {
      u32[(m + field) >>> 2] = value;
    };
  };

  it.each<[string, string, Damage]>([
    ['bad mbuf pool', 'no pool', set32(MBUF_POOL, 0)],
    ['bad mbuf pool', 'a pool that is none', set32(MBUF_POOL, 4096)],
    ['bad virt addr', 'no buffer', set32(MBUF_BUF_ADDR, 0)],
    ['bad IO addr', 'a buffer that ends outside of the memory', set32(MBUF_BUF_ADDR, 0x3ff00)],
    ['bad ref cnt', 'no reference', set16(MBUF_REFCNT, 0)],
    ['bad ref cnt', 'a count that ran below 0', set16(MBUF_REFCNT, 0xffff)],
  ])('says %s for %s, in any segment', (reason, _, damage) => {
    const { memory, m, second } = setUp();
    damage(memory, m);
    damage(memory, second);
    expect(pktmbufCheck(memory, m, true)).toBe(reason);
    expect(pktmbufCheck(memory, second, false)).toBe(reason);
    expect(() => pktmbufSanityCheck(memory, m, true)).toThrow(reason);
  });

  it.each<[string, string, Damage]>([
    ['bad data_len', 'a segment longer than the packet', set32(MBUF_PKT_LEN, 59)],
    ['data offset too big in mbuf segment', 'data behind the buffer', set16(MBUF_DATA_OFF, 2177)],
    ['data length too big in mbuf segment', 'data that end behind the buffer', set16(MBUF_DATA_OFF, 2117)],
    ['bad nb_segs', 'a segment too few', set16(MBUF_NB_SEGS, 1)],
    ['bad nb_segs', 'a segment too many', set16(MBUF_NB_SEGS, 3)],
    ['bad nb_segs', 'a next that is none', set32(MBUF_NEXT, 77)],
    ['bad pkt_len', 'a packet longer than its segments', set32(MBUF_PKT_LEN, 101)],
    ['bad pkt_len', 'a packet shorter than its segments', set16(MBUF_DATA_LEN, 59)],
  ])('says %s for %s, in the first segment', (reason, _, damage) => {
    const { memory, m } = setUp();
    damage(memory, m);
    expect(pktmbufCheck(memory, m, true)).toBe(reason);
    expect(pktmbufCheck(memory, m, false)).toBeUndefined();
  });

  it('ends in a chain that goes round in a circle', () => {
    const { memory, m, second } = setUp();
    memory.u32[(second + MBUF_NEXT) >>> 2] = m;
    expect(pktmbufCheck(memory, m, true)).toBe('bad nb_segs');
  });
});
