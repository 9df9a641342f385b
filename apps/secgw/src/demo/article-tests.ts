import type { EngineFactory } from '@inline-ipsec/cryptodev/engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { espPacket } from '@inline-ipsec/pktgen/esp-packets';
import { articlePacket, ethernetFrame } from '@inline-ipsec/pktgen/packets';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import type { Gateway } from '../gateway/gateway.ts';
import type { Peculiarities2018 } from '../gateway/security-associations.ts';
import { startGateway } from '../gateway/start-gateway.ts';
import { PACKETS, PAYLOAD_BYTES } from './article.ts';
import { Host } from './host.ts';
import { type ObservedPacket, observeReceived, observeSent } from './observed-packet.ts';

const MEMORY_BYTES = 128 * 1024 * 1024;
/** Rounds without anything to do after which all packets are through. */
const QUIET_ROUNDS = 8;
/** The generator's IV: any eight bytes serve, and the same ones make every run the same. */
const GENERATOR_IV = Uint8Array.of(0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88);

/** The article's command line. Its ports get the cables of Figure 2; `-l 6,7` is a warning on a small machine. */
export const ARTICLE_COMMAND: readonly string[] = [
  ...['-l', '6,7', '-w', '06:00.0', '-w', '06:00.1'],
  ...['--log-level', '8', '--socket-mem', '1024,0', '--vdev', 'crypto_null'],
  ...['--', '-p', '0xf', '-P', '-u', '0x2', '--config=(0,0,6),(1,0,7)', '-f', './inline.cfg'],
];

/** What happened to the packets of one test, seen at the four places between wire and wire. */
export interface TestRun {
  /** As the generator sent them, from the IP header on. */
  readonly sent: readonly Uint8Array[];
  /** As the gateway's software got them from the port. */
  readonly received: readonly ObservedPacket[];
  /** As the gateway's software gave them to the other port. */
  readonly transmitted: readonly ObservedPacket[];
  /** As the listener saw them, from the IP header on. */
  readonly heard: readonly Uint8Array[];
  /** Bytes that crossed between ports, memory and crypto device, Ethernet headers included. */
  readonly crossings: Crossings;
}

/** Bytes on their way through the machine. */
export interface Crossings {
  readonly portToMemory: number;
  readonly memoryToCrypto: number;
  readonly cryptoToMemory: number;
  readonly memoryToPort: number;
}

/** How the two tests are run. */
export interface ArticleTestOptions {
  readonly environment: Environment;
  readonly configuration: string;
  readonly peculiarities?: Peculiarities2018;
  /** The lookaside crypto device's engine. */
  readonly lookaside?: EngineFactory;
  /** Bytes that the lookaside device has read and written so far. */
  readonly lookasideBytes?: () => { read: number; written: number };
}

/** Both tests of the article on its system of two cards and two cables. */
export function runArticleTests(options: ArticleTestOptions): { decryption: TestRun; encryption: TestRun } {
  const memory = Memory.create({ bytes: MEMORY_BYTES, shared: false });
  const { environment } = options;
  const host = new Host(memory, environment);
  const gateway = startDemoGateway(memory, options);
  try {
    const clear = articlePacket({ size: PAYLOAD_BYTES });
    const esp = espPacket(clear, { iv: GENERATOR_IV });
    const [port0, port1] = [0, 1].map((id) => gateway.port(id));
    const runTest = (direction: 'in' | 'out', packet: Uint8Array): TestRun => {
      const [from, to] = direction === 'in' ? [port1, port0] : [port0, port1];
      const [generator, listener] =
        direction === 'in' ? [host.enp2s0f1, host.enp2s0f0] : [host.enp2s0f0, host.enp2s0f1];
      const received = observeReceived(memory, from);
      const transmitted = observeSent(memory, to);
      const before = options.lookasideBytes?.() ?? { read: 0, written: 0 };
      const sent = Array.from({ length: PACKETS }, () => packet);
      host.send(
        generator,
        sent.map((clearOrEsp) => ethernetFrame(clearOrEsp)),
      );
      const heard: Uint8Array[] = [];
      for (let quiet = 0; quiet < QUIET_ROUNDS; ) {
        const work = gateway.poll();
        gateway.drain();
        const frames = host.receive(listener);
        heard.push(...frames.map((frame) => frame.subarray(14)));
        quiet = work === 0 && frames.length === 0 ? quiet + 1 : 0;
      }
      const after = options.lookasideBytes?.() ?? { read: 0, written: 0 };
      return {
        sent,
        received: [...received],
        transmitted: [...transmitted],
        heard,
        crossings: {
          portToMemory: bytesOf(received),
          memoryToCrypto: after.read - before.read,
          cryptoToMemory: after.written - before.written,
          memoryToPort: bytesOf(transmitted),
        },
      };
    };
    return { decryption: runTest('in', esp), encryption: runTest('out', clear) };
  } finally {
    gateway.stop();
    host.close();
  }
}

function startDemoGateway(memory: Memory, options: ArticleTestOptions): Gateway {
  const { environment, configuration, peculiarities = {}, lookaside } = options;
  const words = ARTICLE_COMMAND.map((word) =>
    /^06:00\.[01]$/.test(word) ? `${word},wire=cable,cable=${word.at(-1)},engine=noble` : word,
  );
  // With a lookaside device the null device of the article's line, which is there for show, makes room for it.
  const argv = lookaside === undefined ? words : words.filter((word) => word !== '--vdev' && word !== 'crypto_null');
  const gateway = startGateway(
    ['ipsec-secgw', ...argv],
    {
      environment: { ...environment, write: () => {} },
      files: new MemoryCaptureFiles(),
      readFile: () => Uint8Array.from(configuration, (letter) => letter.charCodeAt(0)),
      ...(lookaside === undefined ? {} : { engines: { openssl: lookaside } }),
    },
    { peculiarities, memory },
  );
  if (gateway === undefined) throw new RangeError('the demo asks for no help');
  return gateway;
}

function bytesOf(packets: readonly ObservedPacket[]): number {
  return packets.reduce((sum, { bytes }) => sum + 14 + bytes.length, 0);
}
