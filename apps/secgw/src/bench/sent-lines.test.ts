import { describe, expect, it } from 'vitest';
import { statisticsScreen } from '../gateway/statistics-screen.ts';
import { SentLines, sentRate } from './sent-lines.ts';

const row = (lcore: number, sent: number) => ({
  ...{ lcore, sent, received: sent, dropped: 0 },
  ...{ burstPercent: 100, packetsPerRxCall: 32, packetsPerTxCall: 32 },
});

/** A screen as DPDK 22.11's gateway prints it. */
const peerScreen = (sent: number) => `\u001b[2J\u001b[1;1H
Core statistics ====================================
Statistics for core 1 ------------------------------
Packets received:             ${sent + 32}
Packets sent:                 ${sent}
Packets dropped:                     0
Frag Packets dropped:                0
Burst percent:                  100.00
Aggregate statistics ===============================
Total packets received:       ${sent + 512}
Total packets sent:           ${sent + 480}
Total packets dropped:               0
====================================================
`;

describe('SentLines', () => {
  it('reads the screens of both gateways, lcores added up', () => {
    const ours = new SentLines();
    ours.push(`${statisticsScreen([row(1, 1000), row(2, 24)]).join('\n')}\n`, 5);
    expect(ours.samples).toEqual([{ sent: 1024, time: 5 }]);
    const peer = new SentLines();
    peer.push(peerScreen(19_943_360), 3000);
    expect(peer.samples).toEqual([{ sent: 19_943_360, time: 3000 }]);
  });

  it('does not mind where output is cut', () => {
    const lines = new SentLines();
    const text = peerScreen(1_000_000) + peerScreen(7_000_000);
    for (let i = 0; i < text.length; i += 7) lines.push(text.slice(i, i + 7), i);
    expect(lines.samples.map(({ sent }) => sent)).toEqual([1_000_000, 7_000_000]);
  });
});

describe('sentRate', () => {
  it('is that from the first screen to the last; what came before is warm-up', () => {
    expect(sentRate([])).toBeUndefined();
    expect(sentRate([{ sent: 100, time: 1 }])).toBeUndefined();
    const samples = [2e6, 20e6, 38e6].map((sent, i) => ({ sent, time: 3000 * (i + 1) }));
    expect(sentRate(samples)).toBeCloseTo(6e6);
  });
});
