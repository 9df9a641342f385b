import { existsSync } from 'node:fs';
import { readCapture, writePcap, writePcapng } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { captureWords, runGateway } from './gateway-process.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** Files that end too early, that are no captures, that cannot be written: what is whole goes on, and the fault is told. */

const TSHARK = lookFor('tshark', 'tshark', '--version');
const FRAMES = 40;

const folder = new TemporaryFolder();
const frames = Array.from({ length: FRAMES }, () => ({ data: frameOf(articlePacket()) }));
const whole = writePcap(frames);

beforeAll(() => {
  folder.write('article.cfg', LOOKASIDE_CONFIGURATION);
  folder.write('whole.pcap', whole);
});

const carry = (clear: string) => runGateway(folder.path, captureWords({ configuration: 'article.cfg', clear }));
const sentFrames = () => readCapture(folder.read('out1.pcap')).length;

describe('a capture that ends in the middle of a frame', () => {
  const record = 16 + frames[0].data.length;
  it.each([
    ['in its data', whole.subarray(0, 24 + 30 * record + 16 + 50), 30],
    ['in its header', whole.subarray(0, 24 + 30 * record + 7), 30],
    ['in its first frame', whole.subarray(0, 24 + 20), 0],
    ['in a block of pcapng', writePcapng(frames).subarray(0, -60), 39],
  ])(
    '%s: the whole frames before it are sent, then the fault is told and the status is 1',
    async (_where, bytes, count) => {
      folder.write('cut.pcap', bytes);
      const { status, stderr } = await carry('cut.pcap');
      expect(sentFrames()).toBe(count);
      expect(stderr).toMatch(/cut\.pcap: .*(ends|cut|truncated)/i);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(status).toBe(1);
    },
  );

  it('is as good as any other when it ends between two frames', async () => {
    folder.write('cut.pcap', whole.subarray(0, 24 + 30 * record));
    const { status, stderr } = await carry('cut.pcap');
    expect({ status, frames: sentFrames() }).toEqual({ status: 0, frames: 30 });
    expect(stderr).not.toContain('cut.pcap');
  });
});

describe('a capture with a length that cannot be', () => {
  it('is told, and what is before it is sent', async () => {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(24 + 10 * (16 + frames[0].data.length) + 8, 0x7fffffff, true);
    folder.write('bad.pcap', bytes);
    const { status, stderr } = await carry('bad.pcap');
    expect(sentFrames()).toBe(10);
    expect(stderr).toContain('bad.pcap');
    expect(status).toBe(1);
  });
});

describe('a file that is no capture of Ethernet', () => {
  it.each([
    ['text', 'this is a text, and long enough to be a header of a capture\n'],
    ['nothing at all', ''],
    ['half a file header', whole.subarray(0, 12)],
    ['bare IP packets', writePcap([{ data: articlePacket() }], { linkType: 101 })],
  ])('%s: it is refused by its name before anything is sent', async (_what, content) => {
    folder.write('none.pcap', content);
    const { status, stdout, stderr } = await carry('none.pcap');
    expect(status).toBe(1);
    expect(stderr).toContain('none.pcap');
    expect(stdout).not.toContain('Link up');
  });
});

describe('a file that cannot be written', () => {
  const full = existsSync('/dev/full');
  it.skipIf(!full)(
    `as on a full disk: it is told, and the status is 1${full ? '' : ' (skipped: no /dev/full)'}`,
    async () => {
      const words = captureWords({
        configuration: 'article.cfg',
        clear: 'whole.pcap',
        out: ['/dev/null', '/dev/full'],
      });
      const { status, stderr } = await runGateway(folder.path, words);
      expect(stderr).toContain('/dev/full cannot be written further');
      expect(status).toBe(1);
    },
  );

  it('is never the one that is read', async () => {
    const words = captureWords({ configuration: 'article.cfg', clear: 'whole.pcap', out: ['whole.pcap', 'out1.pcap'] });
    const { status, stderr } = await runGateway(folder.path, words);
    expect(status).toBe(1);
    expect(stderr).toContain('whole.pcap is in use');
    expect(folder.read('whole.pcap')).toEqual(whole);
  });
});

describe('frames that are no good', () => {
  it.skipIf(!TSHARK.here)(`are dropped one by one, and the rest is right to tshark${TSHARK.note}`, async () => {
    const good = frames[0].data;
    const bad = [
      good.subarray(0, 10),
      good.subarray(0, 14),
      good.subarray(0, 33),
      good.with(14, 0x42),
      good.with(16, 0xff),
      good.with(13, 0x06),
    ];
    folder.write('mixed.pcap', writePcap(bad.flatMap((data) => [{ data }, { data: good }])));
    const { status, stdout } = await carry('mixed.pcap');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Total packets dropped: +6\n/);
    const lines = runForeign(folder.path, 'tshark', ['-n', '-r', 'out1.pcap', '-T', 'fields', '-e', 'esp.sequence']);
    expect(lines.trim().split('\n')).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});
