/** A statistics screen: how many packets a gateway had sent, and when it said so. */
export interface SentSample {
  readonly sent: number;
  /** Milliseconds from any origin. */
  readonly time: number;
}

/**
 * Reads what a gateway prints, ours or DPDK's: `Packets sent:` of each lcore, added up at the line that ends the screen.
 * Output comes in pieces of any length.
 */
export class SentLines {
  readonly #samples: SentSample[] = [];
  #rest = '';
  #sum = 0;
  #seen = false;

  /** Screens that are complete. */
  get samples(): readonly SentSample[] {
    return this.#samples;
  }

  /** Takes a piece of output that came at `time`, in milliseconds. */
  push(text: string, time: number): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const sent = /^Packets sent:\s+(\d+)\s*$/.exec(line);
      if (sent !== null) {
        this.#sum += Number(sent[1]);
        this.#seen = true;
      } else if (this.#seen && line.startsWith('Total packets sent:')) {
        this.#samples.push({ sent: this.#sum, time });
        this.#sum = 0;
        this.#seen = false;
      }
    }
  }
}

/**
 * Packets a second between the first of some screens and the last: what comes before the first is the warm-up. Undefined
 * with fewer than two.
 */
export function sentRate(samples: readonly SentSample[]): number | undefined {
  if (samples.length < 2) return undefined;
  const first = samples[0];
  const last = samples[samples.length - 1];
  return ((last.sent - first.sent) * 1e3) / (last.time - first.time);
}
