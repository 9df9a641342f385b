import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { JobBench, transformOf } from '../_job-bench.ts';
import { unsupported } from '../capabilities.ts';
import type { EngineFactory } from '../engine.ts';
import { createNobleEngine } from '../noble-engine.ts';
import { createNullEngine } from '../null-engine.ts';
import { readVectors, type VectorCase } from '../vector.ts';
import { createOpensslEngine } from './openssl-engine.ts';

/** Where Debian's python3-cryptography-vectors has NIST's files. */
const FOLDER = '/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/GCM';
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.rsp')) : [];
const ENGINES: [string, EngineFactory][] = [
  ['null', createNullEngine],
  ['noble', createNobleEngine],
  ['openssl', createOpensslEngine],
];
/** Every file has 75 cases of each of 5 plaintext and 5 AAD lengths, less by lengths of IV and tag. */
const WITH_IV_96_AND_TAG_128 = 375;

interface ResponseCase extends VectorCase {
  readonly ivBits: string;
  readonly tagBits: string;
}

/** Reads a response file of NIST's CAVP. */
function readResponses(path: string): ResponseCase[] {
  const cases: ResponseCase[] = [];
  const group: Record<string, string> = {};
  for (const part of readFileSync(path, 'latin1').split(/\r?\n\r?\n/)) {
    const fields: Record<string, string> = {};
    let fails = false;
    for (const line of part.split(/\r?\n/)) {
      const [, key, value] = /^\[(\w+) = (\w+)\]$/.exec(line) ?? [];
      if (key !== undefined) group[key] = value;
      const [, name, text] = /^(\w+) = (\w*)\s*$/.exec(line) ?? [];
      if (name !== undefined) fields[name] = text;
      if (line === 'FAIL') fails = true;
    }
    if (fields['Count'] === undefined) continue;
    const lengths = ['IVlen', 'PTlen', 'AADlen', 'Taglen'].map((key) => `${key} ${group[key]}`).join(' ');
    cases.push({
      name: `${lengths} Count ${fields['Count']}`,
      ivBits: group['IVlen'],
      tagBits: group['Taglen'],
      key: fields['Key'],
      iv: fields['IV'],
      aad: fields['AAD'],
      ciphertext: fields['CT'],
      tag: fields['Tag'],
      ...(fails ? { fails } : { plaintext: fields['PT'] }),
    });
  }
  return cases;
}

const missing = FILES.length === 0;
const why = `${FOLDER} is not there: install Debian's python3-cryptography-vectors`;
if (missing) console.warn(`NIST's GCM files are not tried: ${why}`);

describe.skipIf(missing)(`NIST's GCM files as a whole${missing ? ` (skipped: ${why})` : ''}`, () => {
  it('are all there', () => expect(FILES).toHaveLength(6));

  it.each(ENGINES)('are answered by engine %s in every case that it can do', (name, create) => {
    const reasons = new Map<string, number>();
    let cases = 0;
    let answered = 0;
    let usual = 0;
    for (const file of FILES) {
      const engine = create(Memory.create({ bytes: 0x10_0000 }));
      const bench = new JobBench(engine);
      const byLengths = new Map<string, string | undefined>();
      const responses = readResponses(join(FOLDER, file));
      const { vectors } = readVectors({ source: file, kind: 'aead', algorithm: 'aes-gcm', cases: responses });
      for (let i = 0; i < vectors.length; i++) {
        const { ivBits, tagBits, name: which } = responses[i];
        const lengths = `${ivBits} ${tagBits}`;
        if (!byLengths.has(lengths)) {
          byLengths.set(lengths, unsupported(engine, transformOf(vectors[i], 'encrypt'))?.message);
        }
        const reason = byLengths.get(lengths);
        cases++;
        if (reason !== undefined) {
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          continue;
        }
        try {
          bench.answer(vectors[i]);
        } catch (cause) {
          throw new Error(`${file}: ${which}`, { cause });
        }
        answered++;
        if (ivBits === '96' && tagBits === '128') usual++;
      }
      engine.close();
    }
    const lines = [`engine ${name}: ${answered} of NIST's ${cases} GCM cases, ${usual} of them with IV 96 and tag 128`];
    for (const [reason, count] of reasons) lines.push(`  not applicable, ${count}: ${reason}`);
    console.log(lines.join('\n'));
    expect(usual).toBe(name === 'null' ? 0 : FILES.length * WITH_IV_96_AND_TAG_128);
  });
});
