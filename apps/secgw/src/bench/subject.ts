/** What happened between two looks at the clock. */
export interface Round {
  readonly packets: number;
  readonly nanoseconds: number;
}

/** How long a measurement takes. */
export interface Budget {
  /** Rounds of each subject; an odd number has a median of its own. */
  readonly rounds: number;
  /** Seconds of each subject, all its rounds together. */
  readonly seconds: number;
  /** The most packets of each subject, all its rounds together. */
  readonly packets: number;
}

/** Something that can be kept going for a while: a gateway, an engine's loop, a stage. */
export interface Subject {
  /** Keeps going until one of the limits is reached. */
  round(limit: { readonly nanoseconds: number; readonly packets: number }): Round;
  close(): void;
}

/** What {@link takeTurns} came to, of one subject. */
export interface Outcome {
  /** Nanoseconds a packet, the median of the rounds. */
  readonly nanoseconds: number;
  /** Packets of all rounds. */
  readonly packets: number;
}

/** Shares of the budget that are run before anything is measured, so that the compiler has done its work. */
const WARM_UP = 0.3;

/**
 * Measures subjects in turn, a round of each after the other: the speed of a machine drifts, and what is to be compared
 * must have had the same of it. Closes them in the end.
 */
export function takeTurns(subjects: readonly Subject[], { rounds, seconds, packets }: Budget): Outcome[] {
  const whole = { nanoseconds: seconds * 1e9, packets };
  try {
    for (const subject of subjects) {
      subject.round({ nanoseconds: whole.nanoseconds * WARM_UP, packets: Math.ceil(packets * WARM_UP) });
    }
    const limit = { nanoseconds: whole.nanoseconds / rounds, packets: Math.ceil(packets / rounds) };
    const measured = subjects.map((): Round[] => []);
    for (let i = 0; i < rounds; i++) {
      for (let at = 0; at < subjects.length; at++) measured[at].push(subjects[at].round(limit));
    }
    return measured.map((all) => ({
      nanoseconds: median(all.map((round) => round.nanoseconds / round.packets)),
      packets: all.reduce((sum, round) => sum + round.packets, 0),
    }));
  } finally {
    for (const subject of subjects) subject.close();
  }
}

/** The one in the middle; of an even number of values the mean of the two there. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
