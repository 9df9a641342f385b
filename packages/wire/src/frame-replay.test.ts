import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReplay } from './frame-replay.ts';

const memory = Memory.create({ bytes: 4 * 1024 * 1024 });
const slots = memory.reserve('slots', 64 * 2048).position;
const at = Uint32Array.from({ length: 64 }, (_, i) => slots + 2 + i * 2048);
const lengths = new Uint32Array(64);

const frame = (number: number, length: number) => new Uint8Array(length).fill(number);

function take(replay: FrameReplay, n: number, room = 2000): number[][] {
  replay.receive(at, room, lengths, n);
  return Array.from({ length: n }, (_, i) => [
    memory.u8[at[i]],
    memory.u8[at[i] + Math.min(lengths[i], room) - 1],
    lengths[i],
  ]);
}

describe('FrameReplay', () => {
  it('gives the frames in order, again and again, whatever the bursts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(64), { maxLength: 20 }),
        (sizes, bursts) => {
          const replay = FrameReplay.create(
            memory,
            'replay',
            sizes.map((length, i) => frame(i, length)),
          );
          let next = 0;
          for (const n of bursts) {
            for (const got of take(replay, n)) {
              expect(got).toEqual([next, next, sizes[next]]);
              next = (next + 1) % sizes.length;
            }
          }
          replay.free();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('cuts a frame at the room that there is and gives its true length', () => {
    const replay = FrameReplay.create(memory, 'cut', [frame(7, 300)]);
    memory.u8[at[0] + 100] = 0xee;
    expect(take(replay, 1, 100)).toEqual([[7, 7, 300]]);
    expect(memory.u8[at[0] + 100]).toBe(0xee);
    replay.free();
  });

  it('goes on from the same place where another thread attaches, and passes over frames', () => {
    const replay = FrameReplay.create(memory, 'shared', [frame(0, 60), frame(1, 60), frame(2, 60)]);
    take(replay, 1);
    const other = FrameReplay.attach(Memory.attach(memory.handle), 'shared');
    expect(other.count).toBe(3);
    expect(take(other, 1)[0][0]).toBe(1);
    other.skip(7);
    expect(take(replay, 1)[0][0]).toBe(0);
    replay.free();
  });

  it('stores frames at 2 modulo 8, as mbufs have their data', () => {
    const replay = FrameReplay.create(memory, 'aligned', [frame(0, 61), frame(1, 62), frame(2, 63)]);
    const zone = memory.lookup('aligned')?.position ?? 0;
    for (let i = 0; i < 3; i++) expect(memory.u32[(zone + 64 + i * 12) >> 2] & 7).toBe(2);
    replay.free();
  });

  it('refuses nothing at all, names that are taken, and names that are not there', () => {
    expect(() => FrameReplay.create(memory, 'none', [])).toThrow(expect.objectContaining({ code: 'ERR_REPLAY_EMPTY' }));
    expect(() => FrameReplay.create(memory, 'none', [frame(0, 0)])).toThrow(/at least one/);
    expect(() => FrameReplay.attach(memory, 'none')).toThrow(expect.objectContaining({ code: 'ERR_REPLAY_UNKNOWN' }));
  });

  it('gives every byte as it was, those that read as a number that is none as well', () => {
    // Signalling and quiet NaNs of both signs are dense in these bytes.
    const byte = fc.constantFrom(0, 1, 0x7f, 0xf0, 0xf7, 0xf8, 0xff);
    const contents = fc.array(byte, { minLength: 1, maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(fc.array(contents, { minLength: 1, maxLength: 8 }), fc.nat(8), (frames, shift) => {
        const replay = FrameReplay.create(memory, 'bytes', frames);
        const places = at.map((place) => place + shift);
        for (let round = 0; round < 3; round++) {
          for (const place of places) memory.u8[place - 1] = 0x55;
          replay.receive(places, 1024, lengths, frames.length);
          frames.forEach((bytes, i) => {
            expect(lengths[i]).toBe(bytes.length);
            expect([...memory.u8.subarray(places[i], places[i] + bytes.length)]).toEqual([...bytes]);
            expect(memory.u8[places[i] - 1]).toBe(0x55);
          });
        }
        replay.free();
      }),
      { numRuns: 300 },
    );
  });
});
