import { writeIpv4Header } from '@inline-ipsec/net/ipv4';
import { readCapture, writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { DECRYPTED, INLINE_CFG, PACKETS } from '../demo/article.ts';
import { CaptureRun } from './capture-run.ts';

/** The article's packet, from an address of its own. */
function articleFrame(n: number): Uint8Array {
  const packet = DECRYPTED.slice();
  const [source, destination] = [0xc0a8_6900 + n, 0xc0a8_690a];
  writeIpv4Header(packet, 0, { source, destination, protocol: 0, ttl: 64, id: 1, totalLength: packet.length });
  return Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...packet);
}

/** A gateway between two cards with two receive queues each, all of one lcore. */
function run(configuration: string, clear: readonly Uint8Array[], esp: readonly Uint8Array[]) {
  const bench = new CaptureRun();
  const { files } = bench.files;
  files.set('a.cfg', new TextEncoder().encode(configuration));
  files.set('in0.pcap', writePcap(clear.map((data) => ({ data }))));
  files.set('in1.pcap', writePcap(esp.map((data) => ({ data }))));
  const card = (n: number) => ['-a', `06:00.${n},wire=pcap,rx_pcap=in${n}.pcap,tx_pcap=out${n}.pcap,engine=noble`];
  const queues = '--config=(0,0,0),(0,1,0),(1,0,0),(1,1,0)';
  const options = ['-p', '0x3', '-P', '-u', '0x2', queues, '-f', 'a.cfg', '--until-idle'];
  const gateway = bench.start(['-l', '0', '-m', '64', ...card(0), ...card(1), '--', ...options]);
  const received = [0, 1].map((port) => [0, 1].map((queue) => count(gateway.port(port), queue)));
  bench.finish(gateway);
  const drops = gateway.drops();
  const packets = received.map((port) => port.map((queue) => queue()));
  gateway.stop();
  expect(gateway.pool.inUseCount).toBe(0);
  const sent = [0, 1].map((n) => readCapture(files.get(`out${n}.pcap`) as Uint8Array).map(({ data }) => data));
  return { sent, drops, packets, stdout: bench.environment.written.stdout };
}

function count(port: ReturnType<ReturnType<CaptureRun['start']>['port']>, queue: number): () => number {
  let packets = 0;
  port.addRxCallback(queue, (_table, n) => {
    packets += n;
    return n;
  });
  return () => packets;
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('two receive queues of a card on one lcore', () => {
  it('share the article’s packets by RSS, and every one of them is enciphered and deciphered right', () => {
    const clear = Array.from({ length: PACKETS }, (_, i) => articleFrame(i + 1));
    const out = run(INLINE_CFG, clear, []);
    expect(out.drops).toEqual({});
    const [first, second] = out.packets[0];
    expect(first + second).toBe(PACKETS);
    expect(Math.min(first, second)).toBeGreaterThan(PACKETS / 4);
    expect(out.sent[1]).toHaveLength(PACKETS);
    // The driver's functions, and not all that were asked for.
    expect(out.stdout).toContain('Creating queues: nb_rx_queue=2 nb_tx_queue=1');
    expect(out.stdout).toContain(
      'Port 0 modified RSS hash function based on hardware support,requested:0x3bffc configured:0x38d34',
    );
    // One tunnel has one hash, so all of it comes to one queue and in order.
    const back = run(INLINE_CFG.replace('sa in 5', 'sa in 1005'), [], out.sent[1]);
    expect(back.drops).toEqual({});
    expect([...back.packets[1]].sort((a, b) => a - b)).toEqual([0, PACKETS]);
    const payloads = (frames: readonly Uint8Array[]) => frames.map((frame) => hex(frame.subarray(26, 98))).sort();
    expect(payloads(back.sent[0])).toEqual(payloads(clear));
  });
});
