import { TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_TCP_TSO, TX_OFFLOAD_VLAN_INSERT } from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_HI, MBUF_VLAN_TCI } from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_QINQ_HI,
  TX_SCTP_CKSUM_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_CKSUM_HI,
  TX_TCP_SEG_HI,
  TX_UDP_CKSUM_HI,
  TX_VLAN_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { setTxOffload } from '@inline-ipsec/mbuf/tx-offload';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { espFrame, TUNNEL_END } from './testing/esp-frame.ts';
import { seal, unseal } from './testing/node/seal.ts';
import {
  BOTH,
  egress,
  egressTransport,
  gmac,
  IPV6_END,
  KEY,
  SALT,
  SecureBench,
  sessionOf,
} from './testing/secure-bench.ts';
import { tcpFrame } from './testing/tcp-frame.ts';

/**
 * Whatever software asks of a packet, with whatever lies about it: the card is never given what it must complain of, nothing
 * leaves in clear that was to be enciphered, and each packet either leaves or is counted.
 */

const SPIS = { transport: 7, tunnel: 8, gmac: 9 } as const;

const packet = fc.record({
  kind: fc.constantFrom('clear', 'transport', 'tunnel', 'gmac' as const),
  segments: fc.boolean(),
  ipv6: fc.boolean(),
  data: fc.integer({ min: 0, max: 900 }),
  mss: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 40, max: 1000 }), fc.constant(0xffff)),
  flags: fc.subarray([
    TX_IP_CKSUM_HI,
    TX_UDP_CKSUM_HI,
    TX_TCP_CKSUM_HI,
    TX_SCTP_CKSUM_HI,
    TX_VLAN_HI,
    TX_IPV4_HI,
    TX_IPV6_HI,
  ]),
  strange: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(TX_QINQ_HI) }),
  told: fc.oneof(
    { weight: 3, arbitrary: fc.constant('right' as const) },
    { weight: 2, arbitrary: fc.constant('nothing' as const) },
    fc.record({ l2: fc.nat({ max: 127 }), l3: fc.nat({ max: 511 }), l4: fc.nat({ max: 255 }) }),
  ),
  metadata: fc.constantFrom('right', 'right', 'right', 'none', 'before the flags', 'of another' as const),
  sequence: fc.constantFrom(1, 0xffff_fffe),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  short: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat({ max: 900 })),
});
type Packet = typeof packet extends fc.Arbitrary<infer T> ? T : never;

/** What a card counts when its driver told it nonsense. */
const COMPLAINTS = [
  'txBadSegmentation',
  'txBadAddress',
  'txBadDescriptorType',
  'txZeroLength',
  'txTooShort',
  'txTooLong',
  'txDropped',
  'txPayloadLengthDiffers',
  'txHeaderLengthBeyondPacket',
  'txSecurityOff',
  'txSecurityMalformed',
  'txSecurityHeaderDiffers',
  'txSecurityZeroKey',
  'txSecurityWithoutCheck',
] as const;

function frameOf(what: Packet, number: number): Uint8Array {
  const { kind, segments, ipv6, data, sequence, short } = what;
  const spi = kind === 'clear' ? 0 : SPIS[kind];
  let frame: Uint8Array;
  if (segments || kind === 'clear') {
    frame = tcpFrame({ data, ipv6, ...(kind === 'clear' ? {} : { esp: { spi, sequence } }) });
  } else {
    const payload = Uint8Array.from({ length: data }, (_, i) => i & 0xff);
    frame = espFrame({ spi, sequence, payload, destination: ipv6 ? IPV6_END : TUNNEL_END });
  }
  frame.set([number >> 8, number & 255], 10);
  return frame.slice(0, Math.max(17, frame.length - short));
}

function mbufOf(
  bench: SecureBench,
  sessions: Record<string, { position: number }>,
  what: Packet,
  number: number,
): number {
  const { kind, segments, ipv6, mss, flags, strange, told, metadata, cuts } = what;
  const frame = frameOf(what, number);
  const places = [...new Set(cuts.map((cut) => Math.floor(cut * frame.length)))].sort((a, b) => a - b);
  const ends = [...places, frame.length];
  const [m, ...rest] = ends.map((end, i) => bench.mbuf(frame.subarray(i === 0 ? 0 : ends[i - 1], end)));
  for (const next of rest) bench.chain(m, next);
  const { memory } = bench;
  if (told === 'right') setTxOffload(memory, m, 14, ipv6 ? 40 : 20, segments ? 20 : 0, mss);
  else if (told === 'nothing') setTxOffload(memory, m, 0, 0, 0, mss);
  else setTxOffload(memory, m, told.l2, told.l3, told.l4, mss);
  const asked = flags.reduce((all, flag) => all | flag, strange) | (kind === 'clear' ? 0 : TX_SEC_OFFLOAD_HI);
  const at = (m + MBUF_OL_FLAGS_HI) >> 2;
  const session = sessions[metadata === 'of another' ? 'tunnel' : kind];
  if (metadata === 'before the flags' && session !== undefined) bench.security.setPacketMetadata(session.position, m);
  memory.u32[at] |= (asked | (segments ? TX_TCP_SEG_HI : 0)) >>> 0;
  memory.u16[(m + MBUF_VLAN_TCI) >> 1] = number & 0xfff;
  if ((metadata === 'right' || metadata === 'of another') && session !== undefined) {
    bench.security.setPacketMetadata(session.position, m);
  }
  return m;
}

/** Whether there is nothing about a packet for which it could be refused. */
function mustLeave(what: Packet): boolean {
  const { kind, segments, ipv6, data, mss, flags, strange, told, metadata, sequence, short } = what;
  const sums = flags.filter((flag) => [TX_UDP_CKSUM_HI, TX_TCP_CKSUM_HI, TX_SCTP_CKSUM_HI].includes(flag));
  const ipSum = flags.includes(TX_IP_CKSUM_HI);
  if (strange !== 0 || short !== 0 || typeof told !== 'string') return false;
  if (kind !== 'clear' && metadata !== 'right') return false;
  if (flags.includes(ipv6 ? TX_IPV4_HI : TX_IPV6_HI) || (ipSum && ipv6)) return false;
  if (sums.length > 1 || sums.includes(TX_SCTP_CKSUM_HI)) return false;
  if (!segments) return sums.length === 0 || (kind !== 'tunnel' && data >= 20);
  if (kind === 'tunnel' || sums.includes(TX_UDP_CKSUM_HI) || !(ipv6 || ipSum)) return false;
  return data > 0 && mss > 0 && (sequence === 1 || kind === 'clear' || data <= 2 * mss);
}

/** Throws when an ESP packet is not what its SA makes of it. */
function open(frame: Uint8Array, what: Packet): void {
  const esp = 14 + (what.ipv6 ? 40 : 20);
  const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + 16));
  if (what.kind === 'gmac') {
    const tag = seal(KEY, nonce, frame.subarray(esp, -16), new Uint8Array(0));
    if (String(tag) !== String(frame.subarray(-16))) throw new Error('not authentic');
  } else unseal(KEY, nonce, frame.subarray(esp, esp + 8), frame.subarray(esp + 16));
}

it('whatever is asked for, packets leave as they must or are counted', () => {
  const offloads = BOTH.txOffloads | TX_OFFLOAD_MULTI_SEGS | TX_OFFLOAD_TCP_TSO | TX_OFFLOAD_VLAN_INSERT;
  fc.assert(
    fc.property(
      fc.array(fc.array(packet, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
      (bursts) => {
        const bench = new SecureBench({ mbufs: 511 }).start({ ...BOTH, txOffloads: offloads });
        const sessions = {
          transport: bench.session(egressTransport(SPIS.transport)),
          tunnel: bench.session(egress(SPIS.tunnel)),
          gmac: bench.session(sessionOf('egress', SPIS.gmac, gmac('encrypt'), { mode: 'transport' })),
        };
        const all = bursts.flat();
        let number = 0;
        let frames = 0;
        const left = new Map<number, number>();
        for (const burst of bursts) {
          const mbufs = burst.map((what) => mbufOf(bench, sessions, what, number++));
          let rest = Uint32Array.from(mbufs);
          for (let i = 0; i < 40; i++) {
            if (rest.length > 0) rest = rest.slice(bench.port.txBurst(0, rest, rest.length));
            bench.card.step(64);
          }
          expect(rest).toHaveLength(0);
          for (const sent of bench.list.sent.splice(0)) {
            const which = (sent[10] << 8) | sent[11];
            const what = all[which];
            const tagged = what.flags.includes(TX_VLAN_HI);
            if (tagged) expect([...sent.subarray(12, 16)]).toEqual([0x81, 0, which >> 8, which & 255]);
            const frame = tagged ? Uint8Array.of(...sent.subarray(0, 12), ...sent.subarray(16)) : sent;
            if (what.kind !== 'clear') expect(() => open(frame, what), JSON.stringify(what)).not.toThrow();
            left.set(which, (left.get(which) ?? 0) + 1);
            frames++;
          }
        }
        const { opackets, oerrors } = bench.port.stats();
        expect([opackets, oerrors]).toEqual([frames, all.length - left.size]);
        all.forEach((what, which) => {
          if (mustLeave(what)) expect(left.has(which), JSON.stringify(what)).toBe(true);
        });
        for (const [which, count] of left) {
          const what = all[which];
          const head = 14 + (what.ipv6 ? 40 : 20) + (what.kind === 'clear' ? 0 : 16) + 20;
          const data = frameOf(what, which).length - head;
          expect(count, JSON.stringify(what)).toBe(what.segments ? Math.ceil(data / what.mss) : 1);
        }
        for (const complaint of COMPLAINTS) expect(bench.card.counter(complaint), complaint).toBe(0);
        bench.driver.txDoneCleanup(0);
        bench.end();
        expect(bench.pool.inUseCount).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
