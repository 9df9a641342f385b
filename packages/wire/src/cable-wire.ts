import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory, Memzone } from '@inline-ipsec/eal/memory';
import { copyFrame } from './frame-copy.ts';
import { LINK_DOWN, LINK_UP_10G, type Wire, type WireKind, type WireLink } from './wire.ts';

/**
 * A cable with two ends, known by its name: what is sent into one end comes out of the other, in order, whole or not at
 * all. It lies in the memory, so the ends may be on two threads.
 *
 * Each direction is a ring of bytes with one producer and one consumer. A record is a length word, two bytes of nothing and
 * the frame; it begins at 4 modulo 8, so the frame lies at 2 modulo 8, like the data of an mbuf. A record that does not fit
 * before the ring's end leaves a mark there and begins at its start. The indices are free-running 32-bit counts of bytes: the producer writes a
 * record and then its index, the consumer reads and then moves its own.
 *
 * What this does not do: lose, delay or corrupt frames, or limit their rate. A full cable takes no more, like a link with
 * flow control.
 */

/** Bytes that each direction of a cable holds, in frames and their record headers. */
export const CABLE_BYTES: number = 256 * 1024;

// The memzone: a line for the ends, one for each index of each direction, then the two rings.
const END_STATES = 0;
const INDICES = 64;
const INDEX_STRIDE = 64;
const DATA = 388;

const END_FREE = 0;
const END_COMING = 1;
const END_PLUGGED = 2;

const RECORD_HEADER = 6;
const WRAP_MARK = 0xffffffff;

/** One end of a cable. */
export class CableWire implements Wire {
  readonly name = 'cable';
  readonly endless = undefined;
  /** The name that both ends share. */
  readonly cable: string;
  /** Which end this is. */
  readonly end: 0 | 1;
  readonly #memory: Memory;
  readonly #zone: Memzone;
  readonly #mask: number;
  // Word indices into the memory.
  readonly #peerState: number;
  readonly #inHead: number;
  readonly #inTail: number;
  readonly #outHead: number;
  readonly #outTail: number;
  // Positions of the first bytes of the rings.
  readonly #in: number;
  readonly #out: number;
  #closed = false;

  private constructor(memory: Memory, cable: string, zone: Memzone, end: 0 | 1) {
    this.cable = cable;
    this.end = end;
    this.#memory = memory;
    this.#zone = zone;
    const bytes = ringBytes(zone);
    this.#mask = bytes - 1;
    this.#peerState = stateIndex(zone, end === 0 ? 1 : 0);
    const indices = (zone.position + INDICES) >> 2;
    const stride = INDEX_STRIDE >> 2;
    // End 0 sends into ring 0 and end 1 into ring 1.
    const inRing = 1 - end;
    this.#inHead = indices + 2 * inRing * stride;
    this.#inTail = this.#inHead + stride;
    this.#outHead = indices + 2 * end * stride;
    this.#outTail = this.#outHead + stride;
    this.#in = zone.position + DATA + inRing * bytes;
    this.#out = zone.position + DATA + end * bytes;
  }

  /**
   * Takes a free end of the cable of that name; the first end makes the cable. Called by whoever sets ports up, one at a
   * time.
   *
   * @param cable 1 to 25 characters
   * @throws SetupError `ERR_CABLE_NAME` (EINVAL); `ERR_CABLE_ENDS` (EBUSY) when both ends are taken
   */
  static plug(memory: Memory, cable: string): CableWire {
    const zone = memory.lookup(zoneName(cable)) ?? memory.reserve(zoneName(cable), DATA + 2 * CABLE_BYTES);
    for (const end of [0, 1] as const) {
      const state = stateIndex(zone, end);
      if (Atomics.compareExchange(memory.i32, state, END_FREE, END_COMING) !== END_FREE) continue;
      const wire = new CableWire(memory, cable, zone, end);
      // What was on its way to somebody who had this end before is not for us.
      Atomics.store(memory.i32, wire.#inHead, Atomics.load(memory.i32, wire.#inTail));
      Atomics.store(memory.i32, state, END_PLUGGED);
      return wire;
    }
    throw new SetupError({
      code: 'ERR_CABLE_ENDS',
      errno: 'EBUSY',
      message: `both ends of cable ${cable} are taken`,
      expected: 'two ports of one cable name',
      got: 'a third',
      remedy: 'give the ports another cable=NAME',
    });
  }

  /**
   * Another view of an end that is plugged in already, for the thread that polls it.
   *
   * @throws SetupError `ERR_CABLE_UNKNOWN` (ENOENT)
   */
  static attach(memory: Memory, cable: string, end: 0 | 1): CableWire {
    const zone = memory.lookup(zoneName(cable));
    if (zone === undefined || Atomics.load(memory.i32, stateIndex(zone, end)) !== END_PLUGGED) {
      throw new SetupError({
        code: 'ERR_CABLE_UNKNOWN',
        errno: 'ENOENT',
        message: `nobody has end ${end} of cable ${cable}`,
        remedy: 'plug it in first',
      });
    }
    return new CableWire(memory, cable, zone, end);
  }

  /** Up while both ends are plugged in. */
  get link(): WireLink {
    if (this.#closed) return LINK_DOWN;
    return Atomics.load(this.#memory.i32, this.#peerState) === END_PLUGGED ? LINK_UP_10G : LINK_DOWN;
  }

  /** True while nothing is on its way to this end. */
  get done(): boolean {
    const { i32 } = this.#memory;
    return this.#closed || Atomics.load(i32, this.#inHead) === Atomics.load(i32, this.#inTail);
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    if (this.#closed) return 0;
    const { u8, u16, i32 } = this.#memory;
    const ring = this.#in;
    const mask = this.#mask;
    const tail = Atomics.load(i32, this.#inTail);
    let head = i32[this.#inHead];
    if (head === tail) return 0;
    let count = 0;
    while (count < n && head !== tail) {
      const offset = head & mask;
      const length = i32[(ring + offset) >> 2];
      if (length === (WRAP_MARK | 0)) {
        head = (head + mask + 1 - offset) | 0;
        continue;
      }
      copyFrame(u8, u16, i32, at[count], ring + offset + RECORD_HEADER, Math.min(length, room), this.#memory.shared);
      lengths[count++] = length;
      head = (head + recordBytes(length)) | 0;
    }
    Atomics.store(i32, this.#inHead, head);
    return count;
  }

  /** Takes frames while there is room for them and somebody has the other end. */
  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    if (!this.link.up) return 0;
    const { u8, u16, i32 } = this.#memory;
    const ring = this.#out;
    const mask = this.#mask;
    let tail = i32[this.#outTail];
    let free = mask + 1 - ((tail - Atomics.load(i32, this.#outHead)) | 0);
    let count = 0;
    for (; count < n; count++) {
      const length = lengths[count];
      const bytes = recordBytes(length);
      let offset = tail & mask;
      const untilEnd = mask + 1 - offset;
      if (bytes > untilEnd) {
        if (untilEnd + bytes > free) break;
        i32[(ring + offset) >> 2] = WRAP_MARK;
        tail = (tail + untilEnd) | 0;
        free -= untilEnd;
        offset = 0;
      }
      if (bytes > free) break;
      i32[(ring + offset) >> 2] = length;
      copyFrame(u8, u16, i32, ring + offset + RECORD_HEADER, at[count], length, this.#memory.shared);
      tail = (tail + bytes) | 0;
      free -= bytes;
    }
    if (count > 0) Atomics.store(i32, this.#outTail, tail);
    return count;
  }

  flush(): void {}

  /** Pulls this end out; what is on its way to it is lost. With the last end goes the cable. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { i32 } = this.#memory;
    Atomics.store(i32, stateIndex(this.#zone, this.end), END_FREE);
    if (Atomics.load(i32, this.#peerState) === END_FREE) this.#memory.free(this.#zone);
  }
}

/** `wire=cable,cable=NAME` */
export const CABLE_WIRE_KIND: WireKind = {
  name: 'cable',
  keys: ['cable'],
  open: ({ memory }, device) => [CableWire.plug(memory, device.require('cable'))],
};

function recordBytes(length: number): number {
  return (RECORD_HEADER + length + 7) & ~7;
}

/** Of a memzone that may be longer than it was asked for, both ends must take the same part. */
function ringBytes(zone: Memzone): number {
  return 1 << (31 - Math.clz32((zone.bytes - DATA) >> 1));
}

function stateIndex(zone: Memzone, end: 0 | 1): number {
  return ((zone.position + END_STATES) >> 2) + end;
}

function zoneName(cable: string): string {
  if (!/^[\x21-\x7e]{1,25}$/.test(cable)) {
    throw new SetupError({
      code: 'ERR_CABLE_NAME',
      errno: 'EINVAL',
      message: 'a cable cannot have this name',
      expected: '1 to 25 printable characters without spaces',
      got: JSON.stringify(cable),
    });
  }
  return `cable_${cable}`;
}
