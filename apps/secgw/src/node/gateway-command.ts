import { Worker } from 'node:worker_threads';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { statisticsText } from '../gateway/statistics-screen.ts';
import type { CardTraceRequest } from './card-trace-output.ts';
import { ControlWords, STOP_IDLE } from './control-words.ts';
import type { LcoreThreadData, LcoreThreadMessage } from './lcore-thread.ts';
import { attachMemory } from './shared-memory.ts';
import { StopSignal } from './stop-signal.ts';

/**
 * Runs the gateway with DPDK's own command line until a signal ends it or, with `--until-idle`, until all input is used up.
 * The process is the gateway itself: whoever started it can send it signals. The lcores are a thread of their own, set-up
 * included; this one has the signals and the statistics screens.
 *
 * @param program the module that the thread runs: it calls `runLcoreThread`
 * @param trace what the modelled cards shall tell
 * @returns the exit status: 0, or 1 when it cannot start or a wire failed on the way
 */
export async function gatewayCommand(
  words: readonly string[],
  program: URL,
  trace?: CardTraceRequest,
): Promise<number> {
  const control = new ControlWords();
  let screen: NodeJS.Timeout | undefined;
  // The last screen is printed by the lcores' thread, so there must be no other any more.
  const requestStop = (reason: number) => {
    clearInterval(screen);
    control.requestStop(reason);
  };
  const stop = new StopSignal(requestStop);
  const workerData: LcoreThreadData = {
    ...{ thread: 'ipsec-secgw lcores', words, control: control.buffer },
    ...(trace === undefined ? {} : { trace }),
  };
  const thread = new Worker(program, { workerData });
  thread.on('message', (message: LcoreThreadMessage) => {
    if (message.kind === 'idle') requestStop(STOP_IDLE);
    else if (message.statisticsSeconds > 0 && control.stop === 0) screen = startScreen(message);
  });
  try {
    return await new Promise((resolve, reject) => {
      thread.on('error', reject);
      thread.on('exit', (code) => resolve(code === 0 ? control.status : code));
    });
  } finally {
    clearInterval(screen);
    stop.release();
  }
}

function startScreen(started: LcoreThreadMessage & { kind: 'started' }): NodeJS.Timeout {
  const { write } = nodeEnvironment();
  const memory = attachMemory(started.memory);
  return setInterval(() => write('stdout', statisticsText(memory, started.lcores)), started.statisticsSeconds * 1000);
}
