import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { describe, expect, it } from 'vitest';
import type { Platform } from '../gateway/start-gateway.ts';
import { capabilitiesText } from './capabilities-text.ts';
import { inlineAlgorithms } from './inline-algorithms.ts';
import { type CapabilityList, listCapabilities } from './list-capabilities.ts';

const SMALL = ['-l', '0', '-m', '16'];

function platform(): Platform & { files: MemoryCaptureFiles } {
  return {
    environment: simulatedEnvironment(1, 0),
    files: new MemoryCaptureFiles(),
    readFile: () => new Uint8Array(0),
  };
}

function list(...words: string[]): CapabilityList {
  const found = listCapabilities([...SMALL, ...words], platform());
  if (found === undefined) throw new RangeError('help only');
  return found;
}

describe('what ports can do', () => {
  it('of a card: its tables, its algorithms, the MTU that inline SAs leave', () => {
    const { ports, missing } = list('-a', '06:00.0');
    expect(missing).toEqual([]);
    expect(ports).toHaveLength(1);
    expect(ports[0]).toMatchObject({
      port: 0,
      name: '0000:06:00.0',
      driver: 'net_ixgbe',
      rxOffloads: expect.arrayContaining(['SECURITY']),
      txOffloads: expect.arrayContaining(['SECURITY', 'MULTI_SEGS']),
      flowRules: true,
      security: { limits: { egressSessions: 1024, ingressSessions: 1024, ingressAddresses: 128, maxFrameBytes: 9728 } },
      inlineSas: {
        type: 'inline-crypto-offload',
        directions: ['in', 'out'],
        modes: ['ipv4-tunnel', 'ipv6-tunnel', 'transport'],
        algorithms: ['aead_algo aes-128-gcm', 'cipher_algo null auth_algo aes-gmac'],
      },
    });
    const text = capabilitiesText(ports);
    expect(text).toContain('port 0: 0000:06:00.0');
    expect(text).toMatch(/^ {2}MTU +68 to \d+; with inline SAs out, to 9710$/m);
    expect(text).toMatch(/^ {2}at most +1024 out, 1024 in, in for 128 addresses$/m);
    expect(text).toMatch(/^ {2}algorithms +aead_algo aes-128-gcm; cipher_algo null auth_algo aes-gmac$/m);
    for (const direction of ['egress', 'ingress']) {
      expect(text).toMatch(
        new RegExp(`inline-crypto +esp +tunnel +${direction} .*aes-gcm \\(key 16, iv 12, tag 16\\)`),
      );
    }
  });

  it('of software ports: no inline SAs', () => {
    const { ports } = list('--vdev', 'net_null0', '--vdev', 'net_ring0');
    expect(ports.map(({ name }) => name)).toEqual(['net_null0', 'net_ring0']);
    for (const port of ports) {
      expect(port).toMatchObject({ rxOffloads: [], txOffloads: ['MULTI_SEGS'], flowRules: false });
      expect(port.security).toBeUndefined();
      expect(port.inlineSas).toBeUndefined();
    }
    expect(capabilitiesText(ports)).toMatch(/^ {2}inline SAs +none: type no-offload$/m);
  });

  it('is the same as JSON', () => {
    const { ports } = list('-a', '06:00.0', '--vdev', 'net_ring0');
    expect(JSON.parse(JSON.stringify(ports))).toEqual(ports);
  });

  it('numbers ports as the gateway does, and passes its options over', () => {
    const { ports } = list('--vdev', 'net_ring0', '-a', '06:00.1', '-a', '06:00.0', '--', '-p', '7', '-f', 'none.cfg');
    expect(ports.map(({ port, name }) => `${port} ${name}`)).toEqual([
      '0 0000:06:00.1',
      '1 0000:06:00.0',
      '2 net_ring0',
    ]);
  });

  it('leaves captures as they are that a gateway would write', () => {
    const host = platform();
    host.files.files.set('out.pcap', Uint8Array.of(1, 2, 3));
    listCapabilities([...SMALL, '--vdev', 'net_pcap0,tx_pcap=out.pcap'], host);
    expect(host.files.files.get('out.pcap')).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('names devices that cannot be had, and tells of the others', () => {
    const { ports, missing } = list(
      '--vdev',
      'net_pcap0,rx_pcap=none.pcap',
      '-a',
      '06:00.0,engine=none',
      '--vdev',
      'net_ring0',
    );
    expect(missing).toEqual(['06:00.0', 'net_pcap0']);
    expect(ports.map(({ name }) => name)).toEqual(['net_ring0']);
  });

  it('wants a port', () => {
    expect(() => list()).toThrow(expect.objectContaining({ code: 'ERR_CAPABILITIES_PORTS' }));
    expect(listCapabilities(['-h'], platform())).toBeUndefined();
  });
});

describe('inlineAlgorithms', () => {
  it('names what the lengths allow, as a configuration file does', () => {
    const any = { min: 0, max: 64, step: 0 };
    expect(inlineAlgorithms([])).toEqual([]);
    expect(inlineAlgorithms([{ kind: 'aead', algorithm: 'aes-gcm', key: any, iv: any, tag: any }])).toEqual([
      'aead_algo aes-128-gcm',
      'aead_algo aes-192-gcm',
      'aead_algo aes-256-gcm',
    ]);
    const eight = { min: 8, max: 8, step: 0 };
    expect(inlineAlgorithms([{ kind: 'aead', algorithm: 'aes-gcm', key: any, iv: any, tag: eight }])).toEqual([]);
    expect(
      inlineAlgorithms([
        { kind: 'cipher', algorithm: 'aes-cbc', key: { min: 16, max: 16, step: 0 }, iv: any },
        { kind: 'auth', algorithm: 'hmac-sha1', key: any, tag: any },
      ]),
    ).toEqual(['cipher_algo aes-128-cbc auth_algo sha1-hmac']);
  });
});
