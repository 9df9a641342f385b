import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { platformEnvironment } from '@inline-ipsec/eal/environment';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../gateway/gateway.ts';
import { startGateway } from '../gateway/start-gateway.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet } from '../testing/packet-bench.ts';

/**
 * No packet costs the JavaScript heap anything between its receive and its transmit. With null crypto, so that no
 * library's own objects are counted, a million packets go from a capture that is replayed to one that is thrown away, and
 * the growth of the heap is summed up.
 */

const PACKETS = 1_000_000;
const WARM_UP = 250_000;
/** The smallest object takes 16 bytes, 16 MB in all: a per-packet object breaks this bound. Polls and clocks stay below it. */
const BOUND_BYTES = 4_000_000;
/** Between two looks at the heap: few enough that nothing is collected in between, even with an object a packet. */
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

const payload = (bytes: number) => new Uint8Array(bytes).fill(7);
const to = (destination: number, bytes = 40) => ethernetFrame(ipv4Packet(payload(bytes), { destination }));
const six = () => ethernetFrame(ipv6Packet(payload(30)));
const PROTECTED = 0xc0a8690a;
const BYPASSED = 0x0a000001;
const UNKNOWN = 0x08080808;

const MIXES = {
  'small packets to protect': [to(PROTECTED)],
  'packets of every kind': [
    to(PROTECTED),
    to(PROTECTED, 1400),
    to(BYPASSED),
    six(),
    // Dropped: no policy, no IP, cut short, used up, too long with ESP.
    to(UNKNOWN),
    ethernetFrame(payload(46), 0x0806),
    to(PROTECTED).with(17, 200),
    ethernetFrame(ipv4Packet(payload(40), { destination: PROTECTED, ttl: 1 })),
    to(PROTECTED, 1460),
  ],
} satisfies Record<string, Uint8Array[]>;

function gatewayOver(frames: readonly Uint8Array[], from: 'protected' | 'unprotected', replayed: boolean) {
  const files = new MemoryCaptureFiles();
  files.files.set('in.pcap', writePcap(frames.map((data) => ({ data }))));
  const rx = `rx_pcap=in.pcap${replayed ? ',infinite_rx=1' : ''}`;
  const vdevs = ['protected', 'unprotected'].map((side, port) =>
    side === from ? `net_pcap${port},${rx},tx_pcap=out${port}.pcap` : `net_pcap${port},tx_pcap=out${port}.pcap`,
  );
  const gateway = startGateway(
    [
      ...['ipsec-secgw', '-l', '0', '-m', '64', '--log-level', 'error', '--vdev', 'crypto_null0'],
      ...vdevs.flatMap((vdev) => ['--vdev', vdev]),
      ...['--', '-p', '3', '-u', '2', '-w', '0', '--config', '(0,0,0),(1,0,0)', '-f', 'a.cfg'],
    ],
    {
      environment: platformEnvironment(),
      files: replayed ? { read: (path) => files.read(path), write: () => ({ write: () => {} }) } : files,
      readFile: () => new TextEncoder().encode(CONFIGURATION),
    },
  );
  if (gateway === undefined) throw new RangeError('no gateway');
  return { gateway, files: files.files };
}

/** ESP frames as the gateway itself makes them. */
function espFrames(clear: readonly Uint8Array[]): Uint8Array[] {
  const { gateway, files } = gatewayOver(clear, 'protected', false);
  for (let quiet = 0; quiet < 4; ) quiet = gateway.poll() > 0 ? 0 : quiet + 1;
  gateway.stop();
  return readCapture(files.get('out1.pcap') as Uint8Array).map(({ data }) => data);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;

/** Bytes that `packets` packets, and polls, put on the heap. */
function growth(gateway: Gateway, packets: number): { bytes: number; received: number } {
  const received = () => gateway.statistics()[0].received;
  const start = received();
  let bytes = 0;
  collect();
  while (received() < start + packets) {
    collect({ type: 'minor' });
    const before = process.memoryUsage();
    for (let i = 0; i < POLLS_A_LOOK; i++) gateway.poll();
    const after = process.memoryUsage();
    bytes += after.heapUsed - before.heapUsed + after.external - before.external;
  }
  return { bytes, received: received() - start };
}

/** Growth of the heap over a million packets, once the code is warm. */
function measure(frames: readonly Uint8Array[], from: 'protected' | 'unprotected', spoil?: (gateway: Gateway) => void) {
  const { gateway } = gatewayOver(frames, from, true);
  spoil?.(gateway);
  growth(gateway, WARM_UP);
  const { bytes, received } = growth(gateway, PACKETS);
  const { sent, dropped } = gateway.statistics()[0];
  gateway.stop();
  expect(received).toBeGreaterThanOrEqual(PACKETS);
  expect(sent + dropped).toBeGreaterThanOrEqual(PACKETS);
  return { bytes, sent, dropped };
}

describe('the heap over a million packets', () => {
  it.each(Object.entries(MIXES))('does not grow with %s on the way out', (_what, frames) => {
    const { bytes, sent, dropped } = measure(frames, 'protected');
    expect(bytes).toBeLessThan(BOUND_BYTES);
    expect(sent).toBeGreaterThan(PACKETS / 3);
    expect(dropped > 0).toBe(frames.length > 1);
  });

  it('does not grow with packets of every kind on the way in', () => {
    const esp = espFrames(MIXES['packets of every kind']);
    // Dropped: another SPI, a fragment, another source.
    const bad = [esp[0].with(37, 9), esp[0].with(20, 0x20), esp[0].with(29, 1)];
    const { bytes, sent, dropped } = measure([...esp, ...bad], 'unprotected');
    expect(bytes).toBeLessThan(BOUND_BYTES);
    expect(sent).toBeGreaterThan(PACKETS / 3);
    expect(dropped).toBeGreaterThan(PACKETS / 4);
  });

  it('grows beyond the bound with a single small object a packet', () => {
    const kept: { mbuf: number }[] = [{ mbuf: 0 }];
    const { bytes } = measure(MIXES['small packets to protect'], 'protected', (gateway) => {
      gateway.port(0).addRxCallback(0, (table, count) => {
        for (let i = 0; i < count; i++) kept[0] = { mbuf: table[i] };
        return count;
      });
    });
    expect(bytes).toBeGreaterThan(2 * BOUND_BYTES);
  });
});
