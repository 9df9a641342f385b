import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Gateway } from '../gateway/gateway.ts';
import { type Platform, startGateway } from '../gateway/start-gateway.ts';
import { CardTraceOutput, type CardTraceRequest } from './card-trace-output.ts';
import { ControlWords, STOP_IDLE } from './control-words.ts';
import { nodePlatform } from './platform.ts';
import { pollGateway } from './poll-loop.ts';
import { bindThread } from './processor-affinity.ts';
import { type SharedMemory, shareMemory } from './shared-memory.ts';
import { startFailureText } from './start-failure.ts';

/**
 * The thread that is all lcores. It sets the gateway up as well, because wires and engines belong to the thread that uses
 * them, and takes it down; the main thread says when.
 */

/** What the thread is started with. */
export interface LcoreThreadData {
  readonly thread: 'ipsec-secgw lcores';
  /** The command line, without the program's name. */
  readonly words: readonly string[];
  readonly control: SharedArrayBuffer;
  /** What the modelled cards shall tell, if anything. */
  readonly trace?: CardTraceRequest;
}

/** What it posts to the main thread, in this order, each at most once. */
export type LcoreThreadMessage =
  /** Packets flow from now on. */
  | {
      readonly kind: 'started';
      readonly memory: SharedMemory;
      readonly lcores: readonly number[];
      /** Seconds between statistics screens, 0 for none. */
      readonly statisticsSeconds: number;
    }
  /** All input is used up: it waits to be stopped. */
  | { readonly kind: 'idle' };

/** Whether this is such a thread. */
export function isLcoreThread(): boolean {
  return !isMainThread && (workerData as Partial<LcoreThreadData> | null)?.thread === 'ipsec-secgw lcores';
}

/** The whole life of a gateway. Its exit status goes to the control words. */
export function runLcoreThread(): void {
  const { words, control: buffer, trace } = workerData as LcoreThreadData;
  const control = new ControlWords(buffer);
  const platform = nodePlatform();
  let output: CardTraceOutput | undefined;
  try {
    if (trace !== undefined) output = new CardTraceOutput(trace);
    const onCard = output?.follow.bind(output);
    const gateway = startGateway(['ipsec-secgw', ...words], platform, onCard === undefined ? {} : { onCard });
    // Otherwise only help was asked for.
    if (gateway !== undefined) control.status = run(gateway, platform, control);
  } catch (error) {
    const text = startFailureText(error);
    if (text === undefined) throw error;
    platform.environment.write('stderr', text);
    control.status = 1;
  } finally {
    output?.close();
  }
}

function run(gateway: Gateway, { environment }: Platform, control: ControlWords): number {
  const { eal, loops, memory, options } = gateway;
  const lcores = loops.map(({ lcore }) => lcore);
  bindThread(eal.processorsOf(lcores[0]));
  const { statisticsSeconds } = options;
  post({ kind: 'started', memory: shareMemory(memory), lcores, statisticsSeconds });
  pollGateway(gateway, options, control);
  if (control.stop === 0) {
    post({ kind: 'idle' });
    // The main thread prints no more statistics when it has answered.
    control.waitForStop();
  }
  if (control.stop !== STOP_IDLE) {
    environment.write('stdout', `\n\nSignal ${control.stop} received, preparing to exit...\n`);
  }
  gateway.drain();
  gateway.printStatistics();
  const failures = gateway.failures();
  for (const failure of failures) environment.write('stderr', `${failure}\n`);
  gateway.stop();
  return failures.length === 0 ? 0 : 1;
}

function post(message: LcoreThreadMessage): void {
  parentPort?.postMessage(message);
}
