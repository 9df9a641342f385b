import { isLcoreThread, runLcoreThread } from './lcore-thread.ts';
import { isSiliconThread, runSiliconThread } from './silicon/silicon-thread.ts';
import { startFailureText } from './start-failure.ts';
import { subcommands } from './subcommands.ts';

/**
 * The command `ipsec-secgw` but for the gateway's own command line: a sub-command, or a list of them. Sets the exit status.
 */
export async function main(words: readonly string[]): Promise<void> {
  try {
    process.exitCode = await subcommands(words, new URL(import.meta.url));
  } catch (error) {
    process.exitCode = 1;
    const text = startFailureText(error);
    if (text === undefined) throw error;
    process.stderr.write(text);
  }
}

// The same file is what the threads of a gateway and of cards run.
if (isLcoreThread()) runLcoreThread();
else if (isSiliconThread()) runSiliconThread();
