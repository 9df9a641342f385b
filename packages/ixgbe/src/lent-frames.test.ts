import { Memory } from '@inline-ipsec/eal/memory';
import { RX_OFFLOAD_SCATTER } from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { espFrame } from './testing/esp-frame.ts';
import { ListWire } from './testing/list-wire.ts';
import { seal } from './testing/node/seal.ts';
import { BOTH, egress, ingress, SecureBench, sealed } from './testing/secure-bench.ts';

/** Frames that are not copied on their way through the card: it must not be seen. */

/** A wire that lends its frames, and looks later whether somebody has changed them. */
class LendingWire extends ListWire {
  /** Frames that were changed while they were lent. */
  spoilt = 0;
  readonly #u8: Uint8Array;
  readonly #zone: number;
  #lent: { readonly at: number; readonly frame: Uint8Array }[] = [];

  constructor(memory: Memory) {
    super(memory);
    this.#u8 = memory.u8;
    this.#zone = memory.reserve('lent', 64 * 16384).position;
  }

  lend(at: Uint32Array, lengths: Uint32Array, n: number): number {
    this.look();
    const frames = this.incoming.splice(0, n);
    let end = this.#zone;
    this.#lent = frames.map((frame, i) => {
      const place = { at: end + 2, frame };
      this.#u8.set(frame, place.at);
      at[i] = place.at;
      lengths[i] = frame.length;
      end = (place.at + frame.length + 7) & ~7;
      return place;
    });
    return frames.length;
  }

  look(): void {
    for (const { at, frame } of this.#lent) {
      if (frame.some((byte, i) => this.#u8[at + i] !== byte)) this.spoilt++;
    }
    this.#lent = [];
  }
}

const plain = (bytes: number, first = 0x90): Uint8Array => {
  const head = [first, 0xe2, 0xba, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0x66, 0xba];
  return Uint8Array.from({ length: bytes }, (_, i) => head[i] ?? (i * 7) & 0xff);
};
const esp = (bytes: number): Uint8Array => espFrame({ spi: 5, payload: new Uint8Array(bytes).fill(9) });
const authentic = (bytes: number): Uint8Array => sealed(seal, esp(bytes));
/** Eight bytes of it read as NaN. */
const nan = plain(64).fill(0xff, 40, 60);

const frame = fc.oneof(
  { arbitrary: fc.constantFrom(plain(60), plain(64), plain(66), plain(600)), weight: 4 },
  { arbitrary: fc.constantFrom(authentic(40), authentic(200)), weight: 3 },
  fc.constantFrom(plain(20), plain(59), plain(1518), plain(1519), plain(64, 0xff), esp(40), nan, authentic(1400)),
);

/** Runs of frames that are alike, as what is quick takes them. */
const runs = fc
  .array(fc.tuple(frame, fc.constantFrom(1, 1, 2, 30)), { maxLength: 4, size: 'max' })
  .map((some) => some.flatMap(([one, times]) => Array.from({ length: times }, () => one)));

describe('a card on a wire that lends', () => {
  it('gives what it gives from one that does not, and changes nothing of what is lent', () => {
    const step = fc.record({
      frames: runs,
      take: fc.constantFrom(0, 0, 1, 5, 40),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const got = [ListWire, LendingWire].map((Kind) => {
          const memory = Memory.create({ bytes: 32 * 1024 * 1024 });
          const bench = new SecureBench({ memory, wire: new Kind(memory), dataRoom: 1024 + 128 });
          bench.start({ ...BOTH, rxOffloads: BOTH.rxOffloads | RX_OFFLOAD_SCATTER });
          bench.bind(bench.session(ingress(5)));
          const packets: [flags: number, bytes: Uint8Array][] = [];
          const drain = (n: number) => {
            for (const m of n === 0 ? [] : bench.receive(n)) {
              packets.push([bench.memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2], bench.bytes(m)]);
              bench.free(m);
            }
          };
          for (const { frames, take } of steps) {
            bench.list.incoming.push(...frames);
            bench.card.step(32);
            drain(take);
          }
          for (let i = 0; i < 16; i++) drain(64);
          const wire = bench.list;
          if (wire instanceof LendingWire) {
            wire.look();
            expect(wire.spoilt).toBe(0);
          }
          return { packets, stats: bench.port.stats(), counters: bench.card.counters() };
        });
        expect(got[1]).toEqual(got[0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('frames that leave from host memory', () => {
  it('are what they were when the card was told, in order, however few the wire takes', () => {
    const sendable = fc.constantFrom(plain(60), plain(64), plain(600), plain(40), plain(64, 0xff), esp(40));
    const step = fc.record({
      frames: fc.array(sendable, { maxLength: 32, size: 'max' }),
      room: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const bench = new SecureBench().start(BOTH, 256);
        const session = bench.session(egress(5));
        const expected: Uint8Array[] = [];
        for (const { frames, room } of steps) {
          bench.list.room = room;
          // What software has back is poisoned, or used again.
          const mbufs = frames.map((bytes) =>
            bytes.length > 64 && bytes[23] === 50 ? bench.secret(session, bytes) : bench.mbuf(bytes),
          );
          const taken = bench.send(mbufs);
          bench.free(...mbufs.slice(taken));
          for (const bytes of frames.slice(0, taken)) {
            const padded = new Uint8Array(Math.max(60, bytes.length));
            padded.set(bytes);
            expected.push(bytes.length > 64 && bytes[23] === 50 ? sealed(seal, bytes) : padded);
          }
        }
        bench.list.room = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 16; i++) bench.send([]);
        expect(bench.list.sent).toEqual(expected);
        bench.end();
      }),
      { numRuns: 60 },
    );
  });
});
