import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { COMMAND, captureWords, GatewayProcess, runGateway } from './gateway-process.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The command as a process: how it starts, what it says, how it ends. */

const folder = new TemporaryFolder();
folder.write('article.cfg', LOOKASIDE_CONFIGURATION);
folder.write('clear.pcap', writePcap(Array.from({ length: 32 }, () => ({ data: frameOf(articlePacket()) }))));

const LAST_LINE = 'IPSEC:  -- lcoreid=0 portid=1 rxqueueid=0\n';
const SIGNALS = [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/** A wire that gives the article's packet again and again, slowly enough for a disk. */
const endless = (...options: readonly string[]) => [
  ...['-l', '0', '--vdev', 'net_pcap0,rx_pcap=clear.pcap,infinite_rx=1,pace=20000,tx_pcap=out0.pcap'],
  ...['--vdev', 'net_pcap1,tx_pcap=out1.pcap'],
  ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'article.cfg', ...options],
];

/** The sequence numbers of ESP over IPv4, in the order of sending. */
const sequenceNumbers = (name: string) =>
  readCapture(folder.read(name)).map(({ data }) => new DataView(data.buffer, data.byteOffset).getUint32(38));

const sent = (stdout: string) => Number(/Total packets sent: +(\d+)/.exec(stdout)?.[1]);

describe('a gateway until idle', () => {
  it('ends by itself with status 0 when all input is used up and all is sent', async () => {
    const words = captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' });
    const { status, signal, stdout } = await runGateway(folder.path, words);
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(stdout).toContain('Closing cryptodev 0... Done\nClosing port 0... Done\nClosing port 1... Done\nBye...\n');
    expect(sent(stdout)).toBe(32);
    expect(readCapture(folder.read('out1.pcap'))).toHaveLength(32);
  });

  it('ends when there is no input at all', async () => {
    const { status, stdout } = await runGateway(folder.path, captureWords({ configuration: 'article.cfg' }));
    expect(status).toBe(0);
    expect(sent(stdout)).toBe(0);
    expect(readCapture(folder.read('out1.pcap'))).toEqual([]);
  });

  it('runs again and again with the same result, over its own old files', async () => {
    const words = captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' });
    const runs: string[][] = [];
    for (let i = 0; i < 2; i++) {
      expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
      runs.push(readCapture(folder.read('out1.pcap')).map(({ data }) => Buffer.from(data).toString('hex')));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]).toHaveLength(32);
  });

  it('loses nothing of a long capture, on two lcores', async () => {
    const count = 50_000;
    const frame = frameOf(articlePacket());
    folder.write('long.pcap', writePcap(Array.from({ length: count }, () => ({ data: frame }))));
    const { status, stdout } = await runGateway(folder.path, [
      ...[
        '-l',
        '0,1',
        '--vdev',
        'net_pcap0,rx_pcap=long.pcap,tx_pcap=out0.pcap',
        '--vdev',
        'net_pcap1,tx_pcap=out1.pcap',
      ],
      ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,1),(1,0,0)', '-f', 'article.cfg', '--until-idle'],
    ]);
    expect({ status, sent: sent(stdout) }).toEqual({ status: 0, sent: count });
    expect(sequenceNumbers('out1.pcap')).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });

  it('takes several captures into one port, each a queue of an lcore', async () => {
    const { status, stdout } = await runGateway(folder.path, [
      ...[
        '-l',
        '0,1',
        '--vdev',
        'net_pcap0,rx_pcap=clear.pcap,rx_pcap=clear.pcap',
        '--vdev',
        'net_pcap1,tx_pcap=out1.pcap',
      ],
      ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(0,1,1),(1,0,0)', '-f', 'article.cfg', '--until-idle'],
    ]);
    expect({ status, sent: sent(stdout) }).toEqual({ status: 0, sent: 64 });
    const numbers = sequenceNumbers('out1.pcap').sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
  });

  it('is not stopped by a reader who goes away', async () => {
    const gateway = new GatewayProcess(
      folder.path,
      captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' }),
    );
    gateway.closeStdout();
    expect(await gateway.ended).toMatchObject({ status: 0, signal: null });
    expect(readCapture(folder.read('out1.pcap'))).toHaveLength(32);
  });

  it('is refused on a wire that never ends, by name', async () => {
    const { status, stderr } = await runGateway(folder.path, endless('--until-idle'));
    expect(status).toBe(1);
    expect(stderr).toContain('--until-idle would never end: port 0 (net_pcap0) is never used up');
  });
});

describe.each(SIGNALS)('%s', (name, number) => {
  it('ends a gateway cleanly with status 0, its files complete', async () => {
    rmSync(folder.at('out1.pcap'), { force: true });
    const gateway = new GatewayProcess(folder.path, endless());
    await gateway.wrote(LAST_LINE);
    await new Promise((resolve) => setTimeout(resolve, 300));
    gateway.signal(name);
    const { status, signal, stdout, stderr } = await gateway.ended;
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(stdout).toContain(`\n\nSignal ${number} received, preparing to exit...\n`);
    expect(stdout).toContain('Closing cryptodev 0... Done\nClosing port 0... Done\nClosing port 1... Done\nBye...\n');
    expect(stdout.indexOf('Signal')).toBeLessThan(stdout.indexOf('Closing'));
    expect(stderr).not.toMatch(/^\s+at /m);
    // A record that was cut short would not be read.
    expect(sent(stdout)).toBeGreaterThan(32);
    expect(readCapture(folder.read('out1.pcap'))).toHaveLength(sent(stdout));
  });

  it('ends a gateway that polls as fast as it can, with nothing to write to', async () => {
    const gateway = new GatewayProcess(folder.path, [
      ...['-l', '0', '--vdev', 'net_pcap0,rx_pcap=clear.pcap,infinite_rx=1', '--vdev', 'net_null0,no-rx=1'],
      ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'article.cfg', '--busy-poll'],
    ]);
    await gateway.wrote(LAST_LINE);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = performance.now();
    gateway.signal(name);
    expect(await gateway.ended).toMatchObject({ status: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it('ends a gateway that sleeps, and at once when it has said that it polls', async () => {
    const gateway = new GatewayProcess(folder.path, [
      ...['-l', '0', '--vdev', 'net_null0,no-rx=1', '--vdev', 'net_null1,no-rx=1'],
      ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'article.cfg'],
    ]);
    await gateway.wrote(LAST_LINE);
    gateway.signal(name);
    expect(await gateway.ended).toMatchObject({ status: 0, signal: null });
  });

  it('ends a gateway that is still starting, once it has started', async () => {
    const gateway = new GatewayProcess(folder.path, endless());
    await gateway.wrote('lcore/cryptodev/qp mappings:');
    gateway.signal(name);
    const { status, signal, stdout } = await gateway.ended;
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(stdout).toContain('Bye...\n');
  });
});

describe('statistics', () => {
  it('come once a second into a pipe with -t 1, without control characters', async () => {
    const gateway = new GatewayProcess(folder.path, endless('-t', '1'));
    await gateway.wrote('Aggregate statistics ====', 2);
    gateway.signal('SIGINT');
    const { status, stdout, stderr } = await gateway.ended;
    expect(status).toBe(0);
    expect(stderr).toContain('IPSEC: Stats display reporting every 1 seconds\n');
    const received = [...stdout.matchAll(/^Total packets received: +(\d+)$/gm)].map((match) => Number(match[1]));
    expect(received.length).toBeGreaterThanOrEqual(3);
    expect(received[1]).toBeGreaterThan(received[0]);
    expect(stdout).toContain('Statistics for core 0 ------------------------------\nPackets received: ');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });

  it('come once, at the end, without -t', async () => {
    const words = captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' });
    const { stdout, stderr } = await runGateway(folder.path, words);
    expect(stderr).toContain('IPSEC: Stats display disabled\n');
    expect(stdout.split('Aggregate statistics')).toHaveLength(2);
  });
});

describe('the file bin/ipsec-secgw', () => {
  it('may be executed', () => {
    expect(statSync(COMMAND).mode & 0o111).toBe(0o111);
  });

  const linux = process.platform === 'linux';
  it.skipIf(!linux)(
    `is the process of the gateway itself, without children${linux ? '' : ' (skipped: no /proc)'}`,
    async () => {
      const gateway = new GatewayProcess(folder.path, endless());
      await gateway.wrote(LAST_LINE);
      const tasks = join('/proc', String(gateway.pid), 'task');
      const children = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, 'children'), 'utf8'));
      expect(children.join('')).toBe('');
      expect(readFileSync(`/proc/${gateway.pid}/cmdline`, 'utf8')).toContain('ipsec-secgw');
      gateway.signal('SIGTERM');
      expect(await gateway.ended).toMatchObject({ status: 0 });
    },
  );
});

describe('what it says', () => {
  it('is what harnesses of DPDK wait for, on the streams of DPDK', async () => {
    const words = captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' });
    const { stdout, stderr } = await runGateway(folder.path, words);
    const lines = [
      'Promiscuous mode selected',
      'librte_ipsec usage: disabled',
      'replay window size: 0',
      'lcore/cryptodev/qp mappings:',
      'Allocated mbuf pool on socket 0',
      'Number of mbufs in packet pool 8192',
      'Configuring device port 0:',
      'Creating queues: nb_rx_queue=1 nb_tx_queue=1...',
      'Setup txq=0,0,0',
      'Setup rxq=1,0,0',
      'Creating SA context with 1 maximum entries on socket 0',
      'Creating SP context with 1 rules',
      'LPM: Adding route 172.16.2.5/32 (1)',
      'Checking link status....done',
      'Port 1 Link up at 10 Gbps FDX',
    ];
    const places = lines.map((line) => stdout.indexOf(line));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(stderr).toContain('IPSEC: entering main loop on lcore 0\nIPSEC:  -- lcoreid=0 portid=0 rxqueueid=0\n');
    expect(stdout).not.toContain('IPSEC: entering');
  });

  it('never is a key, at the highest log level', async () => {
    const words = captureWords({
      configuration: 'article.cfg',
      clear: 'clear.pcap',
      eal: ['--log-level', '8', '--log-level', '*:debug'],
    });
    const { status, stdout, stderr } = await runGateway(folder.path, words);
    expect(status).toBe(0);
    expect(stdout + stderr).not.toMatch(/2b:?7e:?15|7e:?15:?16|09:?cf:?4f|de:?ad:?be|deadbeef/i);
  });
});

describe('help', () => {
  it.each(['-h', '--help'])(
    'comes with %s: the options of the EAL and of the gateway, and status 0',
    async (option) => {
      const { status, stdout, stderr } = await runGateway(folder.path, [option]);
      expect(status).toBe(0);
      const said = stdout + stderr;
      for (const text of ['--vdev', '--lcores', '--log-level', '-u PORTMASK', '--config', '--until-idle', '-f FILE']) {
        expect(said).toContain(text);
      }
    },
  );
});
