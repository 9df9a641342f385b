import { formatIpv4 } from '@inline-ipsec/net/ipv4';
import type { FrameMix } from './frame-mix.ts';
import { policyNetwork } from './traffic.ts';

/** The way of a packet: from clear to ESP, or back. */
export type BenchDirection = 'out' | 'in';

/**
 * What the ports are: software ports that replay a capture and throw away what is sent, or format it as a capture first;
 * or two modelled cards between the same wires, which do the crypto inline.
 */
export type BenchPorts = 'null' | 'capture' | 'cards';

/** What a gateway is measured with. */
export interface Scenario {
  /** `null` is the path without any crypto: ESP with NULL cipher and NULL integrity. */
  readonly engine: string;
  readonly direction: BenchDirection;
  readonly frames: FrameMix;
  readonly ports: BenchPorts;
  /** SAs, each with a tunnel and a key of its own. Packets take them in turn. */
  readonly sas: number;
  /** Policies, each for a /24. Policy number i is of SA number i modulo `sas`. Packets take them in turn. */
  readonly policies: number;
  /** Has a single inbound SA a policy too? Like the article's, it has none if this is not said. */
  readonly policed?: boolean;
  /** Routes, each for a tunnel or for a policy's network. Where there are fewer than those, one more takes the rest. */
  readonly routes: number;
}

/** One SA, one policy, one route. */
export const ONE: Pick<Scenario, 'sas' | 'policies' | 'routes'> = { sas: 1, policies: 1, routes: 1 };

const FIRST_SPI = 1005;
/** Of an SA that no packet comes for. */
const IDLE_SPI = 5;
const TUNNEL_SOURCE = '172.16.1.5';
const FIRST_TUNNEL = 0xac10_0205;
/** Networks that hold all tunnels, and all that policies protect. */
const EVERYWHERE: Record<BenchDirection, string> = { out: '172.16.0.0/12', in: '192.128.0.0/9' };
/** The article's key and salt. */
const KEY = [0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3d];
const SALT = [0xde, 0xad, 0xbe, 0xef];

/** The key of SA number `sa`, with its salt, as a configuration has it. */
function keyOf(sa: number): string {
  const bytes = [...KEY, ...SALT];
  bytes[0] ^= sa >>> 8;
  bytes[1] ^= sa & 0xff;
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** The configuration file of a scenario, in the article's dialect. Only what the measured way takes is there. */
export function configurationOf(scenario: Scenario): string {
  const { direction, sas, policies, policed = false, routes } = scenario;
  const lines: string[] = [];
  // Inbound a single SA needs no policy, as in the article.
  if (direction === 'out' || policies > 1 || policed) {
    for (let i = 0; i < policies; i++) {
      lines.push(
        `sp ipv4 ${direction} esp protect ${FIRST_SPI + (i % sas)} pri 1 dst ${formatIpv4(policyNetwork(i))}/24 sport 0:65535 dport 0:65535`,
      );
    }
  }
  for (let sa = 0; sa < sas; sa++) {
    lines.push(
      `sa ${direction} ${FIRST_SPI + sa} ${algorithm(scenario, sa)} mode ipv4-tunnel src ${TUNNEL_SOURCE} dst ${tunnelOf(sa)} ${offload(scenario)}`,
    );
  }
  // DPDK's gateway demands an SA inbound wherever a port is unprotected.
  if (direction === 'out' && scenario.ports !== 'cards') {
    lines.push(
      `sa in ${IDLE_SPI} ${algorithm(scenario, sas)} mode ipv4-tunnel src ${TUNNEL_SOURCE} dst ${tunnelOf(0)} type no-offload`,
    );
  }
  for (let i = 0; i < routes; i++) {
    const destination = direction === 'out' ? `${tunnelOf(i)}/32` : `${formatIpv4(policyNetwork(i))}/24`;
    lines.push(`rt ipv4 dst ${destination} port 1`);
  }
  if (routes < (direction === 'out' ? sas : policies)) lines.push(`rt ipv4 dst ${EVERYWHERE[direction]} port 1`);
  return `${lines.join('\n')}\n`;
}

function tunnelOf(sa: number): string {
  return formatIpv4((FIRST_TUNNEL + (sa << 8)) >>> 0);
}

function algorithm({ engine }: Scenario, sa: number): string {
  return engine === 'null' ? 'cipher_algo null auth_algo null' : `aead_algo aes-128-gcm aead_key ${keyOf(sa)}`;
}

function offload({ ports, direction }: Scenario): string {
  if (ports !== 'cards') return 'type no-offload';
  // Outbound it is the port that enciphers, inbound the one that deciphers.
  return `type inline-crypto-offload port_id ${direction === 'out' ? 1 : 0}`;
}

/** Where a gateway of the benchmark finds its files and how it is to run. */
export interface CommandLineFiles {
  readonly configuration: string;
  readonly capture: string;
  /** Written with ports of kind `capture`. */
  readonly sent?: string;
  /** False: the capture is read once. */
  readonly endless?: boolean;
  /** Frames a second that come in. Default: as many as are taken. */
  readonly pace?: number | undefined;
  /** The crypto vdev, without which the gateway takes what opens. */
  readonly crypto?: string | undefined;
  readonly lcore?: number;
  readonly megabytes?: number;
  /** Seconds between statistics screens. */
  readonly statisticsSeconds?: number;
}

/**
 * The gateway's command line for a scenario, ours and DPDK's alike: port 0 receives what the capture has, port 1 sends.
 */
export function commandLine({ direction, ports }: Scenario, files: CommandLineFiles): string[] {
  const { lcore = 0, megabytes = 1024, statisticsSeconds, crypto, pace, endless = true, sent = 'sent.pcap' } = files;
  const source = [
    `rx_pcap=${files.capture}`,
    ...(endless ? ['infinite_rx=1'] : []),
    ...(pace === undefined ? [] : [`pace=${pace}`]),
  ].join(',');
  const devices: Record<BenchPorts, string[]> = {
    null: ['--vdev', `net_pcap0,${source}`, '--vdev', 'net_null1,no-rx=1'],
    capture: ['--vdev', `net_pcap0,${source}`, '--vdev', `net_pcap1,tx_pcap=${sent}`],
    cards: ['-a', `06:00.0,wire=pcap,${source}`, '-a', '06:00.1,wire=null,no-rx=1'],
  };
  return [
    ...['-l', String(lcore), '--no-huge', '-m', String(megabytes)],
    ...(ports === 'cards' ? [] : ['--no-pci']),
    ...['--file-prefix', 'b', ...devices[ports]],
    ...(crypto === undefined ? [] : ['--vdev', crypto]),
    ...['--', '-p', '0x3', '-P', '-u', direction === 'out' ? '0x2' : '0x1'],
    ...[`--config=(0,0,${lcore}),(1,0,${lcore})`, '-f', files.configuration],
    ...(statisticsSeconds === undefined ? [] : ['-t', String(statisticsSeconds)]),
  ];
}
