import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { SA_BYTES, SA_SEQUENCE } from './sa-layout.ts';
import { claimedNumbers, claimSequence } from './sequence.ts';

function saAt(last: number) {
  const memory = Memory.create({ bytes: 0x80000 });
  const sa = memory.reserve('sa', SA_BYTES).position;
  memory.u32[(sa + SA_SEQUENCE) >> 2] = last;
  return { memory, sa };
}

describe('sequence numbers', () => {
  it('begin at 1 and are claimed in runs without a gap', () => {
    const { memory, sa } = saAt(0);
    expect(claimSequence(memory, sa, 32)).toBe(0);
    expect(claimSequence(memory, sa, 1)).toBe(32);
    expect(claimSequence(memory, sa, 2)).toBe(33);
    expect(memory.u32[(sa + SA_SEQUENCE) >> 2]).toBe(35);
  });

  it('end at 4294967295: the last claim is short, the next gets none, and nothing wraps', () => {
    const { memory, sa } = saAt(0xffffffff - 3);
    const last = claimSequence(memory, sa, 10);
    expect(last).toBe(0xfffffffc);
    expect(claimedNumbers(last, 10)).toBe(3);
    const after = claimSequence(memory, sa, 10);
    expect(after).toBe(0xffffffff);
    expect(claimedNumbers(after, 10)).toBe(0);
    expect(memory.u32[(sa + SA_SEQUENCE) >> 2]).toBe(0xffffffff);
  });
});
