import {
  TX_OFFLOAD_IPV4_CKSUM,
  TX_OFFLOAD_MULTI_SEGS,
  TX_OFFLOAD_TCP_CKSUM,
  TX_OFFLOAD_UDP_CKSUM,
  TX_OFFLOAD_VLAN_INSERT,
} from '@inline-ipsec/ethdev/offloads';
import { MBUF_OL_FLAGS_HI, MBUF_VLAN_TCI } from '@inline-ipsec/mbuf/layout';
import {
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_CKSUM_HI,
  TX_UDP_CKSUM_HI,
  TX_VLAN_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import {
  ipv4ChecksumOk,
  ipv4PseudoHeaderSum,
  ipv6PseudoHeaderSum,
  udpTcpChecksumOk,
  writeIpv4UdpTcpChecksum,
} from '@inline-ipsec/net/checksum';
import { describe, expect, it } from 'vitest';
import { tdt } from './registers.ts';
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
  sealed,
  sessionOf,
} from './testing/secure-bench.ts';

/** What else the card puts into an ESP packet on its way out: checksums of what is in it, and a VLAN tag. */

const ALL = {
  ...BOTH,
  txOffloads:
    BOTH.txOffloads |
    TX_OFFLOAD_IPV4_CKSUM |
    TX_OFFLOAD_UDP_CKSUM |
    TX_OFFLOAD_TCP_CKSUM |
    TX_OFFLOAD_VLAN_INSERT |
    TX_OFFLOAD_MULTI_SEGS,
};
const UDP = 17;
const TCP = 6;

/** UDP or TCP with `data` bytes, and 0 for its checksum. */
function layer4(protocol: number, data: number): Uint8Array {
  const bytes = Array.from({ length: data }, (_, i) => (i * 31 + 5) & 255);
  if (protocol === UDP) return Uint8Array.of(0, 53, 0x12, 0x34, (8 + data) >> 8, (8 + data) & 255, 0, 0, ...bytes);
  return Uint8Array.of(0, 80, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 1, 0, 0, 0, 0, 0, ...bytes);
}

function pseudoSum(frame: Uint8Array, ipv6: boolean, bytes: number, protocol: number): number {
  return ipv6 ? ipv6PseudoHeaderSum(frame, 14, bytes, protocol) : ipv4PseudoHeaderSum(frame, 14, bytes, protocol);
}

/** An ESP packet of transport mode: its checksum is the pseudo header's sum, its IPv4 checksum 0. */
function transportFrame(protocol: number, data: number, ipv6: boolean, pad?: number): Uint8Array {
  const payload = layer4(protocol, data);
  const destination = ipv6 ? IPV6_END : TUNNEL_END;
  const frame = espFrame({ spi: 7, payload, destination, ...(pad === undefined ? {} : { pad }) });
  const esp = ipv6 ? 54 : 34;
  const sum = pseudoSum(frame, ipv6, payload.length, protocol);
  frame.set([sum >> 8, sum & 255], esp + 16 + (protocol === UDP ? 6 : 16));
  if (!ipv6) frame.fill(0, 24, 26);
  frame[frame.length - 17] = protocol;
  return frame;
}

/** What is behind the ESP header, in clear, without the trailer. */
function opened(frame: Uint8Array, esp: number): Uint8Array {
  const nonce = Uint8Array.of(...SALT, ...frame.subarray(esp + 8, esp + 16));
  const clear = unseal(KEY, nonce, frame.subarray(esp, esp + 8), frame.subarray(esp + 16));
  return clear.subarray(0, clear.length - 2 - clear[clear.length - 2]);
}

function tagOf(port: SecureBench, m: number, vlan: number, flags = 0): number {
  port.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_VLAN_HI | flags;
  port.memory.u16[(m + MBUF_VLAN_TCI) >> 1] = vlan;
  return m;
}

function tagged(frame: Uint8Array, vlan: number): Uint8Array {
  return Uint8Array.of(...frame.subarray(0, 12), 0x81, 0, vlan >> 8, vlan & 255, ...frame.subarray(12));
}

describe('checksums in an ESP packet', () => {
  const KINDS = [
    ['UDP over IPv4', UDP, false],
    ['TCP over IPv4', TCP, false],
    ['UDP over IPv6', UDP, true],
    ['TCP over IPv6', TCP, true],
  ] as const;

  it.each(KINDS)('are right when it is deciphered: %s, transport mode', (_kind, protocol, ipv6) => {
    const port = new SecureBench().start(ALL);
    const session = port.session(egressTransport(7));
    const flags =
      (protocol === UDP ? TX_UDP_CKSUM_HI : TX_TCP_CKSUM_HI) | (ipv6 ? TX_IPV6_HI : TX_IPV4_HI | TX_IP_CKSUM_HI);
    for (const data of [0, 1, 2, 3, 100, 1301]) {
      const least = (4 - ((data + (protocol === UDP ? 8 : 20) + 2) & 3)) & 3;
      for (const pad of [least, least + 16, least + 252]) {
        const frame = transportFrame(protocol, data, ipv6, Math.min(pad, 255 - ((255 - least) & 3)));
        port.send([port.secret(session, frame, flags)]);
        const [sent] = port.list.sent.splice(0);
        const inner = opened(sent, ipv6 ? 54 : 34);
        expect(inner).toHaveLength(data + (protocol === UDP ? 8 : 20));
        const sum = pseudoSum(sent, ipv6, inner.length, protocol);
        expect(udpTcpChecksumOk(inner, 0, inner.length, protocol, sum), `${data} and ${pad}`).toBe(true);
        expect(inner[protocol === UDP ? 6 : 16] | inner[protocol === UDP ? 7 : 17]).not.toBe(0);
        if (!ipv6) expect(ipv4ChecksumOk(sent, 14)).toBe(true);
        // All else is as software wrote it.
        expect(inner.subarray(protocol === UDP ? 8 : 18)).toEqual(
          layer4(protocol, data).subarray(protocol === UDP ? 8 : 18),
        );
      }
    }
    expect(port.driver.counter('txUnsupportedOffload')).toBe(0);
    port.end();
  });

  it('are right over several segments, wherever they are cut', () => {
    const port = new SecureBench().start(ALL);
    const session = port.session(egressTransport(7));
    const frame = transportFrame(UDP, 101, false);
    for (const cut of [14, 34, 40, 50, 55, 58, 90, frame.length - 18, frame.length - 16]) {
      const m = port.mbuf(frame.subarray(0, cut));
      port.chain(m, port.mbuf(frame.subarray(cut)));
      port.memory.u32[(m + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI | TX_UDP_CKSUM_HI | TX_IP_CKSUM_HI | TX_IPV4_HI;
      port.security.setPacketMetadata(session.position, m);
      port.send([m]);
      const [sent] = port.list.sent.splice(0);
      const inner = opened(sent, 34);
      expect(udpTcpChecksumOk(inner, 0, 109, UDP, ipv4PseudoHeaderSum(sent, 14, 109, UDP)), `cut ${cut}`).toBe(true);
      expect(ipv4ChecksumOk(sent, 14)).toBe(true);
    }
    port.end();
  });

  it('of a tunnel are the outer header’s: those in it are software’s, and stay as they are', () => {
    const port = new SecureBench().start(ALL);
    const session = port.session(egress(7));
    const udp = layer4(UDP, 33);
    const inner = Uint8Array.of(
      0x45,
      0,
      0,
      20 + udp.length,
      0,
      9,
      0,
      0,
      64,
      UDP,
      0,
      0,
      10,
      0,
      0,
      1,
      10,
      0,
      0,
      2,
      ...udp,
    );
    const outerOf = (bytes: Uint8Array): number => (bytes[24] << 8) | bytes[25];
    writeIpv4UdpTcpChecksum(inner, 0);
    const frame = espFrame({ spi: 7, payload: inner });
    const right = outerOf(frame);
    frame.fill(0, 24, 26);
    port.send([port.secret(session, frame, TX_IP_CKSUM_HI | TX_IPV4_HI)]);
    const [sent] = port.list.sent.splice(0);
    expect(opened(sent, 34)).toEqual(inner);
    expect([ipv4ChecksumOk(sent, 14), outerOf(sent)]).toEqual([true, right]);
    port.end();
  });

  it('are refused in a tunnel, where the card would sum another header', () => {
    const port = new SecureBench().start(ALL);
    const session = port.session(egress(7));
    const frame = espFrame({ spi: 7, payload: layer4(UDP, 30) });
    for (const flag of [TX_UDP_CKSUM_HI, TX_TCP_CKSUM_HI]) port.send([port.secret(session, frame, flag | TX_IPV4_HI)]);
    expect(port.list.sent).toEqual([]);
    expect(port.driver.counter('txUnsupportedOffload')).toBe(2);
    expect(port.port.stats().oerrors).toBe(2);
    port.end();
  });
});

describe('a VLAN tag', () => {
  it('is put into any frame, whatever it carries', () => {
    const port = new SecureBench().start(ALL);
    const arp = Uint8Array.from({ length: 60 }, (_, i) => (i === 12 ? 8 : i === 13 ? 6 : i));
    port.send([tagOf(port, port.mbuf(arp), 0x6005), tagOf(port, port.mbuf(arp), 0), port.mbuf(arp)]);
    expect(port.list.sent.splice(0)).toEqual([tagged(arp, 0x6005), tagged(arp, 0), arp]);
    const [head, tail] = [port.mbuf(arp.subarray(0, 13)), port.mbuf(arp.subarray(13))];
    port.chain(head, tail);
    port.send([tagOf(port, head, 7)]);
    expect(port.list.sent.splice(0)).toEqual([tagged(arp, 7)]);
    port.end();
  });

  it('is put behind checksums and encryption, which do not see it', () => {
    const port = new SecureBench().start(ALL);
    const secret = port.session(egressTransport(7));
    const authentic = port.session(sessionOf('egress', 8, gmac('encrypt')));
    const frame = transportFrame(UDP, 50, false);
    const flags = TX_UDP_CKSUM_HI | TX_IP_CKSUM_HI | TX_IPV4_HI;
    port.send([port.secret(secret, frame, flags), tagOf(port, port.secret(secret, frame, flags), 0xe123)]);
    const [plain, withTag] = port.list.sent.splice(0);
    expect(withTag).toEqual(tagged(plain, 0xe123));
    expect(ipv4ChecksumOk(withTag, 18)).toBe(true);
    const gmacFrame = espFrame({ spi: 8 });
    port.send([tagOf(port, port.secret(authentic, gmacFrame), 5)]);
    expect(port.list.sent.splice(0)).toEqual([tagged(sealed(seal, gmacFrame, { authOnly: true }), 5)]);
    expect(port.card.counters()).not.toHaveProperty('txSecurityHeaderDiffers');
    port.end();
  });

  it('is each packet’s own, in a burst with others that are like it but for that', () => {
    const port = new SecureBench().start(ALL);
    const session = port.session(egress(7));
    const frame = espFrame({ spi: 7 });
    const right = sealed(seal, frame);
    const tags = [undefined, 5, 5, undefined, undefined, 6, 5, undefined, 7];
    port.send(
      tags.map((vlan) => {
        const m = port.secret(session, frame);
        return vlan === undefined ? m : tagOf(port, m, vlan);
      }),
    );
    expect(port.list.sent.splice(0)).toEqual(tags.map((vlan) => (vlan === undefined ? right : tagged(right, vlan))));
    // A context that the card still has is not written anew: nine packets and five contexts.
    expect(port.card.read(tdt(0))).toBe(9 + 5);
    port.end();
  });

  it('may make a frame as long as the card can send, and no longer', () => {
    const port = new SecureBench().start(ALL);
    const chained = (length: number): number => {
      const m = port.mbuf(new Uint8Array(1724).fill(2));
      for (let left = length - 1724; left > 0; left -= 2000)
        port.chain(m, port.mbuf(new Uint8Array(Math.min(left, 2000))));
      return m;
    };
    port.send([chained(9724), tagOf(port, chained(9720), 1), chained(9725), tagOf(port, chained(9721), 1)]);
    expect(port.list.sent.map((sent) => sent.length)).toEqual([9724, 9724]);
    expect(port.driver.counter('txBadLength')).toBe(2);
    port.end();
  });
});
