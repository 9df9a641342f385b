import type { Gateway } from '../gateway/gateway.ts';
import type { ControlWords } from './control-words.ts';
import { IdleWait } from './idle-wait.ts';

/** Rounds without anything to do before a thread sleeps, or a gateway that is to end when idle does. */
const QUIET_ROUNDS = 256;

/** How {@link pollGateway} goes round. */
export interface PollOptions {
  /** End when every wire is used up and all is sent. */
  readonly untilIdle: boolean;
  /** Never sleep, even with nothing to do. */
  readonly busyPoll: boolean;
}

/**
 * Polls a gateway at full rate until it shall stop, or is idle and may end. It keeps the thread: nothing else runs on it
 * meanwhile. With nothing to do it sleeps, and wakes up when something comes.
 */
export function pollGateway(gateway: Gateway, { untilIdle, busyPoll }: PollOptions, control: ControlWords): void {
  const wait = new IdleWait(gateway.wires, control);
  let quiet = 0;
  while (control.stop === 0) {
    if (gateway.poll() > 0) {
      quiet = 0;
      continue;
    }
    if (quiet === 0) wait.reset();
    if (++quiet < QUIET_ROUNDS) continue;
    if (untilIdle) {
      gateway.drain();
      if (gateway.idle) return;
    }
    // From here on every round that finds nothing sleeps, unless packets still wait for their burst to fill.
    if (busyPoll || gateway.inFlight > 0) quiet = 1;
    else wait.sleep();
  }
}
