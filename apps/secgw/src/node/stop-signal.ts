/**
 * SIGINT and SIGTERM as a request to end. Made before the gateway starts, so that a signal that comes early is not lost:
 * it is honoured as soon as there is something to end. A second one ends the process at once.
 */
export class StopSignal {
  #number = 0;
  readonly #listener = (_name: NodeJS.Signals, number: number) => {
    this.#number = number;
    this.release();
  };

  constructor() {
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  /** The number of the signal that came, 0 if none did. */
  get number(): number {
    return this.#number;
  }

  /** Signals have their usual effect again. */
  release(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
