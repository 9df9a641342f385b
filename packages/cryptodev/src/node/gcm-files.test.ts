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
import { createIpsecMbEngine } from './ipsec-mb-engine.ts';
import { createEvpEngine, createOpensslEngine } from './openssl-engine.ts';
import { nativeMemory, whyNoIpsecMb, whyNoNativeMemory } from './testing/native.ts';

/** Where Debian's python3-cryptography-vectors has NIST's files. */
const FOLDER = '/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/GCM';
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.rsp')) : [];
const ENGINES: [string, EngineFactory][] = [
  ['null', createNullEngine],
  ['noble', createNobleEngine],
  ['openssl', createOpensslEngine],
];
/** Those that need native memory. */
const NATIVE: [string, string, EngineFactory][] = [
  ['openssl by EVP', whyNoNativeMemory(), createEvpEngine],
  ['ipsec-mb', whyNoIpsecMb(), createIpsecMbEngine],
];
for (const [name, why, create] of NATIVE) {
  if (why === '') ENGINES.push([name, (memory) => create(nativeMemory(memory.bytes))]);
  else console.warn(`NIST's GCM files are not put to engine ${name}${why}`);
}
/** Every file has 75 cases of each of 5 plaintext and 5 AAD lengths, less by lengths of IV and tag. */
const WITH_IV_96_AND_TAG_128 = 375;

/** The cases of one file that have the same lengths of IV and tag. */
interface Group {
  readonly file: string;
  readonly ivBits: number;
  readonly tagBits: number;
  readonly cases: VectorCase[];
}

/** Reads a response file of NIST's CAVP. */
function readGroups(file: string): Group[] {
  const groups = new Map<string, Group>();
  const lengths: Record<string, string> = {};
  let fields: Record<string, string> = {};
  const flush = (): void => {
    if (fields['Count'] === undefined) return;
    const [ivBits, tagBits] = [Number(lengths['IVlen']), Number(lengths['Taglen'])];
    const key = `${ivBits} ${tagBits}`;
    const group = groups.get(key) ?? { file, ivBits, tagBits, cases: [] };
    groups.set(key, group);
    const name = `${file}: PTlen ${lengths['PTlen']} AADlen ${lengths['AADlen']} Count ${fields['Count']}`;
    const common = { name, key: fields['Key'], iv: fields['IV'], aad: fields['AAD'], ciphertext: fields['CT'] };
    const plaintext = fields['PT'];
    group.cases.push({ ...common, tag: fields['Tag'], ...(plaintext === undefined ? { fails: true } : { plaintext }) });
  };
  for (const line of readFileSync(join(FOLDER, file), 'latin1').split(/\r?\n/)) {
    const equals = line.indexOf(' = ');
    if (equals < 0) continue;
    if (line.startsWith('[')) {
      // A new group: what was read before it is complete.
      flush();
      fields = {};
      lengths[line.slice(1, equals)] = line.slice(equals + 3, -1);
      continue;
    }
    const field = line.slice(0, equals);
    if (field === 'Count') {
      flush();
      fields = {};
    }
    fields[field] = line.slice(equals + 3);
  }
  flush();
  return [...groups.values()];
}

const missing = FILES.length === 0;
const why = `${FOLDER} is not there: install Debian's python3-cryptography-vectors`;
if (missing) console.warn(`NIST's GCM files are not tried: ${why}`);

describe.skipIf(missing)(`NIST's GCM files as a whole${missing ? ` (skipped: ${why})` : ''}`, () => {
  it('are all there', () => expect(FILES).toHaveLength(6));

  const groups = FILES.flatMap(readGroups);

  it.each(ENGINES)('are answered by engine %s in every case that it can do', (name, create) => {
    const engine = create(Memory.create({ bytes: 0x10_0000 }));
    const bench = new JobBench(engine);
    const reasons = new Map<string, number>();
    let total = 0;
    let answered = 0;
    let usual = 0;
    for (const { file, ivBits, tagBits, cases } of groups) {
      total += cases.length;
      const [first] = readVectors({
        source: file,
        kind: 'aead',
        algorithm: 'aes-gcm',
        cases: cases.slice(0, 1),
      }).vectors;
      const reason = unsupported(engine, transformOf(first, 'encrypt'))?.message;
      if (reason !== undefined) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + cases.length);
        continue;
      }
      for (const vector of readVectors({ source: file, kind: 'aead', algorithm: 'aes-gcm', cases }).vectors) {
        try {
          bench.answer(vector);
        } catch (cause) {
          throw new Error(vector.name, { cause });
        }
        answered++;
        if (ivBits === 96 && tagBits === 128) usual++;
      }
    }
    const lines = [`engine ${name}: ${answered} of NIST's ${total} GCM cases, ${usual} of them with IV 96 and tag 128`];
    for (const [reason, count] of reasons) lines.push(`  not applicable, ${count}: ${reason}`);
    console.log(lines.join('\n'));
    expect(usual).toBe(name === 'null' ? 0 : FILES.length * WITH_IV_96_AND_TAG_128);
  });
});
