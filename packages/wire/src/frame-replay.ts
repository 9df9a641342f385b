import { SetupError } from '@inline-ipsec/eal/errors';
import { alignUp, type Memory, type Memzone } from '@inline-ipsec/eal/memory';
import { copyFrame, copyWords, WORD_COPY_BYTES } from './frame-copy.ts';

/**
 * Frames that are kept in a memzone and given out again and again, in order: a capture file that never ends, at the cost of
 * one copy a frame (DPDK: net_pcap's `infinite_rx=1`).
 *
 * The memzone: how many there are and which is next; then position and length of each; then the frames, each at 2 modulo 8
 * like the data of an mbuf, so that the copy is quick.
 */

const COUNT = 0;
const NEXT = 4;
const TABLE = 64;
const ENTRY_BYTES = 8;

/** Frames to be replayed. The place of the next one is in the memory, so that another thread that attaches goes on there. */
export class FrameReplay {
  readonly #memory: Memory;
  readonly #zone: Memzone;

  private constructor(memory: Memory, zone: Memzone) {
    this.#memory = memory;
    this.#zone = zone;
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
    const bytes = some.reduce((sum, { length }) => sum + alignUp(length, 8), first);
    const zone = memory.reserve(name, bytes);
    memory.u32[(zone.position + COUNT) >> 2] = some.length;
    let position = zone.position + first;
    some.forEach((frame, i) => {
      const entry = (zone.position + TABLE + i * ENTRY_BYTES) >> 2;
      memory.u32[entry] = position;
      memory.u32[entry + 1] = frame.length;
      memory.u8.set(frame, position);
      position += alignUp(frame.length, 8);
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
    const { u8, u16, u32, i32, shared } = this.#memory;
    for (let i = this.#receiveShort(at, room, lengths, 0, n); i < n; ) {
      const entry = this.#take();
      const length = u32[entry + 1];
      copyFrame(u8, u16, i32, at[i], u32[entry], Math.min(length, room), shared);
      lengths[i] = length;
      i = this.#receiveShort(at, room, lengths, i + 1, n);
    }
  }

  /** Gives frames that are short and fit, from number `i` on, up to another one. Returns its number. */
  #receiveShort(at: Uint32Array, room: number, lengths: Uint32Array, i: number, n: number): number {
    const { u8, u16, i32 } = this.#memory;
    const zone = this.#zone.position >> 2;
    const first = zone + (TABLE >> 2);
    const end = first + 2 * i32[zone + (COUNT >> 2)];
    const most = Math.min(room, WORD_COPY_BYTES);
    let entry = first + 2 * i32[zone + (NEXT >> 2)];
    for (; i < n; i++) {
      const to = at[i];
      const length = i32[entry + 1];
      if (length > most || length < 4 || (to & 3) !== 2) break;
      copyWords(u8, u16, i32, to, i32[entry], length);
      lengths[i] = length;
      entry += 2;
      if (entry === end) entry = first;
    }
    i32[zone + (NEXT >> 2)] = (entry - first) >> 1;
    return i;
  }

  /** Goes on to the next frame. Returns the entry of the one before, as a word. */
  #take(): number {
    const { i32 } = this.#memory;
    const zone = this.#zone.position >> 2;
    const next = i32[zone + (NEXT >> 2)];
    i32[zone + (NEXT >> 2)] = next + 1 === i32[zone + (COUNT >> 2)] ? 0 : next + 1;
    return zone + (TABLE >> 2) + 2 * next;
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
