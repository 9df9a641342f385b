import { SetupError } from '@inline-ipsec/eal/errors';
import { alignUp, type Memory, type Memzone } from '@inline-ipsec/eal/memory';
import { oncePerMemory } from '@inline-ipsec/eal/memory-loops';
import { copyFrame } from './frame-copy.ts';

/**
 * Frames that are kept in a memzone and given out again and again, in order: a capture file that never ends, at the cost of
 * one copy a frame (DPDK: net_pcap's `infinite_rx=1`).
 *
 * The memzone: how many there are and which is next; then an entry for each: position, length, and how many steps of 32
 * bytes copy what is behind its first six; then the frames, each at 2 modulo 8 like the data of an mbuf, with zeros behind as
 * far as the last step reaches.
 *
 * A step copies four float64. The language keeps every number as it is but for NaNs, whose bits it may change: a frame with
 * eight bytes that read as one is copied in another way. All frames are known beforehand, so each is looked through once.
 */

const COUNT = 0;
const NEXT = 4;
const TABLE = 64;
const ENTRY_BYTES = 12;

/** What is copied before the first step: as an mbuf's data begins at 2 modulo 8. */
const HEAD_BYTES = 6;
const STEP_BYTES = 32;
/** Frames up to this many bytes are copied in steps; beyond, the platform's copy is quicker. */
const QUICK_BYTES = 256;
/** Longer frames have a view each, as the platform's copy is quickest from one array into another; no more than so many. */
const MAX_VIEWS = 65536;

/** Frames that are looked at before those that are not copied in steps get their turn. */
const MOST_AT_ONCE = 64;

/** Frames to be replayed. The place of the next one is in the memory, so that another thread that attaches goes on there. */
export class FrameReplay {
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #loops: ReplayLoops;
  // The bytes of the first frames; an empty one for each that is copied in steps.
  readonly #views: Uint8Array[];
  // Of the frames under way, those that are not copied in steps: their numbers, and the positions of their entries.
  readonly #leftFrames = new Int32Array(MOST_AT_ONCE);
  readonly #leftEntries = new Int32Array(MOST_AT_ONCE);

  private constructor(memory: Memory, zone: Memzone) {
    this.#memory = memory;
    this.#zone = zone;
    this.#loops = replayLoops(memory);
    this.#views = frameViews(memory, zone.position);
  }

  /**
   * Stores frames in a new memzone.
   *
   * @param name of the memzone
   * @param frames at least one; empty ones are left out
   * @throws SetupError `ERR_REPLAY_EMPTY` (EINVAL), `ERR_MEMORY_FULL` (ENOMEM) and what else `Memory.reserve` throws
   */
  static create(memory: Memory, name: string, frames: readonly Uint8Array[]): FrameReplay {
    const some = frames.filter(({ length }) => length > 0);
    if (some.length === 0) {
      throw new SetupError({
        code: 'ERR_REPLAY_EMPTY',
        errno: 'EINVAL',
        message: 'there is no frame to be given again and again',
        expected: 'at least one',
      });
    }
    const first = alignUp(TABLE + some.length * ENTRY_BYTES, 8) + 2;
    const bytes = some.reduce((sum, { length }) => sum + storedBytes(length), first);
    const zone = memory.reserve(name, bytes);
    memory.u32[(zone.position + COUNT) >> 2] = some.length;
    let position = zone.position + first;
    some.forEach((frame, i) => {
      const entry = (zone.position + TABLE + i * ENTRY_BYTES) >> 2;
      memory.u32[entry] = position;
      memory.u32[entry + 1] = frame.length;
      memory.u8.set(frame, position);
      memory.u32[entry + 2] = quickSteps(memory, position, frame.length);
      position += storedBytes(frame.length);
    });
    return new FrameReplay(memory, zone);
  }

  /**
   * The same frames, from another thread.
   *
   * @throws SetupError `ERR_REPLAY_UNKNOWN` (ENOENT)
   */
  static attach(memory: Memory, name: string): FrameReplay {
    const zone = memory.lookup(name);
    if (zone !== undefined) return new FrameReplay(memory, zone);
    throw new SetupError({ code: 'ERR_REPLAY_UNKNOWN', errno: 'ENOENT', message: `there are no frames in ${name}` });
  }

  /** How many frames there are. */
  get count(): number {
    return this.#memory.u32[(this.#zone.position + COUNT) >> 2];
  }

  /** Gives the next `n` frames, as a wire's `receive` does. */
  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): void {
    const { receiveQuick } = this.#loops;
    const zone = this.#zone.position;
    const leftFrames = this.#leftFrames;
    const leftEntries = this.#leftEntries;
    for (let i = 0; i < n; i += MOST_AT_ONCE) {
      const end = Math.min(n, i + MOST_AT_ONCE);
      const left = receiveQuick(zone, at, room, lengths, i, end, leftFrames, leftEntries);
      for (let k = 0; k < left; k++) this.#receiveOther(at[i + leftFrames[k]], room, leftEntries[k]);
    }
  }

  /** Gives the places of the next `n` frames, as a wire's `lend` does. */
  lend(at: Uint32Array, lengths: Uint32Array, n: number): void {
    this.#loops.lend(this.#zone.position, at, lengths, n);
  }

  /** Copies a frame of any kind, by the position of its entry. */
  #receiveOther(to: number, room: number, entryAt: number): void {
    const { u8, u16, u32, i32, shared } = this.#memory;
    const length = u32[(entryAt >> 2) + 1];
    const number = (entryAt - this.#zone.position - TABLE) / ENTRY_BYTES;
    if (length > QUICK_BYTES && length <= room && number < this.#views.length) u8.set(this.#views[number], to);
    else copyFrame(u8, u16, i32, to, u32[entryAt >> 2], Math.min(length, room), shared);
  }

  /** Passes over the next `n` frames. */
  skip(n: number): void {
    const { u32 } = this.#memory;
    const zone = this.#zone.position;
    u32[(zone + NEXT) >> 2] = (u32[(zone + NEXT) >> 2] + n) % u32[(zone + COUNT) >> 2];
  }

  /** Gives the memory back. */
  free(): void {
    this.#memory.free(this.#zone);
  }
}

/** What all replays in a memory have in common: loops that call nothing. */
interface ReplayLoops {
  /** Gives the places of the next `n` frames of the memzone. */
  lend(zone: number, at: Uint32Array, lengths: Uint32Array, n: number): void;
  /**
   * Gives frames `i` to `end` - 1. Those that can be copied in steps it copies; it notes the numbers and the entries of the
   * others, and returns how many they are.
   */
  receiveQuick(
    zone: number,
    at: Uint32Array,
    room: number,
    lengths: Uint32Array,
    i: number,
    end: number,
    leftFrames: Int32Array,
    leftEntries: Int32Array,
  ): number;
}

const replayLoops: (memory: Memory) => ReplayLoops = oncePerMemory((memory) => ({
  lend: lendLoop(memory),
  receiveQuick: receiveQuickLoop(memory),
}));

function lendLoop({ i32 }: Memory): ReplayLoops['lend'] {
  return (zone, at, lengths, n) => {
    const head = zone >> 2;
    const first = (zone + TABLE) | 0;
    const wrap = (first + ENTRY_BYTES * i32[head + (COUNT >> 2)]) | 0;
    let entryAt = (first + ENTRY_BYTES * i32[head + (NEXT >> 2)]) | 0;
    for (let i = 0; i < n; i++) {
      const entry = entryAt >> 2;
      at[i] = i32[entry];
      lengths[i] = i32[entry + 1];
      entryAt = (entryAt + ENTRY_BYTES) | 0;
      if (entryAt === wrap) entryAt = first;
    }
    i32[head + (NEXT >> 2)] = (entryAt - first) / ENTRY_BYTES;
  };
}

function receiveQuickLoop({ u16, i32, f64 }: Memory): ReplayLoops['receiveQuick'] {
  return (zone, at, room, lengths, i, end, leftFrames, leftEntries) => {
    const head = zone >> 2;
    const first = (zone + TABLE) | 0;
    const wrap = (first + ENTRY_BYTES * i32[head + (COUNT >> 2)]) | 0;
    let entryAt = (first + ENTRY_BYTES * i32[head + (NEXT >> 2)]) | 0;
    let left = 0;
    for (let frame = 0, frames = end - i; frame < frames; frame++) {
      const entry = entryAt >> 2;
      const steps = i32[entry + 2];
      const to = at[i + frame] | 0;
      lengths[i + frame] = i32[entry + 1];
      // The last step may reach beyond the frame.
      if (steps === 0 || (to & 7) !== 2 || HEAD_BYTES + steps * STEP_BYTES > room) {
        leftFrames[left] = frame;
        leftEntries[left++] = entryAt;
      } else {
        const from = i32[entry];
        u16[to >> 1] = u16[from >> 1];
        i32[(to + 2) >> 2] = i32[(from + 2) >> 2];
        let targetAt = (to + HEAD_BYTES) | 0;
        for (let sourceAt = from + HEAD_BYTES, stop = sourceAt + steps * STEP_BYTES; sourceAt < stop; ) {
          const target = targetAt >> 3;
          const source = sourceAt >> 3;
          f64[target] = f64[source];
          f64[target + 1] = f64[source + 1];
          f64[target + 2] = f64[source + 2];
          f64[target + 3] = f64[source + 3];
          targetAt = (targetAt + STEP_BYTES) | 0;
          sourceAt = (sourceAt + STEP_BYTES) | 0;
        }
      }
      entryAt = (entryAt + ENTRY_BYTES) | 0;
      if (entryAt === wrap) entryAt = first;
    }
    i32[head + (NEXT >> 2)] = (entryAt - first) / ENTRY_BYTES;
    return left;
  };
}

/** The bytes of the stored frames, by their numbers. */
function frameViews(memory: Memory, zone: number): Uint8Array[] {
  const { u32, u8 } = memory;
  const views: Uint8Array[] = [];
  const count = Math.min(u32[(zone + COUNT) >> 2], MAX_VIEWS);
  for (let entry = (zone + TABLE) >> 2; views.length < count; entry += ENTRY_BYTES >> 2) {
    const length = u32[entry + 1] > QUICK_BYTES ? u32[entry + 1] : 0;
    views.push(u8.subarray(u32[entry], u32[entry] + length));
  }
  return views;
}

/** Steps behind the head of a frame, 0 when eight of its bytes read as NaN or it is too long. */
function quickSteps({ f64 }: Memory, position: number, length: number): number {
  const steps = Math.ceil(Math.max(0, length - HEAD_BYTES) / STEP_BYTES);
  if (length > QUICK_BYTES || steps === 0) return 0;
  const first = (position + HEAD_BYTES) >> 3;
  return f64.subarray(first, first + 4 * steps).some(Number.isNaN) ? 0 : steps;
}

/** Bytes that are kept for a frame: as far as its last step reaches, and up to 2 modulo 8. */
function storedBytes(length: number): number {
  return 8 + STEP_BYTES * Math.ceil(Math.max(0, length - HEAD_BYTES) / STEP_BYTES);
}
