import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { parseHexDump } from '@inline-ipsec/net/hex-dump';
import { describe, expect, it } from 'vitest';
import { DECRYPTED, ENCRYPTED } from './article.ts';
import { compareFields, comparisonLines, DECRYPTED_FIELDS, ENCRYPTED_FIELDS } from './comparison.ts';
import { runDemo } from './demo.ts';
import { demoText } from './demo-text.ts';

describe('the demo', () => {
  const result = runDemo(simulatedEnvironment());
  const [decryption, encryption] = result.tests;

  it('finds all as expected', () => {
    expect(result.ok).toBe(true);
    expect(demoText(result)).toContain('All is as expected.');
    expect(demoText(result)).not.toContain('not as expected');
  });

  it('makes both dumps of the article bit for bit with the peculiarities of 2018', () => {
    expect(decryption.sameAsArticleWithPeculiarities).toBe(true);
    expect(encryption.sameAsArticleWithPeculiarities).toBe(true);
  });

  it('sends 32 packets each way and loses none', () => {
    expect(result.tests.map(({ packetsSent, packetsHeard }) => [packetsSent, packetsHeard])).toEqual([
      [32, 32],
      [32, 32],
    ]);
  });

  it('decrypts with TTL 63 and a right checksum by default', () => {
    const packet = parseHexDump(decryption.dump);
    expect([packet[8], packet[10], packet[11]]).toEqual([63, 0x28, 0x44]);
    expect(packet).toHaveLength(DECRYPTED.length);
  });

  it('differs from the article where it says so and nowhere else', () => {
    for (const [test, article] of [
      [decryption, DECRYPTED],
      [encryption, ENCRYPTED],
    ] as const) {
      const packet = parseHexDump(test.dump);
      const different = Array.from(packet.keys()).filter((at) => packet[at] !== article[at]);
      const explained = test.comparison.filter(({ why }) => why !== undefined);
      for (const at of different) expect(explained.some(({ from, to }) => at >= from && at < to)).toBe(true);
      expect(test.comparison.every(({ asExpected }) => asExpected)).toBe(true);
    }
  });

  it('sees the offload flags of both directions', () => {
    expect(decryption.steps[1].seen).toContain('RX_SEC_OFFLOAD');
    expect(encryption.steps[2].seen).toContain('TX_SEC_OFFLOAD');
  });

  it('counts four crossings for a byte by lookaside and two inline', () => {
    expect(
      result.ways.map(({ way, direction, timesEachByteCrosses }) => [way, direction, timesEachByteCrosses]),
    ).toEqual([
      ['lookaside', 'decryption', 4],
      ['inline', 'decryption', 2],
      ['lookaside', 'encryption', 4],
      ['inline', 'encryption', 2],
    ]);
    expect(result.waysAgree).toBe(true);
  });

  it('is a JSON document', () => {
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('keeps to the width of a terminal', () => {
    for (const line of demoText(result).split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('the comparison', () => {
  it('covers every byte of both packets once', () => {
    for (const [fields, length] of [
      [DECRYPTED_FIELDS, DECRYPTED.length],
      [ENCRYPTED_FIELDS, ENCRYPTED.length],
    ] as const) {
      expect(fields.map(({ from }) => from)).toEqual([0, ...fields.slice(0, -1).map(({ to }) => to)]);
      expect(fields.at(-1)?.to).toBe(length);
    }
  });

  it('does not take a difference without a reason, a missing one, or another length', () => {
    const changed = DECRYPTED.slice();
    changed[30] ^= 1;
    const fields = compareFields(changed, DECRYPTED, DECRYPTED_FIELDS);
    expect(fields.map(({ asExpected }) => asExpected)).toEqual([true, false, true, false]);
    expect(comparisonLines(fields).join('\n')).toContain('DIFFERENT (not as expected)');
    const short = compareFields(DECRYPTED.subarray(0, 83), DECRYPTED, DECRYPTED_FIELDS);
    expect(short.some(({ asExpected }) => !asExpected)).toBe(true);
  });
});
