import type { Memory } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import { DROP } from './drop-reason.ts';
import { BURST_FATE, BURST_SA, BURST_SCRATCH, type PacketBurst } from './packet-burst.ts';
import { SA_SEQUENCE } from './sa-layout.ts';

/** A column: the sequence number that a row has got, host order. */
export const BURST_SEQUENCE: number = BURST_SCRATCH;

/** The last number there is; none comes after it (RFC 4303 section 3.3.3). */
const LAST = 0xffff_ffff | 0;

/**
 * Hands out the sequence numbers of all outbound SAs in a memory (RFC 4303 section 2.2): 1, 2, … for each, to one packet
 * each. All lcores claim under one word, which a burst takes by one compare-and-swap, of however many SAs its packets are.
 */
export class SequenceClaims {
  readonly #memory: Memory;
  /** Index in `memory.i32` of the word: 0 free, 1 taken. */
  readonly #lock: number;
  readonly #number: NumberRows;

  constructor(memory: Memory) {
    const zone = memory.lookup('ESP_SEQUENCE_CLAIMS') ?? memory.reserve('ESP_SEQUENCE_CLAIMS', 4);
    this.#memory = memory;
    this.#lock = zone.position >> 2;
    this.#number = rowNumbering(memory);
  }

  /**
   * Writes to {@link BURST_SEQUENCE} of each row the next number of its SA. The numbers end at 2^32 − 1 and never begin
   * again: the SA must be replaced before.
   *
   * @returns how many rows got none, and were marked as lost
   */
  claim(burst: PacketBurst): number {
    const { i32 } = this.#memory;
    while (Atomics.compareExchange(i32, this.#lock, 0, 1) !== 0);
    const lost = this.#number(burst);
    Atomics.store(i32, this.#lock, 0);
    return lost;
  }
}

type NumberRows = (burst: PacketBurst) => number;

const rowNumbering: (memory: Memory) => NumberRows = oncePerMemory(numberLoop);

function numberLoop({ i32 }: Memory): NumberRows {
  return (burst) => {
    const base = burst.position | 0;
    let lost = 0;
    for (let at = base, stop = base + (burst.count << 2); at < stop; at = (at + 4) | 0) {
      const r = at >> 2;
      const word = (i32[r + BURST_SA] + SA_SEQUENCE) >> 2;
      const last = i32[word];
      if (last === LAST) {
        i32[r + BURST_FATE] = DROP.sequence_exhausted;
        lost++;
        continue;
      }
      const next = (last + 1) | 0;
      i32[word] = next;
      i32[r + BURST_SEQUENCE] = next;
    }
    return lost;
  };
}
