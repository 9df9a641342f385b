import { MBUF_OL_FLAGS_HI } from '@inline-ipsec/mbuf/layout';
import { TX_SEC_OFFLOAD_HI } from '@inline-ipsec/mbuf/offload-flags';
import { pktmbufChain, pktmbufData } from '@inline-ipsec/mbuf/pktmbuf';
import { type AddCase, frameOf, mbufOf, same, send, sentFrames, start } from './_conformance-bench.ts';
import { TX_OFFLOAD_MULTI_SEGS, TX_OFFLOAD_SECURITY } from './offloads.ts';

/** Cases of the conformance suite: transmit bursts. */
export function addSendCases(add: AddCase): void {
  add('sends frames as they are, and gives their mbufs back', (bench) => {
    start(bench);
    const frames = [60, 61, 64, 65, 128, 160, 161, 512, 1513, 1514].map(frameOf);
    send(
      bench,
      frames.map((bytes) => mbufOf(bench, bytes)),
    );
    same(sentFrames(bench, frames.length), frames, 'frames');
    const { opackets, obytes, oerrors } = bench.port.stats();
    const bytes = frames.reduce((sum, { length }) => sum + length, 0);
    same([opackets, obytes, oerrors], [frames.length, bytes, 0], 'packets, bytes and errors');
  });

  add('sends a packet of several segments as one frame, when it says that it can', (bench) => {
    if ((bench.port.info().txOffloads & TX_OFFLOAD_MULTI_SEGS) === 0) return;
    start(bench, TX_OFFLOAD_MULTI_SEGS);
    const { memory } = bench;
    const frame = frameOf(1000);
    const head = mbufOf(bench, frame.subarray(0, 33));
    pktmbufChain(memory, head, mbufOf(bench, frame.subarray(33, 34)));
    pktmbufChain(memory, head, mbufOf(bench, frame.subarray(34, 1000)));
    send(bench, [mbufOf(bench, frameOf(60)), head, mbufOf(bench, frameOf(61))]);
    same(sentFrames(bench, 3), [frameOf(60), frame, frameOf(61)], 'frames');
  });

  add('sends no packet in clear that asks for security which it does not have', (bench) => {
    if ((bench.port.info().txOffloads & TX_OFFLOAD_SECURITY) !== 0) return;
    start(bench);
    const secret = mbufOf(bench, frameOf(100));
    bench.memory.u32[(secret + MBUF_OL_FLAGS_HI) >> 2] |= TX_SEC_OFFLOAD_HI;
    send(bench, [mbufOf(bench, frameOf(60)), secret, mbufOf(bench, frameOf(61))]);
    same(sentFrames(bench, 2), [frameOf(60), frameOf(61)], 'frames');
    same(bench.port.stats().oerrors, 1, 'errors');
  });

  add('sends bursts longer than any of its parts', (bench) => {
    start(bench);
    const frames = Array.from({ length: 300 }, (_, i) => frameOf(60 + (i % 40)));
    send(
      bench,
      frames.map((bytes) => mbufOf(bench, bytes)),
    );
    same(sentFrames(bench, frames.length), frames, 'frames');
  });

  add('lets a callback see a burst before it goes out', (bench) => {
    start(bench);
    bench.port.addTxCallback(0, (table, count) => {
      for (let i = 0; i < count; i++) bench.memory.u8[pktmbufData(bench.memory, table[i])] = 0x42;
      return count;
    });
    send(bench, [mbufOf(bench, frameOf(60))]);
    const expected = frameOf(60);
    expected[0] = 0x42;
    same(sentFrames(bench, 1), [expected], 'frames');
  });
}
