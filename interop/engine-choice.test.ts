import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { captureWords, GatewayProcess } from './gateway-process.ts';
import { IPSEC_MB } from './native-library.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** Which engine serves the command, and what it says of the better one. */

const folder = new TemporaryFolder();
folder.write('article.cfg', LOOKASIDE_CONFIGURATION);
folder.write('clear.pcap', writePcap(Array.from({ length: 32 }, () => ({ data: frameOf(articlePacket()) }))));

/** A module that every thread of the process loads first: it changes what `koffi` is. */
function withKoffi(name: string, replacement: string): Record<string, string> {
  folder.write(
    name,
    `const Module = require('node:module');
     const original = Module._load;
     Module._load = (name, ...more) => {
       if (name !== 'koffi') return original(name, ...more);
       ${replacement}
     };`,
  );
  return { NODE_OPTIONS: `--require ${folder.at(name)}` };
}

/** As on a machine where libIPSec_MB is not installed: the loader says so. */
const WITHOUT_LIBRARY = withKoffi(
  'without-library.cjs',
  `const koffi = original(name, ...more);
   return new Proxy(koffi, {
     get: (all, key) => key !== 'load' ? all[key] : (file, ...options) => {
       if (!String(file).includes('libIPSec_MB')) return koffi.load(file, ...options);
       throw new Error(file + ': cannot open shared object file: No such file or directory');
     },
   });`,
);
const WITHOUT_KOFFI = withKoffi(
  'without-koffi.cjs',
  `throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' });`,
);

const run = (variables: Record<string, string>, ...eal: string[]) =>
  new GatewayProcess(
    folder.path,
    captureWords({ configuration: 'article.cfg', clear: 'clear.pcap', eal: ['-m', '64', ...eal] }),
    variables,
  ).ended;

// Without koffi nobody gets as far as to miss the library.
const missing = noSystemCalls()?.message;
const note = missing === undefined ? '' : ` (skipped: ${missing})`;

const SERVES = /^CRYPTODEV: no crypto vdev given: engine (.*)$/m;
const SENT = /^Total packets sent: +32$/m;

describe('without a crypto vdev the best engine that opens serves', () => {
  it.skipIf(!IPSEC_MB.here)(`ipsec-mb${IPSEC_MB.note}`, async () => {
    const { status, stdout, stderr } = await run({});
    expect({ status, line: SERVES.exec(stderr)?.[1] }).toEqual({ status: 0, line: 'ipsec-mb serves' });
    expect(stdout).toMatch(SENT);
  });

  it.skipIf(missing !== undefined)(
    `openssl where libIPSec_MB is missing, and a line says how to get it${note}`,
    async () => {
      const { status, stdout, stderr } = await run(WITHOUT_LIBRARY);
      const line = SERVES.exec(stderr)?.[1];
      expect({ status, line }).toEqual({
        status: 0,
        line: 'openssl serves and not ipsec-mb: libIPSec_MB.so.1 not found; apt install libipsec-mb1',
      });
      expect(stdout).toMatch(SENT);
    },
  );

  it('openssl where koffi is missing, and a line says so', async () => {
    const { status, stdout, stderr } = await run(WITHOUT_KOFFI);
    expect(status).toBe(0);
    expect(SERVES.exec(stderr)?.[1]).toMatch(/^openssl serves and not ipsec-mb: .*koffi.*; npm install koffi$/);
    expect(stdout).toMatch(SENT);
  });
});

describe.skipIf(missing !== undefined)(
  `a crypto vdev that cannot be had ends the start, with what to install${note}`,
  () => {
    it.each(['crypto_aesni_gcm0', 'crypto_aesni_mb0'])('%s without libIPSec_MB', async (vdev) => {
      const { status, stdout, stderr } = await run(WITHOUT_LIBRARY, '--vdev', vdev);
      expect(status).toBe(1);
      expect(stderr).toContain(
        `crypto device ${vdev} cannot be had: libIPSec_MB.so.1 not found; apt install libipsec-mb1; leave --vdev ${vdev} out`,
      );
      expect(stdout).not.toContain('entering main loop');
    });
  },
);
