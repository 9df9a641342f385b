import { SetupError } from '@inline-ipsec/eal/errors';
import { type ConformanceCase, engineCase, noise, samplesOf } from './_conformance-case.ts';
import { expectStatus, same } from './_job-bench.ts';
import type { CryptoTransform, EngineCapability } from './engine.ts';
import { STATUS_INVALID_SESSION, STATUS_SUCCESS } from './job.ts';

const MESSAGE = { source: noise(64, 1), iv: noise(16, 2), aad: noise(8, 3) };

function expectNumber(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`${what}: expected ${expected}, got ${got}`);
}

function expectRefusal(code: string, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError && error.code === code) return;
    throw error;
  }
  throw new Error(`expected ${code}, got no error`);
}

const numbers = engineCase('a session has the smallest number that is free', (engine) => {
  const { encrypt } = samplesOf(engine)[0];
  for (let n = 1; n <= 5; n++) expectNumber('session', engine.createSession(encrypt), n);
  engine.destroySession(4);
  engine.destroySession(2);
  expectNumber('session', engine.createSession(encrypt), 2);
  expectNumber('session', engine.createSession(encrypt), 4);
  expectNumber('session', engine.createSession(encrypt), 6);
  for (let n = 6; n >= 1; n--) engine.destroySession(n);
  expectNumber('session', engine.createSession(encrypt), 1);
  return 9;
});

const gone = engineCase('a job of a session that is not there fails with its own status', (engine, bench) => {
  const { encrypt, tagBytes } = samplesOf(engine)[0];
  const session = engine.createSession(encrypt);
  for (const wrong of [0, session + 1, 0x7fff_ffff, 0xffff_ffff]) {
    const { status, output } = bench.run(wrong, MESSAGE, tagBytes);
    expectStatus(status, STATUS_INVALID_SESSION);
    same('the message', output, MESSAGE.source);
  }
  expectStatus(bench.run(session, MESSAGE, tagBytes).status, STATUS_SUCCESS);
  engine.destroySession(session);
  expectStatus(bench.run(session, MESSAGE, tagBytes).status, STATUS_INVALID_SESSION);
  expectRefusal('ERR_CRYPTO_SESSION', () => engine.destroySession(session));
  expectRefusal('ERR_CRYPTO_SESSION', () => engine.destroySession(0));
  return 8;
});

const copied = engineCase('keys are copied: the caller can wipe its own', (engine, bench) => {
  let checked = 0;
  for (const { encrypt, iv, tagBytes } of samplesOf(engine)) {
    const message = { ...MESSAGE, iv };
    const expected = bench.once(encrypt, message);
    const mine = withOwnKeys(encrypt);
    const session = engine.createSession(mine.transform);
    for (const key of mine.keys) key.fill(0);
    const got = bench.run(session, message, tagBytes);
    engine.destroySession(session);
    same('output', got.output, expected.output);
    same('tag', got.tag, expected.tag);
    checked++;
  }
  return checked;
});

function withOwnKeys(transform: CryptoTransform): { transform: CryptoTransform; keys: Uint8Array[] } {
  if (transform.kind === 'aead') {
    const key = new Uint8Array(transform.key);
    return { transform: { ...transform, key }, keys: [key] };
  }
  const cipher = { ...transform.cipher, key: new Uint8Array(transform.cipher.key) };
  const auth = { ...transform.auth, key: new Uint8Array(transform.auth.key) };
  return { transform: { ...transform, cipher, auth }, keys: [cipher.key, auth.key] };
}

const limits = engineCase('every length that is claimed is taken, and none beside it', (engine) => {
  let checked = 0;
  for (const capability of engine.capabilities) {
    for (const [key, iv, tag, claimed] of edges(capability)) {
      const transform = plain(capability, key, iv, tag);
      if (claimed) engine.destroySession(engine.createSession(transform));
      else expectRefusal('ERR_CRYPTO_UNSUPPORTED', () => engine.createSession(transform));
      checked++;
    }
  }
  return checked;
});

/** Key, IV and tag lengths at both ends of their ranges, and one byte beyond each. */
function edges(capability: EngineCapability): [number, number, number, boolean][] {
  const { key } = capability;
  const none = { min: 0, max: 0, step: 0 };
  const iv = capability.kind === 'auth' ? none : capability.iv;
  const tag = capability.kind === 'cipher' ? none : capability.tag;
  const found: [number, number, number, boolean][] = [
    [key.min, iv.min, tag.min, true],
    [key.max, iv.max, tag.max, true],
    [key.max + 1, iv.max, tag.max, false],
  ];
  if (key.min > 0) found.push([key.min - 1, iv.min, tag.min, false]);
  if (key.step > 1) found.push([key.min + key.step, iv.min, tag.min, true], [key.min + 1, iv.min, tag.min, false]);
  if (capability.kind !== 'auth') found.push([key.min, iv.max + 1, tag.min, false]);
  if (capability.kind !== 'cipher') found.push([key.min, iv.min, tag.max + 1, false]);
  if (tag.min > 0) found.push([key.min, iv.min, tag.min - 1, false]);
  return found;
}

function plain(capability: EngineCapability, key: number, ivBytes: number, tagBytes: number): CryptoTransform {
  const none = new Uint8Array(0);
  const direction = 'encrypt';
  if (capability.kind === 'aead') {
    return { kind: 'aead', direction, algorithm: capability.algorithm, key: noise(key, 1), ivBytes, tagBytes };
  }
  const cipher = capability.kind === 'cipher' ? capability.algorithm : 'null';
  const auth = capability.kind === 'auth' ? capability.algorithm : 'null';
  return {
    kind: 'chain',
    direction,
    cipher: { algorithm: cipher, key: capability.kind === 'cipher' ? noise(key, 1) : none, ivBytes },
    auth: { algorithm: auth, key: capability.kind === 'auth' ? noise(key, 1) : none, tagBytes },
  };
}

const closed = engineCase('a closed engine has no sessions and makes none', (engine, bench) => {
  const { encrypt, tagBytes } = samplesOf(engine)[0];
  const session = engine.createSession(encrypt);
  engine.close();
  expectStatus(bench.run(session, MESSAGE, tagBytes).status, STATUS_INVALID_SESSION);
  expectRefusal('ERR_CRYPTO_CLOSED', () => engine.createSession(encrypt));
  engine.close();
  return 2;
});

const independent = engineCase('sessions of one engine do not disturb each other', (engine, bench) => {
  const samples = samplesOf(engine);
  const sessions = samples.map(({ encrypt }) => engine.createSession(encrypt));
  const run = (i: number) => bench.run(sessions[i], { ...MESSAGE, iv: samples[i].iv }, samples[i].tagBytes);
  const first = samples.map((_, i) => run(i));
  for (let i = samples.length - 1; i >= 0; i--) {
    const again = run(i);
    same(samples[i].name, again.output, first[i].output);
    same(samples[i].name, again.tag, first[i].tag);
    expectStatus(again.status, STATUS_SUCCESS);
  }
  return samples.length;
});

export const SESSION_CASES: readonly ConformanceCase[] = [numbers, gone, copied, limits, closed, independent];
