import type { Memory } from '@inline-ipsec/eal/memory';
import { LINK_DOWN, LINK_UP_10G, type Wire, type WireLink } from '@inline-ipsec/wire/wire';

/** A wire for tests: frames wait in one list, and what a card sends goes to another. */
export class ListWire implements Wire {
  readonly name = 'list';
  readonly endless = undefined;
  link: WireLink = LINK_UP_10G;
  missed = 0;
  /** Frames that the card is still to take, in order. */
  readonly incoming: Uint8Array[] = [];
  /** Frames that the card has sent, in order. */
  readonly sent: Uint8Array[] = [];
  /** How many frames it takes before it says that it is full. */
  room: number = Number.POSITIVE_INFINITY;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get done(): boolean {
    return this.incoming.length === 0;
  }

  /** Pulls the plug, or puts it back. */
  plug(up: boolean): void {
    this.link = up ? LINK_UP_10G : LINK_DOWN;
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    let count = 0;
    for (; count < n; count++) {
      const frame = this.incoming.shift();
      if (frame === undefined) break;
      this.#memory.u8.set(frame.subarray(0, room), at[count]);
      lengths[count] = frame.length;
    }
    return count;
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    let count = 0;
    for (; count < n && this.room > 0; count++, this.room--) {
      this.sent.push(this.#memory.u8.slice(at[count], at[count] + lengths[count]));
    }
    return count;
  }

  flush(): void {}

  close(): void {}
}
