import { SetupError } from '@inline-ipsec/eal/errors';
import { exitLines } from '@inline-ipsec/eal/exit-lines';
import { ConfigurationError } from '../configuration/configuration-error.ts';
import { gatewayCommand } from './gateway-command.ts';
import { subcommands } from './subcommands.ts';

/**
 * The command `ipsec-secgw`. Words that begin with `-` are the gateway's own command line, DPDK's; a first word of
 * another kind is a sub-command. The process is the gateway itself: whoever started it can send it signals.
 */
export async function main(words: readonly string[]): Promise<void> {
  try {
    process.exitCode = words[0]?.startsWith('-') ? await gatewayCommand(words) : await subcommands(words);
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof ConfigurationError) process.stderr.write(`${error.message}\n`);
    else if (error instanceof SetupError) process.stderr.write(`${exitLines(1, error.message).join('\n')}\n`);
    else throw error;
  }
}
