import { readFileSync } from 'node:fs';
import { createIpsecMbEngine } from '@inline-ipsec/cryptodev/ipsec-mb';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import type { MemoryRequest } from '@inline-ipsec/eal/eal';
import { SetupError } from '@inline-ipsec/eal/errors';
import { monotonicClock } from '@inline-ipsec/eal/linux/monotonic-clock';
import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import { Memory } from '@inline-ipsec/eal/memory';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { NodeCaptureFiles } from '@inline-ipsec/wire/pcap-file';
import { tapWireKind } from '@inline-ipsec/wire/tap';
import type { Platform } from '../gateway/start-gateway.ts';

/** The gateway's platform on Node: files, native engines, the process's clock and streams, and memory that all its threads see. */
export function nodePlatform(): Platform {
  return {
    environment: { ...nodeEnvironment(), ...monotonicClock() },
    files: new NodeCaptureFiles(),
    tap: tapWireKind(),
    readFile: readConfigurationFile,
    engines: { openssl: createOpensslEngine, ipsecMb: createIpsecMbEngine },
    memory: createMemory,
  };
}

/** The operating system's memory where it can be had, and otherwise the portable one. */
function createMemory(bytes: number, { hugepages, log }: MemoryRequest): Memory {
  try {
    const { memory, description, noHugePages } = createNativeMemory({ bytes, hugepages });
    if (noHugePages !== undefined) log.info(`No huge pages: ${noHugePages}`);
    log.info(`Memory: ${description}`);
    return memory;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    log.notice(`Memory: portable, for native code cannot see it: ${error.message}`);
    return Memory.create({ bytes });
  }
}

/** Reads a file into bytes of its own, which the caller wipes. */
function readConfigurationFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SetupError({
      code: 'ERR_CONFIG_FILE',
      errno: code === 'ENOENT' || code === 'EACCES' ? code : 'EIO',
      message: `invalid file descriptor ${path}`,
      got: message.replace(/, open .*$/, ''),
      remedy: 'name a readable configuration file with -f',
    });
  }
}
