import { CARD_ARGUMENTS } from '@inline-ipsec/ixgbe/card-arguments';

/** The usage text, which goes to stderr when the options are wrong. */

const OPTIONS: readonly (readonly [option: string, text: string])[] = [
  ['-p PORTMASK', 'ports to use, as a hexadecimal mask'],
  ['-P', 'receive frames for any MAC address'],
  ['-u PORTMASK', 'those of them that are unprotected: ESP comes in there'],
  ['-f FILE', 'the configuration: policies, SAs, routes'],
  ['--config (port,queue,lcore)[,...]', 'which lcore polls which queue'],
  ['-j BYTES', 'data buffer of an mbuf, 128 bytes of headroom included: 2176 (default) to 65535'],
  ['-w PACKETS', 'replay window; 0 (default): no replay check'],
  ['-c ENTRIES', 'SAD cache of an lcore, a power of two; 0: none (default 128)'],
  ['-t SECONDS', 'print statistics that often; 0 (default): never'],
  ['-s BUFFERS', 'mbufs in a pool (default: from queues, ports and lcores)'],
  ['-l', 'library mode (comes later)'],
  ['-e', 'extended sequence numbers on all SAs (comes later)'],
  ['-a', 'atomic sequence numbers, library mode (comes later)'],
  ['--single-sa INDEX', 'one SA for all traffic: its place among the outbound SAs by SPI'],
  ['--cryptodev_mask MASK', 'crypto devices to use, as a hexadecimal mask'],
  ['--rxoffload MASK', 'receive offloads that may be used (RTE_ETH_RX_OFFLOAD_*)'],
  ['--txoffload MASK', 'transmit offloads that may be used (RTE_ETH_TX_OFFLOAD_*)'],
  ['--mtu BYTES', 'longest IP packet, in and out (default 1500); above 2030 with larger buffers (-j)'],
  ['--reassemble ENTRIES', 'fragment table of an lcore; 0 (default): none (comes later)'],
  ['--frag-ttl NS', 'life of a fragment in nanoseconds (default and most: 10000000000)'],
  ['--transfer-mode MODE', 'poll (default) or event (comes later)'],
  ['--event-schedule-type TYPE', 'event mode: ordered (default), atomic or parallel'],
  ['--event-vector', 'event mode: events of several packets'],
  ['--vector-size PACKETS', 'event mode: the most packets of an event (default 16)'],
  ['--vector-tmo NS', 'event mode: how long an event waits to be full (default 102400)'],
  ['--vector-pool-sz EVENTS', 'event mode: events in the pool'],
  ['--per-port-pool', 'a pool of mbufs for each port'],
  ['--desc-nb NUMBER', 'descriptors of a crypto queue pair (default 2048)'],
];

const OURS: typeof OPTIONS = [
  ['--until-idle', 'end when all finite input is used up and all is sent'],
  ['--strict', 'drop authentic packets with other padding than 1, 2, 3, ...'],
  ['--busy-poll', 'never sleep, even with nothing to do'],
];

const DEVICES: typeof OPTIONS = [
  ['--vdev net_pcap0,rx_pcap=IN', 'a port on captures; tx_pcap=OUT, infinite_rx=1, pace=PPS or pace=capture'],
  ['--vdev net_tap0', 'a port on a TAP interface of Linux; iface=dtap%d, mac=fixed'],
  ['--vdev net_null0', 'a port that makes frames and takes all; size=64, no-rx=1, pace=PPS'],
  ['--vdev net_ring0,cable=NAME', 'a port on a cable in memory, which the other port of that name is at the end of'],
  ['-a 06:00.0,wire=KIND', 'a modelled 82599 on such a wire: pcap, tap, null or cable; engine=ENGINE'],
  [
    '-a 06:00.0,...,ARGUMENT=VALUE',
    `what such a card is like: ${CARD_ARGUMENTS.slice(0, 2).join(', ')}, ... (docs/card-arguments.md)`,
  ],
  ['--vdev crypto_aesni_gcm0', 'lookaside crypto by engine ipsec-mb (Debian: apt install libipsec-mb1)'],
  ['--vdev crypto_openssl0', 'the same by engine openssl; crypto_noble0 and crypto_null0 by noble and by none'],
];

const COLUMN = 36;

/**
 * How the gateway is called (DPDK: `print_usage`).
 *
 * @param program its name, as in `argv[0]`
 */
export function usage(program: string): string {
  const lines = (table: typeof OPTIONS) => table.map(([option, text]) => `  ${option.padEnd(COLUMN)}${text}`);
  return [
    `${program} [EAL options] -- -p PORTMASK [-P] [-u PORTMASK] --config (port,queue,lcore)[,...] -f FILE [options]`,
    '',
    ...lines(OPTIONS),
    '',
    "Not in DPDK's gateway:",
    ...lines(OURS),
    '',
    'Devices, among the EAL options; without a crypto device the best engine that opens serves:',
    ...lines(DEVICES),
    '',
  ].join('\n');
}
