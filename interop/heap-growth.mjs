// Prints how much a million packets put on the JavaScript heap between receive and transmit: bytes, packets sent and
// dropped, as JSON. Runs on the built packages: `heap-growth.mjs DIRECTION MIX [spoiled|paced]`.
import { Session } from 'node:inspector/promises';
import { platformEnvironment } from '@inline-ipsec/eal/environment';
import { monotonicClock } from '@inline-ipsec/eal/linux/monotonic-clock';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { COUNTER, lcoreCounters } from 'ipsec-secgw/datapath/counters';
import { startGateway } from 'ipsec-secgw/gateway/start-gateway';

const PACKETS = 1_000_000;
const WARM_UP = 500_000;
/** Packets a second of a paced wire: most polls find none, and few find a full burst. */
const PACE = 500_000;
/** Between two looks at the counters. */
const POLLS_A_LOOK = 256;

const NULL = 'cipher_algo null auth_algo null';
const TUNNEL = 'mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5';
const CONFIGURATION = `sp ipv4 out esp protect 1005 pri 2 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sp ipv4 out esp bypass pri 1 dst 10.0.0.0/8 sport 0:65535 dport 0:65535
sp ipv6 out esp protect 1005 pri 1 dst fd00::/16 sport 0:65535 dport 0:65535
sa out 1005 ${NULL} ${TUNNEL}
sa in 1005 ${NULL} ${TUNNEL}
rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 10.0.0.0/8 port 1
rt ipv4 dst 192.168.105.0/24 port 0
rt ipv6 dst fd00::/16 port 0
`;

const MACS = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

function ipv4(bytes, destination, { ttl = 64, type = 8 } = {}) {
  const frame = new Uint8Array(34 + bytes);
  const total = 20 + bytes;
  frame.set([
    ...MACS,
    type,
    0,
    0x45,
    0,
    total >> 8,
    total & 255,
    0,
    1,
    0,
    0,
    ttl,
    17,
    0,
    0,
    10,
    0,
    0,
    9,
    ...destination,
  ]);
  return frame;
}

function ipv6(bytes) {
  const frame = new Uint8Array(54 + bytes);
  frame.set([...MACS, 0x86, 0xdd, 0x60, 0, 0, 0, 0, bytes, 17, 64]);
  frame[22] = 0xfd;
  frame[38] = 0xfd;
  return frame;
}

const PROTECTED = [192, 168, 105, 10];
const MIXES = {
  small: [ipv4(40, PROTECTED)],
  // The last five are dropped: no policy, no IP, cut short, used up, too long with ESP.
  every: [
    ipv4(40, PROTECTED),
    ipv4(1400, PROTECTED),
    ipv4(40, [10, 0, 0, 1]),
    ipv6(30),
    ipv4(40, [8, 8, 8, 8]),
    ipv4(40, PROTECTED, { type: 9 }),
    ipv4(40, PROTECTED).with(17, 200),
    ipv4(40, PROTECTED, { ttl: 1 }),
    ipv4(1460, PROTECTED),
  ],
};

function gatewayOver(frames, receiver, replayed, paced = false) {
  const files = new MemoryCaptureFiles();
  files.files.set('in.pcap', writePcap(frames.map((data) => ({ data }))));
  const rx = `rx_pcap=in.pcap${replayed ? ',infinite_rx=1' : ''}${paced ? `,pace=${PACE}` : ''}`;
  const vdevs = [0, 1].map((port) => `net_pcap${port},${port === receiver ? `${rx},` : ''}tx_pcap=out${port}.pcap`);
  const gateway = startGateway(
    [
      ...['ipsec-secgw', '-l', '0', '-m', '64', '--log-level', 'error', '--vdev', 'crypto_null0'],
      ...vdevs.flatMap((vdev) => ['--vdev', vdev]),
      ...['--', '-p', '3', '-u', '2', '--config', '(0,0,0),(1,0,0)', '-f', 'a.cfg'],
    ],
    {
      environment: { ...platformEnvironment(), ...monotonicClock() },
      files: replayed ? { read: (path) => files.read(path), write: () => ({ write: () => {} }) } : files,
      readFile: () => new TextEncoder().encode(CONFIGURATION),
    },
  );
  return { gateway, files: files.files };
}

/** ESP frames as the gateway itself makes them, and three that it drops: another SPI, a fragment, another source. */
function espFrames(clear) {
  const { gateway, files } = gatewayOver(clear, 0, false);
  for (let quiet = 0; quiet < 4; ) quiet = gateway.poll() > 0 ? 0 : quiet + 1;
  gateway.stop();
  const esp = readCapture(files.get('out1.pcap')).map(({ data }) => data);
  return [...esp, esp[0].with(37, 9), esp[0].with(20, 0x20), esp[0].with(29, 1)];
}

/** Looks at the counter itself, which puts nothing on the heap: it is found once, and before anything is measured. */
function poll(gateway, counter, packets) {
  const { f64 } = gateway.memory;
  const end = f64[counter] + packets;
  while (f64[counter] < end) for (let i = 0; i < POLLS_A_LOOK; i++) gateway.poll();
}

/** Bytes that were put on the heap meanwhile, collected since or not, as the sampling heap profiler estimates them. */
async function allocated(work) {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 1024,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const sum = ({ selfSize, children }) => children.reduce((total, child) => total + sum(child), selfSize);
  return sum(profile.head);
}

const [direction, mix, variant] = process.argv.slice(2);
const frames = direction === 'in' ? espFrames(MIXES[mix]) : MIXES[mix];
const { gateway } = gatewayOver(frames, direction === 'in' ? 1 : 0, true, variant === 'paced');
if (variant === 'spoiled') {
  const kept = new Array(64);
  gateway.port(1).addTxCallback(0, (table, count) => {
    for (let i = 0; i < count; i++) kept[i & 63] = { mbuf: table[i] };
    return count;
  });
}
const counter = lcoreCounters(gateway.memory, 0) + (COUNTER.received >> 3);
poll(gateway, counter, WARM_UP);
const bytes = await allocated(() => poll(gateway, counter, PACKETS));
const { sent, dropped } = gateway.statistics()[0];
gateway.stop();
console.log(JSON.stringify({ bytes, sent, dropped }));
