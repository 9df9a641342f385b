import { startGateway } from '../gateway/start-gateway.ts';
import { nodePlatform } from './platform.ts';
import { runGateway } from './poll-loop.ts';

/**
 * Runs the gateway with DPDK's own command line until a signal ends it or, with `--until-idle`, until all input is used up.
 *
 * @returns the exit status: 0, or 1 when a wire failed on the way
 * @throws SetupError when it cannot start
 */
export async function gatewayCommand(words: readonly string[]): Promise<number> {
  const platform = nodePlatform();
  const gateway = startGateway(['ipsec-secgw', ...words], platform);
  if (gateway === undefined) return 0;
  const signal = await runGateway(gateway, gateway.options);
  if (signal !== 0) platform.environment.write('stdout', `\n\nSignal ${signal} received, preparing to exit...\n`);
  gateway.drain();
  gateway.printStatistics();
  const failures = gateway.failures();
  for (const failure of failures) platform.environment.write('stderr', `${failure}\n`);
  gateway.stop();
  return failures.length === 0 ? 0 : 1;
}
