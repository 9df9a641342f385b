import { describe, expect, it } from 'vitest';
import { BytesSink, bytesSource } from './byte-stream.ts';
import { LINKTYPE_EN10MB, LINKTYPE_RAW } from './link-type.ts';
import { CaptureReader, PcapngWriter, readCapture, writePcap, writePcapng } from './pcap.ts';

/** Blocks put together by hand, in either byte order. */
class Blocks {
  readonly #little: boolean;
  readonly #bytes: number[] = [];

  constructor(byteOrder: 'little' | 'big') {
    this.#little = byteOrder === 'little';
  }

  u16(value: number): number[] {
    return this.#little ? [value & 0xff, value >>> 8] : [value >>> 8, value & 0xff];
  }

  u32(value: number): number[] {
    const bytes = [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
    return this.#little ? bytes.reverse() : bytes;
  }

  option(code: number, value: readonly number[]): number[] {
    const fill = new Array<number>(-value.length & 3).fill(0xee);
    return [...this.u16(code), ...this.u16(value.length), ...value, ...fill];
  }

  block(type: number, body: readonly number[]): this {
    const fill = new Array<number>(-body.length & 3).fill(0xee);
    const length = this.u32(12 + body.length + fill.length);
    this.#bytes.push(...this.u32(type), ...length, ...body, ...fill, ...length);
    return this;
  }

  section(options: readonly number[] = []): this {
    const version = [...this.u16(1), ...this.u16(0)];
    return this.block(0x0a0d0d0a, [...this.u32(0x1a2b3c4d), ...version, ...this.u32(-1), ...this.u32(-1), ...options]);
  }

  interface(linkType: number, options: readonly number[] = [], snapLength = 0): this {
    return this.block(1, [...this.u16(linkType), 0, 0, ...this.u32(snapLength), ...options]);
  }

  enhanced(id: number, hi: number, lo: number, data: readonly number[], options: readonly number[] = []): this {
    const lengths = [...this.u32(data.length), ...this.u32(data.length)];
    const fill = new Array<number>(-data.length & 3).fill(0xee);
    return this.block(6, [...this.u32(id), ...this.u32(hi), ...this.u32(lo), ...lengths, ...data, ...fill, ...options]);
  }

  get length(): number {
    return this.#bytes.length;
  }

  bytes(...others: readonly Blocks[]): Uint8Array {
    return Uint8Array.from([...this.#bytes, ...others.flatMap((other) => other.#bytes)]);
  }
}

const both = ['little', 'big'] as const;

describe.each(both)('a %s-endian pcapng file', (byteOrder) => {
  const blocks = (): Blocks => new Blocks(byteOrder);

  it('may have an obsolete packet block, with its count of drops', () => {
    const file = blocks().section().interface(LINKTYPE_RAW).interface(LINKTYPE_EN10MB);
    const { u16, u32 } = { u16: file.u16.bind(file), u32: file.u32.bind(file) };
    file.block(2, [...u16(1), ...u16(77), ...u32(0), ...u32(5_000_001), ...u32(3), ...u32(60), 1, 2, 3, 0]);
    expect(readCapture(file.bytes())).toEqual([
      { data: Uint8Array.of(1, 2, 3), seconds: 5, nanoseconds: 1000, originalLength: 60, linkType: 1, interfaceId: 1 },
    ]);
  });

  it('may have a simple packet block, cut by the snap length of interface 0', () => {
    const file = blocks().section().interface(LINKTYPE_RAW, [], 5);
    file.block(3, [...file.u32(3), 1, 2, 3, 0]).block(3, [...file.u32(90), 1, 2, 3, 4, 5, 0, 0, 0]);
    expect(readCapture(file.bytes()).map(({ data, originalLength }) => [[...data], originalLength])).toEqual([
      [[1, 2, 3], 3],
      [[1, 2, 3, 4, 5], 90],
    ]);
  });

  it('may have blocks of no known type anywhere, one longer than the buffer too', () => {
    const file = blocks().section().block(0xbad, [1, 2, 3]);
    file.interface(LINKTYPE_RAW).block(4, []).block(5, new Array<number>(5000).fill(7));
    file
      .enhanced(0, 0, 1, [9])
      .block(0x40000bad, [1])
      .enhanced(0, 0, 2, [8])
      .block(0x80000001, new Array<number>(99).fill(1));
    const reader = new CaptureReader(bytesSource(file.bytes(), 50), { bufferBytes: 64 });
    expect([reader.next(), reader.bytes[reader.at]]).toEqual([true, 9]);
    expect([reader.next(), reader.bytes[reader.at]]).toEqual([true, 8]);
    expect([reader.next(), reader.error]).toEqual([false, undefined]);
  });

  it('may have options behind the frame', () => {
    const file = blocks().section().interface(LINKTYPE_RAW);
    file.enhanced(0, 0, 1, [9], [...file.option(1, [0x68, 0x69]), ...file.option(2, file.u32(1)), 0, 0, 0, 0]);
    expect(readCapture(file.bytes())).toMatchObject([{ data: Uint8Array.of(9) }]);
  });

  it.each([
    ['microseconds when nothing is said', [], 0x0005_a1b2, 0xc3d4e5f6, 0x5a1b2c3d4e5f6n, 1_000_000n],
    ['nanoseconds', [9], 0x17a2b3c4, 0xd5e6f708, 0x17a2b3c4d5e6f708n, 1_000_000_000n],
    ['picoseconds', [12], 0xfedcba98, 0x76543210, 0xfedcba9876543210n, 1_000_000_000_000n],
    ['seconds', [0], 0, 1_700_000_000, 1_700_000_000n, 1n],
    ['2^-32 seconds', [0x80 | 32], 1_700_000_000, 0x8000_0001, (1_700_000_000n << 32n) | 0x80000001n, 1n << 32n],
    ['2^-20 seconds', [0x80 | 20], 99, 0x1234_5678, (99n << 32n) | 0x12345678n, 1n << 20n],
  ])('has times in %s', (_, resolution, hi, lo, ticks, perSecond) => {
    const file = blocks().section();
    file.interface(1, resolution.length === 0 ? [] : file.option(9, resolution)).enhanced(0, hi, lo, []);
    const [frame] = readCapture(file.bytes());
    expect(BigInt(frame.seconds)).toBe(ticks / perSecond);
    expect(BigInt(frame.nanoseconds)).toBe(((ticks % perSecond) * 1_000_000_000n) / perSecond);
  });

  it.each([
    [3600, 0, 3600],
    [-3600, 0xffffffff, 0xfffff1f0],
  ])('has times moved by %i seconds', (seconds, hi, lo) => {
    const file = blocks().section();
    const offset = byteOrder === 'little' ? [...file.u32(lo), ...file.u32(hi)] : [...file.u32(hi), ...file.u32(lo)];
    file.interface(1, [...file.option(14, offset), ...file.option(9, [6])]).enhanced(0, 0, 2_000_001, []);
    expect(readCapture(file.bytes())).toMatchObject([{ seconds: 2 + seconds, nanoseconds: 1000 }]);
  });

  it('has interfaces of different link types, clocks and names', () => {
    const file = blocks().section();
    file.interface(1, [...file.option(2, [0x65, 0x30, 0]), ...file.option(9, [3]), 0, 0, 0, 0, ...file.option(9, [0])]);
    file.interface(LINKTYPE_RAW, [...file.option(2, [0xc3, 0xa9, 0xff]), ...file.option(9, [9])]);
    file.enhanced(1, 0, 5, [1]).enhanced(0, 0, 5, [2]);
    const reader = new CaptureReader(bytesSource(file.bytes()));
    expect(reader.linkType).toBe(1);
    expect([reader.next(), reader.frame()]).toMatchObject([
      true,
      { linkType: LINKTYPE_RAW, interfaceId: 1, nanoseconds: 5 },
    ]);
    expect([reader.next(), reader.frame()]).toMatchObject([
      true,
      { linkType: 1, interfaceId: 0, nanoseconds: 5_000_000 },
    ]);
    expect(reader.interfaces.map(({ name }) => name)).toEqual(['e0', 'é\ufffd']);
  });

  it('has sections of either byte order, each with interfaces of its own', () => {
    const first = blocks().section().interface(1).enhanced(0, 0, 1, [1]);
    const second = new Blocks(byteOrder === 'little' ? 'big' : 'little').section();
    second.interface(LINKTYPE_RAW, second.option(9, [9])).enhanced(0, 0, 2, [2, 3, 4, 5, 6]);
    const third = blocks()
      .section(first.option(4, [0x78]))
      .interface(147)
      .enhanced(0, 0, 3, [7]);
    expect(readCapture(first.bytes(second, third))).toMatchObject([
      { linkType: 1, nanoseconds: 1000, data: Uint8Array.of(1) },
      { linkType: LINKTYPE_RAW, nanoseconds: 2, data: Uint8Array.of(2, 3, 4, 5, 6) },
      { linkType: 147, nanoseconds: 3000, data: Uint8Array.of(7) },
    ]);
  });

  describe('that is damaged gives the frames before and says where and what', () => {
    const good = (): Blocks => blocks().section().interface(1).enhanced(0, 0, 1, [1, 2, 3, 4]);
    const begin = good().length;

    it.each([
      ['an interface that there is not', 'the interface of a frame', '0', '1', 8, () => good().enhanced(1, 0, 1, [])],
      ['a length below that of an empty block', 'a block length', 'a multiple of 4 from 12', '8', 4, () => raw(9, 8)],
      ['a length that is no multiple of 4', 'a block length', 'a multiple of 4 from 32', '33', 4, () => raw(6, 33)],
      ['a frame block that is too long', 'a block length', '16777216', '16777220', 4, () => raw(6, 0x1000004)],
      [
        'a captured length beyond the block',
        'a captured length',
        'at most 4',
        '5',
        20,
        () => {
          const file = good();
          const zero = file.u32(0);
          return file.block(6, [...zero, ...zero, ...zero, ...file.u32(5), ...file.u32(5), 1, 2, 3, 4]);
        },
      ],
      [
        'a simple packet beyond its block',
        'a length',
        'at most 0',
        '9',
        8,
        () => {
          const file = good();
          return file.block(3, file.u32(9));
        },
      ],
      [
        'a section of no byte order',
        'the byte order of a section',
        '1a2b3c4d',
        '09090909',
        8,
        () => {
          const file = good();
          return file.block(0x0a0d0d0a, new Array<number>(16).fill(9));
        },
      ],
      [
        'a section of version 2',
        'the version of a section',
        '1',
        '2',
        12,
        () => {
          const file = good();
          return file.block(0x0a0d0d0a, [...file.u32(0x1a2b3c4d), ...file.u16(2), ...new Array<number>(10).fill(0)]);
        },
      ],
      [
        'an option beyond its block',
        'the length of an option',
        'at most 4',
        '5',
        18,
        () => {
          const file = good();
          return file.interface(1, [...file.u16(2), ...file.u16(5), 1, 2, 3, 4]);
        },
      ],
    ])('%s', (_, what, expected, got, at, make) => {
      const told: Error[] = [];
      expect(readCapture(make().bytes(), { onError: (error) => told.push(error) })).toHaveLength(1);
      expect(told).toMatchObject([{ code: 'ERR_CAPTURE_MALFORMED', errno: 'EINVAL', got }]);
      expect(told[0].message).toContain(`at byte ${begin + at}, after 1 whole frames: ${what}`);
      expect(told[0]).toHaveProperty('expected', expect.stringContaining(expected));
    });

    /** A good file with the beginning of a block behind it. */
    function raw(type: number, length: number): Blocks {
      const file = good();
      const bytes = [...file.u32(type), ...file.u32(length), ...new Array<number>(40).fill(0)];
      return Object.assign(blocks(), { bytes: () => Uint8Array.from([...file.bytes(), ...bytes]) });
    }

    it.each([
      ['of a frame', 6],
      ['of any other kind', 9],
    ])('a block %s whose two lengths differ', (_, type) => {
      const file = good();
      const bytes = file.enhanced(0, 0, 1, [1, 2, 3, 4]).bytes();
      bytes.set(file.u32(type), begin);
      bytes.set(file.u32(40), bytes.length - 4);
      const reader = new CaptureReader(bytesSource(bytes));
      expect([reader.next(), reader.next()]).toEqual([true, false]);
      expect(reader.error?.message).toContain(`at byte ${bytes.length - 4}, after 1 whole frames`);
      expect(reader.error).toMatchObject({ expected: '36 as at its beginning', got: '40' });
    });
  });

  it('without an interface before its first frame is damaged', () => {
    const reader = new CaptureReader(bytesSource(blocks().section().enhanced(0, 0, 1, [1]).bytes()));
    expect([reader.linkType, reader.next()]).toEqual([-1, false]);
    expect(reader.error?.expected).toBe('the description of an interface before it');
  });
});

describe('a damaged pcap file', () => {
  it('gives the frames before, and the byte of the length that cannot be', () => {
    const data = Uint8Array.of(1, 2, 3);
    const bytes = writePcap([{ data }, { data }]);
    bytes.fill(0xff, 24 + 19 + 8, 24 + 19 + 12);
    const reader = new CaptureReader(bytesSource(bytes));
    expect([reader.next(), reader.next(), reader.next()]).toEqual([true, false, false]);
    expect(reader.error?.message).toBe(
      'the capture file is damaged at byte 51, after 1 whole frames: a captured length cannot be: ' +
        'expected at most 262144, got 4294967295; the frames before are good; write the file again if more are needed',
    );
    expect(reader.truncated).toBe(false);
  });

  it('of another version is refused', () => {
    const bytes = writePcap([]);
    bytes[6] = 3;
    expect(() => readCapture(bytes)).toThrow(/at byte 4, .* the version cannot be: expected 2\.4, got 2\.3/);
  });

  it('carries on where the fraction runs over a second', () => {
    const bytes = writePcap([{ data: Uint8Array.of(1), seconds: 7 }], { resolution: 'microsecond' });
    new DataView(bytes.buffer).setUint32(28, 2_500_000, true);
    expect(readCapture(bytes)).toMatchObject([{ seconds: 9, nanoseconds: 500_000_000 }]);
  });

  it('says how much of each frame is its check sequence', () => {
    const bytes = writePcap([]);
    bytes[23] = 0x24;
    expect(new CaptureReader(bytesSource(bytes))).toMatchObject({ fcsBytes: 4, linkType: 1 });
    bytes[23] = 0x20;
    expect(new CaptureReader(bytesSource(bytes)).fcsBytes).toBe(0);
  });
});

describe('what is no capture', () => {
  it.each([
    ['nothing at all', [], '0 bytes in all'],
    ['two bytes', [0x0a, 0x0d], '2 bytes in all'],
    ['a text', [0x74, 0x65, 0x78, 0x74], '74657874'],
    ['gzip', [0x1f, 0x8b, 8, 0], 'a gzip file; decompress it first'],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'a zstd file; decompress it first'],
    ['lz4', [4, 0x22, 0x4d, 0x18], 'an lz4 file; decompress it first'],
    ['snoop', [0x73, 0x6e, 0x6f, 0x6f, 0x70], 'a snoop file; convert it with `editcap -F pcap`'],
    [
      'modified pcap',
      [0x34, 0xcd, 0xb2, 0xa1],
      'a pcap file in the modified form of 1999; convert it with `editcap -F pcap`',
    ],
  ])('is refused by name: %s', (_, bytes, got) => {
    expect(() => readCapture(Uint8Array.from(bytes))).toThrow(
      `this is no pcap or pcapng file: expected a1b2c3d4, a1b23c4d or 0a0d0d0a at byte 0, in either byte order, got ${got}`,
    );
  });
});

describe('the pcapng writer', () => {
  it('fills the last word of a frame with zeros, whatever was there before', () => {
    const sink = new BytesSink();
    const writer = new PcapngWriter(sink);
    const ones = new Uint8Array(8).fill(0xff);
    writer.write(ones, 0, 8, 0, 0);
    writer.flush();
    writer.write(ones, 0, 8, 0, 0);
    writer.flush();
    const whole = sink.bytes();
    // 28 + 32 bytes of headers lie before the first frame; the second went over them in the buffer.
    writer.write(ones, 0, 5, 0, 0);
    writer.flush();
    const last = sink.bytes().subarray(whole.length);
    expect([...last.subarray(28, 36)]).toEqual([0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]);
  });

  it('says who wrote it', () => {
    const bytes = writePcapng([], { application: 'inline' });
    expect(String.fromCharCode(...bytes.subarray(28, 34))).toBe('inline');
    expect(readCapture(bytes)).toEqual([]);
  });
});
