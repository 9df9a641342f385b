import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { readCapture } from '@inline-ipsec/net/pcap';
import { MemoryCaptureFiles } from '@inline-ipsec/wire/capture-files';
import { describe, expect, it } from 'vitest';
import { CaptureTargetFile, type FrameTarget } from './frame-target.ts';
import { articlePacket } from './packets.ts';
import { sendTraffic, type Traffic } from './traffic.ts';

const bytes = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Keeps what is sent. */
class Kept implements FrameTarget {
  readonly kind = 'interface';
  readonly name = 'kept';
  readonly macAddress = bytes('0200000000aa');
  readonly frames: string[] = [];
  send(frame: Uint8Array): void {
    this.frames.push(hex(frame));
  }
  close(): void {}
}

function sent(traffic: Traffic, seed = 1) {
  const target = new Kept();
  const report = sendTraffic(traffic, simulatedEnvironment(seed), target);
  return { report, frames: target.frames };
}

describe('traffic', () => {
  it('of clear packets is one packet, as often as wanted', () => {
    const { report, frames } = sent({ count: 32 });
    expect(new Set(frames)).toEqual(new Set([`ffffffffffff0200000000aa0800${hex(articlePacket())}`]));
    expect(frames).toHaveLength(32);
    expect(report).toEqual({ packets: 32, frameBytes: 98, lastSequence: undefined });
  });

  it('of ESP packets is one packet under one number, as in the article', () => {
    const { report, frames } = sent({ count: 32, esp: {} });
    expect(new Set(frames).size).toBe(1);
    expect(frames).toHaveLength(32);
    expect(frames[0].slice(28, 28 + 56)).toBe('4500008c0001000040321f15ac100105ac1002050000000500000001');
    expect(report).toEqual({ packets: 32, frameBytes: 154, lastSequence: 1 });
  });

  it('counts up when it shall be fresh, with an IV of its own for each packet', () => {
    const { report, frames } = sent({ count: 32, esp: { fresh: true } });
    const number = (frame: string) => Number.parseInt(frame.slice(76, 84), 16);
    expect(frames.map(number)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect(new Set(frames.map((frame) => frame.slice(84, 100))).size).toBe(32);
    expect(report.lastSequence).toBe(32);
  });

  it('takes its IVs from the environment, so that a run can be repeated', () => {
    const traffic = { count: 3, esp: { fresh: true } };
    expect(sent(traffic, 7).frames).toEqual(sent(traffic, 7).frames);
    expect(sent(traffic, 7).frames).not.toEqual(sent(traffic, 8).frames);
  });

  it('has the Ethernet addresses that are given before those of the target', () => {
    const ethernet = { source: bytes('020000000001'), destination: bytes('020000000002') };
    expect(sent({ count: 1, ethernet }).frames[0].slice(0, 24)).toBe('020000000002020000000001');
  });
});

describe('a capture file as the target', () => {
  it.each(['a.pcap', 'a.pcapng'])('has every frame with its time: %s', (name) => {
    const files = new MemoryCaptureFiles();
    const environment = simulatedEnvironment(1, 1_530_000_000_999.25);
    const target = new CaptureTargetFile(name, files, environment);
    target.send(bytes('0102'));
    environment.advance(1_000_001);
    target.send(bytes('03'));
    target.close();
    const file = files.files.get(name) ?? new Uint8Array(0);
    expect(hex(file.subarray(0, 4))).toBe(name === 'a.pcap' ? '4d3cb2a1' : '0a0d0d0a');
    expect(readCapture(file)).toMatchObject([
      { seconds: 1_530_000_000, nanoseconds: 999_250_000, data: bytes('0102') },
      { seconds: 1_530_000_001, nanoseconds: 250_001, data: bytes('03') },
    ]);
  });
});
