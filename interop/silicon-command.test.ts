import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { hugepagePool, lookForProgram } from './hugepage-pool.ts';
import { SiliconProcess } from './silicon-process.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** What `ipsec-secgw silicon` makes for a command, that nobody else sees it, and that nothing of it is left. */

const SILICON = lookForProgram('unshare', 'command -v unshare');

/** Folders of devices, and what of them can be seen outside the command. */
const traces = () => [
  ...readdirSync(tmpdir()).filter((name) => name.startsWith('ipsec-secgw-silicon-')),
  ...readdirSync('/dev').filter((name) => /^uio\d/.test(name)),
  ...(existsSync('/sys/class/uio') ? ['/sys/class/uio'] : []),
  ...spawnSync('sh', ['-c', 'grep ipsec-secgw-silicon- /proc/mounts'], { encoding: 'utf8' }).stdout.split('\n'),
];

describe.skipIf(!SILICON.here)(`ipsec-secgw silicon${SILICON.note}`, () => {
  const folder = new TemporaryFolder();
  const cards = ['--huge-dir', hugepagePool(folder, 'none'), '-a', '06:00.0,wire=null', '-a', '06:00.1'];
  const start = (...command: string[]) => new SiliconProcess(folder.path, [...cards, ...command]);

  it('shows the cards to its command, and to nobody else', async () => {
    const before = traces();
    const script = `ls -d /dev/uio* /sys/class/uio/uio*/device/config "$SYSFS_PCI_DEVICES"/*/resource0
test -p /dev/uio1 && echo fifo; wc -c < "$SYSFS_PCI_DEVICES/0000:06:00.1/resource0"; head -c 1 /dev/urandom | wc -c; read line`;
    const process = start('--', 'sh', '-c', script);
    await process.hasSaid('524288\n1');
    expect(traces().filter((trace) => !before.includes(trace))).toEqual([
      expect.stringMatching(/^ipsec-secgw-silicon-/),
    ]);
    process.type('');
    const { status, said } = await process.ended;
    expect(status, said).toBe(0);
    for (const number of [0, 1]) {
      expect(said).toContain(`/dev/uio${number}\n`);
      expect(said).toContain(`/sys/class/uio/uio${number}/device/config\n`);
      expect(said).toContain(`/devices/0000:06:00.${number}/resource0\n`);
      expect(said).toContain(`Silicon 0000:06:00.${number}: wire `);
    }
    expect(said).toContain('fifo\n');
    expect(traces()).toEqual(before);
  });

  it.each([
    ['has ended', 0, ['true']],
    ['has failed', 7, ['sh', '-c', 'exit 7']],
    ['was killed', 137, ['sh', '-c', 'kill -9 $$']],
    ['does not exist', 127, ['no-such-program']],
    ['cannot be run', 126, ['/etc/passwd']],
  ])("has its command's status, reports, and leaves nothing when it %s", async (_name, wanted, command) => {
    const before = traces();
    const { status, said } = await start('--', ...command).ended;
    expect(status, said).toBe(wanted);
    expect(said.match(/^Silicon 0000/gm)).toHaveLength(2);
    expect(traces()).toEqual(before);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('passes %s on to its command, and ends as that does', async (signal, wanted) => {
    const before = traces();
    const process = start('--', 'sh', '-c', 'echo here; exec sleep 60');
    await process.hasSaid('here');
    process.signal(signal);
    const { status, said } = await process.ended;
    expect(status, said).toBe(wanted);
    expect(said.match(/^Silicon 0000/gm)).toHaveLength(2);
    expect(traces()).toEqual(before);
  });

  describe('with a strict card that is written to where it must not be', () => {
    // STATUS, at offset 8, is read-only.
    const poke = String.raw`printf '\1\0\0\0' | dd of="$SYSFS_PCI_DEVICES/0000:06:00.0/resource0" bs=1 seek=8 conv=notrunc 2>/dev/null`;
    const strict = ['--huge-dir', cards[1], '-a', '06:00.0,wire=null,strict', '-a', '06:00.1'];
    const wanted = /^Silicon 0000:06:00\.0 stands still: .*0x8 \(STATUS, ro\); .*strict/m;

    it.each([
      ['its command', `echo here; ${poke}; exec sleep 60`],
      ['a command that heeds no SIGTERM', `trap '' TERM; echo here; ${poke}; while :; do sleep 1; done`],
    ])('says so at once, ends %s, and reports', { timeout: 60_000 }, async (_name, script) => {
      const before = traces();
      const process = new SiliconProcess(folder.path, [...strict, '--', 'sh', '-c', script]);
      await process.hasSaid('stands still');
      const { status, said } = await process.ended;
      expect(said).toMatch(wanted);
      expect(said.match(/^Silicon 0000:06:00\.[01]: wire/gm)).toHaveLength(2);
      expect(said).not.toMatch(/^\s+at /m);
      expect(status, said).toBe(125);
      expect(traces()).toEqual(before);
    });

    it('ends without a command too', async () => {
      const process = new SiliconProcess(folder.path, strict);
      await process.hasSaid('--huge-dir and --file-prefix are as here.');
      const enter = /^ +(unshare .*) \\$/m.exec(process.said)?.[1] ?? '';
      folder.write('poke', poke);
      expect(spawnSync('sh', ['-c', `${enter} sh ${folder.at('poke')}`]).status).toBe(0);
      const { status, said } = await process.ended;
      expect(said).toMatch(wanted);
      expect(status, said).toBe(125);
    });

    it('only counts it without strict', async () => {
      const { status, said } = await start('--', 'sh', '-c', `${poke}; sleep 1`).ended;
      expect(status, said).toBe(0);
      expect(said).toMatch(/besides: .*[wW]rite/);
    });
  });

  describe('with a capture whose driver does not come', () => {
    const frames = [0, 0.3, 600].map((after) => ({
      data: Uint8Array.from({ length: 60 }, () => 0xff),
      seconds: 1_700_000_000 + Math.floor(after),
      nanoseconds: Math.round((after % 1) * 1e9),
    }));

    it.each([
      ['waits for it', '', 0],
      ['does not, where it keeps its time', ',pace=capture', 2],
    ])('%s', async (_name, pace, gone) => {
      folder.write('in.pcap', writePcap(frames));
      const words = ['--huge-dir', cards[1], '-a', `06:00.0,wire=pcap,rx_pcap=in.pcap${pace}`, '--', 'sleep', '1'];
      const { status, said } = await new SiliconProcess(folder.path, words).ended;
      expect(status, said).toBe(0);
      expect(said).toContain(`  in   ${gone} frames, ${60 * gone} bytes\n`);
      expect(said.includes(`rxDiscarded ${gone}`), said).toBe(gone > 0);
    });
  });

  it('says how to start a command by hand, which works, and ends with a signal', async () => {
    const before = traces();
    const process = start();
    await process.hasSaid('--huge-dir and --file-prefix are as here.');
    const enter = /^ +(unshare .*) \\$/m.exec(process.said)?.[1] ?? '';
    const { status, stdout } = spawnSync('sh', ['-c', `${enter} ls /dev/uio0 /dev/uio1`], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '/dev/uio0\n/dev/uio1\n']);
    const outside = spawnSync('sh', ['-c', `${enter.split(' ').at(-1)} true`], { encoding: 'utf8' });
    expect([outside.status, outside.stderr]).toEqual([1, expect.stringContaining('run it by: unshare ')]);
    process.signal('SIGINT');
    const ending = await process.ended;
    expect(ending.status, ending.said).toBe(0);
    expect(ending.said.match(/^Silicon 0000/gm)).toHaveLength(2);
    expect(traces()).toEqual(before);
  });
});
