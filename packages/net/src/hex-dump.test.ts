import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexDump, parseHexDump } from './hex-dump.ts';
import { LINKTYPE_EN10MB, LINKTYPE_RAW } from './link-type.ts';
import { writePcap } from './pcap.ts';

// The decrypted packet of Intel's article of 2018 on inline IPsec, as tcpdump printed it there.
const ARTICLE = [
  '\t0x0000:  4500 0054 0001 0000 3f00 0100 c0a8 690a  E..T....?.....i.',
  '\t0x0010:  c0a8 690a 7c2d 3e74 6573 742d 7465 7374  ..i.|->test-test',
  '\t0x0020:  2d74 6573 742d 7465 7374 2d74 6573 742d  -test-test-test-',
  '\t0x0030:  7465 7374 2d74 6573 742d 7465 7374 2d74  test-test-test-t',
  '\t0x0040:  6573 742d 7465 7374 2d74 6573 742d 7465  est-test-test-te',
  '\t0x0050:  733c 2d7c                                s<-|',
].join('\n');

describe('a hex dump', () => {
  it('is tcpdump’s, with a short last line', () => {
    expect(hexDump(parseHexDump(ARTICLE))).toBe(ARTICLE);
  });

  it('shows an odd last byte, and dots for what cannot be seen', () => {
    expect(hexDump(Uint8Array.of(0x20, 0x21, 0x7e, 0x7f, 0xff))).toBe(
      `\t0x0000:  2021 7e7f ff${' '.repeat(27)}  .!~..`,
    );
  });

  it('of nothing is nothing', () => {
    expect(hexDump(new Uint8Array(0))).toBe('');
    expect(parseHexDump('')).toEqual(new Uint8Array(0));
  });

  it('has longer offsets from 64 KiB on', () => {
    expect(hexDump(new Uint8Array(0x10001)).split('\n').at(-1)).toMatch(/^\t0x10000: {2}00 {38}\s+\.$/);
  });

  it('is read back, indented and with ASCII or without', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.constantFrom('', '  ', '\t\t'),
        fc.boolean(),
        (bytes, indent, ascii) => {
          const lines = hexDump(bytes).split('\n');
          const text = lines.map((line) => indent + (ascii ? line.slice(1) : line.slice(1, 49).trimEnd())).join('\r\n');
          expect(parseHexDump(text)).toEqual(bytes);
        },
      ),
    );
  });

  it('is read from between tcpdump’s other lines', () => {
    const text = `10:31:00.636564 IP (tos 0x0, ttl 63)\n    192.168.105.10 > 192.168.105.10\n${ARTICLE}\n`;
    expect(parseHexDump(text).length).toBe(84);
  });

  it('that jumps is refused with both offsets', () => {
    const text = ARTICLE.replace('0x0020', '0x0030');
    expect(() => parseHexDump(text)).toThrow(
      /^line 3 of the hex dump does not continue the line before: expected offset 0x0020, got 0x0030$/,
    );
  });

  it.each(['0x0000: ', '0x0000:  4', '0x0000:  450 0054', '0x0000:  4500 zz', '0x0000:  4500 00541'])(
    '%j is refused',
    (text) => {
      expect(() => parseHexDump(text)).toThrow(expect.objectContaining({ code: 'ERR_HEX_DUMP', errno: 'EINVAL' }));
    },
  );
});

const tcpdump = spawnSync('tcpdump', ['--version']).error === undefined;
if (!tcpdump) console.warn('hex-dump.test.ts: no tcpdump on this machine, so our dump is not compared with its own');

describe('beside tcpdump', () => {
  function dumps(frames: Uint8Array[], linkType: number, option: string): string[] {
    const input = writePcap(
      frames.map((data) => ({ data })),
      { linkType },
    );
    const { stdout, stderr, status } = spawnSync('tcpdump', ['-n', option, '-r', '-'], { input, encoding: 'latin1' });
    if (status !== 0) throw new Error(`tcpdump ended with ${status}: ${stderr}`);
    const packets = stdout.split(/^(?!\t0x)/m).filter((text) => text.includes('\t0x'));
    return packets.map((text) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('\t0x'))
        .join('\n'),
    );
  }

  const title = tcpdump ? '' : ' (skipped: no tcpdump)';
  const random = fc.sample(fc.uint8Array({ minLength: 14, maxLength: 200, size: 'max' }), { numRuns: 200, seed: 1 });
  const everyLength = Array.from({ length: 80 }, (_, length) =>
    Uint8Array.from({ length: length + 20 }, (_, i) => i * 7),
  );

  it.skipIf(!tcpdump)(`a packet is dumped to the bit as -X dumps it${title}`, () => {
    // Whatever claims to be IP, so that tcpdump has no link header to leave out.
    const packets = [parseHexDump(ARTICLE), ...random, ...everyLength].map((bytes) => {
      bytes[0] = 0x45;
      return bytes;
    });
    expect(dumps(packets, LINKTYPE_RAW, '-X')).toEqual(packets.map(hexDump));
  });

  it.skipIf(!tcpdump)(`a frame is dumped to the bit as -XX dumps it${title}`, () => {
    // Of the local experimental type, of which tcpdump knows nothing that it could dump besides.
    const frames = [...random, ...everyLength].map((bytes) => {
      bytes.set([0x88, 0xb5], 12);
      return bytes;
    });
    expect(dumps(frames, LINKTYPE_EN10MB, '-XX')).toEqual(frames.map(hexDump));
  });
});
