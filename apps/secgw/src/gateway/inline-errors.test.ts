import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { clearFrame, flowOf } from '../bench/traffic.ts';
import { CaptureRun } from './capture-run.ts';

/** What the card says of a packet, and what the gateway does with it: only what was verified goes on. */

/** SAs with tunnels from this many stations, a network behind each. */
function configuration(tunnels: number): string {
  const sa = (n: number): string => `aead_algo aes-128-gcm \\
aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef mode ipv4-tunnel \\
src 172.16.1.${5 + n} dst 172.16.2.5 type inline-crypto-offload port_id 1 \\

`;
  const lines = Array.from({ length: tunnels }, (_, n) => {
    const spi = 1005 + n;
    return `sp ipv4 out esp protect ${spi} pri 1 dst 192.168.${105 + n}.0/24 sport 0:65535 dport 0:65535
sa out ${spi} ${sa(n)}sa in ${spi} ${sa(n)}rt ipv4 dst 192.168.${105 + n}.0/24 port 0
`;
  });
  return `${lines.join('')}rt ipv4 dst 172.16.2.5/32 port 1
`;
}

/** How a gateway is set up. */
interface Setup {
  readonly tunnels?: number;
  readonly lcores?: string;
  readonly queues?: string;
  readonly options?: readonly string[];
}

/** Sends frames into the cards of a gateway and collects what comes out of either. */
function run(into: { clear?: Uint8Array[]; esp?: Uint8Array[] }, setup: Setup = {}) {
  const { tunnels = 1, lcores = '0', queues = '(0,0,0),(1,0,0)', options = [] } = setup;
  const bench = new CaptureRun({ openssl: createOpensslEngine });
  const { files } = bench.files;
  files.set('a.cfg', new TextEncoder().encode(configuration(tunnels)));
  files.set('clear.pcap', writePcap((into.clear ?? []).map((data) => ({ data }))));
  files.set('esp.pcap', writePcap((into.esp ?? []).map((data) => ({ data }))));
  const gateway = bench.start([
    ...['-l', lcores, '-m', '64', '-a', '06:00.0,wire=pcap,rx_pcap=clear.pcap,tx_pcap=out0.pcap'],
    ...['-a', '06:00.1,wire=pcap,rx_pcap=esp.pcap,tx_pcap=out1.pcap', '--'],
    ...['-p', '0x3', '-P', '-u', '0x2', `--config=${queues}`, '-f', 'a.cfg', '--until-idle', ...options],
  ]);
  bench.finish(gateway);
  const drops = gateway.drops();
  const received = gateway.statistics().map((lcore) => lcore.received);
  gateway.stop();
  expect(gateway.pool.inUseCount).toBe(0);
  const sent = (name: string) => readCapture(files.get(name) as Uint8Array).map(({ data }) => data);
  return { drops, received, clear: sent('out0.pcap'), esp: sent('out1.pcap') };
}

/** Code 11. */
function forge(frame: Uint8Array): void {
  frame[frame.length - 1] ^= 1;
}

/** Code 10. */
function shorten(frame: Uint8Array): void {
  const total = ((frame[16] << 8) | frame[17]) - 2;
  frame.set([total >> 8, total & 255], 16);
}

/** Code 01. */
function asAh(frame: Uint8Array): void {
  frame[23] = 51;
  frame.set([4, 7, 0, 0, ...frame.subarray(34, 38)], 34);
}

const lost = (drops: Record<string, number>) => Object.values(drops).reduce((sum, n) => sum + n, 0);

describe('inline SAs of the gateway', () => {
  const clear = Array.from({ length: 40 }, (_, i) => clearFrame(64 + i));
  const { esp } = run({ clear });
  const spoilt = (at: number): boolean => at % 3 === 1;
  const change = (how: (frame: Uint8Array) => void): Uint8Array[] =>
    esp.map((frame, i) => {
      const copy = frame.slice();
      if (spoilt(i)) how(copy);
      return copy;
    });
  const bad = esp.filter((_, i) => spoilt(i)).length;

  it('decipher what is right', () => {
    const got = run({ esp });
    expect(esp).toHaveLength(40);
    expect(got.clear).toHaveLength(40);
    expect(lost(got.drops)).toBe(0);
  });

  it('drop what the card says is not authentic (code 11)', () => {
    const frames = change(forge);
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(got.drops).toEqual({ offload_failed: bad });
  });

  it('drop what has another length than ESP can have (code 10)', () => {
    const frames = change(shorten);
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(lost(got.drops)).toBe(bad);
    expect(Object.keys(got.drops)).toEqual(['esp_length']);
  });

  it('drop AH by the SPI of an SA for ESP (code 01)', () => {
    const frames = change(asAh);
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(got.drops).toEqual({ offload_failed: bad });
    expect(got.esp).toEqual([]);
  });

  it('take the padding of others as it is, and make their own right: 1, 2, 3, …', () => {
    const got = run({ esp }, { options: ['--strict'] });
    expect(got.clear).toHaveLength(40);
    expect(got.drops).toEqual({});
  });
});

describe('inline SAs of a gateway whose card spreads packets over two lcores', () => {
  const tunnels = 8;
  const spread = { tunnels, lcores: '0,1', queues: '(0,0,0),(1,0,0),(1,1,1)' };
  const clear = Array.from({ length: 48 }, (_, i) => clearFrame(64 + i, flowOf(i, tunnels)));
  const { esp } = run({ clear }, { tunnels });
  const sorted = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => String(frame)).sort();

  it.each([
    ['is not authentic', forge, 'offload_failed'],
    ['has a wrong length', shorten, 'esp_length'],
    ['is AH', asAh, 'offload_failed'],
  ])('drop what %s, on either', (_what, spoil, reason) => {
    expect(esp).toHaveLength(48);
    const good = run({ esp }, spread);
    expect(good.drops).toEqual({});
    expect(good.clear).toHaveLength(48);
    // Each tunnel has good ones and bad ones, and so has each queue.
    const bad = (i: number): boolean => (i >> 3) % 2 === 1;
    const frames = esp.map((frame, i) => {
      const copy = frame.slice();
      if (bad(i)) spoil(copy);
      return copy;
    });
    const got = run({ esp: frames }, spread);
    expect(got.drops).toEqual({ [reason]: 24 });
    expect(sorted(got.clear)).toEqual(sorted(run({ esp: esp.filter((_, i) => !bad(i)) }, spread).clear));
    expect(got.clear).toHaveLength(24);
    for (const received of got.received) expect(received).toBeGreaterThan(8);
  });
});
