import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { capabilityHas, capabilityOf, inRange, supports, unsupported } from './capabilities.ts';
import type { AeadTransform, ChainTransform } from './engine.ts';
import { createNobleEngine } from './noble-engine.ts';
import { createNullEngine } from './null-engine.ts';

const noble = createNobleEngine(Memory.create({ bytes: 0x10_0000 }));
const none = createNullEngine(Memory.create({ bytes: 0x10_0000 }));

function gcm(keyBytes: number, ivBytes = 12, tagBytes = 16): AeadTransform {
  const key = new Uint8Array(keyBytes);
  return { kind: 'aead', direction: 'encrypt', algorithm: 'aes-gcm', key, ivBytes, tagBytes };
}

function chain(
  cipher: ChainTransform['cipher']['algorithm'],
  auth: ChainTransform['auth']['algorithm'],
): ChainTransform {
  const cipherKey = new Uint8Array(cipher === 'null' ? 0 : 16);
  const authKey = new Uint8Array(auth === 'null' ? 0 : 16);
  return {
    kind: 'chain',
    direction: 'encrypt',
    cipher: { algorithm: cipher, key: cipherKey, ivBytes: cipher === 'null' ? 0 : 16 },
    auth: { algorithm: auth, key: authKey, tagBytes: auth === 'null' ? 0 : auth === 'aes-gmac' ? 16 : 12 },
  };
}

describe('capabilities', () => {
  it('take a length on a step of a range', () => {
    const keys = { min: 16, max: 32, step: 8 };
    expect([15, 16, 17, 24, 32, 33, 40].map((n) => inRange(keys, n))).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
    expect([7, 8, 13, 14].map((n) => inRange({ min: 8, max: 13, step: 0 }, n))).toEqual([false, true, true, false]);
  });

  it('are found by kind and algorithm and checked by length', () => {
    const capability = capabilityOf(noble, { kind: 'cipher', algorithm: 'aes-cbc' });
    expect(capability).toMatchObject({ key: { min: 16, max: 32, step: 8 }, iv: { min: 16, max: 16 } });
    expect(capabilityOf(noble, { kind: 'cipher', algorithm: '3des-cbc' })).toBeUndefined();
    if (capability === undefined) return;
    expect(capabilityHas(capability, { key: 24 })).toBe(true);
    expect(capabilityHas(capability, { key: 24, iv: 12 })).toBe(false);
    expect(capabilityHas(capability, { tag: 12 })).toBe(false);
    expect(capabilityHas(capability, {})).toBe(true);
  });

  it('say whether a transform can be had', () => {
    expect(supports(noble, gcm(16))).toBe(true);
    expect(supports(noble, gcm(20))).toBe(false);
    expect(supports(noble, chain('aes-cbc', 'hmac-sha1'))).toBe(true);
    expect(supports(none, chain('null', 'null'))).toBe(true);
    expect(supports(none, chain('aes-cbc', 'null'))).toBe(false);
    expect(supports(none, gcm(16))).toBe(false);
  });

  it('say which length is wrong, and what it could be', () => {
    expect(unsupported(noble, gcm(20))?.message).toBe(
      'engine noble does not do aes-gcm with this length of key: expected 16 to 32 bytes in steps of 8, got 20 bytes',
    );
    expect(unsupported(noble, gcm(16, 16))?.message).toContain('length of iv: expected 12 bytes, got 16 bytes');
    expect(unsupported(noble, gcm(16, 12, 10))?.message).toContain(
      'length of tag: expected 8 to 16 bytes in steps of 4',
    );
    expect(unsupported(none, gcm(16))?.message).toContain('engine null does not have aes-gcm: expected no aead at all');
    expect(unsupported(none, chain('aes-cbc', 'null'))?.message).toContain('does not have aes-cbc: expected null');
    expect(unsupported(noble, gcm(20))).toMatchObject({ code: 'ERR_CRYPTO_UNSUPPORTED', errno: 'ENOTSUP' });
  });

  it('have aes-gmac without a cipher only', () => {
    expect(supports(noble, chain('null', 'aes-gmac'))).toBe(true);
    expect(unsupported(noble, chain('aes-ctr', 'aes-gmac'))?.message).toContain('aes-gmac stands alone');
  });
});
