import { TX_OFFLOAD_MULTI_SEGS } from '@inline-ipsec/ethdev/offloads';
import { check, same } from './_conformance-check.ts';
import { espFrame, IPV6_ADDRESS, KEY, OTHER_KEY, sessionOf } from './_conformance-inline-bench.ts';
import type { InlineCase } from './_conformance-sessions.ts';

/** Cases for inline IPsec: what leaves the port. */

export const EGRESS_CASES: readonly InlineCase[] = [
  [
    'enciphers what leaves, whatever its length',
    (bench) => {
      bench.start();
      const session = bench.session(sessionOf('egress', 5));
      for (const bytes of [0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 100, 512, 1000, 1400]) {
        const packet = { spi: 5, sequence: bytes + 1, bytes };
        same(bench.send(bench.secret(session, espFrame(packet))), [bench.sealed(packet)], `payload of ${bytes} bytes`);
      }
    },
  ],
  [
    'enciphers in IPv6 and in transport mode',
    (bench) => {
      bench.start();
      const session = bench.session(sessionOf('egress', 5, KEY, { mode: 'transport' }));
      const packets = [{ spi: 5 }, { spi: 5, sequence: 2, destination: IPV6_ADDRESS }];
      const frames = bench.send(...packets.map((packet) => bench.secret(session, espFrame(packet))));
      same(
        frames,
        packets.map((packet) => bench.sealed(packet)),
        'frames',
      );
    },
  ],
  [
    'copies the key: what becomes of it afterwards is the same to the session',
    (bench) => {
      bench.start();
      const key = KEY.slice();
      const session = bench.session(sessionOf('egress', 5, key));
      key.fill(0);
      same(bench.send(bench.secret(session, espFrame({ spi: 5 }))), [bench.sealed({ spi: 5 })], 'frames');
    },
  ],
  [
    'keeps 300 sessions apart that take turns, and packets in clear between them as they are',
    (bench) => {
      bench.start();
      const keyOf = (i: number) => Uint8Array.from({ length: 16 }, (_, n) => (i * 7 + n * 13) & 0xff);
      const sessions = Array.from({ length: 300 }, (_, i) => bench.session(sessionOf('egress', 256 + i, keyOf(i))));
      const order = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? i >> 1 : 256 + (i >> 1)) % 300);
      for (let at = 0; at < order.length; at += 20) {
        const some = order.slice(at, at + 20);
        const clear = espFrame({ spi: 1, sequence: at, bytes: 33 });
        const mbufs = some.flatMap((i) => [bench.secret(sessions[i], espFrame({ spi: 256 + i })), bench.mbuf(clear)]);
        const expected = some.flatMap((i) => [bench.sealed({ spi: 256 + i }, keyOf(i)), clear]);
        same(bench.send(...mbufs), expected, `frames from the ${at}th on`);
      }
    },
  ],
  [
    'enciphers packets of several segments, wherever they are cut, if it can send such',
    (bench) => {
      if ((bench.subject.port.info().txOffloads & TX_OFFLOAD_MULTI_SEGS) === 0) return;
      bench.start();
      const session = bench.session(sessionOf('egress', 5));
      const frame = espFrame({ spi: 5, bytes: 200 });
      const sealed = bench.sealed({ spi: 5, bytes: 200 });
      for (const cuts of [
        [14],
        [34],
        [40],
        [50],
        [60],
        [51, 150],
        [13, 30, 37, 47, 55],
        [frame.length - 20],
        [frame.length - 17],
        [frame.length - 5],
      ]) {
        same(bench.send(bench.secret(session, frame, cuts)), [sealed], `a frame cut at ${cuts.join(', ')}`);
      }
    },
  ],
  [
    'never sends in clear what asks for security and cannot have it, and counts it',
    (bench) => {
      bench.start();
      const { port } = bench.subject;
      const gone = bench.session(sessionOf('egress', 5));
      const late = bench.secret(gone, espFrame({ spi: 5 }));
      bench.security.sessionDestroy(gone);
      const clear = espFrame({ spi: 1 });
      same(bench.send(late, bench.mbuf(clear)), [clear], 'frames when the session has ended');
      const stranger = bench.secret(undefined, espFrame({ spi: 6 }));
      same(bench.send(stranger, bench.mbuf(clear)), [clear], 'frames when nobody set the metadata');
      check(port.stats().oerrors >= 2, 'oerrors');
    },
  ],
  [
    'never sends in clear on a port that is not configured to encipher',
    (bench) => {
      bench.start();
      const session = bench.session(sessionOf('egress', 5));
      const secret = bench.secret(session, espFrame({ spi: 5 }));
      bench.subject.port.stop();
      bench.start({ transmit: false });
      same(bench.send(secret), [], 'frames');
    },
  ],
  [
    'gives the place of a session that has ended to another, and never its key',
    (bench) => {
      bench.start();
      for (let round = 0; round < 40; round++) {
        const key = round % 2 === 0 ? KEY : OTHER_KEY;
        const session = bench.session(sessionOf('egress', 5, key));
        same(
          bench.send(bench.secret(session, espFrame({ spi: 5 }))),
          [bench.sealed({ spi: 5 }, key)],
          `round ${round}`,
        );
        bench.security.sessionDestroy(session);
      }
    },
  ],
  [
    'enciphers after stop and start as before, with sessions that were made before',
    (bench) => {
      bench.configure();
      const session = bench.session(sessionOf('egress', 5));
      for (let round = 0; round < 3; round++) {
        bench.subject.port.start();
        same(bench.send(bench.secret(session, espFrame({ spi: 5 }))), [bench.sealed({ spi: 5 })], `start ${round + 1}`);
        bench.subject.port.stop();
      }
    },
  ],
  [
    'is not switched off for others when a session ends',
    (bench) => {
      bench.start();
      const [first, second] = [5, 6].map((spi) => bench.session(sessionOf('egress', spi)));
      bench.security.sessionDestroy(first);
      same(bench.send(bench.secret(second, espFrame({ spi: 6 }))), [bench.sealed({ spi: 6 })], 'frames');
    },
  ],
];
