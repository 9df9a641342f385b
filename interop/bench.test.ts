/**
 * The benchmark as a command, and DPDK's own gateway as it is built by `interop/peer/build-peer`. What is tested is that
 * rows come about; no time is judged.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lookFor } from './foreign-programs.ts';
import { COMMAND } from './gateway-process.ts';
import { run, TOP } from './run-program.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const folder = new TemporaryFolder();
const BUILD_PEER = join(TOP, 'interop', 'peer', 'build-peer');

const dpdk = lookFor(
  'source and libraries of DPDK 22.11',
  'sh',
  '-c',
  ['test -e /usr/share/dpdk/examples/ipsec-secgw', 'pkg-config --exists libdpdk', 'command -v gcc make'].join(' && '),
);

describe('ipsec-secgw bench', () => {
  it('measures each row in a process of its own and gives one document', async () => {
    const words = ['--only', 'engine,path,lookup', '--engines', 'null', '--sizes', '64', '--packets', '3000'];
    const { status, stdout, stderr } = await run(COMMAND, ['bench', ...words, '--rounds', '3', '--json'], folder.path);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { tables, leftOut } = JSON.parse(stdout);
    expect(leftOut).toEqual([]);
    expect(Object.keys(tables)).toEqual(['engine', 'path', 'lookup']);
    expect(tables.path).toHaveLength(2);
    for (const row of tables.path) expect(row).toMatchObject({ engine: 'null', size: '64', mpps: expect.any(Number) });
  });

  it('tells what it can measure', async () => {
    const { status, stdout } = await run(COMMAND, ['bench', '--help'], folder.path);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Sections: engine, path, .*beside, crypto-perf\.$/m);
  });

  it('refuses what it does not measure', async () => {
    for (const [words, reason] of [
      [['--only', 'speed'], /ERR_BENCH_SECTION|no such section/],
      [['--sizes', '9000'], /no frames of this size/],
      [['--seconds', '0'], /above 0/],
    ] as const) {
      const { status, stderr } = await run(COMMAND, ['bench', ...words], folder.path);
      expect(status).toBe(1);
      expect(stderr).toMatch(reason);
    }
  });
});

describe(`the peer${dpdk.note}`, () => {
  let peer = '';

  beforeAll(async () => {
    if (!dpdk.here) return;
    const built = await run(BUILD_PEER, [folder.at('peer')], folder.path);
    if (built.status !== 0) throw new Error(built.stderr);
    peer = built.stdout.trim();
  });

  it.skipIf(!dpdk.here)('is measured beside ours, both ways', async () => {
    const words = ['--beside', peer, '--only', 'beside', '--engines', 'openssl', '--sizes', '64'];
    const { status, stdout } = await run(
      COMMAND,
      ['bench', ...words, '--turns', '1', '--interval', '1', '--json'],
      folder.path,
    );
    expect(status).toBe(0);
    const { tables, leftOut } = JSON.parse(stdout);
    expect(leftOut).toEqual([]);
    expect(tables.beside.map(({ direction }: { direction: string }) => direction)).toEqual(['out', 'in']);
    for (const { ours, peer } of tables.beside) {
      expect(ours).toBeGreaterThan(0);
      expect(peer).toBeGreaterThan(0);
    }
  });
});

describe('build-peer', () => {
  it('says what is missing and how to get it', () => {
    const { status, stderr } = spawnSync(BUILD_PEER, [folder.at('nothing')], {
      encoding: 'utf8',
      env: { ...process.env, DPDK_EXAMPLES: folder.at('no-examples') },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/missing.*dpdk-doc/);
    expect(stderr).toMatch(/apt-get install .*dpdk-doc/);
  });
});
