import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { ALGORITHMS, type EspAssociation, saLine } from './esp-association.ts';
import { captureWords, runGateway } from './gateway-process.ts';
import { frameOf, fromHex, hex, udpPacket } from './packets.ts';
import { SCAPY_ESP, scapyEsp } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** Transport mode over IPv6 extension headers, between the gateway and scapy. */

const UDP = 17;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION_OPTIONS = 60;
const NAMES = new Map([
  [HOP_BY_HOP, 'hop-by-hop options'],
  [ROUTING, 'a routing header'],
  [DESTINATION_OPTIONS, 'destination options'],
]);

const CHAINS = [
  [HOP_BY_HOP],
  [ROUTING],
  [DESTINATION_OPTIONS],
  [HOP_BY_HOP, ROUTING],
  [HOP_BY_HOP, DESTINATION_OPTIONS, ROUTING],
  [HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS],
].map((chain) => [chain.map((type) => NAMES.get(type)).join(', '), chain] as const);

/** An extension header: options that only pad, or a routing header that is used up. */
function extension(type: number, next: number): Uint8Array {
  if (type !== ROUTING) return Uint8Array.of(next, 0, 1, 4, 0, 0, 0, 0);
  const routing = new Uint8Array(24);
  // Type 0 with one address and no segment left.
  routing.set([next, 2, 0, 0]);
  routing.set([0xfd, 0x99], 8);
  return routing;
}

/** A UDP packet with these headers between IPv6 and UDP. */
function extended(destination: string, chain: readonly number[], bytes = 40): Uint8Array {
  const plain = udpPacket(destination, bytes);
  const headers = chain.flatMap((type, i) => [...extension(type, chain[i + 1] ?? UDP)]);
  const packet = Uint8Array.from([...plain.subarray(0, 40), ...headers, ...plain.subarray(40)]);
  packet[5] += headers.length;
  packet[6] = chain[0] ?? UDP;
  return packet;
}

describe.skipIf(!SCAPY_ESP.here)(`transport mode over IPv6 extension headers${SCAPY_ESP.note}`, () => {
  const folder = new TemporaryFolder();
  const outbound: EspAssociation = { spi: 1001, algorithm: ALGORITHMS[0], mode: 'transport' };
  const inbound: EspAssociation = { spi: 5001, algorithm: ALGORITHMS[3], mode: 'transport' };
  folder.write(
    'a.cfg',
    [
      'sp ipv6 out esp protect 1001 pri 1 dst fd10::/16 sport 0:65535 dport 0:65535',
      saLine('out', outbound),
      saLine('in', inbound),
      'rt ipv6 dst fd10::/16 port 1',
      'rt ipv6 dst fd11::/16 port 0',
      '',
    ].join('\n'),
  );

  async function carry(side: 'clear' | 'esp', packets: readonly Uint8Array[]) {
    folder.write('in.pcap', writePcap(packets.map((packet) => ({ data: frameOf(packet) }))));
    const { status, stdout } = await runGateway(
      folder.path,
      captureWords({ configuration: 'a.cfg', [side]: 'in.pcap' }),
    );
    expect(status).toBe(0);
    const frames = readCapture(folder.read(side === 'clear' ? 'out1.pcap' : 'out0.pcap'));
    return { stdout, packets: frames.map(({ data }) => data.subarray(14)) };
  }

  // When it takes ESP off, scapy 2.5 reads what was in it as the IPv6 header's own next one, and stumbles over a routing header.
  const readable = CHAINS.filter(([, [first]]) => first !== ROUTING);

  it.each(readable)('the gateway puts ESP behind %s, and scapy takes it off', async (_what, chain) => {
    const sent = [extended('fd10::9', chain), extended('fd10::9', chain, 3)];
    const { packets } = await carry('clear', sent);
    const headers = chain.map((type) => extension(type, 0).length);
    const lastAt = 40 + headers.slice(0, -1).reduce((sum, length) => sum + length, 0);
    expect(packets.map((packet) => packet[lastAt])).toEqual([50, 50]);
    const [answers] = scapyEsp('decrypt', [{ association: outbound, packets }]);
    expect(answers).toEqual(sent.map((packet) => ({ packet: hex(packet) })));
  });

  it.each(CHAINS)('scapy puts ESP into a packet with %s, and the gateway takes it off', async (_what, chain) => {
    const sent = [extended('fd11::9', chain), extended('fd11::9', chain, 3)];
    const [answers] = scapyEsp('encrypt', [{ association: inbound, packets: sent }]);
    const esp = answers.map((answer) => fromHex('error' in answer ? answer.error : answer.packet));
    const { packets, stdout } = await carry('esp', esp);
    expect(stdout).not.toContain('Dropped as');
    expect(packets.map(hex)).toEqual(sent.map(hex));
  });
});
