import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { noise } from './_conformance-case.ts';
import { CryptoDevice, FEATURE_SYM_CPU_CRYPTO, FEATURE_SYMMETRIC } from './crypto-device.ts';
import type { AeadTransform } from './engine.ts';
import { JOB_BYTES, JOB_SESSION, JOB_STATUS, STATUS_INVALID_SESSION, STATUS_SUCCESS } from './job.ts';
import { jobStatus, writeJob } from './job-fields.ts';
import { createNobleEngine } from './noble-engine.ts';

const GCM: AeadTransform = {
  kind: 'aead',
  direction: 'encrypt',
  algorithm: 'aes-gcm',
  key: noise(16, 1),
  ivBytes: 12,
  tagBytes: 16,
};

function device(): { device: CryptoDevice; memory: Memory } {
  const memory = Memory.create({ bytes: 0x20_0000 });
  const parts = { id: 0, name: 'crypto_noble0', driver: 'crypto_noble', memory, maxQueuePairs: 2 };
  return { device: new CryptoDevice({ ...parts, createEngine: createNobleEngine }), memory };
}

/** A started device with one queue pair for 8 jobs, and a table of 16 jobs. */
function started(queuePairs = 1) {
  const { device: made, memory } = device();
  made.configure({ queuePairs });
  for (let i = 0; i < queuePairs; i++) made.queuePairSetup(i, { descriptors: 8 });
  made.start();
  const session = made.symSessionCreate(GCM);
  const zone = memory.reserve('JOBS', 16 * (JOB_BYTES + 128));
  const table = new Uint32Array(16);
  for (let i = 0; i < 16; i++) {
    table[i] = zone.position + i * JOB_BYTES;
    const source = zone.position + 16 * JOB_BYTES + i * 128;
    writeJob(memory, table[i], { session, source, cipherLength: 64, iv: source + 64, tag: source + 80 });
  }
  const status = (job: number) => jobStatus(memory, job);
  return { device: made, memory, session, table, status };
}

describe('a crypto device', () => {
  it('says what it is', () => {
    const info = device().device.info();
    expect(info).toMatchObject({ driver: 'crypto_noble', engine: 'noble', maxQueuePairs: 2, maxSessions: 0 });
    expect(info.featureFlags & (FEATURE_SYMMETRIC | FEATURE_SYM_CPU_CRYPTO)).toBe(
      FEATURE_SYMMETRIC | FEATURE_SYM_CPU_CRYPTO,
    );
  });

  it('checks capabilities', () => {
    const { device: made } = device();
    expect(made.capability({ kind: 'aead', algorithm: 'aes-gcm' })).toMatchObject({ iv: { min: 12, max: 12 } });
    expect(made.capability({ kind: 'cipher', algorithm: '3des-cbc' })).toBeUndefined();
    expect(made.capabilityCheck({ kind: 'aead', algorithm: 'aes-gcm' }, { key: 16, iv: 12, tag: 16 })).toBe(true);
    expect(made.capabilityCheck({ kind: 'aead', algorithm: 'aes-gcm' }, { key: 20 })).toBe(false);
    expect(made.capabilityCheck({ kind: 'cipher', algorithm: '3des-cbc' }, {})).toBe(false);
  });

  it('goes through its life in order only', () => {
    const { device: made, memory } = device();
    const failing = (errno: string) => expect.objectContaining({ errno });
    expect(() => made.start()).toThrow(failing('EINVAL'));
    expect(() => made.queuePairSetup(0, { descriptors: 8 })).toThrow(failing('EINVAL'));
    for (const queuePairs of [0, 3, 1.5]) expect(() => made.configure({ queuePairs })).toThrow(failing('EINVAL'));
    made.configure({ queuePairs: 2 });
    expect(made.queuePairCount).toBe(2);
    expect(() => made.queuePairSetup(2, { descriptors: 8 })).toThrow('has no queue pair 2: expected 0 to 1');
    expect(() => made.queuePairSetup(0, { descriptors: 0 })).toThrow(failing('EINVAL'));
    made.queuePairSetup(0, { descriptors: 8 });
    expect(() => made.start()).toThrow('has no queue pair 1: expected queuePairSetup before');
    made.queuePairSetup(1, { descriptors: 8 });
    made.queuePairSetup(1, { descriptors: 16 });
    made.start();
    made.start();
    expect(() => made.configure({ queuePairs: 1 })).toThrow(failing('EBUSY'));
    expect(() => made.queuePairSetup(0, { descriptors: 8 })).toThrow(failing('EBUSY'));
    expect(() => made.close()).toThrow(failing('EBUSY'));
    made.stop();
    made.stop();
    made.configure({ queuePairs: 1 });
    made.queuePairSetup(0, { descriptors: 8 });
    made.start();
    made.stop();
    made.close();
    made.close();
    expect(memory.memzones()).toEqual([]);
    expect(() => made.start()).toThrow(failing('ENODEV'));
    expect(() => made.symSessionCreate(GCM)).toThrow(failing('ENODEV'));
  });

  it('does jobs, and gives them back in their order', () => {
    const { device: made, table, status } = started();
    const mixed = Uint32Array.of(table[3], table[0], table[1], table[2], table[7]);
    expect(made.enqueueBurst(0, mixed, 5)).toBe(5);
    const out = new Uint32Array(8);
    expect(made.dequeueBurst(0, out, 3)).toBe(3);
    expect(made.dequeueBurst(0, out.subarray(3), 5)).toBe(2);
    expect([...out.subarray(0, 5)]).toEqual([...mixed]);
    for (const job of mixed) expect(status(job)).toBe(STATUS_SUCCESS);
    expect(made.dequeueBurst(0, out, 8)).toBe(0);
  });

  it('takes as many jobs as its ring holds and leaves the rest untouched with the caller', () => {
    const { device: made, memory, table, status } = started();
    for (const job of table) memory.u32[(job + JOB_STATUS) >> 2] = 99;
    expect(made.enqueueBurst(0, table, 16)).toBe(8);
    expect([...table].map(status)).toEqual([...new Array(8).fill(STATUS_SUCCESS), ...new Array(8).fill(99)]);
    expect(made.enqueueBurst(0, table, 16)).toBe(0);
    const out = new Uint32Array(16);
    expect(made.dequeueBurst(0, out, 16)).toBe(8);
    expect(made.enqueueBurst(0, table.subarray(8), 8)).toBe(8);
  });

  it('counts', () => {
    const { device: made, memory, table } = started();
    memory.u32[(table[1] + JOB_SESSION) >> 2] = 1234;
    made.enqueueBurst(0, table, 4);
    made.dequeueBurst(0, new Uint32Array(8), 3);
    expect(made.stats()).toEqual({ enqueuedCount: 4, dequeuedCount: 3, enqueueErrCount: 1, dequeueErrCount: 0 });
    made.resetStats();
    expect(made.stats()).toEqual({ enqueuedCount: 0, dequeuedCount: 0, enqueueErrCount: 0, dequeueErrCount: 0 });
  });

  it('does jobs at once', () => {
    const { device: made, table, status } = started();
    expect(made.process(0, table[0], 3)).toBe(3);
    expect(status(table[2])).toBe(STATUS_SUCCESS);
    expect(made.process(1, table[0], 3)).toBe(0);
  });

  it('does nothing when it is not started or has no such queue pair', () => {
    const { device: made, table } = started();
    expect(made.enqueueBurst(1, table, 4)).toBe(0);
    made.stop();
    expect(made.enqueueBurst(0, table, 4)).toBe(0);
    expect(made.dequeueBurst(0, table, 4)).toBe(0);
    expect(made.process(0, table[0], 1)).toBe(0);
  });

  it('has its sessions under one number in all queue pairs', () => {
    const { device: made, session, table, status } = started(2);
    expect(made.process(0, table[0], 1)).toBe(1);
    expect(made.process(1, table[1], 1)).toBe(1);
    made.symSessionFree(session);
    expect(() => made.symSessionFree(session)).toThrow(expect.objectContaining({ errno: 'EINVAL' }));
    for (const queuePair of [0, 1]) {
      expect(made.process(queuePair, table[0], 1)).toBe(0);
      expect(status(table[0])).toBe(STATUS_INVALID_SESSION);
    }
    expect(made.symSessionCreate(GCM)).toBe(session);
    expect(() => made.symSessionCreate({ ...GCM, ivBytes: 16 })).toThrow(expect.objectContaining({ errno: 'ENOTSUP' }));
  });

  it('cannot give the keys of sessions to a queue pair that comes later', () => {
    const { device: made } = device();
    const session = made.symSessionCreate(GCM);
    made.configure({ queuePairs: 2 });
    made.queuePairSetup(0, { descriptors: 8 });
    expect(() => made.queuePairSetup(1, { descriptors: 8 })).toThrow('queue pairs first, then sessions');
    made.symSessionFree(session);
    made.queuePairSetup(1, { descriptors: 8 });
    made.start();
    expect(made.symSessionCreate(GCM)).toBe(session);
  });
});
