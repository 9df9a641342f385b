import { type ConformanceCase, engineCase, noise, type Sample, samplesOf } from './_conformance-case.ts';
import { expectStatus, type JobBench, same } from './_job-bench.ts';
import type { Engine } from './engine.ts';
import { STATUS_AUTH_FAILED, STATUS_SUCCESS } from './job.ts';

/** Bytes before the cipher range, which a chain authenticates and an AEAD leaves alone, as an ESP header is. */
const HEADER = 16;

function each(check: (sample: Sample, engine: Engine, bench: JobBench) => number) {
  return (engine: Engine, bench: JobBench): number => {
    let checked = 0;
    for (const sample of samplesOf(engine)) {
      try {
        checked += check(sample, engine, bench);
      } catch (cause) {
        throw new Error(`${sample.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
    return checked;
  };
}

/** A message with a header, and where its ranges lie. */
function messageOf(sample: Sample, length: number, apart = false, shift = 0) {
  const source = noise(HEADER + length, length);
  return { source, cipherOffset: HEADER, cipherLength: length, iv: sample.iv, aad: source.slice(0, 8), apart, shift };
}

const small = engineCase(
  'every length from 0 to 64 bytes goes there and back',
  each((sample, engine, bench) => {
    const sealing = engine.createSession(sample.encrypt);
    const opening = engine.createSession(sample.decrypt);
    let checked = 0;
    for (let length = sample.mayBeEmpty ? 0 : sample.block; length <= 64; length += sample.block) {
      const message = messageOf(sample, length);
      const sealed = bench.run(sealing, message, sample.tagBytes);
      expectStatus(sealed.status, STATUS_SUCCESS);
      const opened = bench.run(opening, { ...message, source: sealed.output, tag: sealed.tag }, sample.tagBytes);
      expectStatus(opened.status, STATUS_SUCCESS);
      same(`${length} bytes`, opened.output, message.source);
      checked++;
    }
    engine.destroySession(sealing);
    engine.destroySession(opening);
    return checked;
  }),
);

const placed = engineCase(
  'in place, out of place and at every alignment the answer is the same',
  each((sample, engine, bench) => {
    const sealing = engine.createSession(sample.encrypt);
    const opening = engine.createSession(sample.decrypt);
    const first = bench.run(sealing, messageOf(sample, 96), sample.tagBytes);
    for (const apart of [false, true]) {
      for (let shift = 0; shift < 4; shift++) {
        const message = messageOf(sample, 96, apart, shift);
        const sealed = bench.run(sealing, message, sample.tagBytes);
        expectStatus(sealed.status, STATUS_SUCCESS);
        same('ciphertext', sealed.output.subarray(HEADER), first.output.subarray(HEADER));
        same('tag', sealed.tag, first.tag);
        const opened = bench.run(opening, { ...message, source: first.output, tag: first.tag }, sample.tagBytes);
        expectStatus(opened.status, STATUS_SUCCESS);
        same('plaintext', opened.output.subarray(HEADER), message.source.subarray(HEADER));
      }
    }
    engine.destroySession(sealing);
    engine.destroySession(opening);
    return 16;
  }),
);

const tampered = engineCase(
  'a change of any bit of the tag, of the message or of what is authenticated with it is found',
  each((sample, engine, bench) => {
    if (sample.tagBytes === 0) return 0;
    const opening = engine.createSession(sample.decrypt);
    const message = messageOf(sample, 48);
    const sealed = bench.once(sample.encrypt, message);
    const attempt = (tag: Uint8Array, source: Uint8Array, aad: Uint8Array): void => {
      const { status, output } = bench.run(opening, { ...message, source, tag, aad }, sample.tagBytes);
      expectStatus(status, STATUS_AUTH_FAILED);
      same('what is left of it', output.subarray(HEADER), new Uint8Array(48));
    };
    let checked = 0;
    const flip = (bytes: Uint8Array, use: (bytes: Uint8Array) => void): void => {
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const copy = new Uint8Array(bytes);
        copy[bit >> 3] ^= 1 << (bit & 7);
        use(copy);
        checked++;
      }
    };
    const { source, aad } = { source: sealed.output, aad: message.aad };
    flip(sealed.tag, (tag) => attempt(tag, source, aad));
    flip(source.subarray(HEADER, HEADER + 4), (part) => {
      const copy = new Uint8Array(source);
      copy.set(part, HEADER);
      attempt(sealed.tag, copy, aad);
    });
    if (sample.encrypt.kind === 'aead') flip(aad, (copy) => attempt(sealed.tag, source, copy));
    else {
      flip(source.subarray(0, 8), (part) => {
        const copy = new Uint8Array(source);
        copy.set(part, 0);
        attempt(sealed.tag, copy, aad);
      });
    }
    engine.destroySession(opening);
    return checked;
  }),
);

const released = engineCase(
  'what could not be authenticated is wiped, or handed on where that is asked for',
  each((sample, _engine, bench) => {
    if (sample.decrypt.kind !== 'aead') return 0;
    for (const apart of [false, true]) {
      const message = messageOf(sample, 75, apart);
      const sealed = bench.once(sample.encrypt, { ...message, apart: false });
      const bad = { ...message, source: sealed.output, tag: noise(sample.tagBytes, 1) };
      const wiped = bench.once({ ...sample.decrypt, unverified: 'wipe' }, bad);
      expectStatus(wiped.status, STATUS_AUTH_FAILED);
      same('wiped', wiped.output.subarray(HEADER), new Uint8Array(75));
      const handed = bench.once({ ...sample.decrypt, unverified: 'release' }, bad);
      expectStatus(handed.status, STATUS_AUTH_FAILED);
      same('released', handed.output.subarray(HEADER), message.source.subarray(HEADER));
    }
    return 4;
  }),
);

const associated = engineCase(
  'an AAD of any length counts in all its bytes',
  each((sample, _engine, bench) => {
    if (sample.encrypt.kind !== 'aead') return 0;
    const tags = new Set<string>();
    let checked = 0;
    for (const length of [0, 1, 8, 12, 13, 14, 15, 16, 17, 30, 31, 32, 33, 255, 256, 3000]) {
      const message = { source: noise(40, 1), iv: sample.iv, aad: noise(length, 5) };
      const sealed = bench.once(sample.encrypt, message);
      expectStatus(sealed.status, STATUS_SUCCESS);
      const opened = bench.once(sample.decrypt, { ...message, source: sealed.output, tag: sealed.tag });
      expectStatus(opened.status, STATUS_SUCCESS);
      tags.add(sealed.tag.join());
      checked++;
    }
    if (tags.size !== checked) throw new Error(`two AADs have one tag: expected ${checked} tags, got ${tags.size}`);
    return checked;
  }),
);

const long = engineCase(
  'a packet of 9,000 bytes goes there and back',
  each((sample, _engine, bench) => {
    const message = messageOf(sample, 9000 - (9000 % 16));
    const sealed = bench.once(sample.encrypt, message);
    expectStatus(sealed.status, STATUS_SUCCESS);
    const opened = bench.once(sample.decrypt, { ...message, source: sealed.output, tag: sealed.tag });
    expectStatus(opened.status, STATUS_SUCCESS);
    same('plaintext', opened.output, message.source);
    return 1;
  }),
);

export const MESSAGE_CASES: readonly ConformanceCase[] = [small, placed, tampered, released, associated, long];
