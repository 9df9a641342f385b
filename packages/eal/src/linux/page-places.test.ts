import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PagePlaces } from './_page-places.ts';

const PLACES = 16;

function placesOf(places: PagePlaces, numbers: readonly number[]): number[] {
  return numbers.map((number) => places.placeOf(number) ?? -1);
}

describe('places of pages', () => {
  it('follow each other as physical pages do, in whatever order these come', () => {
    const places = new PagePlaces(8);
    places.take([0xb57, 7, 0xb55, 0xb56]);
    expect(placesOf(places, [0xb55, 0xb56, 0xb57, 7])).toEqual([0, 1, 2, 3]);
    expect(placesOf(places, [0xb58])).toEqual([-1]);
  });

  it('go on behind pages that have theirs', () => {
    const places = new PagePlaces(8);
    places.take([20]);
    places.take([10, 11]);
    places.release(20);
    places.take([13, 12]);
    expect(placesOf(places, [10, 11, 12, 13])).toEqual([1, 2, 3, 4]);
  });

  it('are given again, to a whole run where it fits, and one by one where it does not', () => {
    const places = new PagePlaces(4);
    places.take([1, 3, 5, 7]);
    for (const number of [1, 5]) places.release(number);
    places.take([100, 101]);
    expect(placesOf(places, [100, 101])).toEqual([0, 2]);
    for (const number of [3, 100, 101]) places.release(number);
    places.take([52, 50, 51]);
    expect(placesOf(places, [50, 51, 52])).toEqual([0, 1, 2]);
    expect(places.free).toBe(0);
  });

  it('belong to one page each, whatever is taken and released', () => {
    const number = fc.integer({ min: 0, max: 30 });
    const step = fc.record({ take: fc.boolean(), numbers: fc.array(number, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const places = new PagePlaces(PLACES);
        const model = new Map<number, number>();
        for (const { take, numbers } of steps) {
          if (!take) {
            for (const released of numbers) {
              places.release(released);
              model.delete(released);
            }
          } else if (new Set([...model.keys(), ...numbers]).size <= PLACES) {
            places.take(numbers);
            for (const taken of numbers) model.set(taken, model.get(taken) ?? places.placeOf(taken) ?? -1);
          }
          // None moves while it is taken, none has another's, and all are within.
          expect(placesOf(places, [...model.keys()])).toEqual([...model.values()]);
          expect(new Set(model.values()).size).toBe(model.size);
          for (const place of model.values()) expect(place >= 0 && place < PLACES).toBe(true);
          expect(places.pages).toBe(model.size);
        }
      }),
    );
  });
});
