import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import type { Environment } from '@inline-ipsec/eal/environment';
import { hexDump } from '@inline-ipsec/net/hex-dump';
import { DECRYPTED, DECRYPTED_DUMP, ENCRYPTED, ENCRYPTED_DUMP, INLINE_CFG, LOOKASIDE_CFG, PACKETS } from './article.ts';
import { type Crossings, runArticleTests, type TestRun } from './article-tests.ts';
import { type ComparedField, compareFields, DECRYPTED_FIELDS, ENCRYPTED_FIELDS } from './comparison.ts';
import { type CountedBytes, countedEngine } from './counted-engine.ts';

/** One of the article's four steps, and what was seen of it. */
export interface DemoStep {
  /** In the article's words. */
  readonly step: string;
  readonly seen: string;
  readonly asExpected: boolean;
}

/** One test of the article. */
export interface DemoTest {
  readonly name: 'decryption' | 'encryption';
  readonly packetsSent: number;
  readonly packetsHeard: number;
  readonly steps: readonly DemoStep[];
  /** The last packet that was heard, in tcpdump's form, and the article's. */
  readonly dump: string;
  readonly articleDump: string;
  readonly comparison: readonly ComparedField[];
  /** With the peculiarities of 2018 switched on, the packet is the article's to the last bit. */
  readonly sameAsArticleWithPeculiarities: boolean;
}

/** Figure 1: how often the bytes of the packets cross a bus on their way, by lookaside and by inline crypto. */
export interface DemoWay {
  readonly way: 'lookaside' | 'inline';
  readonly direction: 'decryption' | 'encryption';
  readonly crossings: Crossings;
  /** How often each byte of the packets inside the tunnel crosses the bus. */
  readonly timesEachByteCrosses: number;
}

/** All that the demo shows. */
export interface DemoResult {
  readonly tests: readonly DemoTest[];
  readonly ways: readonly DemoWay[];
  /** Both ways gave the same packets. */
  readonly waysAgree: boolean;
  /** Everything is as expected. */
  readonly ok: boolean;
}

/** Runs the article: its two tests, the same with the software of 2018, and its Figure 1. */
export function runDemo(environment: Environment): DemoResult {
  const inline = runArticleTests({ environment, configuration: INLINE_CFG });
  const of2018 = runArticleTests({
    environment,
    configuration: INLINE_CFG,
    peculiarities: { zeroPadding: true, staleInnerChecksum: true, checksumFieldLeft: true },
  });
  const counted: CountedBytes = { read: 0, written: 0 };
  const lookaside = runArticleTests({
    environment,
    configuration: LOOKASIDE_CFG,
    lookaside: countedEngine(createNobleEngine, counted),
    lookasideBytes: () => ({ ...counted }),
  });

  const tests: DemoTest[] = [
    {
      ...describe('decryption', inline.decryption, decryptionSteps(inline.decryption)),
      articleDump: DECRYPTED_DUMP,
      comparison: compareFields(last(inline.decryption.heard), DECRYPTED, DECRYPTED_FIELDS),
      sameAsArticleWithPeculiarities: equal(last(of2018.decryption.heard), DECRYPTED),
    },
    {
      ...describe('encryption', inline.encryption, encryptionSteps(inline.encryption)),
      articleDump: ENCRYPTED_DUMP,
      comparison: compareFields(last(inline.encryption.heard), ENCRYPTED, ENCRYPTED_FIELDS),
      sameAsArticleWithPeculiarities: equal(last(of2018.encryption.heard), ENCRYPTED),
    },
  ];
  const ways = (['decryption', 'encryption'] as const).flatMap((direction) => [
    wayOf('lookaside', direction, lookaside[direction]),
    wayOf('inline', direction, inline[direction]),
  ]);
  const waysAgree = (['decryption', 'encryption'] as const).every(
    (test) =>
      lookaside[test].heard.length === inline[test].heard.length &&
      lookaside[test].heard.every((packet, i) => equal(packet, inline[test].heard[i])),
  );
  const ok =
    waysAgree &&
    tests.every(
      (test) =>
        test.packetsHeard === PACKETS &&
        test.sameAsArticleWithPeculiarities &&
        test.steps.every(({ asExpected }) => asExpected) &&
        test.comparison.every(({ asExpected }) => asExpected),
    );
  return { tests, ways, waysAgree, ok };
}

function describe(name: DemoTest['name'], run: TestRun, steps: DemoStep[]) {
  const { sent, heard } = run;
  return { name, packetsSent: sent.length, packetsHeard: heard.length, steps, dump: hexDump(last(heard)) };
}

const IP_PROTOCOL = 9;
const ESP = 50;
const TUNNEL_AND_ESP_BYTES = 36;
const ICV_BYTES = 16;

function decryptionSteps({ sent, received, transmitted, heard }: TestRun): DemoStep[] {
  const clear = received.filter(
    ({ bytes }) => bytes[IP_PROTOCOL] === ESP && textOf(bytes.subarray(TUNNEL_AND_ESP_BYTES)).includes('|->test-'),
  );
  const flags = flagsOf(received);
  return [
    step('ESP packet is received on port 1.', sent.length === PACKETS && sent.every((p) => p[IP_PROTOCOL] === ESP), [
      `${sent.length} packets with protocol 50, SPI 5, sent by enp2s0f1; nothing in them can be read`,
    ]),
    step(
      'Port 1 RX queue contains ESP packet with the payload decrypted.',
      clear.length === PACKETS && flags === 'RX_SEC_OFFLOAD',
      [`${clear.length} mbufs that still have their ESP header, and clear text behind it; offload flags ${flags}`],
    ),
    step(
      'ESP decapsulation.',
      transmitted.length === PACKETS && transmitted.every(({ bytes }) => bytes.length === 84),
      [
        `${transmitted.length} packets of ${last(transmitted)?.bytes.length ?? 0} bytes: outer header, ESP, padding and ICV are gone; TTL ${last(transmitted)?.bytes[8] ?? 0}`,
      ],
    ),
    step('Clear text packet containing decrypted payload is transmitted on port 0.', heard.length === PACKETS, [
      `${heard.length} packets heard on enp2s0f0`,
    ]),
  ];
}

function encryptionSteps({ sent, received, transmitted, heard }: TestRun): DemoStep[] {
  const readable = transmitted.filter(({ bytes }) => textOf(bytes.subarray(TUNNEL_AND_ESP_BYTES)).includes('|->test-'));
  const blank = transmitted.filter(({ bytes }) => bytes.subarray(-ICV_BYTES).every((byte) => byte === 0));
  const secret = heard.filter((packet) => !textOf(packet).includes('test-'));
  const flags = flagsOf(transmitted);
  return [
    step(
      'Clear text packet is received on port 0.',
      received.length === PACKETS && received.every(({ bytes }) => bytes[IP_PROTOCOL] === 0),
      [
        `${received.length} packets of ${last(sent).length} bytes, sent by enp2s0f0; offload flags ${flagsOf(received)}`,
      ],
    ),
    step('ESP encapsulation.', readable.length === PACKETS, [
      `${readable.length} packets of ${last(transmitted)?.bytes.length ?? 0} bytes: outer header, ESP header, IV and padding are there, the payload is still clear`,
    ]),
    step('Packet is placed in the TX queue on port 1.', blank.length === PACKETS && flags.includes('TX_SEC_OFFLOAD'), [
      `${blank.length} mbufs with 16 zero bytes where the ICV will be; offload flags ${flags}`,
    ]),
    step('Packet is encrypted by port 1 during transmission.', secret.length === PACKETS && heard.length === PACKETS, [
      `${heard.length} packets heard on enp2s0f1, of the same ${last(heard)?.length ?? 0} bytes; nothing in them can be read`,
    ]),
  ];
}

function step(text: string, asExpected: boolean, seen: string[]): DemoStep {
  return { step: text, seen: seen.join('; '), asExpected };
}

function wayOf(way: DemoWay['way'], direction: DemoWay['direction'], run: TestRun): DemoWay {
  const innerBytes = (direction === 'decryption' ? run.heard : run.sent).reduce((sum, { length }) => sum + length, 0);
  const hops = Object.values(run.crossings).map((bytes: number) => Math.floor(bytes / innerBytes));
  return { way, direction, crossings: run.crossings, timesEachByteCrosses: hops.reduce((sum, times) => sum + times) };
}

/** The flags of all packets, if they are the same on all. */
function flagsOf(packets: readonly { flags: readonly string[] }[]): string {
  const all = new Set(packets.map(({ flags }) => flags.filter((flag) => flag !== 'RX_IP_CKSUM_GOOD').join(' + ')));
  return [...all].map((flags) => flags || 'none').join(' or ');
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function last<T>(items: readonly T[]): T {
  return items[items.length - 1];
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
