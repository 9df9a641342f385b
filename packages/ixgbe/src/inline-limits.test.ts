import type { CryptoTransform } from '@inline-ipsec/cryptodev/engine';
import { SetupError } from '@inline-ipsec/eal/errors';
import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_SECURITY } from '@inline-ipsec/ethdev/offloads';
import type { SecuritySessionConfiguration } from '@inline-ipsec/security/session-configuration';
import { describe, expect, it } from 'vitest';
import { BOTH, egress, gcm, gmac, ingress, SecureBench, sessionOf } from './testing/secure-bench.ts';

describe('what the card cannot do', () => {
  const bench = new SecureBench().configure(BOTH);
  function refused(configuration: SecuritySessionConfiguration, pattern: RegExp, errno = 'ENOTSUP'): void {
    const available = bench.sessions.available;
    let caught: unknown;
    try {
      bench.session(configuration);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SetupError);
    expect((caught as SetupError).message).toMatch(pattern);
    expect((caught as SetupError).errno).toBe(errno);
    expect((caught as SetupError).remedy).toMatch(/\w/);
    expect(bench.sessions.available).toBe(available);
  }

  it('is refused with the nearest thing that works', () => {
    const key32 = new Uint8Array(32);
    refused(egress(1, key32), /^AES-256-GCM: the 82599 has AES-128 only; use type no-offload, or aes-128-gcm$/);
    refused(sessionOf('ingress', 1, gmac('decrypt', new Uint8Array(24))), /^AES-192-GMAC: the 82599 has AES-128 only/);
    refused(
      sessionOf('egress', 1, { ...gcm('encrypt'), tagBytes: 8 } as CryptoTransform),
      /ICV of 8 bytes.*no-offload/,
    );
    refused(
      sessionOf('egress', 1, {
        kind: 'chain',
        direction: 'encrypt',
        cipher: { algorithm: 'aes-cbc', key: key32, ivBytes: 16 },
        auth: { algorithm: 'hmac-sha1', key: new Uint8Array(20), tagBytes: 12 },
      }),
      /^AES-256-CBC with HMAC-SHA1: the 82599 has AES-128-GCM and AES-128-GMAC only; use type no-offload/,
    );
    refused(
      sessionOf('egress', 1, { ...gcm('encrypt', key32), algorithm: 'chacha20-poly1305' } as CryptoTransform),
      /^CHACHA20-POLY1305: the 82599 has/,
    );
    refused(sessionOf('ingress', 1, gcm('decrypt'), { options: { esn: true } }), /option esn.*32 bits/);
    refused(
      sessionOf('egress', 1, gcm('encrypt'), { options: { udpEncap: true } }),
      /option udpEncap.*never.*UDP.*no-offload/,
    );
    refused(sessionOf('ingress', 1, gcm('decrypt'), { replayWindowSize: 64 }), /no replay window.*in software/);
    refused(sessionOf('egress', 1, gcm('encrypt'), { life: { packetsHardLimit: 5 } }), /packetsHardLimit/);
    refused(sessionOf('egress', 1, gcm('encrypt'), { proto: 'ah' }), /ESP only.*aes-gmac/);
    refused({ ...egress(1), action: 'inline-protocol' }, /the rest of ESP to software.*inline-crypto/);
    refused({ ...egress(1), protocol: 'macsec' }, /IPsec only/);
  });

  it('and what no SA can be is refused as such', () => {
    refused(egress(0), /cannot have this SPI/, 'EINVAL');
    refused(sessionOf('egress', 1, gcm('decrypt')), /expected encrypt, got decrypt/, 'EINVAL');
    refused(sessionOf('egress', 1, gcm('encrypt'), { salt: new Uint8Array(8) }), /salt.*four bytes.*8 bytes/, 'EINVAL');
    const { ipsec: _left, ...without } = egress(1);
    refused(without, /no IPsec parameters/, 'EINVAL');
  });

  it('a direction that the port is not configured for is refused by name', () => {
    const rxOnly = new SecureBench().configure({ rxOffloads: RX_OFFLOAD_SECURITY });
    expect(() => rxOnly.session(egress(1))).toThrow(/TX_OFFLOAD_SECURITY among its offloads/);
    const txOnly = new SecureBench().configure({ txOffloads: TX_OFFLOAD_SECURITY });
    expect(() => txOnly.session(ingress(1))).toThrow(/RX_OFFLOAD_SECURITY among its offloads/);
  });

  it('a card without the block has neither context nor offloads nor rules', () => {
    const fused = new SecureBench({ card: { fuse: 'fused' } });
    expect(fused.port.securityContext).toBeUndefined();
    expect(() => fused.port.configure(BOTH)).toThrow(expect.objectContaining({ code: 'ERR_PORT_OFFLOAD' }));
    fused.start();
    fused.send([fused.mbuf(new Uint8Array(60))]);
    expect(fused.list.sent).toHaveLength(1);
    fused.end();
  });

  it('a frame that the card could not keep whole is refused with the limit', () => {
    const jumbo = new SecureBench();
    expect(() => jumbo.port.configure({ ...BOTH, mtu: 9711 })).toThrow(/at most 9710, got 9711/);
    jumbo.port.configure({ mtu: 9711 });
  });
});
