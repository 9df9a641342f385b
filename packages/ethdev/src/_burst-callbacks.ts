import type { BurstCallback, EthPort } from './port.ts';

/** Who sees the bursts of one direction of a port: a list for each queue, called in order. */
export class BurstCallbacks {
  readonly #port: EthPort;
  readonly #lists: readonly BurstCallback[][];

  constructor(port: EthPort, queues: number) {
    this.#port = port;
    this.#lists = Array.from({ length: queues }, () => []);
  }

  /** Appends a callback. Returns a function that takes it out again. */
  add(queue: number, callback: BurstCallback): () => void {
    const list = this.#lists[queue];
    list.push(callback);
    return () => {
      const index = list.indexOf(callback);
      if (index >= 0) list.splice(index, 1);
    };
  }

  /** Shows them a burst. Returns how many mbufs the table has then. */
  call(queue: number, table: Uint32Array, count: number): number {
    const list = this.#lists[queue];
    for (let i = 0; i < list.length; i++) count = list[i](table, count, queue, this.#port);
    return count;
  }
}
