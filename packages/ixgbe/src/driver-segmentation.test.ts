import { TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_TCP_TSO } from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_HI, MBUF_VLAN_TCI } from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_SEG_HI,
  TX_UDP_CKSUM_HI,
  TX_VLAN_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { setTxOffload } from '@inline-ipsec/mbuf/tx-offload';
import { ipv4ChecksumOk, ipv4PseudoHeaderSum, ipv6PseudoHeaderSum, rawChecksum } from '@inline-ipsec/net/checksum';
import type { SecuritySession } from '@inline-ipsec/security/session';
import { describe, expect, it } from 'vitest';
import { tdt } from './registers.ts';
import { espFrame } from './testing/esp-frame.ts';
import { seal, unseal } from './testing/node/seal.ts';
import {
  BOTH,
  egress,
  egressTransport,
  gmac,
  KEY,
  OTHER_KEY,
  SALT,
  SecureBench,
  sealed,
  sessionOf,
} from './testing/secure-bench.ts';
import { IP_IDENTIFICATION, TCP_SEQUENCE, type TcpFrameOptions, tcpFrame, tcpOffset } from './testing/tcp-frame.ts';

/** TCP packets that the card cuts up (TSO), in clear and in ESP, through the driver. */

const SEGMENTS = { ...BOTH, txOffloads: BOTH.txOffloads | TX_OFFLOAD_TCP_TSO | TX_OFFLOAD_MULTI_SEGS };

/** How a packet is sent, besides what it is. */
interface Sending {
  readonly mss: number;
  readonly session?: SecuritySession;
  /** Where the packet is cut into segments of the host. */
  readonly cuts?: readonly number[];
  readonly vlan?: number;
  /** What is told of header lengths: all, or nothing but the segment's. */
  readonly told?: boolean;
  /** Flags to be left out. */
  readonly without?: number;
  /** Flags besides. */
  readonly besides?: number;
}

function bench(): SecureBench {
  return new SecureBench({ mbufs: 511 }).start(SEGMENTS);
}

/** A packet over as many mbufs as there are cuts, and one. */
function chained(port: SecureBench, frame: Uint8Array, cuts: readonly number[]): number {
  const ends = [...cuts, frame.length];
  const mbufs = ends.map((end, i) => port.mbuf(frame.subarray(i === 0 ? 0 : ends[i - 1], end)));
  for (const next of mbufs.slice(1)) port.chain(mbufs[0], next);
  return mbufs[0];
}

/** An mbuf that asks for segments. */
function asking(port: SecureBench, options: TcpFrameOptions, sending: Sending): number {
  const { mss, session, cuts = [], vlan, told = true, without = 0, besides = 0 } = sending;
  const { memory } = port;
  const frame = tcpFrame(options);
  const m = chained(port, frame, cuts);
  const ip = options.ipv6 ? TX_IPV6_HI : TX_IPV4_HI | TX_IP_CKSUM_HI;
  const secret = session === undefined ? 0 : TX_SEC_OFFLOAD_HI;
  const tag = vlan === undefined ? 0 : TX_VLAN_HI;
  memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= ((TX_TCP_SEG_HI | ip | secret | tag | besides) & ~without) >>> 0;
  memory.u16[(m + MBUF_VLAN_TCI) >> 1] = vlan ?? 0;
  if (told) setTxOffload(memory, m, 14, options.ipv6 ? 40 : 20, 20 + (options.options ?? 0), mss);
  else setTxOffload(memory, m, 0, 0, 0, mss);
  if (session !== undefined) port.security.setPacketMetadata(session.position, m);
  return m;
}

const be = (bytes: Uint8Array, at: number, n: number): number =>
  bytes.subarray(at, at + n).reduce((value, byte) => value * 256 + byte, 0);

/** What is behind the ESP header of a frame, in clear and without its trailer, which is looked at. */
function opened(frame: Uint8Array, esp: number, key: Uint8Array, authOnly: boolean, data: number): Uint8Array {
  const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + 16));
  let clear = frame.subarray(esp + 16, -16);
  if (authOnly) {
    const covered = Uint8Array.of(...frame.subarray(esp, -16));
    expect(seal(key, nonce, covered, new Uint8Array(0))).toEqual(frame.slice(-16));
  } else clear = unseal(key, nonce, frame.subarray(esp, esp + 8), frame.subarray(esp + 16));
  const pad = (4 - ((data + 2) & 3)) & 3;
  expect([...clear.subarray(data)]).toEqual([...[1, 2, 3].slice(0, pad), pad, 6]);
  return clear.subarray(0, data);
}

/** Looks at every field of the frames that a packet became. */
function judge(
  frames: readonly Uint8Array[],
  options: TcpFrameOptions,
  { mss, key = KEY, authOnly = false }: { mss: number; key?: Uint8Array; authOnly?: boolean },
): void {
  const { data = 1000, esp, ipv6 = false, options: extra = 0, flags = 0x019 } = options;
  const original = tcpFrame(options);
  const tcp = tcpOffset(options);
  const l4 = 20 + extra;
  expect(frames).toHaveLength(Math.ceil(data / mss));
  const sent: number[] = [];
  for (const [i, frame] of frames.entries()) {
    const bytes = Math.min(mss, data - i * mss);
    const last = i === frames.length - 1;
    const trailer = esp === undefined ? 0 : ((4 - ((l4 + bytes + 2) & 3)) & 3) + 18;
    expect(frame.length, `segment ${i}`).toBe(tcp + l4 + bytes + trailer);
    expect(frame.subarray(0, 14)).toEqual(original.subarray(0, 14));
    if (ipv6) expect(be(frame, 18, 2)).toBe(frame.length - 54);
    else {
      expect(be(frame, 16, 2)).toBe(frame.length - 14);
      expect(be(frame, 18, 2)).toBe((IP_IDENTIFICATION + i) & 0xffff);
      expect(ipv4ChecksumOk(frame, 14)).toBe(true);
    }
    let inner = frame.subarray(tcp);
    if (esp !== undefined) {
      expect([be(frame, tcp - 16, 4), be(frame, tcp - 12, 4)]).toEqual([esp.spi, esp.sequence + i]);
      expect(be(frame, tcp - 8, 8)).toBe(2 ** 32 + esp.sequence + i);
      inner = opened(frame, tcp - 16, key, authOnly, l4 + bytes);
    }
    expect(be(inner, 4, 4)).toBe((TCP_SEQUENCE + i * mss) % 2 ** 32);
    expect(be(inner, 12, 2), 'FIN and PSH in the last one only').toBe((l4 << 10) | (last ? flags : flags & ~0x009));
    const pseudo = ipv6
      ? ipv6PseudoHeaderSum(frame, 14, inner.length, 6)
      : ipv4PseudoHeaderSum(frame, 14, inner.length, 6);
    expect(rawChecksum(inner, 0, inner.length, pseudo)).toBe(0xffff);
    sent.push(...inner.subarray(l4));
  }
  expect(Uint8Array.from(sent)).toEqual(original.subarray(tcp + l4));
}

/** Sends what was made, and gives all frames that come of it. */
function sendAll(port: SecureBench, mbufs: readonly number[]): Uint8Array[] {
  expect(port.send(mbufs)).toBe(mbufs.length);
  for (let i = 0; i < 8; i++) port.card.step(64);
  return port.list.sent.splice(0);
}

describe('a TCP packet to be sent in segments', () => {
  const KINDS: [string, TcpFrameOptions][] = [
    ['over IPv4', {}],
    ['over IPv6', { ipv6: true }],
    ['with TCP options', { options: 12 }],
  ];

  it.each(KINDS)('leaves as right frames, %s', (_what, kind) => {
    const port = bench();
    for (const [data, mss] of [
      [1000, 100],
      [1000, 320],
      [1000, 1000],
      [1000, 1460],
      [1, 100],
    ]) {
      const frames = sendAll(port, [asking(port, { ...kind, data }, { mss })]);
      if (data > 1) judge(frames, { ...kind, data }, { mss });
      else expect(frames).toHaveLength(1);
    }
    expect(port.port.stats()).toMatchObject({ opackets: 10 + 4 + 1 + 1 + 1, oerrors: 0 });
    expect(port.card.counter('txDropped') + port.card.counter('txPayloadLengthDiffers')).toBe(0);
    port.end();
  });

  it.each(KINDS)('and in ESP, each segment with a sequence number and an IV of its own, %s', (_what, kind) => {
    const port = bench();
    const gcmSession = port.session(egressTransport(7));
    const gmacSession = port.session(sessionOf('egress', 8, gmac('encrypt'), { mode: 'transport' }));
    for (const [spi, session] of [
      [7, gcmSession],
      [8, gmacSession],
    ] as const) {
      for (const mss of [100, 101, 102, 103, 1400]) {
        const packet = { ...kind, esp: { spi, sequence: 0xffff_ff00 } };
        judge(sendAll(port, [asking(port, packet, { mss, session })]), packet, { mss, authOnly: spi === 8 });
      }
    }
    expect(port.card.counters()).not.toHaveProperty('txSecurityHeaderDiffers');
    expect(port.card.counters()).not.toHaveProperty('txSecurityOff');
    port.end();
  });

  it('may be far longer than a frame, in as many segments of the host', () => {
    const port = bench();
    const session = port.session(egressTransport(7));
    const packet = { data: 60_000, esp: { spi: 7, sequence: 9 } };
    const cuts = Array.from({ length: 29 }, (_, i) => 70 + 2000 * (i + 1));
    judge(sendAll(port, [asking(port, packet, { mss: 1400, session, cuts: [70, ...cuts] })]), packet, { mss: 1400 });
    const clear = { data: 60_000 };
    judge(sendAll(port, [asking(port, clear, { mss: 1460, cuts: [54, ...cuts] })]), clear, { mss: 1460 });
    port.end();
  });

  it('has its headers anywhere, also in several segments of the host', () => {
    const port = bench();
    const session = port.session(egressTransport(7));
    const packet = { options: 8, esp: { spi: 7, sequence: 9 } };
    for (const cuts of [[14], [30], [34], [40], [50], [60], [78], [1, 20, 36, 45, 55, 75]]) {
      for (const told of [true, false]) {
        const m = asking(port, packet, { mss: 300, session, cuts, told });
        judge(sendAll(port, [m]), packet, { mss: 300 });
      }
    }
    port.end();
  });

  it('needs no header lengths from software but the segments’', () => {
    const port = bench();
    judge(sendAll(port, [asking(port, { options: 4 }, { mss: 300, told: false })]), { options: 4 }, { mss: 300 });
    port.end();
  });

  it('has a context of its own when anything in it differs', () => {
    const port = bench();
    const sessions = [port.session(egressTransport(7)), port.session(egressTransport(8, OTHER_KEY))];
    const variants = [
      { mss: 300 },
      { mss: 301 },
      { mss: 300, options: 4 },
      { mss: 300, vlan: 5 },
      { mss: 300, vlan: 6 },
      { mss: 300, sa: 0 },
      { mss: 300, sa: 1 },
      { mss: 301, sa: 1 },
      { mss: 301, sa: 1, vlan: 5 },
    ];
    // Each after each other.
    for (const first of variants) {
      for (const second of variants) {
        for (const { mss, options = 0, vlan, sa } of [first, second]) {
          const esp = sa === undefined ? {} : { esp: { spi: 7 + sa, sequence: 1 } };
          const packet = { options, ...esp };
          const how = {
            mss,
            ...(vlan === undefined ? {} : { vlan }),
            ...(sa === undefined ? {} : { session: sessions[sa] }),
          };
          const frames = sendAll(port, [asking(port, packet, how)]);
          for (const frame of frames) {
            if (vlan !== undefined) expect(be(frame, 12, 4)).toBe(0x8100_0000 + vlan);
          }
          const untagged =
            vlan === undefined ? frames : frames.map((f) => Uint8Array.of(...f.subarray(0, 12), ...f.subarray(16)));
          judge(untagged, packet, { mss, key: sa === 1 ? OTHER_KEY : KEY });
        }
      }
    }
    // A context that the card has is not written again: three descriptors for two packets.
    const before = port.card.read(tdt(0));
    sendAll(port, [asking(port, {}, { mss: 123 }), asking(port, {}, { mss: 123 })]);
    expect((port.card.read(tdt(0)) - before + 64) % 64).toBe(3);
    port.end();
  });

  it('stands in a burst among others, which are sent as they were', () => {
    const port = bench();
    const session = port.session(egressTransport(7));
    const frame = espFrame({ spi: 7, payload: new Uint8Array(40).fill(9) });
    const packet = { data: 600, esp: { spi: 7, sequence: 50 } };
    const mbufs = [
      port.secret(session, frame),
      asking(port, packet, { mss: 300, session }),
      port.secret(session, frame),
      asking(port, packet, { mss: 300, session }),
      asking(port, packet, { mss: 300, session }),
      port.secret(session, frame),
      port.secret(session, frame),
    ];
    const frames = sendAll(port, mbufs);
    expect(frames).toHaveLength(10);
    for (const i of [0, 3, 8, 9]) expect(frames[i]).toEqual(sealed(seal, frame));
    for (const i of [1, 4, 6]) judge(frames.slice(i, i + 2), packet, { mss: 300 });
    port.end();
  });
});

describe('a packet that the card cannot cut up', () => {
  const esp = { spi: 7, sequence: 1 };

  it('is refused, with the reason, and the next one is sent', () => {
    const port = bench();
    const session = port.session(egressTransport(7));
    const tunnel = port.session(egress(9));
    const long = { data: 9900, cuts: [2000, 4000, 6000, 8000] };
    const cases: [string, () => number, Parameters<SecureBench['driver']['counter']>[0]][] = [
      ['a segment of no data', () => asking(port, {}, { mss: 0 }), 'txBadSegmentation'],
      ['nothing to cut', () => asking(port, { data: 0, options: 8 }, { mss: 100 }), 'txBadSegmentation'],
      [
        'a frame longer than 9.5 KiB',
        () => asking(port, { data: long.data }, { mss: 9700, cuts: long.cuts }),
        'txBadSegmentation',
      ],
      [
        'a frame that its trailer makes too long',
        () => asking(port, { data: long.data, esp }, { mss: 9724 - 70 - 20, session, cuts: long.cuts }),
        'txBadSegmentation',
      ],
      [
        'a frame that its tag makes too long',
        () => asking(port, { data: long.data }, { mss: 9724 - 54 - 3, vlan: 5, cuts: long.cuts }),
        'txBadSegmentation',
      ],
      ['IPv4 without its checksum', () => asking(port, {}, { mss: 100, without: TX_IP_CKSUM_HI }), 'txBadSegmentation'],
      ['a UDP checksum', () => asking(port, {}, { mss: 100, besides: TX_UDP_CKSUM_HI }), 'txUnsupportedOffload'],
      ['a TCP header that ends elsewhere', () => lying(port), 'txBadHeaders'],
      ['what is not TCP', () => notTcp(port), 'txBadHeaders'],
      [
        'more segments than the SA has sequence numbers',
        () => asking(port, { esp: { spi: 7, sequence: 0xffff_fff7 } }, { mss: 100, session }),
        'txBadSegmentation',
      ],
      [
        'a tunnel',
        () => asking(port, { esp: { spi: 9, sequence: 1 } }, { mss: 100, session: tunnel }),
        'txSecurityWithoutMetadata',
      ],
      ['metadata of before it was to be cut up', () => late(port, session), 'txSecurityWithoutMetadata'],
      ['metadata of when it was to be cut up', () => early(port, session), 'txSecurityWithoutMetadata'],
    ];
    for (const [what, make, reason] of cases) {
      const before = port.driver.counter(reason);
      expect(sendAll(port, [make(), asking(port, {}, { mss: 1000 })]), what).toHaveLength(1);
      expect(port.driver.counter(reason) - before, what).toBe(1);
    }
    expect(port.port.stats().oerrors).toBe(cases.length);
    expect(port.card.counters()).not.toHaveProperty('txDropped');
    port.end();
  });

  function lying(port: SecureBench): number {
    const m = asking(port, { options: 4 }, { mss: 100 });
    setTxOffload(port.memory, m, 14, 20, 20, 100);
    return m;
  }

  function notTcp(port: SecureBench): number {
    const m = asking(port, {}, { mss: 100 });
    port.memory.u8[port.memory.u32[m >> 2] + 128 + 23] = 17;
    return m;
  }

  function late(port: SecureBench, session: SecuritySession): number {
    const m = port.secret(session, espFrame({ spi: 7, payload: new Uint8Array(200) }), TX_IPV4_HI | TX_IP_CKSUM_HI);
    port.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_TCP_SEG_HI;
    setTxOffload(port.memory, m, 14, 20, 0, 100);
    return m;
  }

  function early(port: SecureBench, session: SecuritySession): number {
    const m = asking(port, { esp }, { mss: 100, session });
    port.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] &= ~TX_TCP_SEG_HI >>> 0;
    return m;
  }
});

it('a port without inline IPsec cuts up into frames of 15.5 KiB', () => {
  const port = new SecureBench({ mbufs: 127 }).start({ txOffloads: TX_OFFLOAD_TCP_TSO | TX_OFFLOAD_MULTI_SEGS });
  const cuts = Array.from({ length: 16 }, (_, i) => 2000 * (i + 1));
  const most = 15872 - 4 - 54;
  const packet = { data: 2 * most };
  judge(sendAll(port, [asking(port, packet, { mss: most, cuts })]), packet, { mss: most });
  expect(sendAll(port, [asking(port, packet, { mss: most + 1, cuts })])).toEqual([]);
  expect(port.driver.counter('txBadSegmentation')).toBe(1);
  port.end();
});
