/**
 * The rules of a table as they were given, in the memory: a hash table from prefix and depth to the next hop, with
 * linear probing. A look-up table does not keep a rule that longer ones cover wholly, so deleting needs this.
 *
 * Addresses are bytes in network order here, 4 or 16 of them, already cut to their depth. Only set-up comes here.
 */
import { alignUp, CACHE_LINE_BYTES, type Memory } from '@inline-ipsec/eal/memory';

const DEPTH = 0;
const HOP = 4;
const PREFIX = 8;

/** `address` with the bits behind the first `depth` cleared, as a copy. */
export function cutPrefix(address: Uint8Array, depth: number): Uint8Array {
  return address.map((byte, at) => {
    const kept = Math.min(8, Math.max(0, depth - 8 * at));
    return byte & (0xff00 >>> kept);
  });
}

/** A mask of `bytes` bytes whose first `depth` bits are set. */
export function prefixMask(bytes: number, depth: number): Uint8Array {
  return cutPrefix(new Uint8Array(bytes).fill(0xff), depth);
}

/** A view over the rules that lie at `position`; several views may lie over the same. */
export class RuleStore {
  readonly #memory: Memory;
  readonly #position: number;
  readonly #slots: number;
  readonly #addressBytes: number;

  constructor(memory: Memory, position: number, maxRules: number, addressBytes: number) {
    this.#memory = memory;
    this.#position = position;
    this.#slots = slotsFor(maxRules);
    this.#addressBytes = addressBytes;
  }

  /** The memory that `maxRules` rules take, in bytes; it must be zero at first. */
  static bytes(maxRules: number, addressBytes: number): number {
    return alignUp(slotsFor(maxRules) * (PREFIX + addressBytes), CACHE_LINE_BYTES);
  }

  /** The next hop of exactly this rule, or -1. */
  hop(prefix: Uint8Array, depth: number): number {
    const at = this.#at(this.#find(prefix, depth));
    return this.#memory.u32[(at + DEPTH) >> 2] === 0 ? -1 : this.#memory.u32[(at + HOP) >> 2];
  }

  /** Keeps a rule, in place of the one of the same prefix and depth. There must be room. */
  set(prefix: Uint8Array, depth: number, hop: number): void {
    const at = this.#at(this.#find(prefix, depth));
    this.#memory.u32[(at + DEPTH) >> 2] = depth;
    this.#memory.u32[(at + HOP) >> 2] = hop;
    this.#memory.u8.set(prefix, at + PREFIX);
  }

  /** Forgets a rule, which must be there. */
  delete(prefix: Uint8Array, depth: number): void {
    const { u8, u32 } = this.#memory;
    let hole = this.#find(prefix, depth);
    // What was pushed past the hole comes back, so that no probe ends too early.
    for (let slot = this.#next(hole); u32[this.#at(slot) >> 2] !== 0; slot = this.#next(slot)) {
      const home = this.#home(this.#prefixAt(slot), u32[this.#at(slot) >> 2]);
      const fromHome = (slot - home) & (this.#slots - 1);
      const fromHole = (slot - hole) & (this.#slots - 1);
      if (fromHome < fromHole) continue;
      u8.copyWithin(this.#at(hole), this.#at(slot), this.#at(slot + 1));
      hole = slot;
    }
    u8.fill(0, this.#at(hole), this.#at(hole + 1));
  }

  /** The depth of the longest rule that is shorter than `depth` and holds this prefix, or 0. */
  covering(prefix: Uint8Array, depth: number): number {
    for (let shorter = depth - 1; shorter > 0; shorter--) {
      if (this.hop(cutPrefix(prefix, shorter), shorter) >= 0) return shorter;
    }
    return 0;
  }

  #find(prefix: Uint8Array, depth: number): number {
    const { u32 } = this.#memory;
    let slot = this.#home(prefix, depth);
    for (;;) {
      const found = u32[this.#at(slot) >> 2];
      if (found === 0 || (found === depth && this.#holds(slot, prefix))) return slot;
      slot = this.#next(slot);
    }
  }

  #holds(slot: number, prefix: Uint8Array): boolean {
    const at = this.#at(slot) + PREFIX;
    return prefix.every((byte, i) => this.#memory.u8[at + i] === byte);
  }

  #prefixAt(slot: number): Uint8Array {
    return this.#memory.view(this.#at(slot) + PREFIX, this.#addressBytes);
  }

  #at(slot: number): number {
    return this.#position + slot * (PREFIX + this.#addressBytes);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots - 1);
  }

  #home(prefix: Uint8Array, depth: number): number {
    let hash = depth;
    for (const byte of prefix) hash = Math.imul(hash ^ byte, 0x01000193) ^ (hash >>> 15);
    return (hash ^ (hash >>> 16)) & (this.#slots - 1);
  }
}

/** A power of two that is never more than two thirds full. */
function slotsFor(maxRules: number): number {
  return 2 ** Math.ceil(Math.log2(1.5 * maxRules + 1));
}
