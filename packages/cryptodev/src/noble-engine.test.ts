import { Memory } from '@inline-ipsec/eal/memory';
import { cbc, cmac, ctr, gcm } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aeadShape } from './_aead-shape.ts';
import { hexOf } from './_hex.ts';
import { JobBench } from './_job-bench.ts';
import { NobleCbc, NobleCtr, NobleXcbc } from './_noble-aes.ts';
import { NobleCcm } from './_noble-ccm.ts';
import { NobleGcm, NobleGmac } from './_noble-gcm.ts';
import { NobleHmac } from './_noble-hmac.ts';
import { Workspace } from './_scratch.ts';
import type { AeadTransform, ChainTransform } from './engine.ts';
import { JOB_BYTES, JOB_SESSION, STATUS_SUCCESS } from './job.ts';
import { writeJob } from './job-fields.ts';
import { createNobleEngine } from './noble-engine.ts';

const bench = new JobBench(createNobleEngine(Memory.create({ bytes: 0x20_0000 })));
const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const aesKey = fc.constantFrom(16, 24, 32).chain((n) => bytes(n));

function chain(algorithm: ChainTransform['cipher']['algorithm'], key: Uint8Array): ChainTransform {
  const cipher = { algorithm, key, ivBytes: 16 };
  return {
    kind: 'chain',
    direction: 'encrypt',
    cipher,
    auth: { algorithm: 'null', key: new Uint8Array(0), tagBytes: 0 },
  };
}

describe('engine noble', () => {
  it('puts GCM together as noble itself does', () => {
    fc.assert(
      fc.property(aesKey, bytes(12), bytes(0, 100), bytes(0, 300), (key, iv, aad, source) => {
        const transform: AeadTransform = {
          kind: 'aead',
          direction: 'encrypt',
          algorithm: 'aes-gcm',
          key,
          ivBytes: 12,
          tagBytes: 16,
        };
        const { status, output, tag } = bench.once(transform, { source, iv, aad });
        expect(status).toBe(STATUS_SUCCESS);
        expect(hexOf(output) + hexOf(tag)).toBe(hexOf(gcm(key, iv, aad).encrypt(source)));
      }),
    );
  });

  it('puts CTR together as noble itself does, carries from word to word included', () => {
    const counter = fc.tuple(bytes(4), fc.nat({ max: 12 })).map(([head, ones]) => {
      const block = new Uint8Array(16).fill(0xff);
      block.set(head);
      block.fill(7, 4, 4 + ones);
      return block;
    });
    fc.assert(
      fc.property(aesKey, counter, bytes(1, 200), (key, iv, source) => {
        const { output } = bench.once(chain('aes-ctr', key), { source, iv });
        expect(hexOf(output)).toBe(hexOf(ctr(key, iv).encrypt(source)));
      }),
    );
  });

  it('puts CBC together as noble itself does', () => {
    const blocks = fc.nat({ max: 20 }).chain((n) => bytes(16 * (n + 1)));
    fc.assert(
      fc.property(aesKey, bytes(16), blocks, (key, iv, source) => {
        const { output } = bench.once(chain('aes-cbc', key), { source, iv });
        expect(hexOf(output)).toBe(hexOf(cbc(key, iv, { disablePadding: true }).encrypt(source)));
      }),
    );
  });

  it('has an XCBC that is not CMAC', () => {
    const key = new Uint8Array(16).fill(1);
    const auth = { algorithm: 'aes-xcbc-mac', key, tagBytes: 12 } as const;
    const cipher = { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0 } as const;
    const source = new Uint8Array(32);
    const { tag } = bench.once({ kind: 'chain', direction: 'encrypt', cipher, auth }, { source, cipherLength: 0 });
    expect(hexOf(tag)).not.toBe(hexOf(cmac(source, key).subarray(0, 12)));
  });

  it('wipes nothing that another session still needs', () => {
    const { engine } = bench;
    const transform: AeadTransform = {
      kind: 'aead',
      direction: 'encrypt',
      algorithm: 'aes-gcm',
      key: new Uint8Array(16).fill(9),
      ivBytes: 12,
      tagBytes: 16,
    };
    const [first, second] = [engine.createSession(transform), engine.createSession(transform)];
    const message = { source: new Uint8Array(40), iv: new Uint8Array(12) };
    const before = bench.run(second, message, 16);
    engine.destroySession(first);
    expect(bench.run(second, message, 16)).toEqual(before);
    engine.destroySession(second);
  });

  it('has no key left in a session that was wiped', () => {
    const memory = Memory.create({ bytes: 0x10_0000 });
    const area = memory.reserve('area', 512).position;
    const work = new Workspace(memory);
    const remains = (key: Uint8Array): string[] => {
      const gcmTransform: AeadTransform = {
        kind: 'aead',
        direction: 'encrypt',
        algorithm: 'aes-gcm',
        key,
        ivBytes: 12,
        tagBytes: 16,
      };
      const ccmTransform: AeadTransform = { ...gcmTransform, algorithm: 'aes-ccm', ivBytes: 11 };
      const aeads = [
        new NobleGcm(work, aeadShape(gcmTransform), gcmTransform),
        new NobleCcm(work, aeadShape(ccmTransform), ccmTransform),
      ];
      const ciphers = [new NobleCtr(work, key), new NobleCbc(work, key, true), new NobleCbc(work, key, false)];
      const auths = [new NobleXcbc(work, key), new NobleGmac(work, key)];
      const results: string[] = [];
      const note = (): void => {
        results.push(hexOf(memory.u8.subarray(area + 64, area + 256)) + hexOf(work.tag.u8));
      };
      for (const aead of aeads) {
        aead.wipe();
        memory.u8.fill(1, area, area + 512);
        writeJob(memory, area, { session: 1, source: area + 64, cipherLength: 64, iv: area + 256, tag: area + 160 });
        aead.run(area);
        note();
      }
      for (const cipher of ciphers) {
        cipher.wipe();
        memory.u8.fill(1, area, area + 512);
        cipher.apply(area + 64, area + 64, 64, area + 256);
        note();
      }
      for (const auth of auths) {
        auth.wipe();
        memory.u8.fill(1, area, area + 512);
        auth.compute(memory, area + 64, 40, area + 256);
        note();
      }
      return results;
    };
    // All of them work on with keys of zeros, whatever they were before.
    expect(remains(new Uint8Array(16).fill(0x5a))).toEqual(remains(new Uint8Array(16).fill(0xc3)));
    const hmac = new NobleHmac(work, 'hmac-sha256', new Uint8Array(32).fill(1));
    hmac.wipe();
    expect(() => hmac.compute(memory, area, 16)).toThrow('destroyed');
  });

  it('makes no more sessions than it is allowed', () => {
    const engine = createNobleEngine(Memory.create({ bytes: 0x10_0000 }), { maxSessions: 2 });
    const transform = chain('aes-ctr', new Uint8Array(16));
    expect([engine.createSession(transform), engine.createSession(transform)]).toEqual([1, 2]);
    expect(() => engine.createSession(transform)).toThrow(
      expect.objectContaining({ code: 'ERR_CRYPTO_SESSIONS', errno: 'ENOMEM' }),
    );
    engine.destroySession(1);
    expect(engine.createSession(transform)).toBe(1);
  });

  it('looks at the job table only as far as it is asked', () => {
    const memory = Memory.create({ bytes: 0x10_0000 });
    const engine = createNobleEngine(memory);
    const zone = memory.reserve('jobs', 2 * JOB_BYTES);
    memory.u32[(zone.position + JOB_BYTES + JOB_SESSION) >> 2] = 77;
    expect(engine.process(zone.position, 1)).toBe(0);
    expect([...memory.u32.subarray((zone.position + JOB_BYTES) >> 2, (zone.position + JOB_BYTES + 12) >> 2)]).toEqual([
      77, 0, 0,
    ]);
  });
});
