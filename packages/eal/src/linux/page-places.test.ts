import { describe, expect, it } from 'vitest';
import { PagePlaces } from './_page-places.ts';

const placesOf = (placed: ReadonlyMap<number, number>, numbers: readonly number[]) =>
  numbers.map((number) => placed.get(number));

describe('places of pages', () => {
  it('follow each other as physical pages do, in whatever order these come', () => {
    const placed = new PagePlaces(8).take([0xb57, 7, 0xb55, 0xb56]);
    const [first] = placesOf(placed, [0xb55]);
    expect(placesOf(placed, [0xb55, 0xb56, 0xb57])).toEqual([first, Number(first) + 1, Number(first) + 2]);
    expect(new Set(placed.values()).size).toBe(4);
  });

  it('go on behind pages that have theirs', () => {
    const places = new PagePlaces(8);
    const before = Number(places.take([10, 11]).get(11));
    places.take([90]);
    places.release(90);
    expect(placesOf(places.take([13, 12]), [12, 13])).toEqual([before + 1, before + 2]);
  });

  it('are given again, to a whole run where it fits, and one by one where it does not', () => {
    const places = new PagePlaces(4);
    places.take([1, 3, 5, 7]);
    for (const number of [1, 5]) places.release(number);
    expect(places.free).toBe(2);
    expect([...places.take([100, 101]).values()].sort()).toEqual([0, 2]);
    for (const number of [3, 100, 101]) places.release(number);
    expect(placesOf(places.take([52, 50, 51]), [50, 51, 52])).toEqual([0, 1, 2]);
    expect(places.free).toBe(0);
  });

  it('are not taken twice', () => {
    const places = new PagePlaces(64);
    const taken = new Map<number, number>();
    let seed = 1;
    for (let step = 0; step < 500; step++) {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      const start = (seed >> 8) % 200;
      const run = [0, 1, 2].map((i) => start + i).filter((number) => !taken.has(number));
      if (run.length > places.free || step % 3 === 2) {
        for (const number of [...taken.keys()].slice(0, 5)) {
          places.release(number);
          taken.delete(number);
        }
        continue;
      }
      for (const [number, place] of places.take(run)) taken.set(number, place);
      expect(new Set(taken.values()).size).toBe(taken.size);
      expect(places.free).toBe(64 - taken.size);
    }
  });
});
