import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { DROP } from './drop-reason.ts';
import { GOES_ON, PacketBurst } from './packet-burst.ts';
import { SA_BYTES, SA_SEQUENCE } from './sa-layout.ts';
import { BURST_SEQUENCE, SequenceClaims } from './sequence.ts';

/** SAs with these last numbers, and a way to claim for packets of them. */
function sasAt(...last: number[]) {
  const memory = Memory.create({ bytes: 0x80000 });
  const sas = last.map((number, index) => {
    const { position } = memory.reserve(`sa${index}`, SA_BYTES);
    memory.u32[(position + SA_SEQUENCE) >> 2] = number;
    return position;
  });
  const burst = new PacketBurst(memory, 'burst');
  const claims = new SequenceClaims(memory);
  /** Of packets of these SAs: what was lost, the fates, the numbers. */
  function claim(...owners: number[]) {
    burst.clear();
    burst.fate.fill(GOES_ON);
    for (const owner of owners) {
      burst.push(0, 0, 0, 0);
      burst.sa[burst.count - 1] = sas[owner];
    }
    const lost = claims.claim(burst);
    const rows = owners.map((_, row) => row);
    return {
      lost,
      numbers: rows.map((row) => memory.u32[(burst.position >> 2) + BURST_SEQUENCE + row]),
      fates: rows.map((row) => burst.fate[row]),
    };
  }
  return { memory, claim, last: () => sas.map((sa) => memory.u32[(sa + SA_SEQUENCE) >> 2]) };
}

describe('sequence numbers', () => {
  it('begin at 1 and are claimed without a gap, of each SA for itself', () => {
    const { claim, last } = sasAt(0, 70);
    expect(claim(0, 0, 0)).toMatchObject({ lost: 0, numbers: [1, 2, 3] });
    expect(claim(0, 1, 0, 1, 1)).toMatchObject({ lost: 0, numbers: [4, 71, 5, 72, 73] });
    expect(last()).toEqual([5, 73]);
  });

  it('end at 4294967295: who comes later gets none, and nothing wraps', () => {
    const { claim, last } = sasAt(0xffff_ffff - 2, 0);
    const { lost, fates, numbers } = claim(0, 0, 0, 1, 0);
    expect(lost).toBe(2);
    expect(numbers.slice(0, 2)).toEqual([0xffff_fffe, 0xffff_ffff]);
    const none = DROP.sequence_exhausted;
    expect(fates).toEqual([GOES_ON, GOES_ON, none, GOES_ON, none]);
    expect(claim(0)).toMatchObject({ lost: 1, fates: [none] });
    expect(last()).toEqual([0xffff_ffff, 1]);
  });

  it('are claimed by one lcore after the other', () => {
    const { memory, claim } = sasAt(0);
    claim(0);
    const lock = (memory.lookup('ESP_SEQUENCE_CLAIMS')?.position ?? 0) >> 2;
    expect(memory.i32[lock]).toBe(0);
    expect(new SequenceClaims(memory)).toBeDefined();
    expect(claim(0)).toMatchObject({ numbers: [2] });
  });
});
