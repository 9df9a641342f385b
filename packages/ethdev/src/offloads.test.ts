import { describe, expect, it } from 'vitest';
import { linkToText, speedToText } from './link.ts';
import {
  RX_OFFLOAD_BUFFER_SPLIT,
  RX_OFFLOAD_SECURITY,
  rxOffloadNames,
  TX_OFFLOAD_IPV4_CKSUM,
  TX_OFFLOAD_MULTI_SEGS,
  TX_OFFLOAD_SECURITY,
  TX_OFFLOAD_SEND_ON_TIMESTAMP,
  txOffloadNames,
} from './offloads.ts';

describe('offload masks', () => {
  it('have the bits of DPDK', () => {
    expect([RX_OFFLOAD_SECURITY, RX_OFFLOAD_BUFFER_SPLIT]).toEqual([0x8000, 0x10_0000]);
    expect([TX_OFFLOAD_IPV4_CKSUM, TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_SECURITY, TX_OFFLOAD_SEND_ON_TIMESTAMP]).toEqual([
      0x2, 0x8000, 0x2_0000, 0x20_0000,
    ]);
  });

  it('are told by name, lowest bit first, also bits without a name', () => {
    expect(rxOffloadNames(0x8 | RX_OFFLOAD_SECURITY | 0x100)).toEqual(['TCP_CKSUM', 'bit 8', 'SECURITY']);
    expect(txOffloadNames(TX_OFFLOAD_MULTI_SEGS | TX_OFFLOAD_SECURITY | 0x8000_0000)).toEqual([
      'MULTI_SEGS',
      'SECURITY',
      'bit 31',
    ]);
    expect(rxOffloadNames(0)).toEqual([]);
  });
});

describe('links', () => {
  it('are told as DPDK tells them', () => {
    expect(linkToText({ up: true, speedMbps: 10_000, fullDuplex: true, autoneg: true })).toBe(
      'Link up at 10 Gbps FDX Autoneg',
    );
    expect(linkToText({ up: true, speedMbps: 100, fullDuplex: false, autoneg: false })).toBe(
      'Link up at 100 Mbps HDX Fixed',
    );
    expect(linkToText({ up: false, speedMbps: 10_000, fullDuplex: true, autoneg: true })).toBe('Link down');
    expect([speedToText(2500), speedToText(0)]).toEqual(['2.5 Gbps', 'None']);
  });
});
