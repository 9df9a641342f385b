import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  IPPROTO_AH,
  IPPROTO_DSTOPTS,
  IPPROTO_ESP,
  IPPROTO_FRAGMENT,
  IPPROTO_HOPOPTS,
  IPPROTO_UDP,
} from './ip-protocol.ts';
import { writeIpv6Header } from './ipv6.ts';
import {
  IPV6_MAX_EXTENSIONS,
  Ipv6Walk,
  WALK_OK,
  WALK_TOO_MANY,
  WALK_TRUNCATED,
  walkIpv6Extensions,
} from './ipv6-extensions.ts';

interface Extension {
  readonly protocol: number;
  readonly bytes: number;
  /** The 16 bits of a fragment header behind its reserved byte. */
  readonly fragment?: number;
}

/** A packet with these extension headers, then `last` and 16 bytes of it. */
function packetOf(extensions: readonly Extension[], last: number, at = 0): Uint8Array {
  const extensionBytes = extensions.reduce((sum, { bytes }) => sum + bytes, 0);
  const packet = new Uint8Array(at + 40 + extensionBytes + 16);
  const none = new Uint8Array(16);
  const nextHeader = extensions[0]?.protocol ?? last;
  writeIpv6Header(packet, at, { payloadLength: extensionBytes + 16, nextHeader, source: none, destination: none });
  let position = at + 40;
  for (const [i, { protocol, bytes, fragment }] of extensions.entries()) {
    packet[position] = extensions[i + 1]?.protocol ?? last;
    if (protocol !== IPPROTO_FRAGMENT) packet[position + 1] = protocol === IPPROTO_AH ? bytes / 4 - 2 : bytes / 8 - 1;
    else {
      packet[position + 2] = (fragment ?? 0) >> 8;
      packet[position + 3] = fragment ?? 0;
    }
    position += bytes;
  }
  return packet;
}

function walked(packet: Uint8Array, at = 0, end = packet.length): { verdict: number; walk: Ipv6Walk } {
  const walk = new Ipv6Walk();
  walk.fragmentAt = 99;
  walk.fragment = true;
  return { verdict: walkIpv6Extensions(packet, at, end, walk), walk };
}

const extension = fc.oneof(
  fc.record({
    protocol: fc.constantFrom(IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, 43, 135, 139, 140),
    bytes: fc.integer({ min: 1, max: 6 }).map((units) => 8 * units),
  }),
  fc.record({ protocol: fc.constant(IPPROTO_AH), bytes: fc.constantFrom(16, 24, 28) }),
  fc.constant({ protocol: IPPROTO_FRAGMENT, bytes: 8 }),
);

describe('the walk over extension headers', () => {
  it('ends at once where there are none', () => {
    const { verdict, walk } = walked(packetOf([], IPPROTO_ESP));
    expect(verdict).toBe(WALK_OK);
    expect(walk).toEqual(Object.assign(new Ipv6Walk(), { protocol: IPPROTO_ESP, at: 40, nextHeaderAt: 6 }));
  });

  it('finds what lies behind any of them, and the byte that names it', () => {
    fc.assert(
      fc.property(fc.array(extension, { maxLength: IPV6_MAX_EXTENSIONS }), fc.nat(9), (extensions, at) => {
        const packet = packetOf(extensions, IPPROTO_ESP, at);
        const { verdict, walk } = walked(packet, at);
        expect(verdict).toBe(WALK_OK);
        expect(walk.protocol).toBe(IPPROTO_ESP);
        expect(walk.at).toBe(packet.length - 16);
        expect(walk.count).toBe(extensions.length);
        expect(packet[walk.nextHeaderAt]).toBe(IPPROTO_ESP);
        expect(walk.nextHeaderAt).toBe(walk.at - (extensions.at(-1)?.bytes ?? 34));
        expect(walk.fragment).toBe(false);
      }),
    );
  });

  it.each([
    ['the first', 0x0001],
    ['a middle', 0x0009],
    ['the last', 0x0010],
  ])('stops behind the header of %s fragment', (_, fragment) => {
    const packet = packetOf(
      [
        { protocol: 0, bytes: 8 },
        { protocol: IPPROTO_FRAGMENT, bytes: 8, fragment },
        { protocol: 60, bytes: 8 },
      ],
      17,
    );
    const { verdict, walk } = walked(packet);
    expect(verdict).toBe(WALK_OK);
    expect(walk).toMatchObject({ fragment: true, fragmentAt: 48, at: 56, protocol: 60, nextHeaderAt: 48 });
  });

  it('takes an atomic fragment for the whole packet that it is (RFC 6946)', () => {
    const packet = packetOf(
      [
        { protocol: IPPROTO_FRAGMENT, bytes: 8 },
        { protocol: 60, bytes: 8 },
      ],
      IPPROTO_UDP,
    );
    const { walk } = walked(packet);
    expect(walk).toMatchObject({ fragment: false, fragmentAt: 40, at: 56, protocol: IPPROTO_UDP });
  });

  it('says so when the packet ends within one, at every length', () => {
    const packet = packetOf(
      [
        { protocol: 0, bytes: 8 },
        { protocol: 51, bytes: 24 },
        { protocol: 60, bytes: 16 },
      ],
      17,
    );
    for (let end = 40; end < 88; end++) expect(walked(packet, 0, end).verdict).toBe(WALK_TRUNCATED);
    expect(walked(packet, 0, 88).verdict).toBe(WALK_OK);
    expect(walked(packetOf([], 17), 0, 39).verdict).toBe(WALK_TRUNCATED);
  });

  it('gives up on a chain that is too long', () => {
    const extensions = Array.from({ length: IPV6_MAX_EXTENSIONS + 1 }, () => ({ protocol: 60, bytes: 8 }));
    expect(walked(packetOf(extensions.slice(1), 17)).verdict).toBe(WALK_OK);
    expect(walked(packetOf(extensions, 17)).verdict).toBe(WALK_TOO_MANY);
  });

  it('never leaves the packet, whatever its bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 40, maxLength: 200 }),
        fc.constantFrom(0, 43, 44, 51, 60),
        (bytes, first) => {
          bytes[6] = first;
          const { walk } = walked(bytes);
          expect(walk.at).toBeLessThanOrEqual(bytes.length);
          expect(walk.nextHeaderAt).toBeLessThan(bytes.length);
        },
      ),
    );
  });
});
