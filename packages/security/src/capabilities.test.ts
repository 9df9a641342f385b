import { describe, expect, it } from 'vitest';
import { findCapability, type SecurityCapability, type SecurityCapabilityIndex } from './capabilities.ts';
import type { IpsecDirection, IpsecMode, IpsecProtocol, SecurityAction } from './session-configuration.ts';

function ipsec(
  action: Exclude<SecurityAction, 'none'>,
  proto: IpsecProtocol,
  mode: IpsecMode,
  direction: IpsecDirection,
): SecurityCapability {
  return {
    action,
    protocol: 'ipsec',
    ipsec: { proto, mode, direction, options: {}, replayWindowSizeMax: 0 },
    crypto: [],
    flags: 0,
  };
}

const TUNNEL_IN = ipsec('inline-crypto', 'esp', 'tunnel', 'ingress');
const WANTED: SecurityCapabilityIndex = {
  action: 'inline-crypto',
  protocol: 'ipsec',
  ipsec: { proto: 'esp', mode: 'tunnel', direction: 'ingress' },
};

describe('findCapability', () => {
  it('finds nothing in an empty table', () => {
    expect(findCapability([], WANTED)).toBeUndefined();
  });

  it.each<[string, SecurityCapability]>([
    ['action', { ...TUNNEL_IN, action: 'inline-protocol' }],
    ['protocol', { ...TUNNEL_IN, protocol: 'macsec' }],
    ['IPsec protocol', ipsec('inline-crypto', 'ah', 'tunnel', 'ingress')],
    ['mode', ipsec('inline-crypto', 'esp', 'transport', 'ingress')],
    ['direction', ipsec('inline-crypto', 'esp', 'tunnel', 'egress')],
  ])('does not take an entry of another %s', (_what, entry) => {
    expect(findCapability([entry], WANTED)).toBeUndefined();
    expect(findCapability([entry, TUNNEL_IN], WANTED)).toBe(TUNNEL_IN);
  });

  it('takes the first of several that fit', () => {
    const twin = { ...TUNNEL_IN };
    expect(findCapability([TUNNEL_IN, twin], WANTED)).toBe(TUNNEL_IN);
    expect(findCapability([twin, TUNNEL_IN], WANTED)).toBe(twin);
  });

  it('asks nothing more of what is not IPsec', () => {
    const macsec: SecurityCapability = { action: 'inline-protocol', protocol: 'macsec', crypto: [], flags: 0 };
    expect(findCapability([TUNNEL_IN, macsec], { action: 'inline-protocol', protocol: 'macsec' })).toBe(macsec);
  });

  it('finds no IPsec entry for a question that does not say which', () => {
    expect(findCapability([TUNNEL_IN], { action: 'inline-crypto', protocol: 'ipsec' })).toBeUndefined();
  });

  it('never offers doing nothing', () => {
    expect(findCapability([TUNNEL_IN], { ...WANTED, action: 'none' })).toBeUndefined();
  });
});
