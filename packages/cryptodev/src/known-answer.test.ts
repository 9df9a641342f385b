import { SetupError } from '@inline-ipsec/eal/errors';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { JOB_AAD_LENGTH, JOB_BYTES, JOB_STATUS, JOB_TAG, STATUS_AUTH_FAILED, STATUS_SUCCESS } from './job.ts';
import { openEngine } from './known-answer.ts';
import { createNobleEngine } from './noble-engine.ts';
import { createOpensslEngine } from './node/openssl-engine.ts';
import { createNullEngine } from './null-engine.ts';

const MEMORY = { bytes: 0x10_0000 };

/** An engine of which some part is not as it should be. */
function altered(engine: Engine, change: Partial<Engine>): Engine {
  return {
    name: 'altered',
    memory: engine.memory,
    capabilities: engine.capabilities,
    createSession: (transform) => engine.createSession(transform),
    destroySession: (session) => engine.destroySession(session),
    process: (jobs, count) => engine.process(jobs, count),
    close: () => engine.close(),
    ...change,
  };
}

function refusal(work: () => unknown): SetupError {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('opening an engine', () => {
  it.each([
    ['null', createNullEngine],
    ['noble', createNobleEngine],
    ['openssl', createOpensslEngine],
  ])('%s answers the known-answer tests and leaves nothing behind', (name, create) => {
    const memory = Memory.create(MEMORY);
    const engine = openEngine(create, memory);
    expect(engine.name).toBe(name);
    expect(engine.createSession(anySession(engine))).toBe(1);
    expect(memory.memzones()).toEqual([]);
    engine.close();
  });

  it('refuses one whose tags are wrong by a bit, by name, and closes it', () => {
    const memory = Memory.create(MEMORY);
    let closed = false;
    const error = refusal(() =>
      openEngine((over) => {
        const noble = createNobleEngine(over);
        return altered(noble, {
          process: (jobs, count) => {
            const done = noble.process(jobs, count);
            if (over.u32[(jobs + JOB_AAD_LENGTH) >> 2] !== 0) over.u8[over.u32[(jobs + JOB_TAG) >> 2]] ^= 1;
            return done;
          },
          close: () => {
            closed = true;
          },
        });
      }, memory),
    );
    expect(error.code).toBe('ERR_CRYPTO_SELF_TEST');
    expect(error.message).toContain('engine altered failed its self-test of aes-gcm');
    expect(error.message).toContain('draft-mcgrew-gcm-test-01');
    expect(closed).toBe(true);
    expect(memory.memzones()).toEqual([]);
  });

  it('refuses one that lets spoiled tags pass', () => {
    const error = refusal(() =>
      openEngine((over) => {
        const openssl = createOpensslEngine(over);
        return altered(openssl, {
          process: (jobs, count) => {
            let done = openssl.process(jobs, count);
            for (let i = 0; i < count; i++) {
              const status = (jobs + i * JOB_BYTES + JOB_STATUS) >> 2;
              if (over.u32[status] !== STATUS_AUTH_FAILED) continue;
              over.u32[status] = STATUS_SUCCESS;
              done++;
            }
            return done;
          },
        });
      }, Memory.create(MEMORY)),
    );
    expect(error.message).toContain('status: expected 2, got 0');
  });

  it('refuses one that claims an algorithm to which there is no answer', () => {
    const error = refusal(() =>
      openEngine((over) => {
        const none = createNullEngine(over);
        const capability = { kind: 'cipher', algorithm: 'aes-cbc', key: length(20), iv: length(16) } as const;
        return altered(none, { capabilities: [...none.capabilities, capability] });
      }, Memory.create(MEMORY)),
    );
    expect(error.message).toContain('self-test of aes-cbc');
    expect(error.message).toContain('no answer to compare with');
  });

  it('passes on why a library cannot be had', () => {
    const reason = new SetupError({ code: 'ERR_TEST', errno: 'ENODEV', message: 'there is no library' });
    const open = () =>
      openEngine(() => {
        throw reason;
      }, Memory.create(MEMORY));
    expect(open).toThrow(reason);
  });
});

function length(bytes: number) {
  return { min: bytes, max: bytes, step: 0 };
}

function anySession(engine: Engine) {
  const none = new Uint8Array(0);
  expect(engine.capabilities.some(({ algorithm }) => algorithm === 'null')).toBe(true);
  return {
    kind: 'chain',
    direction: 'encrypt',
    cipher: { algorithm: 'null', key: none, ivBytes: 0 },
    auth: { algorithm: 'null', key: none, tagBytes: 0 },
  } as const;
}
