import { readFileSync } from 'node:fs';
import { SetupError } from '@inline-ipsec/eal/errors';
import { monotonicClock } from '@inline-ipsec/eal/linux/monotonic-clock';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { NodeCaptureFiles } from '@inline-ipsec/wire/pcap-file';
import { type PktgenPlatform, pktgenCommand } from './command.ts';
import { PacketSocket } from './packet-socket.ts';

/**
 * The command `pktgen` as a process: what goes wrong is one line on stderr and status 1.
 *
 * @param words the command line behind the program's name
 */
export async function main(words: readonly string[]): Promise<void> {
  const platform = nodePlatform();
  try {
    process.exitCode = await pktgenCommand(words, platform);
  } catch (error) {
    process.exitCode = 1;
    // An error of the system, such as a full disk, has its own words; anything else is a defect of this program.
    if (!(error instanceof SetupError) && !isSystemError(error)) throw error;
    // The reader of a pipe who has seen enough is no error that needs telling.
    if (isSystemError(error) && error.code === 'EPIPE') return;
    platform.environment.write('stderr', `pktgen: error: ${error.message}\n`);
  }
}

/** The command's platform on Node. */
export function nodePlatform(): PktgenPlatform {
  return {
    environment: { ...nodeEnvironment(), ...monotonicClock() },
    files: new NodeCaptureFiles(),
    version: version(),
    readFile: readKeyFile,
    openInterface: (name) => PacketSocket.open(name),
  };
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function readKeyFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SetupError({
      code: 'ERR_PKTGEN_KEY_FILE',
      errno: code === 'ENOENT' || code === 'EACCES' ? code : 'EIO',
      message: `cannot read key file ${path}`,
      got: message.replace(/, (open|read).*$/, ''),
      remedy: 'name a readable file with --key-file',
    });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
