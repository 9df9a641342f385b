import { writePcap } from '@inline-ipsec/net/pcap';
import { describe, expect, it } from 'vitest';
import { DECRYPTED, INLINE_CFG } from '../demo/article.ts';
import { CaptureRun } from '../gateway/capture-run.ts';

const BURST = 32;

/** In which of so many rounds a gateway of one lcore steps its devices, when `frames` frames are there from the start. */
function roundsWithStep(frames: number, rounds: number): boolean[] {
  const bench = new CaptureRun();
  const { files } = bench.files;
  const frame = Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...DECRYPTED);
  files.set('in.pcap', writePcap(Array.from({ length: frames }, () => ({ data: frame }))));
  files.set('a.cfg', new TextEncoder().encode(INLINE_CFG.replaceAll('inline-crypto-offload', 'no-offload')));
  const ports = ['--no-pci', '--vdev', 'net_pcap0,rx_pcap=in.pcap', '--vdev', 'net_null1,no-rx=1'];
  const options = ['-p', '0x3', '-P', '-u', '0x2', '--config=(0,0,0),(1,0,0)', '-f', 'a.cfg'];
  const gateway = bench.start(['-l', '0', '-m', '64', ...ports, '--', ...options]);
  let steps = 0;
  let most = 0;
  const device = {
    name: 'counts its steps',
    step: (budget: number) => {
      steps++;
      most = Math.max(most, budget);
      return 0;
    },
  };
  gateway.eal.steps.add(device);
  gateway.eal.steps.assign(device.name, 0);
  const stepped = Array.from({ length: rounds }, () => {
    const before = steps;
    gateway.poll();
    return steps !== before;
  });
  // It may move as much in a step as has come and gone since the last one.
  expect(most).toBe(2 * BURST);
  gateway.stop();
  return stepped;
}

describe('devices of an lcore', () => {
  it('are stepped in every round that finds less than a full burst, so that nothing waits for more to come', () => {
    expect(roundsWithStep(BURST - 1, 3)).toEqual([true, true, true]);
  });

  it('are stepped after every two full bursts', () => {
    expect(roundsWithStep(4 * BURST, 5)).toEqual([false, true, false, true, true]);
  });

  it('are stepped when full bursts end', () => {
    expect(roundsWithStep(3 * BURST + 1, 5)).toEqual([false, true, false, true, true]);
  });
});
