import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { captureWords, GatewayProcess } from './gateway-process.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The lcores are a thread of their own: what the process does while they poll, sleep, fail or hang. */

const NULL_CRYPTO = 'cipher_algo null auth_algo null mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5';

const folder = new TemporaryFolder();
folder.write('article.cfg', LOOKASIDE_CONFIGURATION);
folder.write(
  'null.cfg',
  `sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sa out 1005 ${NULL_CRYPTO}
sa in 5 ${NULL_CRYPTO}
rt ipv4 dst 172.16.2.5/32 port 1
`,
);
folder.write('clear.pcap', writePcap(Array.from({ length: 32 }, () => ({ data: frameOf(articlePacket()) }))));

const missing = process.platform === 'linux' ? noSystemCalls()?.message : 'no /proc';
const LAST_LINE = 'lcoreid=0 portid=1 rxqueueid=0\n';
const behind = (configuration: string, ...options: readonly string[]) => [
  ...['--', '-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', configuration, ...options],
];

/** Replays the article's packet from memory, as fast as it goes. */
const fullRate = (...options: readonly string[]) => [
  ...['-l', '0', '--no-huge', '-m', '1024', '--vdev', 'net_pcap0,rx_pcap=clear.pcap,infinite_rx=1'],
  ...['--vdev', 'net_null1,no-rx=1', '--vdev', 'crypto_null0', ...behind('null.cfg', ...options)],
];

/** Has nothing to do once 32 packets are sent. */
const nothingToDo = (...options: readonly string[]) => [
  ...['-l', '0', '--vdev', 'net_pcap0,rx_pcap=clear.pcap', '--vdev', 'net_null1,no-rx=1'],
  ...behind('article.cfg', ...options),
];

/** Gives the article's packet so many times a second. The lcores look at the clock for it. */
const paced = (pace: number, ...options: readonly string[]) => [
  ...['-l', '0', '--vdev', `net_pcap0,rx_pcap=clear.pcap,infinite_rx=1,pace=${pace}`],
  ...['--vdev', 'net_null1,no-rx=1', ...behind('article.cfg', ...options)],
];

/** A module that is loaded by every thread of the process before anything else, as its environment. */
function preload(name: string, source: string): Record<string, string> {
  folder.write(name, source);
  return { NODE_OPTIONS: `--require ${folder.at(name)}` };
}

/** Has the lcores' thread do something, once packets flow, as soon as it looks whether it shall stop. */
const clock = (name: string, statement: string) =>
  preload(
    name,
    `const { isMainThread } = require('node:worker_threads');
     const { load } = Atomics;
     const end = performance.now() + 1500;
     if (!isMainThread) Atomics.load = (words, index) => {
       if (performance.now() > end) { ${statement} }
       return load(words, index);
     };`,
  );

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Processor time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  // utime and stime, in ticks of 10 ms
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Processors' worth of time that a process takes for two seconds. */
async function load(pid: number): Promise<number> {
  await pause(500);
  const before = processorSeconds(pid);
  const start = performance.now();
  await pause(2000);
  return (processorSeconds(pid) - before) / ((performance.now() - start) / 1000);
}

const sums = (stdout: string) => [...stdout.matchAll(/^Total packets sent: +(\d+)$/gm)].map(([, sum]) => Number(sum));

describe('a gateway at full rate', () => {
  it('prints its statistics in time, and ends at once and cleanly when it is told to', async () => {
    const gateway = new GatewayProcess(folder.path, fullRate('-t', '1'));
    await gateway.wrote('entering main loop');
    const times: number[] = [];
    for (let screen = 1; screen <= 3; screen++) {
      await gateway.wrote('Aggregate statistics ====', screen);
      times.push(performance.now());
    }
    const before = performance.now();
    gateway.signal('SIGINT');
    const { status, signal, stdout } = await gateway.ended;
    expect({ status, signal }).toEqual({ status: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(2000);
    for (const [i, time] of times.slice(1).entries()) {
      expect(time - times[i]).toBeGreaterThan(500);
      expect(time - times[i]).toBeLessThan(2500);
    }
    const sent = sums(stdout);
    expect(sent).toHaveLength(4);
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
    expect(new Set(sent).size).toBe(4);
    expect(stdout.lastIndexOf('Aggregate')).toBeGreaterThan(stdout.indexOf('Signal 2 received'));
  });

  it.skipIf(missing !== undefined)(
    `takes little memory of what it is given${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const gateway = new GatewayProcess(folder.path, fullRate());
      await gateway.wrote(LAST_LINE);
      await pause(1000);
      const status = readFileSync(`/proc/${gateway.pid}/status`, 'latin1');
      gateway.signal('SIGTERM');
      expect(await gateway.ended).toMatchObject({ status: 0 });
      expect(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024).toBeLessThan(400);
    },
  );

  const one = availableParallelism() < 2 ? 'one processor only' : missing;
  it.skipIf(one !== undefined)(
    `has its lcores on their processor, and the rest on all${one === undefined ? '' : ` (skipped: ${one})`}`,
    async () => {
      const gateway = new GatewayProcess(folder.path, fullRate());
      await gateway.wrote(LAST_LINE);
      await pause(300);
      const tasks = `/proc/${gateway.pid}/task`;
      const allowed = readdirSync(tasks).map(
        (task) => /^Cpus_allowed_list:\s+(.*)$/m.exec(readFileSync(`${tasks}/${task}/status`, 'latin1'))?.[1],
      );
      gateway.signal('SIGTERM');
      expect(await gateway.ended).toMatchObject({ status: 0 });
      expect(allowed.filter((list) => list === '0')).toHaveLength(1);
    },
  );
});

describe.skipIf(missing !== undefined)(
  `a gateway with nothing to do${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    const idle = async (words: readonly string[]) => {
      const gateway = new GatewayProcess(folder.path, words);
      await gateway.wrote(LAST_LINE);
      const processors = await load(gateway.pid);
      const before = performance.now();
      gateway.signal('SIGINT');
      const { status, stdout } = await gateway.ended;
      return { processors, status, sent: sums(stdout), ended: performance.now() - before };
    };

    it('sleeps, and ends at once when it is told to', async () => {
      const { processors, status, sent, ended } = await idle(nothingToDo());
      expect({ status, sent }).toEqual({ status: 0, sent: [32] });
      expect(processors).toBeLessThan(0.1);
      expect(ended).toBeLessThan(2000);
    });

    it('sleeps between the packets of a slow wire and sends them all', async () => {
      const { processors, status, sent } = await idle(paced(50));
      expect(status).toBe(0);
      expect(sent[0]).toBeGreaterThan(90);
      expect(processors).toBeLessThan(0.5);
    });

    it('polls on with --busy-poll', async () => {
      const { processors, status } = await idle(nothingToDo('--busy-poll'));
      expect(status).toBe(0);
      expect(processors).toBeGreaterThan(0.3);
    });
  },
);

describe('the memory of the gateway', () => {
  const words = captureWords({ configuration: 'article.cfg', clear: 'clear.pcap' });

  it.skipIf(missing !== undefined)(
    `is the operating system's${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const { status, stderr } = await new GatewayProcess(folder.path, words).ended;
      expect(status).toBe(0);
      expect(stderr).toContain('EAL: Memory: 256 MiB in ');
      const small = captureWords({ configuration: 'article.cfg', eal: ['--no-huge', '-m', '64'] });
      expect((await new GatewayProcess(folder.path, small).ended).stderr).toContain(
        'EAL: Memory: 64 MiB in ordinary pages',
      );
    },
  );

  it('is portable without koffi, and everything works', async () => {
    const withoutKoffi = preload(
      'without-koffi.cjs',
      `const Module = require('node:module');
       const load = Module._load;
       Module._load = (name, ...more) => {
         if (name !== 'koffi') return load(name, ...more);
         throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
       };`,
    );
    const { status, stdout, stderr } = await new GatewayProcess(folder.path, words, withoutKoffi).ended;
    expect({ status, sent: sums(stdout) }).toEqual({ status: 0, sent: [32] });
    expect(stderr).toMatch(/EAL: Memory: portable, .*; install it: npm install koffi/);

    const gateway = new GatewayProcess(folder.path, fullRate('-t', '1'), withoutKoffi);
    await gateway.wrote('Aggregate statistics ====', 2);
    gateway.signal('SIGTERM');
    const ending = await gateway.ended;
    expect(ending.status).toBe(0);
    expect(sums(ending.stdout)[1]).toBeGreaterThan(sums(ending.stdout)[0]);
  });
});

describe('a fault of the program on the thread of the lcores', () => {
  it('is printed with where it happened, and ends the process with status 1', async () => {
    const fault = clock('fault.cjs', "throw new TypeError('out of time');");
    const { status, signal, stderr } = await new GatewayProcess(folder.path, paced(1000), fault).ended;
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(stderr).toMatch(/TypeError.*: out of time\n\s+at /);
  });
});

describe('a thread of the lcores that hangs', () => {
  it('does not keep the process from its statistics, nor from its end at the second signal', async () => {
    const hang = clock('hang.cjs', 'for (;;);');
    const gateway = new GatewayProcess(folder.path, paced(1000, '-t', '1'), hang);
    await gateway.wrote('Aggregate statistics ====', 3);
    gateway.signal('SIGINT');
    await pause(300);
    gateway.signal('SIGINT');
    const { status, signal, stdout } = await gateway.ended;
    expect({ status, signal }).toEqual({ status: null, signal: 'SIGINT' });
    expect(stdout).not.toContain('Bye');
  });
});
