import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { Eal } from '@inline-ipsec/eal/eal';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import {
  RX_OFFLOAD_SECURITY,
  TX_OFFLOAD_MULTI_SEGS,
  TX_OFFLOAD_SECURITY,
  TX_OFFLOAD_TCP_TSO,
  TX_OFFLOAD_VLAN_INSERT,
} from '@inline-ipsec/ethdev/offloads';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { ixgbeDevice } from '@inline-ipsec/ixgbe/ixgbe-device';
import { Mbuf } from '@inline-ipsec/mbuf/cursor';
import { MBUF_VLAN_TCI } from '@inline-ipsec/mbuf/layout';
import {
  setOffloadFlagsHi,
  TX_IP_CKSUM_HI,
  TX_IPV4_HI,
  TX_IPV6_HI,
  TX_SEC_OFFLOAD_HI,
  TX_TCP_SEG_HI,
  TX_VLAN_HI,
} from '@inline-ipsec/mbuf/offload-flags';
import { PktmbufPool, pktmbufAppend, pktmbufChain, pktmbufFree } from '@inline-ipsec/mbuf/pktmbuf';
import { setTxOffload } from '@inline-ipsec/mbuf/tx-offload';
import { ipv4PseudoHeaderSum, ipv6PseudoHeaderSum } from '@inline-ipsec/net/checksum';
import { writePcap } from '@inline-ipsec/net/pcap';
import type { PortSecurity } from '@inline-ipsec/security/port-security';
import { SecuritySessionPool } from '@inline-ipsec/security/session-pool';
import { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { describe, expect, it } from 'vitest';
import { ALGORITHMS, type EspAssociation, keysOf, tsharkWords } from './esp-association.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { hex } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** TCP packets that the modelled 82599 cuts up, in clear and in ESP, with tshark as the judge of every frame. */

const TSHARK = lookFor('tshark', 'tshark', '--version');
const ASSOCIATION: EspAssociation = { spi: 0x5151, algorithm: ALGORITHMS[0], mode: 'transport' };
const MSS = 1000;
const DATA = Uint8Array.from({ length: 7777 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
const SEQUENCE = 0xffff_f800;
const VLAN = 42;

/** What a packet is sent as. */
interface Kind {
  readonly ipv6: boolean;
  readonly esp: boolean;
  readonly vlan: boolean;
}

const be32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** Headers to be repeated: IPv4 checksum 0, TCP checksum that of the pseudo header without a length. */
function headers({ ipv6, esp }: Kind): Uint8Array {
  const protocol = esp ? 50 : 6;
  const bytes = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
  if (ipv6) {
    const source = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    bytes.push(0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, protocol, 64, ...source, ...source.slice(0, 15), 2);
  } else bytes.push(8, 0, 0x45, 0, 0, 0, 0xff, 0xfe, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2);
  if (esp) bytes.push(...be32(ASSOCIATION.spi), ...be32(77), 0, 0, 0, 0, ...be32(77));
  bytes.push(0, 80, 0x12, 0x34, ...be32(SEQUENCE), 0, 0, 0, 1, 0x50, 0x19, 1, 0, 0, 0, 0, 0);
  const head = Uint8Array.from(bytes);
  const sum = ipv6 ? ipv6PseudoHeaderSum(head, 14, 0, 6) : ipv4PseudoHeaderSum(head, 14, 0, 6);
  head.set([sum >> 8, sum & 255], head.length - 4);
  return head;
}

/** Sends one packet from a card to another, and gives the frames that come. */
function framesOf(kind: Kind): Uint8Array[] {
  const ports = new EthPorts();
  const engines = [{ name: 'noble', create: createNobleEngine }];
  const drivers = [ixgbeDevice({ ports, wires: new WireKinds(), engines })];
  const argv = ['app', '-m', '64', '-a', '06:00.0,wire=cable,cable=c', '-a', '06:00.1,wire=cable,cable=c'];
  const { memory, steps } = Eal.init({ argv, environment: simulatedEnvironment(), drivers });
  const pool = PktmbufPool.create(memory, 'mbufs', { count: 1023 });
  const txOffloads = TX_OFFLOAD_SECURITY | TX_OFFLOAD_TCP_TSO | TX_OFFLOAD_VLAN_INSERT | TX_OFFLOAD_MULTI_SEGS;
  const [left, right] = [...ports].map((port) => {
    port.configure({ rxOffloads: RX_OFFLOAD_SECURITY, txOffloads });
    port.rxQueueSetup(0, { pool, descriptors: 128 });
    port.txQueueSetup(0, { descriptors: 128 });
    port.promiscuous = true;
    port.start();
    return port;
  });
  const head = headers(kind);
  const m = pool.alloc();
  memory.u8.set(head, pktmbufAppend(memory, m, head.length));
  for (let at = 0; at < DATA.length; at += 2000) {
    const part = DATA.subarray(at, at + 2000);
    const segment = pool.alloc();
    memory.u8.set(part, pktmbufAppend(memory, segment, part.length));
    pktmbufChain(memory, m, segment);
  }
  setTxOffload(memory, m, 14, kind.ipv6 ? 40 : 20, 20, MSS);
  setOffloadFlagsHi(memory, m, TX_TCP_SEG_HI | (kind.ipv6 ? TX_IPV6_HI : TX_IPV4_HI | TX_IP_CKSUM_HI));
  if (kind.vlan) {
    setOffloadFlagsHi(memory, m, TX_VLAN_HI);
    memory.u16[(m + MBUF_VLAN_TCI) >> 1] = VLAN;
  }
  if (kind.esp) {
    const security = left.securityContext as PortSecurity;
    const sessions = SecuritySessionPool.create(memory, 'sessions', 8, security.sessionPrivateBytes);
    const { cipherKey } = keysOf(ASSOCIATION);
    const [key, salt] = [cipherKey.subarray(0, 16), cipherKey.subarray(16)];
    const session = security.sessionCreate(
      {
        action: 'inline-crypto',
        protocol: 'ipsec',
        ipsec: { spi: ASSOCIATION.spi, salt, direction: 'egress', proto: 'esp', mode: 'transport' },
        crypto: { kind: 'aead', direction: 'encrypt', algorithm: 'aes-gcm', key, ivBytes: 12, tagBytes: 16 },
      },
      sessions,
    );
    setOffloadFlagsHi(memory, m, TX_SEC_OFFLOAD_HI);
    expect(security.setPacketMetadata(session.position, m)).toBe(0);
  }
  expect(left.txBurst(0, Uint32Array.of(m), 1)).toBe(1);
  const frames: Uint8Array[] = [];
  const table = new Uint32Array(32);
  const mbuf = new Mbuf(memory);
  for (let i = 0; i < 8; i++) {
    for (const card of steps.devices()) card.step(32);
    for (const received of table.subarray(0, right.rxBurst(0, table, 32))) {
      frames.push(mbuf.at(received).bytes().slice());
      pktmbufFree(memory, received);
    }
  }
  return frames;
}

const KINDS: [string, Kind][] = [false, true].flatMap((esp) =>
  [false, true].flatMap((ipv6) =>
    [false, true].map((vlan): [string, Kind] => [
      `${ipv6 ? 'IPv6' : 'IPv4'}${esp ? ', ESP' : ''}${vlan ? ', VLAN tag' : ''}`,
      { ipv6, esp, vlan },
    ]),
  ),
);

describe.skipIf(!TSHARK.here)(`segments of a TCP packet${TSHARK.note}`, () => {
  const folder = new TemporaryFolder();

  it.each(KINDS)('are right to tshark, frame by frame: %s', (_name, kind) => {
    folder.write('segments.pcap', writePcap(framesOf(kind).map((data) => ({ data }))));
    const fields = ['vlan.id', 'ip.id', 'ip.checksum.status', 'esp.sequence', 'esp.icv_bad'];
    fields.push('tcp.seq_raw', 'tcp.flags', 'tcp.checksum.status', 'tcp.payload');
    const lines = runForeign(folder.path, 'tshark', [
      ...['-n', '-r', 'segments.pcap', ...tsharkWords([ASSOCIATION])],
      ...['-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-T', 'fields'],
      ...fields.flatMap((field) => ['-e', field]),
    ]);
    const wanted = Array.from({ length: Math.ceil(DATA.length / MSS) }, (_, i) => {
      const last = (i + 1) * MSS >= DATA.length;
      return [
        kind.vlan ? String(VLAN) : '',
        kind.ipv6 ? '' : `0x${((0xfffe + i) & 0xffff).toString(16).padStart(4, '0')}`,
        kind.ipv6 ? '' : '1',
        kind.esp ? String(77 + i) : '',
        kind.esp ? '0' : '',
        String((SEQUENCE + i * MSS) % 2 ** 32),
        last ? '0x0019' : '0x0010',
        '1',
        hex(DATA.subarray(i * MSS, (i + 1) * MSS)),
      ].join('\t');
    });
    expect(lines.trimEnd().split('\n')).toEqual(wanted);
  });
});
