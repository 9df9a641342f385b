import type { Memory } from '@inline-ipsec/eal/memory';
import { CableWire } from './cable-wire.ts';
import { LINK_DOWN, LINK_UP_10G, type Wire, type WireLink } from './wire.ts';

/** A cable with both its ends in one port: what is sent comes back (DPDK: a net_ring port without arguments). */
export class LoopWire implements Wire {
  readonly name = 'loop';
  readonly endless = undefined;
  readonly #out: CableWire;
  readonly #in: CableWire;
  #closed = false;

  /**
   * @param cable name of the cable; it must be free
   * @throws SetupError as `CableWire.plug`
   */
  constructor(memory: Memory, cable: string) {
    this.#out = CableWire.plug(memory, cable);
    try {
      this.#in = CableWire.plug(memory, cable);
    } catch (error) {
      this.#out.close();
      throw error;
    }
  }

  get link(): WireLink {
    return this.#closed ? LINK_DOWN : LINK_UP_10G;
  }

  /** True while nothing is on its way. */
  get done(): boolean {
    return this.#in.done;
  }

  receive(at: Uint32Array, room: number, lengths: Uint32Array, n: number): number {
    return this.#in.receive(at, room, lengths, n);
  }

  transmit(at: Uint32Array, lengths: Uint32Array, n: number): number {
    return this.#out.transmit(at, lengths, n);
  }

  flush(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#out.close();
    this.#in.close();
  }
}
