import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { COMMAND, captureWords, runGateway } from './gateway-process.ts';
import { NetworkNamespace, TAP_INTERFACES } from './network-namespace.ts';
import { frameOf } from './packets.ts';
import { run, TOP } from './run-program.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The command lines that READMEs show run as they stand there. */

const READMES = ['README.md', 'apps/secgw/README.md'];
const PACKETS = 32;

const folder = new TemporaryFolder();
folder.write('clear.pcap', writePcap(Array.from({ length: PACKETS }, () => ({ data: frameOf(articlePacket()) }))));
// What the examples' inbound SA takes.
folder.write('sender.cfg', LOOKASIDE_CONFIGURATION.replaceAll('1005', '5').replace('sa in 5 ', 'sa in 6 '));
symlinkSync(join(TOP, 'apps'), folder.at('apps'));
symlinkSync(join(TOP, 'apps/secgw/examples'), folder.at('examples'));

/** The shell's blocks of a README. */
const blocksOf = (readme: string) =>
  [...readFileSync(join(TOP, readme), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);

/** The commands of its blocks, each on one line. */
const commandsOf = (readme: string) =>
  blocksOf(readme).flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'));

/** `npx ipsec-secgw` is the command of this workspace, and we are who we are. */
const SHELL = `npx() { shift; exec '${COMMAND}' "$@"; }; sudo() { "$@"; }\n`;

describe.each(READMES)('%s', (readme) => {
  const captures = commandsOf(readme).filter((command) => command.includes('--until-idle'));

  beforeAll(async () => {
    const words = captureWords({ configuration: 'sender.cfg', clear: 'clear.pcap', out: ['/dev/null', 'esp.pcap'] });
    expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
  });

  it('shows a gateway on captures', () => {
    expect(captures.length).toBeGreaterThan(0);
  });

  it.each(captures)('%s', async (command) => {
    const { status, stdout } = await run('bash', ['-c', SHELL + command], folder.path);
    expect({ status, dropped: /^Total packets dropped: +(\d+)$/m.exec(stdout)?.[1] }).toEqual({
      status: 0,
      dropped: '0',
    });
    const sent = (name: string) => readCapture(folder.read(name)).map(({ data }) => data[23]);
    expect(sent('encrypted.pcap')).toEqual(Array(PACKETS).fill(50));
    expect(sent('decrypted.pcap')).toEqual(Array(PACKETS).fill(0));
  });

  it.skipIf(!TAP_INTERFACES.here)(`shows a gateway on TAP interfaces${TAP_INTERFACES.note}`, async () => {
    const [block] = blocksOf(readme).filter((text) => text.includes('net_tap0'));
    const [program, ...through] = new NetworkNamespace().through;
    // The gateway writes into the same pipe, in the middle of other lines: its own come first.
    const script = `${SHELL}${block}\nshown=$(ip -br addr show dev dtap0)\nkill $!\nwait $!\necho "$shown"`;
    const { status, stdout } = await run(program, [...through, 'bash', '-ec', script], folder.path);
    expect(stdout).toMatch(/^dtap0 +\S+ +192\.168\.1\.1\/24/m);
    expect(stdout).toContain('Bye...');
    expect(status).toBe(0);
  });
});
