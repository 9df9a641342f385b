import type { Memory } from './memory.ts';

/**
 * Loops that are closed over one memory.
 *
 * A loop that reads `memory.i32` again and again makes the compiler look, at every access, where that array lies and how
 * long it is. A function that is closed over the array, and of which a thread has no second one, gets both as constants. So
 * the hottest loops are made by a function of their memory, once for each memory, however many ports, queues and stages
 * have them in common.
 *
 * @param make makes them, by the rule `name + Loop`: `({ i32, f64 }) => (…) => { … }`
 * @returns a function that gives the loops of a memory: the same ones whenever it is asked. For set-up; keep what it gives
 */
export function oncePerMemory<Loops extends object>(make: (memory: Memory) => Loops): (memory: Memory) => Loops {
  const made = new WeakMap<Memory, Loops>();
  return (memory) => {
    const before = made.get(memory);
    if (before !== undefined) return before;
    const loops = make(memory);
    made.set(memory, loops);
    return loops;
  };
}
