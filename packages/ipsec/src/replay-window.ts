import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';

/**
 * The anti-replay window (RFC 4303 section 3.4.3) as a bitmap that is addressed modulo its size and never shifts
 * (RFC 6479). {@link replayCheck} comes before the crypto and changes nothing; {@link replayTrack} comes after it, and
 * only then does an authentic number count as seen.
 *
 * Sequence numbers are 32 bits. Number 0 is never accepted.
 */

/** The largest window, in packets (DPDK: `REPLAY_SQN_MAX`). */
export const REPLAY_WINDOW_MAX: number = 1 << 20;

const WINDOW_SIZE = 0;
const WINDOW_TOP = 4;
const WINDOW_MASK = 8;
const WINDOW_BITMAP = 16;

/**
 * Reserves a window that accepts numbers up to `packets` below the highest one seen.
 *
 * @throws SetupError `ERR_REPLAY_WINDOW` (EINVAL) when `packets` is not 1 to {@link REPLAY_WINDOW_MAX}
 */
export function createReplayWindow(memory: Memory, name: string, packets: number): Memzone {
  if (!Number.isInteger(packets) || packets < 1 || packets > REPLAY_WINDOW_MAX) {
    throw new SetupError({
      code: 'ERR_REPLAY_WINDOW',
      errno: 'EINVAL',
      message: 'the replay window cannot have this size',
      expected: `1 to ${REPLAY_WINDOW_MAX} packets`,
      got: String(packets),
    });
  }
  // One word more than the window: the word of the highest number may hold one number only.
  const words = 2 ** Math.ceil(Math.log2(Math.ceil((packets + 1) / 32) + 1));
  const zone = memory.reserve(name, WINDOW_BITMAP + 4 * words);
  memory.u32[(zone.position + WINDOW_SIZE) >> 2] = packets;
  memory.u32[(zone.position + WINDOW_MASK) >> 2] = words - 1;
  return zone;
}

/** Whether `sequence` may be new: neither seen nor too old. Changes nothing. */
export function replayCheck(memory: Memory, window: number, sequence: number): boolean {
  const { u32 } = memory;
  const top = u32[(window + WINDOW_TOP) >> 2];
  if (sequence === 0) return false;
  if (sequence > top) return true;
  if (top - sequence > u32[(window + WINDOW_SIZE) >> 2]) return false;
  const word = (sequence >>> 5) & u32[(window + WINDOW_MASK) >> 2];
  return (u32[((window + WINDOW_BITMAP) >> 2) + word] & (1 << (sequence & 31))) === 0;
}

/**
 * Marks `sequence` as seen and moves the window up if it is the highest yet. One caller at a time.
 *
 * @returns false, and nothing changed, when it was seen before or is too old
 */
export function replayTrack(memory: Memory, window: number, sequence: number): boolean {
  if (!replayCheck(memory, window, sequence)) return false;
  const { u32 } = memory;
  const top = u32[(window + WINDOW_TOP) >> 2];
  const mask = u32[(window + WINDOW_MASK) >> 2];
  const bitmap = (window + WINDOW_BITMAP) >> 2;
  const word = sequence >>> 5;
  if (sequence > top) {
    // The words between are all new; a jump beyond the whole bitmap clears each of them once.
    const steps = Math.min(word - (top >>> 5), mask + 1);
    for (let step = 0; step < steps; step++) u32[bitmap + ((word - step) & mask)] = 0;
    u32[(window + WINDOW_TOP) >> 2] = sequence;
  }
  u32[bitmap + (word & mask)] |= 1 << (sequence & 31);
  return true;
}

/** The highest number seen, 0 if none. */
export function replayTop(memory: Memory, window: number): number {
  return memory.u32[(window + WINDOW_TOP) >> 2];
}
