import { describe, expect, it } from 'vitest';
import { AEADS, AUTHS, algorithmNames, algorithmOf, CIPHERS, cryptoTransform } from './algorithms.ts';
import { parseConfiguration } from './configuration.ts';
import { heapKeyStore } from './key.ts';
import type { SaRule } from './rules.ts';

function sa(algorithms: string, direction = 'out'): SaRule {
  const bytes = new TextEncoder().encode(`sa ${direction} 7 ${algorithms} mode transport\n`);
  return parseConfiguration(bytes, { file: 'x.cfg', keys: heapKeyStore() }).sas[0];
}

/** Key text 00:01:02:… */
function counting(length: number): string {
  return Array.from({ length }, (_, i) => i.toString(16)).join(':');
}

const bytesFrom = (start: number, length: number) => Uint8Array.from({ length }, (_, i) => start + i);

describe('the tables', () => {
  it('have the bytes to type, the real key, the IV on the wire and the ICV of DPDK v26.07', () => {
    const row = ({ name, typedBytes, keyBytes, ivBytes }: (typeof CIPHERS)[number]) => [
      name,
      typedBytes,
      keyBytes,
      ivBytes,
    ];
    expect(CIPHERS.map(row)).toEqual([
      ['null', 0, 0, 0],
      ['aes-128-cbc', 16, 16, 16],
      ['aes-192-cbc', 24, 24, 16],
      ['aes-256-cbc', 32, 32, 16],
      ['aes-128-ctr', 20, 16, 8],
      ['aes-192-ctr', 28, 24, 8],
      ['aes-256-ctr', 36, 32, 8],
      ['3des-cbc', 24, 24, 8],
      ['des-cbc', 8, 8, 8],
      ['sm4-cbc', 16, 16, 16],
    ]);
    expect(AUTHS.map(({ name, typedBytes, icvBytes, legacy }) => [name, typedBytes, icvBytes, legacy])).toEqual([
      ['null', 0, 0, true],
      ['sha1-hmac', 20, 12, true],
      ['sha256-hmac', 32, 16, true],
      ['sha384-hmac', 48, 24, false],
      ['sha512-hmac', 64, 32, false],
      ['aes-gmac', 20, 16, false],
      ['aes-xcbc-mac-96', 16, 12, true],
      ['sm3-hmac', 20, 12, true],
    ]);
    expect(
      AEADS.map(({ name, typedBytes, keyBytes, nonceBytes, legacy }) => [
        name,
        typedBytes,
        keyBytes,
        nonceBytes,
        legacy,
      ]),
    ).toEqual([
      ['aes-128-gcm', 20, 16, 12, true],
      ['aes-192-gcm', 28, 24, 12, true],
      ['aes-256-gcm', 36, 32, 12, true],
      ['aes-128-ccm', 20, 16, 11, false],
      ['aes-192-ccm', 28, 24, 11, false],
      ['aes-256-ccm', 36, 32, 11, false],
      ['chacha20-poly1305', 36, 32, 12, false],
    ]);
  });

  it('take the spelling of the guide for XCBC', () => {
    expect(algorithmNames(AUTHS)).toContain('aes-xcbc-mac');
    expect(algorithmOf(sa(`cipher_algo null auth_algo aes-xcbc-mac auth_key ${counting(16)}`))).toBe(
      'null aes-xcbc-mac-96',
    );
  });
});

describe('every algorithm by its name', () => {
  it.each(AEADS.map((aead) => [aead.name, aead] as const))('%s takes key and salt from the key text', (name, aead) => {
    const { crypto } = sa(`aead_algo ${name} aead_key ${counting(aead.typedBytes)}`);
    expect(crypto).toEqual({
      kind: 'aead',
      aead,
      key: bytesFrom(0, aead.keyBytes),
      salt: bytesFrom(aead.keyBytes, 4),
    });
  });

  it.each(CIPHERS.slice(1).map((cipher) => [cipher.name, cipher] as const))('%s likewise', (name, cipher) => {
    const { crypto } = sa(`cipher_algo ${name} cipher_key ${counting(cipher.typedBytes)} auth_algo null`);
    expect(crypto).toMatchObject({
      cipherKey: bytesFrom(0, cipher.keyBytes),
      salt: bytesFrom(cipher.keyBytes, cipher.saltBytes),
      authKey: new Uint8Array(0),
    });
  });

  it.each(AUTHS.slice(1).map((auth) => [auth.name, auth] as const))('%s likewise', (name, auth) => {
    const { crypto } = sa(`auth_algo ${name} auth_key ${counting(auth.typedBytes)} cipher_algo null`);
    expect(crypto).toMatchObject({
      authKey: bytesFrom(0, auth.keyBytes),
      salt: bytesFrom(auth.keyBytes, auth.saltBytes),
      cipherKey: new Uint8Array(0),
    });
  });
});

describe('for an engine', () => {
  it('an AEAD is one transform, with the direction of the SA', () => {
    expect(cryptoTransform(sa(`aead_algo aes-192-gcm aead_key ${counting(28)}`, 'in'))).toEqual({
      kind: 'aead',
      direction: 'decrypt',
      algorithm: 'aes-gcm',
      key: bytesFrom(0, 24),
      ivBytes: 12,
      tagBytes: 16,
    });
  });

  it('cipher and integrity are a chain', () => {
    const text = `cipher_algo aes-128-ctr cipher_key ${counting(20)} auth_algo sha256-hmac auth_key ${counting(32)}`;
    expect(cryptoTransform(sa(text))).toEqual({
      kind: 'chain',
      direction: 'encrypt',
      cipher: { algorithm: 'aes-ctr', key: bytesFrom(0, 16), ivBytes: 16 },
      auth: { algorithm: 'hmac-sha256', key: bytesFrom(0, 32), tagBytes: 16 },
    });
  });

  it('GMAC is the integrity of a null cipher', () => {
    expect(cryptoTransform(sa(`cipher_algo null auth_algo aes-gmac auth_key ${counting(20)}`))).toMatchObject({
      cipher: { algorithm: 'null', ivBytes: 0 },
      auth: { algorithm: 'aes-gmac', key: bytesFrom(0, 16), tagBytes: 16 },
    });
  });

  it('SM4 and SM3 are nothing', () => {
    const sm3 = sa(`cipher_algo null auth_algo sm3-hmac auth_key ${counting(20)}`);
    expect(() => cryptoTransform(sm3)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_ALGORITHM' }));
    const sm4 = sa(`cipher_algo sm4-cbc cipher_key ${counting(16)} auth_algo null`);
    expect(() => cryptoTransform(sm4)).toThrow('no engine has sm4-cbc');
  });
});
