import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import type { ChainTransform } from './engine.ts';
import { JOB_BYTES } from './job.ts';
import { writeJob } from './job-fields.ts';
import { createNullEngine } from './null-engine.ts';

const NULL: ChainTransform = {
  kind: 'chain',
  direction: 'encrypt',
  cipher: { algorithm: 'null', key: new Uint8Array(0), ivBytes: 0 },
  auth: { algorithm: 'null', key: new Uint8Array(0), tagBytes: 0 },
};

describe('engine null', () => {
  it('copies from source to destination and changes nothing in place', () => {
    const memory = Memory.create({ bytes: 0x10_0000 });
    const { position } = memory.reserve('area', 1024);
    const engine = createNullEngine(memory);
    const { u8 } = memory;
    u8.fill(7, position + 128, position + 228);
    const session = engine.createSession(NULL);
    writeJob(memory, position, { session, source: position + 128, destination: position + 512, cipherLength: 100 });
    expect(engine.process(position, 1)).toBe(1);
    expect([...u8.subarray(position + 512, position + 613)]).toEqual([...new Array(100).fill(7), 0]);
  });

  it('allocates nothing per job', () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const memory = Memory.create({ bytes: 0x10_0000 });
    const { position } = memory.reserve('area', 32 * JOB_BYTES + 256);
    const engine = createNullEngine(memory);
    const session = engine.createSession(NULL);
    const source = position + 32 * JOB_BYTES;
    for (let i = 0; i < 32; i++) writeJob(memory, position + i * JOB_BYTES, { session, source, cipherLength: 64 });
    const jobs = 200_000;
    const run = () => {
      for (let i = 0; i < jobs / 32; i++) engine.process(position, 32);
    };
    run();
    collect();
    const before = process.memoryUsage().heapUsed;
    run();
    // The smallest object there is, one a job, would be 16 bytes times as many.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * jobs);
  });
});
