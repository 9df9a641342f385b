import type { Gateway } from '../gateway/gateway.ts';
import { type Platform, startGateway } from '../gateway/start-gateway.ts';
import { nodePlatform } from './platform.ts';
import { runGateway } from './poll-loop.ts';
import { StopSignal } from './stop-signal.ts';

/**
 * Runs the gateway with DPDK's own command line until a signal ends it or, with `--until-idle`, until all input is used up.
 *
 * @returns the exit status: 0, or 1 when a wire failed on the way
 * @throws SetupError when it cannot start
 */
export async function gatewayCommand(words: readonly string[]): Promise<number> {
  const platform = nodePlatform();
  const stop = new StopSignal();
  try {
    return await run(startGateway(['ipsec-secgw', ...words], platform), platform, stop);
  } finally {
    stop.release();
  }
}

async function run(gateway: Gateway | undefined, { environment }: Platform, stop: StopSignal): Promise<number> {
  // Only help was asked for.
  if (gateway === undefined) return 0;
  await runGateway(gateway, gateway.options, stop);
  if (stop.number !== 0) environment.write('stdout', `\n\nSignal ${stop.number} received, preparing to exit...\n`);
  gateway.drain();
  gateway.printStatistics();
  const failures = gateway.failures();
  for (const failure of failures) environment.write('stderr', `${failure}\n`);
  gateway.stop();
  return failures.length === 0 ? 0 : 1;
}
