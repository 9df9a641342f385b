import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { Mbuf } from './cursor.ts';
import { RX_SEC_OFFLOAD, TX_SEC_OFFLOAD_HI } from './offload-flags.ts';
import { PTYPE_L2_ETHER, PTYPE_L3_IPV4 } from './packet-type.ts';
import { PktmbufPool, pktmbufChain } from './pktmbuf.ts';

function setUp(): { pool: PktmbufPool; mbuf: Mbuf } {
  const memory = Memory.create({ bytes: 0x40000 });
  const pool = PktmbufPool.create(memory, 'pool', { count: 7, dataRoom: 300, poison: true });
  return { pool, mbuf: new Mbuf(memory).at(pool.alloc()) };
}

describe('the cursor', () => {
  it('reads and writes data and fields of the mbuf that it is at', () => {
    const { pool, mbuf } = setUp();
    mbuf.setBytes(Uint8Array.of(3, 4)).prepend(Uint8Array.of(1, 2)).append(Uint8Array.of(5));
    mbuf.hashRss = 0xffff_ffff;
    mbuf.vlanTci = 0xfff;
    expect(mbuf.bytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    expect(mbuf).toMatchObject({ pool: pool.position, dataLength: 5, packetLength: 5, headroom: 126, tailroom: 169 });
    expect(mbuf).toMatchObject({ hashRss: 0xffff_ffff, vlanTci: 0xfff, dataOffset: 126 });
    mbuf.view()[0] = 9;
    expect(mbuf.bytes()[0]).toBe(9);
    expect([mbuf.adj(1), mbuf.trim(1), mbuf.adj(4), mbuf.trim(4)]).toEqual([true, true, false, false]);
    expect(mbuf.bytes()).toEqual(Uint8Array.of(2, 3, 4));
    mbuf.setBytes(new Uint8Array(0));
    expect(mbuf.packetLength).toBe(0);
    mbuf.free();
    expect(mbuf.position).toBe(0);
    expect(pool.inUseCount).toBe(0);
    pool.audit();
  });

  it('reads all segments of a packet', () => {
    const { pool, mbuf } = setUp();
    const tail = new Mbuf(pool.memory).at(pool.alloc()).setBytes(Uint8Array.of(3));
    mbuf.setBytes(Uint8Array.of(1, 2));
    pktmbufChain(pool.memory, mbuf.position, tail.position);
    expect(mbuf.bytes()).toEqual(Uint8Array.of(1, 2, 3));
    expect(mbuf.view()).toEqual(Uint8Array.of(1, 2));
    expect(mbuf.next).toBe(tail.position);
    mbuf.append(Uint8Array.of(4));
    expect(tail.bytes()).toEqual(Uint8Array.of(3));
    expect(tail.dataLength).toBe(2);
    expect(() => mbuf.setBytes(Uint8Array.of(1))).toThrow('linearize');
    mbuf.free();
    pool.audit();
  });

  it('refuses what has no room, and changes nothing', () => {
    const { mbuf } = setUp();
    expect(() => mbuf.setBytes(new Uint8Array(173))).toThrow('expected at most 172 bytes, got 173');
    mbuf.setBytes(new Uint8Array(172));
    expect(() => mbuf.append(new Uint8Array(1))).toThrow('expected at most 0 bytes, got 1');
    expect(() => mbuf.prepend(new Uint8Array(129))).toThrow('expected at most 128 bytes, got 129');
    expect(mbuf.packetLength).toBe(172);
  });

  it('tells the packet in words, bytes that are no ASCII too', () => {
    const { mbuf } = setUp();
    mbuf.setBytes(Uint8Array.from({ length: 256 - 100 }, (_, i) => i + 100).subarray(0, 100));
    mbuf.packetType = PTYPE_L2_ETHER | PTYPE_L3_IPV4;
    mbuf.olFlagsLo = RX_SEC_OFFLOAD;
    mbuf.olFlagsHi = TX_SEC_OFFLOAD_HI;
    const lines = mbuf.dump(40).split('\n');
    expect(lines[0]).toContain('data_len=100 pkt_len=100 segments=1 port=65535 refcnt=1');
    expect(lines[1]).toBe('  type=L2_ETHER L3_IPV4 flags=RX_SEC_OFFLOAD,TX_SEC_OFFLOAD');
    expect(lines[2]).toBe('  0000: 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 73  defghijklmnopqrs');
    expect(lines[4]).toBe('  0020: 84 85 86 87 88 89 8a 8b                          ........');
    expect(mbuf.dump().split('\n').length).toBe(3);
  });
});
