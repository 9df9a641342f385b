import { check, same } from './_conformance-check.ts';
import {
  ADDRESS,
  espFrame,
  FAILED,
  GOOD,
  IPV6_ADDRESS,
  KEY,
  OTHER_ADDRESS,
  OTHER_KEY,
  sessionOf,
} from './_conformance-inline-bench.ts';
import type { InlineCase } from './_conformance-sessions.ts';

/** Cases for inline IPsec: what the port makes of ESP that comes in. */

const ICV_BYTES = 16;

/** All but the ICV, of which nobody says what it is once it was looked at. */
function beforeIcv(frame: Uint8Array): Uint8Array {
  return frame.subarray(0, frame.length - ICV_BYTES);
}

export const INGRESS_CASES: readonly InlineCase[] = [
  [
    'deciphers what is authentic, in its place, and says so',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)));
      for (const bytes of [2, 6, 15, 16, 17, 63, 64, 100, 512, 1000, 1400]) {
        const packet = { spi: 5, sequence: bytes, bytes };
        const [{ flags, bytes: got }] = bench.receive(bench.sealed(packet));
        same(flags, GOOD, `flags of a payload of ${bytes} bytes`);
        same(beforeIcv(got), beforeIcv(espFrame(packet)), `a payload of ${bytes} bytes`);
      }
    },
  ],
  [
    'deciphers in IPv6 and in transport mode',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)), IPV6_ADDRESS);
      bench.bind(bench.session(sessionOf('ingress', 6, KEY, { mode: 'transport' })));
      const packets = [{ spi: 5, destination: IPV6_ADDRESS }, { spi: 6 }];
      const got = bench.receive(...packets.map((packet) => bench.sealed(packet)));
      same(
        got.map(({ flags }) => flags),
        [GOOD, GOOD],
        'flags',
      );
      got.forEach(({ bytes }, i) => {
        same(beforeIcv(bytes), beforeIcv(espFrame(packets[i])), 'bytes');
      });
    },
  ],
  [
    'delivers what is not authentic, and says that it failed, wherever the bit is wrong',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)));
      const good = bench.sealed({ spi: 5 });
      // Sequence number, IV, ciphertext, ICV.
      for (const at of [14 + 20 + 7, 14 + 20 + 15, 14 + 20 + 16, good.length - 17, good.length - 16, good.length - 1]) {
        const bad = good.slice();
        bad[at] ^= 1;
        same(bench.flagsOf(bad, good), [FAILED, GOOD], `flags with a wrong bit in byte ${at}, and behind it`);
      }
      same(bench.flagsOf(bench.sealed({ spi: 5 }, OTHER_KEY)), [FAILED], 'flags under a wrong key');
    },
  ],
  [
    'leaves alone what has no session: other SPIs, other addresses, sessions without a rule, packets in clear',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)));
      bench.session(sessionOf('ingress', 7));
      const frames = [
        bench.sealed({ spi: 6 }),
        bench.sealed({ spi: 5, destination: OTHER_ADDRESS }),
        bench.sealed({ spi: 5, destination: IPV6_ADDRESS }),
        bench.sealed({ spi: 7 }),
        Uint8Array.from({ length: 64 }, (_, i) => (i < 14 ? 2 : i)),
      ];
      same(
        bench.receive(...frames),
        frames.map((bytes) => ({ flags: 0, bytes })),
        'packets',
      );
    },
  ],
  [
    'leaves fragments alone',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)));
      same(
        bench.flagsOf(bench.sealed({ spi: 5, fragment: 0x2000 }), bench.sealed({ spi: 5, fragment: 0x0010 })),
        [0, 0],
        'flags',
      );
    },
  ],
  [
    'tells sessions of one SPI apart by their addresses, and ends the right one',
    (bench) => {
      bench.start();
      const one = bench.session(sessionOf('ingress', 5, KEY));
      const other = bench.session(sessionOf('ingress', 5, OTHER_KEY));
      bench.bind(one, ADDRESS);
      bench.bind(other, OTHER_ADDRESS);
      const frames = [bench.sealed({ spi: 5 }), bench.sealed({ spi: 5, destination: OTHER_ADDRESS }, OTHER_KEY)];
      same(bench.flagsOf(...frames), [GOOD, GOOD], 'flags');
      bench.security.sessionDestroy(one);
      same(bench.flagsOf(...frames), [0, GOOD], 'flags when one has ended');
      bench.security.sessionDestroy(other);
      same(bench.flagsOf(...frames), [0, 0], 'flags when both have ended');
    },
  ],
  [
    'ends with its rule, and begins again with another',
    (bench) => {
      bench.start();
      const session = bench.session(sessionOf('ingress', 5));
      const good = bench.sealed({ spi: 5 });
      for (let round = 0; round < 3; round++) {
        const flow = bench.bind(session);
        same(bench.flagsOf(good), [GOOD], 'flags with a rule');
        bench.subject.port.flowDestroy(flow);
        same(bench.flagsOf(good), [0], 'flags without one');
      }
    },
  ],
  [
    'ends with its session, whether its rule is there or not, and leaves the others',
    (bench) => {
      bench.start();
      const [first, second] = [5, 6].map((spi) => bench.session(sessionOf('ingress', spi)));
      for (const session of [first, second]) bench.bind(session);
      bench.security.sessionDestroy(first);
      same(bench.flagsOf(bench.sealed({ spi: 5 }), bench.sealed({ spi: 6 })), [0, GOOD], 'flags');
    },
  ],
  [
    'copies the key: what becomes of it before the rule is made is the same to the session',
    (bench) => {
      bench.start();
      const key = KEY.slice();
      const session = bench.session(sessionOf('ingress', 5, key));
      key.fill(0);
      bench.bind(session);
      same(bench.flagsOf(bench.sealed({ spi: 5 })), [GOOD], 'flags');
    },
  ],
  [
    'deciphers the first packet after stop and start, if the port keeps its rules; else after they are made again',
    (bench) => {
      bench.start();
      const { port } = bench.subject;
      const session = bench.session(sessionOf('ingress', 5));
      bench.bind(session);
      for (let round = 0; round < 3; round++) {
        port.stop();
        port.start();
        if (port.info().keepsFlowRules !== true) bench.bind(session);
        same(port.flows.length, 1, 'rules');
        same(bench.flagsOf(bench.sealed({ spi: 5, sequence: round + 1 })), [GOOD], `flags after start ${round + 1}`);
      }
    },
  ],
  [
    'takes back what it has enciphered itself',
    (bench) => {
      bench.start();
      const out = bench.session(sessionOf('egress', 5));
      bench.bind(bench.session(sessionOf('ingress', 5)));
      for (let bytes = 2; bytes < 400; bytes += 31) {
        const frame = espFrame({ spi: 5, sequence: bytes, bytes });
        const [sent] = bench.send(bench.secret(out, frame));
        check(sent !== undefined, 'a frame');
        const [{ flags, bytes: got }] = bench.receive(sent);
        same(flags, GOOD, 'flags');
        same(beforeIcv(got), beforeIcv(frame), 'bytes');
      }
    },
  ],
  [
    'counts what it receives, good or not',
    (bench) => {
      bench.start();
      bench.bind(bench.session(sessionOf('ingress', 5)));
      const good = bench.sealed({ spi: 5 });
      const bad = good.slice();
      bad[bad.length - 1] ^= 1;
      bench.receive(good, bad);
      same([bench.subject.port.stats().ipackets, bench.subject.port.stats().ibytes], [2, 2 * good.length], 'counts');
    },
  ],
];
