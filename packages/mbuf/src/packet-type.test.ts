import { describe, expect, it } from 'vitest';
import * as types from './packet-type.ts';

describe('packet types', () => {
  it('have the values of DPDK', () => {
    expect(types).toMatchObject({
      PTYPE_L2_ETHER: 1,
      PTYPE_L2_ETHER_VLAN: 6,
      PTYPE_L3_IPV4: 0x10,
      PTYPE_L3_IPV4_EXT: 0x30,
      PTYPE_L3_IPV6: 0x40,
      PTYPE_L3_IPV4_EXT_UNKNOWN: 0x90,
      PTYPE_L3_IPV6_EXT: 0xc0,
      PTYPE_L3_IPV6_EXT_UNKNOWN: 0xe0,
      PTYPE_L4_TCP: 0x100,
      PTYPE_L4_UDP: 0x200,
      PTYPE_L4_ESP: 0x800,
      PTYPE_TUNNEL_IP: 0x1000,
      PTYPE_TUNNEL_ESP: 0x9000,
      PTYPE_INNER_L2_ETHER: 0x10000,
      PTYPE_INNER_L3_IPV4: 0x100000,
      PTYPE_INNER_L4_TCP: 0x1000000,
    });
  });

  it('tell IPv4 from IPv6 by one bit each, in every form', () => {
    const ipv4 = [types.PTYPE_L3_IPV4, types.PTYPE_L3_IPV4_EXT, types.PTYPE_L3_IPV4_EXT_UNKNOWN];
    const ipv6 = [types.PTYPE_L3_IPV6, types.PTYPE_L3_IPV6_EXT, types.PTYPE_L3_IPV6_EXT_UNKNOWN];
    for (const type of ipv4)
      expect([types.isIpv4PacketType(type), types.isIpv6PacketType(type)]).toEqual([true, false]);
    for (const type of ipv6)
      expect([types.isIpv4PacketType(type), types.isIpv6PacketType(type)]).toEqual([false, true]);
    expect(types.isTunnelPacketType(types.PTYPE_TUNNEL_ESP)).toBe(true);
    expect(types.isTunnelPacketType(types.PTYPE_L4_ESP)).toBe(false);
  });

  it('are told in words, part by part', () => {
    const { PTYPE_L2_ETHER, PTYPE_L3_IPV4, PTYPE_TUNNEL_ESP, PTYPE_INNER_L4_UDP, packetTypeName } = types;
    expect(packetTypeName(PTYPE_L2_ETHER | PTYPE_L3_IPV4 | PTYPE_TUNNEL_ESP | PTYPE_INNER_L4_UDP)).toBe(
      'L2_ETHER L3_IPV4 TUNNEL_ESP INNER_L4_UDP',
    );
    expect(packetTypeName(0)).toBe('UNKNOWN');
    expect(packetTypeName(0xe000)).toBe('0xe000');
  });

  it('have a name for each constant', () => {
    const constants = Object.entries(types).filter(([name]) => /^PTYPE_/.test(name) && !/MASK$/.test(name));
    expect(constants.length).toBeGreaterThan(50);
    for (const [name, value] of constants) expect(types.packetTypeName(Number(value))).toBe(name.slice(6));
  });
});
