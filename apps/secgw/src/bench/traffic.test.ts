import { readCapture } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { averageBytes, frameMix } from './frame-mix.ts';
import { clearCapture, flowOf, policyNetwork } from './traffic.ts';

describe('frames of the benchmark', () => {
  it('are of one length, or IMIX: seven of 64 bytes, four of 570, one of 1420', () => {
    expect(frameMix('512').pattern).toEqual([512]);
    const counts = Object.fromEntries(
      [64, 570, 1420].map((bytes) => [bytes, frameMix('imix').pattern.filter((one) => one === bytes).length]),
    );
    expect(counts).toEqual({ 64: 7, 570: 4, 1420: 1 });
    expect(averageBytes(frameMix('imix'))).toBeCloseTo((7 * 64 + 4 * 570 + 1420) / 12);
  });

  it('are refused by size where no frame or no tunnel takes them', () => {
    for (const name of ['59', '1500', 'x', '']) {
      expect(() => frameMix(name)).toThrow(expect.objectContaining({ code: 'ERR_BENCH_SIZE' }));
    }
  });

  it('take the policies in turn, and no two flows of 65,536 are alike', () => {
    for (const policies of [1, 100, 10_000]) {
      const seen = new Set<string>();
      for (let i = 0; i < 65_536; i++) {
        const { destination, sourcePort, destinationPort } = flowOf(i, policies);
        expect((destination & 0xffff_ff00) >>> 0).toBe(policyNetwork(i % policies));
        seen.add(`${destination} ${sourcePort} ${destinationPort}`);
      }
      expect(seen.size).toBe(65_536);
    }
  });

  it('stand in a capture in the order of the mix', () => {
    const frames = readCapture(clearCapture(frameMix('imix'), 24, 2));
    expect(frames.map(({ data }) => data.length)).toEqual([...frameMix('imix').pattern, ...frameMix('imix').pattern]);
    expect([...frames[1].data.subarray(30, 34)]).toEqual([192, 168, 106, 10]);
  });
});
