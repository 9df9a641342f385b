import { readFileSync } from 'node:fs';
import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { SetupError } from '@inline-ipsec/eal/errors';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { NodeCaptureFiles } from '@inline-ipsec/wire/pcap-file';
import { tapWireKind } from '@inline-ipsec/wire/tap';
import type { Platform } from '../gateway/start-gateway.ts';

/** The gateway's platform on Node: files, OpenSSL, the process's clock and streams. */
export function nodePlatform(): Platform {
  return {
    environment: nodeEnvironment(),
    files: new NodeCaptureFiles(),
    tap: tapWireKind(),
    readFile: readConfigurationFile,
    engines: { openssl: createOpensslEngine },
  };
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
