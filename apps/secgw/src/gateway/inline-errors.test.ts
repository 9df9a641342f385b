import { createOpensslEngine } from '@inline-ipsec/cryptodev/openssl';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { clearFrame } from '../bench/traffic.ts';
import { CaptureRun } from './capture-run.ts';

/** What the card says of a packet, and what the gateway does with it: only what was verified goes on. */

const SA = `aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5 \\
type inline-crypto-offload port_id 1 \\

`;
const CONFIGURATION = `sp ipv4 out esp protect 1005 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sa out 1005 ${SA}sa in 1005 ${SA}rt ipv4 dst 172.16.2.5/32 port 1
rt ipv4 dst 192.168.105.10/32 port 0
`;

/** Sends frames into the cards of a gateway and collects what comes out of either. */
function run(into: { clear?: Uint8Array[]; esp?: Uint8Array[] }, ...options: string[]) {
  const bench = new CaptureRun({ openssl: createOpensslEngine });
  const { files } = bench.files;
  files.set('a.cfg', new TextEncoder().encode(CONFIGURATION));
  files.set('clear.pcap', writePcap((into.clear ?? []).map((data) => ({ data }))));
  files.set('esp.pcap', writePcap((into.esp ?? []).map((data) => ({ data }))));
  const gateway = bench.start([
    ...['-l', '0', '-m', '64', '-a', '06:00.0,wire=pcap,rx_pcap=clear.pcap,tx_pcap=out0.pcap'],
    ...['-a', '06:00.1,wire=pcap,rx_pcap=esp.pcap,tx_pcap=out1.pcap', '--'],
    ...['-p', '0x3', '-P', '-u', '0x2', '--config=(0,0,0),(1,0,0)', '-f', 'a.cfg', '--until-idle', ...options],
  ]);
  bench.finish(gateway);
  const drops = gateway.drops();
  gateway.stop();
  expect(gateway.pool.inUseCount).toBe(0);
  const sent = (name: string) => readCapture(files.get(name) as Uint8Array).map(({ data }) => data);
  return { drops, clear: sent('out0.pcap'), esp: sent('out1.pcap') };
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
    const frames = change((frame) => {
      frame[frame.length - 1] ^= 1;
    });
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(got.drops).toEqual({ offload_failed: bad });
  });

  it('drop what has another length than ESP can have (code 10)', () => {
    const frames = change((frame) => {
      const total = ((frame[16] << 8) | frame[17]) - 2;
      frame.set([total >> 8, total & 255], 16);
    });
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(lost(got.drops)).toBe(bad);
    expect(Object.keys(got.drops)).toEqual(['esp_length']);
  });

  it('drop AH by the SPI of an SA for ESP (code 01)', () => {
    const frames = change((frame) => {
      frame[23] = 51;
      frame.set([4, 7, 0, 0, ...frame.subarray(34, 38)], 34);
    });
    const got = run({ esp: frames });
    expect(got.clear).toHaveLength(40 - bad);
    expect(got.drops).toEqual({ offload_failed: bad });
    expect(got.esp).toEqual([]);
  });

  it('take the padding of others as it is, and make their own right: 1, 2, 3, …', () => {
    const got = run({ esp }, '--strict');
    expect(got.clear).toHaveLength(40);
    expect(got.drops).toEqual({});
  });
});
