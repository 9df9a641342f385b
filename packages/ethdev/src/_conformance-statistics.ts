import { pktmbufFreeBulk } from '@inline-ipsec/mbuf/pktmbuf';
import {
  type AddCase,
  type Bench,
  check,
  frameOf,
  free,
  mbufOf,
  receive,
  same,
  send,
  sentFrames,
  start,
} from './_conformance-bench.ts';
import { ETH_STATISTICS } from './statistics.ts';

/** Cases of the conformance suite: what is counted, and for how long. */

/** Adds them. */
export function addStatisticsCases(
  add: AddCase,
  { receives, sends }: { readonly receives: boolean; readonly sends: boolean },
): void {
  add('counts nothing before it starts, and never anything but whole numbers', (bench) => {
    same(Object.values(bench.port.stats()), Array(ETH_STATISTICS.length).fill(0), 'statistics of a fresh port');
    start(bench);
    freeReceived(bench);
    for (const name of ETH_STATISTICS) {
      const value = bench.port.stats()[name];
      check(Number.isSafeInteger(value) && value >= 0, name);
    }
  });

  add('has all its statistics at 0 after a reset, however often', (bench) => {
    start(bench);
    const { port, memory } = bench;
    const table = Uint32Array.of(mbufOf(bench, frameOf(60)));
    const taken = port.txBurst(0, table, 1);
    pktmbufFreeBulk(memory, table, taken, 1 - taken);
    port.stop();
    for (let i = 0; i < 2; i++) {
      port.resetStats();
      same(Object.values(port.stats()), Array(ETH_STATISTICS.length).fill(0), 'statistics');
    }
  });

  add('has lost what it counts as missed and as errors, each packet for one reason', (bench) => {
    const { port, memory } = bench;
    start(bench);
    const lost = () => Object.values(port.losses()).reduce((sum, count) => sum + count, 0);
    const counted = ({ imissed, ierrors, oerrors } = port.stats()) => imissed + ierrors + oerrors;
    same(lost(), 0, 'losses of a fresh port');
    // An mbuf without a byte is nothing that could be sent.
    const table = Uint32Array.of(bench.pool.alloc());
    const taken = port.txBurst(0, table, 1);
    pktmbufFreeBulk(memory, table, taken, 1 - taken);
    freeReceived(bench);
    same(lost(), counted(), 'losses');
    port.stop();
    port.resetStats();
    same(lost(), 0, 'losses after a reset');
  });

  if (sends) {
    add('keeps what it has sent over stop, start and a new configuration', (bench) => {
      start(bench);
      const { port } = bench;
      let bytes = 0;
      for (let round = 1; round <= 3; round++) {
        send(bench, [mbufOf(bench, frameOf(60 + round))]);
        sentFrames(bench, 1);
        bytes += 60 + round;
        same([port.stats().opackets, port.stats().obytes], [round, bytes], 'packets and bytes');
        port.stop();
        same([port.stats().opackets, port.stats().obytes], [round, bytes], 'after stop');
        if (round === 1) port.start();
        else start(bench);
        same([port.stats().opackets, port.stats().obytes], [round, bytes], 'after start');
      }
    });
  }

  if (receives) {
    add('keeps what it has received over stop, start and a new configuration', (bench) => {
      start(bench);
      const { port } = bench;
      let bytes = 0;
      for (let round = 1; round <= 3; round++) {
        bench.inject?.([frameOf(60 + round)]);
        free(bench, receive(bench, 1));
        bytes += 60 + round;
        same([port.stats().ipackets, port.stats().ibytes], [round, bytes], 'packets and bytes');
        port.stop();
        if (round === 1) port.start();
        else start(bench);
        same([port.stats().ipackets, port.stats().ibytes], [round, bytes], 'after start');
      }
    });

    add('counts when the pool has nothing for it, and goes on when it has', (bench) => {
      start(bench);
      const { port, pool, memory } = bench;
      const all = new Uint32Array(pool.availCount);
      check(pool.allocBulk(all, 0, all.length), 'the pool');
      const wanted = port.adjustDescriptors(512, 512).rx + 8;
      const held: number[] = [];
      let got = 0;
      const table = new Uint32Array(32);
      for (let sent = 0; sent < wanted; sent += 8) {
        bench.inject?.(Array.from({ length: 8 }, () => frameOf(60)));
        for (let i = 0; i < 4; i++) {
          bench.step?.();
          const count = port.rxBurst(0, table, 32);
          got += count;
          // What came stays with the caller for now, so that the pool stays empty.
          held.push(...table.subarray(0, count));
        }
      }
      const { rxNombuf, imissed, ipackets } = port.stats();
      check(got < wanted && rxNombuf + imissed > 0, 'packets without an mbuf to put them in');
      same(ipackets, got, 'packets received');
      pktmbufFreeBulk(memory, all, 0, all.length);
      free(bench, held.splice(0));
      for (let i = 0; i < 100; i++) freeReceived(bench);
      bench.inject?.([frameOf(99)]);
      free(bench, receive(bench, 1));
      check(port.stats().ipackets > got, 'packets received when the pool had mbufs again');
    });
  }
}

function freeReceived(bench: Bench): void {
  const table = new Uint32Array(64);
  bench.step?.();
  pktmbufFreeBulk(bench.memory, table, 0, bench.port.rxBurst(0, table, 64));
}
