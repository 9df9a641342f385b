import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { captureWords, type Ending, runGateway } from './gateway-process.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** A gateway that cannot start says why, where, and with what status; never a key, never a stack trace. */

const folder = new TemporaryFolder();
folder.write('clear.pcap', writePcap([{ data: frameOf(articlePacket()) }]));

/** A key that looks like nothing else in the output. */
const KEY = 'f3:5c:f9:1d:f7:6a:f1:8b:f8:9e:f2:7c:f6:4d:f4:3e:fa:6b:fb:9d';
const CONFIGURATION = LOOKASIDE_CONFIGURATION.replaceAll(/2b:7e\S+/g, KEY);
const SA_KEY = `aead_key ${KEY}`;

/** What went into a file may not come out, be it a piece of it. */
function expectNoKey({ stdout, stderr }: Ending): void {
  // The MAC addresses of ports are random, and may have any two bytes.
  const said = `${stdout}${stderr}`.toLowerCase().replaceAll(/^address: .*$/gm, '');
  const bytes = KEY.split(':');
  for (let i = 0; i + 1 < bytes.length; i++) {
    for (const separator of [':', '', ' ', ', ']) expect(said).not.toContain(bytes[i] + separator + bytes[i + 1]);
  }
}

function expectRefused(ending: Ending): void {
  const { status, signal, stdout, stderr } = ending;
  expect({ status, signal }).toEqual({ status: 1, signal: null });
  expect(stdout + stderr).not.toMatch(/^\s+at .*[:(]\d+/m);
  expect(stdout + stderr).not.toContain('node:internal');
  expect(stdout).not.toContain('entering main loop');
  expectNoKey(ending);
}

describe.concurrent('a configuration error is told by file and line', () => {
  it.each([
    ['an unknown first word', CONFIGURATION.replace('sp ipv4', 'sq ipv4'), 2, /sq/],
    ['an unknown word', CONFIGURATION.replace('protect', 'protekt'), 2, /protekt/],
    ['an unknown word on a later line of a directive', CONFIGURATION.replace('port_id 1', 'prot_id 1'), 7, /prot_id/],
    ['a key that is too short', CONFIGURATION.replace(':fb:9d', ':fb'), 5, /key/],
    ['a key that is too long', CONFIGURATION.replace(':fb:9d', ':fb:9d:11'), 5, /key/],
    ['a bad digit in a key', CONFIGURATION.replace('f3:5c', 'f3:5x'), 5, /key/],
    ['a key without its colons', CONFIGURATION.replace(KEY, KEY.replaceAll(':', '')), 5, /key/],
    ['a missing key', CONFIGURATION.replace(SA_KEY, ''), undefined, /aead_key/],
    ['an unknown algorithm', CONFIGURATION.replace('aes-128-gcm', 'aes-129-gcm'), 5, /aes-129-gcm/],
    ['a bad source address', CONFIGURATION.replace('src 172.16.1.5', 'src 172.16.1.500'), 6, /172\.16\.1\.500/],
    ['a bad route', CONFIGURATION.replace('172.16.2.5/32', '172.16.2.5/33'), 16, /33/],
    ['a missing algorithm', CONFIGURATION.replace(`aead_algo aes-128-gcm ${SA_KEY}`, ''), undefined, /cipher|aead/i],
    ['a missing mode', CONFIGURATION.replace('mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5', ''), undefined, /mode/],
    ['a policy without its SA', CONFIGURATION.replace('protect 1005', 'protect 1006'), 2, /1006/],
    ['a policy for SPI 0', CONFIGURATION.replace('protect 1005', 'protect 0'), 2, /SPI/i],
    ['an SPI that is no number', CONFIGURATION.replace('sa out 1005', 'sa out 10o5'), 5, /10o5/],
    ['a continuation with something behind it', CONFIGURATION.replace('port_id 1 \\', 'port_id 1 \\ x'), 7, /\\/],
    ['bytes that are no text', `\u00ff\u00fe\u0001${CONFIGURATION}`, 1, /./],
  ])('%s', async (what, text, line, message) => {
    const name = `${what.replaceAll(/\W+/g, '-')}.cfg`;
    folder.write(name, text);
    const out = ['/dev/null', '/dev/null'] as const;
    const ending = await runGateway(folder.path, captureWords({ configuration: name, clear: 'clear.pcap', out }));
    expectRefused(ending);
    const told = ending.stderr.split('\n').filter((row) => row.startsWith(`${name}:`) && row.includes(': error: '));
    expect(told).toHaveLength(1);
    const [, number, rest] = /:(\d+): error: (.*)$/.exec(told[0]) ?? [];
    expect(Number(number)).toBeGreaterThan(0);
    if (line !== undefined) expect(Number(number)).toBe(line);
    expect(rest).toMatch(message);
  });
});

describe.concurrent('a wrong command line is told by its option', () => {
  folder.write('good.cfg', CONFIGURATION);
  const eal = ['-l', '0', '--vdev', 'net_null0,no-rx=1', '--vdev', 'net_null1,no-rx=1'];
  const good = ['-p', '3', '-P', '-u', '2', '--config=(0,0,0),(1,0,0)', '-f', 'good.cfg', '--until-idle'];
  const without = (option: string, count = 2) => {
    const at = good.findIndex((word) => word.startsWith(option));
    return good.filter((_, i) => i < at || i >= at + count);
  };

  it.each([
    ['a missing configuration file', eal, [...without('-f'), '-f', 'nothere.cfg'], /nothere\.cfg/],
    ['a folder as configuration file', eal, [...without('-f'), '-f', '.'], /invalid file descriptor \./],
    ['no -f', eal, without('-f'), /Mandatory option "-f" not present/],
    ['-f twice', eal, [...good, '-f', 'good.cfg'], /"-f" option present more than once!/],
    ['an unknown option of the gateway', eal, [...good, '--no-such-thing'], /--no-such-thing/],
    ['an unknown letter', eal, [...good, '-z'], /'z'/],
    ['an unknown option of the EAL', [...eal, '--no-such-thing'], good, /--no-such-thing/],
    ['an unknown device', [...eal, '--vdev', 'net_foo0'], good, /net_foo0/],
    ['an unknown device argument', ['--vdev', 'net_null0,sise=64', ...eal.slice(4)], good, /sise/],
    ['a bad port mask', eal, [...without('-p'), '-p', 'zz'], /invalid portmask/],
    ['an unprotected port that is not used', eal, [...without('-u'), '-u', '4'], /[Ii]nvalid unprotected portmask/],
    ['no --config', eal, without('--config', 1), /No port\/queue\/core mappings/],
    ['a malformed --config', eal, [...without('--config', 1), '--config=(0,0'], /Invalid config/i],
    [
      'an lcore that is not enabled',
      eal,
      [...without('--config', 1), '--config=(0,0,0),(1,0,5)'],
      /lcore 5 is not enabled in lcore mask/,
    ],
    [
      'a port that is not in the mask',
      eal,
      [...without('--config', 1), '--config=(0,0,0),(2,0,0)'],
      /port 2 is not enabled in port mask/,
    ],
    [
      'a port that is not there',
      eal,
      [...without('--config', 1), '--config=(0,0,0),(2,0,0)', '-p', '7'],
      /port 2 is not present on the board/,
    ],
    [
      'a missing capture',
      ['--vdev', 'net_pcap0,rx_pcap=nothere.pcap', ...eal.slice(4)],
      good,
      /Cause: device net_pcap0 cannot be had: .*nothere\.pcap/,
    ],
    [
      'a device argument that nobody knows',
      [...eal, '-a', '06:00.0,wire=null,sise=64'],
      good,
      /Cause: device 0000:06:00\.0 cannot be had: .*got sise; .*size/,
    ],
    ['library mode', eal, [...good, '-l'], /library mode \(-l\) comes later/],
    ['a vdev that cannot serve an SA', [...eal, '--vdev', 'crypto_null'], good, /aes-128-gcm.*crypto_null/],
  ])('%s', async (_what, before, behind, message) => {
    const ending = await runGateway(folder.path, [...before, '--', ...behind]);
    expectRefused(ending);
    expect(ending.stderr).toMatch(message);
  });
});

describe('an SA that no port can serve', () => {
  it('is refused at its line, with what to do', async () => {
    folder.write('inline.cfg', CONFIGURATION.replaceAll('no-offload', 'inline-crypto-offload'));
    const words = captureWords({ configuration: 'inline.cfg', clear: 'clear.pcap' });
    const ending = await runGateway(folder.path, words);
    expectRefused(ending);
    expect(ending.stderr).toMatch(/^inline\.cfg:\d+: error: .*port 1 \(net_pcap1\).*type no-offload/m);
  });
});
