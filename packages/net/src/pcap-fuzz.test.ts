import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-stream.ts';
import { CaptureReader, MAX_CAPTURE_FRAME_BYTES, writePcap, writePcapng } from './pcap.ts';

/** Reads to the end and checks all that must hold for any bytes. Says what was found. */
function readAll(bytes: Uint8Array, atOnce: number, bufferBytes: number): string {
  let reader: CaptureReader;
  let reads = 0;
  const source = bytesSource(bytes, atOnce);
  try {
    const counted = (into: Uint8Array): number => {
      reads++;
      return source.read(into);
    };
    reader = new CaptureReader({ read: counted }, { bufferBytes });
  } catch (error) {
    expect(error).toMatchObject({ name: 'SetupError', code: expect.stringMatching(/^ERR_CAPTURE_/) });
    return String(error);
  }
  let found = '';
  let captured = 0;
  while (reader.next()) {
    const { seconds, nanoseconds, data, originalLength, linkType, interfaceId } = reader.frame();
    captured += data.length;
    expect(data.length).toBe(reader.length);
    expect(data.length).toBeLessThanOrEqual(MAX_CAPTURE_FRAME_BYTES);
    expect(Number.isSafeInteger(seconds) || Math.abs(seconds) > Number.MAX_SAFE_INTEGER).toBe(true);
    expect(nanoseconds).toBeGreaterThanOrEqual(0);
    expect(nanoseconds).toBeLessThan(1e9);
    expect(interfaceId).toBeLessThan(reader.interfaces.length);
    found += `${seconds}.${nanoseconds} ${originalLength} ${linkType} ${interfaceId} ${data.join(' ')}\n`;
  }
  expect(reader.next()).toBe(false);
  // No frame is made of bytes that are not there, and no loop turns without reading.
  expect(captured + 16 * reader.frames).toBeLessThanOrEqual(bytes.length);
  expect(reads).toBeLessThanOrEqual(bytes.length + 2);
  return `${found}${reader.error?.message ?? 'end'}`;
}

function readTwice(bytes: Uint8Array, atOnce: number): void {
  expect(readAll(bytes, atOnce, 64)).toBe(readAll(bytes, bytes.length, 100_000));
}

const atOnce = fc.integer({ min: 1, max: 100 });
const little = fc.constantFrom('little' as const, 'big' as const);
const frames = fc.array(
  fc.record({ data: fc.uint8Array({ maxLength: 40 }), seconds: fc.nat(), nanoseconds: fc.nat(999_999_999) }),
  { minLength: 1, maxLength: 5 },
);

describe('the reader', () => {
  it('takes any bytes for what they are, in pieces or whole', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), atOnce, readTwice), { numRuns: 300 });
  });

  it('takes any bytes behind the magic numbers', () => {
    const magic = fc.constantFrom(
      [0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4],
      [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0],
      [0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0],
      [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
    );
    // Mostly small numbers, so that lengths often make sense.
    const byte = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(40) }, fc.nat(255));
    fc.assert(
      fc.property(magic, fc.array(byte, { maxLength: 300 }), atOnce, (begin, rest, pieces) => {
        readTwice(Uint8Array.from([...begin, ...rest]), pieces);
      }),
      { numRuns: 500 },
    );
  });

  it('takes files with any bytes changed, taken out or put in', () => {
    const change = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ maxLength: 8 }), instead: fc.nat(8) });
    fc.assert(
      fc.property(
        frames,
        little,
        fc.boolean(),
        fc.array(change, { maxLength: 4 }),
        atOnce,
        (given, byteOrder, ng, changes, pieces) => {
          let file = ng
            ? writePcapng(given, { byteOrder, interfaces: [{}, { name: 'x' }] })
            : writePcap(given, { byteOrder });
          for (const { at, bytes, instead } of changes) {
            const place = at % file.length;
            file = Uint8Array.from([...file.subarray(0, place), ...bytes, ...file.subarray(place + instead)]);
          }
          readTwice(file, pieces);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('asks for no more memory than the file has, whatever length it claims', () => {
    const bytes = writePcapng([], {});
    const claim = new Uint8Array(bytes.length + 12);
    claim.set(bytes);
    claim.set([6, 0, 0, 0, 0, 0, 0, 1], bytes.length);
    const reader = new CaptureReader(bytesSource(claim), { bufferBytes: 64 });
    expect(reader.next()).toBe(false);
    expect(reader.error).toMatchObject({ code: 'ERR_CAPTURE_TRUNCATED', expected: '16777216 bytes', got: '12' });
    expect(reader.bytes.length).toBeLessThanOrEqual(256);
  });
});
