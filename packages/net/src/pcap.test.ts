import { PerformanceObserver } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteSink, type ByteSource, BytesSink, bytesSource } from './byte-stream.ts';
import { LINKTYPE_EN10MB, LINKTYPE_RAW } from './link-type.ts';
import {
  type CaptureFrame,
  CaptureReader,
  MAX_CAPTURE_FRAME_BYTES,
  PcapngWriter,
  PcapWriter,
  readCapture,
  writePcap,
  writePcapng,
} from './pcap.ts';

const frame = fc.record({
  data: fc.uint8Array({ maxLength: 120 }),
  seconds: fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff)),
  nanoseconds: fc.nat(999_999_999),
  more: fc.nat(2000),
});

const options = fc.record({
  byteOrder: fc.constantFrom('little' as const, 'big' as const),
  resolution: fc.constantFrom('nanosecond' as const, 'microsecond' as const),
});

const captured = fc
  .tuple(fc.array(frame, { maxLength: 12 }), options, fc.constantFrom('pcap' as const, 'pcapng' as const))
  .map(([parts, how, format]) => {
    const frames: CaptureFrame[] = parts.map(({ more, ...rest }) => ({
      ...rest,
      originalLength: rest.data.length + more,
      linkType: LINKTYPE_RAW,
      interfaceId: 0,
    }));
    const bytes =
      format === 'pcap'
        ? writePcap(frames, { ...how, linkType: LINKTYPE_RAW })
        : writePcapng(frames, { ...how, interfaces: [{ linkType: LINKTYPE_RAW, name: 'größe' }] });
    const unit = how.resolution === 'microsecond' ? 1000 : 1;
    const kept = frames.map((each) => ({ ...each, nanoseconds: each.nanoseconds - (each.nanoseconds % unit) }));
    return { frames: kept, bytes, format };
  });

/** Reads with a small buffer and small pieces, so that every border falls everywhere. */
function readInPieces(bytes: Uint8Array, atOnce: number): { frames: CaptureFrame[]; reader: CaptureReader } {
  const reader = new CaptureReader(bytesSource(bytes, atOnce), { bufferBytes: 64 });
  const frames: CaptureFrame[] = [];
  while (reader.next()) frames.push(reader.frame());
  return { frames, reader };
}

/** Where the frames begin and each of them ends. */
function bordersOf(bytes: Uint8Array, frames: readonly CaptureFrame[]): number[] {
  const pcapng = bytes[0] === 0x0a;
  const borders = [pcapng ? 28 + 44 : 24];
  for (const { data } of frames) {
    borders.push(borders[borders.length - 1] + (pcapng ? 32 + ((data.length + 3) & ~3) : 16 + data.length));
  }
  return borders;
}

describe('a capture that was written', () => {
  it('is read back: both formats, both byte orders, both resolutions', () => {
    fc.assert(
      fc.property(captured, ({ frames, bytes }) => {
        expect(readCapture(bytes)).toEqual(frames);
      }),
    );
  });

  it('is read the same in pieces of any size', () => {
    fc.assert(
      fc.property(captured, fc.integer({ min: 1, max: 200 }), ({ frames, bytes, format }, atOnce) => {
        const { frames: got, reader } = readInPieces(bytes, atOnce);
        expect(got).toEqual(frames);
        expect(reader.format).toBe(format);
        expect(reader.frames).toBe(frames.length);
        expect(reader.error).toBeUndefined();
        expect(reader.next()).toBe(false);
      }),
    );
  });

  it('is known by its link type and interfaces before the first frame', () => {
    fc.assert(
      fc.property(captured, ({ bytes, format }) => {
        const reader = new CaptureReader(bytesSource(bytes));
        expect(reader.linkType).toBe(LINKTYPE_RAW);
        const snapLength = MAX_CAPTURE_FRAME_BYTES;
        const name = format === 'pcap' ? '' : 'größe';
        expect(reader.interfaces).toEqual([{ linkType: LINKTYPE_RAW, snapLength, name }]);
      }),
    );
  });

  it('and cut at any byte gives its whole frames first and then says that it was cut', () => {
    fc.assert(
      fc.property(captured, fc.nat(), ({ frames, bytes }, at) => {
        const borders = bordersOf(bytes, frames);
        const cut = at % (bytes.length + 1);
        const file = bytes.subarray(0, cut);
        if (cut < borders[0]) {
          // A section without interfaces is a whole file; any other beginning is none.
          if (cut === 28 && bytes[0] === 0x0a) expect(readCapture(file)).toEqual([]);
          else {
            const code = cut < 4 ? 'ERR_CAPTURE_FORMAT' : 'ERR_CAPTURE_TRUNCATED';
            expect(() => readCapture(file)).toThrow(expect.objectContaining({ code }));
          }
          return;
        }
        const whole = borders.findLastIndex((border) => border <= cut);
        const { frames: got, reader } = readInPieces(file, 7);
        expect(got).toEqual(frames.slice(0, whole));
        expect(reader.truncated).toBe(cut !== borders[whole]);
        const told: unknown[] = [];
        expect(readCapture(file, { onError: (error) => told.push(error) })).toEqual(got);
        expect(told).toEqual(reader.error === undefined ? [] : [reader.error]);
        if (reader.error === undefined) return;
        expect(reader.error).toMatchObject({ code: 'ERR_CAPTURE_TRUNCATED', errno: 'EIO' });
        expect(reader.error.message).toContain(`after ${whole} whole frames`);
        expect(reader.error.message).toContain(`at byte ${borders[whole]}`);
        expect(() => readCapture(file)).toThrow(reader.error.message);
      }),
    );
  });

  it('holds no more of a frame than the snap length', () => {
    const data = Uint8Array.from({ length: 100 }, (_, i) => i);
    for (const bytes of [writePcap([{ data }], { snapLength: 33 }), writePcapng([{ data }], { snapLength: 33 })]) {
      expect(readCapture(bytes)).toMatchObject([{ data: data.subarray(0, 33), originalLength: 100 }]);
    }
  });

  it('may hold the longest frame, through a buffer that grows', () => {
    const data = Uint8Array.from({ length: MAX_CAPTURE_FRAME_BYTES }, (_, i) => i * 31);
    for (const bytes of [writePcap([{ data }, { data }]), writePcapng([{ data }, { data }])]) {
      const { frames } = readInPieces(bytes, 100_000);
      expect(frames.map((each) => Buffer.compare(each.data, data))).toEqual([0, 0]);
    }
  });

  it('needs no buffer of more than a few frames, however long it is', () => {
    const pieces: number[] = [];
    const writer = new PcapWriter(
      { write: (bytes) => pieces.push(bytes.length) },
      { snapLength: 1000, bufferBytes: 5000 },
    );
    const u8 = new Uint8Array(1000);
    for (let i = 0; i < 100; i++) writer.write(u8, 0, 1000, i, 0);
    writer.flush();
    writer.flush();
    expect(writer.frames).toBe(100);
    expect(pieces.reduce((sum, each) => sum + each, 0)).toBe(24 + 100 * 1016);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(5000);
  });

  it('has frames from several memories and any place in them', () => {
    const sink = new BytesSink();
    const writer = new PcapngWriter(sink, { interfaces: [{ name: 'rx' }, { name: 'tx', linkType: LINKTYPE_RAW }] });
    const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 40).fill(7);
    const own = Uint8Array.from({ length: 50 }, (_, i) => i);
    writer.write(shared, 3, 21, 1, 2);
    writer.write(own, 5, 37, 3, 4, 90, 1);
    expect(writer.addInterface({ name: 'late', linkType: 147 })).toBe(2);
    writer.write(own, 0, 0, 5, 6, 0, 2);
    writer.flush();
    const reader = new CaptureReader(bytesSource(sink.bytes()));
    expect([reader.next(), reader.frame()]).toMatchObject([true, { data: new Uint8Array(21).fill(7), interfaceId: 0 }]);
    expect([reader.next(), reader.frame()]).toMatchObject([
      true,
      { data: own.subarray(5, 42), originalLength: 90, interfaceId: 1, linkType: LINKTYPE_RAW },
    ]);
    expect(reader.interfaces.map(({ name }) => name)).toEqual(['rx', 'tx']);
    expect([reader.next(), reader.frame()]).toMatchObject([true, { linkType: 147, interfaceId: 2 }]);
    expect(reader.interfaces.map(({ name }) => name)).toEqual(['rx', 'tx', 'late']);
  });
});

describe('a writer', () => {
  it.each([0, -1, 1.5, MAX_CAPTURE_FRAME_BYTES + 1])('refuses a snap length of %d', (snapLength) => {
    const refused = expect.objectContaining({ code: 'ERR_CAPTURE_SNAP_LENGTH', got: String(snapLength) });
    expect(() => writePcap([], { snapLength })).toThrow(refused);
    expect(() => writePcapng([], { snapLength })).toThrow(refused);
  });

  it.each([-1, 65536, 0.5])('refuses a link type of %d', (linkType) => {
    const refused = expect.objectContaining({ code: 'ERR_CAPTURE_LINK_TYPE', got: String(linkType) });
    expect(() => writePcap([], { linkType })).toThrow(refused);
    expect(() => writePcapng([], { interfaces: [{ linkType }] })).toThrow(refused);
  });
});

describe('a writer of bursts', () => {
  // Signalling and quiet NaNs of both signs are dense in these bytes.
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x7f, 0xff, 0xf0, 0xf8, 0xf7));
  const burst = fc.array(fc.array(byte, { maxLength: 200 }), { maxLength: 40 });

  it.each(['a buffer of its own', 'a place among the frames'])('collects in %s what it writes one by one', (where) => {
    fc.assert(
      fc.property(burst, fc.nat(7), (frames, shift) => {
        const u8 = new Uint8Array(1 << 20);
        const at = new Uint32Array(frames.length);
        const lengths = new Uint32Array(frames.length);
        let end = 300_000 + shift;
        frames.forEach((bytes, i) => {
          u8.set(bytes, end);
          at[i] = end;
          lengths[i] = bytes.length;
          end += bytes.length + (bytes[0] ?? 1);
        });
        // The last one at the very end of what can be read.
        if (frames.length > 0) {
          const last = u8.length - lengths[frames.length - 1];
          u8.set(frames[frames.length - 1], last);
          at[frames.length - 1] = last;
        }
        const sink = new BytesSink();
        const within = where === 'a buffer of its own' ? {} : { within: { u8, at: 64 } };
        const writer = new PcapWriter(sink, { resolution: 'microsecond', linkType: LINKTYPE_EN10MB, ...within });
        writer.writeBurst(u8, at, lengths, frames.length, 0x8000_0001, 999_999_000);
        writer.flush();
        const one = frames.map((bytes) => ({
          data: Uint8Array.from(bytes),
          seconds: 0x8000_0001,
          nanoseconds: 999_999_000,
        }));
        expect(sink.bytes()).toEqual(writePcap(one, { resolution: 'microsecond', linkType: LINKTYPE_EN10MB }));
      }),
    );
  });

  it('refuses a place that no word begins at', () => {
    const within = { u8: new Uint8Array(1 << 20), at: 4 };
    const refused = expect.objectContaining({ code: 'ERR_CAPTURE_PLACE', got: '4' });
    expect(() => new PcapWriter(new BytesSink(), { within })).toThrow(refused);
  });
});

/** `bytes` once, and then what lies behind its first `headerBytes` over and over. */
function endlessSource(bytes: Uint8Array, headerBytes: number): ByteSource {
  let at = 0;
  return {
    read: (into) => {
      const piece = bytes.subarray(at, at + into.length);
      into.set(piece);
      at += piece.length;
      if (at === bytes.length) at = headerBytes;
      return piece.length;
    },
  };
}

describe('a stream of eight million frames', () => {
  const FRAMES = 8_000_000;
  // Enough for the engine to compile what it runs; until then it makes numbers into objects.
  const FEW = 500_000;
  const u8 = new Uint8Array(4096);

  function writeAll(writer: PcapWriter | PcapngWriter, count: number): void {
    for (let i = 0; i < count; i++) writer.write(u8, i & 1023, 64, 1_700_000_000 + (i >>> 8), (i & 255) * 1000);
    writer.flush();
  }

  async function collectionsDuring(work: () => void): Promise<number> {
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      collections += list.getEntries().length;
    });
    observer.observe({ entryTypes: ['gc'] });
    work();
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.disconnect();
    return collections;
  }

  it.each([
    ['pcap', (sink: ByteSink) => new PcapWriter(sink), 24],
    ['pcapng', (sink: ByteSink) => new PcapngWriter(sink), 28 + 32],
  ])('of %s is written and read without an object for each', async (_, open, headerBytes) => {
    const sink = new BytesSink();
    writeAll(open(sink), 10_000);
    const reader = new CaptureReader(endlessSource(sink.bytes(), headerBytes));
    for (let i = 0; i < FEW; i++) reader.next();
    const writer = open({ write: () => {} });
    writeAll(writer, FEW);
    await new Promise((resolve) => setTimeout(resolve, 50));

    const collections = await collectionsDuring(() => {
      writeAll(writer, FRAMES);
      while (reader.frames < FRAMES && reader.next());
    });
    expect(reader.error).toBeUndefined();
    expect([reader.frames, writer.frames]).toEqual([FRAMES, FRAMES + FEW]);
    // An object of 16 bytes for each, the least there is, would fill the young generation, of 16 MiB, eight times.
    expect(collections).toBeLessThan(6);
  });
});

describe('the default', () => {
  it('is Ethernet, nanoseconds and little-endian', () => {
    const bytes = writePcap([]);
    expect([...bytes.subarray(0, 8)]).toEqual([0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0]);
    expect(new CaptureReader(bytesSource(bytes)).linkType).toBe(LINKTYPE_EN10MB);
  });
});
