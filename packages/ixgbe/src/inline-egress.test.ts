import { RX_OFFLOAD_SECURITY, TX_OFFLOAD_MULTI_SEGS } from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_HI } from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_SEC_OFFLOAD_HI,
  TX_UDP_CKSUM_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { pktmbufAdj, pktmbufChain, pktmbufPrepend, pktmbufRefcntUpdate } from '@inline-ipsec/mbuf/pktmbuf';
import { setTxOffload } from '@inline-ipsec/mbuf/tx-offload';
import { securityMetadataField } from '@inline-ipsec/security/packet-metadata';
import { describe, expect, it } from 'vitest';
import { tdt } from './registers.ts';
import { espFrame, ICV_BYTES } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import {
  BOTH,
  bytesOf,
  egress,
  egressTransport,
  gmac,
  IPV6_END,
  ingress,
  KEY,
  OTHER_KEY,
  type SealOptions,
  SecureBench,
  sealed,
  secureBench,
  sessionOf,
} from './testing/secure-bench.ts';
import { ARTICLE_ESP, ARTICLE_INNER, ARTICLE_TRAILER } from './vectors/article.ts';

const enciphered = (frame: Uint8Array, options?: SealOptions): Uint8Array => sealed(seal, frame, options);

describe("the article's packet", () => {
  const header = bytesOf('020000000001020000000002' + '0800');
  const esp = Uint8Array.of(...header, ...bytesOf(ARTICLE_ESP));
  const clear = Uint8Array.of(
    ...header,
    ...bytesOf(ARTICLE_ESP).subarray(0, 36),
    ...bytesOf(ARTICLE_INNER + ARTICLE_TRAILER),
    ...new Uint8Array(ICV_BYTES),
  );

  it('goes from the driver through the silicon to the wire bit for bit', () => {
    const bench = secureBench();
    const session = bench.session(egress(1005));
    expect(bench.send([bench.secret(session, clear, TX_IPV4_HI)])).toBe(1);
    expect(bench.list.sent).toEqual([esp]);
    expect(bench.card.counter('txSecurityHeaderDiffers')).toBe(0);
    bench.end();
  });

  it('has its metadata set before it has an Ethernet header, as by the gateway', () => {
    const bench = secureBench();
    const session = bench.session(egress(1005));
    const m = bench.mbuf(clear);
    const { memory } = bench;
    pktmbufAdj(memory, m, 14);
    expect(bench.security.setPacketMetadata(session.position, m)).toBe(0);
    pktmbufPrepend(memory, m, 14);
    memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI | TX_IPV4_HI;
    setTxOffload(memory, m, 14, 20);
    bench.send([m]);
    expect(bench.list.sent).toEqual([esp]);
    bench.end();
  });
});

describe('inline IPsec on the way out', () => {
  it.each([
    ['IPv4', {}, 20],
    ['IPv6', { destination: IPV6_END }, 40],
  ])('enciphers %s whether the flags say which it is or not', (_name, options, l3) => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7, ...options });
    const said = l3 === 20 ? TX_IPV4_HI : TX_IPV6_HI;
    bench.send([bench.secret(session, frame), bench.secret(session, frame, said)]);
    expect(bench.list.sent).toEqual([enciphered(frame, { l3 }), enciphered(frame, { l3 })]);
    expect(bench.card.counter('txSecurityHeaderDiffers')).toBe(0);
    bench.end();
  });

  it('finds the IP header behind VLAN tags', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7, tags: 2 });
    bench.send([bench.secret(session, frame)]);
    expect(bench.list.sent).toEqual([enciphered(frame, { l3: 28 })]);
    bench.end();
  });

  it('authenticates without encryption by AES-128-GMAC', () => {
    const bench = secureBench();
    const session = bench.session(sessionOf('egress', 9, gmac('encrypt')));
    const frame = espFrame({ spi: 9 });
    bench.send([bench.secret(session, frame)]);
    expect(bench.list.sent).toEqual([enciphered(frame, { authOnly: true })]);
    expect(bench.card.counter('txSecurityAuthenticated')).toBe(1);
    bench.end();
  });

  it('fills in the IPv4 header checksum in the same pass', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    const blank = frame.slice();
    blank.fill(0, 24, 26);
    bench.send([bench.secret(session, blank, TX_IP_CKSUM_HI | TX_IPV4_HI)]);
    expect(bench.list.sent).toEqual([enciphered(frame)]);
    bench.end();
  });

  it('sums a UDP payload up to the ESP trailer, whatever its length', () => {
    const bench = secureBench();
    const session = bench.session(egressTransport(7));
    const pads = [0, 4, 16, 32, 236, 252];
    for (const pad of pads) {
      const udp = Uint8Array.of(0, 53, 0, 53, 0, 10, 0, 0, 0xab, 0xcd);
      const frame = espFrame({ spi: 7, payload: udp, pad });
      const sum = sumOf(udp);
      const summed = frame.slice();
      summed[14 + 20 + 16 + 6] = ~sum >>> 8;
      summed[14 + 20 + 16 + 7] = ~sum & 0xff;
      bench.send([bench.secret(session, frame, TX_UDP_CKSUM_HI | TX_IPV4_HI)]);
      expect(bench.list.sent.splice(0), `pad ${pad}`).toEqual([enciphered(summed)]);
    }
    bench.end();
  });

  it('enciphers a packet of several segments, wherever the trailer lies', () => {
    const bench = new SecureBench().start({ ...BOTH, txOffloads: BOTH.txOffloads | TX_OFFLOAD_MULTI_SEGS });
    const session = bench.session(egress(7));
    const payload = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    const frame = espFrame({ spi: 7, payload, pad: 2 });
    for (const cuts of [[100], [100, 100], [frame.length - 17], [frame.length - 18], [60, frame.length - 20]]) {
      const ends = [...cuts, frame.length];
      const mbufs = ends.map((end, i) => bench.mbuf(frame.subarray(i === 0 ? 0 : ends[i - 1], end)));
      for (const next of mbufs.slice(1)) pktmbufChain(bench.memory, mbufs[0], next);
      bench.memory.u32[(mbufs[0] + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI;
      expect(bench.security.setPacketMetadata(session.position, mbufs[0])).toBe(0);
      bench.send([mbufs[0]]);
      expect(bench.list.sent.splice(0), `cut at ${cuts}`).toEqual([enciphered(frame)]);
    }
    bench.end();
  });

  it('tells SAs apart whose indices are equal in eight bits, and trailers that are equal in four', () => {
    const bench = new SecureBench({ sessions: 600 }).start(BOTH);
    const keys = [KEY, OTHER_KEY];
    const sessions = Array.from({ length: 513 }, (_, i) => bench.session(egress(1000 + i, keys[i === 256 ? 1 : 0])));
    for (const pad of [2, 18, 34, 2]) {
      for (const i of [0, 256, 512, 0, 256]) {
        const frame = espFrame({ spi: 1000 + i, pad });
        bench.send([bench.secret(sessions[i], frame)]);
        expect(bench.list.sent.splice(0)).toEqual([enciphered(frame, { key: keys[i === 256 ? 1 : 0] })]);
      }
    }
    bench.end();
  });

  it('changes between two contexts without writing them anew', () => {
    const bench = secureBench();
    const a = bench.session(egress(1));
    const b = bench.session(egress(2, OTHER_KEY));
    const frames = Array.from({ length: 20 }, (_, i) => espFrame({ spi: 1 + (i & 1), sequence: i + 1 }));
    const mbufs = frames.map((frame, i) => bench.secret((i & 1) === 0 ? a : b, frame));
    bench.send(mbufs);
    expect(bench.list.sent).toEqual(
      frames.map((frame, i) => enciphered(frame, { key: (i & 1) === 0 ? KEY : OTHER_KEY })),
    );
    // 20 packets and two contexts.
    expect(bench.card.read(tdt(0))).toBe(22);
    bench.end();
  });
});

/** One's complement sum, over bytes whose number is even. */
function sumOf(words: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i += 2) sum += (words[i] << 8) | words[i + 1];
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

describe('what asks for inline IPsec and cannot have it', () => {
  function refusal(bench: SecureBench, mbufs: number[], reason: Parameters<SecureBench['driver']['counter']>[0]): void {
    const before = bench.driver.counter(reason);
    expect(bench.send(mbufs)).toBe(mbufs.length);
    expect(bench.list.sent).toEqual([]);
    expect(bench.driver.counter(reason) - before).toBe(mbufs.length);
  }

  it('is never sent in clear when nobody set its metadata', () => {
    const bench = secureBench();
    bench.session(egress(0x01020304));
    refusal(bench, [bench.secret(undefined, espFrame({ spi: 0x01020304 }))], 'txSecurityWithoutMetadata');
    expect(bench.port.stats().oerrors).toBe(1);
    bench.end();
  });

  it('is found out when its mbuf has the metadata of its last use', () => {
    const bench = new SecureBench({ mbufs: 65 }).start(BOTH);
    const session = bench.session(egress(7));
    // The pool has one mbuf besides the ring's: each use gets the same one.
    expect(bench.sendFrame(session, { spi: 7 })).toHaveLength(1);
    bench.driver.txDoneCleanup(0);
    refusal(bench, [bench.secret(undefined, espFrame({ spi: 7 }))], 'txSecurityWithoutMetadata');
    bench.end();
  });

  it('is found out when the metadata is of a packet that was never sent, and of another SA', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const m = bench.secret(session, espFrame({ spi: 7 }));
    bench.memory.u8[bench.memory.u32[m >> 2] + 128 + 14 + 20 + 3] = 8;
    refusal(bench, [m], 'txSecurityUnknownSa');
    bench.end();
  });

  it('may be sent again by whoever holds it', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    const m = bench.secret(session, frame);
    pktmbufRefcntUpdate(bench.memory, m, 1);
    bench.send([m]);
    bench.send([m]);
    expect(bench.list.sent).toEqual([enciphered(frame), enciphered(frame)]);
    bench.end();
  });

  it('is refused when its SA is gone, or when another has its place', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const late = bench.secret(session, espFrame({ spi: 7 }));
    const later = bench.secret(session, espFrame({ spi: 7 }));
    bench.security.sessionDestroy(session);
    refusal(bench, [late], 'txSecurityUnknownSa');
    bench.session(egress(8));
    refusal(bench, [later], 'txSecurityUnknownSa');
    bench.end();
  });

  it('is refused on a port that is not configured for it', () => {
    const bench = new SecureBench().start({ rxOffloads: RX_OFFLOAD_SECURITY });
    refusal(bench, [bench.secret(undefined, espFrame({ spi: 7 }))], 'txSecurityNotConfigured');
    bench.end();
  });

  it('is refused when the card would not find its ESP header', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    const withOptions = Uint8Array.of(...frame.subarray(0, 34), 1, 1, 1, 1, ...frame.subarray(34));
    withOptions[14] = 0x46;
    const udp = frame.slice();
    udp[23] = 17;
    const arp = frame.slice();
    arp[13] = 6;
    refusal(
      bench,
      [withOptions, udp, arp].map((bad) => bench.secret(session, bad)),
      'txBadHeaders',
    );
    refusal(bench, [bench.secret(session, frame, TX_IPV6_HI)], 'txBadHeaders');
    bench.end();
  });

  it('gets no metadata when its trailer cannot be', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    frame[frame.length - 18] = 255;
    const m = bench.mbuf(frame);
    expect(bench.security.setPacketMetadata(session.position, m)).toBe(-1);
    const short = bench.mbuf(new Uint8Array(17));
    expect(bench.security.setPacketMetadata(session.position, short)).toBe(-1);
    const inbound = bench.session(ingress(7));
    const good = bench.mbuf(espFrame({ spi: 7 }));
    expect(bench.security.setPacketMetadata(inbound.position, good)).toBe(-1);
    bench.free(m, short, good);
    bench.end();
  });

  it('is given in bursts as one by one, whatever is among them', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const inbound = bench.session(ingress(7));
    const bad = espFrame({ spi: 7 });
    bad[bad.length - 18] = 255;
    const mbufs = Uint32Array.of(
      ...[espFrame({ spi: 7 }), bad, espFrame({ spi: 7 }), new Uint8Array(17), espFrame({ spi: 7 })].map((frame) =>
        bench.mbuf(frame),
      ),
    );
    const field = securityMetadataField(bench.memory);
    const metadata = () => [...mbufs].map((m) => [...bench.memory.u32.slice((m + field) >> 2, ((m + field) >> 2) + 2)]);
    const forget = () => {
      for (const m of mbufs) bench.memory.u32.fill(0, (m + field) >> 2, ((m + field) >> 2) + 2);
    };
    forget();
    const one = [...mbufs].map((m) => bench.security.setPacketMetadata(session.position, m));
    const expected = metadata();
    forget();
    expect(bench.security.setPacketMetadataBurst(session.position, mbufs, 0, 5)).toBe(3);
    expect(one).toEqual([0, -1, 0, -1, 0]);
    expect(metadata()).toEqual(expected);
    forget();
    expect(bench.security.setPacketMetadataBurst(session.position, mbufs, 1, 3)).toBe(1);
    expect(metadata()[0]).toEqual([0, 0]);
    expect(bench.security.setPacketMetadataBurst(inbound.position, mbufs, 0, 5)).toBe(0);
    bench.free(...mbufs);
    bench.end();
  });

  it('does not keep others from being sent', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    const mbufs = [bench.secret(session, frame), bench.secret(undefined, frame), bench.secret(session, frame)];
    expect(bench.send(mbufs)).toBe(3);
    expect(bench.list.sent).toEqual([enciphered(frame), enciphered(frame)]);
    bench.end();
  });
});
