/**
 * Places for pages of another program. Pages that follow each other in physical memory follow each other here as well,
 * wherever there is room for it: a device is given one physical address for what may span several of them.
 */
export class PagePlaces {
  readonly #taken: Uint8Array;
  /** Which place a physical page has. */
  readonly #byNumber = new Map<number, number>();

  /** @param count how many places there are, numbered from 0 */
  constructor(count: number) {
    this.#taken = new Uint8Array(count);
  }

  /** Pages that have a place. */
  get pages(): number {
    return this.#byNumber.size;
  }

  /** Places that no page has. */
  get free(): number {
    return this.#taken.length - this.#byNumber.size;
  }

  /** The place of a page; undefined when it has none. */
  placeOf(number: number): number | undefined {
    return this.#byNumber.get(number);
  }

  /**
   * Takes a place for each page that has none yet; there must be {@link free} ones for all of them.
   *
   * @param numbers their physical addresses over the size of a page
   */
  take(numbers: readonly number[]): void {
    const without = new Set(numbers.filter((number) => !this.#byNumber.has(number)));
    // The longest ones first, as there is the most room then.
    for (const run of runsOf([...without]).sort((a, b) => b.length - a.length)) {
      const start = this.#roomBehind(run) ?? this.#room(run.length);
      for (const [i, number] of run.entries()) {
        const place = start === undefined ? this.#taken.indexOf(0) : start + i;
        this.#taken[place] = 1;
        this.#byNumber.set(number, place);
      }
    }
  }

  /** Gives the place of a page back. */
  release(number: number): void {
    const place = this.#byNumber.get(number);
    if (place === undefined) return;
    this.#byNumber.delete(number);
    this.#taken[place] = 0;
  }

  /** Where a run goes on with one that is there already. */
  #roomBehind(run: readonly number[]): number | undefined {
    const before = this.#byNumber.get(run[0] - 1);
    return before !== undefined && this.#isFree(before + 1, run.length) ? before + 1 : undefined;
  }

  /** The first place from which on so many are free. */
  #room(length: number): number | undefined {
    for (let start = 0; start + length <= this.#taken.length; start++) {
      if (this.#isFree(start, length)) return start;
    }
    return undefined;
  }

  #isFree(start: number, length: number): boolean {
    if (start + length > this.#taken.length) return false;
    return this.#taken.subarray(start, start + length).every((taken) => taken === 0);
  }
}

/** Numbers that follow each other, together. */
function runsOf(numbers: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[last.length - 1] === number - 1) last.push(number);
    else runs.push([number]);
  }
  return runs;
}
