import { writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHMS, saLine, tsharkWords } from './esp-association.ts';
import { type EspWays, espWays, hops } from './esp-ways.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { captureWords, type Ending, runGateway } from './gateway-process.ts';
import { afterHops, frameOf, fromHex, hex, packetsOf, spiOf, udpPacket } from './packets.ts';
import { SCAPY_ESP, scapyEsp } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/**
 * Long frames through the two ports of a modelled 82599 with inline crypto, up to the limit and one byte beyond, with scapy
 * and tshark as judges. What is too long is dropped where it is found: on the way in by the card, by the length of the frame;
 * on the way out by the gateway, for ESP makes packets longer.
 */

const TSHARK = lookFor('tshark', 'tshark', '--version');

interface Limit {
  readonly mtu: number;
  readonly options: readonly string[];
}

const LIMITS: readonly (readonly [name: string, limit: Limit])[] = [
  ['an MTU of 9,000', { mtu: 9000, options: ['--mtu', '9000', '-j', '16384'] }],
  ['an MTU of 9,000 in the smallest buffers that the card fills', { mtu: 9000, options: ['--mtu=9000', '-j', '9344'] }],
  ['the most that inline crypto leaves', { mtu: 9710, options: ['--mtu', '9710', '-j', '10368'] }],
  ['an odd MTU', { mtu: 2029, options: ['--mtu', '2029'] }],
  ['no jumbo frames: 1,518 bytes with FCS', { mtu: 1500, options: [] }],
  ['-j alone, which is no MTU', { mtu: 1500, options: ['-j', '9000'] }],
];

const ROWS: readonly EspWays[] = [
  espWays(ALGORITHMS[0], 0, 'IPv4 in an IPv4 tunnel', 'ipv4-tunnel', '10.0.0.9', '11.0.0.9'),
  espWays(ALGORITHMS[0], 1, 'IPv6 in an IPv6 tunnel', 'ipv6-tunnel', 'fd10:1::9', 'fd11:1::9'),
  espWays(ALGORITHMS[0], 2, 'transport over IPv4', 'transport', '10.2.0.9', '11.2.0.9'),
  espWays(ALGORITHMS[0], 3, 'transport over IPv6', 'transport', 'fd10:3::9', 'fd11:3::9'),
];
/** Goes out in clear. */
const CLEAR = '12.0.0.9';

const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4');

const policy = (direction: 'in' | 'out', address: string, what: string) => {
  const family = familyOf(address);
  const [source, bits] = family === 'ipv6' ? ['2001:db8::77', 128] : ['192.0.2.77', 32];
  return `sp ${family} ${direction} esp ${what} pri 1 src ${source}/${bits} dst ${address}/${bits} sport 0:65535 dport 0:65535`;
};

const CONFIGURATION = [
  ...ROWS.flatMap((each) => [
    policy('out', each.out, `protect ${each.outbound.spi}`),
    policy('in', each.in, `protect ${each.inbound.spi}`),
    `${saLine('out', each.outbound)} type inline-crypto-offload port_id 1`,
    `${saLine('in', each.inbound)} type inline-crypto-offload port_id 1`,
  ]),
  policy('out', CLEAR, 'bypass'),
  'rt ipv4 dst 12.0.0.0/8 port 1',
  'rt ipv4 dst 11.0.0.0/8 port 0',
  'rt ipv6 dst fd11::/16 port 0',
  '',
].join('\n');

/** A packet to an address, of so many bytes with its IP header. */
const packet = (destination: string, bytes: number) =>
  udpPacket(destination, bytes - (familyOf(destination) === 'ipv6' ? 48 : 28));

/** The longest packet whose ESP packet has at most `mtu` bytes: ESP header, IV and ICV have 32, its trailer 2, and 4 divides. */
function longest({ mode, out }: EspWays, mtu: number): number {
  const ip = familyOf(out) === 'ipv6' ? 40 : 20;
  const protectedBytes = ((mtu - ip - 32) & ~3) - 2;
  return mode === 'transport' ? ip + protectedBytes : protectedBytes;
}

const folder = new TemporaryFolder();

async function carry(
  { options }: Limit,
  input: { clear?: readonly Uint8Array[]; esp?: readonly Uint8Array[] },
): Promise<Ending> {
  for (const [name, frames = []] of Object.entries(input)) {
    folder.write(`${name}.pcap`, writePcap(frames.map((data: Uint8Array) => ({ data }))));
  }
  const files = Object.fromEntries(Object.keys(input).map((name) => [name, `${name}.pcap`]));
  const eal = ['--vdev', 'crypto_null'];
  const words = captureWords({ configuration: 'a.cfg', ...files, cards: true, eal, options });
  const ending = await runGateway(folder.path, words);
  if (ending.status !== 0) throw new Error(`the gateway ended with ${ending.status}:\n${ending.stderr}`);
  return ending;
}

// The gateway keeps the order of a flow, not that of all packets.
const packetsIn = (name: string) => packetsOf(folder.read(name));
const hexOfAll = (packets: readonly Uint8Array[]) => packets.map(hex).sort();
const dropped = ({ stdout }: Ending) =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('Dropped '))
    .map((line) => line.replace(/ \(.*/, ''));

beforeAll(() => folder.write('a.cfg', CONFIGURATION));

describe.each(LIMITS)('with %s', (_name, limit) => {
  const { mtu } = limit;

  describe('packets that go out', () => {
    const sent = ROWS.map((each) => [3, 2, 1, 0].map((less) => packet(each.out, longest(each, mtu) - less)));

    beforeAll(async () => {
      const tooLong = ROWS.map((each) => packet(each.out, longest(each, mtu) + 1));
      // In clear, the longest packet fits in and out; one byte more does not come in.
      const clear = [packet(CLEAR, mtu), packet(CLEAR, mtu + 1)];
      const ending = await carry(limit, { clear: [...sent.flat(), ...tooLong, ...clear].map(frameOf) });
      expect(dropped(ending)).toEqual([`Dropped as mtu: ${ROWS.length}`, 'Dropped by port 0 as rxOversize: 1']);
    });

    it('are as long as the limit, and never longer', () => {
      const packets = packetsIn('out1.pcap');
      expect(packets).toHaveLength(4 * ROWS.length + 1);
      expect(packets.map(({ length }) => length)).toContain(mtu & ~3);
      expect(Math.max(...packets.map(({ length }) => length))).toBe(mtu);
      expect(packets.map(hex)).toContain(hex(packet(CLEAR, mtu)));
    });

    it.skipIf(!SCAPY_ESP.here)(`are deciphered by scapy${SCAPY_ESP.note}`, () => {
      const packets = packetsIn('out1.pcap');
      const tasks = ROWS.map(({ outbound }) => {
        return { association: outbound, packets: packets.filter((each) => spiOf(each) === outbound.spi) };
      });
      expect(scapyEsp('decrypt', tasks)).toEqual(
        ROWS.map(({ mode }, i) => sent[i].map((each) => ({ packet: hex(afterHops(each, hops(mode))) }))),
      );
    });

    it.skipIf(!TSHARK.here)(`have good ICVs and the right content to tshark${TSHARK.note}`, () => {
      const lines = runForeign(folder.path, 'tshark', [
        ...['-n', '-r', 'out1.pcap', '-Y', 'esp', ...tsharkWords(ROWS.map(({ outbound }) => outbound))],
        ...['-T', 'fields', '-e', 'esp.icv_bad', '-e', 'esp.contained_data'],
      ]);
      const wanted = ROWS.flatMap(({ mode, out }, i) =>
        sent[i].map((each) => {
          const content = mode === 'transport' ? each.subarray(familyOf(out) === 'ipv6' ? 40 : 20) : afterHops(each, 1);
          return `0\t${hex(content)}`;
        }),
      );
      expect(lines.trimEnd().split('\n').sort()).toEqual(wanted.sort());
    });
  });

  describe.skipIf(!SCAPY_ESP.here)(`ESP packets of scapy that come in${SCAPY_ESP.note}`, () => {
    const sent = ROWS.map((each) => [1, 0].map((less) => packet(each.in, longest(each, mtu) - less)));
    const esp: Uint8Array[][] = [];

    beforeAll(() => {
      const tasks = ROWS.map(({ inbound, in: inward }, i) => {
        return { association: inbound, packets: [...sent[i], packet(inward, longest(ROWS[i], mtu) + 1)] };
      });
      for (const answers of scapyEsp('encrypt', tasks)) {
        esp.push(answers.map((answer) => fromHex('error' in answer ? answer.error : answer.packet)));
      }
    });

    it('are deciphered up to the limit', async () => {
      const packets = esp.flatMap((each) => each.slice(0, 2));
      expect(packets.map(({ length }) => length)).toContain(mtu & ~3);
      expect(dropped(await carry(limit, { esp: packets.map(frameOf) }))).toEqual([]);
      const wanted = ROWS.flatMap(({ mode }, i) => sent[i].map((each) => afterHops(each, hops(mode))));
      expect(hexOfAll(packetsIn('out0.pcap'))).toEqual(hexOfAll(wanted));
    });

    it('are dropped by the card beyond it, be it for one byte', async () => {
      const longer = esp.map((each) => each[2]);
      // The longest one, and bytes behind it that are no part of the packet: as long as frames may be, and one more.
      const trailing = [0, 1].map((more) => {
        const frame = new Uint8Array(14 + mtu + more);
        frame.set(frameOf(esp[0][1]));
        return frame;
      });
      const ending = await carry(limit, { esp: [...longer.map(frameOf), ...trailing] });
      expect(dropped(ending)).toEqual([`Dropped by port 1 as rxOversize: ${ROWS.length + 1}`]);
      expect(packetsIn('out0.pcap').map(hex)).toEqual([hex(afterHops(sent[0][1], 1))]);
    });
  });
});
