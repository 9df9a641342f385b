import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import type { Gateway } from '../gateway/gateway.ts';
import { startGateway } from '../gateway/start-gateway.ts';
import { type EngineTime, timedEngine } from './timed-engine.ts';
import { captureOf, clearFrame } from './traffic.ts';

/** The way of a packet: from clear to ESP, or back. */
export type BenchDirection = 'out' | 'in';

/** One row of the benchmark of the pcap path. All times are nanoseconds a packet. */
export interface PcapPathRow {
  readonly engine: string;
  readonly direction: BenchDirection;
  /** Bytes of the clear frame, Ethernet header included and FCS not. */
  readonly frameBytes: number;
  readonly packets: number;
  readonly total: number;
  readonly inEngine: number;
  /** What is not the crypto library: wires, ports, classification, policy, ESP, routes. */
  readonly outsideEngine: number;
  /** Million packets a second. */
  readonly mpps: number;
  /** Gigabits of clear frames a second. */
  readonly gbps: number;
}

/** What the benchmark is run with. */
export interface PcapPathOptions {
  readonly environment: Environment;
  /** An engine by its name; `null` measures the path without any crypto. */
  readonly engine: string;
  readonly create: EngineFactory;
  readonly direction: BenchDirection;
  readonly frameBytes: number;
  readonly packets: number;
}

const KEY = '2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef';
const AES = `aead_algo aes-128-gcm aead_key ${KEY}`;
const NULL = 'cipher_algo null auth_algo null';
const REPLAYED_FRAMES = 256;
/** An odd number, so that there is a median. */
const ROUNDS = 15;

/**
 * Measures the whole path from a capture that is replayed from memory to a capture that is written and thrown away: one
 * lcore, one SA, the article's configuration with lookaside crypto.
 */
export function benchPcapPath(options: PcapPathOptions): PcapPathRow {
  const { environment, create, direction, frameBytes } = options;
  const clear = captureOf(clearFrame(frameBytes), REPLAYED_FRAMES);
  const capture = direction === 'out' ? clear : encrypted(options, clear);
  // The clock costs as much as some packets do, so the path is measured without looking into it, and the engine apart.
  const path = measure(options, capture, create, () => {});
  const time: EngineTime = { nanoseconds: 0, calls: 0 };
  const timed = measure(options, capture, timedEngine(create, environment, time), () => {
    time.nanoseconds = 0;
    time.calls = 0;
  });
  const inEngine = (time.nanoseconds - time.calls * clockCost(environment)) / timed.packets;
  const total = path.nanoseconds;
  return {
    engine: options.engine,
    direction,
    frameBytes,
    packets: path.packets,
    total,
    inEngine,
    outsideEngine: total - inEngine,
    mpps: 1e3 / total,
    gbps: (8 * frameBytes) / total,
  };
}

/** Nanoseconds a packet once it is warm, the median of {@link ROUNDS} rounds: the machine's speed drifts. */
function measure(
  options: PcapPathOptions,
  capture: Uint8Array,
  create: EngineFactory,
  onWarm: () => void,
): { nanoseconds: number; packets: number } {
  const { environment, packets } = options;
  const gateway = gatewayOver(options, capture, create, true);
  const received = () => gateway.statistics()[0].received;
  pollUntil(gateway, () => received() >= packets / 4);
  onWarm();
  const warm = received();
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = received();
    const start = environment.now();
    pollUntil(gateway, () => received() >= before + packets / ROUNDS);
    rounds.push((environment.now() - start) / (received() - before));
  }
  const { received: all, dropped } = gateway.statistics()[0];
  gateway.stop();
  if (dropped > 0) throw new RangeError(`the benchmark dropped ${dropped} packets`);
  return { nanoseconds: rounds.sort((one, other) => one - other)[ROUNDS >> 1], packets: all - warm };
}

/** What an interval of nothing measures. */
function clockCost(environment: Environment): number {
  const looks = 100_000;
  let sum = 0;
  for (let i = 0; i < looks; i++) {
    const before = environment.now();
    sum += environment.now() - before;
  }
  return sum / looks;
}

/** Polls a while between two looks at the counters. */
function pollUntil(gateway: Gateway, done: () => boolean): void {
  while (!done()) for (let i = 0; i < 256; i++) gateway.poll();
}

/** What the gateway makes of a capture: input for the way back. */
function encrypted(options: PcapPathOptions, clear: Uint8Array): Uint8Array {
  const written = new MemoryCaptureFiles();
  const gateway = gatewayOver({ ...options, direction: 'out' }, clear, options.create, false, written);
  for (let quiet = 0; quiet < 4; ) quiet = gateway.poll() > 0 ? 0 : quiet + 1;
  gateway.stop();
  const frames = readCapture(written.files.get('sent.pcap') ?? new Uint8Array());
  return writePcap(frames);
}

function gatewayOver(
  { engine, direction, environment }: PcapPathOptions,
  capture: Uint8Array,
  create: EngineFactory,
  infinite: boolean,
  written?: MemoryCaptureFiles,
): Gateway {
  const crypto = engine === 'null' ? NULL : AES;
  const tunnel = 'mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5';
  const configuration = `sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sa out 1005 ${crypto} ${tunnel}
sa in 1005 ${crypto} ${tunnel}
rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;
  const receiver = direction === 'out' ? 0 : 1;
  const rx = `rx_pcap=capture.pcap${infinite ? ',infinite_rx=1' : ''}`;
  const vdevs = [0, 1].map((port) => `net_pcap${port},${port === receiver ? rx : 'tx_pcap=sent.pcap'}`);
  const argv = [
    ...['ipsec-secgw', '-l', '0', '-m', '128', '--log-level', 'error', '--no-pci'],
    ...vdevs.flatMap((vdev) => ['--vdev', vdev]),
    ...['--', '-p', '0x3', '-P', '-u', '0x2', '--config', '(0,0,0),(1,0,0)', '-f', 'bench.cfg'],
  ];
  const gateway = startGateway(argv, {
    environment: { ...environment, write: () => {} },
    files: new BenchFiles(capture, written),
    readFile: () => Uint8Array.from(configuration, (letter) => letter.charCodeAt(0)),
    // Without crypto vdevs this is the one that serves, whatever it wraps.
    engines: { openssl: create },
  });
  if (gateway === undefined) throw new RangeError('the benchmark asks for no help');
  return gateway;
}

/** One capture to read; what is written is kept, or thrown away once it has been formatted. */
class BenchFiles implements CaptureFiles {
  readonly #source = new MemoryCaptureFiles();
  readonly #written: MemoryCaptureFiles | undefined;

  constructor(capture: Uint8Array, written: MemoryCaptureFiles | undefined) {
    this.#source.files.set('capture.pcap', capture);
    this.#written = written;
  }

  read(path: string) {
    return this.#source.read(path);
  }

  write(path: string) {
    return this.#written?.write(path) ?? { write: () => {} };
  }
}
