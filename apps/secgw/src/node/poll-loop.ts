import type { Gateway } from '../gateway/gateway.ts';
import type { StopSignal } from './stop-signal.ts';

/** Polls between two looks at the clock. */
const POLLS_AT_ONCE = 32;
/** How long the loop keeps the thread before it lets signals and timers have their turn, in milliseconds. */
const TURN_MILLISECONDS = 2;
/** Rounds without anything to do before a gateway that is to end when idle does. */
const IDLE_ROUNDS = 8;

/** How {@link runGateway} goes round. */
export interface RunOptions {
  /** End when every wire is used up and all is sent. */
  readonly untilIdle: boolean;
  /** Never sleep, even with nothing to do. */
  readonly busyPoll: boolean;
  /** Seconds between statistics screens, 0 for none. */
  readonly statisticsSeconds: number;
}

/**
 * Polls a gateway on this thread until a signal comes, or it is idle and may end. Between turns the event loop runs, so
 * that signals and the statistics timer live while packets flow.
 */
export function runGateway(gateway: Gateway, options: RunOptions, stop: StopSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let quiet = 0;
    const screen =
      options.statisticsSeconds > 0
        ? setInterval(() => gateway.printStatistics(), options.statisticsSeconds * 1000)
        : undefined;

    const end = (settle: () => void) => {
      clearInterval(screen);
      settle();
    };
    const turn = () => {
      if (stop.number !== 0) return end(resolve);
      let work = 0;
      try {
        const until = performance.now() + TURN_MILLISECONDS;
        do {
          work = 0;
          for (let i = 0; i < POLLS_AT_ONCE; i++) work += gateway.poll();
        } while (work > 0 && performance.now() < until);
        quiet = work > 0 ? 0 : quiet + 1;
        if (options.untilIdle && quiet >= IDLE_ROUNDS) {
          gateway.drain();
          if (gateway.idle) return end(resolve);
        }
      } catch (error) {
        return end(() => reject(error));
      }
      if (work > 0 || options.busyPoll || options.untilIdle) setImmediate(turn);
      else setTimeout(turn, 1);
    };
    turn();
  });
}
