import { MBUF_DATA_LEN, MBUF_PKT_LEN } from '@inline-ipsec/mbuf/layout';
import { pktmbufFree, pktmbufFreeBulk, pktmbufRefcnt, pktmbufRefcntUpdate } from '@inline-ipsec/mbuf/pktmbuf';
import { type AddCase, type Bench, bytesOf, check, frameOf, mbufOf, same, start } from './_conformance-bench.ts';

/**
 * Cases of the conformance suite: whose an mbuf is. The port's, once `txBurst` took it: it frees it once, some time. The
 * caller's, what it did not take and what `rxBurst` gave.
 */

/** Adds them. */
export function addOwnershipCases(add: AddCase): void {
  add('frees once what it took for sending, and leaves the rest of a burst to the caller as it was', (bench) => {
    const { port, pool, memory } = bench;
    port.configure();
    port.rxQueueSetup(0, { pool });
    // The shortest ring that there is: it fills where sending takes time.
    port.txQueueSetup(0, { descriptors: port.adjustDescriptors(1, 1).tx });
    port.promiscuous = true;
    port.start();
    const mbufs = Array.from({ length: 400 }, (_, i) => mbufOf(bench, frameOf(60 + (i % 200))));
    // The test's own hold on each: nobody else can have it while that lasts.
    for (const m of mbufs) pktmbufRefcntUpdate(memory, m, 1);
    let taken = 0;
    for (let i = 0; i < 4; i++) taken += port.txBurst(0, Uint32Array.from(mbufs.slice(taken)), mbufs.length - taken);
    const rest = mbufs.slice(taken);
    check(
      rest.every((m) => pktmbufRefcnt(memory, m) === 2),
      'the hold of the caller on what was not taken',
    );
    rest.forEach((m, i) => {
      same(bytesOf(memory, m), frameOf(60 + ((taken + i) % 200)), 'a packet that was not taken');
    });
    port.stop();
    port.close();
    same(
      mbufs.slice(0, taken).map((m) => pktmbufRefcnt(memory, m)),
      Array(taken).fill(1),
      'holds on what was taken, when the port is closed',
    );
    for (const m of mbufs) pktmbufFree(memory, m);
    for (const m of rest) pktmbufFree(memory, m);
  });

  add('takes what was not taken when it is tried again', (bench) => {
    start(bench);
    const { port, memory } = bench;
    let waiting = Uint32Array.from({ length: 300 }, (_, i) => mbufOf(bench, frameOf(60 + (i % 100))));
    for (let i = 0; i < 10_000 && waiting.length > 0; i++) {
      waiting = waiting.slice(port.txBurst(0, waiting, Math.min(32, waiting.length)));
      bench.step?.();
      bench.sent?.();
      freeReceived(bench);
    }
    // A cable that nobody empties may well be full for ever.
    if (bench.sent !== undefined) same(waiting.length, 0, 'packets that nobody took');
    pktmbufFreeBulk(memory, waiting, 0, waiting.length);
  });

  add('keeps to whose a packet is when its lengths do not fit', (bench) => {
    start(bench);
    const { memory, port } = bench;
    const empty = mbufOf(bench, frameOf(60));
    memory.u16[(empty + MBUF_DATA_LEN) >> 1] = 0;
    memory.u32[(empty + MBUF_PKT_LEN) >> 2] = 0;
    const long = mbufOf(bench, frameOf(60));
    memory.u32[(long + MBUF_PKT_LEN) >> 2] = 61;
    const table = Uint32Array.of(empty, long, mbufOf(bench, frameOf(64)));
    const taken = port.txBurst(0, table, 3);
    bench.step?.();
    // Lengths that do not fit are the caller's fault: what becomes of the frame is open, but not whose it is.
    pktmbufFreeBulk(memory, table, taken, 3 - taken);
    bench.sent?.();
  });

  add('touches nothing for bursts of none', (bench) => {
    start(bench);
    const table = Uint32Array.of(7, 7);
    same(bench.port.rxBurst(0, table, 0), 0, 'received');
    same(bench.port.txBurst(0, table, 0), 0, 'sent');
    same([...table], [7, 7], 'the table');
  });

  add('writes no more into the table of a receive burst than it gives', (bench) => {
    start(bench);
    const { port, memory, pool } = bench;
    bench.inject?.(Array.from({ length: 40 }, () => frameOf(60)));
    for (let polls = 0; polls < 200; polls++) {
      const table = new Uint32Array(36).fill(0xffff_fffe);
      bench.step?.();
      const n = 1 + (polls % 33);
      const count = port.rxBurst(0, table, n);
      check(count <= n, 'the count of a receive burst');
      check(
        table.subarray(n).every((word) => word === 0xffff_fffe),
        'the table behind a receive burst',
      );
      same(new Set(table.subarray(0, count)).size, count, 'different mbufs');
      for (let i = 0; i < count; i++) same(pktmbufRefcnt(memory, table[i]), 1, 'holds on a received mbuf');
      pktmbufFreeBulk(memory, table, 0, count);
    }
    check(pool.inUseCount <= pool.count, 'mbufs in use');
  });

  add('gives all mbufs back when its queues are set up anew, ten times', (bench) => {
    const { port, pool } = bench;
    let held: number | undefined;
    for (let round = 0; round < 10; round++) {
      start(bench);
      freeReceived(bench);
      port.stop();
      port.configure();
      held ??= pool.inUseCount;
      same(pool.inUseCount, held, 'mbufs in use between two configurations');
    }
  });
}

function freeReceived(bench: Bench): void {
  const table = new Uint32Array(64);
  bench.step?.();
  pktmbufFreeBulk(bench.memory, table, 0, bench.port.rxBurst(0, table, 64));
}
