import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LINKTYPE_EN10MB, LINKTYPE_RAW } from './link-type.ts';
import {
  type CaptureFrame,
  type CaptureWriterOptions,
  type FrameToWrite,
  readCapture,
  writePcap,
  writePcapng,
} from './pcap.ts';

/** Our files with foreign readers, and foreign files with our reader. */

function isHere(program: string, ...args: readonly string[]): boolean {
  const here = spawnSync(program, args, { timeout: 30_000 }).status === 0;
  if (!here) console.warn(`pcap-interop.test.ts: no ${program} on this machine, so its tests are skipped`);
  return here;
}

const TCPDUMP = isHere('tcpdump', '--version');
const TSHARK = isHere('tshark', '--version');
const EDITCAP = isHere('editcap', '--version');
const MERGECAP = isHere('mergecap', '--version');
// Debian's scapy belongs to Debian's Python.
const SCAPY = isHere('/usr/bin/python3', '-c', 'import scapy.all');

const skipped = (here: boolean, program: string): string => (here ? '' : ` (skipped: no ${program})`);

const FRAMES: FrameToWrite[] = [0, 1, 13, 14, 60, 64, 1514].map((length, i) => ({
  // Of the local experimental type, so that no reader finds fault with what is inside.
  data: Uint8Array.from({ length }, (_, at) => [0x88, 0xb5][at - 12] ?? at * 3 + i),
  seconds: 1_700_000_000 + i,
  nanoseconds: 999_999_999 - i * 1001,
  originalLength: length + 10 * i,
}));

const SHAPES: [
  string,
  (frames: readonly FrameToWrite[], options: CaptureWriterOptions) => Uint8Array,
  CaptureWriterOptions,
][] = [
  ['pcap, ns, little-endian', writePcap, { resolution: 'nanosecond', byteOrder: 'little' }],
  ['pcap, ns, big-endian', writePcap, { resolution: 'nanosecond', byteOrder: 'big' }],
  ['pcap, µs, little-endian', writePcap, { resolution: 'microsecond', byteOrder: 'little' }],
  ['pcap, µs, big-endian', writePcap, { resolution: 'microsecond', byteOrder: 'big' }],
  ['pcapng, ns, little-endian', writePcapng, { resolution: 'nanosecond', byteOrder: 'little' }],
  ['pcapng, ns, big-endian', writePcapng, { resolution: 'nanosecond', byteOrder: 'big' }],
  ['pcapng, µs, little-endian', writePcapng, { resolution: 'microsecond', byteOrder: 'little' }],
  ['pcapng, µs, big-endian', writePcapng, { resolution: 'microsecond', byteOrder: 'big' }],
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inline-ipsec-net-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'latin1', cwd: folder, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function time({ seconds = 0, nanoseconds = 0 }: FrameToWrite, digits: number): string {
  return `${seconds}.${String(nanoseconds).padStart(9, '0').slice(0, digits)}`;
}

/** What must come back of frames; a resolution of microseconds drops the last three digits. */
function kept(frames: readonly FrameToWrite[], { resolution }: CaptureWriterOptions): Partial<CaptureFrame>[] {
  const unit = resolution === 'microsecond' ? 1000 : 1;
  return frames.map(({ nanoseconds = 0, ...rest }) => ({ ...rest, nanoseconds: nanoseconds - (nanoseconds % unit) }));
}

describe.each(SHAPES)('a file of ours: %s', (_, write, options) => {
  const digits = options.resolution === 'microsecond' ? 6 : 9;

  it.skipIf(!TCPDUMP)(`is read by tcpdump${skipped(TCPDUMP, 'tcpdump')}`, () => {
    const whole = FRAMES.filter(({ data }) => data.length >= 14);
    writeFileSync(join(folder, 'ours'), write(whole, options));
    const precision = `--time-stamp-precision=${digits === 9 ? 'nano' : 'micro'}`;
    const lines = run('tcpdump', '-r', 'ours', '-tt', '-n', '-e', precision).trimEnd().split('\n');
    const told = lines
      .filter((line) => /^\d/.test(line))
      .map((line) => {
        const [, stamp, length] = /^([\d.]+) .*?, length (\d+)/.exec(line) ?? [];
        return [stamp, Number(length)];
      });
    expect(told).toEqual(whole.map((frame) => [time(frame, digits), frame.originalLength]));
  });

  it.skipIf(!TSHARK)(`is read by tshark${skipped(TSHARK, 'tshark')}`, () => {
    writeFileSync(join(folder, 'ours'), write(FRAMES, options));
    const fields = ['frame.time_epoch', 'frame.len', 'frame.cap_len'].flatMap((field) => ['-e', field]);
    const lines = run('tshark', '-n', '-r', 'ours', '-T', 'fields', ...fields)
      .trimEnd()
      .split('\n');
    expect(lines).toEqual(
      FRAMES.map((frame) => `${time(frame, digits).padEnd(20, '0')}\t${frame.originalLength}\t${frame.data.length}`),
    );
  });

  it.skipIf(!EDITCAP)(`comes back the same through editcap, in every format${skipped(EDITCAP, 'editcap')}`, () => {
    writeFileSync(join(folder, 'ours'), write(FRAMES, options));
    for (const format of ['pcap', 'nsecpcap', 'pcapng']) {
      run('editcap', '-F', format, 'ours', 'theirs');
      const micro = format === 'pcap' ? ({ resolution: 'microsecond' } as const) : options;
      expect(readCapture(readFileSync(join(folder, 'theirs')))).toMatchObject(kept(FRAMES, micro));
    }
  });
});

describe('a file of another program', () => {
  it.skipIf(!TCPDUMP)(`is read: tcpdump -w${skipped(TCPDUMP, 'tcpdump')}`, () => {
    writeFileSync(join(folder, 'ours'), writePcap(FRAMES, { linkType: LINKTYPE_RAW, byteOrder: 'big' }));
    for (const [precision, resolution] of [
      ['micro', 'microsecond'],
      ['nano', 'nanosecond'],
    ] as const) {
      run('tcpdump', '-r', 'ours', `--time-stamp-precision=${precision}`, '-w', 'theirs');
      const frames = readCapture(readFileSync(join(folder, 'theirs')));
      expect(frames).toMatchObject(kept(FRAMES, { resolution }));
      expect(new Set(frames.map(({ linkType }) => linkType))).toEqual(new Set([LINKTYPE_RAW]));
    }
  });

  it.skipIf(!MERGECAP)(`is read: mergecap of two link types and clocks${skipped(MERGECAP, 'mergecap')}`, () => {
    writeFileSync(join(folder, 'a'), writePcap(FRAMES, { resolution: 'microsecond' }));
    const interfaces = [{ linkType: LINKTYPE_RAW, name: 'tap0' }];
    writeFileSync(join(folder, 'b'), writePcapng(FRAMES, { interfaces }));
    run('mergecap', '-a', '-F', 'pcapng', '-w', 'theirs', 'a', 'b');
    const frames = readCapture(readFileSync(join(folder, 'theirs')));
    const first = kept(FRAMES, { resolution: 'microsecond' }).map((frame) => ({ ...frame, linkType: LINKTYPE_EN10MB }));
    const second = FRAMES.map((frame) => ({ ...frame, linkType: LINKTYPE_RAW }));
    expect(frames).toMatchObject([...first, ...second]);
  });

  it.skipIf(!EDITCAP)(`is read: sections one behind the other, from editcap${skipped(EDITCAP, 'editcap')}`, () => {
    writeFileSync(join(folder, 'ours'), writePcap(FRAMES));
    run('editcap', '-F', 'pcapng', 'ours', 'theirs');
    const theirs = readFileSync(join(folder, 'theirs'));
    const ours = writePcapng(FRAMES, { byteOrder: 'big', resolution: 'microsecond' });
    const both = readCapture(Uint8Array.from([...theirs, ...ours]));
    expect(both).toMatchObject([...FRAMES, ...kept(FRAMES, { resolution: 'microsecond' })]);
  });

  it.skipIf(!SCAPY)(`is read: scapy in both byte orders and resolutions${skipped(SCAPY, 'scapy')}`, () => {
    const script = `
from scapy.all import Ether, PcapWriter, PcapNgWriter
frame = Ether(b'\\x02' * 12 + b'\\x88\\xb5' + b'payload')
frame.time = 1700000000.25
for name, endianness, nano in (('le', '<', False), ('be', '>', False), ('le9', '<', True), ('be9', '>', True)):
    with PcapWriter(name, endianness=endianness, nano=nano, linktype=1) as out:
        out.write(frame)
with PcapNgWriter('ng') as out:
    out.write(frame)
`;
    run('/usr/bin/python3', '-c', script);
    for (const name of ['le', 'be', 'le9', 'be9', 'ng']) {
      const frames = readCapture(readFileSync(join(folder, name)));
      expect(frames).toMatchObject([{ seconds: 1_700_000_000, originalLength: 21, linkType: LINKTYPE_EN10MB }]);
      expect(Math.abs(frames[0].nanoseconds - 250_000_000)).toBeLessThan(2000);
      expect(String.fromCharCode(...frames[0].data.subarray(14))).toBe('payload');
    }
  });
});
