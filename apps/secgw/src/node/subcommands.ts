import { Command, InvalidArgumentError } from 'commander';
import { benchCommand } from './bench-command.ts';
import { demoCommand } from './demo-command.ts';

/** Parses and runs a sub-command; returns the exit status. */
export async function subcommands(words: readonly string[]): Promise<number> {
  const program = new Command('ipsec-secgw')
    .usage('COMMAND [options]\n       ipsec-secgw EAL-OPTIONS -- GATEWAY-OPTIONS')
    .description(
      "The IPsec security gateway. What begins with - is the command line of DPDK's ipsec-secgw, which -h lists.",
    )
    .exitOverride();
  let status = 0;
  program
    .command('demo')
    .description("the two tests of the article on two modelled 82599 cards, with the article's own bytes")
    .option('--json', 'one JSON document', false)
    .action((options: { json: boolean }) => {
      status = demoCommand(options);
    });
  program
    .command('bench')
    .description('measure the path from capture to capture, with the engines that need nothing installed')
    .option('--packets <number>', 'packets a row', positiveInteger, 1_000_000)
    .option('--json', 'one JSON document', false)
    .action(benchCommand);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    if (exitCode === undefined) throw error;
    return exitCode;
  }
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
