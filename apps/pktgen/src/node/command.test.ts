import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import { type CaptureFrame, readCapture } from '@inline-ipsec/net/pcap';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { describe, expect, it } from 'vitest';
import { espPacket } from '../esp-packets.ts';
import { articlePacket } from '../packets.ts';
import { pktgenCommand } from './command.ts';
import { nodePlatform } from './main.ts';

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Runs the command on a system made up for it. */
async function run(line: string, readable: Record<string, Uint8Array> = {}) {
  const environment = simulatedEnvironment(1, 1_530_000_000_000);
  const files = new MemoryCaptureFiles();
  const interfaces: Record<string, string[]> = {};
  const status = await pktgenCommand(line === '' ? [] : line.split(' '), {
    environment,
    files,
    version: '1.2.3',
    readFile: (path) => readable[path],
    openInterface: async (name) => {
      const frames: string[] = [];
      interfaces[name] = frames;
      return {
        kind: 'interface',
        name,
        macAddress: bytes('0200000000aa'),
        send: (frame) => frames.push(hex(frame)),
        close: () => frames.push('closed'),
      };
    },
  });
  const captured = (name: string): CaptureFrame[] => readCapture(files.files.get(name) ?? new Uint8Array(0));
  return { status, ...environment.written, interfaces, files: files.files, captured };
}

/** The IPv4 packet of a frame. */
const packetOf = (frame: CaptureFrame) => hex(frame.data.subarray(14));

describe('pktgen', () => {
  it('sends one ESP packet of size 64 by enp2s0f0 when nothing is said', async () => {
    const { status, stdout, interfaces } = await run('');
    expect(status).toBe(0);
    expect(interfaces['enp2s0f0']).toEqual([
      expect.stringMatching(/^f{12}0200000000aa08004500008c0001.{268}$/),
      'closed',
    ]);
    expect(stdout).toBe('Sent 1 frame of 154 bytes to enp2s0f0: ESP with SPI 5, sequence number 1\n');
  });

  it.each(['-i enp2s0f1 -s 64 -c 32 -e 1', '--iface=enp2s0f1 --size=64 --count=32 --encrypt=True'])(
    'understands the article’s decryption test: %s',
    async (line) => {
      const { stdout, interfaces } = await run(line);
      expect(interfaces['enp2s0f1']).toHaveLength(33);
      expect(new Set(interfaces['enp2s0f1']).size).toBe(2);
      expect(stdout).toBe('Sent 32 frames of 154 bytes to enp2s0f1: ESP with SPI 5, sequence number 1\n');
    },
  );

  it.each(['-i enp2s0f0 -s 64 -c 32 -e 0', '-i enp2s0f0 -s 64 -c 32 -e False'])(
    'understands the article’s encryption test: %s',
    async (line) => {
      const { stdout, interfaces } = await run(line);
      expect(new Set(interfaces['enp2s0f0'])).toEqual(
        new Set([`ffffffffffff0200000000aa0800${hex(articlePacket())}`, 'closed']),
      );
      expect(stdout).toBe('Sent 32 frames of 98 bytes to enp2s0f0: clear\n');
    },
  );

  it.each([
    ['-o out.pcap', 'out.pcap'],
    ['-o out', 'out'],
    ['-i out.pcap', 'out.pcap'],
    ['-i out.pcapng', 'out.pcapng'],
    ['-i ./out', './out'],
  ])('writes a file with %s', async (line, name) => {
    const { stdout, captured, interfaces } = await run(`${line} -e 0 -c 2`);
    expect(captured(name).map((frame) => hex(frame.data))).toEqual(
      Array(2).fill(`ffffffffffff0000000000000800${hex(articlePacket())}`),
    );
    expect(interfaces).toEqual({});
    expect(stdout).toBe(`Wrote 2 frames of 98 bytes to ${name}: clear\n`);
  });

  it('keeps its report out of a capture on stdout', async () => {
    const { stdout, stderr, captured } = await run('-o - -e 0');
    expect(captured('/dev/stdout')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('Wrote 1 frame');
  });

  it('counts up with --fresh', async () => {
    const { stdout, captured } = await run('-o out.pcap -c 3 --fresh');
    expect(captured('out.pcap').map((frame) => hex(frame.data.subarray(38, 42)))).toEqual([
      '00000001',
      '00000002',
      '00000003',
    ]);
    expect(stdout).toBe('Wrote 3 frames of 154 bytes to out.pcap: ESP with SPI 5, sequence numbers 1 to 3\n');
  });

  it('takes addresses, SPI and key, and wipes the text of the key', async () => {
    const keyAndSalt = Uint8Array.from({ length: 36 }, (_, i) => i);
    const text = new TextEncoder().encode(`${hex(keyAndSalt)}\n`);
    const { captured } = await run(
      '-o out.pcap --src 10.0.0.1 --dst 10.0.0.2 --tunnel-src 10.1.0.1 --tunnel-dst 10.1.0.2 --spi 4294967295 ' +
        '--key-file key --eth-src 02:00:00:00:00:01 --eth-dst 02-00-00-00-00-02 -s 6',
      { key: text },
    );
    const [frame] = captured('out.pcap');
    const packet = espPacket(articlePacket({ size: 6, source: 0x0a000001, destination: 0x0a000002 }), {
      keyAndSalt,
      spi: 0xffffffff,
      source: 0x0a010001,
      destination: 0x0a010002,
      iv: frame.data.subarray(42, 50),
    });
    expect(packetOf(frame)).toBe(hex(packet));
    expect(hex(frame.data.subarray(0, 12))).toBe('020000000002020000000001');
    expect(text.every((byte) => byte === 0)).toBe(true);
  });

  it('says in JSON what it did', async () => {
    const { stdout } = await run('-o out.pcap -c 3 --fresh --json');
    expect(JSON.parse(stdout)).toEqual({
      target: { kind: 'file', name: 'out.pcap' },
      packets: 3,
      frameBytes: 154,
      size: 64,
      encrypted: true,
      spi: 5,
      firstSequence: 1,
      lastSequence: 3,
    });
    expect(JSON.parse((await run('-e 0 --json')).stdout)).toEqual({
      target: { kind: 'interface', name: 'enp2s0f0' },
      packets: 1,
      frameBytes: 98,
      size: 64,
      encrypted: false,
    });
  });

  it('prints help and version', async () => {
    const help = await run('--help');
    expect(help.status).toBe(0);
    for (const option of ['--count', '--iface', '--size', '--encrypt', '--output', '--key-file', '--fresh']) {
      expect(help.stdout).toContain(option);
    }
    expect(help.stdout).toContain('192.168.105.10');
    expect(await run('--version')).toMatchObject({ status: 0, stdout: '1.2.3\n' });
  });
});

describe('pktgen refuses', () => {
  it.each([
    ['-s 5', 'Expected a whole number from 6 to 10006.'],
    ['-s 10007', 'Expected a whole number from 6 to 10006.'],
    ['-s 65536', 'Expected a whole number from 6 to 10006.'],
    ['-s 0x40', 'Expected a whole number from 6 to 10006.'],
    ['-c 0', 'Expected a whole number from 1 to 4294967295.'],
    ['-c -1', 'Expected a whole number from 1 to 4294967295.'],
    ['-c many', 'Expected a whole number from 1 to 4294967295.'],
    ['-c 1e3', 'Expected a whole number from 1 to 4294967295.'],
    ['--spi 0', 'Expected a whole number from 1 to 4294967295.'],
    ['-e maybe', 'Expected 0 or False, 1 or True.'],
    ['--src 192.168.105', 'Expected an IPv4 address.'],
    ['--tunnel-dst fe80::1', 'Expected an IPv4 address.'],
    ['--eth-src 02:00', 'Expected an address like 02:00:00:00:00:01.'],
    ['--cuont 1', "unknown option '--cuont'\n(Did you mean --count?)"],
    ['-x', "unknown option '-x'"],
    ['-c', "option '-c, --count <number>' argument missing"],
    ['--output=', 'Expected a name.'],
    ['32', 'too many arguments'],
    ['-i eth0 -o out.pcap', "option '-o, --output <file>' cannot be used with option '-i, --iface <name>'"],
  ])('%s', async (line, why) => {
    const { status, stdout, stderr, interfaces, files } = await run(line);
    expect(status).toBe(1);
    expect(stderr).toContain(why);
    expect(stderr).toMatch(/^pktgen: error: /);
    expect(stderr).not.toContain('    at ');
    expect({ stdout, interfaces, files: files.size }).toEqual({ stdout: '', interfaces: {}, files: 0 });
  });

  it('a key file with a key of the wrong length or form, before it opens its target', async () => {
    for (const [text, why] of [
      ['2b7e', 'key file key has a key of the wrong length: expected 20, 28 or 36 bytes'],
      ['secret', 'the key is not written in hexadecimal at byte 0 of its text'],
    ]) {
      const key = new TextEncoder().encode(text);
      const error = await run('-o out.pcap --key-file key', { key }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SetupError);
      expect(error).toMatchObject({ code: 'ERR_PKTGEN_KEY', message: expect.stringContaining(why) });
      expect(key.every((byte) => byte === 0)).toBe(true);
    }
  });

  it('a key file that is not there', () => {
    expect(() => nodePlatform().readFile('/nonexistent/key')).toThrow(
      'cannot read key file /nonexistent/key: got ENOENT: no such file or directory; name a readable file with --key-file',
    );
  });
});

describe('the examples of the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const lines = [...readme.matchAll(/^(?:sudo )?inline-ipsec-pktgen (.*?)(?: +#.*)?$/gm)].map(([, words]) => words);

  it('are there', () => {
    expect(lines.length).toBeGreaterThan(2);
  });

  it.each(lines)('work: %s', async (line) => {
    const key = new TextEncoder().encode('2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef');
    expect(await run(line, { 'key.txt': key })).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('on Node', () => {
  it('the command writes files of the operating system, with their time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pktgen-'));
    try {
      const before = Date.now() / 1000;
      writeFileSync(join(folder, 'key'), 'not read, the packets being clear');
      const words = ['-o', join(folder, 'x.pcapng'), '-e', '0', '-c', '40000', '-s', '6', '--json'];
      const platform = { ...nodePlatform(), environment: { ...nodePlatform().environment, write: () => {} } };
      expect(await pktgenCommand([...words, '--key-file', join(folder, 'key')], platform)).toBe(0);
      const frames = readCapture(readFileSync(join(folder, 'x.pcapng')));
      expect(frames).toHaveLength(40_000);
      expect(packetOf(frames[39_999])).toBe(hex(articlePacket({ size: 6 })));
      expect(Math.abs(frames[0].seconds - before)).toBeLessThan(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
