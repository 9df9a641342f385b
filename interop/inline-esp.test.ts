import { writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHMS, type EspAssociation, saLine, TUNNEL, tsharkWords } from './esp-association.ts';
import { type EspWays, espWays, hops } from './esp-ways.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { captureWords, type Ending, runGateway } from './gateway-process.ts';
import { afterHops, frameOf, fromHex, hex, packetsOf, spiOf, udpPacket } from './packets.ts';
import { SCAPY_ESP, scapyEsp } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/**
 * Inline crypto on the modelled 82599, between captures, with scapy and tshark as judges: what the card enciphers they
 * decipher, and what scapy enciphers the card deciphers.
 */

const TSHARK = lookFor('tshark', 'tshark', '--version');

const [AES_128_GCM] = ALGORITHMS;
const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 64, 300, 1350];
/** Where the packets of `udpPacket` come from. */
const SOURCE = { ipv4: '192.0.2.77/32', ipv6: '2001:db8::77/128' };

const ROWS: readonly EspWays[] = [
  espWays(AES_128_GCM, 0, 'IPv4 in an IPv4 tunnel', 'ipv4-tunnel', '10.0.0.9', '11.0.0.9'),
  espWays(AES_128_GCM, 1, 'IPv6 in an IPv4 tunnel', 'ipv4-tunnel', 'fd10:1::9', 'fd11:1::9'),
  espWays(AES_128_GCM, 2, 'IPv4 in an IPv6 tunnel', 'ipv6-tunnel', '10.2.0.9', '11.2.0.9'),
  espWays(AES_128_GCM, 3, 'IPv6 in an IPv6 tunnel', 'ipv6-tunnel', 'fd10:3::9', 'fd11:3::9'),
  espWays(AES_128_GCM, 4, 'transport over IPv4', 'transport', '10.4.0.9', '11.4.0.9'),
  espWays(AES_128_GCM, 5, 'transport over IPv6', 'transport', 'fd10:5::9', 'fd11:5::9'),
];
const NAMED = ROWS.map((each) => [each.name, each] as const);

const policy = (direction: 'in' | 'out', address: string, { spi }: EspAssociation) => {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const whole = `${address}/${family === 'ipv6' ? 128 : 32}`;
  const match = `src ${SOURCE[family]} dst ${whole} sport 0:65535 dport 0:65535`;
  return `sp ${family} ${direction} esp protect ${spi} pri 1 ${match}`;
};

const CONFIGURATION = [
  ...ROWS.flatMap((each) => [
    policy('out', each.out, each.outbound),
    policy('in', each.in, each.inbound),
    `${saLine('out', each.outbound)} type inline-crypto-offload port_id 1`,
    `${saLine('in', each.inbound)} type inline-crypto-offload port_id 1`,
  ]),
  // Outbound, the port of the SA decides and no route.
  'rt ipv4 dst 11.0.0.0/8 port 0',
  'rt ipv6 dst fd11::/16 port 0',
  '',
].join('\n');

const folder = new TemporaryFolder();

async function carry(input: { clear?: readonly Uint8Array[]; esp?: readonly Uint8Array[] }): Promise<Ending> {
  for (const [name, packets = []] of Object.entries(input)) {
    folder.write(`${name}.pcap`, writePcap(packets.map((packet: Uint8Array) => ({ data: frameOf(packet) }))));
  }
  const words = captureWords({
    configuration: 'inline.cfg',
    ...('clear' in input ? { clear: 'clear.pcap' } : {}),
    ...('esp' in input ? { esp: 'esp.pcap' } : {}),
    cards: true,
    eal: ['--vdev', 'crypto_null'],
  });
  const ending = await runGateway(folder.path, words);
  if (ending.status !== 0) throw new Error(`the gateway ended with ${ending.status}:\n${ending.stderr}`);
  return ending;
}

const packetsIn = (name: string) => packetsOf(folder.read(name));
const sizes = (destination: string) => SIZES.map((bytes) => udpPacket(destination, bytes));

beforeAll(() => folder.write('inline.cfg', CONFIGURATION));

describe('what the card enciphers', () => {
  beforeAll(async () => {
    const { stdout } = await carry({ clear: ROWS.flatMap(({ out }) => sizes(out)) });
    expect(stdout).not.toContain('Dropped as');
    expect(packetsIn('out1.pcap')).toHaveLength(ROWS.length * SIZES.length);
  });

  it.skipIf(!SCAPY_ESP.here).each(NAMED)(
    `is deciphered by scapy: %s${SCAPY_ESP.note}`,
    (_name, { mode, out, outbound }) => {
      const packets = packetsIn('out1.pcap').filter((packet) => spiOf(packet) === outbound.spi);
      const [answers] = scapyEsp('decrypt', [{ association: outbound, packets }]);
      expect(answers).toEqual(sizes(out).map((packet) => ({ packet: hex(afterHops(packet, hops(mode))) })));
    },
  );

  it.skipIf(!TSHARK.here).each(NAMED)(`is deciphered by tshark: %s${TSHARK.note}`, (_name, { mode, out, outbound }) => {
    const lines = runForeign(folder.path, 'tshark', [
      ...['-n', '-r', 'out1.pcap', '-Y', `esp.spi == ${outbound.spi}`, ...tsharkWords([outbound])],
      ...['-T', 'fields', '-e', 'esp.icv_bad', '-e', 'esp.contained_data'],
    ]);
    const wanted = sizes(out).map((packet) => {
      if (mode !== 'transport') return hex(afterHops(packet, 1));
      return hex(packet.subarray(packet[0] >>> 4 === 4 ? 20 : 40));
    });
    expect(lines.trimEnd().split('\n')).toEqual(wanted.map((data) => `0\t${data}`));
  });

  it('is what lookaside crypto makes of it, bit for bit', async () => {
    folder.write(
      'lookaside.cfg',
      `${CONFIGURATION.replaceAll(' type inline-crypto-offload port_id 1', '')}
rt ipv4 dst ${TUNNEL['ipv4-tunnel'][1]}/32 port 1
rt ipv6 dst ${TUNNEL['ipv6-tunnel'][1]}/128 port 1
rt ipv4 dst 10.0.0.0/8 port 1
rt ipv6 dst fd10::/16 port 1
`,
    );
    const out = ['aside0.pcap', 'aside1.pcap'] as const;
    const words = captureWords({ configuration: 'lookaside.cfg', clear: 'clear.pcap', out });
    expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
    expect(packetsIn('out1.pcap').map(hex)).toEqual(packetsIn('aside1.pcap').map(hex));
  });
});

describe.skipIf(!SCAPY_ESP.here)(`what scapy enciphers${SCAPY_ESP.note}`, () => {
  const esp: Uint8Array[][] = [];

  beforeAll(() => {
    const tasks = ROWS.map(({ in: inward, inbound }) => ({ association: inbound, packets: sizes(inward) }));
    for (const answers of scapyEsp('encrypt', tasks)) {
      esp.push(answers.map((answer) => fromHex('error' in answer ? answer.error : answer.packet)));
    }
  });

  it.each(NAMED)('is deciphered by the card: %s', async (_name, each) => {
    const { stdout } = await carry({ esp: esp[ROWS.indexOf(each)] });
    expect(stdout).not.toContain('Dropped as');
    expect(packetsIn('out0.pcap').map(hex)).toEqual(
      sizes(each.in).map((packet) => hex(afterHops(packet, hops(each.mode)))),
    );
  });

  it('is deciphered from the first packet on, all associations at once', async () => {
    const { stdout } = await carry({ esp: SIZES.flatMap((_, i) => esp.map((packets) => packets[i])) });
    expect(stdout).not.toContain('Dropped as');
    expect(packetsIn('out0.pcap')).toHaveLength(ROWS.length * SIZES.length);
  });

  it.each(NAMED)('is dropped when a bit of it was changed on the way: %s', async (_name, each) => {
    const packets = esp[ROWS.indexOf(each)].map((packet) => packet.slice());
    const [bad] = packets;
    bad[bad.length - 1] ^= 1;
    const { stdout } = await carry({ esp: packets });
    expect(stdout).toContain('Dropped as offload_failed: 1 ');
    expect(packetsIn('out0.pcap')).toHaveLength(SIZES.length - 1);
  });
});
