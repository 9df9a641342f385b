/**
 * SIGINT and SIGTERM as a request to end. Made before the gateway starts, so that a signal that comes early is not lost:
 * it is honoured as soon as there is something to end. A second one ends the process at once.
 */
export class StopSignal {
  readonly #listener: (name: NodeJS.Signals, number: number) => void;

  /** @param request is called once, with the number of the signal that came first */
  constructor(request: (number: number) => void) {
    this.#listener = (_name, number) => {
      this.release();
      request(number);
    };
    process.on('SIGINT', this.#listener);
    process.on('SIGTERM', this.#listener);
  }

  /** Signals have their usual effect again. */
  release(): void {
    process.off('SIGINT', this.#listener);
    process.off('SIGTERM', this.#listener);
  }
}
