import { readFileSync } from 'node:fs';
import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { articlePacket, INLINE_CONFIGURATION } from './article-gateway.ts';
import { runGateway } from './gateway-process.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** `ipsec-secgw trace`: what the modelled cards of a gateway see, although they live in its lcores' thread. */

const folder = new TemporaryFolder();
folder.write('inline.cfg', INLINE_CONFIGURATION);
folder.write('clear.pcap', writePcap(Array.from({ length: 3 }, () => ({ data: frameOf(articlePacket()) }))));

/** Clear packets come in on port 0 and leave port 1 enciphered by its card. */
const GATEWAY = [
  ...[
    '-l',
    '0',
    '-a',
    '06:00.0,wire=pcap,rx_pcap=clear.pcap,engine=noble',
    '-a',
    '06:00.1,wire=null,no-rx=1,engine=noble',
  ],
  ...['--vdev', 'crypto_null', '--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'inline.cfg'],
  '--until-idle',
];

describe('ipsec-secgw trace', () => {
  it('writes register accesses and decisions among what the gateway says', async () => {
    const { status, stdout } = await runGateway(folder.path, ['trace', ...GATEWAY]);
    expect(status).toBe(0);
    expect(stdout).toContain('0000:06:00.1 write CTRL[00000]:04000004 {GIO_DIS=1 RST=1}\n');
    expect(stdout).toContain('write SECTXCTRL[08800]:00000004 {STORE_FORWARD=1}');
    expect(stdout.match(/^0000:06:00\.1 tx ESP SA 0 → SPI 1005 → enciphered$/gm)).toHaveLength(3);
    expect(stdout).toMatch(/write IPSTXKEY\(0\)\[08908\]:\*{8}/);
    expect(stdout).toContain('Bye...\n');
  });

  it('writes JSON lines to a file, of one kind if asked', async () => {
    const words = ['trace', '--json', '--only', 'security', '--output', 'trace.jsonl', ...GATEWAY];
    const { status, stdout } = await runGateway(folder.path, words);
    expect(status).toBe(0);
    expect(stdout).not.toContain('outcome');
    const lines = readFileSync(folder.at('trace.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      Array.from({ length: 3 }, () => ({
        card: '0000:06:00.1',
        kind: 'transmit',
        sa: 0,
        spi: 1005,
        outcome: 'enciphered',
      })),
    );
  });

  it('says why a file cannot be written', async () => {
    const { status, stderr } = await runGateway(folder.path, ['trace', '--output', 'nowhere/t', ...GATEWAY]);
    expect(status).toBe(1);
    expect(stderr).toContain('the trace cannot be written to nowhere/t');
  });
});
