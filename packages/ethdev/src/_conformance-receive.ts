import { MBUF_DATA_LEN, MBUF_NB_SEGS, MBUF_NEXT, MBUF_PKT_LEN, MBUF_PORT } from '@inline-ipsec/mbuf/layout';
import { pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import { type AddCase, bytesOf, frameOf, free, receive, same, start } from './_conformance-bench.ts';

/** Cases of the conformance suite: receive bursts. */
export function addReceiveCases(add: AddCase): void {
  add('receives frames as they were sent, each in one mbuf with its lengths and its port', (bench) => {
    start(bench);
    const frames = [60, 61, 64, 65, 127, 128, 129, 159, 160, 161, 512, 1000, 1513, 1514].map(frameOf);
    bench.inject?.(frames);
    const mbufs = receive(bench, frames.length);
    same(mbufs.length, frames.length, 'packets received');
    const { u16, u32 } = bench.memory;
    mbufs.forEach((m, i) => {
      const length = frames[i].length;
      same(u32[(m + MBUF_PKT_LEN) >> 2], length, 'packet length');
      same(u16[(m + MBUF_DATA_LEN) >> 1], length, 'data length');
      same(u16[(m + MBUF_PORT) >> 1], bench.port.id, 'port');
      same(u16[(m + MBUF_NB_SEGS) >> 1], 1, 'segments');
      same(u32[(m + MBUF_NEXT) >> 2], 0, 'next segment');
      same(bytesOf(bench.memory, m), frames[i], `frame ${i} of ${length} bytes`);
    });
    free(bench, mbufs);
  });

  add('receives in order however small the bursts, and loses nothing', (bench) => {
    start(bench);
    const frames = Array.from({ length: 100 }, (_, i) => frameOf(60 + i));
    bench.inject?.(frames);
    const mbufs: number[] = [];
    for (let polls = 0; mbufs.length < frames.length && polls < 10_000; polls++) {
      mbufs.push(...receive(bench, 1 + (polls % 7)));
    }
    same(
      mbufs.map((m) => bench.memory.u32[(m + MBUF_PKT_LEN) >> 2]),
      frames.map(({ length }) => length),
      'lengths',
    );
    free(bench, mbufs);
  });

  add('counts what it receives, from 0 again after a reset', (bench) => {
    start(bench);
    const { port } = bench;
    bench.inject?.([frameOf(60), frameOf(100)]);
    free(bench, receive(bench, 2));
    same([port.stats().ipackets, port.stats().ibytes], [2, 160], 'packets and bytes');
    port.resetStats();
    same([port.stats().ipackets, port.stats().ibytes], [0, 0], 'after the reset');
    bench.inject?.([frameOf(70)]);
    free(bench, receive(bench, 1));
    same([port.stats().ipackets, port.stats().ibytes], [1, 70], 'after one more');
  });

  add('receives again after stop and start', (bench) => {
    start(bench);
    bench.inject?.([frameOf(60)]);
    free(bench, receive(bench, 1));
    bench.port.stop();
    bench.port.start();
    bench.inject?.([frameOf(77)]);
    const mbufs = receive(bench, 1);
    same(
      mbufs.map((m) => bytesOf(bench.memory, m)),
      [frameOf(77)],
      'frames',
    );
    free(bench, mbufs);
  });

  add('lets callbacks see a burst in order, and one take packets out', (bench) => {
    start(bench);
    const { port, memory } = bench;
    const seen: string[] = [];
    port.addRxCallback(0, (_table, count) => {
      if (count > 0) seen.push('first');
      return count;
    });
    const remove = port.addRxCallback(0, (table, count) => {
      if (count > 0) seen.push('second');
      pktmbufFreeBulk(memory, table, 0, count);
      return 0;
    });
    bench.inject?.([frameOf(60)]);
    same(receive(bench, 1, 100).length, 0, 'packets behind the callback');
    same(seen, ['first', 'second'], 'callbacks');
    remove();
    bench.inject?.([frameOf(60)]);
    free(bench, receive(bench, 1));
    same(seen, ['first', 'second', 'first'], 'callbacks, one of them removed');
  });
}
