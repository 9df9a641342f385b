import { Command } from 'commander';

/** Parses and runs a sub-command. */
export async function subcommands(words: readonly string[]): Promise<number> {
  const program = new Command('ipsec-secgw')
    .description(
      "The IPsec security gateway. A first word that begins with - is the command line of DPDK's ipsec-secgw:\n" +
        '  ipsec-secgw EAL-OPTIONS -- GATEWAY-OPTIONS      (ipsec-secgw -h lists both)',
    )
    .helpCommand(true)
    .exitOverride();
  let status = 0;
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    status = (error as { exitCode?: number }).exitCode ?? 1;
  }
  return status;
}
