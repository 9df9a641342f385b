import { type ConformanceCase, engineCase, noise } from './_conformance-case.ts';
import { bytesOf } from './_hex.ts';
import { expectStatus, same } from './_job-bench.ts';
import { unsupported } from './capabilities.ts';
import type { AeadTransform, ChainTransform } from './engine.ts';
import { JOB_BYTES, STATUS_INVALID_ARGS, STATUS_SUCCESS } from './job.ts';
import { jobStatus, writeJob } from './job-fields.ts';

const counter = engineCase('a counter block counts as one number of 128 bits', (engine, bench) => {
  const transform: ChainTransform = {
    kind: 'chain',
    direction: 'encrypt',
    cipher: { algorithm: 'aes-ctr', key: noise(16, 1), ivBytes: 16 },
    auth: { algorithm: 'null', key: new Uint8Array(0), tagBytes: 0 },
  };
  const reason = unsupported(engine, transform);
  if (reason !== undefined) return { checked: 0, notApplicable: [reason.message] };
  for (const [from, to] of [
    ['000102030405060708090a0b000000ff', '000102030405060708090a0b00000100'],
    ['000102030405060708090a0bffffffff', '000102030405060708090a0c00000000'],
    ['0001020304050607ffffffffffffffff', '00010203040506080000000000000000'],
    ['ffffffffffffffffffffffffffffffff', '00000000000000000000000000000000'],
  ]) {
    const two = bench.once(transform, { source: new Uint8Array(32), iv: bytesOf(from) });
    const one = bench.once(transform, { source: new Uint8Array(16), iv: bytesOf(to) });
    same(`the block after ${from}`, two.output.subarray(16), one.output);
  }
  return 4;
});

const CCM: AeadTransform = {
  kind: 'aead',
  direction: 'encrypt',
  algorithm: 'aes-ccm',
  key: bytesOf('404142434445464748494a4b4c4d4e4f'),
  ivBytes: 13,
  tagBytes: 14,
};
const LONG = 65_536;

const longCcm = engineCase(
  'aes-ccm takes 65,536 bytes of AAD, and no message that its nonce leaves no room to count',
  (engine) => {
    const reason = unsupported(engine, CCM);
    if (reason !== undefined) return { checked: 0, notApplicable: [reason.message] };
    const { memory } = engine;
    const zone = memory.reserve('CRYPTO_LONG', JOB_BYTES + 64 + LONG);
    try {
      const job = zone.position;
      const [iv, tag] = [job + JOB_BYTES, job + JOB_BYTES + 16];
      const [source, aad] = [tag + 16, tag + 48];
      const session = engine.createSession(CCM);
      // NIST SP 800-38C, appendix C, example 4.
      memory.u8.set(bytesOf('101112131415161718191a1b1c'), iv);
      for (let i = 0; i < 32; i++) memory.u8[source + i] = 0x20 + i;
      for (let i = 0; i < LONG; i++) memory.u8[aad + i] = i;
      const fields = { session, source, iv, aad, aadLength: LONG, tag, cipherLength: 32 };
      writeJob(memory, job, fields);
      engine.process(job, 1);
      expectStatus(jobStatus(memory, job), STATUS_SUCCESS);
      const ciphertext = bytesOf('69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72');
      same('ciphertext', memory.u8.slice(source, source + 32), ciphertext);
      same('tag', memory.u8.slice(tag, tag + 14), bytesOf('b4ac6bec93e8598e7f0dadbcea5b'));
      for (const [cipherLength, status] of [
        [LONG, STATUS_INVALID_ARGS],
        [LONG - 1, STATUS_SUCCESS],
      ]) {
        writeJob(memory, job, { ...fields, source: source + 32, aadLength: 0, cipherLength });
        engine.process(job, 1);
        expectStatus(jobStatus(memory, job), status);
      }
      engine.destroySession(session);
    } finally {
      memory.free(zone);
    }
    return 3;
  },
);

export const EXTREME_CASES: readonly ConformanceCase[] = [counter, longCcm];
