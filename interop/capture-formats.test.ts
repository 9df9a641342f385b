import { copyFileSync } from 'node:fs';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION, TSHARK_ARTICLE_SA } from './article-gateway.ts';
import { type ForeignProgram, lookFor, runForeign } from './foreign-programs.ts';
import { captureWords, runGateway } from './gateway-process.ts';
import { afterHops, frameOf, hex } from './packets.ts';
import { SCAPY, scapyScript } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** Captures that other programs make go through the gateway, and other programs read what it makes of them. */

const EDITCAP = lookFor('editcap', 'editcap', '--version');
const MERGECAP = lookFor('mergecap', 'mergecap', '--version');
const TCPDUMP = lookFor('tcpdump', 'tcpdump', '--version');
const TSHARK = lookFor('tshark', 'tshark', '--version');
const CAPINFOS = lookFor('capinfos', 'capinfos', '--version');

const folder = new TemporaryFolder();
const PACKETS = [64, 6, 7, 8, 9, 200, 1000, 1426].map((size) => articlePacket(size));

/** How a file is made of `plain.pcap`. */
type Maker = (file: string) => void;
const foreign = (program: string, ...words: readonly string[]) => {
  return (file: string) =>
    void runForeign(
      folder.path,
      program,
      words.map((word) => (word === 'FILE' ? file : word)),
    );
};
const scapyWriter = (writer: string) => (file: string) =>
  void scapyScript(
    folder.path,
    `with ${writer.replace('FILE', `'${file}'`)} as out:\n  out.write(rdpcap('plain.pcap'))`,
  );

const FILES: readonly (readonly [name: string, needs: ForeignProgram, make: Maker, repeats?: number])[] = [
  ['scapy: pcap, µs', SCAPY, scapyWriter("PcapWriter(FILE, endianness='<')")],
  ['scapy: pcap, µs, big-endian', SCAPY, scapyWriter("PcapWriter(FILE, endianness='>')")],
  ['scapy: pcap, ns', SCAPY, scapyWriter("PcapWriter(FILE, endianness='<', nano=True)")],
  ['scapy: pcap, ns, big-endian', SCAPY, scapyWriter("PcapWriter(FILE, endianness='>', nano=True)")],
  ['scapy: pcapng', SCAPY, scapyWriter('PcapNgWriter(FILE)')],
  ['editcap: pcap', EDITCAP, foreign('editcap', '-F', 'pcap', 'plain.pcap', 'FILE')],
  ['editcap: pcap, ns', EDITCAP, foreign('editcap', '-F', 'nsecpcap', 'plain.pcap', 'FILE')],
  ['editcap: pcapng', EDITCAP, foreign('editcap', '-F', 'pcapng', 'plain.pcap', 'FILE')],
  [
    'editcap: pcapng with a comment on every frame',
    EDITCAP,
    foreign('editcap', '-F', 'pcapng', '-a', '1:first', '-a', '8:last', 'plain.pcap', 'FILE'),
  ],
  ['mergecap: pcapng of two', MERGECAP, foreign('mergecap', '-a', '-w', 'FILE', 'plain.pcap', 'plain.pcap'), 2],
  [
    'mergecap: pcap of two',
    MERGECAP,
    foreign('mergecap', '-a', '-F', 'pcap', '-w', 'FILE', 'plain.pcap', 'plain.pcap'),
    2,
  ],
  ['tcpdump -w', TCPDUMP, foreign('tcpdump', '-r', 'plain.pcap', '-w', 'FILE')],
  ['tcpdump -w, ns', TCPDUMP, foreign('tcpdump', '-r', 'plain.pcap', '--time-stamp-precision=nano', '-w', 'FILE')],
  ['tshark -w', TSHARK, foreign('tshark', '-r', 'plain.pcap', '-w', 'FILE')],
];

async function carry(input: string, output: string): Promise<void> {
  const words = captureWords({ configuration: 'article.cfg', clear: input, out: ['back.pcap', output] });
  const { status, stdout, stderr } = await runGateway(folder.path, words);
  if (status !== 0) throw new Error(`the gateway ended with ${status}:\n${stderr}`);
  expect(stdout).not.toContain('Dropped as');
}

const framesOf = (name: string) => readCapture(folder.read(name)).map(({ data }) => hex(data));

beforeAll(async () => {
  folder.write('article.cfg', LOOKASIDE_CONFIGURATION);
  const frames = PACKETS.map((packet, i) => ({ data: frameOf(packet), seconds: 1_528_971_660, nanoseconds: i * 1000 }));
  folder.write('plain.pcap', writePcap(frames));
  await carry('plain.pcap', 'esp.pcap');
});

describe('a capture of another program goes in', () => {
  // GCM numbers its packets from 1 on and sends the number as IV, so all runs make the same bytes.
  for (const [name, needs, make, repeats = 1] of FILES) {
    it.skipIf(!needs.here)(`${name}${needs.note}`, async () => {
      make('in.pcap');
      await carry('in.pcap', 'out.pcap');
      const frames = framesOf('out.pcap');
      expect(frames).toHaveLength(PACKETS.length * repeats);
      expect(frames.slice(0, PACKETS.length)).toEqual(framesOf('esp.pcap'));
    });
  }

  it.skipIf(!EDITCAP.here)(
    `a frame that was cut when it was captured is dropped, the others go on${EDITCAP.note}`,
    async () => {
      runForeign(folder.path, 'editcap', ['-s', '900', 'plain.pcap', 'cut.pcap']);
      const words = captureWords({ configuration: 'article.cfg', clear: 'cut.pcap', out: ['back.pcap', 'out.pcap'] });
      const { status, stdout } = await runGateway(folder.path, words);
      expect(status).toBe(0);
      expect(stdout).toContain('Dropped as ip_length: 2 ');
      expect(framesOf('out.pcap')).toHaveLength(PACKETS.length - 2);
    },
  );
});

describe('what the gateway writes', () => {
  it.skipIf(!TSHARK.here)(`is decrypted by tshark to the last byte, told the SA of the article${TSHARK.note}`, () => {
    const fields = ['esp.spi', 'esp.sequence', 'esp.contained_data', 'ip.ttl'];
    const output = runForeign(folder.path, 'tshark', [
      ...['-n', '-r', 'esp.pcap', ...TSHARK_ARTICLE_SA, '-T', 'fields'],
      ...fields.flatMap((field) => ['-e', field]),
    ]);
    expect(output.trimEnd().split('\n')).toEqual(
      PACKETS.map((packet, i) => `0x000003ed\t${i + 1}\t${hex(afterHops(packet, 1))}\t64,63`),
    );
  });

  it.skipIf(!TCPDUMP.here)(`is printed by tcpdump as in the article${TCPDUMP.note}`, () => {
    const lines = runForeign(folder.path, 'tcpdump', ['-n', '-vvX', '-t', '-r', 'esp.pcap', '-c', '1']);
    expect(lines).toContain('IP (tos 0x0, ttl 64, id 0, offset 0, flags [none], proto ESP (50), length 140)');
    expect(lines).toContain('172.16.1.5 > 172.16.2.5: ESP(spi=0x000003ed,seq=0x1), length 120');
    expect(lines).toContain('0x0000:  4500 008c 0000 0000 4032 1f16 ac10 0105');
  });

  it.skipIf(!CAPINFOS.here)(`is a whole file to capinfos${CAPINFOS.note}`, () => {
    const said = runForeign(folder.path, 'capinfos', ['-M', 'esp.pcap']);
    expect(said).toMatch(/^Number of packets:\s+8$/m);
    expect(said).toMatch(/^File encapsulation:\s+ether$/m);
  });

  it('has the time of day when it was sent', () => {
    const now = Date.now() / 1000;
    for (const { seconds } of readCapture(folder.read('esp.pcap'))) {
      expect(seconds).toBeGreaterThan(now - 300);
      expect(seconds).toBeLessThanOrEqual(now);
    }
  });

  it.skipIf(!MERGECAP.here)(`goes through editcap and mergecap and back into a gateway${MERGECAP.note}`, async () => {
    folder.write('back.cfg', LOOKASIDE_CONFIGURATION.replace('sa in 5', 'sa in 1005'));
    runForeign(folder.path, 'mergecap', ['-w', 'esp.pcapng', 'esp.pcap']);
    const words = captureWords({ configuration: 'back.cfg', esp: 'esp.pcapng', out: ['clear.pcap', 'none.pcap'] });
    expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
    const packets = readCapture(folder.read('clear.pcap')).map(({ data }) => hex(data.subarray(14)));
    expect(packets).toEqual(PACKETS.map((packet) => hex(afterHops(packet, 2))));
  });
});

describe('the input file', () => {
  it('may be read by both ports, and is left as it was', async () => {
    copyFileSync(folder.at('plain.pcap'), folder.at('both.pcap'));
    const before = folder.read('both.pcap');
    const words = captureWords({ configuration: 'article.cfg', clear: 'both.pcap', esp: 'both.pcap' });
    expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
    expect(folder.read('both.pcap')).toEqual(before);
    expect(framesOf('out1.pcap')).toHaveLength(PACKETS.length);
    expect(framesOf('out0.pcap')).toHaveLength(PACKETS.length);
  });
});
