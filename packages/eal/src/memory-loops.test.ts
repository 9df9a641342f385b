import { describe, expect, it } from 'vitest';
import { Memory } from './memory.ts';
import { oncePerMemory } from './memory-loops.ts';

const small = () => Memory.create({ bytes: 1 << 20 });

describe('loops of a memory', () => {
  it('are made once, however often they are asked for', () => {
    let made = 0;
    const loops = oncePerMemory(({ i32 }) => {
      made++;
      return (at: number) => i32[at >> 2];
    });
    const memory = small();
    expect(made).toBe(0);
    expect(loops(memory)).toBe(loops(memory));
    expect(made).toBe(1);
  });

  it('are another memory’s own', () => {
    const loops = oncePerMemory(
      ({ u32 }) =>
        (at: number) =>
          u32[at >> 2],
    );
    const [one, other] = [small(), small()];
    one.u32[1 << 16] = 7;
    other.u32[1 << 16] = 8;
    expect(loops(one)(1 << 18)).toBe(7);
    expect(loops(other)(1 << 18)).toBe(8);
  });

  it('are made again after a set-up that failed', () => {
    let tries = 0;
    const loops = oncePerMemory(() => {
      if (tries++ === 0) throw new Error('not yet');
      return () => tries;
    });
    const memory = small();
    expect(() => loops(memory)).toThrow('not yet');
    expect(loops(memory)()).toBe(2);
  });
});
