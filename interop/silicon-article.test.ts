import { rmSync } from 'node:fs';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { INLINE_CONFIGURATION, TSHARK_ARTICLE_SA } from './article-gateway.ts';
import { lookFor, runForeign } from './foreign-programs.ts';
import { hugepagePool, lookForProgram } from './hugepage-pool.ts';
import { afterHops, frameOf, hex, udpPacket } from './packets.ts';
import { TOP } from './run-program.ts';
import { SCAPY_ESP, scapyScript } from './scapy.ts';
import { type SiliconEnding, SiliconProcess } from './silicon-process.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/**
 * The article with Intel's software on our cards: DPDK's own ipsec-secgw as Debian ships its source, with DPDK's own ixgbe
 * driver, the article's file and the article's command line. What it has the cards encipher and decipher is judged by
 * scapy and tshark.
 */

const PREFIX = 'article';
const PACKETS = 256;
const BUILD_PEER = `${TOP}/interop/peer/build-peer`;

const GATEWAY = lookForProgram(
  "DPDK's ipsec-secgw (dpdk-doc, libdpdk-dev, dpdk-dev, gcc, make)",
  'test -e /usr/share/dpdk/examples/ipsec-secgw && pkg-config --exists libdpdk && command -v gcc make dpdk-testpmd',
);
const TSHARK = lookFor('tshark', 'tshark', '--version');
const needed = [GATEWAY, SCAPY_ESP, TSHARK];
const note = needed.map((program) => program.note).join('');

/** SPI 5 comes, SPI 6 as well in another test, 1005 leaves; all have the article's key and tunnel. */
const SCAPY_SA = `
KEY = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3ddeadbeef')
TUNNEL = IP(src='172.16.1.5', dst='172.16.2.5')
def sa(spi): return SecurityAssociation(ESP, spi=spi, crypt_algo='AES-GCM', crypt_key=KEY, tunnel_header=TUNNEL)
`;

/**
 * To the article's address, each of another size. The article's own packets are of protocol 0, in which tshark finds broken
 * options of IPv6, and looks at no ICV then.
 */
const packets = Array.from({ length: PACKETS }, (_, i) => udpPacket('192.168.105.10', 16 + i * 5));

/** What the gateway makes of them: it takes 1 off the TTL. */
const forwarded = packets.map((packet) => hex(afterHops(packet, 1))).sort();

/** The packets of a capture, without what pads a frame. */
const packetsOf = (frames: readonly { data: Uint8Array }[]) =>
  frames.map(({ data }) => hex(data.subarray(14, 14 + ((data[16] << 8) | data[17])))).sort();

// DPDK's driver gives a reset 10 µs, and goes without the port when the processor of the cards was not ours for longer.
const RETRY = { retry: 1 };

describe.skipIf(needed.some(({ here }) => !here))(`DPDK's ipsec-secgw on two cards of ours${note}`, RETRY, () => {
  const folder = new TemporaryFolder();
  const huge = hugepagePool(folder, PREFIX);
  let gateway = '';

  beforeAll(() => {
    gateway = runForeign(folder.path, BUILD_PEER, ['--as-shipped', folder.at('peer')]).trim();
    folder.write('inline.cfg', INLINE_CONFIGURATION);
    folder.write('clear.pcap', writePcap(packets.map((packet) => ({ data: frameOf(packet) }))));
    scapyScript(
      folder.path,
      `${SCAPY_SA}
clear = [p[IP] for p in rdpcap('clear.pcap')]
ether = Ether(dst='02:00:00:00:00:01', src='02:00:00:00:00:02')
wrpcap('esp.pcap', [ether / sa(5).encrypt(p, seq_num=i + 1) for i, p in enumerate(clear)])
wrpcap('two.pcap', [ether / sa(5 + i % 2).encrypt(p, seq_num=i + 1) for i, p in enumerate(clear)])`,
    );
  });

  /** The article's command line; `-l 6,7` is both lcores on one processor, and less memory is enough. */
  function start(card1: string, ports: string, file: string, options: readonly string[] = []): SiliconProcess {
    for (const name of ['decrypted.pcap', 'encrypted.pcap']) rmSync(folder.at(name), { force: true });
    const cards = ['-a', '06:00.0,wire=pcap,rx_pcap=clear.pcap,tx_pcap=decrypted.pcap'];
    cards.push('-a', `06:00.1,wire=pcap,tx_pcap=encrypted.pcap,${card1}`);
    const eal = ['--lcores', '6@0,7@0', '-a', '06:00.0', '-a', '06:00.1', '--log-level', '8', '-m', '256'];
    eal.push('--huge-dir', huge, '--file-prefix', PREFIX, '--vdev', 'crypto_null');
    const words = ['-p', ports, '-P', '-u', '0x2', '--config=(0,0,6),(1,0,7)', '-f', file];
    return new SiliconProcess(folder.path, [
      '--quiet',
      '500',
      ...options,
      ...cards,
      '--',
      gateway,
      ...eal,
      '--',
      ...words,
    ]);
  }

  /** Ends it as Ctrl-C does. */
  async function end(process: SiliconProcess): Promise<SiliconEnding> {
    process.signal('SIGINT');
    const ending = await process.ended;
    expect(ending.status, ending.said).toBe(0);
    expect(ending.said).toContain('Bye...');
    return ending;
  }

  /** What scapy and tshark find in what card 1 has enciphered, and what card 0 has sent in clear. */
  function expectAllCarried(): void {
    expect(packetsOf(readCapture(folder.read('decrypted.pcap')))).toEqual(forwarded);
    const scapy = scapyScript(
      folder.path,
      `${SCAPY_SA}
for p in rdpcap('encrypted.pcap'): print(bytes(sa(1005).decrypt(p[IP])).hex())`,
    );
    expect(scapy.trimEnd().split('\n').sort()).toEqual(forwarded);
    const fields = ['-T', 'fields', '-e', 'esp.sequence', '-e', 'esp.icv_bad', '-e', 'esp.contained_data'];
    const tshark = runForeign(folder.path, 'tshark', ['-n', '-r', 'encrypted.pcap', ...TSHARK_ARTICLE_SA, ...fields]);
    const rows = tshark
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(rows.map(([sequence]) => Number(sequence)).sort((a, b) => a - b)).toEqual(packets.map((_, i) => i + 1));
    expect(rows.map(([, bad]) => bad)).toEqual(packets.map(() => '0'));
    expect(rows.map(([, , data]) => data).sort()).toEqual(forwarded);
  }

  // For -p 0xf this version gives no packet a checksum to be computed: it wants all ports of the mask to compute some, and
  // there are two. So its driver tells the card that packets are IPv6, and of all that it tells only IPLEN is right.
  it.each([
    ["the article's -p 0xf, ESP found by IPLEN", '0xf', ',esp-header=iplen', 256],
    ['-p 0x3, ESP found by the IP version', '0x3', '', 0],
  ])(
    'has 256 packets each way enciphered and deciphered: %s',
    { timeout: 150_000 },
    async (_name, ports, how, differs) => {
      const process = start(`rx_pcap=esp.pcap${how}`, ports, 'inline.cfg');
      await process.hasWritten('decrypted.pcap', folder.read('clear.pcap').length);
      await process.hasWritten('encrypted.pcap', folder.read('esp.pcap').length);
      const { said } = await end(process);
      expectAllCarried();
      const decisions = 'security decisions: rxSecurityGood 256, txSecurityEncrypted 256';
      expect(said).toContain(differs === 0 ? `${decisions}\n` : `${decisions}, txSecurityHeaderDiffers ${differs}\n`);
      expect(said).toContain('spi_in(  5):aes-128-gcm mode:IP4Tunnel 172.16.1.5 172.16.2.5 type:inline-crypto-offload');
    },
  );

  it('turns the security block off when one of two SAs goes', { timeout: 150_000 }, async () => {
    const second = INLINE_CONFIGURATION.slice(
      INLINE_CONFIGURATION.indexOf('sa in 5'),
      INLINE_CONFIGURATION.indexOf('#Rou'),
    );
    folder.write('two.cfg', INLINE_CONFIGURATION.replace('#Rou', `${second.replace('sa in 5', 'sa in 6')}#Rou`));
    const process = start('rx_pcap=two.pcap,infinite_rx=1,pace=10000', '0x3', 'two.cfg', ['--trace', 'trace.txt']);
    await process.hasWritten('decrypted.pcap', 4 * folder.read('clear.pcap').length);
    const { said } = await end(process);
    expect(said).toMatch(/rxSecurityOff [1-9]/);
    const lines = new TextDecoder().decode(folder.read('trace.txt')).split('\n');
    const card1 = lines.filter((line) => line.includes('06:00.1 ') && !line.includes('IPSRXKEY'));
    // The SA of SPI 5 goes, by commands without IPS_RX_EN…
    const removal = card1.findLastIndex((line) => line.endsWith('write IPSRXIDX[08e00]:80000004 {TABLE=2 WRITE=1}'));
    expect(removal).toBeGreaterThan(0);
    const [before, after] = [card1.slice(0, removal), card1.slice(removal + 1)];
    expect(after).toContain('0000:06:00.1 write IPSRXIDX[08e00]:80000006 {TABLE=3 WRITE=1}');
    // … and that of SPI 6, which is still in the tables, serves no more.
    const outcomes = (list: readonly string[]) => {
      const found = list.map((line) => /rx ESP SPI 6 → (.*)$/.exec(line)?.[1]);
      return [...new Set(found.filter((outcome) => outcome !== undefined))];
    };
    expect(outcomes(before)).toContain('IP index 0 → SA 2 → ICV good');
    const other = after.findIndex((line) => line.includes('IPSRXIDX[08e00]:80000014'));
    expect(outcomes(after.slice(0, other))).toEqual(['IP index 0 → SA 2 → IPsec is off']);
    // The same on the other side.
    expect(after).toContain('0000:06:00.1 write IPSTXIDX[08900]:80000000 {WRITE=1}');
  });
});
