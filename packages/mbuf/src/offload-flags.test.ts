import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as flags from './offload-flags.ts';
import { PktmbufPool } from './pktmbuf.ts';
import { setTxOffload } from './tx-offload.ts';

const { rxOffloadFlagName, rxOffloadFlagNames, txOffloadFlagName, txOffloadFlagNames, validateTxOffload } = flags;

describe('offload flags', () => {
  it('have the bits of DPDK', () => {
    const bits = (pattern: RegExp, high: number): Record<string, number> =>
      Object.fromEntries(
        Object.entries(flags)
          .filter(([name, value]) => pattern.test(name) && typeof value === 'number' && (value & (value - 1)) === 0)
          .map(([name, value]) => [name, Math.log2(Number(value)) + high]),
      );
    expect(bits(/^RX_/, 0)).toMatchObject({
      RX_VLAN: 0,
      RX_L4_CKSUM_BAD: 3,
      RX_IP_CKSUM_BAD: 4,
      RX_IP_CKSUM_GOOD: 7,
      RX_L4_CKSUM_GOOD: 8,
      RX_QINQ_STRIPPED: 15,
      RX_SEC_OFFLOAD: 18,
      RX_SEC_OFFLOAD_FAILED: 19,
      RX_OUTER_L4_CKSUM_GOOD: 22,
    });
    expect(bits(/_HI$/, 32)).toMatchObject({
      TX_OUTER_UDP_CKSUM_HI: 41,
      TX_SEC_OFFLOAD_HI: 43,
      TX_QINQ_HI: 49,
      TX_TCP_SEG_HI: 50,
      TX_TCP_CKSUM_HI: 52,
      TX_SCTP_CKSUM_HI: 53,
      TX_IP_CKSUM_HI: 54,
      TX_IPV4_HI: 55,
      TX_IPV6_HI: 56,
      TX_VLAN_HI: 57,
      TX_OUTER_IPV6_HI: 60,
      MBUF_EXTERNAL_HI: 61,
      MBUF_INDIRECT_HI: 62,
    });
    expect(flags.TX_UDP_CKSUM_HI).toBe(flags.TX_TCP_CKSUM_HI | flags.TX_SCTP_CKSUM_HI);
    expect(flags.TX_TUNNEL_ESP_HI).toBe(8 << (45 - 32));
    expect(flags.TX_TUNNEL_UDP_HI).toBe(0xe << (45 - 32));
  });

  it('are named one by one', () => {
    expect(rxOffloadFlagName(flags.RX_SEC_OFFLOAD)).toBe('RX_SEC_OFFLOAD');
    expect(rxOffloadFlagName(flags.RX_IP_CKSUM_MASK)).toBe('RX_IP_CKSUM_NONE');
    expect(rxOffloadFlagName(1 << 31)).toBeUndefined();
    expect(txOffloadFlagName(flags.TX_SEC_OFFLOAD_HI)).toBe('TX_SEC_OFFLOAD');
    expect(txOffloadFlagName(flags.TX_UDP_CKSUM_HI)).toBe('TX_UDP_CKSUM');
    expect(txOffloadFlagName(0)).toBeUndefined();
  });

  it('are named together, those of several bits by what they say together', () => {
    expect(rxOffloadFlagNames(0, 0)).toEqual([]);
    expect(rxOffloadFlagNames(flags.RX_SEC_OFFLOAD | flags.RX_SEC_OFFLOAD_FAILED | flags.RX_VLAN, 0)).toEqual([
      'RX_VLAN',
      'RX_SEC_OFFLOAD',
      'RX_SEC_OFFLOAD_FAILED',
    ]);
    expect(rxOffloadFlagNames(flags.RX_L4_CKSUM_MASK | flags.RX_IP_CKSUM_GOOD, 0)).toEqual([
      'RX_L4_CKSUM_NONE',
      'RX_IP_CKSUM_GOOD',
    ]);
    expect(rxOffloadFlagNames(flags.RX_OUTER_L4_CKSUM_MASK, 0)).toEqual(['RX_OUTER_L4_CKSUM_INVALID']);
    expect(txOffloadFlagNames(0xffff_ffff, 0)).toEqual([]);
    const hi = flags.TX_SEC_OFFLOAD_HI | flags.TX_IPV4_HI | flags.TX_UDP_CKSUM_HI | flags.TX_TUNNEL_IP_HI;
    expect(txOffloadFlagNames(0, hi)).toEqual(['TX_SEC_OFFLOAD', 'TX_TUNNEL_IP', 'TX_UDP_CKSUM', 'TX_IPV4']);
  });
});

describe('send flags that go together', () => {
  const { TX_IPV4_HI, TX_IPV6_HI, TX_IP_CKSUM_HI, TX_TCP_SEG_HI, TX_UDP_SEG_HI } = flags;

  it.each<[number, number, string | undefined]>([
    [0, 0, undefined],
    [flags.MBUF_INDIRECT_HI | flags.MBUF_EXTERNAL_HI, 0, undefined],
    [TX_IP_CKSUM_HI | TX_IPV4_HI, 0, undefined],
    [TX_IP_CKSUM_HI | TX_IPV6_HI, 0, 'TX_IP_CKSUM with TX_IPV6'],
    [flags.TX_TCP_CKSUM_HI, 0, 'L4 checksum or segmentation without TX_IPV4 or TX_IPV6'],
    [flags.TX_UDP_CKSUM_HI | TX_IPV6_HI, 0, undefined],
    [TX_TCP_SEG_HI, 512, 'L4 checksum or segmentation without TX_IPV4 or TX_IPV6'],
    [TX_TCP_SEG_HI | TX_IPV6_HI, 512, undefined],
    [TX_TCP_SEG_HI | TX_IPV6_HI, 0, 'segmentation with a segment size of 0'],
    [TX_UDP_SEG_HI | TX_IPV6_HI, 0, 'segmentation with a segment size of 0'],
    [TX_TCP_SEG_HI | TX_IPV4_HI, 512, 'segmentation of IPv4 without TX_IP_CKSUM'],
    [TX_TCP_SEG_HI | TX_IPV4_HI | TX_IP_CKSUM_HI, 512, undefined],
    [flags.TX_OUTER_IP_CKSUM_HI, 0, 'TX_OUTER_IP_CKSUM without TX_OUTER_IPV4'],
    [flags.TX_OUTER_IP_CKSUM_HI | flags.TX_OUTER_IPV4_HI, 0, undefined],
    [flags.TX_SEC_OFFLOAD_HI, 0, undefined],
  ])('%#: 0x%s with segments of %i bytes: %s', (hi, segment, reason) => {
    const memory = Memory.create({ bytes: 0x40000 });
    const m = PktmbufPool.create(memory, 'pool', { count: 1 }).alloc();
    flags.setOffloadFlagsHi(memory, m, hi);
    setTxOffload(memory, m, 14, 20, 20, segment);
    expect(validateTxOffload(memory, m)).toBe(reason);
    expect(flags.isDirect(memory, m)).toBe(reason !== undefined || (hi & flags.MBUF_INDIRECT_HI) === 0);
  });
});
