import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ForeignProgram, lookFor, runForeign } from './foreign-programs.ts';
import { COMMAND } from './gateway-process.ts';
import { run } from './run-program.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** DPDK's own ixgbe driver, in Debian's unmodified `dpdk-testpmd`, on two modelled cards. */

const POOL = '/proc/sys/vm/nr_hugepages';
const PAGES = 256;
const FRAMES = 10_000;

const TESTPMD: ForeignProgram = lookForTestpmd();

function lookForTestpmd(): ForeignProgram {
  const missing = noSystemCalls();
  if (missing !== undefined) return { here: false, note: ` (skipped: ${missing.message})` };
  return lookFor(
    'dpdk-testpmd, root and a pool of huge pages',
    'sh',
    '-c',
    `command -v dpdk-testpmd && test -w ${POOL}`,
  );
}

/** Frames of all sizes from 60 to 1514 bytes, none like another. */
function frames(seed: number): Uint8Array[] {
  return Array.from({ length: FRAMES }, (_, i) => {
    const frame = new Uint8Array(60 + ((i * 7) % 1455)).map((_, n) => seed + i + n * 5);
    new DataView(frame.buffer).setUint32(14, i);
    // Ethernet: to a station, from another, of a type that says nothing.
    frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
    return frame;
  });
}

const sortedHex = (list: readonly Uint8Array[], from = 0) =>
  list.map((bytes) => Buffer.from(bytes.subarray(from)).toString('latin1')).sort();

describe.skipIf(!TESTPMD.here)(`dpdk-testpmd on two cards of ours${TESTPMD.note}`, () => {
  const folder = new TemporaryFolder();
  const huge = folder.at('huge');
  const sent = [frames(1), frames(101)];
  let before = '0';

  beforeAll(() => {
    before = readFileSync(POOL, 'utf8').trim();
    writeFileSync(POOL, String(Number(before) + PAGES));
    mkdirSync(huge);
    runForeign('/', 'mount', ['-t', 'hugetlbfs', 'none', huge]);
    sent.forEach((list, i) => {
      folder.write(`in${i}.pcap`, writePcap(list.map((data) => ({ data }))));
    });
  });

  afterAll(() => {
    spawnSync('umount', [huge]);
    writeFileSync(POOL, before);
  });

  it.each([
    ['io', []],
    ['mac', []],
    ['io', ['--tx-offloads=0x20000', '--rx-offloads=0x8000']],
  ])('forwards every frame of both ways in %s mode %j', { timeout: 120_000 }, async (mode, offloads) => {
    const card = (i: number) => ['-a', `06:00.${i},wire=pcap,rx_pcap=in${i}.pcap,tx_pcap=out${i}.pcap`];
    const eal = ['--lcores', '0@0,1@0', '--huge-dir', huge, '--file-prefix', 'p', '-m', '256'];
    // testpmd throws away what its ring has no room for; its default of 512 is short beside a card that is software.
    const testpmd = ['--auto-start', '--txd=2048', '--total-num-mbufs', '8192', `--forward-mode=${mode}`, ...offloads];
    const silicon = [COMMAND, 'silicon', '--quiet', '1000', ...card(0), ...card(1), '--', 'dpdk-testpmd'];
    const words = [...silicon, ...eal, '--', ...testpmd];
    // testpmd ends with the first line that it reads.
    const line = '(sleep 15; echo) | "$@"';
    const { status, stdout } = await run('bash', ['-c', line, 'bash', ...words], folder.path);
    expect(status, stdout).toBe(0);
    sent.forEach((list, i) => {
      const out = readCapture(folder.read(`out${1 - i}.pcap`)).map(({ data }) => data);
      // In mac mode the addresses are testpmd's.
      const from = mode === 'mac' ? 12 : 0;
      expect(out).toHaveLength(FRAMES);
      expect(sortedHex(out, from).join() === sortedHex(list, from).join()).toBe(true);
    });
    expect(stdout.includes('commands: tableWrites 3200')).toBe(offloads.length > 0);
    expect(spawnSync('sh', ['-c', 'ls /dev/uio*']).status).not.toBe(0);
  });
});
