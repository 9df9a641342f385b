import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hugepagePool, lookForProgram } from './hugepage-pool.ts';
import { SiliconProcess } from './silicon-process.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** DPDK's own ixgbe driver, in Debian's unmodified `dpdk-testpmd`, on two modelled cards. */

const PREFIX = 'testpmd';
const FRAMES = 10_000;
const TIMES = 10;
const PROMPT = 'testpmd> ';
/** Of a capture: what a test waits for to have been forwarded meanwhile. */
const SOME_BYTES = 100_000;

const TESTPMD = lookForProgram('dpdk-testpmd', 'command -v dpdk-testpmd');

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

// Its driver gives a reset 10 µs, and goes without the port when the processor of the cards was not ours for longer.
const RETRY = { retry: 1 };

describe.skipIf(!TESTPMD.here)(`dpdk-testpmd on two cards of ours${TESTPMD.note}`, RETRY, () => {
  const folder = new TemporaryFolder();
  const huge = hugepagePool(folder, PREFIX);
  const sent = [frames(1), frames(101)];
  const eal = ['--lcores', '0@0,1@0', '--huge-dir', huge, '--file-prefix', PREFIX, '-m', '256'];

  beforeAll(() => {
    sent.forEach((list, i) => {
      folder.write(`in${i}.pcap`, writePcap(list.map((data) => ({ data }))));
    });
    folder.write('few.pcap', writePcap(sent[0].slice(0, 500).map((data) => ({ data }))));
  });
  beforeEach(() => {
    for (const i of [0, 1]) rmSync(folder.at(`out${i}.pcap`), { force: true });
  });

  it.each([
    ['io', []],
    ['mac', []],
    ['io', ['--tx-offloads=0x20000', '--rx-offloads=0x8000']],
  ])('forwards every frame of both ways in %s mode %j', { timeout: 150_000 }, async (mode, offloads) => {
    const card = (i: number) => ['-a', `06:00.${i},wire=pcap,rx_pcap=in${i}.pcap,tx_pcap=out${i}.pcap`];
    // testpmd throws away what its ring has no room for; its default of 512 is short beside a card that is software.
    const testpmd = ['--auto-start', '--txd=2048', '--total-num-mbufs', '8192', `--forward-mode=${mode}`, ...offloads];
    const words = ['--quiet', '1000', ...card(0), ...card(1), '--', 'dpdk-testpmd', ...eal, '--', ...testpmd];
    const process = new SiliconProcess(folder.path, words);
    for (const i of [0, 1]) await process.hasWritten(`out${1 - i}.pcap`, folder.read(`in${i}.pcap`).length);
    // testpmd ends with the first line that it reads.
    process.type('');
    const { status, said } = await process.ended;
    expect(status, said).toBe(0);
    sent.forEach((list, i) => {
      const out = readCapture(folder.read(`out${1 - i}.pcap`)).map(({ data }) => data);
      // In mac mode the addresses are testpmd's.
      const from = mode === 'mac' ? 12 : 0;
      expect(out).toHaveLength(FRAMES);
      expect(sortedHex(out, from).join() === sortedHex(list, from).join()).toBe(true);
    });
    expect(said.includes('commands: tableWrites 3200')).toBe(offloads.length > 0);
    expect(spawnSync('sh', ['-c', 'ls /dev/uio*']).status).not.toBe(0);
  });

  describe('with frames that come again and again', () => {
    const card = (i: number) => {
      return ['-a', `06:00.${i},wire=pcap,rx_pcap=few.pcap,infinite_rx=1,pace=2000,tx_pcap=out${i}.pcap`];
    };
    const silicon = ['--huge-dir', huge, '--file-prefix', PREFIX, ...card(0), ...card(1), '--'];

    /** Frames that a testpmd says it has forwarded from both ports each time. */
    const forwarded = (said: string) =>
      [...said.matchAll(/^ +RX-packets: (\d+) .*\n +TX-packets: (\d+) /gm)].map(([, rx, tx]) => [
        Number(rx),
        Number(tx),
      ]);

    async function untilForwarded(process: SiliconProcess): Promise<void> {
      const before = [0, 1].map((i) => process.bytesOf(`out${i}.pcap`));
      for (const i of [0, 1]) await process.hasWritten(`out${i}.pcap`, before[i] + SOME_BYTES);
    }

    /** Types a line and waits for the next prompt. */
    async function command(process: SiliconProcess, line: string): Promise<void> {
      const prompts = process.said.split(PROMPT).length - 1;
      process.type(line);
      await process.hasSaid(PROMPT, prompts + 1);
    }

    function expectForwarded(said: string): void {
      expect(said).not.toContain('Fail to start');
      expect(said.match(/Forward statistics for port [01]/g), said).toHaveLength(2 * TIMES);
      const counts = forwarded(said);
      expect(counts.length).toBeGreaterThanOrEqual(2 * TIMES);
      for (const [rx, tx] of counts) {
        expect(rx).toBeGreaterThan(0);
        expect(tx).toBeGreaterThan(0);
      }
    }

    it('serve ten processes after each other', { timeout: 300_000 }, async () => {
      const words = [...eal, '--', '--total-num-mbufs', '8192'];
      const script = `for i in $(seq ${TIMES}); do dpdk-testpmd "$@" || exit; done`;
      const process = new SiliconProcess(folder.path, [...silicon, 'sh', '-c', script, 'sh', ...words]);
      for (let time = 1; time <= TIMES; time++) {
        // It says nothing more into a pipe before it ends.
        await process.hasSaid('Checking link statuses...', time);
        await untilForwarded(process);
        process.type('');
      }
      const { status, said } = await process.ended;
      expect(status, said).toBe(0);
      expectForwarded(said);
    });

    it('serve one that stops and starts its ports ten times', { timeout: 300_000 }, async () => {
      const words = [...eal, '--', '-i', '--total-num-mbufs', '8192'];
      const process = new SiliconProcess(folder.path, [...silicon, 'dpdk-testpmd', ...words]);
      await process.hasSaid(PROMPT);
      for (let time = 0; time < TIMES; time++) {
        await command(process, 'start');
        await untilForwarded(process);
        for (const line of ['stop', 'port stop all', 'port start all']) await command(process, line);
      }
      process.type('quit');
      const { status, said } = await process.ended;
      expect(status, said).toBe(0);
      expectForwarded(said);
    });
  });
});
