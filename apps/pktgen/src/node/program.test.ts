import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hexDump } from '@inline-ipsec/net/hex-dump';
import { readCapture } from '@inline-ipsec/net/pcap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { articlePacket } from '../packets.ts';

/** The program as it is installed: bin/pktgen over what was built, as a process, on files and on real interfaces. */

const PKTGEN = fileURLToPath(new URL('../../bin/pktgen', import.meta.url));
const built = existsSync(new URL('../../dist/node/main.js', import.meta.url));
const works = (program: string, ...args: string[]) => spawnSync(program, args, { timeout: 30_000 }).status === 0;

const missing = [
  built ? undefined : 'the package is not built',
  (await import('koffi').then(
    () => true,
    () => false,
  ))
    ? undefined
    : 'koffi is not installed',
  process.getuid?.() === 0 ? undefined : 'not root',
  works('tcpdump', '--version') ? undefined : 'no tcpdump',
  mayJoinInterfaces() ? undefined : 'no network namespace with interfaces of its own can be made',
].find((reason) => reason !== undefined);
const because = missing === undefined ? '' : ` (skipped: ${missing})`;
if (missing !== undefined) console.warn(`program.test.ts: nothing is sent by an interface: ${missing}`);

/** In a container even root may not be allowed to. */
function mayJoinInterfaces(): boolean {
  const probe = `pktgen-probe-${process.pid}`;
  if (!works('ip', 'netns', 'add', probe)) return false;
  const joined = works('ip', '-n', probe, 'link', 'add', 'pg0', 'type', 'veth', 'peer', 'name', 'pg1');
  return works('ip', 'netns', 'del', probe) && joined;
}

const folder = mkdtempSync(join(tmpdir(), 'pktgen-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!built)(`the program pktgen${built ? '' : ' (skipped: the package is not built)'}`, () => {
  const pktgen = (...words: string[]) => spawnSync(PKTGEN, words, { encoding: 'utf8' });

  it('writes a file, and ends with status 0', () => {
    const file = join(folder, 'x.pcap');
    const { status, stdout, stderr } = pktgen('-o', file, '-c', '32', '-e', '0');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `Wrote 32 frames of 98 bytes to ${file}: clear\n`,
      stderr: '',
    });
    expect(readCapture(readFileSync(file))).toHaveLength(32);
  });

  it('prints its version', () => {
    expect(pktgen('--version').stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  it.each([
    [['-s', '5'], "option '-s, --size <bytes>' argument '5' is invalid. Expected a whole number from 6 to 10006."],
    [['-o', '/nonexistent/x.pcap'], 'capture file /nonexistent/x.pcap has no folder to be written into'],
  ])('ends with one line and status 1 for %j', (words, why) => {
    const { status, stdout, stderr } = pktgen(...words);
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `pktgen: error: ${why}\n` });
  });

  const full = existsSync('/dev/full');
  it.skipIf(!full)(`says so when a disk is full${full ? '' : ' (skipped: no /dev/full)'}`, () => {
    const { status, stderr } = pktgen('-o', '/dev/full');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'pktgen: error: ENOSPC: no space left on device, write\n',
    });
  });

  it('ends without a word when the reader of its capture has seen enough', () => {
    const { stdout, stderr } = spawnSync('sh', ['-c', `${PKTGEN} -o - -e 0 -c 100000 | head -c 24 | wc -c`], {
      encoding: 'utf8',
    });
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '24', stderr: '' });
  });
});

describe.skipIf(missing !== undefined)(`pktgen on two interfaces that are joined${because}`, () => {
  const space = `pktgen-${process.pid}`;
  const inside = ['netns', 'exec', space];
  const ip = (...args: string[]) => {
    const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
  };
  const pktgen = (...words: string[]) => spawnSync('ip', [...inside, PKTGEN, ...words], { encoding: 'utf8' });

  beforeAll(() => {
    ip('netns', 'add', space);
    // Nothing but our own packets shall be seen.
    spawnSync('ip', [...inside, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
    ip('-n', space, 'link', 'add', 'pg0', 'address', '02:00:00:00:00:10', 'type', 'veth', 'peer', 'name', 'pg1');
    for (const name of ['pg0', 'pg1']) ip('-n', space, 'link', 'set', name, 'up');
  });
  afterAll(() => ip('netns', 'del', space));

  /** What tcpdump prints on one end while pktgen sends by the other. */
  async function seen(count: number, ...words: string[]): Promise<string> {
    const args = [...inside, 'tcpdump', '-i', 'pg1', '-nneX', '-c', String(count), 'ip'];
    const tcpdump = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const output = collect(tcpdump);
      await output.until('stderr', 'listening on');
      const { status, stdout, stderr } = pktgen('-i', 'pg0', '-c', String(count), ...words);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`Sent ${count} frames`);
      return await output.end;
    } finally {
      tcpdump.kill();
    }
  }

  it('sends the article’s clear packet 32 times', async () => {
    const text = await seen(32, '-e', '0');
    expect(text.split(hexDump(articlePacket())).length - 1).toBe(32);
    expect(text.match(/02:00:00:00:00:10 > ff:ff:ff:ff:ff:ff, ethertype IPv4 \(0x0800\), length 98/g)).toHaveLength(32);
  });

  it('sends one ESP packet 32 times', async () => {
    const text = await seen(32, '-s', '64', '-e', '1');
    expect(text.match(/172\.16\.1\.5 > 172\.16\.2\.5: ESP\(spi=0x00000005,seq=0x1\), length 120/g)).toHaveLength(32);
    expect(new Set(text.match(/\t0x0010: .*\n(\t0x.*\n?)*/g)).size).toBe(1);
  });

  it('sends 32 ESP packets under their own numbers', async () => {
    const text = await seen(32, '--fresh');
    const numbers = [...text.matchAll(/seq=0x([0-9a-f]+)/g)].map(([, digits]) => Number.parseInt(digits, 16));
    expect(numbers).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
  });

  it.each([
    [
      ['-i', 'pg0', '-s', '2000'],
      /^pktgen: error: interface pg0 does not send, after 0 frames: a frame of 2090 bytes is too long/,
    ],
    [['-i', 'pg2'], /^pktgen: error: there is no network interface pg2; /],
    [['-c', '1'], /^pktgen: error: there is no network interface enp2s0f0; /],
  ])('ends with one line and status 1 for %j', (words, why) => {
    const { status, stdout, stderr } = pktgen(...words);
    expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 1, stdout: '', lines: 2 });
    expect(stderr).toMatch(why);
  });

  it('says so when the interface is down', () => {
    ip('-n', space, 'link', 'set', 'pg0', 'down');
    const { status, stderr } = pktgen('-i', 'pg0');
    ip('-n', space, 'link', 'set', 'pg0', 'up');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'pktgen: error: interface pg0 does not send, after 0 frames: it is down; set it up: ip link set pg0 up\n',
    });
  });
});

function collect(child: ChildProcess) {
  const text = { stdout: '', stderr: '' };
  let wake = () => {};
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (piece: string) => {
      text[stream] += piece;
      wake();
    });
  }
  return {
    async until(stream: 'stdout' | 'stderr', what: string): Promise<void> {
      while (!text[stream].includes(what)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text.stderr}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    end: new Promise<string>((resolve) => {
      child.on('close', () => {
        wake();
        resolve(text.stdout);
      });
    }),
  };
}
