import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ALGORITHMS,
  associationName,
  type EspAssociation,
  MODES,
  saLine,
  scapyHas,
  TUNNEL,
} from './esp-association.ts';
import { captureWords, type Ending, runGateway } from './gateway-process.ts';
import { afterHops, frameOf, fromHex, hex, udpPacket } from './packets.ts';
import { type EspAnswer, type EspTask, SCAPY_ESP, scapyEsp } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/**
 * Lookaside ESP between the gateway and scapy, both ways: every algorithm of the gateway that scapy has, tunnels of both
 * families and transport, packets of both families inside.
 *
 * One gateway has all associations. Number n protects what goes to 10.n.0.0/16 and fd10:n::/32, and what comes out of
 * it goes to 11.n.0.0/16 and fd11:n::/32.
 */

const OUTBOUND_SPI = 1000;
const INBOUND_SPI = 5000;
/** Bytes of UDP data: every length of padding, the least and the most. */
const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 300, 1350];

const ROWS = ALGORITHMS.flatMap((algorithm) => MODES.map((mode): EspAssociation => ({ spi: 0, algorithm, mode })))
  .filter(scapyHas)
  .map((association, n) => ({
    n,
    outbound: { ...association, spi: OUTBOUND_SPI + n },
    inbound: { ...association, spi: INBOUND_SPI + n },
  }));

const NAMED = ROWS.map((row) => [associationName(row.outbound), row] as const);

const CONFIGURATION = [
  ...ROWS.flatMap(({ n, outbound, inbound }) => [
    `sp ipv4 out esp protect ${outbound.spi} pri 1 dst 10.${n}.0.0/16 sport 0:65535 dport 0:65535`,
    `sp ipv6 out esp protect ${outbound.spi} pri 1 dst fd10:${n}::/32 sport 0:65535 dport 0:65535`,
    `sp ipv4 in esp protect ${inbound.spi} pri 1 dst 11.${n}.0.0/16 sport 0:65535 dport 0:65535`,
    `sp ipv6 in esp protect ${inbound.spi} pri 1 dst fd11:${n}::/32 sport 0:65535 dport 0:65535`,
    saLine('out', outbound),
    saLine('in', inbound),
  ]),
  `rt ipv4 dst ${TUNNEL['ipv4-tunnel'][1]}/32 port 1`,
  `rt ipv6 dst ${TUNNEL['ipv6-tunnel'][1]}/128 port 1`,
  'rt ipv4 dst 10.0.0.0/8 port 1',
  'rt ipv6 dst fd10::/16 port 1',
  'rt ipv4 dst 11.0.0.0/8 port 0',
  'rt ipv6 dst fd11::/16 port 0',
  '',
].join('\n');

const packetsTo = (first: 10 | 11, n: number) =>
  SIZES.flatMap((bytes) => [udpPacket(`${first}.${n}.0.9`, bytes), udpPacket(`fd${first}:${n}::9`, bytes)]);

/** The gateway keeps the order of packets of one family only. */
const byFamily = (packets: readonly string[]) => [
  ...packets.filter((packet) => packet.startsWith('4')),
  ...packets.filter((packet) => !packet.startsWith('4')),
];

describe.skipIf(!SCAPY_ESP.here)(`lookaside ESP and scapy${SCAPY_ESP.note}`, () => {
  const folder = new TemporaryFolder();
  /** By association: what scapy made of the gateway's packets, and the gateway of scapy's. */
  let taken: EspAnswer[][] = [];
  let given: string[][] = [];
  let sent: Uint8Array[][] = [];
  let ending: Ending;

  beforeAll(async () => {
    const answers = scapyEsp(
      'encrypt',
      ROWS.map(({ n, inbound }): EspTask => ({ association: inbound, packets: packetsTo(11, n) })),
    );
    const esp = answers.flat().map((answer) => {
      if ('error' in answer) throw new Error(`scapy: ${answer.error}`);
      return { data: frameOf(fromHex(answer.packet)) };
    });
    const clear = ROWS.flatMap(({ n }) => packetsTo(10, n)).map((packet) => ({ data: frameOf(packet) }));
    folder.write('all.cfg', CONFIGURATION);
    folder.write('clear.pcap', writePcap(clear));
    folder.write('esp.pcap', writePcap(esp));
    ending = await runGateway(
      folder.path,
      captureWords({ configuration: 'all.cfg', clear: 'clear.pcap', esp: 'esp.pcap', options: ['-w', '64'] }),
    );

    const packets = (name: string) => readCapture(folder.read(name)).map(({ data }) => data.subarray(14));
    const esp1 = packets('out1.pcap');
    sent = ROWS.map(({ outbound }) => esp1.filter((packet) => spiOf(packet) === outbound.spi));
    taken = scapyEsp(
      'decrypt',
      ROWS.map(({ outbound }, i) => ({ association: outbound, packets: sent[i] })),
    );
    const clear0 = packets('out0.pcap');
    given = ROWS.map(({ n }) => clear0.filter((packet) => numberOf(packet) === n).map(hex));
  });

  it('loses nothing and ends well', () => {
    expect(ending.status).toBe(0);
    expect(ending.stdout).not.toContain('Dropped as');
    expect(ending.stdout).toContain(`Total packets sent: ${String(4 * ROWS.length * SIZES.length).padStart(18)}\n`);
  });

  it.each(NAMED)('scapy decrypts what the gateway sends: %s', (_name, { n, outbound }) => {
    const hops = outbound.mode === 'transport' ? 0 : 1;
    const texts = taken[n].map((answer) => ('error' in answer ? answer.error : answer.packet));
    expect(byFamily(texts)).toEqual(byFamily(packetsTo(10, n).map((packet) => hex(afterHops(packet, hops)))));
    const numbers = sent[n].map((packet) => sequenceOf(packet));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  });

  it.each(NAMED)('the gateway decrypts what scapy sends: %s', (_name, { n, inbound }) => {
    const hops = inbound.mode === 'transport' ? 0 : 1;
    expect(byFamily(given[n])).toEqual(byFamily(packetsTo(11, n).map((packet) => hex(afterHops(packet, hops)))));
  });
});

function word(packet: Uint8Array, at: number): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(at);
}

/** Of a packet without options. */
function spiOf(packet: Uint8Array): number {
  return word(packet, packet[0] >>> 4 === 4 ? 20 : 40);
}

function sequenceOf(packet: Uint8Array): number {
  return word(packet, packet[0] >>> 4 === 4 ? 24 : 44);
}

/** The association by the destination of what came out of it. */
function numberOf(packet: Uint8Array): number {
  return packet[0] >>> 4 === 4 ? packet[17] : Number(hex(packet.subarray(26, 28)));
}
