import { describe, expect, it } from 'vitest';
import { INLINE_CONFIGURATION } from './article-gateway.ts';
import { GatewayProcess } from './gateway-process.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The command line of the article, word by word, on whatever machine this is. */

const folder = new TemporaryFolder();
folder.write('inline.cfg', INLINE_CONFIGURATION);

const ARTICLE = [
  ...['-l', '6,7', '-w', '06:00.0', '-w', '06:00.1', '--log-level', '8', '--socket-mem', '1024,0'],
  ...['--vdev', 'crypto_null', '--', '-p', '0xf', '-P', '-u', '0x2', '--config=(0,0,6),(1,0,7)', '-f', './inline.cfg'],
];

describe('the command line of the article', () => {
  it.each([
    ['as the article has it, with -w', ARTICLE],
    ['as later releases want it, with -a', ARTICLE.map((word) => (word === '-w' ? '-a' : word))],
  ])('starts the gateway, %s', async (_how, words) => {
    const gateway = new GatewayProcess(folder.path, words);
    await gateway.wrote('IPSEC:  -- lcoreid=7 portid=1 rxqueueid=0\n');
    gateway.signal('SIGINT');
    const { status, stdout, stderr } = await gateway.ended;
    expect(status).toBe(0);
    expect(stderr).toContain('IPSEC: entering main loop on lcore 6\nIPSEC:  -- lcoreid=6 portid=0 rxqueueid=0\n');
    expect(stderr).toContain('IPSEC: entering main loop on lcore 7\n');
    expect(stdout).toContain(
      'spi_out(1005):aes-128-gcm mode:IP4Tunnel 172.16.1.5 172.16.2.5 type:inline-crypto-offload',
    );
    expect(stdout).toContain('spi_in(5):aes-128-gcm mode:IP4Tunnel 172.16.1.5 172.16.2.5 type:inline-crypto-offload');
    // Ports without a wire are up, with their cables unplugged, and say so.
    for (const port of [0, 1]) expect(stdout).toMatch(new RegExp(`^Port ${port} Link down.*unplugged`, 'im'));
    expect(stdout).toContain('Closing port 0... Done\nClosing port 1... Done\nBye...\n');
  });

  it('ends by itself with --until-idle, for nothing will come out of an unplugged cable', async () => {
    const { status, stdout } = await new GatewayProcess(folder.path, [...ARTICLE, '--until-idle']).ended;
    expect(status).toBe(0);
    expect(stdout).toContain('Bye...\n');
  });
});
